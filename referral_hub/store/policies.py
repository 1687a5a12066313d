"""The texts of policies by their hash, and the few entries of the log that approve them.

A text is added once and never changed; the hash is recomputed from it before it is used. Which
policy is approved is what the log says and no column.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

PROPOSED = "proposed"
APPROVED = "approved"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """An entry about a policy: its exact bytes, and who made it."""

    id: UUID
    entry: bytes
    actor_user_id: UUID | None


_KEEP = text(
    """
    INSERT INTO policy_version (hash, tables, rules, kept_at)
    VALUES (:hash, :tables, :rules, :at) ON CONFLICT (hash) DO NOTHING
    """
)
_ENTRIES = text(
    """
    SELECT id, entry, actor_user_id FROM log_entry
    WHERE type = 'policy' AND outcome = :outcome ORDER BY id DESC LIMIT 1
    """
)
_ENTRY = text(
    "SELECT id, entry, actor_user_id FROM log_entry WHERE type = 'policy' AND id = :entry_id"
)


def keep(connection: Connection, policy_hash: str, *, texts: tuple[str, str], at: datetime) -> None:
    """Keep a policy's (tables as canonical JSON, source of the rules); the first stays."""
    tables, rules = texts
    values = {"hash": policy_hash, "tables": tables, "rules": rules, "at": at}
    connection.execute(_KEEP, values)


def kept(connection: Connection, policy_hash: str) -> tuple[str, str] | None:
    """Return (tables as JSON, source of the rules) of a policy; None where nobody kept it."""
    statement = text("SELECT tables, rules FROM policy_version WHERE hash = :hash")
    row = connection.execute(statement, {"hash": policy_hash}).one_or_none()
    return None if row is None else (row.tables, row.rules)


def newest(connection: Connection, outcome: str) -> PolicyEntry | None:
    """Return the newest entry that proposes, or approves, a policy."""
    row = connection.execute(_ENTRIES, {"outcome": outcome}).one_or_none()
    return None if row is None else PolicyEntry(*row)


def entry(connection: Connection, entry_id: UUID) -> PolicyEntry | None:
    """Return one entry about a policy."""
    row = connection.execute(_ENTRY, {"entry_id": entry_id}).one_or_none()
    return None if row is None else PolicyEntry(*row)
