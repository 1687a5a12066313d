"""Put a held referral right: record what the person has now agreed, or what was decided for them,
and let the plan go on by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from consent.model import Purpose
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import SubjectKey
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.agreements import take, taken_rows
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.speaking_for import Taking
from referral_hub.store import change, referrals, withdrawals
from referral_hub.store.engine import Connection


def record_agreement(hub: Hub, actor: Actor, referral_id: UUID, agreement: AgreementTaken) -> int:
    """Append the person's agreement to the ledger and look again at every held slot.

    Returns how many slots are looked at again. Raises NotFound, and Conflict when the referral was
    withdrawn.
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
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        taken = take(Taking(hub.keys, actor, key, referral_id, at), agreement)
        evidence, inserts = taken_rows(hub, actor, taken, key, at=at)
        again = look_again(connection, [referral_id], at)
        change.write(connection, change.Change(evidence, {**inserts, "outbox": again}))
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
