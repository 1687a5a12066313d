"""What a recipient says about a task: accept, decline, ask, first contact, close."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from referral_hub.domain.codes import ClosingOutcome, DeclineReason, GiveHelp
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Many, Paragraph, Whole
from referral_hub.web.forms.referral import Answer

LONGEST_NOTE = 1000
MINUTES_OF_A_WEEK = 7 * 24 * 60
NO_VERSION = -1
_VERSION = re.compile(r"[0-9]{1,9}")


class AcceptPage(FormPage):
    """Taking the referral on, with a few words if there is anything to say."""

    note = Paragraph("Note", longest=LONGEST_NOTE, load_default=None)
    helper_agreed = Many(
        Answer, "Tick the box if the helping household said yes", load_default=frozenset()
    )
    minutes = Whole("The minutes a week", least=1, most=MINUTES_OF_A_WEEK, load_default=None)
    hard = Many(Answer, "Tick the box if it is a hard case", load_default=frozenset())


class Version(fields.Field[int]):
    """Which version of a task its page showed; what no page of ours sends matches none."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> int:
        return int(value) if _VERSION.fullmatch(str(value)) else NO_VERSION


class DeclinePage(FormPage):
    """Why not; "another reason" needs words. `version` is what was on the page, so that no old page
    gives back what a colleague has accepted since.
    """

    reason = Code(DeclineReason, "Select why you cannot take this on", required=True)
    note = Paragraph("Note", longest=LONGEST_NOTE, load_default=None)
    version = Version(load_default=None)

    @validates_schema
    def _other_is_explained(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["reason"] is DeclineReason.OTHER and not data["note"]:
            raise ValidationError(
                "Enter a few words about why, because you chose another reason", field_name="note"
            )


class AskPage(FormPage):
    """A question to the sender. `version` is what was on the page, so that none is asked twice."""

    question = Paragraph(
        "Question",
        longest=LONGEST_NOTE,
        required=True,
        error_messages={"required": "Enter your question"},
    )
    version = Version(load_default=NO_VERSION)


class ContactPage(FormPage):
    """Having reached the person: nothing to fill in."""


class ClosePage(FormPage):
    """How it ended, whether the person knows, and what happens next."""

    outcome = Code(ClosingOutcome, "Select how it ended", required=True)
    person_told = Code(Answer, "Select yes if the person has been told", required=True)
    give_help = Code(
        GiveHelp, "Select whether they would like to help", load_default=GiveHelp.NOT_ASKED
    )
    next_step = Paragraph(
        "Next step",
        longest=LONGEST_NOTE,
        required=True,
        error_messages={"required": "Enter what happens next, or that nothing more is needed"},
    )
