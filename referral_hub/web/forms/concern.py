"""What the doorstep form sends, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from referral_hub.domain.concerns import Noticed, Said
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Line, OneOf


@dataclass(frozen=True, slots=True)
class DoorstepKnown:
    """The areas that may be chosen, by code."""

    areas: Mapping[str, str] = field(default_factory=dict)


class DoorstepPage(FormPage):
    """Everything that was tapped so far. `website` is there for programs: no person sees it."""

    def __init__(self, known: DoorstepKnown) -> None:
        self.known = known
        super().__init__()

    form = Line("The form", longest=200, required=True)
    noticed: Any = Code(Noticed, "Choose what you noticed", load_default=None)
    area = OneOf("areas", "Choose where it was", load_default=None)
    place = Line("Where it was", longest=120, load_default=None)
    said: Any = Code(Said, "Choose what they said", load_default=None)
    danger = Line("Danger", longest=3, load_default=None)
    send = Line("Send", longest=3, load_default=None)
    website = Line("Website", longest=200, load_default=None)


class LinkPage(FormPage):
    """Where a link is used."""

    label = Line(
        "Where it is used",
        longest=60,
        required=True,
        error_messages={"required": "Enter where the link is used, like: North depot vans"},
    )
