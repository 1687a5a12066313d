"""The outbox: what must still happen, claimed in batches under a fenced lease.

A worker that dies, or sleeps past its lease, loses its claim: each claim raises the fence, and
settling names the fence it holds, so a late worker's answer changes nothing. `SKIP LOCKED` lets
several workers drain at once. What people have stopped, and destinations that rest behind an open
breaker, are passed over: their rows keep their tries and their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.codes import OutboxKind
from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True)
class Claimed:
    """One outbox row under lease. `id` is the stable effect id.

    `about` is the referral; None where a callback tells of an item that never became one.
    """

    id: UUID
    kind: OutboxKind
    task_id: UUID | None
    about: UUID | None
    slot: int
    origin_agency_id: UUID
    owner_agency_id: UUID
    recipient_agency_id: UUID
    attempts: int
    fence: int
    created_at: datetime

    @property
    def referral_id(self) -> UUID:
        """The referral that it is about. Raises ValueError where there is none."""
        if self.about is None:
            raise ValueError("this row is about no referral")
        return self.about


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a claimed row ended, or when it is due again. `code` is a code, never a message."""

    id: UUID
    fence: int
    state: str
    code: str | None
    due_at: datetime
    settled_at: datetime | None


# Who gets nothing just now. `by` is mail, call, or own: the way that the agency chose for itself.
_STOPPED = """
    SELECT s.agency_id AS recipient, m.by FROM delivery_stop s
        CROSS JOIN (VALUES ('mail'), ('call'), ('own')) AS m (by) WHERE s.agency_id IS NOT NULL
    UNION ALL
    SELECT m.agency_id, 'mail' FROM agency_mail m JOIN delivery_stop s ON s.way = 'email_link'
    UNION ALL
    SELECT c.agency_id, 'call' FROM callback_endpoint c JOIN delivery_stop s ON s.way = 'callback'
    UNION ALL
    SELECT a.agency_id, 'own' FROM agency_standing a JOIN delivery_stop s ON s.way = a.transport
        OR (s.way = 'other' AND a.transport NOT IN ('inbox', 'https_push', 'sealed_mail'))
"""
_RESTING = """
    SELECT e.agency_id, 'own' FROM delivery_breaker b
        JOIN agency_endpoint e ON e.agency_id = b.destination
            AND (e.transport = b.way OR b.way = 'other')
        WHERE b.opened_at IS NOT NULL
    UNION ALL
    SELECT m.agency_id, 'mail' FROM agency_mail m
        JOIN delivery_breaker b ON b.way = 'email_link' AND b.opened_at IS NOT NULL
"""
_BY = (
    "CASE o.kind WHEN 'invitation' THEN 'mail' WHEN 'reminder' THEN 'mail'"
    " WHEN 'alert' THEN 'mail'"
    " WHEN 'callback' THEN 'call' WHEN 'person' THEN 'person' ELSE 'own' END"
)
_LET_GO = (
    "(o.kind = 'advance' OR NOT EXISTS (SELECT 1 FROM held h"
    f" WHERE h.recipient = o.recipient_agency_id AND h.by = {_BY}))"
)
_ANSWERS = (
    "(o.kind <> 'callback' OR NOT EXISTS (SELECT 1 FROM callback c"
    " JOIN delivery_breaker b ON b.destination = c.endpoint_id AND b.opened_at IS NOT NULL"
    " WHERE c.id = o.id))"
)
# These go by our own mail server, whichever agency the referral is of.
_MAILS = (
    "(o.kind NOT IN ('person', 'alert') OR NOT EXISTS"
    " (SELECT 1 FROM delivery_stop s WHERE s.way = 'email_link' UNION ALL"
    " SELECT 1 FROM delivery_breaker b WHERE b.way = 'email_link' AND b.opened_at IS NOT NULL))"
)
_LEASED = """
    UPDATE outbox SET lease_until = :until, fence = fence + 1, attempts = attempts + 1
    FROM due WHERE outbox.id = due.id
    RETURNING outbox.id, kind, task_id, referral_id AS about, slot, origin_agency_id,
              owner_agency_id, recipient_agency_id, attempts, fence, created_at
"""
_CLAIM = text(
    f"""
    WITH held AS MATERIALIZED ({_STOPPED} UNION ALL {_RESTING}), due AS (
        SELECT o.id FROM outbox o
        WHERE o.state = 'due' AND o.due_at <= :at
          AND (o.lease_until IS NULL OR o.lease_until < :at) AND {_LET_GO} AND {_ANSWERS}
          AND {_MAILS}
        ORDER BY o.due_at LIMIT :most FOR UPDATE OF o SKIP LOCKED
    )
    {_LEASED}
    """
)
# One row for each destination whose rest is over; the others of that destination go on waiting.
_PROBE = text(
    f"""
    WITH held AS MATERIALIZED ({_STOPPED}), ready AS (
        UPDATE delivery_breaker SET retry_at = :until
        WHERE opened_at IS NOT NULL AND retry_at <= :at RETURNING destination, way
    ), due AS (
        SELECT p.id FROM ready r CROSS JOIN LATERAL (
            SELECT o.id FROM outbox o
            WHERE o.state = 'due' AND (o.lease_until IS NULL OR o.lease_until < :at)
              AND o.kind <> 'advance' AND {_LET_GO}
              AND CASE r.way WHEN 'email_link'
                      THEN o.kind IN ('invitation', 'reminder', 'alert', 'person')
                  WHEN 'callback' THEN o.kind = 'callback' AND EXISTS (SELECT 1 FROM callback c
                      WHERE c.id = o.id AND c.endpoint_id = r.destination)
                  ELSE o.kind NOT IN ('invitation', 'reminder', 'alert', 'person', 'callback')
                      AND o.recipient_agency_id = r.destination END
            ORDER BY o.due_at LIMIT 1 FOR UPDATE OF o SKIP LOCKED
        ) p
    )
    {_LEASED}
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

# The id of a message back is made from its step's (migration 0030), and so leads back to it.
_STEPS = text(
    """
    SELECT o.id, h.event FROM outbox o JOIN task_event h ON h.task_id = o.task_id
     AND o.id = (left(h.id::text, 18) || '-8' || left(md5(h.id::text || 'back'), 3) || '-'
                 || right(md5(h.id::text || 'back'), 12))::uuid
    WHERE o.id = ANY(:ids)
    """
)

_NEXT = text("SELECT min(due_at) FROM outbox WHERE state = 'due'")


def claim(
    connection: Connection, *, at: datetime, most: int, lease: timedelta
) -> tuple[Claimed, ...]:
    """Lease up to `most` due rows until `at + lease`, oldest first."""
    return _claimed(connection.execute(_CLAIM, {"at": at, "most": most, "until": at + lease}))


def claim_probes(connection: Connection, *, at: datetime, lease: timedelta) -> tuple[Claimed, ...]:
    """Lease one row for each destination that has rested; no other worker probes it meanwhile."""
    return _claimed(connection.execute(_PROBE, {"at": at, "until": at + lease}))


def _claimed(found: Iterable[Any]) -> tuple[Claimed, ...]:
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


def steps_told_back(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the step of a task that each message back is about, by the message's id."""
    return {row.id: row.event for row in connection.execute(_STEPS, {"ids": list(ids)})}


def next_due(connection: Connection) -> datetime | None:
    """When the earliest unsettled row is due; None when there is none."""
    found: datetime | None = connection.execute(_NEXT).scalar()
    return found
