"""Taking referrals away: which of them, and in which order their fields come."""

from __future__ import annotations

from enum import StrEnum

from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Paragraph


class Which(StrEnum):
    """Which referrals go into the table."""

    NEW = "new"
    OPEN = "open"


class TablePage(FormPage):
    """What the table is to hold."""

    which = Code(Which, "Select which referrals you want", required=True)


class PrintPage(FormPage):
    """A button: nothing to fill in."""


class OrderPage(FormPage):
    """One field a line, in the agency's order."""

    order = Paragraph("Order", longest=4000, load_default="")
