"""Rows of somebody else's spreadsheet: bytes in, rows with their line numbers out, nothing trusted.

Pure and streaming. Lines are cut as bytes and decoded one by one, so a row's place in the file is
a byte offset, and reading goes on from any row's end after the machine has stopped. A line is UTF-8
or, where it is not, Windows-1252 as Excel writes it; a file that mixes the two is read all the
same. Broken rows are faults with a code and never stop the file: after a quote that nobody closed,
reading starts again on the next line. The limit: bytes that are valid UTF-8 are never taken for
Windows-1252, so "Ã©" that somebody really meant becomes "é".
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from adapters.contract import FormatError

DELIMITERS = (",", ";", "\t")
LONGEST_ROW = 64 * 1024
LONGEST_CELL = 5_000
MOST_COLUMNS = 100
_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_HEADER_LINES = 20
FORMULA = frozenset("=+-@\t\r\n|%＝＋－＠｜％")


class RowFault(StrEnum):
    """What is wrong with a row as such, before anybody asks what its cells mean."""

    QUOTES = "quotes"
    TOO_LONG = "too_long"
    CELL_TOO_LONG = "cell_too_long"
    CELLS = "cells"
    NUL = "nul"
    CHARACTERS = "characters"


class FileFault(StrEnum):
    """What is wrong with a file as such."""

    EMPTY = "empty"
    NO_TEXT = "no_text"
    TOO_MANY_COLUMNS = "too_many_columns"
    NO_HEADER = "no_header"


class CsvError(FormatError):
    """A file that cannot be read at all; `fault` says why, and no value is repeated."""

    def __init__(self, fault: FileFault) -> None:
        self.fault = fault
        super().__init__(f"the file cannot be read: {fault.value}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: bytes before it in the file, and the number of the line before it."""

    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """The separator, the names of the columns, and where the first row begins."""

    delimiter: str
    columns: tuple[str, ...]
    rows: Place


@dataclass(frozen=True, slots=True, repr=False)
class CsvRow:
    """A row's cells, the line it begins on, where the next one begins, and what is wrong with it.

    `column` is the index of the cell that a fault is about.
    """

    line: int
    cells: tuple[str, ...]
    next: Place
    fault: RowFault | None = None
    column: int | None = None

    def __repr__(self) -> str:
        return f"<CsvRow line {self.line}>"


def read_layout(chunks: Iterable[bytes], known: Iterable[str] = ()) -> Layout:
    """Return the layout of the file that begins with `chunks`; reads no further than its header.

    The separator is the one that yields most of the `known` columns, then most columns at all.
    Raises CsvError.
    """
    lines = list(islice(_lines(chunks, Place()), _HEADER_LINES))
    if not lines:
        raise CsvError(FileFault.EMPTY)
    if lines[0].data.startswith(_WIDE) or b"\0" in lines[0].data:
        raise CsvError(FileFault.NO_TEXT)
    wanted = {name.casefold() for name in known}
    best = max(
        (_layout(lines, delimiter) for delimiter in DELIMITERS),
        key=lambda one: (len(wanted & {name.casefold() for name in one.columns}), len(one.columns)),
    )
    if len(best.columns) > MOST_COLUMNS:
        raise CsvError(FileFault.TOO_MANY_COLUMNS)
    if not any(best.columns):
        raise CsvError(FileFault.NO_HEADER)
    return best


def read_rows(chunks: Iterable[bytes], layout: Layout, start: Place) -> Iterator[CsvRow]:
    """Yield the rows from `start` on; `chunks` begin at that byte. Blank rows are left out."""
    feed = _Feed(_lines(chunks, start))
    reader = csv.reader(feed, delimiter=layout.delimiter, strict=True)
    while True:
        feed.begin()
        fault: RowFault | None = None
        cells: list[str] = []
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_RowTooLongError, csv.Error) as problem:
            first = feed.start_again()
            fault = RowFault.TOO_LONG if first.too_long else RowFault.QUOTES
            if isinstance(problem, _RowTooLongError) and not first.too_long:
                fault = RowFault.QUOTES if '"' in first.text else RowFault.TOO_LONG
            cells = _plainly(first, layout)
            reader = csv.reader(feed, delimiter=layout.delimiter, strict=True)
        if any(cell.strip() for cell in cells) or fault:
            yield _row(feed, cells, fault, layout)


def write_line(cells: Sequence[str]) -> str:
    """Return a line of CSV, every cell quoted, none of which a spreadsheet takes for a formula.

    A cell that begins like one gets an apostrophe in front, which `read_rows` takes away again.
    """
    return ",".join(f'"{_harmless(cell)}"' for cell in cells) + "\r\n"


@dataclass(frozen=True, slots=True, repr=False)
class _Line:
    data: bytes
    number: int
    end: int
    too_long: bool = False

    @property
    def text(self) -> str:
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            return self.data.decode("windows-1252", "replace")


class _RowTooLongError(Exception):
    """A row goes on for longer than any row may: somebody did not close a quote."""


class _Feed:
    """Gives the reader its lines, remembers those of the row in hand, and takes some back."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._back: deque[_Line] = deque()
        self.taken: list[_Line] = []
        self._size = 0

    def begin(self) -> None:
        self.taken, self._size = [], 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        self._size += len(line.data)
        if line.too_long or self._size > LONGEST_ROW:
            raise _RowTooLongError
        return line.text

    def start_again(self) -> _Line:
        """Give every line of the row in hand back but the first, and return that one."""
        self._back.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]
        return self.taken[0]


def _lines(chunks: Iterable[bytes], start: Place) -> Iterator[_Line]:
    """Cut bytes into lines. One that is longer than any row may be is cut short and marked."""
    rest, skipped = b"", 0
    number, offset = start.line, start.offset
    for chunk in chunks:
        parts = (rest + chunk).splitlines(keepends=True)
        rest = parts.pop() if parts and not parts[-1].endswith(b"\n") else b""
        for part in parts:
            number, offset = number + 1, offset + skipped + len(part)
            yield _cut(part, number, offset, start, skipped=skipped)
            skipped = 0
        if len(rest) > LONGEST_ROW and not rest.endswith(b"\r"):
            skipped, rest = skipped + len(rest), b""
    if rest or skipped:
        yield _cut(rest, number + 1, offset + skipped + len(rest), start, skipped=skipped)


def _cut(part: bytes, number: int, end: int, start: Place, *, skipped: int) -> _Line:
    if number == 1 and start.offset == 0:
        part = part.removeprefix(_BOM)
    if skipped or len(part) > LONGEST_ROW:
        return _Line(b"", number, end, too_long=True)
    return _Line(part, number, end)


def _layout(lines: Sequence[_Line], delimiter: str) -> Layout:
    feed = _Feed(iter(lines))
    try:
        cells = next(csv.reader(feed, delimiter=delimiter, strict=True))
    except (StopIteration, csv.Error, _RowTooLongError):
        return Layout(delimiter, (), Place())
    last = feed.taken[-1]
    names = tuple(" ".join(cell.split()) for cell in cells)
    return Layout(delimiter, names, Place(last.end, last.number))


def _plainly(line: _Line, layout: Layout) -> list[str]:
    """The cells of a line that the reader refuses, cut at its separators, to be given back."""
    return line.text.rstrip("\r\n").split(layout.delimiter)[:MOST_COLUMNS]


def _row(feed: _Feed, cells: Sequence[str], fault: RowFault | None, layout: Layout) -> CsvRow:
    first, last = feed.taken[0], feed.taken[-1]
    kept = tuple(_unharmed(cell) for cell in cells)
    column = None
    if fault is None:
        fault, column = _fault(kept, layout)
    if fault is None:
        kept = kept[: len(layout.columns)]
    return CsvRow(first.number, kept, Place(last.end, last.number), fault, column)


def _fault(cells: Sequence[str], layout: Layout) -> tuple[RowFault | None, int | None]:
    columns = len(layout.columns)
    if len(cells) < columns or any(cell.strip() for cell in cells[columns:]):
        return RowFault.CELLS, None
    for index, cell in enumerate(cells):
        if len(cell) > LONGEST_CELL:
            return RowFault.CELL_TOO_LONG, index
        if "\0" in cell:
            return RowFault.NUL, index
        if "\ufffd" in cell:
            return RowFault.CHARACTERS, index
    return None, None


def _harmless(cell: str) -> str:
    bare = cell.lstrip()
    dangerous = cell[:1] in FORMULA or bare[:1] in FORMULA
    guarded = f"'{cell}" if dangerous or _is_guarded(cell) else cell
    return guarded.replace("\0", "\ufffd").replace('"', '""')


def _unharmed(cell: str) -> str:
    return cell[1:] if _is_guarded(cell) else cell


def _is_guarded(cell: str) -> bool:
    """Whether `_harmless` put an apostrophe in front of it, or would have to put another."""
    bare = cell.lstrip("'")
    return cell.startswith("'") and (bare[:1] in FORMULA or bare.lstrip()[:1] in FORMULA)
