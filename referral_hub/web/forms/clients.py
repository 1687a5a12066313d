"""What an administrator writes about a partner's system: its name, what it may do, its keys."""

from __future__ import annotations

from enum import StrEnum

from referral_hub.domain.codes import Scope
from referral_hub.services.clients import LONGEST_NAME
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Line, Many, Paragraph

_SCOPES = "Choose at least one thing that this system may do"


class Plain(StrEnum):
    """The one box about bodies that TLS alone protects."""

    YES = "yes"


class TermsPage(FormPage):
    """What a client may do, and whether it may send what is not sealed."""

    scopes = Many(Scope, _SCOPES, required=True)
    plain = Many(Plain, "Choose from the list", load_default=frozenset())


class NewClientPage(TermsPage):
    """A new client."""

    name = Line(
        "Name",
        longest=LONGEST_NAME,
        required=True,
        error_messages={"required": "Enter a name, such as the system’s"},
    )


class KeyPage(FormPage):
    """A public key, pasted."""

    key = Paragraph(
        "The key",
        longest=4_000,
        required=True,
        error_messages={"required": "Paste the public key"},
    )


class NoFields(FormPage):
    """A button alone."""
