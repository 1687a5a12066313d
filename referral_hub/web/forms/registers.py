"""What an officer writes into a register. Texts are about processing and never about a person."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields, validates, validates_schema

from consent.codes import Article6, Article9, DataClass, Purpose
from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.domain.notice_words import fault, tidy
from referral_hub.domain.registers import ProcessingRole
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, Many, OneOf, Paragraph

LONG = 2_000
_TEN_DIGITS = re.compile(r"(?<!\d)(?:\d[ -]?){9}\d(?!\d)")
AGREED_PURPOSES = (Purpose.SUPPORT, Purpose.SAFEGUARDING)


class Direction(StrEnum):
    """Which of the two agencies sends."""

    SENDING = "sending"
    RECEIVING = "receiving"


class WritingStep(StrEnum):
    """What somebody wants who wrote words."""

    LOOK = "look"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a register's page offers, by id: other agencies, words, and names of new words."""

    today: date
    agencies: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)


def _has_nhs_number(text: str) -> bool:
    """Whether ten digits in a row, spaced or not, have an NHS number's check digit."""
    for found in _TEN_DIGITS.finditer(text):
        try:
            parse_nhs_number(found[0])
        except ValueError:
            continue
        return True
    return False


class WordsText(fields.Field[str]):
    """The words that people are told: tidy, and without anything that is no plain word."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        text = tidy(value if isinstance(value, str) else "")
        wrong = fault(text)
        if wrong:
            raise ValidationError(wrong)
        return text


class _Register(FormPage):
    """A page with a review day; nothing that looks like an NHS number may stand in it."""

    def __init__(self, known: Choices) -> None:
        self.known = known
        super().__init__()

    @validates_schema
    def _no_number_of_a_person(self, data: Mapping[str, Any], **_options: Any) -> None:
        for name, value in data.items():
            if isinstance(self.fields[name], Line | WordsText) and value and _has_nhs_number(value):
                raise ValidationError(
                    "This looks like an NHS number. A register holds nothing about a person", name
                )

    @validates_schema(skip_on_field_errors=True)
    def _days(self, data: Mapping[str, Any], **_options: Any) -> None:
        since, until, review = data.get("since"), data.get("until"), data.get("review_on")
        if since and until and until < since:
            raise ValidationError("Until must be the same day as from, or later", "until")
        if until and until < self.known.today:
            raise ValidationError("Until must be today or later", "until")
        if review and review <= self.known.today:
            raise ValidationError("The review day must be after today", "review_on")
        if review and until and review > until:
            raise ValidationError("The review day must be before it ends", "review_on")


def _day(name: str, missing: str, **options: Any) -> DateParts:
    messages = {"required": missing}
    return DateParts(name, required=True, error_messages=messages, **options)


class AgreementPage(_Register):
    """A sharing agreement, or a revision of one."""

    other = OneOf("agencies", "Select the other agency from the list", required=True)
    direction = Code(Direction, "Select who sends", required=True)
    purposes = Many(Purpose, "Select what it is for", required=True)
    classes = Many(DataClass, "Select what may be told", required=True)
    article6 = Code(Article6, "Select the basis under Article 6", required=True)
    article9 = Code(Article9, "Select a condition from the list", load_default=None)
    public_task_reference = Line("The reference", longest=200, load_default="")
    statute_reference = Line("The reference", longest=200, load_default="")
    legitimate_interests_assessment = Line("The reference", longest=200, load_default="")
    professional_secrecy = Line("The reference", longest=200, load_default="")
    schedule_1_condition = Line("The reference", longest=200, load_default="")
    appropriate_policy_document = Line("The reference", longest=200, load_default="")
    since = _day("From", "Enter the day from which it counts")
    until = _day("Until", "Enter the last day on which it counts")
    review_on = _day("Review", "Enter the day on which it is to be reviewed")
    document = Line(
        "Document",
        longest=200,
        required=True,
        error_messages={"required": "Enter the reference of the signed document"},
    )

    @validates("purposes")
    def _agreed_purposes(self, value: frozenset[Purpose], **_options: Any) -> None:
        if not value <= set(AGREED_PURPOSES):
            raise ValidationError("Select support or safeguarding")


class NoticePage(_Register):
    """Which words are used, from when until when."""

    words = OneOf("words", "Select the words from the list", required=True)
    since = _day("From", "Enter the day from which they are used")
    until = DateParts("Until", load_default=None)
    review_on = _day("Review", "Enter the day on which they are to be reviewed")
    document = Line("Document", longest=200, load_default=None)


class WordsPage(_Register):
    """Words that an officer writes, and from when until when they are to be used."""

    notice = OneOf("notices", "Select a notice from the list", required=True)
    version = OneOf("versions", "Select a version from the list", required=True)
    language = OneOf("languages", "Select a language from the list", required=True)
    text = WordsText(required=True, error_messages={"required": fault("") or ""})
    since = _day("From", "Enter the day from which they are used")
    until = DateParts("Until", load_default=None)
    review_on = _day("Review", "Enter the day on which they are to be reviewed")
    document = Line("Document", longest=200, load_default=None)
    seen = Line("What you saw", longest=64, load_default="")
    step = Code(WritingStep, "Press one of the buttons", load_default=WritingStep.LOOK)


def _text(name: str, missing: str) -> Paragraph:
    return Paragraph(name, longest=LONG, required=True, error_messages={"required": missing})


class ActivityPage(_Register):
    """A processing activity (UK GDPR Article 30)."""

    name = Line("The name", longest=120, required=True, error_messages={"required": "Enter a name"})
    role = Code(ProcessingRole, "Select what your agency is to it", required=True)
    purposes = _text("Purposes", "Enter what it is for")
    lawful_basis = _text("Lawful basis", "Enter the lawful basis")
    people = _text("People", "Enter whom it is about, as groups")
    information = _text("Information", "Enter which kinds of information")
    recipients = _text("Recipients", "Enter who receives it, or that nobody does")
    transfers = _text("Transfers", "Enter which other countries receive it, or none")
    retention = _text("Retention", "Enter how long it is kept")
    security = _text("Security", "Enter how it is kept safe")
    document = Line("Document", longest=200, load_default=None)
    review_on = _day("Review", "Enter the day on which it is to be reviewed")


class DetailsPage(_Register):
    """Where the agency is and how to reach it."""

    address = Line(
        "The address", longest=200, required=True, error_messages={"required": "Enter the address"}
    )
    contact = Line(
        "The contact",
        longest=120,
        required=True,
        error_messages={"required": "Enter a telephone number or an address of the web"},
    )
    officer_contact = Line("The officer’s contact", longest=120, load_default="")
