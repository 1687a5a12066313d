"""What the data protection officer asks for. Filters travel in addresses, so they hold codes,
days, ids and a referral's reference: nothing about a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, validates, validates_schema

from consent.evidence.entry import EntryType
from consent.model import RuleId
from referral_hub.services.audit_filters import DecisionOutcome, Filters
from referral_hub.services.table_forms import TableForm
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, OneOf, Paragraph

_REFERENCE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}")
_SIZE = re.compile(r"[0-9]{1,15}")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be chosen: agencies and staff by id, reasons and bases by code."""

    agencies: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    bases: Mapping[str, str] = field(default_factory=dict)


class SearchPage(FormPage):
    """The filters over the log; blank is any."""

    reference = Line("Reference", longest=20, load_default=None)
    type = Code(EntryType, "Select a kind from the list", load_default=None)
    outcome = Code(DecisionOutcome, "Select an outcome from the list", load_default=None)
    agency = OneOf("agencies", "Select an agency from the list", load_default=None)
    user = OneOf("staff", "Select a member of staff from the list", load_default=None)
    person = Line("Person", longest=36, load_default=None)
    basis = OneOf("bases", "Select a basis from the list", load_default=None)
    rule = Code(RuleId, "Select a rule from the list", load_default=None)
    reason = OneOf("reasons", "Select a reason from the list", load_default=None)
    since = DateParts("From", load_default=None)
    until = DateParts("Until", load_default=None)

    def __init__(self, known: Offered) -> None:
        self.known = known
        super().__init__()

    @validates("reference")
    def _written_as_we_write_it(self, value: str | None, **_options: Any) -> None:
        if value is not None and not _REFERENCE.fullmatch(value.upper()):
            raise ValidationError("Enter a reference like RH-7KQM-2X9D")

    @validates("person")
    def _a_person(self, value: str | None, **_options: Any) -> None:
        if value is not None and not _ID.fullmatch(value):
            raise ValidationError("Find the person again")

    @validates_schema(skip_on_field_errors=True)
    def _period(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["since"] and data["until"] and data["until"] < data["since"]:
            raise ValidationError("Until must be the same day as from, or later", "until")


class BundlePage(SearchPage):
    """What a bundle holds: the filters, or one entry; and the officer's last checkpoint's size."""

    entry = Line("Entry", longest=36, load_default=None)
    checkpoint_size = Line("Number of entries", longest=15, load_default=None)
    form = Code(TableForm, "Choose CSV, JSON or PDF", load_default=TableForm.CSV)

    @validates("entry")
    def _an_id(self, value: str | None, **_options: Any) -> None:
        if value is not None and not _ID.fullmatch(value):
            raise ValidationError("Go back to the entry and choose its evidence again")

    @validates("checkpoint_size")
    def _a_size(self, value: str | None, **_options: Any) -> None:
        if value is not None and not _SIZE.fullmatch(value):
            raise ValidationError("Enter the second line of your checkpoint, a whole number")


class VerifyPage(FormPage):
    """The officer's own last checkpoint, pasted whole."""

    checkpoint = Paragraph("Checkpoint", longest=20_000, load_default=None)


class ConsistencyPage(FormPage):
    """The numbers of entries of two checkpoints, the second lines of both."""

    older = Line(
        "Number of entries",
        longest=15,
        required=True,
        error_messages={"required": "Enter the second line of the older checkpoint"},
    )
    newer = Line(
        "Number of entries",
        longest=15,
        required=True,
        error_messages={"required": "Enter the second line of the newer checkpoint"},
    )

    @validates("older")
    @validates("newer")
    def _a_size(self, value: str, **_options: Any) -> None:
        if not _SIZE.fullmatch(value):
            raise ValidationError("Enter the second line of the checkpoint, a whole number")


def filters_of(values: Mapping[str, Any]) -> Filters:
    """Return the filters of a page that was filled in rightly."""
    reference = values["reference"]
    return Filters(
        type=values["type"],
        outcome=values["outcome"],
        agency=_id(values["agency"]),
        user=_id(values["user"]),
        reference=reference.upper() if reference else None,
        person=_id(values["person"]),
        basis=values["basis"],
        rule=values["rule"],
        reason=values["reason"],
        since=values["since"],
        until=values["until"],
        entry=_id(values.get("entry")),
    )


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value else None
