"""One atomic change of the record, with its evidence, in a single statement.

A `Change` cannot be made without log rows: that is how "no state change without its entry" is kept.
A referral with all its rows costs one round trip however many tables it touches. Moving a task
names the version it was read at; if any moved on, `expect_rows` aborts the whole statement and
`Conflict` is raised.

Within a transaction (`write`) rows travel as one JSON parameter per table, which PostgreSQL types
with `json_populate_recordset`: any number of rows is one statement. What is a transaction by itself
(`write_at_once`) is prepared for its number of rows and sends each value in its binary format.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from referral_hub.errors import Conflict
from referral_hub.store import wire
from referral_hub.store.direct import Link

__all__ = [
    "AlreadyThere",
    "Change",
    "Connection",
    "LogRow",
    "Row",
    "TaskMove",
    "to_json",
    "write",
    "write_at_once",
]

Row = Mapping[str, Any]

CONFLICT_CODE = "RH409"
UNIQUE_CODE = "23505"

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
    "figure_note",
    "notification",
    "emergency_access",
    "emergency_note",
    "emergency_alert",
    "appraisal",
    "legal_hold",
    "agency_contact",
    "staged_item",
    "matter",
    "matter_step",
    "matter_words",
    "matter_item",
    "concern_link",
    "sharing_agreement",
    "notice_text",
    "notice_adoption",
    "processing_activity",
    "saved_search",
    "refusal_review",
    "oversight_look",
    "person_code",
    "person_message",
    "log_entry",
    "log_opening",
    "idempotency_key",
    "used_jti",
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
    """A task's new state, valid only if its version is still `version`. `next_position` is where in
    the plan the accountable council wants to go on.
    """

    id: UUID
    version: int
    state: str
    moved_at: datetime
    reason: str | None = None
    outcome: str | None = None
    due_at: datetime | None = None
    next_position: int | None = None
    give_help: str | None = None
    helper_agreed_at: datetime | None = None
    minutes_a_week: int | None = None
    hard_case: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Rows to insert and tasks to move, with at least one log row. Raises ValueError without.

    `ruled_out` are known people, each with the agencies that they said never to, besides those that
    they ruled out before. `alone` is the number of an advisory lock that `write_at_once` takes:
    while another statement holds it, this one is a Conflict at once instead of waiting.
    """

    evidence: Sequence[LogRow]
    inserts: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    moves: Sequence[TaskMove] = ()
    ruled_out: Sequence[tuple[UUID, Collection[UUID]]] = ()
    alone: int | None = None

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("a change needs its log entry")


class AlreadyThere(Conflict):
    """A unique row exists already; `constraint` names which rule said so."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__("This has been recorded already.")


def write(connection: Connection, change: Change) -> None:
    """Write `change` in one statement of a transaction that has set its agency.

    Raises Conflict, AlreadyThere.
    """
    rows = _rows(change)
    columns = tuple((table, tuple(found[0])) for table, found in rows.items())
    parameters: dict[str, Any] = {name: to_json(found) for name, found in rows.items()}
    if change.moves:
        parameters["moves"] = to_json([_move_row(move) for move in change.moves])
        parameters["expected"] = len(change.moves)
    if change.ruled_out:
        never = [{"id": one, "never_share_with": agencies} for one, agencies in change.ruled_out]
        parameters["ruled_out"] = to_json(never)
    updates = (bool(change.moves), bool(change.ruled_out))
    try:
        connection.exec_driver_sql(_statement(columns, *updates), parameters)
    except DBAPIError as error:
        raise refusal(error.orig) or error from error


def write_at_once(link: Link, change: Change, *, acting_for: UUID) -> None:
    """Write `change` as one transaction of one statement, which itself sets the agency.

    Inserts only: an update might be planned before the setting. Whom somebody rules out goes
    through a function, which is planned after it. Raises Conflict, AlreadyThere.
    """
    if change.moves:
        raise ValueError("moves need a transaction that has set its agency")
    shape: list[tuple[str, tuple[str, ...], int]] = []
    values: list[bytes | None] = [str(acting_for).encode()]
    if change.alone is not None:
        values.append(change.alone.to_bytes(8, "big", signed=True))
    for table, rows in _rows(change).items():
        names = tuple(rows[0])
        shape.append((table, names, len(rows)))
        columns = _encoders(table, names)
        for row in rows:
            values += [
                None if (value := row[name]) is None else encode(value) for name, encode in columns
            ]
    for person, agencies in change.ruled_out:
        values += [wire.identifier(person), wire.identifiers(agencies)]
    statement = _inserting(tuple(shape), change.alone is not None, len(change.ruled_out))
    try:
        link.run(statement, values)
    except psycopg.Error as error:
        raise refusal(error) or error from error


def refusal(error: BaseException | None) -> Conflict | None:
    """Return the Conflict that a driver's error stands for; None when it is another fault."""
    state = getattr(error, "sqlstate", None)
    if state == CONFLICT_CODE:
        return Conflict("Somebody else has moved this on since you opened it.")
    if state == UNIQUE_CODE:
        diagnostics = getattr(error, "diag", None)
        return AlreadyThere(getattr(diagnostics, "constraint_name", None) or "")
    return None


def to_json(rows: Iterable[Row]) -> str:
    """Return `rows` as JSON that `json_populate_recordset` reads back into column types."""
    return orjson.dumps(list(rows), default=wire.plain, option=orjson.OPT_NON_STR_KEYS).decode()


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
        "next_position": move.next_position,
        "give_help": move.give_help,
        "helper_agreed_at": move.helper_agreed_at,
        "minutes_a_week": move.minutes_a_week,
        "hard_case": move.hard_case,
    }


@lru_cache(maxsize=256)
def _statement(
    columns: tuple[tuple[str, tuple[str, ...]], ...], moving: bool, ruling_out: bool
) -> str:
    """Every name in it comes from this module and from column names of our own rows."""
    parts: list[str] = []
    if moving:
        parts.append(
            "moved AS (UPDATE task SET state = m.state, moved_at = m.moved_at,"
            " reason = COALESCE(m.reason, task.reason),"
            " outcome = COALESCE(m.outcome, task.outcome),"
            " give_help = COALESCE(m.give_help, task.give_help),"
            " helper_agreed_at = COALESCE(m.helper_agreed_at, task.helper_agreed_at),"
            " minutes_a_week = COALESCE(m.minutes_a_week, task.minutes_a_week),"
            " hard_case = m.hard_case OR task.hard_case,"
            " due_at = m.due_at, next_position = m.next_position, version = task.version + 1"
            " FROM json_populate_recordset(NULL::task, %(moves)s) AS m"
            " WHERE task.id = m.id AND task.version = m.version RETURNING task.id)"
        )
    for table, names in columns:
        listed = ", ".join(names)
        selected = ", ".join(f"r.{name}" for name in names)
        parts.append(
            f"in_{table} AS (INSERT INTO {table} ({listed}) SELECT {selected}"
            f" FROM json_populate_recordset(NULL::{table}, %({table})s) AS r)"
        )
    end = "SELECT expect_rows((SELECT count(*) FROM moved), %(expected)s)" if moving else "SELECT 1"
    if ruling_out:
        parts.append(
            "ruled AS MATERIALIZED (SELECT rule_out(r.id, r.never_share_with)"
            " FROM json_populate_recordset(NULL::subject, %(ruled_out)s) AS r)"
        )
        end += ", (SELECT count(*) FROM ruled)"
    return f"WITH {', '.join(parts)} {end}"


_ACTING = "acting AS MATERIALIZED (SELECT set_config('app.agency', $1::text, true))"
_ALONE = (
    "acting AS MATERIALIZED (SELECT set_config('app.agency', $1::text, true),"
    " expect_rows(pg_try_advisory_xact_lock($2::bigint)::int, 1))"
)


@lru_cache(maxsize=256)
def _inserting(
    shape: tuple[tuple[str, tuple[str, ...], int], ...], alone: bool, ruling_out: int
) -> str:
    """Like `_statement`; each insert waits for the agency, since it selects from the setting."""
    parts = [_ALONE if alone else _ACTING]
    number = count(3 if alone else 2)
    for table, names, rows in shape:
        kinds = [wire.column(table, name)[0] for name in names]
        listed = ", ".join(
            "(" + ", ".join(f"${next(number)}::{kind}" for kind in kinds) + ")" for _ in range(rows)
        )
        parts.append(
            f"in_{table} AS (INSERT INTO {table} ({', '.join(names)})"
            f" SELECT v.* FROM acting, (VALUES {listed}) AS v)"
        )
    if not ruling_out:
        return f"WITH {', '.join(parts)} SELECT 1"
    people = ", ".join(
        f"(${next(number)}::uuid, ${next(number)}::uuid[])" for _ in range(ruling_out)
    )
    parts.append(
        "ruled AS MATERIALIZED (SELECT rule_out(v.person, v.agencies)"
        f" FROM acting, (VALUES {people}) AS v (person, agencies))"
    )
    return f"WITH {', '.join(parts)} SELECT count(*) FROM ruled"


@lru_cache(maxsize=256)
def _encoders(table: str, names: tuple[str, ...]) -> list[tuple[str, wire.Encode]]:
    return [(name, wire.column(table, name)[1]) for name in names]
