"""Cells about how somebody would like to be helped: the hub's own codes, and days by their names.

Codes stand as they are, in any case; an agency that wants its own words for them has none yet,
because what a word means here decides who is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from referral_hub.domain.codes import Circumstance, Manner, NeedCode, TaskType
from referral_hub.domain.commands import Wishes
from referral_hub.domain.csv_mapping import RowField

_CODED: Mapping[RowField, type[StrEnum]] = {
    RowField.COMPANY: Circumstance,
    RowField.TASKS: TaskType,
    RowField.ESSENTIAL: NeedCode,
    RowField.IS_SO: Circumstance,
    RowField.IS_NOT: Circumstance,
}
_NAMED = (RowField.FIRST, RowField.NEVER)
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WISHES = (*_CODED, RowField.PREFERS, RowField.DAYS)


def read_wish(code: RowField, words: Sequence[str]) -> object | None:
    """Return what a cell's folded words say; None where one of them is no code and no day."""
    if code is RowField.DAYS:
        return _days(words)
    if code is RowField.PREFERS:
        return Manner(words[0]) if len(words) == 1 and words[0] in set(Manner) else None
    known = _CODED[code]
    return frozenset(map(known, words)) if set(words) <= set(known) else None


def wishes_of(values: Mapping[str, Any]) -> Wishes:
    """Return how the person would like to be helped, as far as a row says it."""
    fields = (*WISHES, *_NAMED)
    return Wishes(**{one.value: values[one] for one in fields if one in values})


def wishes_page(wishes: Wishes) -> dict[str, Any]:
    """Return what the page of recipients would have; nothing where nothing was said."""
    page: dict[str, Any] = {
        "first": sorted(map(str, wishes.first)),
        "never": sorted(map(str, wishes.never)),
        "prefers": wishes.prefers.value if wishes.prefers else "",
    }
    for name in ("tasks", "essential", "is_so", "company", "days"):
        page[name] = sorted(getattr(wishes, name))
    return {name: value for name, value in page.items() if value}


def _days(words: Sequence[str]) -> frozenset[str] | None:
    found = set()
    for word in words:
        day = [name for name in _DAY_NAMES if len(word) > 1 and name.startswith(word)]
        if len(day) != 1:
            return None
        found.add(day[0][:2].upper())
    return frozenset(found)
