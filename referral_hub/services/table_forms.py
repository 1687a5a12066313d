"""The forms that an officer's table can take: for a spreadsheet, for a program, for a printer.

All three are written row by row. Cells that a spreadsheet would run as a formula are quoted
(CWE-1236): an agency may be called `=1+1`. JSON carries the exact entry too, so that its leaf hash
can be computed from the file alone.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import BinaryIO

from referral_hub.services.pdf_pages import PdfPages

COLUMNS = (
    "index",
    "at",
    "type",
    "outcome",
    "reason",
    "sender",
    "recipient",
    "user",
    "reference",
    "purpose",
    "classes",
    "fields",
    "article6",
    "article9",
    "confidentiality",
    "rules",
    "policy_hash",
    "entry_id",
    "leaf_hash",
    "tree_size",
    "root",
    "proof",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ONCE = frozenset({"tree_size", "root"})

Row = Mapping[str, object]


class TableForm(StrEnum):
    """How a table is written."""

    CSV = "csv"
    JSON = "json"
    PDF = "pdf"


def write_rows(
    form: TableForm, file: BinaryIO, rows: Iterator[Row], *, checkpoint: str, log_key: str
) -> int:
    """Write `rows` into `file`, and return how many; proofs lead to the root of `checkpoint`."""
    match form:
        case TableForm.CSV:
            return _csv(file, rows)
        case TableForm.JSON:
            return _json(file, rows, checkpoint=checkpoint, log_key=log_key)
        case TableForm.PDF:
            return _pdf(file, rows, checkpoint=checkpoint, log_key=log_key)


def safe(cell: object) -> str:
    """Return a cell's text, quoted with an apostrophe where a spreadsheet would run it."""
    text = _flat(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(file: BinaryIO, rows: Iterator[Row]) -> int:
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    count = 0
    for row in rows:
        table.writerow([safe(row[name]) for name in COLUMNS])
        count += 1
    text.detach()
    return count


def _json(file: BinaryIO, rows: Iterator[Row], *, checkpoint: str, log_key: str) -> int:
    head = {"log_key": log_key, "checkpoint": checkpoint}
    file.write(json.dumps(head)[:-1].encode() + b', "entries": [')
    count = 0
    for row in rows:
        text = json.dumps({name: row[name] for name in (*COLUMNS, "entry")}, default=str)
        file.write((b",\n" if count else b"\n") + text.encode())
        count += 1
    file.write(b"\n]}\n")
    return count


def _pdf(file: BinaryIO, rows: Iterator[Row], *, checkpoint: str, log_key: str) -> int:
    pages = PdfPages(file, "Entries of the log")
    for line in ("Entries of the log", "", f"Key of the log: {log_key}", "Checkpoint:"):
        pages.line(line)
    for line in checkpoint.splitlines():
        pages.line(line, indent=2)
    count = 0
    for row in rows:
        pages.line("")
        for name in COLUMNS:
            if name not in _ONCE and (told := _flat(row[name])):
                pages.line(f"{name}: {told}", indent=0 if name == "index" else 2)
        count += 1
    pages.close()
    return count


def _flat(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return " ".join(map(str, cell))
    return str(cell)
