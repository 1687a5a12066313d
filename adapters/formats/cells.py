"""Cells that a spreadsheet would run are written so that it does not (CWE-1236).

A value that begins like a formula gets an apostrophe in front, which a spreadsheet hides and a
person recognises. Line breaks inside a cell stay: the CSV writer quotes them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TELEPHONE = frozenset("0123456789 ")


def harmless(value: str) -> str:
    """`value`, quoted if a spreadsheet would run it. A telephone number with + is left alone."""
    if not value.startswith(FORMULA):
        return value
    if value[0] == "+" and len(value) > 1 and set(value[1:]) <= _TELEPHONE:
        return value
    return f"'{value}"


def csv_rows(rows: Iterable[Sequence[str]]) -> bytes:
    """`rows` as CSV (RFC 4180) in UTF-8, each cell harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(c) for c in row] for row in rows)
    return text.getvalue().encode()
