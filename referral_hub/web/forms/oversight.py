"""What an officer saves of a search, and what they found about refusals and holds."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, validates

from referral_hub.domain.refusals import Finding
from referral_hub.services.saved_searches import LONGEST
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Line, Many
from referral_hub.web.forms.officer import Offered, SearchPage
from referral_hub.web.forms.referral import Answer

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class SavePage(SearchPage):
    """A search's filters with the name that it is kept under."""

    name = Line(
        "The name",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Enter a name for the search"},
    )
    shared = Many(Answer, "Tick the box to share it", load_default=frozenset())

    def __init__(self, known: Offered) -> None:
        super().__init__(known)


class Entries(Many):
    """Ticked entries, by id."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> frozenset[UUID]:
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and _ID.fullmatch(one) for one in given):
            raise ValidationError("Select what you have reviewed from the list")
        return frozenset(map(UUID, given))


class FindingPage(FormPage):
    """Which refusals and holds were reviewed, and what was found."""

    entries = Entries("entries", "Select what you have reviewed", required=True)
    finding = Code(Finding, "Select what you found", required=True)

    @validates("entries")
    def _a_page_of_them(self, value: frozenset[UUID], **_options: Any) -> None:
        if len(value) > 100:
            raise ValidationError("Review at most a page at once")
