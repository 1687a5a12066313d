"""Writing down that something was disclosed, once its log entry stands in the tree.

Each row names the outbox fence it was claimed under. A row whose lease was lost, or whose task was
withdrawn meanwhile, is left out, so a late worker cannot deliver twice into the inbox; what already
left over the network is recorded whatever happened since. Tasks are locked before outbox rows, as a
withdrawal does, so that the two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.change import Row, to_json


@dataclass(frozen=True, slots=True, repr=False)
class Disclosure:
    """A release row, the task's line of history, and the outbox row it settles.

    `next_state` None leaves the task in the state it is in by then, and its due date as it is.
    `invitation` is the outbox row of the mail for a recipient that is told by mail.
    """

    release: Row
    history: Row
    effect_id: UUID
    fence: int
    states: Sequence[str]
    next_state: str | None
    due_at: Any
    invitation: Row | None = None

    def __repr__(self) -> str:
        return "<Disclosure>"


_RECORD = text(
    """
    WITH wanted AS (
        SELECT * FROM json_to_recordset(:wanted) AS w(
            effect_id uuid, fence bigint, task_id uuid, states text[], next_state text,
            due_at timestamptz, at timestamptz)
    ), locked AS MATERIALIZED (
        SELECT t.id FROM task t WHERE t.id IN (SELECT task_id FROM wanted) ORDER BY t.id FOR UPDATE
    ), held AS (
        SELECT w.* FROM wanted w JOIN outbox o ON o.id = w.effect_id
        WHERE o.fence = w.fence AND o.state = 'due' AND (SELECT count(*) FROM locked) > 0
        FOR UPDATE OF o
    ), moved AS (
        UPDATE task SET state = COALESCE(h.next_state, task.state),
                        released_at = COALESCE(task.released_at, h.at), moved_at = h.at,
                        due_at = CASE WHEN h.next_state IS NULL THEN task.due_at ELSE h.due_at END,
                        version = task.version + 1
        FROM held h WHERE task.id = h.task_id AND task.state = ANY(h.states)
        RETURNING task.id, task.state, task.service_id, task.moved_at, h.effect_id
    ), idle AS (
        SELECT v.id FROM service v
        WHERE v.id IN (SELECT m.service_id FROM moved m WHERE m.state = 'offered')
        AND (v.last_offered_at IS NULL OR v.last_offered_at < (
            SELECT max(m.moved_at) - interval '1 day' FROM moved m))
        ORDER BY v.id FOR UPDATE SKIP LOCKED
    ), offered AS (
        UPDATE service SET last_offered_at = (SELECT max(m.moved_at) FROM moved m)
        FROM idle WHERE service.id = idle.id
    ), released AS (
        INSERT INTO release (id, task_id, referral_id, record_version, origin_agency_id,
            recipient_agency_id, stage, field_ids, wrapped_keys, key_version, entry_id, effect_id,
            at)
        SELECT r.id, r.task_id, r.referral_id, r.record_version, r.origin_agency_id,
            r.recipient_agency_id, r.stage, r.field_ids, r.wrapped_keys, r.key_version,
            r.entry_id, r.effect_id, r.at
        FROM json_populate_recordset(NULL::release, :releases) r
        WHERE :sent OR r.effect_id IN (SELECT effect_id FROM moved)
    ), history AS (
        INSERT INTO task_event (id, task_id, referral_id, origin_agency_id, owner_agency_id,
            recipient_agency_id, event, state, reason, actor_user_id, actor_agency_id, entry_id, at)
        SELECT e.id, e.task_id, e.referral_id, e.origin_agency_id, e.owner_agency_id,
            e.recipient_agency_id, e.event, m.state, e.reason, NULL, NULL, e.entry_id, e.at
        FROM json_populate_recordset(NULL::task_event, :history) e JOIN moved m ON m.id = e.task_id
    ), settled AS (
        UPDATE outbox SET state = CASE WHEN m.id IS NULL AND NOT :sent THEN 'cancelled'
                                       ELSE 'delivered' END,
                          lease_until = NULL, settled_at = h.at, last_code = NULL
        FROM held h LEFT JOIN moved m ON m.id = h.task_id
        WHERE outbox.id = h.effect_id
    ), announced AS (
        INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id,
            owner_agency_id, recipient_agency_id, state, attempts, fence, due_at, created_at)
        SELECT r.id, r.kind, r.task_id, r.referral_id, r.slot, r.origin_agency_id,
            r.owner_agency_id, r.recipient_agency_id, r.state, r.attempts, r.fence, r.due_at,
            r.created_at
        FROM json_populate_recordset(NULL::outbox, :invitations) r
        JOIN moved m ON m.id = r.task_id
        JOIN agency_mail w ON w.agency_id = r.recipient_agency_id AND w.enabled
    )
    SELECT effect_id FROM moved
    """
)


def record(
    connection: Connection, disclosures: Sequence[Disclosure], *, sent: bool
) -> frozenset[UUID]:
    """Record a batch in one statement; returns the effect ids whose task moved on.

    `sent` says that the bytes have left already, so the release is kept even if its task was
    withdrawn meanwhile. When a service was last offered somebody is kept to the day: routing asks
    the longest idle first, and a busy service's row is not fought over.
    """
    if not disclosures:
        return frozenset()
    wanted = [
        {
            "effect_id": item.effect_id,
            "fence": item.fence,
            "task_id": item.release["task_id"],
            "states": list(item.states),
            "next_state": item.next_state,
            "due_at": item.due_at,
            "at": item.release["at"],
        }
        for item in disclosures
    ]
    found = connection.execute(
        _RECORD,
        {
            "wanted": to_json(wanted),
            "releases": to_json(item.release for item in disclosures),
            "history": to_json(item.history for item in disclosures),
            "invitations": to_json(item.invitation for item in disclosures if item.invitation),
            "sent": sent,
        },
    )
    return frozenset(found.scalars())


_RELEASES = text(
    """
    SELECT DISTINCT ON (task_id, stage) id, task_id, referral_id, record_version, stage, field_ids,
           wrapped_keys, entry_id, at
    FROM release WHERE task_id = ANY(:tasks) ORDER BY task_id, stage, id DESC
    """
)


def of_task(connection: Connection, task_id: UUID) -> dict[str, Row]:
    """Return the newest release of each stage of a task (`hub_worker` only)."""
    return of_tasks(connection, [task_id]).get(task_id, {})


def of_tasks(connection: Connection, task_ids: Sequence[UUID]) -> dict[UUID, dict[str, Row]]:
    """Return the newest release of each stage of these tasks (`hub_worker` only)."""
    found: dict[UUID, dict[str, Row]] = {}
    for row in connection.execute(_RELEASES, {"tasks": list(task_ids)}).mappings():
        found.setdefault(row["task_id"], {})[row["stage"]] = dict(row)
    return found
