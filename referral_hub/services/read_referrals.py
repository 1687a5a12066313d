"""A sender's own referrals: states, history and what went, without opening anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.codes import OutboxKind, OutboxState
from referral_hub.domain.commands import Actor
from referral_hub.domain.deliveries import Progress, ReceiptState, receipt_state
from referral_hub.domain.transitions import TaskState
from referral_hub.services.hub import Hub
from referral_hub.store import notifications, referrals
from referral_hub.store.notifications import NotificationRow

PAGE = 25


@dataclass(frozen=True, slots=True)
class ReferralSummary:
    """A line of the sender's list: the newest task of each slot."""

    referral: referrals.ReferralRow
    tasks: Sequence[referrals.TaskRow]


@dataclass(frozen=True, slots=True)
class ReferralPage:
    """A page of summaries; `next` continues it, None at the end."""

    rows: Sequence[ReferralSummary]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class ReferralView:
    """Everything about a referral except its content."""

    referral: referrals.ReferralRow
    slots: Mapping[int, Sequence[referrals.TaskRow]]
    history: Sequence[referrals.HistoryRow]
    disclosures: Sequence[referrals.DisclosureRow]
    notifications: Sequence[NotificationRow]
    receipts: Mapping[UUID, ReceiptState | None]

    @property
    def current(self) -> list[referrals.TaskRow]:
        """The newest task of each slot."""
        return [tasks[-1] for tasks in self.slots.values()]


def list_referrals(hub: Hub, actor: Actor, before: UUID | None = None) -> ReferralPage:
    """Return the agency's referrals, newest first. Two statements, however many there are."""
    access.require(actor, Permission.LIST_REFERRALS)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = referrals.sent_by(connection, actor.agency_id, before=before, most=PAGE + 1)
        shown = rows[:PAGE]
        tasks = referrals.tasks_of(connection, [row.id for row in shown])
    summaries = [ReferralSummary(row, newest_turns(row, tasks)) for row in shown]
    return ReferralPage(summaries, shown[-1].id if len(rows) > PAGE else None)


def read_referral(
    hub: Hub, actor: Actor, referral_id: UUID, *, to: Permission = Permission.READ_REFERRAL
) -> ReferralView:
    """Return one referral that the actor's agency sent or is accountable for. Raises NotFound.

    `to` is what the page is for: a form that only the sender may send is shown to nobody else.
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        row = referrals.one(connection, referral_id)
        situation = Situation(
            author=row.author_user_id, origin=row.origin_agency_id, owner=row.owner_agency_id
        )
        access.require(actor, to, situation)
        tasks = referrals.tasks_of(connection, [referral_id])
        history = referrals.history_of(connection, referral_id)
        disclosed = referrals.disclosures_of(connection, referral_id)
        told = notifications.of_referral(connection, referral_id)
        carried = referrals.carried(connection, [task.id for task in tasks])
    slots = _slots(row, tasks)
    receipts = {task.id: _receipt(task, carried.get(task.id)) for task in tasks}
    return ReferralView(row, slots, history, disclosed, told, receipts)


def newest_turns(
    row: referrals.ReferralRow, tasks: Sequence[referrals.TaskRow]
) -> list[referrals.TaskRow]:
    """Return the newest task of each slot of a referral, of the tasks of several."""
    return [turns[-1] for turns in _slots(row, tasks).values()]


def _slots(
    row: referrals.ReferralRow, tasks: Sequence[referrals.TaskRow]
) -> dict[int, list[referrals.TaskRow]]:
    """Return the turns of each slot, oldest first; what a part's needs went through before they
    went on separately stands before each of them.
    """
    slots: dict[int, list[referrals.TaskRow]] = {}
    for task in tasks:
        if task.referral_id == row.id:
            slots.setdefault(task.slot, []).append(task)
    for place, part in enumerate(row.plan):
        later = [index for index in part.get("then", ()) if index in slots]
        before = slots.pop(place, []) if later else []
        for index in later:
            slots[index] = [*before, *slots[index]]
    return slots


def _receipt(task: referrals.TaskRow, carried: referrals.CarriedRow | None) -> ReceiptState | None:
    known = Progress(
        task_state=TaskState(task.state),
        seen=task.seen_at is not None,
        outbox_state=OutboxState(carried.state) if carried else None,
        last_code=carried.last_code if carried else None,
        by_mail=carried is not None and carried.kind == OutboxKind.INVITATION,
    )
    return receipt_state(known)
