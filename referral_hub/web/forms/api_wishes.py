"""How somebody would like to be helped, as a partner's system says it.

The same facts as on the page of recipients, and one more that only a system asks for: what is not
so. Whoever the person agreed to stands in `agreement`; here stands whom
they would like asked first, and whom never.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import ValidationError, post_load

from referral_hub.domain.codes import Circumstance, Manner, NeedCode, TaskType
from referral_hub.domain.commands import Wishes
from referral_hub.domain.listings import Weekday
from referral_hub.domain.routing_model import PROTECTED
from referral_hub.domain.wishes import WishFault, wish_faults
from referral_hub.web.forms.api_fields import ApiBody, Codes, Ids, OneCode, Truth

_COMPANY = ", ".join(one for one in Circumstance if one in PROTECTED)
WORDS = {
    WishFault.FIRST_AND_NEVER: "Nobody can be asked first and never.",
    WishFault.PROTECTED: f"{_COMPANY} are wishes for company, and no circumstances.",
    WishFault.NO_COMPANY: f"Send some of {_COMPANY}.",
    WishFault.SO_AND_NOT: "Nothing can be so and not so.",
    WishFault.NOT_ESSENTIAL: "Send some of the needs, and only where a missed visit does harm:"
    " shopping_meals, lifts, caring_too_much.",
    WishFault.OTHER_TASK: "Send tasks that meet one of the needs.",
}


class WishesBody(ApiBody):
    """How the person would like to be helped; whatever is left out was not said.

    `first` and `never` are agencies of the directory. Whom somebody says never to is remembered for
    their later referrals. With `council_chooses` nobody is asked before the council has chosen.
    """

    prefers = OneCode(Manner, load_default=None)
    company = Codes(Circumstance, load_default=frozenset())
    first = Ids(load_default=frozenset())
    never = Ids(load_default=frozenset())
    tasks = Codes(TaskType, load_default=frozenset())
    essential = Codes(NeedCode, load_default=frozenset())
    is_so = Codes(Circumstance, load_default=frozenset())
    is_not = Codes(Circumstance, load_default=frozenset())
    days = Codes(Weekday, load_default=frozenset())
    council_chooses = Truth(load_default=False)

    @post_load
    def _wishes(self, data: Mapping[str, Any], **_options: Any) -> Wishes:
        said = dict(data)
        said["days"] = frozenset(day.value for day in said["days"])
        return Wishes(person_chooses=said.pop("council_chooses"), **said)


def check_wishes(wishes: Wishes, needs: Iterable[NeedCode]) -> None:
    """Refuse what cannot be meant together. Raises ValidationError with the member's place."""
    wrong: dict[str, list[str]] = {}
    for name, fault in wish_faults(wishes, needs):
        wrong.setdefault(name, []).append(WORDS[fault])
    if wrong:
        raise ValidationError({"wishes": wrong})
