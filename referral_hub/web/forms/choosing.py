"""Which place of which part's plan the council takes, as one radio: `part.place`, from 0."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields

from referral_hub.web.forms import FormPage

_PLACE = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})", re.ASCII)
_MISSING = "Select who is to help"


class Place(fields.Field[tuple[int, int]]):
    """A part and a place of its plan."""

    def __init__(self) -> None:
        super().__init__(required=True, error_messages={"required": _MISSING})

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> tuple[int, int]:
        found = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError(_MISSING)
        return int(found[1]), int(found[2])


class ChoicePage(FormPage):
    """Whom the council chooses."""

    taken = Place()
