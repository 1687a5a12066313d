"""Move a slot on: after a decline, after a hold was put right, after a permit was no longer given.

Runs in the worker. The next candidate of the stored plan that is still open for business and that
consent permits gets a task; if none does, the slot is held with what is missing. The plan ends with
the accountable owner, so a slot never ends with nobody.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from consent.model import Outcome, Stage
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import OutboxKind, OutboxState
from referral_hub.domain.routing import Candidate
from referral_hub.domain.transitions import ACTIVE, Party, TaskEvent, TaskState, advance
from referral_hub.services import plan, rows
from referral_hub.services.casework import case_of, still_planned
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.place import ACTOR_ROLE_HUB, Case, Placement, ask, decision_row, place
from referral_hub.services.turns import log_considered, task_rows
from referral_hub.store import change, outbox, referrals
from referral_hub.store.cases import CaseBatch, load
from referral_hub.store.engine import Connection

TRY_AGAIN = frozenset({TaskState.HELD, TaskState.WITHHELD})


def advance_slot(hub: Hub, claim: outbox.Claimed) -> None:
    """Place the next candidate of the claimed slot and settle the claim, in one transaction."""
    at = hub.clock()
    with hub.database.working() as connection:
        batch = load(connection, [claim.referral_id], ())
        tasks = [
            task
            for task in referrals.tasks_of(connection, [claim.referral_id])
            if task.slot == claim.slot
        ]
        latest = max(tasks, key=lambda task: task.id)
        code = _why_not(batch, claim, tasks, latest)
        if code is None:
            code = _place_next(hub, connection, batch, latest=latest, at=at)
        state = OutboxState.DEAD if code == "plan_exhausted" else OutboxState.DELIVERED
        settled = outbox.Settlement(claim.id, claim.fence, state.value, code, at, at)
        outbox.settle(connection, [settled])


def _why_not(
    batch: CaseBatch,
    claim: outbox.Claimed,
    tasks: list[referrals.TaskRow],
    latest: referrals.TaskRow,
) -> str | None:
    if batch.cases[claim.referral_id].referral["withdrawn_at"] is not None:
        return "withdrawn"
    if any(task.state in ACTIVE for task in tasks):
        return "already_placed"
    return "closed" if latest.state == TaskState.CLOSED else None


def _place_next(
    hub: Hub, connection: Connection, batch: CaseBatch, *, latest: referrals.TaskRow, at: datetime
) -> str | None:
    case = case_of(batch, batch.cases[latest.referral_id])
    stored = batch.cases[latest.referral_id].referral["plan"]
    candidates = plan.from_json(stored)[latest.slot].candidates
    start = latest.position if latest.state in TRY_AGAIN else latest.position + 1
    open_ones = [
        (position, candidate)
        for position, candidate in enumerate(candidates)
        if position >= start and still_planned(batch, candidate.service_id)
    ]
    if not open_ones:
        return "plan_exhausted"
    placement = _choose(case, open_ones, at)
    if latest.state == TaskState.HELD:
        _settle_hold(hub, connection, case, latest=latest, placement=placement, at=at)
    else:
        _write_new(hub, connection, case, latest=latest, placement=placement, at=at)
    return None


def _choose(case: Case, open_ones: list[tuple[int, Candidate]], at: datetime) -> Placement:
    def ask_for(recipient: UUID) -> Outcome:
        return ask(case, recipient, Stage.OFFER, role=ACTOR_ROLE_HUB, at=at)

    return place(open_ones, ask_for)


def _settle_hold(
    hub: Hub,
    connection: Connection,
    case: Case,
    *,
    latest: referrals.TaskRow,
    placement: Placement,
    at: datetime,
) -> None:
    """A held task goes to its own recipient when it may, gives way to another, or stays held."""
    same = placement.chosen.candidate.agency_id == latest.recipient_agency_id
    if not placement.permitted:
        entries = log_considered(hub, case, latest.referral_id, placement, actor=None, at=at)
        change.write(connection, change.Change(list(entries.values())))
        referrals.refresh_decision(connection, latest.id, decision_row(placement.chosen.outcome))
        return
    event = TaskEvent.CLEAR if same else TaskEvent.REPLACE
    _move(hub, connection, latest, event=event, case=case, at=at)
    if same:
        entries = log_considered(hub, case, latest.referral_id, placement, actor=None, at=at)
        row = rows.outbox_row(turn_of(latest), at, kind=OutboxKind.OFFER, task_id=latest.id)
        change.write(connection, change.Change(list(entries.values()), {"outbox": [row]}))
        referrals.refresh_decision(connection, latest.id, decision_row(placement.chosen.outcome))
    else:
        _write_new(hub, connection, case, latest=latest, placement=placement, at=at)


def _move(
    hub: Hub,
    connection: Connection,
    task: referrals.TaskRow,
    *,
    event: TaskEvent,
    case: Case,
    at: datetime,
) -> None:
    state = advance(TaskState(task.state), event, Party.HUB)
    logged = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        subject=case.subject,
        referral_id=task.referral_id,
        outcome=state.value,
        details={"event": event.value, "task": str(task.id)},
    )
    entry = prepare(logged, hub.keys, at)
    history = rows.task_event_row(
        turn_of(task),
        at,
        task_id=task.id,
        event=event.value,
        state=state,
        entry_id=entry.entry["id"],
    )
    move = change.TaskMove(task.id, task.version, state.value, at)
    change.write(connection, change.Change([entry], {"task_event": [history]}, [move]))


def _write_new(
    hub: Hub,
    connection: Connection,
    case: Case,
    *,
    latest: referrals.TaskRow,
    placement: Placement,
    at: datetime,
) -> None:
    turn = rows.Turn(
        latest.referral_id,
        latest.slot,
        latest.origin_agency_id,
        latest.owner_agency_id,
        placement.chosen.candidate.agency_id,
    )
    entries = log_considered(hub, case, latest.referral_id, placement, actor=None, at=at)
    made = task_rows(turn, placement, entries, actor=None, at=at)
    inserts = {table: [row] for table, row in made.items()}
    change.write(connection, change.Change(list(entries.values()), inserts))
