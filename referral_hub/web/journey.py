"""The order of a referral's pages, and which of them apply to what has been answered so far.

Pure: it looks at the raw pages of a draft and at the day, and at nothing else. `check` is not a
page but where all of them lead; after a change somebody returns there unless the change made
another page necessary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from consent.model import GivenBy
from consent.policy import current_policy
from referral_hub.domain.routing import age_on
from referral_hub.services.facts import may_be_child
from referral_hub.web.forms import fill
from referral_hub.web.forms.deciding import (
    PROXIES,
    AuthorityPage,
    CapacityPage,
    ChildPage,
    SafeguardingPage,
)
from referral_hub.web.forms.referral import (
    AccessPage,
    AddressPage,
    AgreedPage,
    ContactPage,
    DangerPage,
    Known,
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
    applies: Callable[[Draft, date], bool] = lambda _draft, _today: True


def answered(draft: Draft, page: str, field: str) -> object:
    """What was answered to a field, or None."""
    answers = draft.get(page)
    return answers.get(field) if isinstance(answers, Mapping) else None


def agreed(draft: Draft) -> bool:
    """Whether the person said yes to sharing."""
    return answered(draft, "agreement", "agreed") == "yes"


def concern(draft: Draft) -> bool:
    """Whether it is a safeguarding concern: nobody is asked to agree, and one route is open."""
    return answered(draft, "danger", "concern") in ("yes", ["yes"])


def for_a_child(draft: Draft, today: date) -> bool:
    """Whether the patient may be a child for the rules, by the date of birth as it was typed."""
    born = _born(draft, today)
    return born is not None and may_be_child(born, today)


def under_sixteen(draft: Draft, today: date) -> bool:
    """Whether the patient is too young for the Mental Capacity Act."""
    born = _born(draft, today)
    return born is not None and age_on(born, today) < current_policy().child_until


def _born(draft: Draft, today: date) -> date | None:
    page = draft.get("person")
    person = fill(PersonPage(Known(today)), page) if isinstance(page, Mapping) else None
    return person.values.get("date_of_birth") if person else None


def _asked(draft: Draft, _today: date) -> bool:
    return not concern(draft)


def _agreed(draft: Draft, _today: date) -> bool:
    return agreed(draft) and not concern(draft)


def _by_proxy(draft: Draft, today: date) -> bool:
    return _agreed(draft, today) and answered(draft, "taken", "given_by") in PROXIES


def _capacity(draft: Draft, today: date) -> bool:
    nobody = answered(draft, "taken", "given_by") == GivenBy.BEST_INTERESTS
    assessed = answered(draft, "taken", "assessed") in ("yes", ["yes"])
    return _agreed(draft, today) and (nobody or assessed)


def _child(draft: Draft, today: date) -> bool:
    return _agreed(draft, today) and for_a_child(draft, today)


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
    Step("safeguarding", SafeguardingPage, "Your concern", lambda draft, _today: concern(draft)),
    Step("recipients", RecipientsPage, "Who could help", _asked),
    Step("agreement", AgreedPage, "Has the patient agreed to share information?", _asked),
    Step("sharing", SharingPage, "Who may receive it, and what?", _agreed),
    Step("taken", TakenPage, "Who gave the answer, and how?", _asked),
    Step("authority", AuthorityPage, "What lets them speak for the patient?", _by_proxy),
    Step("capacity", CapacityPage, "Can the patient decide this themselves?", _capacity),
    Step("child", ChildPage, "Deciding for a child", _child),
    Step("terms", TermsPage, "What else did they agree to?", _agreed),
    Step("why", WhyPage, "Why are you referring them?"),
)
NAMES: tuple[str, ...] = tuple(step.name for step in STEPS)
_BY_NAME = {step.name: step for step in STEPS}


def step(name: str) -> Step:
    """The page called `name`. Raises KeyError."""
    return _BY_NAME[name]


def missing(draft: Draft, today: date) -> str | None:
    """The first page that applies and has not been saved; the 999 advice ends the journey."""
    if in_danger(draft):
        return ADVICE
    return next((s.name for s in STEPS if s.applies(draft, today) and s.name not in draft), None)


def after(name: str, draft: Draft, today: date, *, changing: bool) -> str:
    """Where to go once `name` is saved: the next page, or back to check answers."""
    if changing:
        return missing(draft, today) or CHECK
    position = NAMES.index(name)
    following = (s.name for s in STEPS[position + 1 :] if s.applies(draft, today))
    return next(following, CHECK)


def before(name: str, draft: Draft, today: date) -> str | None:
    """The page to go back to; None before the first."""
    position = NAMES.index(name) if name in _BY_NAME else len(STEPS)
    earlier = [s.name for s in STEPS[:position] if s.applies(draft, today)]
    return earlier[-1] if earlier else None


def reachable(name: str, draft: Draft, today: date) -> bool:
    """Whether everything before `name` has been answered and `name` applies."""
    first = missing(draft, today)
    if first == ADVICE:
        return name == "danger"
    open_until = NAMES.index(first) if first else len(STEPS)
    return step(name).applies(draft, today) and NAMES.index(name) <= open_until
