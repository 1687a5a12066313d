"""Single values of a foreign record: what each kind accepts, as plain text or a number.

A feed is somebody else's and is shown to the public here, so text is plain text: markup is taken
out, control characters and direction marks go, lengths are bounded, and a link is http or https or
nothing. A value that does not fit raises `Unfit`, which says how it should have been.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

LONGEST_LINE, LONGEST_TEXT, LONGEST_LINK = 300, 8_000, 1_000
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n\s*\n\s*")
_LINK = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][!#-;=?-\[\]_a-z~]*)?", re.ASCII
)
_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,}", re.ASCII)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4"})
_SILENT = frozenset({"script", "style", "template", "iframe", "object", "noscript", "title"})
_OLDEST_AGE = 150


class Unfit(ValueError):
    """A value that its member cannot hold. The message never repeats it."""


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's signature
        self._silent += tag in _SILENT
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return what somebody would read of `text`, without markup, at most `longest` characters."""
    text = text[: longest * 8]
    for _ in range(2 if "<" in text or "&" in text else 0):
        reader = _Plain()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    seen = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in _HIDDEN)
    lines = "\n".join(_SPACES.sub(" ", line).strip() for line in seen.split("\n"))
    return _LINES.sub("\n\n", lines).strip()[:longest].rstrip()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("must be text")
    return plain(value)


def _line(value: Any) -> str:
    return " ".join(_text(value).split())[:LONGEST_LINE].rstrip()


def _uuid(value: Any) -> str:
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else _no_uuid()
    except ValueError:
        return _no_uuid()


def _no_uuid() -> str:
    raise Unfit("must be a UUID")


def _uri(value: Any) -> str:
    if isinstance(value, str) and len(value) <= LONGEST_LINK and _LINK.fullmatch(value.strip()):
        return value.strip()
    raise Unfit("must be an address that begins with https:// or http://")


def _email(value: Any) -> str:
    if isinstance(value, str) and _EMAIL.fullmatch(value.strip()):
        return value.strip()
    raise Unfit("must be an e-mail address")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("must be a number")
    return value


def _between(least: float, most: float) -> Callable[[Any], float]:
    def fits(value: Any) -> float:
        if not least <= _number(value) <= most:
            raise Unfit(f"must be from {least:g} to {most:g}")
        return _number(value)

    return fits


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(value[:10]).isoformat() if isinstance(value, str) else _no_date()
    except ValueError:
        return _no_date()


def _no_date() -> str:
    raise Unfit("must be a date like 2026-03-27")


def _time(value: Any) -> str:
    try:
        if isinstance(value, str) and len(value) <= 14:
            return time.fromisoformat(value).replace(tzinfo=None, microsecond=0).isoformat()
    except ValueError:
        pass
    raise Unfit("must be a time like 09:30:00")


def _instant(value: Any) -> str:
    try:
        if isinstance(value, str) and len(value) <= 40:
            read = datetime.fromisoformat(value)
            aware = read if read.tzinfo else read.replace(tzinfo=UTC)
            return written(aware)
    except (ValueError, OverflowError):
        pass
    raise Unfit("must be an instant like 2026-03-27T10:30:45.123Z")


def written(at: datetime) -> str:
    """Return an instant as the profile writes it: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one_of(value: Any, codes: tuple[str, ...]) -> str:
    """Return a member of a closed list. Raises Unfit."""
    if isinstance(value, str) and value in codes:
        return value
    raise Unfit(f"must be {', '.join(codes[:-1])} or {codes[-1]}")


KINDS: dict[str, Callable[[Any], str | float]] = {
    "uuid": _uuid,
    "line": _line,
    "text": _text,
    "uri": _uri,
    "email": _email,
    "number": _number,
    "age": _between(0, _OLDEST_AGE),
    "latitude": _between(-90, 90),
    "longitude": _between(-180, 180),
    "date": _date,
    "time": _time,
    "instant": _instant,
}
