"""Open many tasks at once, for a recipient that takes its referrals away as a table.

Each task is decided again and has its own log entry, exactly as one that is opened alone; a batch
costs a fixed number of round trips. What is not permitted now is left out of the content and named
in the result. Nothing is opened before every entry stands in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from consent.model import Permit, Stage
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.records import ReleaseContext
from referral_hub.crypto.unseal import open_released
from referral_hub.domain.channels import in_a_file
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import DISCLOSED
from referral_hub.services import record
from referral_hub.services.casework import case_of, record_context, stored_record, subject_of
from referral_hub.services.hub import Hub
from referral_hub.services.place import ask, decision_event
from referral_hub.store import change, disclosures, referrals
from referral_hub.store.cases import CaseBatch, load
from referral_hub.store.change import LogRow
from referral_hub.store.referrals import TaskRow

MOST = 200


@dataclass(frozen=True, slots=True, repr=False)
class OpenedRow:
    """A task with what its recipient may see of it now; `fields` is None where it may not.

    Fields by catalogue id; `entry_id` is the log entry of the look, or of the refusal.
    """

    task: TaskRow
    fields: Mapping[str, Any] | None
    entry_id: UUID

    def __repr__(self) -> str:
        return f"<OpenedRow of task {self.task.id}>"


@dataclass(frozen=True, slots=True, repr=False)
class _Look:
    """One task that is about to be opened."""

    task: TaskRow
    stage: Stage
    release: change.Row
    permit: Permit | None
    entry: LogRow

    def __repr__(self) -> str:
        return "<_Look>"


def open_many(hub: Hub, actor: Actor, *, only_new: bool) -> list[OpenedRow]:
    """Open the agency's tasks that nobody there has opened yet, or all it has; the oldest first.

    At most `MOST` at once. Raises LogUnavailable, and then nothing was opened.
    """
    hub = hub.for_one_use_case()
    access.require(actor, Permission.OPEN_TASK, Situation(recipient=actor.agency_id))
    states = [state.value for state in DISCLOSED]
    with hub.database.acting_for(actor.agency_id) as connection:
        tasks = referrals.to_open(connection, states=states, only_new=only_new, most=MOST)
    if not tasks:
        return []
    with hub.database.working() as connection:
        batch = load(connection, {task.referral_id for task in tasks}, [actor.agency_id])
        releases = disclosures.of_tasks(connection, [task.id for task in tasks])
    at = hub.clock()
    looks = [
        _decide(hub, actor, (task, stage, release), batch=batch, at=at)
        for task in tasks
        if (found := _newest(batch, task, releases.get(task.id, {}))) is not None
        for stage, release in [found]
    ]
    if not looks:
        return []
    with hub.database.acting_for(actor.agency_id) as connection:
        change.write(connection, change.Change([look.entry for look in looks]))
    ensure_integrated(hub.database, hub.integrator, [look.entry.entry["id"] for look in looks])
    opened = [_open(hub, actor, look, batch) for look in looks]
    with hub.database.one_worker_statement() as connection:
        seen = [row.task.id for row in opened if row.fields is not None]
        referrals.note_seen(connection, seen, hub.clock())
    return opened


def _newest(
    batch: CaseBatch, task: TaskRow, releases: Mapping[str, change.Row]
) -> tuple[Stage, change.Row] | None:
    """The release that stands for the task now; None for what went to a system of its own, or was
    just corrected.
    """
    stage = Stage.ACCEPTED if Stage.ACCEPTED.value in releases else Stage.OFFER
    release = releases.get(stage.value)
    if release is None or release["wrapped_keys"] is None:
        return None
    current = batch.cases[task.referral_id].sealed["version"]
    return (stage, release) if release["record_version"] == current else None


def _decide(
    hub: Hub,
    actor: Actor,
    found: tuple[TaskRow, Stage, change.Row],
    *,
    batch: CaseBatch,
    at: datetime,
) -> _Look:
    task, stage, release = found
    case = case_of(batch, batch.cases[task.referral_id])
    decided = ask(case, task.recipient_agency_id, stage, role=actor.role.value, at=at)
    permit = decided.outcome if isinstance(decided.outcome, Permit) else None
    event = decision_event(
        case,
        (task.recipient_agency_id, decided),
        kind=EntryType.VIEW if permit else EntryType.DECISION,
        actor=(actor.agency_id, actor.user_id),
        details={"stage": stage.value, "task": str(task.id)} | in_a_file(),
    )
    return _Look(task, stage, release, permit, prepare(event, hub.keys, at))


def _open(hub: Hub, actor: Actor, look: _Look, batch: CaseBatch) -> OpenedRow:
    entry_id: UUID = look.entry.entry["id"]
    if look.permit is None:
        return OpenedRow(look.task, None, entry_id)
    found = batch.cases[look.task.referral_id]
    context = record_context(
        look.task.referral_id, look.release["record_version"], subject_of(found)
    )
    opened = open_released(
        hub.keys,
        str(actor.agency_id),
        look.release["wrapped_keys"],
        ciphertexts=stored_record(found).ciphertexts,
        context=ReleaseContext(context, str(look.task.id), look.release["stage"]),
    )
    allowed = {record.stored_field(name, look.task.slot) for name in look.permit.fields}
    shown = {name: value for name, value in opened.items() if name in allowed}
    return OpenedRow(look.task, record.from_bytes(shown), entry_id)


def field_ids(rows: Sequence[OpenedRow]) -> frozenset[str]:
    """Return every field that any of the rows has."""
    return frozenset(name for row in rows for name in row.fields or ())
