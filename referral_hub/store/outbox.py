"""The outbox: what must still happen, claimed in batches under a fenced lease.

A worker that dies, or sleeps past its lease, loses its claim: each claim raises the fence, and
settling names the fence it holds, so a late worker's answer changes nothing. `SKIP LOCKED` lets
several workers drain at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.codes import OutboxKind
from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True)
class Claimed:
    """One outbox row under lease. `id` is the stable effect id."""

    id: UUID
    kind: OutboxKind
    task_id: UUID | None
    referral_id: UUID
    slot: int
    origin_agency_id: UUID
    owner_agency_id: UUID
    recipient_agency_id: UUID
    attempts: int
    fence: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a claimed row ended, or when it is due again. `code` is a code, never a message."""

    id: UUID
    fence: int
    state: str
    code: str | None
    due_at: datetime
    settled_at: datetime | None


_CLAIM = text(
    """
    WITH due AS (
        SELECT id FROM outbox
        WHERE state = 'due' AND due_at <= :at AND (lease_until IS NULL OR lease_until < :at)
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox SET lease_until = :until, fence = fence + 1, attempts = attempts + 1
    FROM due WHERE outbox.id = due.id
    RETURNING outbox.id, kind, task_id, referral_id, slot, origin_agency_id, owner_agency_id,
              recipient_agency_id, attempts, fence, created_at
    """
)

_SETTLE = text(
    """
    UPDATE outbox SET state = s.state, last_code = s.last_code, due_at = s.due_at,
                      settled_at = s.settled_at, lease_until = NULL
    FROM json_populate_recordset(NULL::outbox, :rows) AS s
    WHERE outbox.id = s.id AND outbox.fence = s.fence AND outbox.state = 'due'
    RETURNING outbox.id
    """
)

_NEXT = text("SELECT min(due_at) FROM outbox WHERE state = 'due'")


def claim(
    connection: Connection, *, at: datetime, most: int, lease: timedelta
) -> tuple[Claimed, ...]:
    """Lease up to `most` due rows until `at + lease`, oldest first."""
    found = connection.execute(_CLAIM, {"at": at, "most": most, "until": at + lease})
    rows = [Claimed(**{**row._mapping, "kind": OutboxKind(row.kind)}) for row in found]
    return tuple(sorted(rows, key=lambda row: row.created_at))


def settle(connection: Connection, settlements: Sequence[Settlement]) -> frozenset[UUID]:
    """Record how claimed rows ended; returns the ids whose fence still held."""
    if not settlements:
        return frozenset()
    rows = [
        {
            "id": item.id,
            "fence": item.fence,
            "state": item.state,
            "last_code": item.code,
            "due_at": item.due_at,
            "settled_at": item.settled_at,
        }
        for item in settlements
    ]
    return frozenset(connection.execute(_SETTLE, {"rows": to_json(rows)}).scalars())


def next_due(connection: Connection) -> datetime | None:
    """When the earliest unsettled row is due; None when there is none."""
    found: datetime | None = connection.execute(_NEXT).scalar()
    return found
