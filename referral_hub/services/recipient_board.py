"""A recipient's board: what to answer, what to answer soon, what was accepted, what is in progress.

Nothing is opened here: a board has references, dates and states, and saying yes or no needs no
look at anybody's facts. A task is in one pile, so nothing has to be read twice; what has an answer
due within three days, or is late, stands apart from what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import TaskEvent
from referral_hub.services.hub import Hub
from referral_hub.services.own_room import Rooms, rooms_of
from referral_hub.services.task_inbox import recipients_moves
from referral_hub.store import boards, notifications, referrals
from referral_hub.store.engine import Connection
from referral_hub.store.referrals import TaskRow

SOON = timedelta(days=3)
FIRST, PAGE = 10, 25
_ON_THE_BOARD = (TaskEvent.ACCEPT, TaskEvent.CONTACT, TaskEvent.CLOSE, TaskEvent.DECLINE)
_WORKING = frozenset({TaskEvent.CONTACT, TaskEvent.CLOSE})


class Pile(StrEnum):
    """Where on the board a task lies, in the board's order."""

    DUE = "due"
    NEW = "new"
    ASKED = "asked"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Line:
    """A task on the board: what may be done with one press, and whether it must be acted on."""

    task: TaskRow
    answers: Sequence[TaskEvent]
    to_act_on: bool


@dataclass(frozen=True, slots=True)
class Heap:
    """The first lines of a pile, how many it has, and where it continues."""

    lines: Sequence[Line]
    many: int
    next: UUID | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Every open pile that has something, and the agency's rooms and cover."""

    heaps: Mapping[Pile, Heap]
    rooms: Rooms


def read_board(hub: Hub, actor: Actor) -> Board:
    """Return the agency's board. Four statements, however much there is. Raises Forbidden."""
    access.require(actor, Permission.LIST_TASKS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        placed = boards.first_of_each(connection, actor.agency_id, soon=at + SOON, most=FIRST)
        lines = _lines(connection, [one.id for one in placed])
        rooms = rooms_of(connection, actor.agency_id, at)
    heaps = {
        pile: Heap([lines[one.id] for one in here if one.id in lines], here[0].many)
        for pile in Pile
        if (here := [one for one in placed if one.pile == pile])
    }
    return Board(heaps, rooms)


def read_pile(hub: Hub, actor: Actor, pile: Pile, *, after: UUID | None = None) -> Heap:
    """Return a page of one pile; `many` counts the page alone. Raises Forbidden."""
    access.require(actor, Permission.LIST_TASKS)
    us, most = actor.agency_id, PAGE + 1
    with hub.database.acting_for(us) as connection:
        if pile is Pile.ENDED:
            ids = boards.ended(connection, us, after=after, most=most)
        else:
            soon = hub.clock() + SOON
            ids = boards.of_pile(connection, us, pile.value, soon=soon, page=(after, most))
        lines = _lines(connection, ids[:PAGE])
    shown = [lines[one] for one in ids[:PAGE] if one in lines]
    return Heap(shown, len(shown), ids[PAGE - 1] if len(ids) > PAGE else None)


def _lines(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Line]:
    tasks = referrals.tasks_by_id(connection, ids)
    told = {row.task_id for row in notifications.to_act_on(connection, ids)}
    return {task.id: Line(task, _answers(task), task.id in told) for task in tasks}


def _answers(task: TaskRow) -> tuple[TaskEvent, ...]:
    """What the board offers: yes or no, then the next step of the work and nothing beside it."""
    possible = recipients_moves(task)
    offered = tuple(event for event in _ON_THE_BOARD if event in possible)
    if TaskEvent.ACCEPT in offered:
        return tuple(event for event in offered if event not in _WORKING)
    return offered[:1]
