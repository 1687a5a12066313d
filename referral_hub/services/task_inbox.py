"""A recipient's tasks: what reached the agency and whose move it is, without opening anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import Party, TaskEvent, TaskState, possible
from referral_hub.services.hub import Hub
from referral_hub.store import notifications, referrals
from referral_hub.store.notifications import NotificationRow

PAGE = 25


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of tasks; `next` continues it. `to_act_on` are tasks with something to act on."""

    rows: Sequence[referrals.TaskRow]
    next: UUID | None
    to_act_on: frozenset[UUID | None]


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task, its own history, what its recipient may do, and what it must act on."""

    task: referrals.TaskRow
    history: Sequence[referrals.HistoryRow]
    moves: Sequence[TaskEvent]
    told: Sequence[NotificationRow]


def list_tasks(hub: Hub, actor: Actor, before: UUID | None = None) -> TaskPage:
    """Return the tasks that reached the agency, newest first."""
    access.require(actor, Permission.LIST_TASKS)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = referrals.received_by(connection, actor.agency_id, before=before, most=PAGE + 1)
        shown = rows[:PAGE]
        told = notifications.to_act_on(connection, [row.id for row in shown])
    waiting = frozenset(row.task_id for row in told)
    return TaskPage(shown, shown[-1].id if len(rows) > PAGE else None, waiting)


def read_task(hub: Hub, actor: Actor, task_id: UUID) -> TaskView:
    """Return one task that reached the agency. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        access.require(actor, Permission.READ_TASK, Situation(recipient=task.recipient_agency_id))
        history = [
            row
            for row in referrals.history_of(connection, task.referral_id)
            if row.task_id == task_id
        ]
        told = notifications.to_act_on(connection, [task_id])
    return TaskView(task, history, recipients_moves(task), told)


def recipients_moves(task: referrals.TaskRow) -> tuple[TaskEvent, ...]:
    """Return what its recipient may do; whoever is accountable cannot pass a task on."""
    moves = possible(TaskState(task.state), Party.RECIPIENT)
    if task.recipient_agency_id == task.owner_agency_id:
        moves = tuple(event for event in moves if event is not TaskEvent.DECLINE)
    return moves
