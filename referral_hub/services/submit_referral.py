"""Accept a referral: one read, one decision per recipient, one write, then the bell.

Everything that makes the referral true is one statement: the person, the sealed record, what the
person agreed to, a task per slot, the outbox rows and the log entries. A second submission of the
same draft finds the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import prepare
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import Actor, SubmitReferral
from referral_hub.domain.ids import new_reference
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict
from referral_hub.services import facts, plan, rows
from referral_hub.services.agreements import taken_rows
from referral_hub.services.count_figures import note_row
from referral_hub.services.draw_up import DrawnUp, draw_up, nhs_index
from referral_hub.services.hub import Hub
from referral_hub.services.never_ask import never_event
from referral_hub.services.place import decision_row
from referral_hub.services.turns import log_considered, task_rows
from referral_hub.store import change, referrals
from referral_hub.store.intake import Home, gather

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """What happened to one group of needs: whose turn it is, or why it waits.

    `considered` are all that were asked about, in order, each with its decision.
    """

    needs: tuple[NeedCode, ...]
    state: TaskState
    agency_id: UUID
    decision: Mapping[str, Any]
    considered: tuple[tuple[UUID, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """An accepted referral. `slots` is empty when an earlier submission was found."""

    referral_id: UUID
    reference: str
    slots: tuple[SlotOutcome, ...]


def submit_referral(hub: Hub, actor: Actor, command: SubmitReferral) -> Submitted:
    """Accept `command` for `actor`'s agency and return its reference.

    Raises Forbidden, InvalidInput (an area nobody owns, words out of use), KeyUnavailable,
    ServiceUnavailable.
    """
    access.require(actor, Permission.REFER)
    hub = hub.for_one_use_case()
    for _ in range(_ATTEMPTS):
        at = hub.clock()
        with hub.database.direct() as link:
            known = gather(
                link,
                actor.agency_id,
                home=Home(command.person.area, command.person.postcode),
                needs=command.needs,
                nhs_index=nhs_index(hub, actor, command.person.nhs_number),
            )
            drawn = draw_up(hub, actor, command, known=known, at=at)
            reference = new_reference()
            try:
                change.write_at_once(
                    link,
                    accepting(hub, actor, command, drawn=drawn, stamp=(reference, at)),
                    acting_for=actor.agency_id,
                )
            except change.AlreadyThere as clash:
                if "draft_id" in clash.constraint:
                    return _earlier(hub, actor, command.draft_id)
                continue
        hub.doorbell.ring()
        return Submitted(drawn.referral_id, reference, outcomes(drawn))
    raise Conflict("The referral could not be stored just now. Send it again; nothing is lost.")


def accepting(
    hub: Hub,
    actor: Actor,
    command: SubmitReferral,
    *,
    drawn: DrawnUp,
    stamp: tuple[str, datetime],
) -> change.Change:
    """Return everything that makes a referral true; `stamp` is its reference and instant."""
    at = stamp[1]
    evidence, said = taken_rows(hub, actor, drawn.taken, drawn.subject, at=at)
    if drawn.ruled_out:
        said_never = never_event(actor, drawn.subject, drawn.referral_id, drawn.ruled_out)
        evidence.append(prepare(said_never, hub.keys, at))
    inserts: dict[str, list[Mapping[str, Any]]] = {
        "subject": [_subject_row(hub, command, drawn, at)] if drawn.new_person else [],
        "referral": [_referral_row(actor, command, drawn, stamp)],
        "sealed_record": [_sealed_row(drawn)],
        **said,
        "task": [],
        "task_event": [],
        "outbox": [],
        "figure_note": [note_row(actor, command, drawn.slots, owner=drawn.owner, at=at)],
    }
    for slot, placement in enumerate(drawn.placements):
        turn = rows.Turn(
            drawn.referral_id,
            slot,
            actor.agency_id,
            drawn.owner,
            placement.chosen.candidate.agency_id,
        )
        entries = log_considered(hub, drawn.case, placement, actor=actor, at=at)
        evidence += entries.values()
        for table, row in task_rows(turn, placement, entries, actor=actor, at=at).items():
            inserts[table].append(row)
    known = drawn.ruled_out and not drawn.new_person
    ruled_out = [(drawn.subject.id, drawn.ruled_out)] if known else []
    return change.Change(evidence=evidence, inserts=inserts, ruled_out=ruled_out)


def _subject_row(
    hub: Hub, command: SubmitReferral, drawn: DrawnUp, at: datetime
) -> Mapping[str, Any]:
    return {
        "id": drawn.subject.id,
        "origin_agency_id": drawn.subject.owner,
        "wrapped_key": drawn.subject.wrapped,
        "key_version": hub.keys.version_of(drawn.subject.wrapped),
        "nhs_index": drawn.nhs_index,
        "never_share_with": sorted(drawn.ruled_out),
        "conflicts": [],
        "deceased": False,
        "minor_until": facts.minor_until(command.person.date_of_birth, at.date()),
        "created_at": at,
    }


def _referral_row(
    actor: Actor, command: SubmitReferral, drawn: DrawnUp, stamp: tuple[str, datetime]
) -> Mapping[str, Any]:
    return {
        "id": drawn.referral_id,
        "reference": stamp[0],
        "origin_agency_id": actor.agency_id,
        "owner_agency_id": drawn.owner,
        "subject_id": drawn.subject.id,
        "author_user_id": actor.user_id,
        "draft_id": command.draft_id,
        "priority": command.priority.value,
        "purpose": drawn.case.purpose.value,
        "plan": plan.to_json(drawn.slots),
        "created_at": stamp[1],
        "unsafe_to_contact": command.contact.unsafe,
    }


def _sealed_row(drawn: DrawnUp) -> Mapping[str, Any]:
    field_ids = sorted(drawn.sealed.ciphertexts)
    return {
        "referral_id": drawn.referral_id,
        "version": 1,
        "origin_agency_id": drawn.subject.owner,
        "subject_id": drawn.subject.id,
        "wrapped_record_key": drawn.sealed.wrapped_record_key,
        "key_commitment": drawn.sealed.key_commitment,
        "ciphertext_hash": drawn.sealed.ciphertext_hash,
        "field_ids": field_ids,
        "ciphertexts": [drawn.sealed.ciphertexts[name] for name in field_ids],
    }


def outcomes(drawn: DrawnUp) -> tuple[SlotOutcome, ...]:
    """Return what happened to each part; later places of the plan have not been asked."""
    return tuple(
        SlotOutcome(
            needs=slot.needs,
            state=TaskState.ROUTED if placement.permitted else TaskState.HELD,
            agency_id=placement.chosen.candidate.agency_id,
            decision=placement.decision,
            considered=tuple(
                (found.candidate.agency_id, decision_row(found.outcome))
                for found in placement.considered
            ),
        )
        for slot, placement in zip(drawn.slots, drawn.placements, strict=False)
    )


def _earlier(hub: Hub, actor: Actor, draft_id: UUID) -> Submitted:
    with hub.database.acting_for(actor.agency_id) as connection:
        found = referrals.by_draft(connection, draft_id)
    return Submitted(found.id, found.reference, ())
