"""What the clock makes due: agreements that end, and notifications that nobody answered.

`hub_worker` only. One worker at a time does a round (an advisory lock that ends with the
transaction), and every batch leaves rows by which the next one no longer finds it, so a round that
is killed or run twice tells nobody twice. Batches are bounded, and so is how far back an agreement
that ended while no worker ran is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.domain.codes import NotificationState
from referral_hub.store.change import to_json

CATCH_UP = timedelta(days=60)
_LOCK = 7_402_061


@dataclass(frozen=True, slots=True)
class Ending:
    """An agreement at its end: whose referral, when, and the tasks that rest on it alone."""

    event_id: UUID
    referral_id: UUID
    origin_agency_id: UUID
    owner_agency_id: UUID
    ends_at: datetime
    task_ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Due:
    """A notification whose day has passed, and what becomes of it."""

    id: UUID
    state: NotificationState
    due_at: datetime | None


_ENDED = "('refused', 'withdrawn', 'expired', 'terminated', 'invalidated')"
_RESTS_ON_IT = f"""
    e.state IN ('given', 'renewed')
    AND NOT EXISTS (
        SELECT 1 FROM consent_event g WHERE g.subject_id = e.subject_id AND g.purpose = e.purpose
        AND g.state IN {_ENDED} AND g.recorded_at >= e.recorded_at
        AND (g.recipients = '{{}}' OR t.recipient_agency_id = ANY(g.recipients)))
    AND NOT EXISTS (
        SELECT 1 FROM consent_event f WHERE f.subject_id = e.subject_id AND f.purpose = e.purpose
        AND f.state IN ('given', 'renewed') AND t.recipient_agency_id = ANY(f.recipients)
        AND (f.valid_until IS NULL OR f.valid_until > e.valid_until)
        AND NOT EXISTS (
            SELECT 1 FROM consent_event g WHERE g.subject_id = f.subject_id
            AND g.purpose = f.purpose AND g.state IN {_ENDED} AND g.recorded_at >= f.recorded_at
            AND (g.recipients = '{{}}' OR t.recipient_agency_id = ANY(g.recipients))))
"""
_FROM = """
    FROM consent_event e
    JOIN referral r ON r.id = e.referral_id AND r.withdrawn_at IS NULL
    JOIN task t ON t.referral_id = r.id AND t.recipient_agency_id = ANY(e.recipients)
"""
_FOUND = (
    "SELECT e.id, e.referral_id, r.origin_agency_id, r.owner_agency_id, e.valid_until,"
    " array_agg(t.id ORDER BY t.id)"
)
_GROUPED = """
    GROUP BY e.id, e.referral_id, r.origin_agency_id, r.owner_agency_id, e.valid_until
    ORDER BY e.valid_until, e.id LIMIT :most
"""
_ANNOUNCE = text(
    f"""
    {_FOUND} {_FROM}
    WHERE e.valid_until > :at AND e.valid_until <= :until AND t.state = ANY(:states)
      AND {_RESTS_ON_IT}
      AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.cause_id = e.id
                      AND n.kind = 'expiring' AND n.task_id IS NULL)
    {_GROUPED}
    """
)
_EXPIRE = text(
    f"""
    {_FOUND} {_FROM}
    WHERE e.valid_until <= :at AND e.valid_until > :since AND t.state = ANY(:states)
      AND {_RESTS_ON_IT}
      AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.cause_id = e.id
                      AND n.kind = 'expired' AND n.task_id = t.id)
    {_GROUPED}
    """
)
_HURRY = text(
    f"""
    UPDATE outbox SET due_at = :at WHERE state = 'due' AND due_at > :at AND kind <> 'notification'
      AND task_id IN (SELECT t.id {_FROM} WHERE e.valid_until <= :at AND e.valid_until > :since
                      AND t.state = 'routed' AND {_RESTS_ON_IT})
    """
)
_OVERDUE = text(
    """
    SELECT id FROM notification WHERE state IN ('waiting', 'chased') AND due_at <= :at
    ORDER BY due_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    """
)
_MOVE = text(
    """
    UPDATE notification SET state = m.state, due_at = m.due_at,
        chased_at = CASE WHEN m.state = 'chased' THEN :at ELSE notification.chased_at END
    FROM json_populate_recordset(NULL::notification, :moves) m WHERE notification.id = m.id
    """
)
_REVIVE = text(
    """
    UPDATE outbox SET state = 'due', attempts = 0, due_at = :at, lease_until = NULL,
        settled_at = NULL
    WHERE id = ANY(:ids) AND kind = 'notification' AND state IN ('delivered', 'refused', 'dead')
    """
)


def alone(connection: Connection) -> bool:
    """Tell whether this transaction is the only one that looks at the clock now."""
    found = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK})
    return bool(found.scalar_one())


def about_to_end(
    connection: Connection, *, at: datetime, until: datetime, states: Sequence[str], most: int
) -> list[Ending]:
    """Return agreements that end after `at` and by `until` and have not been announced."""
    wanted = {"at": at, "until": until, "states": list(states), "most": most}
    return [Ending(*row) for row in connection.execute(_ANNOUNCE, wanted)]


def ended(
    connection: Connection, *, at: datetime, states: Sequence[str], most: int
) -> list[Ending]:
    """Return agreements that have ended, with tasks whose recipients have not been told so."""
    wanted = {"at": at, "since": at - CATCH_UP, "states": list(states), "most": most}
    return [Ending(*row) for row in connection.execute(_EXPIRE, wanted)]


def hurry(connection: Connection, at: datetime) -> None:
    """Let unsent deliveries that rest on an ended agreement be decided now, and so not be sent."""
    connection.execute(_HURRY, {"at": at, "since": at - CATCH_UP})


def overdue(connection: Connection, *, at: datetime, most: int) -> list[UUID]:
    """Lock and return open notifications whose day has passed, oldest first."""
    return list(connection.execute(_OVERDUE, {"at": at, "most": most}).scalars())


def move(connection: Connection, found: Sequence[Due], at: datetime) -> None:
    """Store what became of notifications; those that are chased are told again."""
    moves = [{"id": one.id, "state": one.state.value, "due_at": one.due_at} for one in found]
    connection.execute(_MOVE, {"moves": to_json(moves), "at": at})
    again = [one.id for one in found if one.state is NotificationState.CHASED]
    if again:
        connection.execute(_REVIVE, {"ids": again, "at": at})
