"""A short document as a tagged PDF (ISO 32000-1, 14.7 and 14.8), for readers that speak and fold.

Every piece of text belongs to a heading, a paragraph or a table of labels and values, in reading
order; page numbers are artifacts; language and title are stated; a cell's exact words go with it
(`ActualText`), whatever the font can show. The font is embedded (`embedded_font`), so the file
says that it follows PDF/UA-1 (ISO 14289-1). A machine-readable copy may be embedded.

Pure: text in, bytes out. What grows with the document stays in memory, so this is for a few pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.formats import pdf_parts as pdf
from adapters.formats.embedded_font import embedded, font_objects

_SIZE, _LEADING = 11.0, 15.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 57.0, 538.0, 785.0, 60.0
_VALUES = 210.0
_FONT, _INFO, _METADATA, _TREE, _FIRST_PAGE = 3, 8, 9, 10, 11


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """A label and the lines of its value."""

    label: str
    values: tuple[str, ...]

    def __repr__(self) -> str:
        return "<Line (redacted)>"


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """A title that names nobody, paragraphs, a table, and paragraphs after it.

    `attached` is a file's name, media type and bytes.
    """

    title: str
    before: Sequence[str]
    lines: Sequence[Line]
    after: Sequence[str] = ()
    attached: tuple[str, str, bytes] | None = None

    def __repr__(self) -> str:
        return "<Sheet (redacted)>"


def write_sheet(sheet: Sheet) -> bytes:
    """The document's bytes; the same sheet gives the same bytes."""
    return _Writer(sheet).written()


@dataclass(slots=True)
class _Element:
    """A structure element: its kind, its words, its parts, and where its text stands."""

    kind: str
    text: str = ""
    parts: list[_Element] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)
    number: int = 0


class _Writer:
    """Lays out, then writes objects in one go."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._pages: list[list[bytes]] = []
        self._marked: list[list[_Element]] = []
        self._y = 0.0
        self._root = _Element("Document")
        self._objects: list[bytes] = []
        self._glyphs: set[int] = set()
        self._lay_out()

    def _lay_out(self) -> None:
        self._new_page()
        self._block("H1", self._sheet.title, size=18.0, bold=True)
        for text in self._sheet.before:
            self._block("P", text)
        table = _Element("Table")
        for line in self._sheet.lines:
            self._row(table, line)
        if table.parts:
            self._root.parts.append(table)
        self._y -= _LEADING / 2
        for text in self._sheet.after:
            self._block("P", text)

    def _block(self, kind: str, text: str, *, size: float = _SIZE, bold: bool = False) -> None:
        element = _Element(kind, text)
        self._root.parts.append(element)
        for line in pdf.wrapped(text, _RIGHT - _LEFT, size, bold=bold):
            self._down(size * 1.35)
            self._draw(element, (_LEFT, self._y), line, size=size, bold=bold)
        self._y -= _LEADING / 2

    def _row(self, table: _Element, line: Line) -> None:
        row = _Element("TR")
        table.parts.append(row)
        head, cell = _Element("TH", line.label), _Element("TD", "\n".join(line.values))
        row.parts += [head, cell]
        labels = list(pdf.wrapped(line.label, _VALUES - _LEFT - 12, _SIZE, bold=True))
        values = [
            part for value in line.values for part in pdf.wrapped(value, _RIGHT - _VALUES, _SIZE)
        ]
        for number in range(max(len(labels), len(values))):
            self._down(_LEADING)
            if number < len(labels):
                self._draw(head, (_LEFT, self._y), labels[number], bold=True)
            if number < len(values):
                self._draw(cell, (_VALUES, self._y), values[number])
        self._y -= 5

    def _down(self, by: float) -> None:
        if self._y - by < _BOTTOM:
            self._new_page()
        self._y -= by

    def _new_page(self) -> None:
        self._pages.append([])
        self._marked.append([])
        self._y = _TOP

    def _draw(
        self,
        element: _Element,
        at: tuple[float, float],
        text: str,
        *,
        size: float = _SIZE,
        bold: bool = False,
    ) -> None:
        page, mark = len(self._pages) - 1, len(self._marked[-1])
        self._marked[-1].append(element)
        element.marks.append((page, mark))
        style = pdf.style(size, bold=bold)
        self._pages[-1].append(pdf.drawn((element.kind, mark), at, self._said(text), style))

    def _said(self, text: str) -> Sequence[int]:
        """The glyphs to show; they are put into the font."""
        glyphs = pdf.glyphs(text)
        self._glyphs.update(glyphs)
        return glyphs

    def written(self) -> bytes:
        numbers = _Numbers(
            len(self._pages), _count(self._root), attached=bool(self._sheet.attached)
        )
        for number, element in enumerate(_walk(self._root), numbers.elements):
            element.number = number
        pages = [one for place in range(len(self._pages)) for one in self._page(place, numbers)]
        self._objects = [
            self._catalog(numbers),
            pdf.page_tree([numbers.page(place) for place in range(len(self._pages))]),
            *font_objects(embedded(), self._glyphs, _FONT),
            pdf.information(self._sheet.title),
            pdf.metadata(self._sheet.title),
            self._structure(numbers),
            *pages,
        ]
        self._objects += [self._element(one, numbers) for one in _walk(self._root)]
        if self._sheet.attached:
            self._objects += self._attachment(numbers, self._sheet.attached)
        return self._file(numbers)

    def _catalog(self, numbers: _Numbers) -> bytes:
        more = b""
        if self._sheet.attached:
            name = pdf.text_string(self._sheet.attached[0])
            spec = f"{numbers.attachment} 0 R".encode()
            more = b"/AF[%b]/Names<</EmbeddedFiles<</Names[%b %b]>>>>" % (spec, name, spec)
        return pdf.catalog(_TREE, _METADATA, more)

    def _page(self, place: int, numbers: _Numbers) -> tuple[bytes, bytes]:
        number = numbers.page(place)
        foot = self._said(f"Page {place + 1} of {len(self._pages)}")
        drawn = b"".join(self._pages[place]) + pdf.page_number(foot, _LEFT)
        return pdf.page(number + 1, _FONT, place), pdf.stream(b"", drawn)

    def _structure(self, numbers: _Numbers) -> bytes:
        tree = " ".join(
            f"{place} [{' '.join(f'{one.number} 0 R' for one in marked)}]"
            for place, marked in enumerate(self._marked)
        )
        return (
            f"<</Type/StructTreeRoot/K {numbers.elements} 0 R/ParentTree<</Nums[{tree}]>>"
            f"/ParentTreeNextKey {len(self._marked)}>>"
        ).encode()

    def _element(self, element: _Element, numbers: _Numbers) -> bytes:
        above = _parent(self._root, element)
        kids = [f"{part.number} 0 R" for part in element.parts] + [
            pdf.mark_of(numbers.page(page), mark) for page, mark in element.marks
        ]
        parent = above.number if above else _TREE
        return pdf.element(element.kind, parent, kids, element.text)

    def _attachment(self, numbers: _Numbers, attached: tuple[str, str, bytes]) -> tuple[bytes, ...]:
        name, kind, data = attached
        spec = (b"<</Type/Filespec/F %b/UF %b/AFRelationship/Data/EF<</F %d 0 R>>>>") % (
            pdf.text_string(name),
            pdf.text_string(name),
            numbers.attachment + 1,
        )
        subtype = kind.replace("/", "#2F").encode()
        return spec, pdf.stream(b"/Type/EmbeddedFile/Subtype/" + subtype, data)

    def _file(self, numbers: _Numbers) -> bytes:
        data, starts = bytearray(pdf.HEAD), []
        for number, body in enumerate(self._objects, 1):
            starts.append(len(data))
            data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start, count = len(data), len(self._objects)
        assert count == numbers.last  # noqa: S101 - the numbers were given out before the objects
        data += pdf.table_head(count) + b"".join(map(pdf.table_line, starts))
        return bytes(data + pdf.trailer(count, start, _INFO))


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Which object is which: ten fixed ones, two a page, the elements, what is attached."""

    pages: int
    count: int
    attached: bool

    def page(self, place: int) -> int:
        return _FIRST_PAGE + 2 * place

    @property
    def elements(self) -> int:
        return _FIRST_PAGE + 2 * self.pages

    @property
    def attachment(self) -> int:
        return self.elements + self.count

    @property
    def last(self) -> int:
        return self.attachment - 1 + (2 if self.attached else 0)


def _walk(element: _Element) -> Iterator[_Element]:
    yield element
    for part in element.parts:
        yield from _walk(part)


def _count(element: _Element) -> int:
    return sum(1 for _ in _walk(element))


def _parent(root: _Element, wanted: _Element) -> _Element | None:
    return next((one for one in _walk(root) if any(p is wanted for p in one.parts)), None)
