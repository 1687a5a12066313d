"""Where an agency wants to be called."""

from __future__ import annotations

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Line


class CallbackPage(FormPage):
    """One web address."""

    url = Line(
        "Address",
        longest=500,
        required=True,
        error_messages={"required": "Enter the web address that is to be called"},
    )
