"""Find an officer's entries, newest first, by indexes alone: a page costs the same in a log of any
length.

What is looked for decides which indexes are walked backwards: a person's, a user's, a referral's, a
pair of agencies', refusals and holds, or each kind of entry on each side that the agency can stand
on. A walk is a *lane*; lanes are merged by id, which is time. Where a filter has no index of its
own (a rule, a basis) the lanes are walked so far and no further, and the page says how far.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UUID as SqlUuid

from consent.evidence.entry import EntryType
from referral_hub.store.audit_log import (
    COLUMNS,
    NAMES,
    OURS,
    REACHED,
    AuditRow,
    Wanted,
    conditions,
)

FIRST_WINDOW = 250
LOOKED_AT_MOST = 8_000
REFUSED = ("hold", "refuse")
_ON_REFUSALS = "R15"
_DECIDED = tuple(
    kind.value
    for kind in (EntryType.DECISION, EntryType.RELEASE, EntryType.VIEW, EntryType.OVERRIDE)
)
_THIRD = (
    "e.actor_agency_id <> e.sender_agency_id"
    " AND e.actor_agency_id IS DISTINCT FROM e.recipient_agency_id"
)
_REFUSALS = "e.outcome IN ('hold', 'refuse')"
_NONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, newest first. `reached` is how far back was looked, None when that is no matter."""

    rows: list[AuditRow]
    reached: UUID | None


@dataclass(frozen=True, slots=True)
class Walk:
    """An index's leading columns as a condition, with one lane for each value of `column`.

    `beside` is what an entry must be besides, asked of each that is met.
    """

    where: str
    column: str | None = None
    values: Sequence[str] = ()
    beside: str = "true"

    @property
    def lanes(self) -> int:
        """How many lanes are walked."""
        return len(self.values) or 1


def search(connection: Connection, us: UUID, wanted: Wanted, *, most: int) -> Found:
    """Return the entries that `us` may see and that are wanted, newest first.

    Lanes are walked in windows that grow, `LOOKED_AT_MOST` entries in all, so that a filter that
    fits hardly anything costs no more than that.
    """
    walks = walks_for(wanted)
    lanes = sum(walk.lanes for walk in walks)
    ids: list[UUID] = []
    least = min(most, FIRST_WINDOW)
    window, looked, floor = max(FIRST_WINDOW // lanes, least), 0, wanted.below
    while len(ids) < most and looked < LOOKED_AT_MOST:
        step = replace(wanted, below=floor)
        statement, given = looking(us, step, walks)
        values = {**given, "window": window, "most": most - len(ids)}
        rows = connection.execute(text(statement), values).all()
        ids += sorted((row.id for row in rows if not row.is_floor), reverse=True)
        floor = next((row.id for row in rows if row.is_floor), None)
        if floor is None:
            break
        looked += window * lanes
        window = max(least, min(window * 4, (LOOKED_AT_MOST - looked) // lanes))
    return Found(_rows(connection, ids), floor if len(ids) < most else None)


def walks_for(wanted: Wanted) -> Sequence[Walk]:
    """Return which indexes are walked: the narrowest that the filters allow."""
    ours = f"({OURS})"
    if wanted.referral is not None:
        return [Walk("e.referral_id = :referral", beside=ours)]
    if wanted.subject is not None:
        return [Walk("e.subject_id = :subject", beside=ours)]
    if wanted.user is not None:
        return [Walk("e.actor_user_id = :user", beside=ours)]
    if wanted.party is not None:
        return [
            Walk("e.sender_agency_id = :us AND e.recipient_agency_id = :party"),
            Walk("e.sender_agency_id = :party AND e.recipient_agency_id = :us", beside=ours),
            Walk(f"e.actor_agency_id = :party AND {_THIRD}", beside=ours),
            Walk(f"e.actor_agency_id = :us AND {_THIRD}"),
        ]
    if wanted.outcome in REFUSED or _of_refusals(wanted):
        outcomes = REFUSED if wanted.outcome is None else (wanted.outcome,)
        return [
            Walk(f"e.{side}_agency_id = :us AND {_REFUSALS}", "outcome", outcomes)
            for side in ("sender", "actor")
        ]
    kinds = _kinds(wanted)
    return [
        Walk("e.sender_agency_id = :us", "type", kinds),
        Walk("e.actor_agency_id = :us", "type", kinds),
        Walk("e.recipient_agency_id = :us", "type", kinds, beside=f"({REACHED})"),
    ]


def looking(us: UUID, wanted: Wanted, walks: Sequence[Walk]) -> tuple[str, Mapping[str, Any]]:
    """Return the statement over the next window of each lane, and its values.

    How far it got is the newest of the lanes' ends, below which one of them has not been looked at;
    no such row when every lane came to its end.
    """
    fits, given = conditions(replace(wanted, oldest=None, below=None))
    bounds, ends = conditions(Wanted(oldest=wanted.oldest, below=wanted.below))
    looked = " UNION ALL ".join(_lanes(walk, fits, bounds) for walk in walks)
    lanes = {f"{walk.column}s": list(walk.values) for walk in walks if walk.column}
    statement = (
        f"WITH looked AS MATERIALIZED ({looked}), floor AS MATERIALIZED"
        " (SELECT id FROM looked WHERE place = :window ORDER BY id DESC LIMIT 1)"
        " SELECT id, false AS is_floor FROM (SELECT DISTINCT id FROM looked WHERE fits"
        f" AND id >= COALESCE((SELECT id FROM floor), '{_NONE}')"
        " ORDER BY id DESC LIMIT :most) found UNION ALL SELECT id, true FROM floor"
    )
    return statement, {"us": us, **given, **ends, **lanes}


def _lanes(walk: Walk, fits: str, bounds: str) -> str:
    lane = f" AND e.{walk.column} = lane.value" if walk.column else ""
    met = (
        f"SELECT e.id, (true{fits} AND {walk.beside}) AS fits,"
        " row_number() OVER (ORDER BY e.id DESC) AS place FROM (SELECT * FROM log_entry e"
        f" WHERE {walk.where}{lane}{bounds} ORDER BY e.id DESC LIMIT :window) e"
    )
    if not walk.column:
        return f"({met})"
    values = f"unnest(CAST(:{walk.column}s AS text[])) AS lane(value)"
    return f"(SELECT met.* FROM {values} CROSS JOIN LATERAL ({met}) met)"


def _of_refusals(wanted: Wanted) -> bool:
    """Whether a code is wanted that only refusals and holds carry: a reason, or rule R15."""
    decisions = wanted.type in {None, EntryType.DECISION.value} and wanted.outcome is None
    return decisions and any(code == _ON_REFUSALS or not _is_rule(code) for code in wanted.codes)


def _is_rule(code: str) -> bool:
    return code[:1] == "R" and code[1:].isdigit()


def _kinds(wanted: Wanted) -> Sequence[str]:
    if wanted.type is not None:
        return (wanted.type,)
    if wanted.codes or wanted.basis is not None or wanted.outcome is not None:
        return _DECIDED
    return tuple(kind.value for kind in EntryType)


_BY_ID = text(
    f"SELECT {COLUMNS} FROM log_entry e{NAMES} WHERE e.id = ANY(:ids) ORDER BY e.id DESC"
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))


def _rows(connection: Connection, ids: Sequence[UUID]) -> list[AuditRow]:
    rows = connection.execute(_BY_ID, {"ids": list(ids)}) if ids else ()
    return [AuditRow(*row) for row in rows]
