"""Release for the worker: decide again, log, wait for the log, and only then let anything leave.

A batch costs a fixed number of round trips: one read of the cases, one write of all log entries,
one integration, one write of what went to inboxes. What is permitted but bound for a partner system
is handed to `push`, which has no transaction open while it talks. A permit that is no longer given
turns into a withheld task and a fresh look at the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.contract import DocumentKind
from consent.model import Outcome, Permit, Stage
from referral_hub.audit.events import EntryType, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.records import ReleaseContext
from referral_hub.crypto.unseal import open_fields, release_fields
from referral_hub.domain.channels import handed_over
from referral_hub.domain.codes import AgencyKind, OutboxKind, OutboxState, Priority
from referral_hub.domain.ids import new_id
from referral_hub.domain.task_clocks import answer_due
from referral_hub.domain.transitions import TaskState
from referral_hub.domain.working_days import Nation
from referral_hub.services import record, rows
from referral_hub.services.calendars import calendars
from referral_hub.services.casework import case_of, stored_record
from referral_hub.services.hub import Hub
from referral_hub.services.outward import leaves
from referral_hub.services.place import ACTOR_ROLE_HUB, Case, ask, decision_event, decision_row
from referral_hub.store import change, disclosures, outbox, referrals
from referral_hub.store.cases import CaseBatch, CaseRows, load

WORKING = (TaskState.ACCEPTED, TaskState.IN_PROGRESS, TaskState.ON_HOLD)
ANSWERING = (TaskState.OFFERED, TaskState.INFORMATION_ASKED)
KINDS = {Stage.OFFER: DocumentKind.OFFER, Stage.ACCEPTED: DocumentKind.ACCEPTANCE}
EVENTS = {
    OutboxKind.OFFER: "deliver",
    OutboxKind.ACCEPTANCE: "deliver_accepted",
    OutboxKind.CORRECTION: "deliver_corrected",
}


@dataclass(frozen=True, slots=True, repr=False)
class Release:
    """One permitted disclosure on its way: the claim, the case, and what may be opened."""

    claim: outbox.Claimed
    task: referrals.TaskRow
    case: Case
    rows: CaseRows
    stage: Stage
    outcome: Outcome
    fields: tuple[str, ...]
    entry: change.LogRow
    respond_by: datetime | None

    def __repr__(self) -> str:
        return "<Release>"

    @property
    def permitted(self) -> bool:
        """Whether anything may be disclosed."""
        return isinstance(self.outcome, Permit) and bool(self.fields)

    @property
    def first(self) -> bool:
        """Whether this begins the recipient's turn; a correction repeats a stage within it."""
        return self.claim.kind is OutboxKind.OFFER


def disclose(hub: Hub, claims: Sequence[outbox.Claimed]) -> list[Release]:
    """Decide, log and integrate a batch; deliver what is bound for an inbox.

    Returns the permitted releases that are bound for a partner system. Raises LogUnavailable, and
    then nothing was disclosed.
    """
    hub = hub.for_one_use_case()
    at = hub.clock()
    with hub.database.working() as connection:
        tasks = {row.id: row for row in referrals.tasks_by_id(connection, _task_ids(claims))}
        batch = load(
            connection,
            {claim.referral_id for claim in claims},
            {claim.recipient_agency_id for claim in claims},
        )
        current = [c for c in claims if c.task_id and _still_wanted(c, tasks[c.task_id])]
        wanted = {claim.id for claim in current}
        stale = [claim for claim in claims if claim.id not in wanted]
        outbox.settle(connection, [_cancelled(claim, at) for claim in stale])
    releases = _decided(hub, current, tasks, batch=batch, at=at)
    _log(hub, releases, at)
    ready = [release for release in releases if release.permitted]
    ensure_integrated(hub.database, hub.integrator, [r.entry.entry["id"] for r in ready])
    bound = {r.claim.id for r in ready if _leaves(hub, batch, r)}
    _deliver_to_inboxes(hub, [r for r in ready if r.claim.id not in bound], at)
    return [r for r in ready if r.claim.id in bound]


def open_for_partner(hub: Hub, release: Release) -> Mapping[str, bytes]:
    """Open the permitted fields of a logged release, and no others, to seal for its partner."""
    return open_fields(hub.keys, stored_record(release.rows), release.fields)


def history_row(release: Release, at: datetime) -> rows.Row:
    """Return the task's line of history for a release."""
    task = release.task
    state = TaskState.OFFERED if release.first else TaskState(task.state)
    return rows.task_event_row(
        turn_of(task),
        at,
        task_id=task.id,
        happened=rows.Happened(
            event=EVENTS[release.claim.kind],
            state=state,
            entry_id=release.entry.entry["id"],
        ),
    )


def release_row(release: Release, at: datetime, wrapped: bytes | None, version: int | None) -> Any:
    """Return the row that says what went, under which log entry."""
    return {
        "id": new_id(at),
        "task_id": release.task.id,
        "referral_id": release.task.referral_id,
        "record_version": release.rows.sealed["version"],
        "origin_agency_id": release.task.origin_agency_id,
        "recipient_agency_id": release.task.recipient_agency_id,
        "stage": release.stage.value,
        "field_ids": list(release.fields),
        "wrapped_keys": wrapped,
        "key_version": version,
        "entry_id": release.entry.entry["id"],
        "effect_id": release.claim.id,
        "at": at,
    }


def disclosure_of(release: Release, row: Mapping[str, Any], at: datetime) -> disclosures.Disclosure:
    """Return what the store needs to record a release and settle its outbox row."""
    offer = release.first
    states = [TaskState.ROUTED] if offer else WORKING
    if release.claim.kind is OutboxKind.CORRECTION:
        states = [TaskState(release.task.state)]
    return disclosures.Disclosure(
        release=row,
        history=history_row(release, at),
        effect_id=release.claim.id,
        fence=release.claim.fence,
        states=[state.value for state in states],
        next_state=TaskState.OFFERED.value if offer else None,
        due_at=release.respond_by if offer else None,
    )


def turn_of(task: referrals.TaskRow) -> rows.Turn:
    """Return whose turn `task` is."""
    return rows.Turn(
        task.referral_id,
        task.slot,
        task.origin_agency_id,
        task.owner_agency_id,
        task.recipient_agency_id,
    )


def _task_ids(claims: Sequence[outbox.Claimed]) -> list[UUID]:
    return [claim.task_id for claim in claims if claim.task_id]


def _still_wanted(claim: outbox.Claimed, task: referrals.TaskRow) -> bool:
    if claim.kind is OutboxKind.OFFER:
        return task.state == TaskState.ROUTED
    if claim.kind is OutboxKind.CORRECTION:
        return task.state in (*ANSWERING, *WORKING)
    return task.state in WORKING


def _stage(claim: outbox.Claimed, task: referrals.TaskRow) -> Stage:
    if claim.kind is OutboxKind.CORRECTION:
        return Stage.ACCEPTED if task.state in WORKING else Stage.OFFER
    return Stage.OFFER if claim.kind is OutboxKind.OFFER else Stage.ACCEPTED


def _cancelled(claim: outbox.Claimed, at: datetime) -> outbox.Settlement:
    return outbox.Settlement(claim.id, claim.fence, OutboxState.CANCELLED.value, "moved_on", at, at)


def _decided(
    hub: Hub,
    claims: Sequence[outbox.Claimed],
    tasks: Mapping[UUID, referrals.TaskRow],
    *,
    batch: CaseBatch,
    at: datetime,
) -> list[Release]:
    """Decide each claim anew, over facts that the tasks of one referral share."""
    cases: dict[UUID, Case] = {}
    made: list[Release] = []
    for claim in claims:
        if claim.task_id is None:
            continue
        case = cases.get(claim.referral_id)
        if case is None:
            case = cases[claim.referral_id] = case_of(batch, batch.cases[claim.referral_id])
        made.append(_decide(hub, claim, tasks[claim.task_id], (case, batch), at=at))
    return made


def _decide(
    hub: Hub,
    claim: outbox.Claimed,
    task: referrals.TaskRow,
    known: tuple[Case, CaseBatch],
    *,
    at: datetime,
) -> Release:
    case, stage = known[0], _stage(claim, task)
    found = known[1].cases[claim.referral_id]
    decided = ask(case, task.recipient_agency_id, stage, role=ACTOR_ROLE_HUB, at=at)
    outcome = decided.outcome
    permitted = outcome.fields if isinstance(outcome, Permit) else ()
    fields = record.releasable(permitted, found.sealed["field_ids"], task.slot)
    kind = EntryType.RELEASE if fields else EntryType.DECISION
    standing = known[1].standings[task.recipient_agency_id]
    away = leaves(hub, standing, KINDS[stage])
    said = {"stage": stage.value, "effect": str(claim.id), "task": str(task.id)}
    event = decision_event(
        case,
        (task.recipient_agency_id, decided),
        kind=kind,
        details=said | handed_over(standing["transport"], leaves=away, sealed=standing["sealed"]),
    )
    return Release(
        claim=claim,
        task=task,
        case=case,
        rows=found,
        stage=stage,
        outcome=outcome,
        fields=fields,
        entry=prepare(event, hub.keys, at),
        respond_by=_respond_by(hub, task, known[1], at=at)
        if claim.kind is OutboxKind.OFFER
        else task.due_at,
    )


def _respond_by(hub: Hub, task: referrals.TaskRow, batch: CaseBatch, *, at: datetime) -> datetime:
    """Until when an offer that arrives now is to be answered; the worker's clock says the same."""
    recipient = batch.standings[task.recipient_agency_id]
    return answer_due(
        at,
        recipient=AgencyKind(recipient["kind"]),
        priority=Priority(task.priority),
        calendar=calendars(hub)[Nation(recipient["nation"])],
    )


def _log(hub: Hub, releases: Sequence[Release], at: datetime) -> None:
    """Write every entry; what is no longer permitted is withheld in the same transaction."""
    if not releases:
        return
    refused = [release for release in releases if not release.permitted]
    moves = [_withhold(r, at) for r in refused if r.first]
    inserts = {
        "task_event": [_withheld_history(r, at) for r in refused],
        "outbox": [
            rows.outbox_row(turn_of(r.task), at, kind=OutboxKind.ADVANCE, task_id=r.task.id)
            for r in refused
            if r.first
        ],
    }
    written = change.Change([r.entry for r in releases], inserts, moves)
    with hub.database.working() as connection:
        change.write(connection, written)
        outbox.settle(connection, [_refused(r, at) for r in refused])


def _withhold(release: Release, at: datetime) -> change.TaskMove:
    return change.TaskMove(
        id=release.task.id,
        version=release.task.version,
        state=TaskState.WITHHELD.value,
        moved_at=at,
        reason=decision_row(release.outcome).get("reason", "nothing_to_release"),
    )


def _withheld_history(release: Release, at: datetime) -> rows.Row:
    offer = release.first
    return rows.task_event_row(
        turn_of(release.task),
        at,
        task_id=release.task.id,
        happened=rows.Happened(
            event="withhold",
            state=TaskState.WITHHELD if offer else TaskState(release.task.state),
            entry_id=release.entry.entry["id"],
            reason=decision_row(release.outcome).get("reason", "nothing_to_release"),
        ),
    )


def _refused(release: Release, at: datetime) -> outbox.Settlement:
    code = decision_row(release.outcome).get("reason", "nothing_to_release")
    state = OutboxState.CANCELLED if release.first else OutboxState.REFUSED
    return outbox.Settlement(release.claim.id, release.claim.fence, state.value, code, at, at)


def _leaves(hub: Hub, batch: CaseBatch, release: Release) -> bool:
    standing = batch.standings[release.task.recipient_agency_id]
    return leaves(hub, standing, KINDS[release.stage])


def _deliver_to_inboxes(hub: Hub, releases: Sequence[Release], at: datetime) -> None:
    made = []
    for release in releases:
        stored = stored_record(release.rows)
        blob = release_fields(
            hub.keys,
            stored,
            release.fields,
            recipient_agency_id=str(release.task.recipient_agency_id),
            context=ReleaseContext(stored.context, str(release.task.id), release.stage.value),
        )
        row = release_row(release, at, blob, hub.keys.version_of(blob))
        invitation = rows.outbox_row(
            turn_of(release.task), at, kind=OutboxKind.INVITATION, task_id=release.task.id
        )
        made.append(replace(disclosure_of(release, row, at), invitation=invitation))
    with hub.database.one_worker_statement() as connection:
        disclosures.record(connection, made, sent=False)
