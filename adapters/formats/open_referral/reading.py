"""One foreign service record: refused with the reason, or cleaned so that it can be shown.

A record is refused only where the profile's own three required members are wrong. Everything else
that does not fit is left out and reported, because a service with a bad web address still helps
somebody. Nested objects without an id get one made from their place, the same every time; lists
are bounded. The result has the members of the profile, so it can be published as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from adapters.contract import FormatError
from adapters.formats.open_referral.members import OBJECTS, SERVICE, Members
from adapters.formats.open_referral.values import KINDS, Unfit, one_of

MOST_OF_A_LIST = 200
MOST_WARNINGS = 20

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """A cleaned record, and what was left out of it as (member, why)."""

    record: Record
    left_out: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Pass:
    """One reading: the record's id, from which made-up ids follow, and what was left out."""

    root: UUID
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def leave(self, path: str, why: str) -> None:
        if len(self.left_out) < MOST_WARNINGS:
            self.left_out.append((path, why))


def read_service(raw: Any) -> Read:
    """Clean one service. Raises FormatError that names the member."""
    if not isinstance(raw, Mapping):
        raise FormatError("record: must be a JSON object")
    for name in ("id", "name", "status"):
        if name not in raw:
            raise FormatError(f"{name}: is required")
    try:
        root = UUID(str(KINDS["uuid"](raw["id"])))
    except Unfit as problem:
        raise FormatError(f"id: {problem}") from None
    reading = _Pass(root)
    try:
        record = _object(raw, SERVICE, "", reading)
    except Unfit as problem:
        raise FormatError(str(problem)) from None
    least, most = record.get("minimum_age"), record.get("maximum_age")
    if least is not None and most is not None and least > most:
        del record["minimum_age"], record["maximum_age"]
        reading.leave("minimum_age", "must not be above maximum_age")
    return Read(record, tuple(reading.left_out))


def _object(raw: Mapping[str, Any], members: Members, path: str, reading: _Pass) -> Record:
    """Clean an object. Raises Unfit with the path of a required member that does not fit."""
    made: Record = {}
    for name, said in members.items():
        kind, required = said.removesuffix("!"), said.endswith("!")
        here = f"{path}.{name}" if path else name
        value = raw.get(name)
        if value is None and name == "id" and path:
            made["id"] = str(uuid5(reading.root, path))
            continue
        try:
            cleaned = None if value is None else _member(value, kind, here, reading)
        except Unfit as problem:
            if name == "id" and path and isinstance(value, str | int):
                made["id"] = str(uuid5(reading.root, f"{path}={value}"))
                continue
            if required:
                told = str(problem)
                raise Unfit(told if ": " in told else f"{here}: {told}") from None
            reading.leave(here, str(problem))
            continue
        if cleaned not in (None, "", []):
            made[name] = cleaned
        elif required:
            raise Unfit(f"{here}: is required")
    return made


def _member(value: Any, kind: str, path: str, reading: _Pass) -> Any:
    if kind.startswith("list of "):
        return _list(value, OBJECTS[kind.removeprefix("list of ")], path, reading)
    if kind.startswith("one of "):
        codes = kind.removeprefix("one of ").split()
        return one_of(value, tuple(code.replace("_", " ") for code in codes))
    if kind in OBJECTS:
        if not isinstance(value, Mapping):
            raise Unfit("must be an object")
        return _object(value, OBJECTS[kind], path, reading)
    return KINDS[kind](value)


def _list(value: Any, members: Members, path: str, reading: _Pass) -> list[Record]:
    if not isinstance(value, list):
        raise Unfit("must be a list")
    if len(value) > MOST_OF_A_LIST:
        reading.leave(path, f"has more than {MOST_OF_A_LIST} items; the rest was left out")
    kept: dict[str, Record] = {}
    for index, item in enumerate(value[:MOST_OF_A_LIST]):
        here = f"{path}[{index}]"
        if not isinstance(item, Mapping):
            reading.leave(here, "must be an object")
            continue
        try:
            made = _object(item, members, here, reading)
        except Unfit as problem:
            reading.leave(here, f"left out, because {problem}")
            continue
        if made["id"] in kept:
            reading.leave(here, "has the id of another item")
        kept.setdefault(made["id"], made)
    return list(kept.values())
