"""What a person is told: results, status, what became of a row, progress, and when a run stops early."""
