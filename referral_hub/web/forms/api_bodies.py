"""The smaller bodies of the API: what the person has said since, and a recipient's answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, post_load, validates_schema

from referral_hub.domain.codes import ClosingOutcome, DeclineReason, GiveHelp
from referral_hub.domain.commands import AgreementTaken
from referral_hub.web.forms.api_fields import ApiBody, Count, Id, LongText, OneCode, Truth
from referral_hub.web.forms.api_referral import AgreementBody, check_days
from referral_hub.web.forms.tasks import LONGEST_NOTE, MINUTES_OF_A_WEEK


class ConsentBody(AgreementBody):
    """What the person has said since, about a referral that your agency sent."""

    referral = Id(required=True)

    def __init__(self, today: date) -> None:
        self.today = today
        super().__init__()

    @post_load
    def _taken(self, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        taken: AgreementTaken = self.taken(data)
        check_days(taken, self.today, None)
        return {"referral": data["referral"], "agreement": taken}


class NothingBody(ApiBody):
    """`{}`: the address says it all."""


class AcceptTaskBody(ApiBody):
    """Take a task on, with a note for the sender if you like.

    `minutes_a_week` and `hard_case` count towards the caps that your service states.
    """

    note = LongText("It", longest=LONGEST_NOTE, load_default=None)
    helper_agreed = Truth(load_default=False)
    minutes_a_week = Count(least=1, most=MINUTES_OF_A_WEEK, load_default=None)
    hard_case = Truth(load_default=False)


class DeclineTaskBody(ApiBody):
    """Say no; `other` needs a note that says why."""

    reason = OneCode(DeclineReason, required=True)
    note = LongText("It", longest=LONGEST_NOTE, load_default=None)

    @validates_schema
    def _other_is_explained(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["reason"] is DeclineReason.OTHER and not data["note"]:
            raise ValidationError("Say in a few words why.", "note")


class AskTaskBody(ApiBody):
    """Ask the sender something; the clock of the offer stops."""

    question = LongText("It", longest=LONGEST_NOTE, required=True)


class CloseTaskBody(ApiBody):
    """The end of a task. `next_step` says what happens next, or that nothing more is needed."""

    outcome = OneCode(ClosingOutcome, required=True)
    person_told = Truth(required=True)
    give_help = OneCode(GiveHelp, load_default=GiveHelp.NOT_ASKED)
    next_step = LongText("It", longest=LONGEST_NOTE, required=True)
