"""What our PDFs are made of, whether they are short sheets or lists as long as the log.

Tagged text (ISO 32000-1, 14.7 and 14.8) in the embedded font, strings, streams, the catalogue, and
the metadata that says the file follows PDF/UA-1 (ISO 14289-1). Each writer numbers and writes its
own objects: one has its document in memory, the other none of it.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from adapters.formats.embedded_font import embedded

HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
MEDIA = "/MediaBox[0 0 595 842]"
_STROKE = 0.03  # what bold letters are thickened by, of their size
_CACHED = 4096
_NOT_IN_XML = frozenset({"Cc", "Cn", "Cs"})


def letters(words: str) -> str:
    """The characters that are shown of a text: composed, control characters as spaces."""
    return "".join(map(_letter, unicodedata.normalize("NFC", words)))


def glyphs(words: str) -> list[int]:
    """The glyphs that show a text."""
    return [_glyph(one) for one in letters(words)]


def shows_exactly(words: str) -> bool:
    """Whether what is shown of a text can be copied as what it is."""
    return all(map(_exact, words))


def shown(numbers: Sequence[int]) -> bytes:
    """A shown string: two bytes for each glyph, as hexadecimal."""
    return b"<" + struct.pack(f">{len(numbers)}H", *numbers).hex().upper().encode() + b">"


def drawn(
    marked: tuple[str, int], at: tuple[float, float], numbers: Sequence[int], style: bytes
) -> bytes:
    """The operators that show glyphs at a place, `marked` as content of a kind and by a number."""
    head = f"/{marked[0]} <</MCID {marked[1]}>> BDC BT ".encode()
    place = f" {at[0]:g} {at[1]:g} Td ".encode()
    return head + style + place + shown(numbers) + b" Tj ET EMC\n"


def style(size: float, *, bold: bool = False) -> bytes:
    """The operators that choose the font; bold letters are drawn with a stroke."""
    heavy = f" 2 Tr {size * _STROKE:g} w" if bold else " 0 Tr"
    return f"/F1 {size:g} Tf{heavy}".encode()


def page_number(numbers: Sequence[int], left: float) -> bytes:
    """The operators that show a page's number, outside of the structure."""
    head = f"/Artifact BMC BT /F1 9 Tf 0 Tr {left:g} 36 Td ".encode()
    return head + shown(numbers) + b" Tj ET EMC"


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> Iterator[str]:
    """Yield the lines that a text takes; a word that is wider than its column is cut."""
    room = width - (size * _STROKE if bold else 0)
    space = _advance(" ") * size
    line: list[str] = []
    used = 0.0
    for word in text.split():
        for piece, wide in _pieces(word, room, size):
            if line and used + space + wide > room:
                yield " ".join(line)
                line, used = [], 0.0
            used += wide + (space if line else 0)
            line.append(piece)
    yield " ".join(line)


def _pieces(word: str, room: float, size: float) -> Iterator[tuple[str, float]]:
    piece, used = "", 0.0
    for character in word:
        wide = _advance(character) * size
        if piece and used + wide > room:
            yield piece, used
            piece, used = "", 0.0
        piece, used = piece + character, used + wide
    yield piece, used


@lru_cache(maxsize=_CACHED)
def _glyph(character: str) -> int:
    return embedded().glyph(character)


@lru_cache(maxsize=_CACHED)
def _exact(character: str) -> bool:
    return embedded().character(_glyph(character)) == character


@lru_cache(maxsize=_CACHED)
def _advance(character: str) -> float:
    """How far a character leads, of the size."""
    font = embedded()
    return sum(font.width(glyph) for glyph in glyphs(character)) / 1000


def element(kind: str, parent: int, kids: Iterable[str], text: str = "") -> bytes:
    """A structure element; `text` are its exact words where they are stated."""
    scope = "/A<</O/Table/Scope/Row>>" if kind == "TH" else ""
    head = f"<</Type/StructElem/S/{kind}/P {parent} 0 R{scope}/K[{' '.join(kids)}]"
    spoken = b"/ActualText " + text_string(text) if text else b""
    return head.encode() + spoken + b">>"


def mark_of(page: int, mark: int) -> str:
    """A kid of an element: marked content on the page with this object number."""
    return f"<</Type/MCR/Pg {page} 0 R/MCID {mark}>>"


def catalog(tree: int, metadata: int, more: bytes = b"") -> bytes:
    """The catalogue; its page tree is object 2."""
    return (
        b"<</Type/Catalog/Pages 2 0 R/Lang(en-GB)/MarkInfo<</Marked true>>"
        b"/StructTreeRoot %d 0 R/Metadata %d 0 R"
        b"/ViewerPreferences<</DisplayDocTitle true>>%b>>" % (tree, metadata, more)
    )


def page_tree(pages: Sequence[int]) -> bytes:
    """The page tree over these objects."""
    kids = " ".join(f"{page} 0 R" for page in pages)
    return f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode()


def page(contents: int, font: int, place: int) -> bytes:
    """A page; `place` is its key in the parent tree."""
    return (
        f"<</Type/Page/Parent 2 0 R{MEDIA}/Contents {contents} 0 R"
        f"/Resources<</Font<</F1 {font} 0 R>>>>/StructParents {place}/Tabs/S>>"
    ).encode()


def information(title: str) -> bytes:
    """The information dictionary."""
    return b"<</Title " + text_string(title) + b"/Producer (Referral Hub)>>"


def metadata(title: str) -> bytes:
    """The metadata stream, left readable for programs that look for it in the bytes."""
    plain = "".join(" " if unicodedata.category(one) in _NOT_IN_XML else one for one in title)
    named = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    told = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{named}</rdf:li></rdf:Alt></dc:title>'
        "<dc:language><rdf:Bag><rdf:li>en-GB</rdf:li></rdf:Bag></dc:language>"
        "</rdf:Description>"
        '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">'
        "<pdfuaid:part>1</pdfuaid:part>"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
    return stream(b"/Type/Metadata/Subtype/XML", told.encode(), packed=False)


def stream(members: bytes, data: bytes, *, packed: bool = True) -> bytes:
    """A stream object, compressed unless it says otherwise."""
    body = zlib.compress(data, 9) if packed else data
    pressed = b"/Filter/FlateDecode" if packed else b""
    return b"<<%b%b/Length %d>>\nstream\n" % (members, pressed, len(body)) + body + b"\nendstream"


def text_string(words: str) -> bytes:
    """A text string in UTF-16 with its mark (ISO 32000-1, 7.9.2.2), as hexadecimal."""
    return b"<" + ("\ufeff" + words).encode("utf-16-be", "replace").hex().encode() + b">"


def trailer(count: int, start: int, info: int) -> bytes:
    """The end of a file of `count` objects whose table begins at `start`."""
    return (
        f"trailer\n<</Size {count + 1}/Root 1 0 R/Info {info} 0 R>>\nstartxref\n{start}\n%%EOF\n"
    ).encode()


def table_head(count: int) -> bytes:
    """The beginning of the cross-reference table of `count` objects."""
    return f"xref\n0 {count + 1}\n0000000000 65535 f \n".encode()


def table_line(start: int) -> bytes:
    """Where an object begins."""
    return f"{start:010} 00000 n \n".encode()


@lru_cache(maxsize=_CACHED)
def _letter(character: str) -> str:
    return " " if unicodedata.category(character) == "Cc" else character
