"""What has changed about an agreement or a fact after it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, validates, validates_schema

from consent.model import GivenBy, Method
from referral_hub.domain.codes import NotificationKind
from referral_hub.services.change_of_mind import KINDS
from referral_hub.web.forms import FormPage, fill
from referral_hub.web.forms.fields import Code, Many, OneOf, Paragraph
from referral_hub.web.forms.referral import (
    AddressPage,
    ContactPage,
    Known,
    PersonPage,
    ReferralPage,
    WhyPage,
)

LONGEST = 500
WHO = "Select who it is about"
RULES: Mapping[str, tuple[type[ReferralPage], str]] = {
    "identity.first_name": (PersonPage, "first_name"),
    "identity.family_name": (PersonPage, "family_name"),
    "contact.address": (AddressPage, "address"),
    "contact.phone": (ContactPage, "phone"),
    "contact.email": (ContactPage, "email"),
    "need.task_note": (WhyPage, "task_note"),
    "health.why": (WhyPage, "why"),
}
OF_SEVERAL_LINES = frozenset({"contact.address", "need.task_note"})


class Change(StrEnum):
    """What a sender can record about a referral that went."""

    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    RENEWED = "renewed"
    CORRECTED = "corrected"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that can be corrected, by field id, in words."""

    today: date
    facts: Mapping[str, str] = field(default_factory=dict)


class ChangedPage(FormPage):
    """What has changed: one choice, and a page for each."""

    change = Code(Change, "Select what has changed", required=True)


class StopPage(FormPage):
    """Who must stop, or use nothing for now; how the person said so, and who said it."""

    what = Code(NotificationKind, "Select what has changed", required=True)
    agencies = Many("agencies", WHO, required=True)
    method = Code(Method, "Select how the patient told you", required=True)
    given_by = Code(GivenBy, "Select who gave the answer", required=True)

    def __init__(self, known: Known) -> None:
        self.known = known
        super().__init__()

    @validates("what")
    def _stops(self, value: NotificationKind, **_options: Any) -> None:
        if value not in KINDS:
            raise ValidationError("Select what has changed")


class NeverPage(FormPage):
    """Whom the patient never wants to be asked; nobody, if nothing is ticked."""

    never = Many("agencies", "Select agencies from the list", load_default=frozenset())

    def __init__(self, known: Known) -> None:
        self.known = known
        super().__init__()


class CorrectionPage(FormPage):
    """Which fact was wrong, and what is right; checked as where it was first typed."""

    fact = OneOf("facts", "Select what was wrong", required=True)
    value = Paragraph(
        "What is right",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Enter what is right"},
    )

    def __init__(self, known: Facts) -> None:
        self.known = known
        super().__init__()

    @validates_schema
    def _could_have_been_typed(self, data: Mapping[str, Any], **_options: Any) -> None:
        schema, name = RULES[data["fact"]]
        typed = fill(schema(Known(self.known.today)), {name: one_fact(data)})
        problem = typed.errors.get(name)
        if problem:
            raise ValidationError(problem, field_name="value")


def one_fact(values: Mapping[str, Any]) -> str:
    """Return the value as the record keeps it: one line, except where several are usual."""
    text: str = values["value"]
    return text if values["fact"] in OF_SEVERAL_LINES else " ".join(text.split())
