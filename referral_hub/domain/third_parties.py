"""Which of a person's records may be about somebody else, as data, and under which exemption.

An access request gives the person their own data. What other people said, or what is about them, is
kept back until an officer has looked at it: a default is a starting point and never a decision.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Exemption(StrEnum):
    """Why something is withheld (Data Protection Act 2018, Schedules 2 to 4)."""

    OTHER_PERSON = "other_person"
    OTHER_AGENCY = "other_agency"
    STAFF_OUTSIDE = "staff_outside"
    SERIOUS_HARM = "serious_harm"
    CHILD_ABUSE = "child_abuse"
    CRIME = "crime"
    LEGAL_PRIVILEGE = "legal_privilege"
    NEGOTIATION = "negotiation"


class Handling(StrEnum):
    """What an officer decided about one item."""

    GIVE = "give"
    PART = "part"
    WITHHOLD = "withhold"


def by_default(what: str) -> Exemption | None:
    """Return why `what` is withheld unless an officer decides otherwise; None: it is given.

    `what` is a code such as `field.risk.visit_safety` or `note.theirs`.
    """
    parts = what.split(".")
    for length in range(len(parts), 0, -1):
        found = _withheld().get(".".join(parts[:length]))
        if found is not None:
            return found
    return None


@cache
def _withheld() -> Mapping[str, Exemption]:
    text = files("referral_hub.domain").joinpath("third_parties.toml").read_text(encoding="utf-8")
    return {name: Exemption(code) for name, code in tomllib.loads(text)["withhold"].items()}
