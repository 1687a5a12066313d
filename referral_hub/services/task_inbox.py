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
from referral_hub.store import referrals

PAGE = 25


@dataclass(frozen=True, slots=True)
class TaskPage:
    """A page of tasks; `next` continues it, None at the end."""

    rows: Sequence[referrals.TaskRow]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task, its own history, and what its recipient may do now."""

    task: referrals.TaskRow
    history: Sequence[referrals.HistoryRow]
    moves: Sequence[TaskEvent]


def list_tasks(hub: Hub, actor: Actor, before: UUID | None = None) -> TaskPage:
    """Return the tasks that reached the agency, newest first."""
    access.require(actor, Permission.LIST_TASKS)
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = referrals.received_by(connection, actor.agency_id, before=before, most=PAGE + 1)
    shown = rows[:PAGE]
    return TaskPage(shown, shown[-1].id if len(rows) > PAGE else None)


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
    moves = possible(TaskState(task.state), Party.RECIPIENT)
    if task.recipient_agency_id == task.owner_agency_id:
        moves = tuple(event for event in moves if event is not TaskEvent.DECLINE)
    return TaskView(task, history, moves)
