"""Put a fact right (UK GDPR Article 16), and tell those who have it (Article 19).

The record gets a new version; the old one stays sealed and is shown to nobody. Recipients whose
disclosure held the fact are told that it was wrong, by reference; the right value reaches them as
every value does, by a fresh decision and a logged release, and only while the referral is with
them. The limits: facts that decide who may help at all (area, date of birth, NHS number, needs)
need a new referral, and recipients whose turn has ended keep the duty to destroy what they had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.correct import correct_record
from referral_hub.domain.codes import NotificationKind, OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import DISCLOSED, TaskState
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services import record, rows
from referral_hub.services.casework import stored_record, subject_of
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.notify import Telling, to_recipients, together
from referral_hub.store import change, referrals, withdrawals
from referral_hub.store.cases import CaseRows, load
from referral_hub.store.engine import Connection

CORRECTABLE = (
    "identity.first_name",
    "identity.family_name",
    "contact.address",
    "contact.phone",
    "contact.email",
    "need.task_note",
    "health.why",
)
KEEPING = DISCLOSED | {TaskState.CLOSED}
SAME = "This is what is recorded already"


@dataclass(frozen=True, slots=True, repr=False)
class Correction:
    """Which fact of a referral was wrong, and what is right."""

    referral_id: UUID
    field_id: str
    value: str

    def __repr__(self) -> str:
        return "<Correction (redacted)>"


def correct_fact(hub: Hub, actor: Actor, correction: Correction) -> tuple[str, ...]:
    """Correct a fact; returns the names of the recipients who are being told.

    Raises NotFound; InvalidInput for a fact that cannot be corrected here or is recorded so
    already; Conflict when the agreement was withdrawn or somebody else corrected it meanwhile.
    """
    if correction.field_id not in CORRECTABLE:
        raise InvalidInput({"fact": ("Select what was wrong",)})
    hub = hub.for_one_use_case()
    with hub.database.acting_for(actor.agency_id) as connection:
        withdrawals.lock_tasks(connection, correction.referral_id)
        referral = referrals.one(connection, correction.referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.CORRECT_FACT, situation)
        if referral.withdrawn_at is not None:
            raise Conflict("The agreement was withdrawn, so nothing is shared any more.")
        at = hub.clock()
        in_flight = withdrawals.leased(connection, referral.id, at)
        tasks = referrals.tasks_of(connection, [referral.id])
        holders = _holders(connection, correction, tasks, in_flight)
        made = _Made(correction, _case(hub, referral.id), holders, in_flight, at)
        change.write(connection, _change(hub, actor, made))
    hub.doorbell.ring()
    return tuple(dict.fromkeys(task.recipient_name for task in holders))


@dataclass(frozen=True, slots=True, repr=False)
class _Made:
    correction: Correction
    found: CaseRows
    holders: Sequence[referrals.TaskRow]
    in_flight: Mapping[UUID, datetime]
    at: datetime

    def __repr__(self) -> str:
        return "<_Made>"


def _holders(
    connection: Connection,
    correction: Correction,
    tasks: Sequence[referrals.TaskRow],
    in_flight: Mapping[UUID, datetime],
) -> list[referrals.TaskRow]:
    """Tasks whose recipient was told the fact and may keep it, or is being told it just now."""
    disclosed = {
        row.task_id
        for row in referrals.disclosures_of(connection, correction.referral_id)
        if correction.field_id in row.field_ids
    }
    return [
        task
        for task in tasks
        if (task.id in disclosed and task.state in KEEPING) or task.id in in_flight
    ]


def _case(hub: Hub, referral_id: UUID) -> CaseRows:
    with hub.database.working() as connection:
        return load(connection, [referral_id], ()).cases[referral_id]


def _change(hub: Hub, actor: Actor, made: _Made) -> change.Change:
    found, correction, at = made.found, made.correction, made.at
    value = record.to_bytes(correction.value)
    sealed = correct_record(hub.keys, stored_record(found), correction.field_id, value)
    if sealed is None:
        raise InvalidInput({"value": (SAME,)})
    logged = prepare(_event(actor, made, sealed.ciphertext_hash), hub.keys, at)
    entry_id = logged.entry["id"]
    telling = Telling(NotificationKind.CORRECTED, entry_id, entry_id, at, not_before=made.in_flight)
    again = [
        rows.outbox_row(
            turn_of(task),
            at,
            kind=OutboxKind.CORRECTION,
            task_id=task.id,
            due_at=made.in_flight.get(task.id),
        )
        for task in made.holders
        if task.state != TaskState.CLOSED
    ]
    field_ids = sorted(sealed.ciphertexts)
    version = {
        "referral_id": correction.referral_id,
        "version": found.sealed["version"] + 1,
        "origin_agency_id": found.referral["origin_agency_id"],
        "subject_id": found.referral["subject_id"],
        "wrapped_record_key": sealed.wrapped_record_key,
        "key_commitment": sealed.key_commitment,
        "ciphertext_hash": sealed.ciphertext_hash,
        "field_ids": field_ids,
        "ciphertexts": [sealed.ciphertexts[name] for name in field_ids],
    }
    own = {"sealed_record": [version], "outbox": again}
    return change.Change([logged], together(own, to_recipients(telling, made.holders)))


def _event(actor: Actor, made: _Made, ciphertext_hash: bytes) -> Event:
    return Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject_of(made.found),
        referral_id=made.correction.referral_id,
        fields=(made.correction.field_id,),
        outcome="corrected",
        ciphertext_hash=ciphertext_hash.hex(),
    )
