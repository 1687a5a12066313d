"""Nobody is forgotten: who is silent is reminded, then the council hears of it, then the plan goes
on; and what a provider that stopped had in hand is asked for elsewhere.

Runs in the worker, about once a minute. A batch is one transaction: the step, its log entry, its
line of history, what is sent and the next step stand or fall together. A worker killed at any
statement has told nobody twice and forgotten nobody, and two workers share the tasks between them.
What is sent names no person; whether a person may be contacted silences nobody who is to help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from consent.policy import current_policy
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import AgencyKind, OutboxKind, Priority
from referral_hub.domain.task_clocks import (
    WAITED_FOR,
    Happened,
    Running,
    Step,
    WhenSilent,
    running,
)
from referral_hub.domain.transitions import DISCLOSED, Party, TaskEvent, TaskState, advance
from referral_hub.domain.working_days import Calendar, Nation
from referral_hub.domain.working_hours import LONDON
from referral_hub.services import rows
from referral_hub.services.calendars import calendars
from referral_hub.services.hub import Hub
from referral_hub.store import change, task_clocks
from referral_hub.store.engine import Connection
from referral_hub.store.task_clocks import ClockedRow, LineRow, Wound

BATCH = 100
LOOK_AGAIN = timedelta(minutes=2)
_STEPS = {step.value: step for step in Step} | {TaskEvent.EXPIRE.value: Step.DUE}

Round = Callable[[Hub, Connection], tuple[int, int]]
Ways = Mapping[UUID, set[str]]


@dataclass(slots=True)
class _Written:
    """What a batch writes, in one statement with its log entries."""

    hub: Hub
    at: datetime
    evidence: list[change.LogRow] = field(default_factory=list)
    history: list[rows.Row] = field(default_factory=list)
    outbox: list[rows.Row] = field(default_factory=list)
    moves: list[change.TaskMove] = field(default_factory=list)

    def write(self, connection: Connection) -> None:
        inserts = {"task_event": self.history, "outbox": self.outbox}
        if self.evidence:
            change.write(connection, change.Change(self.evidence, inserts, self.moves))


@dataclass(frozen=True, slots=True)
class _Taken:
    """Something that happens to a task by itself: the event, the state after it, why, and what
    began the clock whose step it is.
    """

    event: str
    state: TaskState
    reason: str | None
    cause: UUID | None = None


def keep_clocks(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Tell every clock, take every step that is due; returns how many tasks that concerned."""
    hub = hub.for_one_use_case()
    taken = 0
    for work in (_stop, _stepping(task_clocks.unwound), _stepping(task_clocks.due)):
        while go_on():
            with hub.database.working() as connection:
                found, done = work(hub, connection)
            taken += done
            if found < BATCH:
                break
    if taken:
        hub.doorbell.ring()
    return taken


def _stop(hub: Hub, connection: Connection) -> tuple[int, int]:
    """End the turns of recipients that stopped, and before they accepted of those that paused."""
    at = hub.clock()
    why = task_clocks.gone(
        connection,
        at=at,
        today=at.astimezone(LONDON).date(),
        insured={kind.value for kind in current_policy().insured},
        most=BATCH,
    )
    tasks = task_clocks.rows(connection, list(why))
    ready = _not_under_way(connection, tasks, at)
    ways = task_clocks.ways(connection, {task.recipient_agency_id for task in ready})
    written = _Written(hub, at)
    for task in ready:
        state = advance(TaskState(task.state), TaskEvent.STOP, Party.HUB)
        _note(written, task, _Taken(TaskEvent.STOP.value, state, why[task.id]))
        _move_on(written, task, (state, why[task.id]), ways)
    written.write(connection)
    return (len(why) if ready else 0), len(ready)


def _stepping(find: task_clocks.Find) -> Round:
    def work(hub: Hub, connection: Connection) -> tuple[int, int]:
        at = hub.clock()
        ids = find(connection, at, BATCH)
        return len(ids), _step(hub, connection, ids, at) if ids else 0

    return work


def _step(hub: Hub, connection: Connection, ids: Sequence[UUID], at: datetime) -> int:
    """Take the steps of these tasks that are due, and say of each task what comes next."""
    tasks = task_clocks.rows(connection, ids)
    lines, known = task_clocks.history(connection, tasks), calendars(hub)
    clocks = {task.id: _clock(task, lines[task.id], known) for task in tasks}
    late = [task for task in tasks if _late(clocks[task.id], at)]
    moving = [task for task in late if _moves_on(task, clocks[task.id])]
    ready = _not_under_way(connection, moving, at)
    steps = [task for task in late if task not in moving or task in ready]
    ways = task_clocks.ways(connection, {party for task in steps for party in _parties(task)})
    written = _Written(hub, at)
    for task in steps:
        clock = clocks[task.id]
        if clock is not None and clock.next is not None:
            _take(written, task, clock=clock, step=clock.next[0], ways=ways)
    written.write(connection)
    for row in written.history:
        lines[row["task_id"]].append(_line(row))
    wound = [_wound(task, _clock(task, lines[task.id], known), at) for task in tasks]
    task_clocks.wind(connection, wound)
    return len(steps)


def _take(written: _Written, task: ClockedRow, *, clock: Running, step: Step, ways: Ways) -> None:
    if step is Step.DUE and _moves_on(task, clock):
        state = advance(TaskState(task.state), TaskEvent.EXPIRE, Party.HUB)
        taken = _Taken(TaskEvent.EXPIRE.value, state, None, clock.began)
        _note(written, task, taken)
        _move_on(written, task, (state, None), ways)
        return
    party = WAITED_FOR[clock.clock] if step is Step.REMIND else Party.OWNER
    agency = _agency(task, party)
    way = _way(task, party, ways.get(agency, set()))
    reason = f"told_{party}_{way}"
    _note(written, task, _Taken(step.value, TaskState(task.state), reason, clock.began))
    if way == "mail":
        own = party is Party.RECIPIENT
        kind = OutboxKind.INVITATION if own else OutboxKind.REMINDER
        turn = rows.Turn(
            task.referral_id, task.slot, task.origin_agency_id, task.owner_agency_id, agency
        )
        written.outbox.append(rows.outbox_row(turn, written.at, kind=kind, task_id=task.id))


def _note(written: _Written, task: ClockedRow, taken: _Taken) -> None:
    """Add the log entry and the line of history."""
    details = {"event": taken.event, "task": str(task.id)}
    if taken.reason is not None:
        details["reason"] = taken.reason
    event = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        referral_id=task.referral_id,
        outcome=taken.state.value,
        details=details,
    )
    entry = prepare(event, written.hub.keys, written.at)
    happened = rows.Happened(
        event=taken.event,
        state=taken.state,
        entry_id=entry.entry["id"],
        reason=taken.reason,
    )
    line = rows.task_event_row(_turn(task), written.at, task_id=task.id, happened=happened)
    written.evidence.append(entry)
    written.history.append(line | {"cause_id": taken.cause})


def _move_on(
    written: _Written, task: ClockedRow, ended: tuple[TaskState, str | None], ways: Ways
) -> None:
    """Add the move, what asks the next in the plan, and a mail to whoever had it."""
    state, reason = ended
    if task.released_at is not None and "mail" in ways.get(task.recipient_agency_id, set()):
        kind = OutboxKind.REMINDER
        written.outbox.append(rows.outbox_row(_turn(task), written.at, kind=kind, task_id=task.id))
    written.moves.append(
        change.TaskMove(task.id, task.version, state.value, written.at, reason=reason)
    )
    written.outbox.append(
        rows.outbox_row(_turn(task), written.at, kind=OutboxKind.ADVANCE, task_id=task.id)
    )


def _not_under_way(
    connection: Connection, tasks: Sequence[ClockedRow], at: datetime
) -> list[ClockedRow]:
    """Return those tasks of which nothing is leaving at this moment; what is unsent stays here."""
    unsent = [task.id for task in tasks if task.state == TaskState.ROUTED]
    ready = task_clocks.cancel_offers(connection, unsent, at)
    return [task for task in tasks if task.state != TaskState.ROUTED or task.id in ready]


def _clock(
    task: ClockedRow, lines: Sequence[LineRow], known: Mapping[Nation, Calendar]
) -> Running | None:
    history = [
        Happened(
            id=line.id,
            state=TaskState(line.state),
            at=line.at,
            step=_STEPS.get(line.event) if line.cause_id else None,
            cause=line.cause_id,
        )
        for line in lines
    ]
    return running(
        history,
        recipient=AgencyKind(task.recipient_kind),
        priority=Priority(task.priority),
        calendar=known[Nation(task.nation)],
    )


def _late(clock: Running | None, at: datetime) -> bool:
    return clock is not None and clock.next is not None and clock.next[1] <= at


def _moves_on(task: ClockedRow, clock: Running | None) -> bool:
    """Whether the plan goes on now; past the accountable owner there is nobody to go on to."""
    return (
        clock is not None
        and clock.next is not None
        and clock.next[0] is Step.DUE
        and clock.then is WhenSilent.NEXT
        and task.recipient_agency_id != task.owner_agency_id
    )


def _wound(task: ClockedRow, clock: Running | None, at: datetime) -> Wound:
    if clock is None:
        return Wound(task.id, None, None, None)
    if clock.next is None:
        return Wound(task.id, None, None, clock.due_at)
    step, step_at = clock.next
    return Wound(task.id, step.value, step_at if step_at > at else at + LOOK_AGAIN, clock.due_at)


def _line(row: rows.Row) -> LineRow:
    return LineRow(
        row["id"], row["task_id"], row["event"], row["state"], row["at"], row["cause_id"]
    )


def _parties(task: ClockedRow) -> tuple[UUID, UUID, UUID]:
    return task.origin_agency_id, task.owner_agency_id, task.recipient_agency_id


def _agency(task: ClockedRow, party: Party) -> UUID:
    if party is Party.RECIPIENT:
        return task.recipient_agency_id
    return task.origin_agency_id if party is Party.ORIGIN else task.owner_agency_id


def _way(task: ClockedRow, party: Party, known: set[str]) -> str:
    """How an agency is told: by mail or a callback where it chose that, else on its pages."""
    if "mail" in known and (party is not Party.RECIPIENT or task.state in DISCLOSED):
        return "mail"
    called = party is Party.ORIGIN or (party is Party.RECIPIENT and task.released_at is not None)
    return "callback" if called and "callback" in known else "page"


def _turn(task: ClockedRow) -> rows.Turn:
    return rows.Turn(
        task.referral_id,
        task.slot,
        task.origin_agency_id,
        task.owner_agency_id,
        task.recipient_agency_id,
    )
