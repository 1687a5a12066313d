"""What somebody looks for in the directory; everything may be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marshmallow import ValidationError

from referral_hub.domain.codes import AccessNeed, NeedCode
from referral_hub.domain.listings import PartOfDay, Weekday
from referral_hub.services.search_directory import DEFAULT_MILES, Search
from referral_hub.store.directory_search import After
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, Line, Many, OneOf, Whole

MILES = {"1": "1 mile", "3": "3 miles", "5": "5 miles", "10": "10 miles", "25": "25 miles"}
COSTS = {"free": "Free only"}


@dataclass(frozen=True, slots=True)
class NearbyKnown:
    """What the page offers."""

    languages: Mapping[str, str]
    miles: Mapping[str, str]
    costs: Mapping[str, str]


class _After(Line):
    """Where the list goes on, as the page's own button carries it."""

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> Any:
        parts = super()._deserialize(value, *context, **options).split(" ")
        try:
            unsure, rank, metres = (int(part) for part in parts[:3])
            if max(abs(unsure), abs(rank), abs(metres)) < 2_147_483_648:
                return After(unsure, rank, metres, UUID(parts[3]))
        except (ValueError, IndexError):
            pass
        raise ValidationError("Search again")


class NearbyPage(FormPage):
    """The form of the public page."""

    place = Line("The place", longest=80, load_default="")
    miles = OneOf("miles", "Select a distance from the list", load_default=str(DEFAULT_MILES))
    words = Line("What you look for", longest=120, load_default="")
    needs = Many(NeedCode, "Select needs from the list", load_default=frozenset())
    age = Whole("Age", least=0, most=120, load_default=None)
    day = Code(Weekday, "Select a day from the list", load_default=None)
    part = Code(PartOfDay, "Select a part of the day from the list", load_default=None)
    access = Many(AccessNeed, "Select from the list", load_default=frozenset())
    language = OneOf("languages", "Select a language from the list", load_default=None)
    cost = Many("costs", "Select from the list", load_default=frozenset())
    after = _After("The page", longest=90, load_default=None)

    def __init__(self, known: NearbyKnown) -> None:
        self.known = known
        super().__init__()


def search_of(values: Mapping[str, Any], *, helpers: bool | None) -> Search:
    """Return the search that a filled page asks for."""
    return Search(
        place=values["place"],
        miles=int(values["miles"]),
        words=values["words"],
        needs=values["needs"],
        age=values["age"],
        day=values["day"],
        part=values["part"],
        access=values["access"],
        language=values["language"],
        free=bool(values["cost"]),
        helpers=helpers,
        after=values["after"],
    )
