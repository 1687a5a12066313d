"""What an officer writes to find a person, and the box that is ticked before erasing them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Line

_REFERENCE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}")


class FindPage(FormPage):
    """A referral's reference or an NHS number, not both."""

    reference = Line("Reference", longest=20, load_default=None)
    nhs_number = Line("NHS number", longest=20, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _one_of_them(self, data: Mapping[str, Any], **_options: Any) -> None:
        reference = data["reference"]
        if bool(reference) == bool(data["nhs_number"]):
            raise ValidationError("Enter a reference or an NHS number, one of them", "reference")
        if reference and not _REFERENCE.fullmatch(reference.upper()):
            raise ValidationError("Enter a reference like RH-7KQM-2X9D", "reference")


class ConfirmPage(FormPage):
    """The word that is written before erasing."""

    sure = Line("Confirmation", longest=10, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _written(self, data: Mapping[str, Any], **_options: Any) -> None:
        if (data["sure"] or "").strip().upper() != "ERASE":
            raise ValidationError("Write the word ERASE to confirm", "sure")
