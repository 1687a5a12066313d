"""Where a child and a parent disagree, the accountable council decides, and says why.

The rules hold such a referral (R10) for its owner. A council officer of the owner decides that it
is shared or that it is not; the reasons are sealed for the two agencies, the decision is in the
log, and what was held is looked at again by itself. The limit: the council reads no word about the
child here; whoever decides has spoken with both of them.
"""

from __future__ import annotations

from datetime import datetime

from consent.model import ChildRecord, HoldReason
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.records import NoteContext
from referral_hub.crypto.seal import seal_note
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor, DecideForChild
from referral_hub.domain.ids import new_id
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.casework import case_of
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, referrals
from referral_hub.store.cases import load
from referral_hub.store.change import LogRow
from referral_hub.store.referrals import ReferralRow, TaskRow

NOTHING_TO_DECIDE = "Nothing of this referral waits for a decision about a child any more."


def disagreements(tasks: list[TaskRow]) -> list[TaskRow]:
    """Return the tasks that are held because a child and a parent disagree."""
    wanted = HoldReason.CHILD_AND_PARENT_DISAGREE.value
    return [task for task in tasks if task.state == TaskState.HELD and task.reason == wanted]


def decide_for_child(hub: Hub, actor: Actor, decided: DecideForChild) -> int:
    """Record the owner's decision and look again at every held part of the referral.

    Returns how many parts are looked at again. Raises NotFound, and Conflict when nothing waits for
    it or the council itself sent the referral.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, decided.referral_id)
        situation = Situation(origin=referral.origin_agency_id, owner=referral.owner_agency_id)
        access.require(actor, Permission.DECIDE_FOR_CHILD, situation)
        tasks = referrals.tasks_of(connection, [referral.id])
    held = disagreements(tasks)
    child = _child(hub, referral)
    if not held or child is None or child.decision_id or referral.withdrawn_at is not None:
        raise Conflict(NOTHING_TO_DECIDE)
    if referral.origin_agency_id == actor.agency_id:
        raise Conflict("Your own agency sent this referral, so its sender records what was agreed.")
    entry = prepare(_event(actor, referral, child, share=decided.share), hub.keys, at)
    row = _row(hub, actor, decided, (child, held[0], entry), at=at)
    again = [
        rows.outbox_row(turn_of(task), at, kind=OutboxKind.ADVANCE, task_id=task.id)
        for task in tasks
        if task.state == TaskState.HELD
    ]
    with hub.database.acting_for(actor.agency_id) as connection:
        written = change.Change([entry], {"child_decision": [row], "outbox": again})
        change.write(connection, written)
    hub.doorbell.ring()
    return len(again)


def _child(hub: Hub, referral: ReferralRow) -> ChildRecord | None:
    """Return what the sender recorded about the child; the owner reads codes and no words."""
    with hub.database.working() as connection:
        batch = load(connection, [referral.id], ())
    return case_of(batch, batch.cases[referral.id]).child


def _event(actor: Actor, referral: ReferralRow, child: ChildRecord, *, share: bool) -> Event:
    return Event(
        type=EntryType.CONSENT,
        sender=referral.origin_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        referral_id=referral.id,
        outcome="decided_to_share" if share else "decided_against",
        rules=("R10",),
        cites=(child.id,),
    )


def _row(
    hub: Hub,
    actor: Actor,
    decided: DecideForChild,
    about: tuple[ChildRecord, TaskRow, LogRow],
    *,
    at: datetime,
) -> change.Row:
    child, task, entry = about
    decision_id = new_id(at)
    context = NoteContext(
        note_id=str(decision_id),
        task_id=str(task.id),
        origin_agency=str(task.origin_agency_id),
        recipient_agency=str(task.owner_agency_id),
    )
    sealed = seal_note(hub.keys, context=context, text=decided.reasons.encode())
    return {
        "id": decision_id,
        "child_record_id": child.id,
        "task_id": task.id,
        "referral_id": task.referral_id,
        "origin_agency_id": task.origin_agency_id,
        "owner_agency_id": task.owner_agency_id,
        "share": decided.share,
        "wrapped_for_origin": sealed.wrapped_for_origin,
        "wrapped_for_owner": sealed.wrapped_for_recipient,
        "key_commitment": sealed.key_commitment,
        "ciphertext": sealed.ciphertext,
        "key_version": hub.keys.version_of(sealed.wrapped_for_origin),
        "decided_by": actor.user_id,
        "decided_at": at,
        "entry_id": entry.entry["id"],
    }
