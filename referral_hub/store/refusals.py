"""Refusals and holds of an agency's own decisions, and what was found about them.

The index of refused entries is walked backwards; what has a finding is left out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UUID as SqlUuid

from referral_hub.store.audit_log import COLUMNS, NAMES, AuditRow

_REFUSED = "e.sender_agency_id = :us AND e.outcome IN ('hold', 'refuse') AND e.type = 'decision'"
_REVIEWED = "EXISTS (SELECT 1 FROM refusal_review v WHERE v.entry_id = e.id)"
_OPEN = text(
    f"SELECT {COLUMNS} FROM log_entry e{NAMES} WHERE {_REFUSED} AND NOT {_REVIEWED}"
    " AND (CAST(:before AS uuid) IS NULL OR e.id < :before) ORDER BY e.id DESC LIMIT :most"
)
_OURS = text(f"SELECT e.id FROM log_entry e WHERE {_REFUSED} AND e.id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(SqlUuid))
)
_COUNTED = text(
    f"""
    SELECT v.finding, count(*) FROM log_entry e
    LEFT JOIN refusal_review v ON v.entry_id = e.id
    WHERE {_REFUSED} AND e.id >= :oldest GROUP BY v.finding ORDER BY count(*) DESC
    """
)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How many refusals and holds have this finding; None has none yet."""

    finding: str | None
    count: int


def to_review(
    connection: Connection, us: UUID, *, before: UUID | None, most: int
) -> Sequence[AuditRow]:
    """Return refusals and holds without a finding, the newest first."""
    rows = connection.execute(_OPEN, {"us": us, "before": before, "most": most})
    return [AuditRow(*row) for row in rows]


def ours(connection: Connection, us: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these entries are refusals or holds of the agency's own decisions."""
    return set(connection.execute(_OURS, {"us": us, "ids": list(ids)}).scalars())


def counted(connection: Connection, us: UUID, oldest: UUID) -> Sequence[Reviewed]:
    """Return how many refusals and holds since `oldest` have which finding."""
    return [Reviewed(*row) for row in connection.execute(_COUNTED, {"us": us, "oldest": oldest})]
