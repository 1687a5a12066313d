"""How long whoever is to move a task may stay silent, and what happens then. Pure, from a table.

Each open state has a clock, so none can end in silence. A clock is told from the task's history
each time and so cannot drift from what people read. Being asked for information stops the answer's
clock once; whoever asks again uses up its own time. The steps keep their distance: when the hub was
away, nobody is passed over without having been reminded first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from uuid import UUID

from referral_hub.domain.codes import AgencyKind, Priority
from referral_hub.domain.transitions import OPEN, Party, TaskState
from referral_hub.domain.working_days import Calendar
from referral_hub.domain.working_hours import NOTHING, Hours

OPENS, CLOSES = time(9), time(17)
MOST_REFUSALS = 3
ANYBODY = "any"


class TaskClock(StrEnum):
    """What is waited for."""

    DELIVER = "deliver"
    ANSWER = "answer"
    INFORMATION = "information"
    CONTACT = "contact"
    HELP = "help"
    HOLD = "hold"
    PUT_RIGHT = "put_right"


class Step(StrEnum):
    """What silence leads to, in this order."""

    REMIND = "remind"
    ESCALATE = "escalate"
    DUE = "due"


class WhenSilent(StrEnum):
    """What becomes of the task when its time is over: the plan goes on, or people must look."""

    NEXT = "next"
    SHOW = "show"


CLOCKS: dict[TaskState, TaskClock] = {
    TaskState.ROUTED: TaskClock.DELIVER,
    TaskState.OFFERED: TaskClock.ANSWER,
    TaskState.INFORMATION_ASKED: TaskClock.INFORMATION,
    TaskState.ACCEPTED: TaskClock.CONTACT,
    TaskState.IN_PROGRESS: TaskClock.HELP,
    TaskState.ON_HOLD: TaskClock.HOLD,
    TaskState.HELD: TaskClock.PUT_RIGHT,
}
WAITED_FOR: dict[TaskClock, Party] = {
    TaskClock.DELIVER: Party.HUB,
    TaskClock.ANSWER: Party.RECIPIENT,
    TaskClock.INFORMATION: Party.ORIGIN,
    TaskClock.CONTACT: Party.RECIPIENT,
    TaskClock.HELP: Party.RECIPIENT,
    TaskClock.HOLD: Party.RECIPIENT,
    TaskClock.PUT_RIGHT: Party.ORIGIN,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """The working time until each step, and what follows the last. A step without a time is not."""

    spans: Mapping[Step, timedelta]
    then: WhenSilent


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of a task's history: its id, the state it left, and when.

    `step` and `cause` are given where it was a step of the clock that the line `cause` began.
    """

    id: UUID
    state: TaskState
    at: datetime
    step: Step | None = None
    cause: UUID | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """The clock of a task: what began it, when its steps are due, and which were done.

    `due_at` is when its time is over; `next` the step that comes, None after the last.
    """

    clock: TaskClock
    began: UUID
    then: WhenSilent
    due_at: datetime
    next: tuple[Step, datetime] | None


def running(
    history: Sequence[Happened], *, recipient: AgencyKind, priority: Priority, calendar: Calendar
) -> Running | None:
    """Return the clock of a task after `history`, oldest first; None where its turn is over."""
    if not history or history[-1].state not in OPEN:
        return None
    entered = _entered(history)
    clock, began, paused_for = _now(entered)
    rule = terms(clock, recipient, priority)
    hours = Hours(calendar, OPENS, CLOSES)
    paused = sum((hours.between(*pause) for pause in paused_for), NOTHING)
    done = {h.step: h.at for h in history if h.cause == began.id and h.step is not None}
    return Running(
        clock=clock,
        began=began.id,
        then=rule.then,
        due_at=hours.after(began.at, rule.spans[Step.DUE] + paused),
        next=_next(rule, began.at, done, paused=paused, hours=hours),
    )


def terms(clock: TaskClock, recipient: AgencyKind, priority: Priority) -> Terms:
    """Return the terms of a clock; a recipient's own row goes before that of anybody."""
    table = table_of_terms()
    own = table.get((clock, recipient.value, priority))
    return own or table[clock, ANYBODY, priority]


def answer_due(
    at: datetime, *, recipient: AgencyKind, priority: Priority, calendar: Calendar
) -> datetime:
    """Return until when an offer that arrives `at` is to be answered."""
    span = terms(TaskClock.ANSWER, recipient, priority).spans[Step.DUE]
    return Hours(calendar, OPENS, CLOSES).after(at, span)


@cache
def table_of_terms() -> Mapping[tuple[TaskClock, str, Priority], Terms]:
    """Return the packaged table. Raises ValueError where a row is missing, twice or disordered."""
    text = files("referral_hub.domain").joinpath("task_clocks.csv").read_text(encoding="utf-8")
    return load_terms(csv.DictReader(text.splitlines()))


def load_terms(
    rows: Iterable[Mapping[str, str]],
) -> Mapping[tuple[TaskClock, str, Priority], Terms]:
    """Return the terms of a table's rows. Raises ValueError, naming the row and the column."""
    found: dict[tuple[TaskClock, str, Priority], Terms] = {}
    for row in rows:
        key = TaskClock(row["clock"]), _recipient(row["recipient"]), Priority(row["priority"])
        name = ", ".join(key)
        if key in found:
            raise ValueError(f"{name}: the row is there twice")
        if row["unit"] not in {"days", "hours"}:
            raise ValueError(f"{name}: unit must be days or hours")
        spans = {step: _span(row, step, name) for step in Step if row[step]}
        if list(spans.values()) != sorted(set(spans.values())) or Step.DUE not in spans:
            raise ValueError(f"{name}: remind, escalate and due must come one after the other")
        found[key] = Terms(MappingProxyType(spans), WhenSilent(row["then"]))
    for clock in TaskClock:
        for priority in Priority:
            if (clock, ANYBODY, priority) not in found:
                raise ValueError(f"{clock}, any, {priority}: the row is missing")
    return MappingProxyType(found)


def _recipient(name: str) -> str:
    return name if name == ANYBODY else AgencyKind(name).value


def _span(row: Mapping[str, str], step: Step, name: str) -> timedelta:
    given = row[step]
    if not given.isdecimal() or not 1 <= int(given) <= 250:
        raise ValueError(f"{name}: {step} must be a whole number from 1 to 250")
    hours_a_day = CLOSES.hour - OPENS.hour
    return timedelta(hours=int(given) * (hours_a_day if row["unit"] == "days" else 1))


def _entered(history: Sequence[Happened]) -> list[Happened]:
    """The lines by which the task came into another state."""
    found: list[Happened] = []
    for happened in history:
        if not found or happened.state is not found[-1].state:
            found.append(happened)
    return found


Pause = tuple[datetime, datetime]


def _now(entered: Sequence[Happened]) -> tuple[TaskClock, Happened, list[Pause]]:
    """The clock that runs now, what began it, and when the first question stopped it."""
    last = entered[-1]
    asked = [n for n, one in enumerate(entered) if one.state is TaskState.INFORMATION_ASKED]
    answering = {TaskState.OFFERED, TaskState.INFORMATION_ASKED}
    if last.state not in answering or asked == [len(entered) - 1]:
        return CLOCKS[last.state], last, []
    offered = next(one for one in entered if one.state is TaskState.OFFERED)
    if not asked:
        return TaskClock.ANSWER, offered, []
    return TaskClock.ANSWER, offered, [(entered[asked[0]].at, entered[asked[0] + 1].at)]


def _next(
    rule: Terms,
    began: datetime,
    done: Mapping[Step, datetime],
    *,
    paused: timedelta,
    hours: Hours,
) -> tuple[Step, datetime] | None:
    before: Step | None = None
    for step, span in rule.spans.items():
        if step not in done:
            planned = hours.after(began, span + paused)
            if before is None:
                return step, planned
            return step, max(planned, hours.after(done[before], span - rule.spans[before]))
        before = step
    return None
