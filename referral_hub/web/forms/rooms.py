"""Until when a service takes nobody new."""

from __future__ import annotations

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import DateParts


class FullPage(FormPage):
    """The last day without room."""

    until = DateParts(
        "The last day",
        required=True,
        error_messages={"required": "Enter the last day on which you have no room"},
    )
