"""What lies on disk: checkpoints of runs and exports, the cache of a channel, and where files lie."""
