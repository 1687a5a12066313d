"""Put a held referral right: record what the person has now agreed, and let the plan go on by
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import SubjectKey, prepare
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.agreements import consent_log_event, take
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, referrals, withdrawals


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
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        taken = take(agreement, actor, subject_id=subject.id, referral_id=referral_id, at=at)
        held = [
            task
            for task in referrals.tasks_of(connection, [referral_id])
            if task.state == TaskState.HELD
        ]
        entry = prepare(consent_log_event(taken.event_row, actor, key), hub.keys, at)
        inserts: dict[str, list[Mapping[str, Any]]] = {
            "consent_event": [taken.event_row],
            "proxy_authority": [taken.proxy_row] if taken.proxy_row else [],
            "outbox": [
                rows.outbox_row(turn_of(task), at, kind=OutboxKind.ADVANCE, task_id=task.id)
                for task in held
            ],
        }
        change.write(connection, change.Change([entry], inserts))
    hub.doorbell.ring()
    return len(held)
