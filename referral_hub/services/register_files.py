"""A register as a file: CSV (formula-safe), JSON or PDF. Taking one is logged."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import Register
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append, report_event
from referral_hub.services.notice_register import words_of
from referral_hub.services.pdf_pages import PdfPages
from referral_hub.services.registers import Item, read_register
from referral_hub.services.table_forms import TableForm, safe

_COURSE = (
    "review_on",
    "document",
    "supersedes",
    "proposer",
    "proposed_at",
    "decider",
    "decided_at",
    "decision",
    "ended_at",
    "superseded_at",
)
COLUMNS = {
    Register.AGREEMENTS: (
        *("id", "state", "sender_name", "recipient_name", "purposes", "classes"),
        *("article6", "article9", "evidence", "valid_from", "valid_until"),
        *_COURSE,
    ),
    Register.NOTICES: (
        *("id", "state", "notice_id", "notice_version", "notice_language", "notice_hash"),
        *("words", "valid_from", "valid_until"),
        *_COURSE,
    ),
    Register.ACTIVITIES: (
        *("id", "state", "name", "role", "purposes", "lawful_basis", "people", "information"),
        *("recipients", "transfers", "retention", "security", "review_on", "document"),
        *("supersedes", "proposer", "recorded_at", "ended_at", "superseded_at"),
    ),
}
_TITLES = {
    Register.AGREEMENTS: "Register of sharing agreements",
    Register.NOTICES: "Register of notices",
    Register.ACTIVITIES: "Register of processing activities",
}


def register_file(
    hub: Hub, actor: Actor, register: Register, file: BinaryIO, *, form: TableForm
) -> None:
    """Write a register of the actor's agency into `file`. Raises Forbidden."""
    rows = list(_rows(read_register(hub, actor, register), COLUMNS[register]))
    details = {"register": register.value, "size": len(rows)}
    append(hub, actor, report_event(actor, Report.REGISTER, outcome="run", details=details))
    match form:
        case TableForm.CSV:
            _csv(file, rows, COLUMNS[register])
        case TableForm.JSON:
            file.write(json.dumps({register.value: rows}, indent=1).encode())
        case TableForm.PDF:
            _pdf(file, rows, _TITLES[register])


def _rows(items: list[Item], columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        row = {**item.row, "state": item.state.value}
        if item.register is Register.NOTICES:
            words = words_of(item.row)
            row["words"] = words.text if words else None
        yield {name: _told(row[name]) for name in columns}


def _told(value: Any) -> Any:
    if value is None or isinstance(value, str | int | list | dict):
        return value
    return str(value) if not hasattr(value, "isoformat") else value.isoformat()


def _csv(file: BinaryIO, rows: list[Mapping[str, Any]], columns: tuple[str, ...]) -> None:
    file.write(codecs.BOM_UTF8)
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    table = csv.writer(text)
    table.writerow(columns)
    for row in rows:
        table.writerow([safe(_flat(row[name])) for name in columns])
    text.detach()


def _pdf(file: BinaryIO, rows: list[Mapping[str, Any]], title: str) -> None:
    pages = PdfPages(file, title)
    pages.line(title)
    for row in rows:
        pages.line("")
        for name, value in row.items():
            for place, line in enumerate(str(_flat(value) or "").splitlines()):
                pages.line(
                    f"{name}: {line}" if place == 0 else line, indent=0 if name == "id" else 2
                )
    pages.close()


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return " ".join(f"{name}={one}" for name, one in sorted(value.items()))
    return value
