"""The life cycle of a task as data: (state, event) -> state, and whose move it is.

A task is one recipient's turn at one slot of a referral (FHIR Task). Everything that is not in the
table is refused, and refusing raises: a silent no-op would hide a lost update. `docs/life-cycle.md`
is generated from this table and a test walks every state with every event. Each state maps to a
FHIR R4 Task status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from referral_hub.errors import Conflict


class TaskState(StrEnum):
    """Where one recipient's turn stands."""

    HELD = "held"
    ROUTED = "routed"
    OFFERED = "offered"
    INFORMATION_ASKED = "information_asked"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    WITHDRAWN = "withdrawn"
    WITHHELD = "withheld"
    RETURNED = "returned"
    CLOSED = "closed"


class TaskEvent(StrEnum):
    """What can happen to a task."""

    CLEAR = "clear"
    DELIVER = "deliver"
    WITHHOLD = "withhold"
    ASK = "ask"
    ANSWER = "answer"
    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"
    CONTACT = "contact"
    PAUSE = "pause"
    RESUME = "resume"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    STOP = "stop"
    TAKE_BACK = "take_back"


class Party(StrEnum):
    """Whose move an event is."""

    ORIGIN = "origin"
    RECIPIENT = "recipient"
    OWNER = "owner"
    HUB = "hub"


@dataclass(frozen=True, slots=True)
class Transition:
    """One permitted move."""

    source: TaskState
    event: TaskEvent
    target: TaskState
    parties: frozenset[Party]


ACTIVE = frozenset(
    {
        TaskState.ROUTED,
        TaskState.OFFERED,
        TaskState.INFORMATION_ASKED,
        TaskState.ACCEPTED,
        TaskState.IN_PROGRESS,
        TaskState.ON_HOLD,
    }
)
OPEN = ACTIVE | {TaskState.HELD}
DISCLOSED = ACTIVE - {TaskState.ROUTED}

FHIR_STATUS: dict[TaskState, str] = {
    TaskState.HELD: "draft",
    TaskState.ROUTED: "requested",
    TaskState.OFFERED: "requested",
    TaskState.INFORMATION_ASKED: "on-hold",
    TaskState.ACCEPTED: "accepted",
    TaskState.IN_PROGRESS: "in-progress",
    TaskState.ON_HOLD: "on-hold",
    TaskState.DECLINED: "rejected",
    TaskState.NO_ANSWER: "failed",
    TaskState.WITHDRAWN: "cancelled",
    TaskState.WITHHELD: "failed",
    TaskState.RETURNED: "cancelled",
    TaskState.CLOSED: "completed",
}


def _rows() -> tuple[Transition, ...]:
    state, event, party = TaskState, TaskEvent, Party
    hub, origin, owner, recipient = party.HUB, party.ORIGIN, party.OWNER, party.RECIPIENT
    answering = (state.OFFERED, state.INFORMATION_ASKED)
    working = (state.ACCEPTED, state.IN_PROGRESS)
    rows: list[tuple[TaskState, TaskEvent, TaskState, set[Party]]] = [
        (state.HELD, event.CLEAR, state.ROUTED, {hub}),
        (state.HELD, event.REPLACE, state.WITHHELD, {hub, owner}),
        (state.ROUTED, event.DELIVER, state.OFFERED, {hub}),
        (state.ROUTED, event.WITHHOLD, state.WITHHELD, {hub}),
        (state.ROUTED, event.EXPIRE, state.NO_ANSWER, {hub}),
        (state.OFFERED, event.ASK, state.INFORMATION_ASKED, {recipient}),
        (state.INFORMATION_ASKED, event.ASK, state.INFORMATION_ASKED, {recipient}),
        (state.INFORMATION_ASKED, event.ANSWER, state.OFFERED, {origin, owner}),
        (state.ON_HOLD, event.RESUME, state.IN_PROGRESS, {recipient, owner}),
        (state.ON_HOLD, event.CLOSE, state.CLOSED, {recipient, owner}),
        (state.ACCEPTED, event.CONTACT, state.IN_PROGRESS, {recipient}),
        (state.HELD, event.CLOSE, state.CLOSED, {owner}),
    ]
    rows += [(s, event.ACCEPT, state.ACCEPTED, {recipient}) for s in answering]
    rows += [(s, event.DECLINE, state.DECLINED, {recipient}) for s in answering]
    rows += [(s, event.EXPIRE, state.NO_ANSWER, {hub, owner}) for s in answering]
    rows += [(s, event.DECLINE, state.DECLINED, {recipient}) for s in working]
    rows += [(s, event.PAUSE, state.ON_HOLD, {recipient, owner}) for s in working]
    rows += [(s, event.CLOSE, state.CLOSED, {recipient, owner}) for s in working]
    rows += [(s, event.STOP, state.RETURNED, {hub}) for s in TaskState if s in ACTIVE]
    rows += [(s, event.TAKE_BACK, state.RETURNED, {owner}) for s in TaskState if s in ACTIVE]
    rows += [(s, event.WITHDRAW, state.WITHDRAWN, {origin}) for s in TaskState if s in OPEN]
    return tuple(Transition(a, b, c, frozenset(d)) for a, b, c, d in rows)


TRANSITIONS: tuple[Transition, ...] = _rows()
_TABLE = {(row.source, row.event): row for row in TRANSITIONS}


def advance(source: TaskState, event: TaskEvent, by: Party) -> TaskState:
    """Return the state after `event` by `by`.

    Raises Conflict when the table has no such move, or it is not this party's.
    """
    row = _TABLE.get((source, event))
    if row is None:
        raise Conflict(f"A task that is {source} cannot be moved by '{event}'.")
    if by not in row.parties:
        raise Conflict(f"'{event}' is not a move for the {by} of this task.")
    return row.target


def possible(source: TaskState, by: Party) -> tuple[TaskEvent, ...]:
    """Return the events that `by` may cause from `source`, in the table's order."""
    return tuple(r.event for r in TRANSITIONS if r.source is source and by in r.parties)
