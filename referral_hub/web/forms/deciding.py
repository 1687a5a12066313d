"""What is asked when somebody else decides for the patient, or a child does, or nobody is asked.

What is left blank is not invented: the referral is then held with what is missing. What is begun is
finished: who assessed goes with when, and who decided goes with when and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, validates, validates_schema

from consent.model import GivenBy
from referral_hub.domain.codes import AuthorityScope
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, OneOf, Paragraph
from referral_hub.web.forms.referral import (
    WORDS_CHANGED,
    Answer,
    ReferralPage,
    SharingPage,
    TakenPage,
    TermsPage,
)

PROXIES = frozenset({GivenBy.PARENT, GivenBy.ATTORNEY, GivenBy.DEPUTY})
SAY_WHAT = "Select what their authority covers"
SAY_RISK = "Select yes if they may be a risk to the patient"
SAY_CHILD = "Select what the child says"
SAY_PARENT = "Select what the parent says"


class View(StrEnum):
    """What a child or a parent says about sharing."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    NOT_ASKED = "not_asked"

    @property
    def agrees(self) -> bool | None:
        """Yes, no, or None for nobody asked."""
        return {View.AGREES: True, View.DISAGREES: False}.get(self)


class Died(StrEnum):
    """What is recorded about a death."""

    DIED = "died"
    MISTAKE = "mistake"


class AuthorityPage(ReferralPage):
    """What lets somebody speak for the patient. Without a document the referral is held."""

    seen = Line("The document that you saw", longest=200, load_default=None)
    covers = Code(AuthorityScope, SAY_WHAT, required=True)
    authority_until = DateParts("The date the authority ends", load_default=None)
    risk = Code(Answer, SAY_RISK, required=True)


class CapacityPage(ReferralPage):
    """Who assessed the patient's capacity, and who decided in their best interests and why."""

    assessed_by = Line("Who assessed their capacity", longest=100, load_default=None)
    assessed_on = DateParts("The date of the assessment", load_default=None)
    decided_by = Line("Who decided", longest=200, load_default=None)
    decided_on = DateParts("The date of the decision", load_default=None)
    decided_why = Paragraph("Why it is in their best interests", longest=1000, load_default=None)

    @validates("assessed_on")
    @validates("decided_on")
    def _has_been(self, value: date | None, data_key: str = "", **_options: Any) -> None:
        if value is not None and value > self.known.today:
            what = "assessment" if data_key == "assessed_on" else "decision"
            raise ValidationError(f"The date of the {what} must be today or in the past")

    @validates_schema
    def _finished(self, data: Mapping[str, Any], **_options: Any) -> None:
        begun = [group for group in (ASSESSMENT, DECISION) if any(map(data.get, group))]
        wrong = {
            name: [message]
            for group in begun
            for name, message in group.items()
            if not data.get(name)
        }
        if wrong:
            raise ValidationError(wrong)


ASSESSMENT = {
    "assessed_by": "Enter who assessed their capacity, or leave the date blank",
    "assessed_on": "Enter the date of the assessment",
}
DECISION = {
    "decided_by": "Enter who decided",
    "decided_on": "Enter the date of the decision",
    "decided_why": "Enter why it is in their best interests",
}


class ChildPage(ReferralPage):
    """What a child and a parent say, and what allows deciding for the child."""

    child_view = Code(View, SAY_CHILD, required=True)
    parent_view = Code(View, SAY_PARENT, required=True)
    gillick = Paragraph("Gillick note", longest=1000, load_default=None)
    parental = Line("Who has parental responsibility", longest=200, load_default=None)


class SafeguardingPage(ReferralPage):
    """Why somebody fears for the patient, and whether the patient knows of this referral."""

    reasons = Paragraph(
        "Reasons",
        longest=2000,
        required=True,
        error_messages={"required": "Enter what makes you fear for the patient"},
    )
    told = Code(Answer, "Select yes if you have told the patient", required=True)


class AgreementPage(TermsPage, ChildPage, CapacityPage, AuthorityPage, TakenPage, SharingPage):
    """Agreement to a referral that exists already, on one page (last base first)."""

    notice = OneOf("notices", WORDS_CHANGED, required=True)
    covers = Code(AuthorityScope, SAY_WHAT, load_default=None)
    risk = Code(Answer, SAY_RISK, load_default=None)
    child_view = Code(View, SAY_CHILD, load_default=None)
    parent_view = Code(View, SAY_PARENT, load_default=None)

    @validates_schema
    def _asked_of_some(self, data: Mapping[str, Any], **_options: Any) -> None:
        wrong = {}
        if data["given_by"] in PROXIES:
            wrong = {"covers": SAY_WHAT, "risk": SAY_RISK}
        if any(data.get(name) for name in ("gillick", "parental", "child_view", "parent_view")):
            wrong |= {"child_view": SAY_CHILD, "parent_view": SAY_PARENT}
        missing = {name: [words] for name, words in wrong.items() if data.get(name) is None}
        if missing:
            raise ValidationError(missing)


class ChildDecisionPage(FormPage):
    """What the council decides where child and parent disagree, and why."""

    share = Code(Answer, "Select yes if the referral is to be shared", required=True)
    reasons = Paragraph(
        "Reasons",
        longest=2000,
        required=True,
        error_messages={"required": "Enter what your decision rests on"},
    )


class DeathPage(FormPage):
    """That the patient has died, or that it was recorded by mistake."""

    died = Code(Died, "Select what is to be recorded", required=True)
