"""An upload, from a sheet on disk to results: staging, sending, resuming, simulating, correcting."""
