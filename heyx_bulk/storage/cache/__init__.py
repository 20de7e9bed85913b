"""What is known of a channel across runs on this machine: its only store, one SQLite file a channel."""
