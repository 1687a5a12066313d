"""Lines of text as a PDF 1.7 file (ISO 32000-1), written page by page into a stream.

A library would bring fonts, images and a model of the whole document in memory; a list of entries
needs one fixed-width font that every reader has, and must not grow with the log. The limit: text in
Windows-1252, other letters without their accents or as "?"; no tags beyond language and title.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

WIDTH, LINES = 96, 72
_LEFT, _TOP = 56, 790
_CATALOG, _PAGES, _FONT, _INFO, _STRONG, _FIRST_PAGE = 1, 2, 3, 4, 5, 6
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


@dataclass(frozen=True, slots=True)
class Print:
    """Standard fonts, their size and leading in points, and how much a page of them holds.

    `width` is in characters. Of a proportional font it is what fits of broad letters in running
    text, so that no line leaves the page.
    """

    font: str
    strong: str
    size: float
    leading: float
    width: int
    lines: int


SMALL_PRINT = Print("Courier", "Courier-Bold", 8, 10.4, WIDTH, LINES)
LARGE_PRINT = Print("Helvetica", "Helvetica-Bold", 16, 22, 52, 33)


class PdfPages:
    """A document that is being written into `file`; `close` makes it whole."""

    def __init__(self, file: BinaryIO, title: str, kind: Print = SMALL_PRINT) -> None:
        self._file = file
        self._print = kind
        self._title = title
        self._at: dict[int, int] = {}
        self._lines: list[bytes] = []
        self._pages: list[int] = []
        self._written = file.write(_HEAD)

    def line(self, text: str, *, indent: int = 0, strong: bool = False) -> None:
        """Add a line, wrapped where it is too long; following lines are indented."""
        hanging = indent + 2 if indent or self._print is SMALL_PRINT else 0
        wrapped = textwrap.wrap(
            text,
            self._print.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * hanging,
        )
        for one in wrapped or [""]:
            if len(self._lines) == self._print.lines:
                self._end_page()
            self._lines.append(self._drawn(one, strong=strong))

    def _drawn(self, text: str, *, strong: bool) -> bytes:
        """The operators that move to the next line and show `text` (ISO 32000-1, 9.4.3)."""
        line = b"(" + _shown(text) + b") '\n"
        if not strong:
            return line
        size = self._print.size
        return f"/F2 {size} Tf ".encode() + line + f"/F1 {size} Tf\n".encode()

    def close(self) -> None:
        """Write the last page and what a reader begins with."""
        self._end_page()
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(
            _CATALOG,
            f"<< /Type /Catalog /Pages {_PAGES} 0 R /Lang (en-GB)"
            " /ViewerPreferences << /DisplayDocTitle true >> >>".encode(),
        )
        self._object(
            _PAGES, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>".encode()
        )
        for number, name in ((_FONT, self._print.font), (_STRONG, self._print.strong)):
            self._object(
                number,
                f"<< /Type /Font /Subtype /Type1 /BaseFont /{name}"
                " /Encoding /WinAnsiEncoding >>".encode(),
            )
        self._object(_INFO, b"<< /Title (" + _shown(self._title) + b") >>")
        start, count = self._written, max(self._at) + 1
        self._put(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        for number in range(1, count):
            self._put(f"{self._at[number]:010} 00000 n \n".encode())
        trailer = f"<< /Size {count} /Root {_CATALOG} 0 R /Info {_INFO} 0 R >>"
        self._put(f"trailer\n{trailer}\nstartxref\n{start}\n%%EOF\n".encode())

    def _end_page(self) -> None:
        page = self._pages[-1] + 2 if self._pages else _FIRST_PAGE
        kind = self._print
        drawn = (
            f"BT /F1 {kind.size} Tf {kind.leading} TL {_LEFT} {_TOP} Td\n".encode()
            + b"".join(self._lines)
            + f"1 0 0 1 {_LEFT} 30 Tm (Page {len(self._pages) + 1}) Tj ET".encode()
        )
        self._object(
            page,
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 595 842] /Contents {page + 1} 0 R"
            f" /Resources << /Font << /F1 {_FONT} 0 R /F2 {_STRONG} 0 R >> >> >>".encode(),
        )
        self._object(
            page + 1,
            f"<< /Length {len(drawn)} >>\nstream\n".encode() + drawn + b"\nendstream",
        )
        self._pages.append(page)
        self._lines.clear()

    def _object(self, number: int, body: bytes) -> None:
        self._at[number] = self._written
        self._put(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._written += len(data)


def _shown(text: str) -> bytes:
    """Return a string's bytes, with what would end or break it escaped."""
    plain = "".join(map(_letter, text)).encode("cp1252", "replace")
    return plain.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _letter(character: str) -> str:
    if unicodedata.category(character) == "Cc":
        return " "
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKD", character)[0]
    return character
