"""Tell recipients what became of an agreement: into the hub's inbox, or to a partner system.

The telling stands in the log before anything leaves. What leaves names a task and a kind and
nothing about the person; a partner acknowledges it under the effect id. An inbox recipient that a
referral never reached has nothing to act on and is not asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from adapters.contract import DocumentKind, ReferralDocument, Sender
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.codes import NotificationKind, OutboxKind
from referral_hub.services import rows
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.notify import note_told, step_event
from referral_hub.services.outward import leaves
from referral_hub.services.push import Message, delivered_row, send_and_settle
from referral_hub.store import change, links, notifications, outbox, referrals
from referral_hub.store.cases import Row, endpoints_of
from referral_hub.store.notifications import NotificationRow
from referral_hub.store.outbox import Claimed
from referral_hub.store.referrals import TaskRow

KINDS: dict[NotificationKind, DocumentKind] = {
    NotificationKind.WITHDRAWN: DocumentKind.WITHDRAWAL,
    NotificationKind.REFUSED: DocumentKind.REFUSAL,
    NotificationKind.RENEWED: DocumentKind.RENEWAL,
    NotificationKind.EXPIRING: DocumentKind.EXPIRING,
    NotificationKind.EXPIRED: DocumentKind.EXPIRY,
    NotificationKind.CORRECTED: DocumentKind.CORRECTION,
    NotificationKind.RESTRICTED: DocumentKind.RESTRICTION,
    NotificationKind.OBJECTED: DocumentKind.OBJECTION,
}


def push_notifications(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Tell a batch and settle each row. `until` ends the lease. Raises LogUnavailable."""
    at = hub.clock()
    with hub.database.working() as connection:
        registered = endpoints_of(connection, {claim.recipient_agency_id for claim in claims})
        found = referrals.tasks_by_id(connection, [c.task_id for c in claims if c.task_id])
        tasks = {task.id: task for task in found}
        told = notifications.by_id(connection, [claim.id for claim in claims])
        away = {c.id for c in claims if _leaves(hub, registered, c, told.get(c.id))}
        logged = [prepare(_telling(c, told.get(c.id)), hub.keys, at) for c in claims]
        change.write(connection, change.Change(logged))
        inbox = [claim for claim in claims if claim.id not in away]
        held = outbox.settle(connection, [delivered_row(claim, at) for claim in inbox])
        mails = [_invitation(c, tasks[c.task_id], at) for c in inbox if c.task_id]
        links.announce(connection, mails)
        arrived = {c.id for c in inbox if c.task_id and tasks[c.task_id].released_at is not None}
        note_told(connection, held & arrived, at)
        notifications.never_reached(connection, list(held - arrived))
    ids: list[UUID] = [row.entry["id"] for row in logged]
    ensure_integrated(hub.database, hub.integrator, ids)
    messages = [
        Message(claim, _document(tasks[claim.task_id], told.get(claim.id), entry_id, at))
        for claim, entry_id in zip(claims, ids, strict=True)
        if claim.id in away and claim.task_id is not None
    ]
    send_and_settle(hub, messages, until=until)


def _leaves(
    hub: Hub, registered: Mapping[UUID, Row], claim: Claimed, row: NotificationRow | None
) -> bool:
    endpoint = registered.get(claim.recipient_agency_id)
    return endpoint is not None and leaves(hub, endpoint, KINDS[_kind(row)])


def _kind(row: NotificationRow | None) -> NotificationKind:
    return NotificationKind(row.kind) if row else NotificationKind.WITHDRAWN


def _invitation(claim: Claimed, task: TaskRow, at: datetime) -> rows.Row:
    """A mail without content, for an agency that is told by mail."""
    return rows.outbox_row(turn_of(task), at, kind=OutboxKind.INVITATION, task_id=claim.task_id)


def _telling(claim: Claimed, row: NotificationRow | None) -> Event:
    if row is not None:
        return step_event(row, "told")
    details = {"effect": str(claim.id), "task": str(claim.task_id)}
    return Event(
        type=EntryType.WITHDRAWAL,
        sender=claim.origin_agency_id,
        recipient=claim.recipient_agency_id,
        referral_id=claim.referral_id,
        outcome="told",
        details=details,
    )


def _document(
    task: TaskRow, row: NotificationRow | None, entry_id: UUID, at: datetime
) -> ReferralDocument:
    return ReferralDocument(
        kind=KINDS[_kind(row)],
        task_id=str(task.id),
        reference=task.reference,
        sender=Sender(str(task.origin_agency_id), task.origin_name),
        recipient_id=str(task.recipient_agency_id),
        issued_at=at,
        respond_by=row.due_at if row else None,
        priority=task.priority,
        purpose=task.purpose,
        log_entry=str(entry_id),
    )
