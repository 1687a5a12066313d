"""Put a held referral right: record what the person has now agreed, or what was decided for them,
and let the plan go on by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from consent.model import EventState, Purpose
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import SubjectKey
from referral_hub.domain.codes import NotificationKind, OutboxKind
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.transitions import DISCLOSED, TaskState
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.agreements import take, taken_rows
from referral_hub.services.disclose import WORKING, turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import require_in_use
from referral_hub.services.notify import Telling, to_recipients, together
from referral_hub.services.speaking_for import Taking
from referral_hub.services.stop_sharing import supersede
from referral_hub.store import change, referrals, register_items, withdrawals
from referral_hub.store.engine import Connection

Beside = Callable[[UUID, int], Mapping[str, Sequence[Any]]]


def record_agreement(
    hub: Hub,
    actor: Actor,
    referral_id: UUID,
    agreement: AgreementTaken,
    *,
    beside: Beside | None = None,
) -> int:
    """Append the person's agreement to the ledger and look again at every held slot.

    Where the recipients had an agreement before, it is a renewal: those who have the referral are
    told, and what was refused to them meanwhile is released by a fresh decision. Returns how many
    slots are looked at again. `beside` makes rows that are written with it, from the ledger event's
    id and that number. Raises NotFound, InvalidInput (words out of use), and Conflict when the
    referral was withdrawn.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.RECORD_AGREEMENT, situation)
        if referral.withdrawn_at is not None:
            raise Conflict("The agreement was withdrawn. Start a new referral if the person asks.")
        if referral.purpose == Purpose.SAFEGUARDING:
            raise Conflict("A safeguarding concern does not rest on the person's agreement.")
        adopted = register_items.notices_in_use(connection, actor.agency_id)
        words = require_in_use(agreement.told, adopted, at)
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        said = _as_renewal(connection, subject.id, agreement)
        taken = take(Taking(hub.keys, actor, key, referral_id, at), said, words)
        evidence, inserts = taken_rows(hub, actor, taken, key, at=at)
        again = look_again(connection, [referral_id], at)
        written: Mapping[str, Sequence[Any]] = {**inserts, "outbox": again}
        if said.state is EventState.RENEWED:
            telling = Telling(
                NotificationKind.RENEWED, taken.event_row["id"], evidence[0].entry["id"], at
            )
            tasks = referrals.tasks_of(connection, [referral_id])
            written = together(written, _renew(connection, tasks, said, telling))
        if beside is not None:
            written = {**written, **beside(taken.event_row["id"], len(again))}
        change.write(connection, change.Change(evidence, written))
    hub.doorbell.ring()
    return len(again)


def look_again(
    connection: Connection, referral_ids: Sequence[UUID], at: datetime
) -> list[rows.Row]:
    """Return an outbox row for each held task of these referrals: the plan goes on by itself."""
    return [
        rows.outbox_row(turn_of(task), at, kind=OutboxKind.ADVANCE, task_id=task.id)
        for task in referrals.tasks_of(connection, referral_ids)
        if task.state == TaskState.HELD
    ]


def _as_renewal(
    connection: Connection, subject_id: UUID, agreement: AgreementTaken
) -> AgreementTaken:
    """ISO/IEC TS 27560: given once, renewed when the same recipients had it before."""
    if agreement.state is not EventState.GIVEN:
        return agreement
    if not withdrawals.was_given(connection, subject_id, agreement.recipients):
        return agreement
    return replace(agreement, state=EventState.RENEWED)


def _renew(
    connection: Connection,
    tasks: Sequence[referrals.TaskRow],
    said: AgreementTaken,
    telling: Telling,
) -> Mapping[str, Sequence[Any]]:
    """Tell those who have the referral, and send what was refused since they took it on."""
    having = [task for task in tasks if task.state in DISCLOSED]
    theirs = [task for task in having if task.recipient_agency_id in said.recipients]
    everybody = len(theirs) == len(having)
    referral_id = tasks[0].referral_id
    supersede(connection, referral_id, telling.kind, None if everybody else said.recipients)
    rest = withdrawals.without_the_rest(
        connection, [task.id for task in theirs if task.state in WORKING]
    )
    more = [
        rows.outbox_row(turn_of(task), telling.at, kind=OutboxKind.ACCEPTANCE, task_id=task.id)
        for task in theirs
        if task.id in rest
    ]
    return together({"outbox": more}, to_recipients(telling, theirs))
