"""What a person types to open their own page, and what they say is wrong."""

from __future__ import annotations

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Line, Paragraph


class OpenPage(FormPage):
    """Reference and code, however they are spaced or spelt in upper or lower case."""

    reference = Line(
        "Reference",
        longest=20,
        required=True,
        error_messages={"required": "Enter your reference, like RH-7KQM-2X9D"},
    )
    code = Line(
        "Code",
        longest=20,
        required=True,
        error_messages={"required": "Enter your code, like K7QM-2XRD"},
    )


class PressPage(FormPage):
    """A button: nothing to fill in."""


class WrongPage(FormPage):
    """What is wrong about what was recorded."""

    what = Paragraph(
        "What you write",
        longest=1000,
        required=True,
        error_messages={"required": "Write what is wrong, and what is right"},
    )
