"""Where and how documents leave for an agency's own system."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from adapters.contract import FormatAbout
from referral_hub.domain.codes import MessagesBack
from referral_hub.services.reached import OPTION
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.clients import Plain
from referral_hub.web.forms.fields import Code, Line, Many, Paragraph

LONGEST_OPTION = 300


class SystemPage(FormPage):
    """An address, a key, and whether what leaves is sealed."""

    address = Line(
        "The address",
        longest=500,
        required=True,
        error_messages={"required": "Enter the address that takes a referral"},
    )
    key = Paragraph("The key", longest=4_000, load_default="")
    back = Code(MessagesBack, "Choose from the list", load_default=MessagesBack.NONE)
    plain = Many(Plain, "Choose from the list", load_default=frozenset())


def system_page(about: FormatAbout) -> SystemPage:
    """Return the page with the further lines that a format asks for."""
    asked: dict[str, fields.Field[Any]] = {
        OPTION + one.name: Line(one.label, longest=LONGEST_OPTION, load_default="")
        for one in about.options
    }
    page: SystemPage = SystemPage.from_dict(asked)()  # type: ignore[assignment]  # marshmallow says Schema
    return page
