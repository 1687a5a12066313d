"""The only user of SQLAlchemy: engine, tables, and one module per aggregate."""
