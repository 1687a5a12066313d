"""Pages of a list, as the profile numbers them, and records within a stream of bytes.

A file may be larger than memory, so records are cut out of it one by one: it is an array of
services, a page object with `contents`, or one record to a line (NDJSON). A record that is larger
than anybody needs ends the reading, since nobody can tell where it was meant to end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from adapters.contract import FormatError

LARGEST_RECORD = 1_048_576
_STRUCTURE = re.compile(rb'["\\{}\[\]]')
_OPENING = {ord("{"), ord("[")}
_QUOTE, _ESCAPE, _BRACE, _BRACKET = ord('"'), ord("\\"), ord("{"), ord("[")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a feed: its records and whether the feed says that it is the last."""

    records: Sequence[Any]
    last: bool
    number: int


def read_page(body: bytes, wanted: int) -> Page:
    """Read a page. Raises FormatError when it is none; `wanted` is the number asked for."""
    try:
        page = orjson.loads(body)
    except ValueError:
        raise FormatError("page: must be JSON") from None
    contents = page.get("contents") if isinstance(page, Mapping) else None
    if not isinstance(contents, list):
        raise FormatError("contents: must be a list; this does not look like Open Referral UK")
    number = page.get("page_number", wanted)
    if not isinstance(number, int) or isinstance(number, bool):
        raise FormatError("page_number: must be a whole number")
    total = page.get("total_pages")
    last = page.get("last_page") is True or not contents or page.get("empty") is True
    if isinstance(total, int) and not isinstance(total, bool):
        last = last or number >= total
    return Page(contents, last, number)


def page_of(contents: Sequence[Any], *, number: int, size: int, total: int) -> dict[str, Any]:
    """Return a page object; `size` is how many a page may have."""
    pages = max(1, -(-total // size))
    return {
        "total_items": total,
        "total_pages": pages,
        "page_number": number,
        "size": len(contents),
        "first_page": number == 1,
        "last_page": number >= pages,
        "empty": not contents,
        "contents": list(contents),
    }


def records_in(chunks: Iterable[bytes], *, lines: bool = False) -> Iterator[bytes]:
    """Yield the bytes of each record of a file; `lines` for NDJSON. Raises FormatError."""
    yield from _lines(chunks) if lines else _Cutter().records(chunks)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (_bounded(line) for line in whole if line.strip())
        _bounded(rest)
    if rest.strip():
        yield rest


def _bounded(record: bytes) -> bytes:
    if len(record) > LARGEST_RECORD:
        raise FormatError("record: is larger than 1 MiB")
    return record


class _Cutter:
    """Follows brackets and quotes. Records are the objects of the outermost list."""

    def __init__(self) -> None:
        self._depth, self._quoted, self._skip = 0, False, False
        self._inside: int | None = None
        self._seen_list, self._held = False, b""
        self._start: int | None = None

    def records(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield from self._cut(chunk)
            if self._start is not None:
                self._held += chunk[self._start :]
                self._start = 0
            _bounded(self._held)
        if self._depth or self._quoted or not self._seen_list:
            raise FormatError("file: ends too early, or is no list of services")

    def _cut(self, chunk: bytes) -> Iterator[bytes]:
        at, self._skip = int(self._skip and bool(chunk)), self._skip and not chunk
        while found := _STRUCTURE.search(chunk, at):
            at, mark = found.end(), chunk[found.start()]
            if self._quoted:
                self._quoted = mark != _QUOTE
                if mark == _ESCAPE:
                    at, self._skip = at + 1, at == len(chunk)
            elif mark == _QUOTE:
                self._quoted = True
            elif mark in _OPENING:
                if self._opens(mark):
                    self._start = found.start()
            elif mark != _ESCAPE and self._closes() and self._start is not None:
                yield _bounded(self._held + chunk[self._start : at])
                self._held, self._start = b"", None

    def _opens(self, mark: int) -> bool:
        self._depth += 1
        if mark == _BRACKET and self._inside is None and self._depth <= 2:
            self._inside = self._depth
            self._seen_list = True
        return mark == _BRACE and self._inside is not None and self._depth == self._inside + 1

    def _closes(self) -> bool:
        ended = self._inside is not None and self._depth == self._inside + 1
        if self._inside == self._depth:
            self._inside = None
        self._depth -= 1
        return ended
