"""What the accountable council does with a part that does not go on: take it, have somebody else
asked, ask how it stands, put it on hold, take it back.

Taking and choosing end the turn that is on and leave the rest to the worker, which asks consent
anew for whoever comes next: the council decides who is asked, never what may be shared. Nothing is
opened here. A note to the sender says why, in the council's own words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.routing_model import Candidate
from referral_hub.domain.transitions import DISCLOSED, Party, TaskEvent, TaskState
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services import plan, rows
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.moves import Move, Note, move
from referral_hub.services.place import OWNER_CHOOSES
from referral_hub.store import change, referrals, task_clocks, withdrawals
from referral_hub.store.engine import Connection
from referral_hub.store.plan_agencies import names_of

ASK_AGAIN_AFTER = timedelta(hours=20)
WORDS_MOST = 500
REASON = "chosen_by_council"
MOVED_ON = "It has moved on since you opened the page. See how it stands now."
_LEAVING = "It is being sent at this moment. Try again in a few minutes."


class Steering(StrEnum):
    """What the council can do with a part of a referral."""

    TAKE = "take"
    ROUTE = "route"
    ASK = "ask"
    HOLD = "hold"
    RESUME = "resume"
    CLOSE = "close"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True)
class Steer:
    """A task as it was when the page was opened, and why it is steered. `position` is for ROUTE."""

    task_id: UUID
    version: int
    why: str
    position: int | None = None

    def __repr__(self) -> str:
        return f"<Steer {self.task_id}>"


def possible_for_owner(task: referrals.TaskRow) -> tuple[Steering, ...]:
    """Return what the accountable council may do with `task` now, in the order of the page."""
    state = TaskState(task.state)
    if state is TaskState.HELD:
        if task.reason == OWNER_CHOOSES:
            return (Steering.CLOSE,)  # whom to ask is chosen on a page of its own
        return Steering.TAKE, Steering.ROUTE, Steering.ASK, Steering.CLOSE
    own = task.recipient_agency_id == task.owner_agency_id
    found: list[Steering] = []
    if state in DISCLOSED | {TaskState.ROUTED} and not own:
        found += [Steering.TAKE, Steering.ROUTE]
        if state in DISCLOSED:
            found.append(Steering.ASK)
        found.append(Steering.TAKE_BACK)
    if state in {TaskState.ACCEPTED, TaskState.IN_PROGRESS}:
        found.append(Steering.HOLD)
    if state is TaskState.ON_HOLD:
        found.append(Steering.RESUME)
    if state in {TaskState.ACCEPTED, TaskState.IN_PROGRESS, TaskState.ON_HOLD}:
        found.append(Steering.CLOSE)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a referral, what may be done with it, and who else stands in its plan, by place."""

    task: referrals.TaskRow
    possible: tuple[Steering, ...]
    others: tuple[tuple[int, str], ...]


def see_part(hub: Hub, actor: Actor, task_id: UUID) -> Part:
    """Return a part that the council is accountable for. Raises NotFound, Forbidden."""
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        access.require(actor, Permission.STEER, Situation(owner=task.owner_agency_id))
        others = choices(connection, task)
        names = names_of(connection, {one.agency_id for _, one in others})
    listed = ((n, names[one.agency_id]) for n, one in others if one.agency_id in names)
    return Part(task, possible_for_owner(task), tuple(listed))


def steer(hub: Hub, actor: Actor, what: Steering, wanted: Steer) -> TaskState:
    """Do it, as the accountable council; returns the state after it.

    Raises NotFound, Conflict (it moved on, or asked a short while ago), InvalidInput (no words, or
    a place that is not in the plan). Closing is `answer_task.close_task`.
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        task_clocks.lock(connection, wanted.task_id)
        task = referrals.task(connection, wanted.task_id)
        access.require(actor, Permission.STEER, Situation(owner=task.owner_agency_id))
        if task.version != wanted.version or what not in possible_for_owner(task):
            raise Conflict(MOVED_ON)
        if what is Steering.ASK:
            return _ask(hub, connection, actor, task)
        if not wanted.why.strip() or len(wanted.why) > WORDS_MOST:
            raise InvalidInput({"why": (f"Say in at most {WORDS_MOST} characters why.",)})
        made = _move(connection, task, what, wanted)
        if task.state == TaskState.ROUTED:
            _stop_offer(connection, task, hub.clock())
        state = move(hub, connection, actor, task=task, wanted=made)
    hub.doorbell.ring()
    return state


def choices(connection: Connection, task: referrals.TaskRow) -> list[tuple[int, Candidate]]:
    """Return who stands in the plan of this part, by place, whoever has it now left out."""
    candidates = _candidates(connection, task)
    held = task.state == TaskState.HELD
    return [(n, one) for n, one in enumerate(candidates) if held or n != task.position]


def _candidates(connection: Connection, task: referrals.TaskRow) -> tuple[Candidate, ...]:
    stored = referrals.one(connection, task.referral_id).plan
    return plan.from_json(stored)[task.slot].candidates


def _move(connection: Connection, task: referrals.TaskRow, what: Steering, wanted: Steer) -> Move:
    note = _note(task, wanted.why.strip())
    if what is Steering.HOLD:
        return Move(event=TaskEvent.PAUSE, party=Party.OWNER, note=note)
    if what is Steering.RESUME:
        return Move(event=TaskEvent.RESUME, party=Party.OWNER, note=note)
    held = task.state == TaskState.HELD
    reached = (OutboxKind.REMINDER,) if task.released_at is not None else ()
    return Move(
        event=TaskEvent.REPLACE if held else TaskEvent.TAKE_BACK,
        party=Party.OWNER,
        reason=REASON,
        note=note,
        outbox=(OutboxKind.ADVANCE, *reached),
        next_position=_next(connection, task, what, wanted),
    )


def _stop_offer(connection: Connection, task: referrals.TaskRow, at: datetime) -> None:
    """Keep an unsent offer here. Raises Conflict while a worker is sending it."""
    if task_clocks.cancel_offers(connection, [task.id], at):
        return
    if task.id in withdrawals.leased(connection, task.referral_id, at):
        raise Conflict(_LEAVING)


def _next(
    connection: Connection, task: referrals.TaskRow, what: Steering, wanted: Steer
) -> int | None:
    if what is Steering.TAKE_BACK:
        return None
    if what is Steering.TAKE:
        candidates = _candidates(connection, task)
        last = len(candidates) - 1
        return last if candidates[last].agency_id == task.owner_agency_id else last + 1
    if wanted.position not in dict(choices(connection, task)):
        raise InvalidInput({"position": ("Choose one of the services in the plan.",)})
    return wanted.position


def _note(task: referrals.TaskRow, words: str) -> Note | None:
    """The reason, for the sender and whoever has it; nobody writes notes to itself."""
    if task.origin_agency_id == task.recipient_agency_id:
        return None
    return Note("steered", words)


def _ask(hub: Hub, connection: Connection, actor: Actor, task: referrals.TaskRow) -> TaskState:
    """Ask whoever must move how it stands, by a message without content."""
    at, state = hub.clock(), TaskState(task.state)
    if task_clocks.asked_since(connection, task.referral_id, task.id, at - ASK_AGAIN_AFTER):
        raise Conflict("They were asked less than a day ago. Give them until tomorrow.")
    sender = state in {TaskState.HELD, TaskState.INFORMATION_ASKED}
    reason = "asked_sender" if sender else "asked_recipient"
    event = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        referral_id=task.referral_id,
        outcome=state.value,
        details={"event": "inquire", "task": str(task.id), "reason": reason},
    )
    entry = prepare(event, hub.keys, at)
    happened = rows.Happened("inquire", state, entry.entry["id"], actor, reason)
    line = rows.task_event_row(turn_of(task), at, task_id=task.id, happened=happened)
    told = _told(task, at, sender=sender)
    change.write(connection, change.Change([entry], {"task_event": [line], "outbox": [told]}))
    hub.doorbell.ring()
    return state


def _told(task: referrals.TaskRow, at: datetime, *, sender: bool) -> rows.Row:
    """A mail, which nobody gets who did not choose mail."""
    agency = task.origin_agency_id if sender else task.recipient_agency_id
    turn = rows.Turn(
        task.referral_id, task.slot, task.origin_agency_id, task.owner_agency_id, agency
    )
    kind = OutboxKind.REMINDER if sender else OutboxKind.INVITATION
    return rows.outbox_row(turn, at, kind=kind, task_id=task.id)
