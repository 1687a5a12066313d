"""The few kinds of field that the pages have. Messages say how to put it right and repeat no value.

Text is Unicode NFC with outer white space removed. Control characters and lone surrogates are
refused: no name needs them, and they end up in other people's terminals and spreadsheets. So is
text of nothing but invisible characters, which would be a field that looks empty.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from marshmallow import ValidationError, fields

_Code = TypeVar("_Code", bound=StrEnum)
_SPACE = re.compile(r"\s+")
_REFUSED = frozenset({"Cc", "Cs", "Cn"})
_UNSEEN = frozenset({"Cf", "Zs", "Cc"})
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_DIGITS = re.compile(r"[0-9]{1,4}")
_SHORTEST_MONTH = 3
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
PARTS = ("day", "month", "year")
FIRST_YEAR, LAST_YEAR = 1850, 2199
"""The years in which a day can mean anything here. The day after the last one must exist too, in
every time zone, and the last one that Python can write has none.
"""


class Line(fields.Field[str]):
    """One line of text, at most `longest` characters; `name` begins the messages."""

    def __init__(self, name: str, *, longest: int, **options: Any) -> None:
        self._name, self._longest = name, longest
        super().__init__(**options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        text = self._tidy(unicodedata.normalize("NFC", _one(value)))
        if any(_unusable(character) for character in text if character != "\n"):
            raise ValidationError(
                f"{self._name} has a character that cannot be used; type it again"
            )
        if text and all(unicodedata.category(character) in _UNSEEN for character in text):
            raise ValidationError(f"{self._name} has nothing that can be read; type it again")
        if len(text) > self._longest:
            raise ValidationError(f"{self._name} must be {self._longest} characters or fewer")
        return text

    def _tidy(self, text: str) -> str:
        return _SPACE.sub(" ", text).strip()


class Whole(fields.Field[int]):
    """A whole number from `least` to `most`; `name` begins the message."""

    def __init__(self, name: str, *, least: int, most: int, **options: Any) -> None:
        self._name, self._least, self._most = name, least, most
        super().__init__(**options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> int:
        typed = _one(value).strip()
        if typed.isascii() and typed.isdigit() and len(typed) <= 6:
            number = int(typed)
            if self._least <= number <= self._most:
                return number
        raise ValidationError(
            f"{self._name} must be a whole number from {self._least} to {self._most}"
        )


class Paragraph(Line):
    """Several lines of text."""

    def _tidy(self, text: str) -> str:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "\n".join(_SPACE.sub(" ", line).strip() for line in lines).strip()


class Code(fields.Field[_Code]):
    """One member of a closed list."""

    def __init__(self, codes: type[_Code], missing: str, **options: Any) -> None:
        self._codes, self._missing = codes, missing
        super().__init__(error_messages={"required": missing}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> _Code:
        try:
            return self._codes(_one(value))
        except ValueError:
            raise ValidationError(self._missing) from None


class OneOf(fields.Field[str]):
    """One key of what the page offers: a mapping that its `known` has under this name."""

    def __init__(self, offered: str, missing: str, **options: Any) -> None:
        self._offered, self._missing = offered, missing
        super().__init__(error_messages={"required": missing}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        if value not in _offer(self, self._offered):
            raise ValidationError(self._missing)
        return str(value)


class Many(fields.Field[frozenset[Any]]):
    """Ticked boxes: members of a closed list, or keys of what the page's `known` offers."""

    def __init__(self, offered: type[StrEnum] | str, missing: str, **options: Any) -> None:
        self._offered, self._missing = offered, missing
        super().__init__(error_messages={"required": missing}, **options)

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> frozenset[Any]:
        given = value if isinstance(value, list) else [value]
        if isinstance(self._offered, str):
            if not set(given) <= set(_offer(self, self._offered)):
                raise ValidationError(self._missing)
            return frozenset(given)
        try:
            return frozenset(self._offered(one) for one in given)
        except ValueError:
            raise ValidationError(self._missing) from None


class DateParts(fields.Field[date]):
    """A date in three boxes, `…-day`, `…-month` and `…-year`; a month may be named."""

    def __init__(self, name: str, **options: Any) -> None:
        self._name = name
        super().__init__(**options)

    @staticmethod
    def part_names(name: str) -> tuple[str, ...]:
        """The names of the three boxes."""
        return tuple(f"{name}-{part}" for part in PARTS)

    def gather(self, data: Mapping[str, Any], name: str) -> dict[str, str] | None:
        """What was typed into the boxes; None when all are blank."""
        given = {part: str(data.get(f"{name}-{part}") or "").strip() for part in PARTS}
        return given if any(given.values()) else None

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> date:
        missing = [part for part in PARTS if not value[part]]
        if missing:
            raise ValidationError(f"{self._name} must include a {' and '.join(missing)}")
        value = {**value, "month": _month(value["month"])}
        if not all(_DIGITS.fullmatch(value[part]) for part in PARTS) or len(value["year"]) != 4:
            raise ValidationError(f"{self._name} must be a real date, like 27 3 1948")
        try:
            day = date(int(value["year"]), int(value["month"]), int(value["day"]))
        except ValueError:
            raise ValidationError(f"{self._name} must be a real date, like 27 3 1948") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(
                f"{self._name} must be in a year between {FIRST_YEAR} and {LAST_YEAR}"
            )
        return day


def _offer(kind: fields.Field[Any], name: str) -> Mapping[str, str]:
    offered: Mapping[str, str] = getattr(getattr(kind.parent, "known", None), name)
    return offered


def _one(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Enter one value")
    return value


def _month(typed: str) -> str:
    """Return the number of a month that was typed as a word, and anything else as it is."""
    word = typed.rstrip(".").lower()
    if len(word) < _SHORTEST_MONTH:
        return typed
    found = (number for number, name in enumerate(_MONTHS, 1) if name.startswith(word))
    return str(next(found, typed))


def _unusable(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED or character in _BIDI_CONTROLS
