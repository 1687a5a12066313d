"""Lines of text as a tagged PDF 1.7 file (ISO 32000-1), written page by page into a stream.

A library would bring images and a model of the whole document in memory; a list of entries must not
grow with the log. Each line is a heading or a paragraph of the structure, a page's lines stand
below its own part, and everything of a page is written when it is full: what is kept of it is where
its objects begin, eight bytes for each, and its number. The font is put in at the end with the
letters that were shown, so the file says that it follows PDF/UA-1, as sheets do (`pdf_parts`).

The limits: what the font has no letter for is shown as "?", with its exact words beside it; a line
of a table is no row of a table, since each is read out by itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from adapters.formats import pdf_parts as pdf
from adapters.formats.embedded_font import embedded, font_objects

_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 539.0, 790.0, 56.0
_INDENT = 0.55  # of the size, for each place
_CATALOG, _PAGES, _FONT, _INFO, _METADATA, _TREE, _DOCUMENT = 1, 2, 3, 8, 9, 10, 11
_FIXED = 11


@dataclass(frozen=True, slots=True)
class Print:
    """A size of letters and the leading of their lines in points."""

    size: float
    leading: float


SMALL_PRINT = Print(8, 10.4)
LARGE_PRINT = Print(16, 22)


class PdfPages:
    """A document that is being written into `file`; `close` makes it whole."""

    def __init__(self, file: BinaryIO, title: str, kind: Print = SMALL_PRINT) -> None:
        self._file = file
        self._print = kind
        self._title = title
        self._starts = array("Q", [0] * _FIXED)
        self._written = file.write(pdf.HEAD)
        self._glyphs: set[int] = set()
        self._pages: list[int] = []
        self._drawn: list[bytes] = []
        self._marked: list[int] = []
        self._begun: list[int] = []
        self._begun_on: list[int] = []
        self._y = _TOP
        self._headed = False
        self._new_page()

    def line(self, text: str, *, indent: int = 0, strong: bool = False) -> None:
        """Add a line, wrapped where it is too long; following lines are indented.

        A strong line is a heading. An empty one leaves room.
        """
        self._down()
        words = " ".join(text.split())
        if not words:
            return
        kind = "P" if self._headed and not strong else "H2" if self._headed else "H1"
        self._headed = True
        element, parent, marks = self._number(), self._page + 3, list[str]()
        self._begun.append(element)
        for place, (left, part) in enumerate(self._parts(words, indent, bold=kind != "P")):
            if place:
                self._down()
            marks.append(pdf.mark_of(self._page, len(self._marked)))
            self._draw(element, kind, left, part)
        exact = "" if pdf.shows_exactly(words) else text
        self._object(element, pdf.element(kind, parent, marks, exact))

    def close(self) -> None:
        """Write the last page and what a reader begins with."""
        self._end_page()
        parts = [f"{page + 3} 0 R" for page in self._begun_on]
        tree = " ".join(f"{place} {page + 2} 0 R" for place, page in enumerate(self._pages))
        bodies = [
            pdf.catalog(_TREE, _METADATA),
            pdf.page_tree(self._pages),
            *font_objects(embedded(), self._glyphs, _FONT),
            pdf.information(self._title),
            pdf.metadata(self._title),
            (
                f"<</Type/StructTreeRoot/K {_DOCUMENT} 0 R/ParentTree<</Nums[{tree}]>>"
                f"/ParentTreeNextKey {len(self._pages)}>>"
            ).encode(),
            pdf.element("Document", _TREE, parts),
        ]
        for number, body in enumerate(bodies, _CATALOG):
            self._object(number, body)
        start, count = self._written, len(self._starts)
        self._put(pdf.table_head(count))
        for one in self._starts:
            self._put(pdf.table_line(one))
        self._put(pdf.trailer(count, start, _INFO))

    @property
    def _step(self) -> float:
        return self._print.size * _INDENT

    @property
    def _page(self) -> int:
        """The object of the page that is being filled; its contents, parents and part follow it."""
        return self._pages[-1]

    def _parts(self, words: str, indent: int, *, bold: bool) -> Iterator[tuple[float, str]]:
        """What stands on each line, and where it begins."""
        size, left = self._print.size, _LEFT + indent * self._step
        head = next(pdf.wrapped(words, _RIGHT - left, size, bold=bold))
        yield left, head
        if indent or self._print is SMALL_PRINT:
            left += 2 * self._step
        rest = words[len(head) :].strip()
        for part in pdf.wrapped(rest, _RIGHT - left, size, bold=bold) if rest else ():
            yield left, part

    def _down(self) -> None:
        if self._y - self._print.leading < _BOTTOM:
            self._end_page()
            self._new_page()
        self._y -= self._print.leading

    def _draw(self, element: int, kind: str, left: float, text: str) -> None:
        style = pdf.style(self._print.size, bold=kind != "P")
        at, mark = (left, self._y), len(self._marked)
        self._drawn.append(pdf.drawn((kind, mark), at, self._said(text), style))
        self._marked.append(element)

    def _said(self, text: str) -> Sequence[int]:
        numbers = pdf.glyphs(text)
        self._glyphs.update(numbers)
        return numbers

    def _new_page(self) -> None:
        self._pages.append(self._number())
        for _ in range(3):
            self._number()
        self._y = _TOP

    def _end_page(self) -> None:
        page, place = self._page, len(self._pages) - 1
        drawn = b"".join(self._drawn)
        drawn += pdf.page_number(self._said(f"Page {place + 1}"), _LEFT)
        self._object(page, pdf.page(page + 1, _FONT, place))
        self._object(page + 1, pdf.stream(b"", drawn))
        marked = " ".join(f"{one} 0 R" for one in self._marked)
        self._object(page + 2, f"[{marked}]".encode())
        begun = [f"{one} 0 R" for one in self._begun]
        self._object(page + 3, pdf.element("Sect", _DOCUMENT, begun) if begun else b"null")
        self._begun_on += [page] if begun else []
        for kept in (self._drawn, self._marked, self._begun):
            kept.clear()

    def _number(self) -> int:
        self._starts.append(0)
        return len(self._starts)

    def _object(self, number: int, body: bytes) -> None:
        self._starts[number - 1] = self._written
        self._put(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._written += len(data)
