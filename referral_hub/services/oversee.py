"""The accountable owner's view: every open task with state, age and next step, and what could not
be delivered.

Overseeing shows codes, ages and names of agencies; nothing of the record is opened, so no consent
is asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import OPEN, TaskState
from referral_hub.errors import Conflict
from referral_hub.services.casework import age_of
from referral_hub.services.hub import Hub
from referral_hub.services.next_steps import NextStep, next_step
from referral_hub.store import change, referrals, undelivered

PAGE = 50
SHOWN = OPEN | {TaskState.DECLINED, TaskState.NO_ANSWER, TaskState.WITHHELD}


@dataclass(frozen=True, slots=True)
class OpenTask:
    """One open task with its age in whole days and the next step."""

    task: referrals.TaskRow
    age_days: int
    overdue: bool
    next_step: NextStep


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page of open tasks, oldest first; `next` continues it."""

    rows: Sequence[OpenTask]
    next: UUID | None


def open_referrals(hub: Hub, actor: Actor, after: UUID | None = None) -> OpenPage:
    """Return what the agency is accountable for and is not finished, oldest first."""
    access.require(actor, Permission.OVERSEE)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = referrals.open_tasks_owned_by(
            connection,
            actor.agency_id,
            states=[state.value for state in OPEN],
            after=after,
            most=PAGE + 1,
        )
    shown = [
        OpenTask(
            task=row,
            age_days=age_of(row.created_at, at),
            overdue=row.due_at is not None and row.due_at < at,
            next_step=next_step(row.state, row.reason),
        )
        for row in rows[:PAGE]
    ]
    return OpenPage(shown, shown[-1].task.id if len(rows) > PAGE else None)


def list_undelivered(hub: Hub, actor: Actor) -> list[undelivered.UndeliveredRow]:
    """Return deliveries that gave up, in referrals that the agency is accountable for."""
    access.require(actor, Permission.OVERSEE)
    with hub.database.acting_for(actor.agency_id) as connection:
        return undelivered.listed(connection, PAGE)


def replay(hub: Hub, actor: Actor, outbox_id: UUID) -> None:
    """Try a delivery again under its old effect id. Raises NotFound, Conflict."""
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = undelivered.one(connection, outbox_id)
        access.require(actor, Permission.REPLAY, Situation(owner=row.owner_agency_id))
        if not undelivered.revive(connection, outbox_id, at):
            raise Conflict("Somebody else has tried this delivery again already.")
        event = Event(
            type=EntryType.ADMIN,
            sender=row.origin_agency_id,
            recipient=row.recipient_agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            referral_id=row.referral_id,
            outcome="replayed",
            details={"effect": str(row.id), "kind": row.kind},
        )
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
    hub.doorbell.ring()
