"""Fields of JSON bodies: what a JSON value has to be, with no guessing.

Text is taken as the pages take it (`fields.Line`), so both doors accept the same names. A number is
never text, one value is never a list of one, and a list names nothing twice. Each field describes
itself for OpenAPI in `metadata`, so the description cannot differ from what is checked.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields, missing

from referral_hub.web.forms.fields import FIRST_YEAR, LAST_YEAR, Line, Paragraph

_Code = TypeVar("_Code", bound=StrEnum)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_REQUIRED = "This is needed."
_NOT_NULL = "Leave it out instead of sending null."
MESSAGES: dict[str, Any] = {"required": _REQUIRED, "null": _NOT_NULL}
MOST_IN_A_LIST = 50


class ApiBody(Schema):
    """An object with no member that is not listed."""

    error_messages = {  # noqa: RUF012 - marshmallow declares it for instances
        "unknown": "There is no such member here.",
        "type": "Send one JSON object.",
    }

    class Meta:
        """Marshmallow's options."""

        unknown = RAISE


class _Text:
    """What one line and several lines have in common; mixed into the pages' fields."""

    def __init__(self, what: str, *, longest: int, **options: Any) -> None:
        described = {
            "type": "string",
            "minLength": 1,
            "maxLength": longest,
            **options.pop("metadata", {}),
        }
        super().__init__(  # type: ignore[call-arg]  # the mixed-in field's
            what, longest=longest, **_strict(options, described)
        )

    def _deserialize(self, value: Any, *context: Any, **options: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Send text.")
        read: str = super()._deserialize(value, *context, **options)  # type: ignore[misc]  # the mixed-in field's
        if not read:
            raise ValidationError("Send text, or leave it out.")
        return read


class Text(_Text, Line):
    """One line of text."""


class LongText(_Text, Paragraph):
    """Several lines of text."""


class OneCode(fields.Field[_Code]):
    """One member of a closed list."""

    def __init__(self, codes: type[_Code], **options: Any) -> None:
        self._codes = codes
        described = {"type": "string", "enum": [code.value for code in codes]}
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> _Code:
        if isinstance(value, str):
            try:
                return self._codes(value)
            except ValueError:
                pass
        raise ValidationError(f"Send one of {', '.join(self._codes)}.")


class Codes(fields.Field[frozenset[Any]]):
    """Members of a closed list, each once."""

    def __init__(self, codes: type[StrEnum], *, least: int = 0, **options: Any) -> None:
        self._codes, self._least = codes, least
        described = {
            "type": "array",
            "items": {"type": "string", "enum": [code.value for code in codes]},
            "uniqueItems": True,
            "minItems": least,
        }
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> frozenset[Any]:
        given = _distinct(value, self._least)
        wrong = {
            place: [f"Send one of {', '.join(self._codes)}."]
            for place, one in enumerate(given)
            if one not in set(self._codes)
        }
        if wrong:
            raise ValidationError(wrong)
        return frozenset(map(self._codes, given))


class Id(fields.Field[UUID]):
    """An id as the hub writes it: a UUID in lower case with hyphens."""

    def __init__(self, **options: Any) -> None:
        described = {"type": "string", "format": "uuid"}
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> UUID:
        return read_id(value)


class Ids(fields.Field[frozenset[UUID]]):
    """Ids, each once."""

    def __init__(self, **options: Any) -> None:
        described = {
            "type": "array",
            "items": {"type": "string", "format": "uuid"},
            "uniqueItems": True,
            "minItems": 1,
            "maxItems": MOST_IN_A_LIST,
        }
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> frozenset[UUID]:
        found, wrong = set(), {}
        for place, one in enumerate(_distinct(value, 1)):
            try:
                found.add(read_id(one))
            except ValidationError as problem:
                wrong[place] = problem.messages
        if wrong:
            raise ValidationError(wrong)
        return frozenset(found)


class Day(fields.Field[date]):
    """A day, `YYYY-MM-DD`."""

    def __init__(self, **options: Any) -> None:
        described = {"type": "string", "format": "date"}
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> date:
        day = None
        if isinstance(value, str) and _DAY.fullmatch(value):
            with suppress(ValueError):
                day = date.fromisoformat(value)
        if day is None:
            raise ValidationError("Send a day that exists, as YYYY-MM-DD.")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise ValidationError(f"Send a day in a year between {FIRST_YEAR} and {LAST_YEAR}.")
        return day


class Truth(fields.Field[bool]):
    """`true` or `false`, and nothing that merely looks like it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_strict(options, {"type": "boolean"}))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Send true or false.")
        return value


class Count(fields.Field[int]):
    """A whole number from `least` to `most`."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        self._least, self._most = least, most
        described = {"type": "integer", "minimum": least, "maximum": most}
        super().__init__(**_strict(options, described))

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self._least <= value <= self._most:
            raise ValidationError(f"Send a whole number from {self._least} to {self._most}.")
        return int(value)


def part(schema: type[Schema] | Schema, **options: Any) -> fields.Nested:
    """An object within the body."""
    return fields.Nested(schema, error_messages=MESSAGES, allow_none=False, **_defaulted(options))


def read_id(value: object) -> UUID:
    """Return an id that is written in its one form. Raises ValidationError."""
    if isinstance(value, str):
        try:
            read = UUID(value)
        except ValueError:
            read = None
        if read is not None and str(read) == value:
            return read
    raise ValidationError("Send an id, a UUID in lower case with hyphens.")


def _strict(options: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """A member that is left out has its default; one that is null is a mistake."""
    return {
        **_defaulted(options),
        "metadata": described,
        "error_messages": MESSAGES,
        "allow_none": False,
    }


def _defaulted(options: dict[str, Any]) -> dict[str, Any]:
    """Defaults that JSON does not have are made when wanted, and are not in the description."""
    default = options.get("load_default", missing)
    if default is None or isinstance(default, frozenset):
        return {**options, "load_default": lambda: default}
    return options


def _distinct(value: Any, least: int) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValidationError("Send a list of texts.")
    if len(value) < least:
        raise ValidationError("Send at least one.")
    if len(value) > MOST_IN_A_LIST or len(set(value)) != len(value):
        raise ValidationError(f"Send each once, and at most {MOST_IN_A_LIST}.")
    return value
