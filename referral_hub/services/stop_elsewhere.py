"""What else stops when a person changes their mind: the ledger is the person's, not one referral's.

An ending ends what was agreed with the agencies that it names, for every referral of the person at
this sender. So whatever another referral has unsent for them stops in the same transaction, whoever
has it is told under its own reference, and its plan goes on with those that are still agreed to.
Nobody is left with a referral that they can no longer open and do not know why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from consent.model import Purpose
from referral_hub.domain.codes import NotificationKind
from referral_hub.domain.notifications import rule_of
from referral_hub.domain.transitions import ACTIVE, TaskState
from referral_hub.store import persons, referrals, withdrawals
from referral_hub.store.engine import Connection


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Tasks of the person's other referrals: that end, whose recipients are told, and slots to look
    at again; `referral_ids` are those that have any.
    """

    ends: Sequence[referrals.TaskRow] = ()
    told: Sequence[referrals.TaskRow] = ()
    again: Sequence[referrals.TaskRow] = ()
    in_flight: Mapping[UUID, datetime] = field(default_factory=dict)
    referral_ids: Sequence[UUID] = ()


def stop_elsewhere(
    connection: Connection,
    referral: referrals.ReferralRow,
    kind: NotificationKind,
    recipients: Collection[UUID],
    *,
    at: datetime,
) -> Elsewhere:
    """Return what stops in the person's other referrals, and cancel what is unsent of it.

    Every task of the person is locked (`withdrawals.lock_tasks_of_person`).
    """
    others = set(persons.referrals_of(connection, referral.subject_id)) - {referral.id}
    if not others:
        return Elsewhere()
    live = [
        other.id
        for other in referrals.several(connection, list(others))
        if other.withdrawn_at is None and other.purpose == Purpose.SUPPORT
    ]
    every = referrals.tasks_of(connection, live)
    theirs = [task for task in every if task.recipient_agency_id in recipients]
    active = [task for task in theirs if task.state in ACTIVE]
    whole = rule_of(kind).stops
    ends = [task for task in active if whole or task.state == TaskState.ROUTED]
    in_flight: dict[UUID, datetime] = {}
    touched = sorted({task.referral_id for task in active})
    for referral_id in sorted({task.referral_id for task in ends}):
        ids = [task.id for task in ends if task.referral_id == referral_id]
        in_flight |= withdrawals.cancel_unsent(connection, referral_id, at, tasks=ids)
    told = [task for task in active if task.released_at is not None or task.id in in_flight]
    held = [task for task in theirs if task.state == TaskState.HELD]
    return Elsewhere(ends, told, [*ends, *held], in_flight, touched)
