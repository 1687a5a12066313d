"""The pages of a referral, in the referrer's words; each is one question or one small group.

`Known` is what a page must know besides what was typed: today's date, the areas, and the agencies
that were proposed. Messages follow the GOV.UK pattern: say what to enter, or what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, validates, validates_schema

from consent.model import DataClass, GivenBy, Method
from consent.notices import Notice
from referral_hub.domain.codes import (
    AccessNeed,
    Circumstance,
    ContactMethod,
    Manner,
    NeedCode,
    Priority,
    TaskType,
)
from referral_hub.domain.listings import Weekday
from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number
from referral_hub.domain.routing import age_on
from referral_hub.domain.routing_model import PROTECTED
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, Many, OneOf, Paragraph

OLDEST = 125
WORDS_CHANGED = "The words to say have changed. Read the patient the words below and ask again"
POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{8,18}[0-9]")
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")


class Answer(StrEnum):
    """Yes or no, said aloud by somebody."""

    YES = "yes"
    NO = "no"


class Until(StrEnum):
    """How long an agreement lasts."""

    THREE_MONTHS = "3_months"
    SIX_MONTHS = "6_months"
    TWELVE_MONTHS = "12_months"
    DATE = "date"


_NO_LONGER_HERE = "Some of them can no longer be asked. Look at the list and select again"
SHAREABLE = (
    DataClass.IDENTITY,
    DataClass.CONTACT,
    DataClass.NEED,
    DataClass.ACCESS_NEEDS,
    DataClass.HEALTH,
)


@dataclass(frozen=True, slots=True)
class Known:
    """Today in London, and what may be chosen: areas and languages by code, agencies by id.

    `notices` are the words in use, by `id/version/language`. `child` says that the patient is under
    the age from which the Mental Capacity Act applies. `plan` has, for each group of needs, the
    agencies that could help, by id, in the order in which they would be asked. `nearby` are the
    agencies that the patient may want asked first, or never; `proposed` is what the page shows, and
    `beside` what stands beside it: figures of services, and help outside the hub.
    """

    today: date
    areas: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    agencies: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)
    child: bool = False
    plan: tuple[tuple[tuple[NeedCode, ...], tuple[str, ...]], ...] = ()
    nearby: Mapping[str, str] = field(default_factory=dict)
    proposed: tuple[Any, ...] = ()
    beside: Any = None


class ReferralPage(FormPage):
    """A page whose rules may depend on what is known."""

    def __init__(self, known: Known) -> None:
        self.known = known
        super().__init__()


class StartPage(FormPage):
    """The button that begins; `carer`: for somebody who cares for a patient, for their own sake."""

    carer = Many(Answer, "Use the button to start", load_default=frozenset())


class DangerPage(ReferralPage):
    """Whether anybody is in immediate danger, and whether this is a safeguarding concern."""

    danger = Code(Answer, "Select yes if someone is in immediate danger", required=True)
    concern = Many(Answer, "Tick the box if it is one", load_default=frozenset())


class PersonPage(ReferralPage):
    """Who the referral is about."""

    first_name = Line(
        "First name",
        longest=100,
        required=True,
        error_messages={"required": "Enter the patient’s first name"},
    )
    family_name = Line(
        "Last name",
        longest=100,
        required=True,
        error_messages={"required": "Enter the patient’s last name"},
    )
    date_of_birth = DateParts(
        "Date of birth",
        required=True,
        error_messages={"required": "Enter the patient’s date of birth"},
    )
    nhs_number = Line("NHS number", longest=30, load_default=None)

    @validates("date_of_birth")
    def _born(self, value: date, **_options: Any) -> None:
        if value > self.known.today:
            raise ValidationError("Date of birth must be in the past")
        if age_on(value, self.known.today) > OLDEST:
            raise ValidationError(f"Date of birth must be less than {OLDEST} years ago")

    @validates("nhs_number")
    def _digits_belong_together(self, value: str | None, **_options: Any) -> None:
        if value is None:
            return
        try:
            parse_nhs_number(value)
        except InvalidNhsNumber as problem:
            raise ValidationError(str(problem)) from None


class AddressPage(ReferralPage):
    """Where the person lives; the area decides who can help, the address is only for a visit."""

    area = OneOf("areas", "Select the area the patient lives in", required=True)
    address = Paragraph("Address", longest=300, load_default=None)
    postcode = Line("Postcode", longest=10, load_default=None)

    @validates("postcode")
    def _is_one(self, value: str | None, **_options: Any) -> None:
        if value is not None and not POSTCODE.fullmatch(value.upper()):
            raise ValidationError("Enter a full UK postcode, like LA1 1AA, or leave it blank")


def ruled_out(contact: Mapping[str, Any]) -> frozenset[ContactMethod]:
    """Return the ways in which the person must never be contacted: all, where it is not safe."""
    never: frozenset[ContactMethod] = contact["never"]
    return frozenset(ContactMethod) if Answer.YES in contact["unsafe"] else never


class ContactPage(ReferralPage):
    """How the person may be reached, and how never."""

    phone = Line("Phone number", longest=20, load_default=None)
    email = Line("Email address", longest=254, load_default=None)
    preferred = Many(
        ContactMethod, "Select how the patient prefers to be contacted", load_default=frozenset()
    )
    never = Many(
        ContactMethod, "Select how the patient must never be contacted", load_default=frozenset()
    )
    unsafe = Many(Answer, "Tick the box if it is not safe", load_default=frozenset())
    contact_note = Line("Anything else about contacting them", longest=200, load_default=None)

    @validates("phone")
    def _can_be_rung(self, value: str | None, **_options: Any) -> None:
        if value is not None and not PHONE.fullmatch(value):
            raise ValidationError("Enter a phone number, like 07700 900 982")

    @validates("email")
    def _can_be_written_to(self, value: str | None, **_options: Any) -> None:
        if value is not None and not EMAIL.fullmatch(value):
            raise ValidationError("Enter an email address, like name@example.org")

    @validates_schema
    def _agree(self, data: Mapping[str, Any], **_options: Any) -> None:
        preferred = data["preferred"]
        if preferred & ruled_out(data):
            raise ValidationError(
                "A way of contact cannot be both preferred and ruled out", field_name="never"
            )
        if preferred & {ContactMethod.PHONE, ContactMethod.TEXT} and not data["phone"]:
            raise ValidationError(
                "Enter a phone number, or choose another way of contact", field_name="phone"
            )
        if ContactMethod.EMAIL in preferred and not data["email"]:
            raise ValidationError(
                "Enter an email address, or choose another way of contact", field_name="email"
            )


class AccessPage(ReferralPage):
    """Language and what a helper must provide for."""

    language = OneOf("languages", "Select the language the patient prefers", required=True)
    interpreter = Many(Answer, "Tick the box if an interpreter is needed", load_default=frozenset())
    access = Many(AccessNeed, "Select what the patient needs", load_default=frozenset())
    access_note = Line("Anything else", longest=200, load_default=None)


class NeedsPage(ReferralPage):
    """What would help, as plain tiles."""

    needs = Many(NeedCode, "Select at least one thing that would help", required=True)


class RecipientsPage(ReferralPage):
    """Who could help. What somebody says here changes who that is; nothing has to be said.

    `again` shows the page again with what was said.
    """

    tasks = Many(TaskType, "Select what is needed from the list", load_default=frozenset())
    essential = Many(NeedCode, "Select needs from the list", load_default=frozenset())
    is_so = Many(Circumstance, "Select what is so from the list", load_default=frozenset())
    prefers = Code(Manner, "Select how the patient would like to be helped", load_default=None)
    company = Many(Circumstance, "Select company from the list", load_default=frozenset())
    first = Many("nearby", _NO_LONGER_HERE, load_default=frozenset())
    never = Many("nearby", _NO_LONGER_HERE, load_default=frozenset())
    days = Many(Weekday, "Select days from the list", load_default=frozenset())
    choose = Many(Answer, "Tick the box if the council is to choose", load_default=frozenset())
    again = Many(Answer, "Use the button to show the list again", load_default=frozenset())

    @validates_schema
    def _consistent(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["first"] & data["never"]:
            raise ValidationError("Nobody can be asked first and never. Untick one", "never")
        if data["is_so"] & PROTECTED:
            raise ValidationError("Select what is so from the list", "is_so")
        if data["company"] - PROTECTED:
            raise ValidationError("Select company from the list", "company")


class AgreedPage(ReferralPage):
    """What the person said after hearing the words."""

    agreed = Code(Answer, "Select yes if the patient has agreed", required=True)
    notice = OneOf("notices", WORDS_CHANGED, required=True)


class SharingPage(ReferralPage):
    """For whom, and to what, the person agreed. Nothing is ticked beforehand."""

    agencies = Many("agencies", "Select who the patient agreed to", required=True)
    classes = Many(DataClass, "Select what the patient agreed to share", required=True)

    @validates("classes")
    def _offered(self, value: frozenset[DataClass], **_options: Any) -> None:
        if not value <= set(SHAREABLE):
            raise ValidationError("Select what the patient agreed to share")


class TakenPage(ReferralPage):
    """How the answer was taken, from whom, and whether anybody assessed the patient's capacity."""

    method = Code(Method, "Select how the patient told you", required=True)
    given_by = Code(GivenBy, "Select who gave the answer", required=True)
    assessed = Many(Answer, "Tick the box if somebody has", load_default=frozenset())

    @validates("given_by")
    def _may_be_decided(self, value: GivenBy, **_options: Any) -> None:
        if value is GivenBy.BEST_INTERESTS and self.known.child:
            raise ValidationError(
                "The Mental Capacity Act applies from 16. For somebody younger, select the patient"
                " or a parent"
            )


class TermsPage(ReferralPage):
    """Whether the person may be contacted, and until when the agreement holds."""

    service = Code(Answer, "Select yes if the patient agrees to be contacted", required=True)
    until = Code(Until, "Select how long the agreement lasts", required=True)
    until_date = DateParts("The date the agreement ends", load_default=None)

    @validates_schema
    def _ends(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["until"] is not Until.DATE:
            return
        if data["until_date"] is None:
            raise ValidationError("Enter the date the agreement ends", field_name="until_date")
        if data["until_date"] <= self.known.today:
            raise ValidationError(
                "The date the agreement ends must be in the future", field_name="until_date"
            )


class ReplyPage(FormPage):
    """An answer to a recipient's question."""

    reply = Paragraph(
        "Your answer",
        longest=1000,
        required=True,
        error_messages={"required": "Enter your answer"},
    )


class WhyPage(ReferralPage):
    """Why, in one line, and what a helper should know about the task."""

    why = Line(
        "Why you are referring",
        longest=300,
        required=True,
        error_messages={"required": "Enter why you are referring the patient, in one line"},
    )
    task_note = Paragraph("Note for helpers", longest=500, load_default=None)
    priority = Code(Priority, "Select how soon help is needed", required=True)
