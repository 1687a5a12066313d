"""Untrusted form fields become typed values, or one plain message for each field.

What was typed is kept as it was typed (`Filled.raw`), so that a page with mistakes comes back with
nothing lost. A field that the page does not have, or one given twice, is not a mistake of a person
but of a program, and is refused as a bad request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError, pre_load
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from referral_hub.web.forms.fields import DateParts, Many

__all__ = ["Filled", "FormPage", "Raw", "fill", "read_form"]

Raw = dict[str, str | list[str]]
_BESIDE_THE_FORM = frozenset({"csrf_token"})


class FormPage(Schema):
    """A page of fields. Blank means missing."""

    @pre_load
    def _gather(self, data: Mapping[str, Any], **_options: Any) -> dict[str, Any]:
        gathered: dict[str, Any] = {}
        for name, kind in self.fields.items():
            value = kind.gather(data, name) if isinstance(kind, DateParts) else data.get(name)
            if isinstance(value, str) and not value.strip():
                continue
            if value:
                gathered[name] = value
        return gathered

    def names(self) -> dict[str, bool]:
        """The form's field names, and whether each may be given more than once."""
        names: dict[str, bool] = {}
        for name, kind in self.fields.items():
            if isinstance(kind, DateParts):
                names |= dict.fromkeys(kind.part_names(name), False)
            else:
                names[name] = isinstance(kind, Many)
        return names


@dataclass(frozen=True, repr=False)
class Filled:
    """A page as somebody filled it in: what was typed, what it means, and what is wrong."""

    raw: Mapping[str, str | list[str]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Filled (redacted)>"

    @property
    def ok(self) -> bool:
        """Whether every field can be accepted."""
        return not self.errors

    def value(self, name: str) -> str:
        """What was typed into a field."""
        given = self.raw.get(name, "")
        return given if isinstance(given, str) else ""

    def chosen(self, name: str) -> list[str]:
        """Which boxes of a field were ticked."""
        given = self.raw.get(name, [])
        return given if isinstance(given, list) else [given]

    def error(self, name: str) -> dict[str, str] | None:
        """The message for a field, in the shape that the GOV.UK macros take."""
        return {"text": self.errors[name]} if name in self.errors else None

    def summary(self) -> list[dict[str, str]]:
        """Every message with a link to its field, in the page's order."""
        return [
            {"text": text, "href": f"#{self.targets.get(name, name)}"}
            for name, text in self.errors.items()
        ]

    def with_errors(self, **errors: str) -> Filled:
        """The same page with messages that only a service could give."""
        return Filled(self.raw, self.values, {**self.errors, **errors}, self.targets)


def fill(schema: FormPage, raw: Mapping[str, str | list[str]]) -> Filled:
    """Check `raw` against `schema`."""
    targets = {
        name: f"{name}-day" for name, kind in schema.fields.items() if isinstance(kind, DateParts)
    }
    try:
        values = schema.load(dict(raw))
    except ValidationError as problem:
        return Filled(raw, {}, _first_messages(schema, problem), targets)
    return Filled(raw, values, {}, targets)


def read_form(schema: FormPage) -> Filled:
    """Check the fields of the current request against `schema`.

    Raises BadRequest for a field that the page does not have, and for one given twice.
    """
    return fill(schema, _raw(request.form, schema.names()))


def _raw(form: MultiDict[str, str], names: Mapping[str, bool]) -> Raw:
    raw: Raw = {}
    for name in form:
        if name in _BESIDE_THE_FORM:
            continue
        given = form.getlist(name)
        if name not in names or (len(given) > 1 and not names[name]):
            raise BadRequest("The form has a field that this page does not have.")
        raw[name] = given if names[name] else given[0]
    return raw


def _first_messages(schema: FormPage, problem: ValidationError) -> dict[str, str]:
    messages = problem.messages_dict
    ordered = [name for name in schema.fields if name in messages]
    ordered += [name for name in messages if name not in ordered]
    return {name: _first(messages[name]) for name in ordered}


def _first(message: Any) -> str:
    while isinstance(message, (dict, list)):
        message = next(iter(message.values() if isinstance(message, dict) else message))
    return str(message)
