"""Whether somebody may have a code for their own page, and whether it still opens it. Pure.

The code belongs to whoever gave the agreement: a parent's stops when the child is grown up, and an
attorney's when the person agrees for themselves. It is put on paper and taken home, so nobody gets
one whom it is not safe to contact. After a death there is nobody whose page it is: confidentiality
goes on. Expected outcomes: `tests/tables/person_codes.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from consent.codes import GivenBy


class NoCode(StrEnum):
    """Why there can be no code; what is told first stands first."""

    ERASED = "erased"
    DIED = "died"
    CONCERN = "concern"
    UNSAFE = "unsafe"
    NO_AGREEMENT = "no_agreement"
    GROWN_UP = "grown_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFacts:
    """What a code depends on. `given_by`: who gave the newest agreement; None: nobody did.

    `unsafe`: it is not safe to contact the person, or every way of contact was ruled out.
    """

    given_by: GivenBy | None
    minor: bool
    unsafe: bool
    concern: bool
    deceased: bool
    erased: bool


def why_none(facts: CodeFacts) -> NoCode | None:
    """Return why nobody may have a code for this referral; None when somebody may."""
    stands = {
        NoCode.ERASED: facts.erased,
        NoCode.DIED: facts.deceased,
        NoCode.CONCERN: facts.concern,
        NoCode.UNSAFE: facts.unsafe,
        NoCode.NO_AGREEMENT: facts.given_by is None,
        NoCode.GROWN_UP: facts.given_by is GivenBy.PARENT and not facts.minor,
    }
    return next((reason for reason in NoCode if stands[reason]), None)


def still_theirs(facts: CodeFacts, given_to: GivenBy) -> bool:
    """Tell whether a code that was given to `given_to` still opens the page."""
    return why_none(facts) is None and facts.given_by is given_to
