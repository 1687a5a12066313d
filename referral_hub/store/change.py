"""One atomic change of the record, with its evidence, in a single statement.

A `Change` cannot be made without log rows: that is how "no state change without its entry" is kept.
Rows travel as one JSON parameter per table and PostgreSQL types them with
`json_populate_recordset`, so a referral with all its rows costs one round trip however many tables
it touches. Moving a task names the version it was read at; if any moved on, `expect_rows` aborts
the whole statement and `Conflict` is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from referral_hub.errors import Conflict

__all__ = [
    "AlreadyThere",
    "Change",
    "Connection",
    "LogRow",
    "Row",
    "TaskMove",
    "to_json",
    "write",
]

Row = Mapping[str, Any]

CONFLICT_CODE = "RH409"

_INSERTABLE = (
    "subject",
    "referral",
    "sealed_record",
    "consent_event",
    "proxy_authority",
    "statement",
    "capacity_record",
    "child_record",
    "child_decision",
    "task",
    "task_event",
    "message",
    "release",
    "outbox",
    "notification",
    "emergency_access",
    "emergency_note",
    "emergency_alert",
    "appraisal",
    "legal_hold",
    "agency_contact",
    "log_entry",
    "log_opening",
)


@dataclass(frozen=True, slots=True)
class LogRow:
    """A pending log entry and, where a person is concerned, its sealed openings.

    `vouches_for` is the consent event whose entry it is.
    """

    entry: Row
    opening: Row | None
    vouches_for: UUID | None = None


@dataclass(frozen=True, slots=True)
class TaskMove:
    """A task's new state, valid only if its version is still `version`."""

    id: UUID
    version: int
    state: str
    moved_at: datetime
    reason: str | None = None
    outcome: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Rows to insert and tasks to move, with at least one log row. Raises ValueError without."""

    evidence: Sequence[LogRow]
    inserts: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    moves: Sequence[TaskMove] = ()

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("a change needs its log entry")


class AlreadyThere(Conflict):
    """A unique row exists already; `constraint` names which rule said so."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__("This has been recorded already.")


def write(connection: Connection, change: Change, *, acting_for: UUID | None = None) -> None:
    """Write `change` in one statement.

    With `acting_for`, the statement itself sets the agency for row-level security (autocommit
    connections; inserts only, since an update might be planned before the setting). Raises
    Conflict, AlreadyThere.
    """
    if acting_for is not None and change.moves:
        raise ValueError("moves need a transaction that has set its agency")
    rows = _rows(change)
    columns = tuple((table, tuple(found[0])) for table, found in rows.items())
    parameters: dict[str, Any] = {name: to_json(found) for name, found in rows.items()}
    if change.moves:
        parameters["moves"] = to_json([_move_row(move) for move in change.moves])
        parameters["expected"] = len(change.moves)
    if acting_for is not None:
        parameters["acting"] = str(acting_for)
    statement = _statement(columns, bool(change.moves), acting_for is not None)
    try:
        connection.exec_driver_sql(statement, parameters)
    except DBAPIError as error:
        raise refusal(error) from error


def refusal(error: DBAPIError) -> Exception:
    """Return the Conflict that `error` stands for, or `error` itself."""
    state = getattr(error.orig, "sqlstate", None)
    if state == CONFLICT_CODE:
        return Conflict("Somebody else has moved this on since you opened it.")
    if isinstance(error, IntegrityError) and state == "23505":
        diagnostics = getattr(error.orig, "diag", None)
        return AlreadyThere(getattr(diagnostics, "constraint_name", None) or "")
    return error


def to_json(rows: Iterable[Row]) -> str:
    """Return `rows` as JSON that `json_populate_recordset` reads back into column types."""
    return orjson.dumps(list(rows), default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"cannot store a {type(value).__name__}")


def _rows(change: Change) -> dict[str, Sequence[Row]]:
    rows = {table: change.inserts[table] for table in _INSERTABLE if change.inserts.get(table)}
    unknown = set(change.inserts) - set(_INSERTABLE)
    if unknown:
        raise ValueError(f"not a table that a change may insert into: {sorted(unknown)}")
    if "consent_event" in rows:
        rows["consent_event"] = _with_entries(rows["consent_event"], change.evidence)
    rows["log_entry"] = [row.entry for row in change.evidence]
    openings = [row.opening for row in change.evidence if row.opening is not None]
    if openings:
        rows["log_opening"] = openings
    return rows


def _with_entries(said: Sequence[Row], evidence: Sequence[LogRow]) -> list[Row]:
    """Bind each consent event to its own entry. Raises ValueError where there is none."""
    entries = {str(row.vouches_for): row.entry["id"] for row in evidence if row.vouches_for}
    if not {str(row["id"]) for row in said} <= entries.keys():
        raise ValueError("a consent event needs the log entry that commits to it")
    return [{**row, "entry_id": entries[str(row["id"])]} for row in said]


def _move_row(move: TaskMove) -> Row:
    return {
        "id": move.id,
        "version": move.version,
        "state": move.state,
        "moved_at": move.moved_at,
        "reason": move.reason,
        "outcome": move.outcome,
        "due_at": move.due_at,
    }


@lru_cache(maxsize=256)
def _statement(columns: tuple[tuple[str, tuple[str, ...]], ...], moving: bool, acting: bool) -> str:
    """Every name in it comes from this module and from column names of our own rows."""
    parts: list[str] = []
    source = ""
    if acting:
        parts.append("acting AS MATERIALIZED (SELECT set_config('app.agency', %(acting)s, true))")
        source = "acting, "
    if moving:
        parts.append(
            "moved AS (UPDATE task SET state = m.state, moved_at = m.moved_at,"
            " reason = COALESCE(m.reason, task.reason),"
            " outcome = COALESCE(m.outcome, task.outcome),"
            " due_at = m.due_at, version = task.version + 1"
            " FROM json_populate_recordset(NULL::task, %(moves)s) AS m"
            " WHERE task.id = m.id AND task.version = m.version RETURNING task.id)"
        )
    for table, names in columns:
        listed = ", ".join(names)
        selected = ", ".join(f"r.{name}" for name in names)
        parts.append(
            f"in_{table} AS (INSERT INTO {table} ({listed}) SELECT {selected}"
            f" FROM {source}json_populate_recordset(NULL::{table}, %({table})s) AS r)"
        )
    end = "SELECT expect_rows((SELECT count(*) FROM moved), %(expected)s)" if moving else "SELECT 1"
    return f"WITH {', '.join(parts)} {end}"
