"""A plain referral becomes the command that every door submits.

Whatever the door (pages, JSON, FHIR, CSV), what it has read and checked is laid down once as a
`PlainReferral` with typed values; what a door does not know stays at its default. Nothing is
invented on the way: a referral that says nothing about an agreement is accepted and held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from referral_hub.domain.codes import AccessNeed, ContactMethod, NeedCode, Priority
from referral_hub.domain.commands import (
    NO_WISHES,
    AccessDetails,
    AgreementTaken,
    ConcernRaised,
    ContactDetails,
    PersonDetails,
    SubmitReferral,
    Wishes,
)
from referral_hub.domain.nhs_number import parse_nhs_number


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlainReferral:
    """Everything that a door may know of a referral. Language is a BCP 47 tag.

    `nhs_number` is as it was written; `area` is a code of the hub's areas.
    """

    first_name: str
    family_name: str
    date_of_birth: date
    area: str
    needs: frozenset[NeedCode]
    why: str
    nhs_number: str | None = None
    address: str | None = None
    postcode: str | None = None
    phone: str | None = None
    email: str | None = None
    preferred: frozenset[ContactMethod] = frozenset()
    never: frozenset[ContactMethod] = frozenset()
    contact_note: str | None = None
    language: str = "en"
    interpreter: bool = False
    access: frozenset[AccessNeed] = frozenset()
    access_note: str | None = None
    task_note: str | None = None
    priority: Priority = Priority.ROUTINE
    agreement: AgreementTaken | None = None
    concern: ConcernRaised | None = None
    wishes: Wishes = NO_WISHES
    kept: str | None = None

    def __repr__(self) -> str:
        return "<PlainReferral (redacted)>"


def assemble(plain: PlainReferral, draft_id: UUID) -> SubmitReferral:
    """Return the command; a second one with the same `draft_id` finds the first.

    Raises InvalidNhsNumber, and ValueError for an agreement beside a safeguarding concern.
    """
    return SubmitReferral(
        draft_id=draft_id,
        person=_person(plain),
        contact=ContactDetails(
            phone=plain.phone,
            email=plain.email,
            preferred=plain.preferred,
            never=plain.never,
            note=plain.contact_note,
        ),
        access=AccessDetails(
            language=plain.language,
            interpreter=plain.interpreter,
            needs=plain.access,
            note=plain.access_note,
        ),
        needs=plain.needs,
        why=plain.why,
        task_note=plain.task_note,
        priority=plain.priority,
        agreement=plain.agreement,
        concern=plain.concern,
        wishes=plain.wishes,
        kept=plain.kept,
    )


def _person(plain: PlainReferral) -> PersonDetails:
    return PersonDetails(
        first_name=plain.first_name,
        family_name=plain.family_name,
        date_of_birth=plain.date_of_birth,
        nhs_number=parse_nhs_number(plain.nhs_number) if plain.nhs_number else None,
        area=plain.area,
        address=plain.address,
        postcode=plain.postcode.upper() if plain.postcode else None,
    )
