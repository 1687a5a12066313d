"""What is written in an emergency, and about one afterwards."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from marshmallow import fields

from consent.model import EmergencyCause
from referral_hub.domain.codes import ReviewOutcome
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Many, Paragraph
from referral_hub.web.forms.referral import Answer

LONGEST = 2000
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TicketId(fields.Field[UUID | None]):
    """The number that the page gave this claim; what no page of ours sends is none."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> UUID | None:
        return UUID(value) if isinstance(value, str) and _ID.fullmatch(value) else None


class ClaimPage(FormPage):
    """Why a record must be opened in an emergency. `ticket` makes sending it twice harmless."""

    cause = Code(EmergencyCause, "Select what kind of emergency it is", required=True)
    reason = Paragraph(
        "Reason",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Enter what has happened and what you need the record for"},
    )
    confirmed = Many(Answer, "Tick the box to confirm that this cannot wait", required=True)
    ticket = TicketId(load_default=None)


class ReviewPage(FormPage):
    """What an officer found, and on what grounds."""

    outcome = Code(ReviewOutcome, "Select what you found", required=True)
    words = Paragraph(
        "Grounds",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Enter what your finding rests on, and what has to follow"},
    )
