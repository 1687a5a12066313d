"""What an officer fills in about requests, breaches and complaints.

The choices beside an item of a person's records are named by a hash over the item's key, so that a
page that was open for long cannot decide about another item than the one that it showed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Any, cast

from marshmallow import ValidationError, validates_schema

from referral_hub.domain.channels import Channel
from referral_hub.domain.duty_clocks import LONDON
from referral_hub.domain.matters import (
    Authority,
    BreachChannel,
    BreachKind,
    ComplaintAbout,
    IdentityCheck,
    ReceivedBy,
    Requester,
)
from referral_hub.domain.third_parties import Exemption, Handling
from referral_hub.services.access_review import Decided
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, Many, OneOf, Paragraph
from referral_hub.web.forms.referral import Answer

_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")
_REFERENCE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}")
_REQUEST = re.compile(r"AR-[0-9A-Z]{4}-[0-9A-Z]{4}")
_ENTRY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SOME_DAY = "Enter the day, like 27 3 2026"
LONGEST = 2000


class Doing(StrEnum):
    """What is done with a preview."""

    JSON = "json"
    PDF = "pdf"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be chosen: reasons by code, staff and agencies by id, items by short name."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)
    agencies: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)


class RequestPage(FormPage):
    """A person asked for their records."""

    received_on = DateParts(
        "The day it was received", required=True, error_messages={"required": _SOME_DAY}
    )
    by = Code(ReceivedBy, "Select how it was received", required=True)
    requester = Code(Requester, "Select who asked", required=True)
    authority = Code(Authority, "Select what lets them ask", load_default=None)
    identity = Code(IdentityCheck, "Select how it was made sure who they are", required=True)
    name = Line("Name", longest=120, load_default=None)
    contact = Paragraph("How to reach them", longest=300, load_default=None)
    wanted = Paragraph("What they want", longest=LONGEST, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _authority_of_a_representative(self, data: Mapping[str, Any], **_options: Any) -> None:
        represented = data["requester"] is Requester.REPRESENTATIVE
        if represented and data["authority"] is None:
            raise ValidationError("Select what lets the representative ask", "authority")
        if not represented and data["authority"] is not None:
            raise ValidationError("Select this only for a representative", "authority")


class BreachPage(FormPage):
    """A breach is suspected."""

    aware_on = DateParts(
        "The day you became aware", required=True, error_messages={"required": _SOME_DAY}
    )
    aware_time = Line(
        "Time", longest=5, required=True, error_messages={"required": "Enter the time, like 16:20"}
    )
    since = DateParts("The first day", required=True, error_messages={"required": _SOME_DAY})
    until = DateParts("The last day", required=True, error_messages={"required": _SOME_DAY})
    kinds = Many(BreachKind, "Select what was breached", required=True)
    channel = Code(BreachChannel, "Select where it happened", required=True)
    user = OneOf("staff", "Select a member of staff from the list", load_default=None)
    agency = OneOf("agencies", "Select an agency from the list", load_default=None)
    reference = Line("Reference", longest=20, load_default=None)
    what = Paragraph(
        "What happened",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Write down what happened"},
    )

    def __init__(self, known: Offered) -> None:
        self.known = known
        super().__init__()

    @validates_schema(skip_on_field_errors=True)
    def _written_as_we_write_it(self, data: Mapping[str, Any], **_options: Any) -> None:
        if not _TIME.fullmatch(data["aware_time"]):
            raise ValidationError("Enter the time on a 24-hour clock, like 16:20", "aware_time")
        _require_reference(data["reference"])


class ComplaintPage(FormPage):
    """Somebody complained."""

    received_on = DateParts(
        "The day it was received", required=True, error_messages={"required": _SOME_DAY}
    )
    by = Code(ReceivedBy, "Select how it was received", required=True)
    about = Code(ComplaintAbout, "Select what it is about", required=True)
    requester = Code(Requester, "Select who complained", required=True)
    name = Line("Name", longest=120, load_default=None)
    contact = Paragraph("How to reach them", longest=300, load_default=None)
    what = Paragraph(
        "The complaint",
        longest=LONGEST,
        required=True,
        error_messages={"required": "Write down what they complain about"},
    )
    reference = Line("Reference", longest=20, load_default=None)
    request = Line("Reference of a request", longest=20, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _written_as_we_write_it(self, data: Mapping[str, Any], **_options: Any) -> None:
        _require_reference(data["reference"])
        if data["request"] and not _REQUEST.fullmatch(data["request"].upper()):
            raise ValidationError("Enter a reference like AR-7KQM-2X9D", "request")


class StepPage(FormPage):
    """The next step: on which day, why, and words."""

    on = DateParts("The day", required=True, error_messages={"required": _SOME_DAY})
    reason = OneOf("reasons", "Select one from the list", load_default=None)
    words = Paragraph("What you write", longest=LONGEST, load_default=None)

    def __init__(self, known: Offered) -> None:
        self.known = known
        super().__init__()


class AnswerPage(FormPage):
    """The second look: in which form, whether staff are named, and that it was read."""

    form = Code(Doing, "Select a form from the list", required=True)
    named = Code(Answer, "Select whether your own staff are named", required=True)
    checked = Many(Answer, "Tick the box once you have read it", load_default=frozenset())

    @validates_schema(skip_on_field_errors=True)
    def _was_read(self, data: Mapping[str, Any], **_options: Any) -> None:
        if Answer.YES not in data["checked"]:
            raise ValidationError(
                "Read what is given and what is withheld, then tick the box", "checked"
            )


class PackPage(FormPage):
    """Which exposures a breach pack holds, in which form; blank is any."""

    form = Line("Form", longest=4, load_default="csv")
    since = DateParts("The first day", required=True, error_messages={"required": _SOME_DAY})
    until = DateParts("The last day", required=True, error_messages={"required": _SOME_DAY})
    user = OneOf("staff", "Select a member of staff from the list", load_default=None)
    agency = OneOf("agencies", "Select an agency from the list", load_default=None)
    reference = Line("Reference", longest=20, load_default=None)
    delivery = Line("Delivery", longest=36, load_default=None)
    channel = Code(Channel, "Select a way from the list", load_default=None)

    def __init__(self, known: Offered) -> None:
        self.known = known
        super().__init__()

    @validates_schema(skip_on_field_errors=True)
    def _written_as_we_write_it(self, data: Mapping[str, Any], **_options: Any) -> None:
        _require_reference(data["reference"])
        if data["delivery"] and not _ENTRY.fullmatch(data["delivery"]):
            raise ValidationError(
                "Enter the number of a delivery as an entry of the log shows it", "delivery"
            )
        if data["since"] > data["until"]:
            raise ValidationError("The last day must not be before the first", "until")


class _ReviewPage(FormPage):
    """What a form over items stands on; its fields are made for the items of one page."""

    def __init__(self, known: Offered) -> None:
        self.known = known
        super().__init__()


def review_page(shorts: Iterable[str]) -> FormPage:
    """Return the form over these items: a box, a reason, and words to take out, for each."""
    listed = list(shorts)
    fields: dict[str, Any] = {
        "withhold": Many("items", "Tick items of this page", load_default=frozenset())
    }
    for short in listed:
        fields[f"why-{short}"] = Code(Exemption, "Select a reason from the list", load_default=None)
        fields[f"hide-{short}"] = Paragraph("Words to take out", longest=500, load_default=None)
    made = cast("type[_ReviewPage]", _ReviewPage.from_dict(fields, name="ReviewPage"))
    return made(Offered(items=dict.fromkeys(listed, "")))


def decisions_of(values: Mapping[str, Any], shorts: Iterable[str]) -> dict[str, Decided]:
    """Return what was decided about each item."""
    found = {}
    for short in shorts:
        why = values[f"why-{short}"]
        words = tuple(line for line in (values[f"hide-{short}"] or "").split("\n") if line)
        if short in values["withhold"]:
            found[short] = Decided(Handling.WITHHOLD, why)
        elif words:
            found[short] = Decided(Handling.PART, why, words)
        else:
            found[short] = Decided(Handling.GIVE)
    return found


def aware_at(values: Mapping[str, Any]) -> datetime:
    """Return the instant of a day and a time in London."""
    found = _TIME.fullmatch(values["aware_time"])
    hour, minute = (int(part) for part in found.groups()) if found else (0, 0)
    return datetime.combine(values["aware_on"], time(hour, minute), LONDON)


def _require_reference(reference: str | None) -> None:
    if reference and not _REFERENCE.fullmatch(reference.upper()):
        raise ValidationError("Enter a reference like RH-7KQM-2X9D", "reference")
