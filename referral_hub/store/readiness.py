"""Whether the database would take a write of evidence right now, without writing one."""

from __future__ import annotations

from sqlalchemy import Connection, text

_ASK = text(
    "SELECT has_any_column_privilege('log_entry', 'INSERT') AND NOT pg_is_in_recovery()"
    " AND current_setting('default_transaction_read_only') = 'off'"
)


def log_is_writable(connection: Connection) -> bool:
    """Tell whether this connection's role may append to the log here."""
    return bool(connection.execute(_ASK).scalar())
