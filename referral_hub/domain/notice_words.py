"""What an officer may write as the words that people are told, and how its versions are called.

The words are read out, shown on pages and printed, always as plain text: markup would be read out
with its brackets. Characters that nobody sees could make a text other than what two people approved
look the same. Expected outcomes: `tests/tables/notice_words.toml`. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 5_000
SHORTEST = 40
MOST_LINES = 60
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn"})
_UNSEEN = frozenset({"Cf"})
_JOINERS = frozenset("\u200c\u200d\u200e\u200f")
_SPACE = re.compile(r"[^\S\n]+")
_MARKUP = re.compile(r"[<>]|&#?[A-Za-z0-9]+;|\]\(|\{\{|\{%")


def tidy(text: str) -> str:
    """Return a text as it is kept: NFC, lines without outer white space, none around the whole."""
    whole = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(_SPACE.sub(" ", line).strip(" ") for line in whole.split("\n")).strip("\n")


def fault(text: str) -> str | None:
    """Return what is wrong with a tidy text, and how to put it right; None where nothing is."""
    if not text:
        return "Write the words that people are told"
    hidden = next(filter(_hidden, text), None)
    if hidden is not None:
        return f"Take out the invisible character U+{ord(hidden):04X}, or type the line again"
    if _MARKUP.search(text):
        return "Write plain words: no tags, links or codes, and none of the signs < and >"
    return _length_fault(text)


def next_version(versions: Iterable[str]) -> str:
    """Return the version after an agency's own ones: `own-1`, `own-2` and so on."""
    numbers = [int(one.partition("-")[2]) for one in versions]
    return f"own-{max(numbers, default=0) + 1}"


def _hidden(character: str) -> bool:
    kind = unicodedata.category(character)
    unseen = kind in _UNSEEN and character not in _JOINERS
    return character != "\n" and (kind in _REFUSED or unseen)


def _length_fault(text: str) -> str | None:
    if len(text) < SHORTEST:
        return f"Write at least {SHORTEST} characters, so that people know what they agree to"
    if len(text) > LONGEST:
        return f"Write {LONGEST} characters or fewer"
    if text.count("\n") >= MOST_LINES:
        return f"Write {MOST_LINES} lines or fewer"
    return None
