"""The words people were told before they were asked, kept word for word.

A consent is worth no more than what the person knew when they gave it, so every consent event names
a notice by id, version and language, and the receipt carries the SHA-256 of its text. Words that
were used are never edited: `load_notices` refuses a text that does not match its recorded hash.

An agency may write words of its own. Their versions are called `own-1`, `own-2` and so on, which no
release uses, so the two can never be mistaken for each other; their texts are the hub's to keep.

The limit: this says which words were meant to be told, not that they were; who told them is in the
consent event.
"""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from consent.model import ConsentError

_LONGEST_NUMBER = 6


@dataclass(frozen=True, slots=True)
class Notice:
    """One text in one language, in use from `valid_from`. `sha256` is over its UTF-8 bytes."""

    id: str
    version: str
    language: str
    valid_from: datetime
    text: str
    sha256: str


def is_own(version: str) -> bool:
    """Say whether a version is an agency's own, and none that came with a release."""
    name, _, number = version.partition("-")
    plain = number.isascii() and number.isdigit() and not number.startswith("0")
    return name == "own" and plain and len(number) <= _LONGEST_NUMBER


def own_notice(names: tuple[str, str, str], text: str, *, since: datetime) -> Notice:
    """Return words that an agency wrote itself; `names` are id, version and language."""
    return Notice(*names, since, text, hashlib.sha256(text.encode()).hexdigest())


def nothing_told(at: datetime) -> Notice:
    """Return what stands for the words where somebody was told none: an empty text of no notice."""
    return Notice("none", "0", "en", at, "", hashlib.sha256(b"").hexdigest())


def notice(notice_id: str, version: str, language: str) -> Notice:
    """Return the words that an event names; raise `ConsentError` if there are none such."""
    for known in installed_notices():
        if (known.id, known.version, known.language) == (notice_id, version, language):
            return known
    raise ConsentError("notice: no notice has this id, version and language")


def is_known(notice_id: str, version: str, language: str) -> bool:
    """Say whether there are words of this id and version in this language."""
    return (notice_id, version, language) in _names()


def current(notice_id: str, language: str, at: datetime) -> Notice:
    """Return the words in use at `at` (aware); raise `ConsentError` if there are none yet."""
    in_use = [
        known
        for known in installed_notices()
        if known.id == notice_id and known.language == language and known.valid_from <= at
    ]
    if not in_use:
        raise ConsentError("notice: no words in this language are in use at this time")
    return max(in_use, key=lambda known: known.valid_from)


def languages(notice_id: str, at: datetime) -> tuple[str, ...]:
    """Return the languages that a notice can be given in at `at`, English first."""
    found = {
        known.language
        for known in installed_notices()
        if known.id == notice_id and known.valid_from <= at
    }
    return tuple(sorted(found, key=lambda language: (language != "en", language)))


@cache
def installed_notices() -> tuple[Notice, ...]:
    """Return every notice that this package carries, loaded once."""
    table = (files("consent") / "tables" / "notices.toml").read_text("utf-8")
    return load_notices(tomllib.loads(table)["notice"])


def load_notices(rows: Sequence[Mapping[str, Any]]) -> tuple[Notice, ...]:
    """Return the notices of the rows, times in ISO 8601.

    Raises `ConsentError` for changed words, a double, and a time that is none.
    """
    notices: dict[tuple[str, str, str], Notice] = {}
    for row in rows:
        text = row["text"].strip()
        key = (row["id"], row["version"], row["language"])
        where = "/".join(key)
        if hashlib.sha256(text.encode()).hexdigest() != row["sha256"]:
            raise ConsentError(f"notice {where}: words were changed; make a new version instead")
        if key in notices:
            raise ConsentError(f"notice {where}: the same version stands twice")
        notices[key] = Notice(*key, _time(row["valid_from"], where), text, row["sha256"])
    return tuple(notices.values())


def _time(text: str, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ConsentError(f"notice {where}: valid_from must be a time in ISO 8601") from None
    if time.utcoffset() is None:
        raise ConsentError(f"notice {where}: valid_from needs a time zone")
    return time


@cache
def _names() -> frozenset[tuple[str, str, str]]:
    return frozenset((known.id, known.version, known.language) for known in installed_notices())
