"""The font that our PDFs carry: Open Sans, and of its glyphs those that a document shows.

PDF/UA-1 wants every font inside of the file, since a reader without it shows other letters than
were written, and wants each glyph to say which character it is. The font comes with the package
`fontpkg-open-sans`, unchanged and under the SIL Open Font License, which lets documents carry it. A
glyph that is not shown is left empty and keeps its number, so nothing is renumbered, and the result
depends on the letters alone. What the font has no glyph for (Arabic, Chinese) is shown as "?"; its
exact words go with it in the document.

TrueType as in ISO/IEC 14496-22: `cmap` format 4, `glyf` with its composite glyphs, `hmtx`. The
font's variations are left out, which leaves its regular weight. Pure: reads the package's file
once.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

_PACKAGE, _FILE = "fontpkg_open_sans", "files/OpenSans[wdth,wght].ttf"
_KEPT = (b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep")
_WORDS, _MORE, _SCALE, _TWO_SCALES, _MATRIX = 0x1, 0x20, 0x8, 0x40, 0x80
_MAGIC = 0xB1B0AFBA
NAME = "OpenSans-Regular"


class Font:
    """One TrueType font: how wide letters are, and the part of it that shows some of them.

    A part knows its glyphs by number alone.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._tables = _tables(data)
        head, across = self._table(b"head"), self._table(b"hhea")
        self.units: int = struct.unpack_from(">H", head, 18)[0]
        self.box: tuple[int, ...] = struct.unpack_from(">4h", head, 36)
        self.ascent: int
        self.descent: int
        self.ascent, self.descent = struct.unpack_from(">2h", across, 4)
        (count,) = struct.unpack_from(">H", self._table(b"maxp"), 4)
        (measured,) = struct.unpack_from(">H", across, 34)
        widths = struct.unpack_from(f">{2 * measured}H", self._table(b"hmtx"))[::2]
        self._widths: tuple[int, ...] = widths + widths[-1:] * (count - measured)
        long = struct.unpack_from(">h", head, 50)[0] == 1
        offsets = struct.unpack_from(f">{count + 1}{'I' if long else 'H'}", self._table(b"loca"))
        self._offsets = offsets if long else tuple(2 * one for one in offsets)
        self._glyphs = _character_map(self._table(b"cmap")) if b"cmap" in self._tables else {}
        self._unknown = self._glyphs.get(ord("?"), 0)
        self._characters: dict[int, str] = {}
        for code, glyph in sorted(self._glyphs.items()):
            self._characters.setdefault(glyph, chr(code))

    def __repr__(self) -> str:
        return "<Font>"

    def glyph(self, character: str) -> int:
        """Return the glyph of a character, of what it is made of, or of a question mark."""
        found = self._glyphs.get(ord(character))
        if found is None:
            found = self._glyphs.get(ord(unicodedata.normalize("NFKD", character)[0]))
        return found or self._unknown

    def character(self, glyph: int) -> str:
        """Return the character that a glyph stands for, the first where there are several."""
        return self._characters[glyph]

    def width(self, glyph: int) -> float:
        """Return how far a glyph leads, in thousandths of the size."""
        return self._widths[glyph] * 1000 / self.units

    def scaled(self, value: int) -> int:
        """Return a measure of the font in thousandths of the size."""
        return round(value * 1000 / self.units)

    def part(self, glyphs: Collection[int]) -> bytes:
        """Return a font of these glyphs, and what they are made of; the others are empty."""
        kept = self._with_parts(glyphs)
        outlines, places = bytearray(), []
        for glyph in range(len(self._widths)):
            places.append(len(outlines))
            if glyph in kept:
                outlines += self.outline(glyph)
                outlines += bytes(-len(outlines) % 4)
        places.append(len(outlines))
        head = bytearray(self._table(b"head"))
        struct.pack_into(">I", head, 8, 0)
        struct.pack_into(">h", head, 50, 1)
        return _file(
            {tag: self._table(tag) for tag in _KEPT if tag in self._tables}
            | {
                b"glyf": bytes(outlines),
                b"loca": struct.pack(f">{len(places)}I", *places),
                b"head": bytes(head),
            }
        )

    def _table(self, tag: bytes) -> bytes:
        start, length = self._tables[tag]
        return self._data[start : start + length]

    def outline(self, glyph: int) -> bytes:
        """Return how a glyph is drawn; nothing for a space and for what was left out."""
        start = self._tables[b"glyf"][0]
        return self._data[start + self._offsets[glyph] : start + self._offsets[glyph + 1]]

    def _with_parts(self, glyphs: Collection[int]) -> set[int]:
        kept, waiting = {0}, [0, *glyphs]
        while waiting:
            glyph = waiting.pop()
            new = [one for one in _parts(self.outline(glyph)) if one not in kept]
            kept |= {glyph, *new}
            waiting += new
        return kept


@lru_cache(maxsize=1)
def embedded() -> Font:
    """Return the font that documents carry."""
    return Font(files(_PACKAGE).joinpath(_FILE).read_bytes())


def tagged_name(glyphs: Collection[int]) -> str:
    """Return the name of a part of the font: six letters that stand for its glyphs go before it."""
    digest = sha256(b"".join(struct.pack(">H", one) for one in sorted(glyphs))).digest()
    return "".join(chr(ord("A") + one % 26) for one in digest[:6]) + "+" + NAME


def font_objects(font: Font, shown: Collection[int], number: int) -> list[bytes]:
    """Return the five objects of a font that shows these glyphs (ISO 32000-1, 9.7).

    The first is numbered `number`, the others follow it.
    """
    name = tagged_name(shown)
    widths = "".join(f"{one}[{font.width(one):g}]" for one in sorted(shown))
    box = " ".join(str(font.scaled(one)) for one in font.box)
    program = font.part(shown)
    packed, told = zlib.compress(program, 9), zlib.compress(_to_unicode(font, shown), 9)
    return [
        (
            f"<</Type/Font/Subtype/Type0/BaseFont/{name}/Encoding/Identity-H"
            f"/DescendantFonts[{number + 1} 0 R]/ToUnicode {number + 4} 0 R>>"
        ).encode(),
        (
            f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{name}/CIDToGIDMap/Identity"
            "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            f"/FontDescriptor {number + 2} 0 R/DW {font.width(0):g}/W[{widths}]>>"
        ).encode(),
        (
            f"<</Type/FontDescriptor/FontName/{name}/Flags 4/FontBBox[{box}]/ItalicAngle 0"
            f"/Ascent {font.scaled(font.ascent)}/Descent {font.scaled(font.descent)}/StemV 80"
            f"/CapHeight 714/FontFile2 {number + 3} 0 R>>"
        ).encode(),
        _packed(packed, f"/Length1 {len(program)}".encode()),
        _packed(told, b""),
    ]


def _packed(data: bytes, members: bytes) -> bytes:
    head = b"<<%b/Filter/FlateDecode/Length %d>>\nstream\n" % (members, len(data))
    return head + data + b"\nendstream"


def _to_unicode(font: Font, shown: Collection[int]) -> bytes:
    """Which character each glyph is (ISO 32000-1, 9.10.3), a hundred at a time as it asks."""
    pairs = [
        f"<{glyph:04X}> <{font.character(glyph).encode('utf-16-be').hex().upper()}>"
        for glyph in sorted(shown)
    ]
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    said = "\n".join(
        f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks
    )
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        f"{said}\nendcmap CMapName currentdict /CMap defineresource pop end end"
    ).encode()


def _tables(data: bytes) -> dict[bytes, tuple[int, int]]:
    (count,) = struct.unpack_from(">H", data, 4)
    rows = (struct.unpack_from(">4sIII", data, 12 + 16 * one) for one in range(count))
    return {tag: (start, length) for tag, _, start, length in rows}


def _character_map(table: bytes) -> dict[int, int]:
    """The glyph of each character, from the map of the first plane."""
    (count,) = struct.unpack_from(">H", table, 2)
    for one in range(count):
        (at,) = struct.unpack_from(">I", table, 8 + 8 * one)
        if struct.unpack_from(">H", table, at)[0] == 4:
            return _first_plane(table, at)
    raise ValueError("the font has no map of characters that is read here")


def _first_plane(table: bytes, at: int) -> dict[int, int]:
    segments = struct.unpack_from(">H", table, at + 6)[0] // 2
    many = f">{segments}H"
    ends = struct.unpack_from(many, table, at + 14)
    starts = struct.unpack_from(many, table, at + 16 + 2 * segments)
    deltas = struct.unpack_from(many, table, at + 16 + 4 * segments)
    ranges_at = at + 16 + 6 * segments
    ranges = struct.unpack_from(many, table, ranges_at)
    found: dict[int, int] = {}
    for one in range(segments):
        for code in range(starts[one], min(ends[one], 0xFFFE) + 1):
            glyph = code
            if ranges[one]:
                place = ranges_at + 2 * one + ranges[one] + 2 * (code - starts[one])
                (glyph,) = struct.unpack_from(">H", table, place)
            if glyph or not ranges[one]:
                found[code] = (glyph + deltas[one]) & 0xFFFF
    return {code: glyph for code, glyph in found.items() if glyph}


def _parts(outline: bytes) -> list[int]:
    """The glyphs that a composite glyph is made of."""
    if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
        return []
    found, at, flags = [], 10, _MORE
    while flags & _MORE:
        flags, glyph = struct.unpack_from(">2H", outline, at)
        found.append(glyph)
        at += 8 if flags & _WORDS else 6
        at += 2 if flags & _SCALE else 4 if flags & _TWO_SCALES else 8 if flags & _MATRIX else 0
    return found


def _file(tables: Mapping[bytes, bytes]) -> bytes:
    """A TrueType file of these tables, with its checksums."""
    count = len(tables)
    power = count.bit_length() - 1
    shape = (count, 16 << power, power, 16 * count - (16 << power))
    start, rows, body = 12 + 16 * count, b"", b""
    for tag in sorted(tables):
        data = tables[tag]
        rows += struct.pack(">4sIII", tag, _sum(data), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    whole = bytearray(struct.pack(">I4H", 0x00010000, *shape) + rows + body)
    head = start + sum(-(-len(tables[tag]) // 4) * 4 for tag in sorted(tables) if tag < b"head")
    struct.pack_into(">I", whole, head + 8, (_MAGIC - _sum(bytes(whole))) & 0xFFFFFFFF)
    return bytes(whole)


def _sum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
