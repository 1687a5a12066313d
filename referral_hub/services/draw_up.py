"""Decide everything about a referral that is about to be accepted; write nothing.

Routing proposes an order for each slot, consent is asked for each candidate, and the record is
sealed. The result is one value that `submit_referral` writes in one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from consent.inputs import Decided
from consent.model import PersonFlags, Stage
from referral_hub.audit.events import SubjectKey
from referral_hub.crypto.records import SealedRecord
from referral_hub.crypto.seal import seal_record
from referral_hub.crypto.subject import new_subject_key
from referral_hub.domain import routing
from referral_hub.domain.commands import Actor, SubmitReferral
from referral_hub.domain.ids import new_id
from referral_hub.domain.nhs_number import NhsNumber
from referral_hub.errors import InvalidInput
from referral_hub.services import facts, record
from referral_hub.services.agreements import Taken, take
from referral_hub.services.casework import concern_of, record_context
from referral_hub.services.directory_facts import services_in
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import from_json, require_in_use
from referral_hub.services.parts import held_for_owner, in_parts
from referral_hub.services.place import Case, Placement, ask
from referral_hub.services.plan import MOST_CANDIDATES
from referral_hub.services.speaking_for import Taking
from referral_hub.store.intake import Intake


@dataclass(frozen=True, slots=True, repr=False)
class DrawnUp:
    """Everything decided about a referral that is about to be written.

    `ruled_out` are agencies that the person says never to for the first time.
    """

    referral_id: UUID
    subject: SubjectKey
    new_person: bool
    taken: Taken | None
    slots: tuple[routing.Slot, ...]
    placements: tuple[Placement, ...]
    sealed: SealedRecord
    owner: UUID
    case: Case
    nhs_index: bytes | None
    ruled_out: frozenset[UUID]

    def __repr__(self) -> str:
        return "<DrawnUp>"


def draw_up(
    hub: Hub, actor: Actor, command: SubmitReferral, *, known: Intake, at: datetime
) -> DrawnUp:
    """Return the referral as it would be accepted at `at`.

    Raises InvalidInput for an area nobody owns, and for words that the agency does not use.
    """
    if known.owner_agency_id is None:
        raise InvalidInput({"area": ("Choose an area that a council of this hub looks after.",)})
    subject, new_person = _subject(hub, actor, known, at)
    referral_id = new_id(at)
    taking = Taking(hub.keys, actor, subject, referral_id, at)
    taken = None
    if command.agreement is not None:
        words = require_in_use(command.agreement.told, from_json(known.notices), at)
        taken = take(taking, command.agreement, words)
    proposed = _slots(command, known, owner=known.owner_agency_id, at=at)
    fields = record.fields_of(command, proposed, at.date())
    case = _case(taking, command, known, taken=taken, fields=fields)

    def ask_for(recipient: UUID) -> Decided:
        return ask(case, recipient, Stage.OFFER, role=actor.role.value, at=at)

    if command.wishes.person_chooses and command.concern is None:
        slots, placements = proposed, held_for_owner(proposed, ask_for)
    else:
        slots, placements = in_parts(proposed, ask_for)
    if slots is not proposed:
        fields = record.fields_of(command, slots, at.date())
    context = record_context(referral_id, 1, subject)
    sealed = seal_record(
        hub.keys, wrapped_subject_key=subject.wrapped, context=context, fields=fields
    )
    return DrawnUp(
        referral_id,
        subject,
        new_person,
        taken,
        slots,
        placements,
        sealed,
        known.owner_agency_id,
        case,
        nhs_index(hub, actor, command.person.nhs_number),
        command.wishes.never - never_before(known),
    )


def nhs_index(hub: Hub, actor: Actor, number: NhsNumber | None) -> bytes | None:
    """Return the agency's own blind index of an NHS number; None when none was given."""
    if number is None:
        return None
    return hub.keys.blind_index("identity.nhs_number", str(actor.agency_id), number.encode())


def _subject(hub: Hub, actor: Actor, known: Intake, at: datetime) -> tuple[SubjectKey, bool]:
    if known.subject is not None and known.wrapped_subject_key is not None:
        found = UUID(known.subject["id"])
        return SubjectKey(found, actor.agency_id, known.wrapped_subject_key), False
    subject_id = new_id(at)
    wrapped = new_subject_key(hub.keys, subject_key_id=str(subject_id), owner=str(actor.agency_id))
    return SubjectKey(subject_id, actor.agency_id, wrapped), True


def _slots(
    command: SubmitReferral, known: Intake, *, owner: UUID, at: datetime
) -> tuple[routing.Slot, ...]:
    """Return who is asked in turn; a safeguarding concern goes to the council alone (rule R13)."""
    services = services_in(known.services, known.standing)
    if command.concern is not None:
        return routing.for_concern(command.needs, services, owner)
    seeker = _seeker(command, known, at)
    proposed = routing.propose(command.needs, seeker, services, at=at, most=MOST_CANDIDATES)
    return routing.with_owner(proposed, owner)


def _seeker(command: SubmitReferral, known: Intake, at: datetime) -> routing.Seeker:
    agreed, wishes, person = command.agreement, command.wishes, known.subject
    close = person["conflicts"] if person else ()
    return routing.Seeker(
        area=command.person.area,
        age=routing.age_on(command.person.date_of_birth, at.date()),
        language=command.access.language,
        interpreter=command.access.interpreter,
        access=command.access.needs,
        wished=agreed.recipients if agreed else frozenset(),
        never=wishes.never | never_before(known),
        first=wishes.first,
        close=frozenset(map(UUID, close)),
        prefers=wishes.prefers,
        company=wishes.company,
        tasks=wishes.tasks,
        essential=wishes.essential,
        is_so=wishes.is_so,
        is_not=wishes.is_not,
        days=wishes.days,
        point=known.point,
    )


def never_before(known: Intake) -> frozenset[UUID]:
    """Return the agencies that the person said never to at an earlier referral."""
    return frozenset(map(UUID, known.subject["never_share_with"] if known.subject else ()))


def _case(
    taking: Taking,
    command: SubmitReferral,
    known: Intake,
    *,
    taken: Taken | None,
    fields: Mapping[str, bytes],
) -> Case:
    subject, referral_id = taking.subject, taking.referral_id
    minor = facts.minor_until(command.person.date_of_birth, taking.at.date())
    events = tuple(facts.consent_event(row) for row in known.consent_events)
    proxies = tuple(facts.proxy(row) for row in known.proxies)
    return Case(
        referral_id=referral_id,
        subject=subject,
        sender=subject.owner,
        person=_flags(subject.id, command, known, minor),
        events=(*events, taken.event) if taken else events,
        proxies=proxies + taken.proxies if taken else proxies,
        agreements=facts.agreements_in(known.agreements),
        standings=facts.standings_in(known.standing),
        classes=record.classes_of(fields),
        capacity=taken.capacity if taken else None,
        child=taken.child if taken else None,
        concern=concern_of(referral_id, subject, taking.at) if command.concern else None,
    )


def _flags(
    subject_id: UUID, command: SubmitReferral, known: Intake, minor: date | None
) -> PersonFlags:
    """What the person has ruled out, now and before."""
    before = facts.person_flags(
        subject_id, known.subject, unsafe=command.contact.unsafe, minor=minor
    )
    never = before.never_share_with.union(map(str, command.wishes.never))
    return replace(before, never_share_with=never)
