"""The forms that an officer's table can take: for a spreadsheet, for a program, for a printer.

All three are written row by row. Cells that a spreadsheet would run as a formula are quoted
(CWE-1236): an agency may be called `=1+1`. CSV and JSON carry the exact entry and the signed
checkpoint too, so that `consent.evidence.verify` checks the file alone; a print has no room for it.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
BESIDE = ("entry", "checkpoint")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_ONCE = frozenset({"tree_size", "root"})

Row = Mapping[str, object]


class TableForm(StrEnum):
    """How a table is written."""

    CSV = "csv"
    JSON = "json"
    PDF = "pdf"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands over a table's rows; proofs lead to the root of `checkpoint`.

    `after` is asked once the rows are written, for a summary of them (name → number or codes).
    """

    checkpoint: str
    log_key: str
    title: str = "Entries of the log"
    columns: Sequence[str] = COLUMNS
    after: Callable[[], Mapping[str, object]] | None = None


def write_rows(form: TableForm, file: BinaryIO, rows: Iterator[Row], *, sheet: Sheet) -> int:
    """Write `rows` into `file`, and return how many."""
    match form:
        case TableForm.CSV:
            return _csv(file, rows, sheet)
        case TableForm.JSON:
            return _json(file, rows, sheet)
        case TableForm.PDF:
            return _pdf(file, rows, sheet)


def safe(cell: object) -> str:
    """Return a cell's text, quoted with an apostrophe where a spreadsheet would run it."""
    text = _flat(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(file: BinaryIO, rows: Iterator[Row], sheet: Sheet) -> int:
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text)
    table.writerow((*sheet.columns, *BESIDE))
    note = b64encode(sheet.checkpoint.encode()).decode()
    count = 0
    for row in rows:
        cells = [safe(row[name]) for name in (*sheet.columns, "entry")]
        table.writerow([*cells, safe(note)])
        count += 1
    text.detach()
    return count


def _json(file: BinaryIO, rows: Iterator[Row], sheet: Sheet) -> int:
    head = {"log_key": sheet.log_key, "checkpoint": sheet.checkpoint}
    file.write(json.dumps(head)[:-1].encode() + b', "entries": [')
    count = 0
    for row in rows:
        text = json.dumps({name: row[name] for name in (*sheet.columns, "entry")}, default=str)
        file.write((b",\n" if count else b"\n") + text.encode())
        count += 1
    file.write(b"\n]")
    if sheet.after is not None:
        file.write(b', "summary": ' + json.dumps(sheet.after(), default=str).encode())
    file.write(b"}\n")
    return count


def _pdf(file: BinaryIO, rows: Iterator[Row], sheet: Sheet) -> int:
    pages = PdfPages(file, sheet.title)
    for line in (sheet.title, "", f"Key of the log: {sheet.log_key}", "Checkpoint:"):
        pages.line(line)
    for line in sheet.checkpoint.splitlines():
        pages.line(line, indent=2)
    count = 0
    for row in rows:
        pages.line("")
        for name in sheet.columns:
            if name not in _ONCE and (told := _flat(row[name])):
                pages.line(f"{name}: {told}", indent=0 if name == "index" else 2)
        count += 1
    if sheet.after is not None:
        pages.line("")
        for name, found in sheet.after().items():
            pages.line(f"{name}: {_flat(found)}")
    pages.close()
    return count


def _flat(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return " ".join(map(str, cell))
    return str(cell)
