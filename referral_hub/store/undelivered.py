"""Deliveries that gave up, for the person who looks after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class UndeliveredRow:
    """A delivery that needs a person: where to, how often it was tried, and the last code.

    It is about no referral where it tells of an item that was turned down.
    """

    id: UUID
    kind: str
    reference: str | None
    task_id: UUID | None
    referral_id: UUID | None
    slot: int
    origin_agency_id: UUID
    owner_agency_id: UUID
    recipient_agency_id: UUID
    recipient_name: str
    state: str
    attempts: int
    last_code: str | None
    created_at: datetime
    settled_at: datetime | None


_ROWS = (
    "SELECT x.id, x.kind, r.reference, x.task_id, x.referral_id, x.slot, x.origin_agency_id,"
    " x.owner_agency_id, x.recipient_agency_id, a.name, x.state, x.attempts, x.last_code,"
    " x.created_at, x.settled_at FROM outbox x"
    " LEFT JOIN referral r ON r.id = x.referral_id JOIN agency a ON a.id = x.recipient_agency_id"
    " WHERE x.state IN ('dead', 'refused') AND acting_agency() = x.owner_agency_id"
)


def listed(connection: Connection, most: int) -> list[UndeliveredRow]:
    """Return what gave up in referrals that the acting agency owns, oldest first."""
    rows = connection.execute(text(_ROWS + " ORDER BY x.id LIMIT :most"), {"most": most})
    return [UndeliveredRow(*row) for row in rows]


def one(connection: Connection, outbox_id: UUID) -> UndeliveredRow:
    """Return one that gave up. Raises NotFound."""
    row = connection.execute(text(_ROWS + " AND x.id = :id"), {"id": outbox_id}).one_or_none()
    if row is None:
        raise NotFound
    return UndeliveredRow(*row)


def revive(connection: Connection, outbox_id: UUID, at: datetime) -> bool:
    """Make it due again under the same effect id; False when somebody else just did."""
    found = connection.execute(
        text(
            "UPDATE outbox SET state = 'due', attempts = 0, due_at = :at, lease_until = NULL,"
            " settled_at = NULL WHERE id = :id AND state IN ('dead', 'refused') RETURNING id"
        ),
        {"id": outbox_id, "at": at},
    )
    return found.scalar() is not None
