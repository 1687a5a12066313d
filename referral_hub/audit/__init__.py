"""Evidence as part of the write: events become rows, rows are numbered, checkpoints signed."""
