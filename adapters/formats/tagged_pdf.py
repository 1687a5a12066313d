"""A short document as a tagged PDF (ISO 32000-1, 14.7 and 14.8), for readers that speak and fold.

Every piece of text belongs to a heading, a paragraph or a table of labels and values, in reading
order; page numbers are artifacts; language and title are stated; a cell's exact words go with it
(`ActualText`), whatever the font can show. The font is embedded (`embedded_font`), so the file
says that it follows PDF/UA-1 (ISO 14289-1). A machine-readable copy may be embedded.

Pure: text in, bytes out. What grows with the document stays in memory, so this is for a few pages.
"""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.formats.embedded_font import embedded, font_objects

_SIZE, _LEADING = 11.0, 15.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 57.0, 538.0, 785.0, 60.0
_VALUES = 210.0
_FONT, _INFO, _METADATA, _TREE, _FIRST_PAGE = 3, 8, 9, 10, 11
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_STROKE = 0.03  # what bold letters are thickened by, of their size


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
        for line in _wrapped(text, _RIGHT - _LEFT, size, bold=bold):
            self._down(size * 1.35)
            self._draw(element, (_LEFT, self._y), line, size=size, bold=bold)
        self._y -= _LEADING / 2

    def _row(self, table: _Element, line: Line) -> None:
        row = _Element("TR")
        table.parts.append(row)
        head, cell = _Element("TH", line.label), _Element("TD", "\n".join(line.values))
        row.parts += [head, cell]
        labels = list(_wrapped(line.label, _VALUES - _LEFT - 12, _SIZE, bold=True))
        values = [
            part for value in line.values for part in _wrapped(value, _RIGHT - _VALUES, _SIZE)
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
        heavy = f" 2 Tr {size * _STROKE:g} w" if bold else " 0 Tr"
        head = f"/{element.kind} <</MCID {mark}>> BDC BT /F1 {size:g} Tf{heavy}"
        place = f" {at[0]:g} {at[1]:g} Td ".encode()
        self._pages[-1].append(head.encode() + place + self._said(text) + b" Tj ET EMC\n")

    def _said(self, text: str) -> bytes:
        """A string to show; its glyphs are put into the font."""
        glyphs = _glyphs(text)
        self._glyphs.update(glyphs)
        return _shown(glyphs)

    def written(self) -> bytes:
        numbers = _Numbers(
            len(self._pages), _count(self._root), attached=bool(self._sheet.attached)
        )
        for number, element in enumerate(_walk(self._root), numbers.elements):
            element.number = number
        pages = [one for place in range(len(self._pages)) for one in self._page(place, numbers)]
        self._objects = [
            self._catalog(numbers),
            self._page_tree(numbers),
            *font_objects(embedded(), self._glyphs, _FONT),
            b"<</Title " + _text(self._sheet.title) + b"/Producer (Referral Hub)>>",
            _stream(b"/Type/Metadata/Subtype/XML", self._xmp(), packed=False),
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
            name = _text(self._sheet.attached[0])
            spec = f"{numbers.attachment} 0 R".encode()
            more = b"/AF[%b]/Names<</EmbeddedFiles<</Names[%b %b]>>>>" % (spec, name, spec)
        return (
            b"<</Type/Catalog/Pages 2 0 R/Lang(en-GB)/MarkInfo<</Marked true>>"
            b"/StructTreeRoot %d 0 R/Metadata %d 0 R"
            % (_TREE, _METADATA)
            + b"/ViewerPreferences<</DisplayDocTitle true>>"
            + more
            + b">>"
        )

    def _page_tree(self, numbers: _Numbers) -> bytes:
        kids = " ".join(f"{numbers.page(place)} 0 R" for place in range(len(self._pages)))
        return f"<</Type/Pages/Kids[{kids}]/Count {len(self._pages)}>>".encode()

    def _page(self, place: int, numbers: _Numbers) -> tuple[bytes, bytes]:
        number = numbers.page(place)
        foot = self._said(f"Page {place + 1} of {len(self._pages)}")
        drawn = b"".join(self._pages[place]) + (
            f"/Artifact BMC BT /F1 9 Tf 0 Tr {_LEFT:g} 36 Td ".encode() + foot + b" Tj ET EMC"
        )
        page = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {number + 1} 0 R"
            f"/Resources<</Font<</F1 {_FONT} 0 R>>>>/StructParents {place}/Tabs/S>>"
        )
        return page.encode(), _stream(b"", drawn)

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
            f"<</Type/MCR/Pg {numbers.page(page)} 0 R/MCID {mark}>>" for page, mark in element.marks
        ]
        parent = above.number if above else _TREE
        scope = "/A<</O/Table/Scope/Row>>" if element.kind == "TH" else ""
        head = f"<</Type/StructElem/S/{element.kind}/P {parent} 0 R{scope}/K[{' '.join(kids)}]"
        spoken = b"/ActualText " + _text(element.text) if element.text else b""
        return head.encode() + spoken + b">>"

    def _attachment(self, numbers: _Numbers, attached: tuple[str, str, bytes]) -> tuple[bytes, ...]:
        name, kind, data = attached
        spec = (b"<</Type/Filespec/F %b/UF %b/AFRelationship/Data/EF<</F %d 0 R>>>>") % (
            _text(name),
            _text(name),
            numbers.attachment + 1,
        )
        subtype = kind.replace("/", "#2F").encode()
        return spec, _stream(b"/Type/EmbeddedFile/Subtype/" + subtype, data)

    def _xmp(self) -> bytes:
        title = self._sheet.title.replace("&", "&amp;").replace("<", "&lt;")
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
            '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
            "<dc:language><rdf:Bag><rdf:li>en-GB</rdf:li></rdf:Bag></dc:language>"
            "</rdf:Description>"
            '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">'
            "<pdfuaid:part>1</pdfuaid:part>"
            '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
        ).encode()

    def _file(self, numbers: _Numbers) -> bytes:
        data, starts = bytearray(_HEAD), []
        for number, body in enumerate(self._objects, 1):
            starts.append(len(data))
            data += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start, count = len(data), len(self._objects) + 1
        assert count - 1 == numbers.last  # noqa: S101 - the numbers were given out before the objects
        data += f"xref\n0 {count}\n0000000000 65535 f \n".encode()
        data += b"".join(f"{one:010} 00000 n \n".encode() for one in starts)
        data += (
            f"trailer\n<</Size {count}/Root 1 0 R/Info {_INFO} 0 R>>\nstartxref\n{start}\n".encode()
        )
        return bytes(data) + b"%%EOF\n"


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


def _wrapped(text: str, width: float, size: float, *, bold: bool = False) -> Iterator[str]:
    line = ""
    for word in text.split():
        for piece in _pieces(word, width, size, bold=bold):
            longer = f"{line} {piece}" if line else piece
            if line and _width(longer, size, bold=bold) > width:
                yield line
                line = piece
            else:
                line = longer
    yield line


def _pieces(word: str, width: float, size: float, *, bold: bool) -> Iterator[str]:
    """A word that is wider than its column is cut."""
    piece = ""
    for character in word:
        if piece and _width(piece + character, size, bold=bold) > width:
            yield piece
            piece = ""
        piece += character
    yield piece


def _width(text: str, size: float, *, bold: bool) -> float:
    font = embedded()
    total = sum(font.width(glyph) for glyph in _glyphs(text)) * size / 1000
    return total + (size * _STROKE if bold else 0)


def _stream(members: bytes, data: bytes, *, packed: bool = True) -> bytes:
    """Metadata stays readable for programs that look for it in the bytes."""
    body = zlib.compress(data, 9) if packed else data
    pressed = b"/Filter/FlateDecode" if packed else b""
    return b"<<%b%b/Length %d>>\nstream\n" % (members, pressed, len(body)) + body + b"\nendstream"


def _text(words: str) -> bytes:
    """A text string in UTF-16 with its mark (ISO 32000-1, 7.9.2.2), as hexadecimal."""
    return b"<" + ("\ufeff" + words).encode("utf-16-be", "replace").hex().encode() + b">"


def _glyphs(words: str) -> list[int]:
    font = embedded()
    return [font.glyph(one) for one in map(_letter, unicodedata.normalize("NFC", words))]


def _shown(glyphs: Sequence[int]) -> bytes:
    """A shown string: two bytes for each glyph, as hexadecimal."""
    return b"<" + "".join(f"{one:04X}" for one in glyphs).encode() + b">"


def _letter(character: str) -> str:
    return " " if unicodedata.category(character) == "Cc" else character
