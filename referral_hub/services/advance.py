"""Move a slot on: after a decline or silence, when a provider stopped, when the council chose,
after a hold was put right, after a permit was no longer given.

Runs in the worker. The next candidate of the stored plan that is still open for business and that
consent permits gets a task; if none does, the slot is held with what is missing. Who is left to be
asked is `domain.fallback`'s to say; the accountable owner always is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from consent.inputs import Decided
from consent.model import Stage
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import OutboxKind, OutboxState
from referral_hub.domain.fallback import Past, left
from referral_hub.domain.routing_model import Candidate, RouteReason
from referral_hub.domain.transitions import ACTIVE, Party, TaskEvent, TaskState, advance
from referral_hub.services import plan, rows
from referral_hub.services.casework import case_of, still_planned
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.place import ACTOR_ROLE_HUB, OWNER_CHOOSES, Case, Placement, ask, place
from referral_hub.services.turns import log_considered, task_rows
from referral_hub.store import change, outbox, referrals, withdrawals
from referral_hub.store.cases import CaseBatch, CaseRows, load
from referral_hub.store.engine import Connection


@dataclass(frozen=True, slots=True, repr=False)
class _Slot:
    """The slot being moved on: its case, its tasks, and the instant it is decided for."""

    hub: Hub
    connection: Connection
    case: Case
    tasks: Sequence[referrals.TaskRow]
    at: datetime

    @property
    def latest(self) -> referrals.TaskRow:
        """The newest task, whose turn ended or is held."""
        return self.tasks[-1]

    def __repr__(self) -> str:
        return "<_Slot>"


@dataclass(frozen=True, slots=True)
class _Looked:
    """Who would be asked next, or for which places the needs of one agency would go apart."""

    placement: Placement | None
    apart: Mapping[int, Placement] = field(default_factory=dict)

    @property
    def goes_apart(self) -> bool:
        """Whether the needs go on one by one."""
        return bool(self.apart)


def advance_slot(hub: Hub, claim: outbox.Claimed) -> None:
    """Place the next candidate of the claimed slot and settle the claim, in one transaction.

    The referral's tasks are locked first: a withdrawal comes entirely before or entirely after.
    """
    at = hub.clock()
    with hub.database.working() as connection:
        withdrawals.lock_tasks(connection, claim.referral_id)
        batch = load(connection, [claim.referral_id], ())
        turns = sorted(
            referrals.tasks_of(connection, [claim.referral_id]), key=lambda task: task.id
        )
        tasks = [task for task in turns if task.slot == claim.slot]
        code = _why_not(batch.cases[claim.referral_id], tasks)
        part = plan.from_json(batch.cases[claim.referral_id].referral["plan"])[claim.slot]
        if any(task.slot in part.then for task in turns):
            code = "already_apart"
        if code is None:
            case = case_of(batch, batch.cases[claim.referral_id])
            code = _place_next(batch, _Slot(hub, connection, case, tasks, at))
        state = OutboxState.DEAD if code == "plan_exhausted" else OutboxState.DELIVERED
        settled = outbox.Settlement(claim.id, claim.fence, state.value, code, at, at)
        outbox.settle(connection, [settled])


def _why_not(found: CaseRows, tasks: Sequence[referrals.TaskRow]) -> str | None:
    if found.referral["withdrawn_at"] is not None:
        return "withdrawn"
    if any(task.state in ACTIVE for task in tasks):
        return "already_placed"
    return "closed" if tasks[-1].state == TaskState.CLOSED else None


def goes_on(
    hub: Hub,
    connection: Connection,
    batch: CaseBatch,
    turns: Sequence[referrals.TaskRow],
    *,
    at: datetime,
) -> bool:
    """Tell whether a held slot, looked at now, would go on or would wait for something else.

    `turns` are the slot's, oldest first. It changes nothing; whoever is told yes has the slot
    advanced, which decides again and logs it.
    """
    found, latest = batch.cases[turns[-1].referral_id], turns[-1]
    if latest.state != TaskState.HELD or _why_not(found, turns) is not None:
        return False
    looked = _look(batch, _Slot(hub, connection, case_of(batch, found), turns, at))
    if isinstance(looked, str):
        return False
    placement = looked.placement
    if looked.goes_apart or placement is None or placement.permitted:
        return True
    return bool(placement.decision["reason"] != latest.decision.get("reason"))


def _place_next(batch: CaseBatch, slot: _Slot) -> str | None:
    looked = _look(batch, slot)
    if isinstance(looked, str):
        return looked
    if looked.goes_apart or looked.placement is None:
        _go_apart(slot, looked.apart)
    elif slot.latest.state == TaskState.HELD:
        _settle_hold(slot, looked.placement)
    else:
        _write_new(slot, looked.placement)
    return None


def _look(batch: CaseBatch, slot: _Slot) -> _Looked | str:
    """Return who would be asked now, or a code that says why nobody."""
    latest = slot.latest
    stored = batch.cases[latest.referral_id].referral["plan"]
    held = latest.state == TaskState.HELD
    if held and latest.decision.get("reason") == OWNER_CHOOSES:
        return OWNER_CHOOSES
    part = plan.from_json(stored)[latest.slot]
    at_place = latest.position if latest.next_position is None else latest.next_position
    taken = at_place >= len(part.candidates)  # by the council, from a part whose needs go apart
    owner = Candidate(None, latest.owner_agency_id, (RouteReason.OWNER_TAKES_IT,))
    open_ones = left(
        (*part.candidates, owner) if taken else part.candidates,
        list(map(_past, slot.tasks)),
        owner=latest.owner_agency_id,
        may_ask=lambda candidate: still_planned(batch, candidate.service_id, slot.at),
    )
    if not open_ones and not part.then:
        return "plan_exhausted"

    def ask_for(recipient: UUID) -> Decided:
        return ask(slot.case, recipient, Stage.OFFER, role=ACTOR_ROLE_HUB, at=slot.at)

    placement = place(open_ones, ask_for) if open_ones else None
    if part.then and not taken and (placement is None or not placement.permitted):
        apart = _apart(batch, slot, part.then, ask_for)
        if placement is None or not held or any(one.permitted for one in apart.values()):
            return _Looked(placement, apart)
    return "plan_exhausted" if placement is None else _Looked(placement)


def _apart(
    batch: CaseBatch, slot: _Slot, places: tuple[int, ...], ask_for: Callable[[UUID], Decided]
) -> dict[int, Placement]:
    """Return who would take each of the needs that one agency took together, by place."""
    stored = plan.from_json(batch.cases[slot.latest.referral_id].referral["plan"])
    return {
        index: place(
            [
                (position, candidate)
                for position, candidate in enumerate(stored[index].candidates)
                if candidate.agency_id == slot.latest.owner_agency_id
                or still_planned(batch, candidate.service_id, slot.at)
            ],
            ask_for,
        )
        for index in places
    }


def _go_apart(slot: _Slot, apart: Mapping[int, Placement]) -> None:
    """Needs that went to one agency together go on one by one: nobody is left for all of them."""
    if slot.latest.state == TaskState.HELD:
        _move(slot, TaskEvent.REPLACE)
    for index, placement in apart.items():
        _write_new(slot, placement, at_slot=index)


def _past(task: referrals.TaskRow) -> Past:
    return Past(
        position=task.position,
        service_id=task.service_id,
        state=TaskState(task.state),
        chosen=task.next_position,
        again=task.decision.get("from"),
    )


def _settle_hold(slot: _Slot, placement: Placement) -> None:
    """A held task goes to its own recipient when it may, gives way to another, or stays held."""
    latest = slot.latest
    same = placement.chosen.candidate.agency_id == latest.recipient_agency_id
    if placement.permitted and not same:
        _move(slot, TaskEvent.REPLACE)
        _write_new(slot, placement)
        return
    outbox_rows = []
    if placement.permitted:
        _move(slot, TaskEvent.CLEAR)
        outbox_rows = [
            rows.outbox_row(turn_of(latest), slot.at, kind=OutboxKind.OFFER, task_id=latest.id)
        ]
    entries = log_considered(slot.hub, slot.case, placement, actor=None, at=slot.at)
    change.write(slot.connection, change.Change(list(entries.values()), {"outbox": outbox_rows}))
    referrals.refresh_decision(slot.connection, latest.id, placement.decision)


def _move(slot: _Slot, event: TaskEvent) -> None:
    task = slot.latest
    state = advance(TaskState(task.state), event, Party.HUB)
    logged = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        subject=slot.case.subject,
        referral_id=task.referral_id,
        outcome=state.value,
        details={"event": event.value, "task": str(task.id)},
    )
    entry = prepare(logged, slot.hub.keys, slot.at)
    history = rows.task_event_row(
        turn_of(task),
        slot.at,
        task_id=task.id,
        happened=rows.Happened(event=event.value, state=state, entry_id=entry.entry["id"]),
    )
    move = change.TaskMove(task.id, task.version, state.value, slot.at)
    change.write(slot.connection, change.Change([entry], {"task_event": [history]}, [move]))


def _write_new(slot: _Slot, placement: Placement, *, at_slot: int | None = None) -> None:
    latest = slot.latest
    turn = rows.Turn(
        latest.referral_id,
        latest.slot if at_slot is None else at_slot,
        latest.origin_agency_id,
        latest.owner_agency_id,
        placement.chosen.candidate.agency_id,
    )
    entries = log_considered(slot.hub, slot.case, placement, actor=None, at=slot.at)
    made = task_rows(turn, placement, entries, actor=None, at=slot.at)
    inserts = {table: [row] for table, row in made.items()}
    change.write(slot.connection, change.Change(list(entries.values()), inserts))
