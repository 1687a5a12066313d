"""The order of a referral's pages, and which of them apply to what has been answered so far.

Pure: it looks at the raw pages of a draft and at nothing else. `check` is not a page but where all
of them lead; after a change somebody returns there unless the change made another page necessary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from referral_hub.web.forms.referral import (
    AccessPage,
    AddressPage,
    AgreedPage,
    ContactPage,
    DangerPage,
    NeedsPage,
    PersonPage,
    RecipientsPage,
    ReferralPage,
    SharingPage,
    TakenPage,
    TermsPage,
    WhyPage,
)

Draft = Mapping[str, Any]
CHECK = "check"
ADVICE = "danger-advice"


@dataclass(frozen=True, slots=True)
class Step:
    """One page: its name in the address, its schema, its title, and when it applies."""

    name: str
    schema: type[ReferralPage]
    title: str
    applies: Callable[[Draft], bool] = lambda _draft: True


def answered(draft: Draft, page: str, field: str) -> object:
    """What was answered to a field, or None."""
    answers = draft.get(page)
    return answers.get(field) if isinstance(answers, Mapping) else None


def agreed(draft: Draft) -> bool:
    """Whether the person said yes to sharing."""
    return answered(draft, "agreement", "agreed") == "yes"


def in_danger(draft: Draft) -> bool:
    """Whether somebody is in immediate danger, which ends the form."""
    return answered(draft, "danger", "danger") == "yes"


STEPS: tuple[Step, ...] = (
    Step("danger", DangerPage, "Is anyone in immediate danger?"),
    Step("person", PersonPage, "Who are you referring?"),
    Step("address", AddressPage, "Where do they live?"),
    Step("contact", ContactPage, "How can they be contacted?"),
    Step("access", AccessPage, "Language and access"),
    Step("needs", NeedsPage, "What would help?"),
    Step("recipients", RecipientsPage, "Who could help"),
    Step("agreement", AgreedPage, "Has the patient agreed to share information?"),
    Step("sharing", SharingPage, "Who may receive it, and what?", agreed),
    Step("taken", TakenPage, "Who gave the answer, and how?"),
    Step("terms", TermsPage, "What else did they agree to?", agreed),
    Step("why", WhyPage, "Why are you referring them?"),
)
NAMES: tuple[str, ...] = tuple(step.name for step in STEPS)
_BY_NAME = {step.name: step for step in STEPS}


def step(name: str) -> Step:
    """The page called `name`. Raises KeyError."""
    return _BY_NAME[name]


def missing(draft: Draft) -> str | None:
    """The first page that applies and has not been saved; the 999 advice ends the journey."""
    if in_danger(draft):
        return ADVICE
    return next((s.name for s in STEPS if s.applies(draft) and s.name not in draft), None)


def after(name: str, draft: Draft, *, changing: bool) -> str:
    """Where to go once `name` is saved: the next page, or back to check answers."""
    if changing:
        return missing(draft) or CHECK
    position = NAMES.index(name)
    following = (s.name for s in STEPS[position + 1 :] if s.applies(draft))
    return next(following, CHECK)


def before(name: str, draft: Draft) -> str | None:
    """The page to go back to; None before the first."""
    position = NAMES.index(name) if name in _BY_NAME else len(STEPS)
    earlier = [s.name for s in STEPS[:position] if s.applies(draft)]
    return earlier[-1] if earlier else None


def reachable(name: str, draft: Draft) -> bool:
    """Whether everything before `name` has been answered and `name` applies."""
    first = missing(draft)
    if first == ADVICE:
        return name == "danger"
    open_until = NAMES.index(first) if first else len(STEPS)
    return step(name).applies(draft) and NAMES.index(name) <= open_until
