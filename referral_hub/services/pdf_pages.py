"""Lines of text as a PDF 1.7 file (ISO 32000-1), written page by page into a stream.

A library would bring fonts, images and a model of the whole document in memory; a list of entries
needs one fixed-width font that every reader has, and must not grow with the log. The limit: text in
Windows-1252, other letters without their accents or as "?"; no tags beyond language and title.
"""

from __future__ import annotations

import textwrap
import unicodedata
from typing import BinaryIO

WIDTH, LINES = 96, 72
_SIZE, _LEADING, _LEFT, _TOP = 8, 10.4, 56, 790
_CATALOG, _PAGES, _FONT, _INFO, _FIRST_PAGE = 1, 2, 3, 4, 5
_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


class PdfPages:
    """A document that is being written into `file`; `close` makes it whole."""

    def __init__(self, file: BinaryIO, title: str) -> None:
        self._file = file
        self._title = title
        self._at: dict[int, int] = {}
        self._lines: list[bytes] = []
        self._pages: list[int] = []
        self._written = file.write(_HEAD)

    def line(self, text: str, *, indent: int = 0) -> None:
        """Add a line, wrapped where it is too long; following lines are indented."""
        wrapped = textwrap.wrap(
            text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2)
        )
        for one in wrapped or [""]:
            if len(self._lines) == LINES:
                self._end_page()
            self._lines.append(_shown(one))

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
        self._object(
            _FONT,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
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
        shown = b"".join(b"(" + line + b") '\n" for line in self._lines)
        drawn = (
            f"BT /F1 {_SIZE} Tf {_LEADING} TL {_LEFT} {_TOP} Td\n".encode()
            + shown
            + f"1 0 0 1 {_LEFT} 30 Tm (Page {len(self._pages) + 1}) Tj ET".encode()
        )
        self._object(
            page,
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 595 842] /Contents {page + 1} 0 R"
            f" /Resources << /Font << /F1 {_FONT} 0 R >> >> >>".encode(),
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
