"""Evidence as part of the write: events become log rows, rows are numbered, checkpoints are signed."""
