"""Partner formats and partner wires: no keys, no database, no web framework."""
