"""The code that belongs to a one-time link."""

from __future__ import annotations

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Line


class CodePage(FormPage):
    """Your group's code, however it is spaced or spelt in upper or lower case."""

    code = Line(
        "Code",
        longest=20,
        required=True,
        error_messages={"required": "Enter your group’s code"},
    )


class AgainPage(FormPage):
    """Asking for a new link: nothing to fill in."""


class MailPage(FormPage):
    """Where mails without content go."""

    address = Line(
        "Mail address",
        longest=254,
        required=True,
        error_messages={"required": "Enter a mail address that your group reads"},
    )
