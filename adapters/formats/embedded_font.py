"""The font that our PDFs carry: Open Sans, and of its glyphs those that a document shows.

PDF/UA-1 wants every font inside of the file, since a reader without it shows other letters than
were written, and wants each glyph to say which character it is. The font comes with the package
`fontpkg-open-sans`, unchanged and under the SIL Open Font License, which lets documents carry it;
`fonttools` reads it and takes out what is not shown. A glyph that is not shown is left empty and
keeps its number, so nothing is renumbered, and the result depends on the letters alone. What the
font has no glyph for (Arabic, Chinese) is shown as "?"; its exact words go with it in the document.

The font's variations are left out, which leaves its regular weight. Reads the package's file once.
"""

from __future__ import annotations

import io
import struct
import unicodedata
import zlib
from collections.abc import Collection
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

FONT = files("fontpkg_open_sans").joinpath("files/OpenSans[wdth,wght].ttf")
_KEPT = frozenset({"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"})
NAME = "OpenSans-Regular"


class Font:
    """One TrueType font: how wide letters are, and the part of it that shows some of them.

    A part knows its glyphs by number alone.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        font = _read(data)
        head, across = font["head"], font["hhea"]
        self.units: int = head.unitsPerEm
        self.box: tuple[int, ...] = (head.xMin, head.yMin, head.xMax, head.yMax)
        self.ascent: int = across.ascent
        self.descent: int = across.descent
        measured = font["hmtx"].metrics
        self._widths: list[int] = [measured[name][0] for name in font.getGlyphOrder()]
        named = font.getBestCmap() if "cmap" in font else {}
        self._glyphs: dict[int, int] = {code: font.getGlyphID(name) for code, name in named.items()}
        self._unknown: int = self._glyphs.get(ord("?"), 0)
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
        font = _read(self._data)
        for tag in set(font.keys()) - _KEPT - {"GlyphOrder", "post"}:
            del font[tag]
        options = Options(retain_gids=True, notdef_outline=True, drop_tables=["post"])
        subsetter = Subsetter(options)
        subsetter.populate(gids=sorted(glyphs))
        subsetter.subset(font)
        whole = io.BytesIO()
        font.save(whole)
        return whole.getvalue()


def _read(data: bytes) -> TTFont:
    return TTFont(io.BytesIO(data), recalcTimestamp=False, recalcBBoxes=False)


@lru_cache(maxsize=1)
def embedded() -> Font:
    """Return the font that documents carry."""
    return Font(FONT.read_bytes())


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
