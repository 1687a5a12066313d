"""What a decision was made from, in one spelling, so that it can be made again years later.

A log that says "permitted" proves that the hub said so; that the law says so too shows only when
somebody else can decide again over the same request, the same facts and the same instant. Those
three become canonical JSON here: ids, codes and times, no free text. What equals its default is
left out, so that a kind of fact which the law learns later changes nothing that was written before.

The text is written directly, keys sorted when a writer is made and what agencies agreed once for as
long as it lasts: every decision is recorded, and a general encoder cost as much as deciding.

The writers and readers are made from the dataclasses' own annotations: a fact that is added to
`consent.model` is recorded from then on without a line here, and one that cannot be written is a
failure of the first test and not of an inquiry. The limit: a fact that the law ceases to know makes
older records unreadable, which `read_inputs` says; such a field stays in the model.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache, lru_cache, partial
from json.encoder import encode_basestring_ascii as _quoted
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from consent.decide import decide
from consent.model import ConsentError, DisclosureRequest, Facts, Outcome, SharingAgreement
from consent.policy import Policy

VERSION = 1
_MOST_KEPT = 512
_PLAIN_WRITER = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))
_Convert = Callable[[Any], Any]
_Write = Callable[[Any], str]
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, repr=False)
class Inputs:
    """The arguments of one decision but for the policy, which the decision names by its hash."""

    request: DisclosureRequest
    facts: Facts
    at: datetime

    def __repr__(self) -> str:
        return "<Inputs redacted>"


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """A decision together with everything that it was made from."""

    inputs: Inputs
    outcome: Outcome

    def __repr__(self) -> str:
        return "<Decided redacted>"


def decide_on(inputs: Inputs, *, policy: Policy | None = None) -> Decided:
    """Decide (see `consent.decide`), keeping what the decision is made from."""
    return Decided(inputs, decide(inputs.request, inputs.facts, inputs.at, policy=policy))


def write_inputs(inputs: Inputs) -> bytes:
    """Return the canonical bytes: ASCII JSON, keys sorted, sets sorted, instants in UTC."""
    return f'{_writer(Inputs)(inputs)[:-1]},"version":{VERSION}}}'.encode("ascii")


def read_inputs(data: bytes) -> Inputs:
    """Return what `write_inputs` wrote; ConsentError for any other bytes."""
    try:
        found = json.loads(data)
        if found.pop("version") != VERSION:
            raise ConsentError("inputs: of a version that this release does not read")
        inputs: Inputs = _reader(Inputs)(found)
        exact = write_inputs(inputs) == data
    except ConsentError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConsentError("inputs: not a record of what a decision was made from") from None
    if not exact:
        raise ConsentError("inputs: not in the one spelling that they are written in")
    return inputs


@cache
def _writer(hint: Hashable) -> _Write:
    """Return what turns a value of this annotation into its JSON text."""
    kind, inner = _kind(hint)
    if inner is not None:
        return _WRITERS[kind](_writer(inner))
    if is_dataclass(hint):
        return _kept(_record_writer(hint)) if hint is SharingAgreement else _record_writer(hint)
    return _PLAIN.get(hint) or _enum_writer(hint)


@cache
def _reader(hint: Hashable) -> _Convert:
    """Return what turns JSON's kinds back into a value of this annotation."""
    kind, inner = _kind(hint)
    if inner is not None:
        return _READERS[kind](_reader(inner))
    if is_dataclass(hint):
        return _record_reader(hint)
    return _PARSED.get(hint) or partial(_enumerated, hint)


def _record_writer(shape: Any) -> _Write:
    hints = get_type_hints(shape)
    columns = [
        (f'"{one.name}":', one.name, _default(one), _writer(hints[one.name]))
        for one in sorted(fields(shape), key=lambda one: one.name)
    ]

    def write(value: Any) -> str:
        parts = [
            key + convert(found)
            for key, name, default, convert in columns
            if (found := getattr(value, name)) is not default
            and (default is MISSING or found != default)
        ]
        return "{" + ",".join(parts) + "}"

    return write


def _kept(write: _Write) -> _Write:
    """Write a value that many decisions share once; it is known again by being the same object."""
    known: dict[int, tuple[object, str]] = {}

    def recall(value: object) -> str:
        found = known.get(id(value))
        if found is not None and found[0] is value:
            return found[1]
        if len(known) >= _MOST_KEPT:
            known.clear()
        text = write(value)
        known[id(value)] = value, text
        return text

    return recall


def _enum_writer(kind: Any) -> _Write:
    """Return the texts of a closed list, looked up."""
    texts = {one: _PLAIN_WRITER.encode(one.value) for one in kind}
    return texts.__getitem__


def _set_writer(write: _Write) -> _Write:
    @lru_cache(maxsize=_MOST_KEPT)
    def text(values: frozenset[Any]) -> str:
        return "[" + ",".join(map(write, sorted(values))) + "]"

    return text


def _record_reader(shape: Any) -> _Convert:
    columns = {name: _reader(hint) for name, hint in get_type_hints(shape).items()}

    def read(value: Any) -> Any:
        return shape(**{name: columns[name](found) for name, found in value.items()})

    return read


def _default(column: Any) -> Any:
    """Return a field's default; `MISSING`, which nothing equals, where it has none."""
    made = column.default_factory
    return column.default if made is MISSING else made()


def _kind(hint: Any) -> tuple[Any, Any]:
    """Return (container, what it holds); a union stands for "or None"."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is None:
        return hint, None
    return origin, next(one for one in arguments if one is not NoneType)


def _write_instant(value: datetime) -> str:
    """Return RFC 3339 in UTC; an instant without a zone, which is refused, is kept as it came."""
    kept = value.tzinfo is UTC or value.utcoffset() is None
    return (value if kept else value.astimezone(UTC)).isoformat(timespec="microseconds")


def _enumerated(kind: Any, value: object) -> Any:
    return kind(value) if issubclass(kind, Enum) else _is(kind, value)


def _is(kind: type[_Kind], value: object) -> _Kind:
    if not isinstance(value, kind):
        raise ConsentError(f"inputs: {kind.__name__} expected")
    return value


_WRITERS: Mapping[Any, Callable[[_Write], _Write]] = {
    frozenset: _set_writer,
    tuple: lambda write: lambda value: "[" + ",".join(map(write, value)) + "]",
    UnionType: lambda write: lambda value: "null" if value is None else write(value),
    Mapping: lambda _: lambda value: _PLAIN_WRITER.encode(dict(value)) if value else "{}",
}
_READERS: Mapping[Any, Callable[[_Convert], _Convert]] = {
    frozenset: lambda read: lambda value: frozenset(map(read, _is(list, value))),
    tuple: lambda read: lambda value: tuple(map(read, _is(list, value))),
    UnionType: lambda read: lambda value: None if value is None else read(value),
    Mapping: lambda read: lambda value: {name: read(one) for name, one in value.items()},
}
_PLAIN: Mapping[Any, _Write] = {
    str: _quoted,
    bool: lambda value: "true" if value else "false",
    int: str,
    datetime: lambda value: f'"{_write_instant(value)}"',
    date: lambda value: f'"{value.isoformat()}"',
}
_PARSED: Mapping[Any, _Convert] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}
