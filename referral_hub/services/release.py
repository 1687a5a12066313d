"""The one door to plaintext for people: decide again, log, wait for the log, open, show the least.

The sender's staff may look at what their own agency sent; a recipient's staff see what was released
to their agency and is still permitted at this moment. Every look is a `view` entry that stands in
the log before a byte is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from consent.model import DataClass, Permit, Stage
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.records import ReleaseContext, SealedNote
from referral_hub.crypto.unseal import open_fields, open_note, open_released
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import DISCLOSED
from referral_hub.errors import Conflict, HubError
from referral_hub.services import record
from referral_hub.services.casework import case_of, record_context, stored_record, subject_of
from referral_hub.services.count_figures import note_came_back
from referral_hub.services.hub import Hub
from referral_hub.services.moves import note_context
from referral_hub.services.open_statements import (
    OpenedStatement,
    open_decisions,
    open_statements,
)
from referral_hub.services.own_surname import note_own_surname
from referral_hub.services.place import ask, decision_event, decision_row
from referral_hub.store import change, disclosures, messages, referrals, statements
from referral_hub.store.cases import CaseBatch, CaseRows, load
from referral_hub.store.change import LogRow


class Withheld(HubError):
    """The recipient may not see the record now. `reason` is a code; the text is plain words."""

    def __init__(self, reason: str, missing: str) -> None:
        self.reason = reason
        super().__init__(missing)


@dataclass(frozen=True, slots=True, repr=False)
class OpenedMessage:
    """A note between sender and recipient."""

    kind: str
    author_agency_id: UUID
    text: str
    at: datetime

    def __repr__(self) -> str:
        return "<OpenedMessage>"


@dataclass(frozen=True, slots=True, repr=False)
class OpenedRecord:
    """Fields by catalogue id; needs are per slot under `need.needs`."""

    fields: Mapping[str, Any]
    needs_by_slot: Mapping[int, Sequence[str]]
    messages: Sequence[OpenedMessage]
    entry_id: UUID
    statements: Sequence[OpenedStatement] = ()

    def __repr__(self) -> str:
        return "<OpenedRecord>"


@dataclass(frozen=True, slots=True, repr=False)
class OpenedTask:
    """What a recipient may see of a task now, by catalogue id, with its notes."""

    fields: Mapping[str, Any]
    messages: Sequence[OpenedMessage]
    stage: Stage
    until: datetime
    entry_id: UUID
    obligations: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<OpenedTask>"


def view_own(hub: Hub, actor: Actor, referral_id: UUID) -> OpenedRecord:
    """Open what the actor's own agency sent. Raises NotFound, LogUnavailable."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = referrals.one(connection, referral_id)
        situation = Situation(origin=row.origin_agency_id, author=row.author_user_id)
        access.require(actor, Permission.VIEW_SENT, situation)
        tasks = referrals.tasks_of(connection, [referral_id])
    with hub.database.working() as connection:
        found = load(connection, [referral_id], ()).cases[referral_id]
        notes = messages.of_tasks(connection, [task.id for task in tasks])
        written = statements.of_referral(connection, referral_id)
        decided = statements.decisions_of(connection, referral_id)
    classes = record.classes_of(found.sealed["field_ids"])
    entry_id = _look(hub, actor, found, classes=classes)
    stored = stored_record(found)
    shown = [name for name in stored.ciphertexts if name != record.KEPT_FIELD]
    opened = open_fields(hub.keys, stored, shown)
    fields = record.from_bytes(opened)
    note_own_surname(hub, actor, fields, entry_id)
    return OpenedRecord(
        fields=fields,
        needs_by_slot=record.needs_by_slot(opened),
        messages=_open_notes(hub, actor, tasks, notes),
        entry_id=entry_id,
        statements=[
            *open_statements(hub, stored.wrapped_subject_key, written),
            *open_decisions(hub, actor.agency_id, decided),
        ],
    )


def open_kept(hub: Hub, actor: Actor, referral_id: UUID) -> dict[str, Any]:
    """Return what the sender's own system said beside a referral, for that system alone.

    A look is logged where there is anything; of an erased person there is nothing. Raises
    NotFound, LogUnavailable.
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        row = referrals.one(connection, referral_id)
        situation = Situation(origin=row.origin_agency_id, author=row.author_user_id)
        access.require(actor, Permission.READ_REFERRAL, situation)
    if row.origin_agency_id != actor.agency_id:
        return {}
    with hub.database.working() as connection:
        found = load(connection, [referral_id], ()).cases[referral_id]
    erased = found.subject["wrapped_key"] is None
    if erased or record.KEPT_FIELD not in found.sealed["field_ids"]:
        return {}
    _look(hub, actor, found, classes=record.classes_of([record.KEPT_FIELD]))
    opened = open_fields(hub.keys, stored_record(found), [record.KEPT_FIELD])
    kept: dict[str, Any] = json.loads(json.loads(opened[record.KEPT_FIELD]))
    return kept


def open_task(
    hub: Hub, actor: Actor, task_id: UUID, *, leaving: Mapping[str, str] = MappingProxyType({})
) -> OpenedTask:
    """Open what was released to the actor's agency and is still permitted.

    `leaving` are details for the entry of a look whose document leaves the hub.

    Raises NotFound, Withheld (with the reason), Conflict (delivered to the agency's own system),
    LogUnavailable.
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        access.require(actor, Permission.OPEN_TASK, Situation(recipient=task.recipient_agency_id))
    with hub.database.working() as connection:
        batch = load(connection, [task.referral_id], [task.recipient_agency_id])
        releases = disclosures.of_task(connection, task_id)
        notes = messages.of_tasks(connection, [task_id])
    if task.state not in DISCLOSED:
        raise Conflict("This referral is no longer with you, so it cannot be opened.")
    stage = Stage.ACCEPTED if Stage.ACCEPTED.value in releases else Stage.OFFER
    release = releases.get(stage.value)
    if release is None or release["wrapped_keys"] is None:
        raise Conflict("This referral was delivered to your own system; open it there.")
    look = _Look(actor, looked_by(actor.role) | dict(leaving))
    permit, entry_id = _permit_now(hub, look, task, batch=batch, stage=stage)
    if release["record_version"] != batch.cases[task.referral_id].sealed["version"]:
        raise Conflict("Something in it was just corrected. Open it again in a minute.")
    opened = _open_released(hub, actor, task, batch=batch, release=release)
    allowed = {record.stored_field(name, task.slot) for name in permit.fields}
    shown = {name: value for name, value in opened.items() if name in allowed}
    fields = record.from_bytes(shown)
    if task.seen_at is None:
        at = hub.clock()
        with hub.database.one_worker_statement() as connection:
            referrals.note_seen(connection, [task_id], at)
        if task.recipient_agency_id == task.owner_agency_id:
            note_came_back(hub, actor, task_id, fields, at=at)
    note_own_surname(hub, actor, fields, entry_id)
    return OpenedTask(
        fields=fields,
        messages=_open_notes(hub, actor, [task], notes),
        stage=stage,
        until=permit.until,
        entry_id=entry_id,
        obligations=tuple(permit.obligations),
    )


def _look(hub: Hub, actor: Actor, found: CaseRows, *, classes: Iterable[DataClass]) -> UUID:
    """Log that the sender looks at its own record; the entry stands before this returns."""
    event = Event(
        type=EntryType.VIEW,
        sender=actor.agency_id,
        recipient=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject_of(found),
        referral_id=found.referral["id"],
        purpose="own_record",
        classes=tuple(sorted(classes)),
        outcome="permit",
        details=looked_by(actor.role),
    )
    return _logged(hub, actor, prepare(event, hub.keys, hub.clock()))


@dataclass(frozen=True, slots=True)
class _Look:
    """Who looks, and by which way, as the entry says it."""

    actor: Actor
    said: Mapping[str, str]


def _permit_now(
    hub: Hub, look: _Look, task: referrals.TaskRow, *, batch: CaseBatch, stage: Stage
) -> tuple[Permit, UUID]:
    at, actor = hub.clock(), look.actor
    case = case_of(batch, batch.cases[task.referral_id])
    decided = ask(case, task.recipient_agency_id, stage, role=actor.role.value, at=at)
    outcome = decided.outcome
    kind = EntryType.VIEW if isinstance(outcome, Permit) else EntryType.DECISION
    event = decision_event(
        case,
        (task.recipient_agency_id, decided),
        kind=kind,
        actor=(actor.agency_id, actor.user_id),
        details={"stage": stage.value, "task": str(task.id), **look.said},
    )
    entry_id = _logged(hub, actor, prepare(event, hub.keys, at))
    if not isinstance(outcome, Permit):
        raise Withheld(decision_row(outcome)["reason"], outcome.missing)
    return outcome, entry_id


def _logged(hub: Hub, actor: Actor, entry: LogRow) -> UUID:
    with hub.database.direct() as link:
        change.write_at_once(link, change.Change([entry]), acting_for=actor.agency_id)
    entry_id: UUID = entry.entry["id"]
    ensure_integrated(hub.database, hub.integrator, [entry_id])
    return entry_id


def _open_released(
    hub: Hub,
    actor: Actor,
    task: referrals.TaskRow,
    *,
    batch: CaseBatch,
    release: change.Row,
) -> dict[str, bytes]:
    found = batch.cases[task.referral_id]
    context = record_context(task.referral_id, release["record_version"], subject_of(found))
    return open_released(
        hub.keys,
        str(actor.agency_id),
        release["wrapped_keys"],
        ciphertexts=stored_record(found).ciphertexts,
        context=ReleaseContext(context, str(task.id), release["stage"]),
    )


def _open_notes(
    hub: Hub,
    actor: Actor,
    tasks: Sequence[referrals.TaskRow],
    notes: Sequence[messages.MessageRow],
) -> list[OpenedMessage]:
    by_id = {task.id: task for task in tasks}
    return [
        OpenedMessage(
            kind=note.kind,
            author_agency_id=note.author_agency_id,
            text=open_note(
                hub.keys,
                agency_id=str(actor.agency_id),
                context=note_context(by_id[note.task_id], str(note.id)),
                note=SealedNote(
                    wrapped_for_origin=note.wrapped_for_origin,
                    wrapped_for_recipient=note.wrapped_for_recipient,
                    key_commitment=note.key_commitment,
                    ciphertext=note.ciphertext,
                ),
            ).decode(),
            at=note.at,
        )
        for note in notes
    ]
