"""Until when a service takes nobody new."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates

from referral_hub.domain.codes import Capacity
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts


class RoomPage(FormPage):
    """How a service has room. The button on a list says nothing more than that it has."""

    capacity = Code(
        Capacity, "Select how people can come", load_default=Capacity.CAPACITY, required=False
    )

    @validates("capacity")
    def _has_room(self, value: Capacity, **_options: Any) -> None:
        if value is Capacity.NO_CAPACITY:
            raise ValidationError("Select how people can come")


class FullPage(FormPage):
    """The last day without room."""

    until = DateParts(
        "The last day",
        required=True,
        error_messages={"required": "Enter the last day on which you have no room"},
    )
