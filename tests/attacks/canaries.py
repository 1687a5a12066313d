"""Marked personal data, and a search that knows how else the same characters can be written.

Every text holds one word that no dictionary has, so a part of a text is found as well as the whole
of it; numbers and dates are marks of their own. Bytes are searched for UTF-8 and UTF-16 in any
case, hexadecimal, percent and JSON escapes, and base64 of all three alignments in both alphabets.
The limit: what is compressed or enciphered is not read; the caller unpacks what can be unpacked.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

WORD = "Qzvjxkwp"
PERSON = {
    "first_name": f"{WORD}-Zoë",
    "family_name": f"O’{WORD} Trevanion",
    "date_of_birth-day": "27",
    "date_of_birth-month": "2",
    "date_of_birth-year": "1931",
    "nhs_number": "999 123 4578",
}
ADDRESS = {"address": f"17 {WORD} Quay\nMereford", "postcode": "QZ7X 3VJ"}
CONTACT = {
    "phone": "07700 900847",
    "email": f"{WORD.lower()}.post@example.org",
    "contact_note": f"Ask for {WORD} at the side door",
}
MARKS: dict[str, tuple[str, ...]] = {
    "the marked word": (WORD,),
    "NHS number": ("9991234578", "999 123 4578"),
    "mistyped NHS number": ("9991234565", "999 123 4565"),
    "date of birth": ("1931-02-27", "27 February 1931", "27 2 1931"),
    "postcode": ("QZ7X 3VJ", "QZ7X3VJ"),
    "phone number": ("07700 900847", "07700900847", "7700900847"),
}
_ZEROS = re.compile(rb"\0{65,}")


def note(what: str) -> str:
    """A marked text for a field that takes words."""
    return f"{what}: {WORD} said “it’s worse since Easter”"


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A mark somewhere in clear, and what it was written as."""

    where: str
    mark: str
    spelling: str


def find(where: str, data: bytes) -> set[Found]:
    """Every mark that stands in `data`, in any spelling."""
    exact = _ZEROS.sub(bytes(64), data)
    folded = exact.lower()
    return {
        Found(where, mark, spelling)
        for mark, spelling, wanted, case_matters in SPELLINGS
        if wanted in (exact if case_matters else folded)
    }


def spellings_of(text: str) -> Iterator[tuple[str, bytes, bool]]:
    """How `text` may be written: a name, bytes, and whether their case matters."""
    folded = text.lower()
    yield "as typed", folded.encode(), False
    yield "UTF-16", folded.encode("utf-16-le")[:-1], False
    yield "percent", "".join(f"%{ord(letter):02x}" for letter in folded).encode(), False
    yield "percent", "".join(f"%{ord(letter):02x}" for letter in text).lower().encode(), False
    yield "query", folded.replace(" ", "+").encode(), False
    yield "query", folded.replace(" ", "%20").encode(), False
    for cased in {text, folded, text.upper()}:
        raw = cased.encode()
        yield "JSON escape", "".join(f"\\u{ord(letter):04x}" for letter in cased).encode(), False
        yield "hexadecimal", raw.hex().encode(), False
        for before in range(3):
            yield "base64", _inside_base64(raw, before), True
            yield "base64", _inside_base64(raw, before).translate(_URL_SAFE), True


def _inside_base64(raw: bytes, before: int) -> bytes:
    """The characters that `raw` alone decides when `before` other bytes precede it."""
    encoded = base64.b64encode(bytes(before) + raw + bytes(3))
    return encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


_URL_SAFE = bytes.maketrans(b"+/", b"-_")
SPELLINGS = sorted(
    {
        (mark, spelling, wanted, case_matters)
        for mark, texts in MARKS.items()
        for text in texts
        for spelling, wanted, case_matters in spellings_of(text)
    }
)
