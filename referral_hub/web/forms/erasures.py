"""What an officer writes to find a person, to erase them, or to say why they are not erased."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from referral_hub.domain.retention import KeptBecause
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Line, Many

NONE_OF_THEM = "none"
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


class _Ticked(Many):
    """Boxes whose offer only a search knows: the service compares them with what it finds."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> frozenset[str]:
        given = frozenset(value if isinstance(value, list) else [value])
        if NONE_OF_THEM in given and len(given) > 1:
            raise ValidationError("Select those that are about this person, or none, not both")
        return given - {NONE_OF_THEM}


class ConfirmPage(FormPage):
    """The word that is written before erasing; which list was seen, and what of it goes too."""

    seen = Line("The list that was shown", longest=16, load_default="")
    also = _Ticked("begun", "Select those that are about this person", load_default=None)
    sure = Line("Confirmation", longest=10, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _written(self, data: Mapping[str, Any], **_options: Any) -> None:
        if (data["sure"] or "").strip().upper() != "ERASE":
            raise ValidationError("Write the word ERASE to confirm", "sure")


class RefusalPage(FormPage):
    """On which ground a person who asked to be erased is not."""

    ground = Code(KeptBecause, "Select why they are not erased", required=True)
