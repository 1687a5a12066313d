"""Somebody was asked to choose who helps: the accountable council does, among those who may help.

What was proposed is the plan, with a reason for each place; the council's officer takes one of it.
The choice is in the log and the worker goes on from that place with a fresh consent decision: what
the person has not agreed to is not sent, whoever chose it. It is `steer`'s choice without words of
why, because the sender asked for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.routing_model import Candidate
from referral_hub.domain.transitions import Party, TaskEvent, TaskState
from referral_hub.errors import Conflict
from referral_hub.services import plan
from referral_hub.services.hub import Hub
from referral_hub.services.moves import Move, move
from referral_hub.services.place import OWNER_CHOOSES
from referral_hub.services.steer import REASON
from referral_hub.store import referrals
from referral_hub.store.plan_agencies import names_of
from referral_hub.store.referrals import TaskRow

NOTHING_TO_CHOOSE = "Nothing of this referral waits for a choice any more."


@dataclass(frozen=True, slots=True)
class Choosing:
    """A part of a referral that waits for a choice, and who may be chosen, in the plan's order.

    `agencies` are names by agency id.
    """

    task: TaskRow
    candidates: Sequence[Candidate]
    agencies: dict[UUID, str]

    @property
    def offered(self) -> list[tuple[int, Candidate]]:
        """Place and candidate of everybody whose agency is still there."""
        return [
            (position, candidate)
            for position, candidate in enumerate(self.candidates)
            if candidate.agency_id in self.agencies
        ]


def waits_for_choice(task: TaskRow) -> bool:
    """Tell whether nobody is asked before the owner has chosen."""
    return task.state == TaskState.HELD and task.reason == OWNER_CHOOSES


def to_choose(hub: Hub, actor: Actor, referral_id: UUID) -> tuple[Choosing, ...]:
    """Return every part that waits for the actor's council.

    Raises NotFound, Forbidden, and Conflict when none does.
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, owner=referral.owner_agency_id)
        access.require(actor, Permission.STEER, situation)
        waiting = [t for t in referrals.tasks_of(connection, [referral.id]) if waits_for_choice(t)]
        slots = plan.from_json(referral.plan)
        wanted = {c.agency_id for task in waiting for c in slots[task.slot].candidates}
        names = names_of(connection, wanted)
    if not waiting or referral.withdrawn_at is not None:
        raise Conflict(NOTHING_TO_CHOOSE)
    return tuple(Choosing(task, slots[task.slot].candidates, dict(names)) for task in waiting)


def choose_recipient(
    hub: Hub, actor: Actor, referral_id: UUID, *, slot: int, position: int
) -> None:
    """Take the candidate at `position` of the plan of `slot`.

    Raises NotFound, Forbidden, and Conflict when that part does not wait any more or the plan has
    no such place.
    """
    waiting = {one.task.slot: one for one in to_choose(hub, actor, referral_id)}
    chosen = waiting.get(slot)
    if chosen is None or position not in dict(chosen.offered):
        raise Conflict(NOTHING_TO_CHOOSE)
    made = Move(
        event=TaskEvent.REPLACE,
        party=Party.OWNER,
        reason=REASON,
        outbox=(OutboxKind.ADVANCE,),
        next_position=position,
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        move(hub, connection, actor, task=chosen.task, wanted=made)
    hub.doorbell.ring()
