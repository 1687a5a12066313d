"""What an agency holds about a person, in plain words: a label and lines for each item.

The same words stand on the officer's page, in the print and beside the values for a program. A code
without words is shown as it is stored, never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from referral_hub.services.person_items import HeldItem
from referral_hub.web.labels import Labels
from referral_hub.web.opened import field_lines
from referral_hub.web.rendering import day, instant
from referral_hub.web.staged_lines import form_lines

Areas = Mapping[str, str]
FIELD, STATEMENT = "field.", "statement."
UNFINISHED = ("draft.", "staged.")
_CODES: Mapping[str, str] = {
    "referral.priority": "Priority",
    "referral.purpose": "Purpose",
    "task.state": "TaskState",
    "task.outcome": "ClosingOutcome",
    "task.history.event": "TaskEvent.history",
    "task.history.state": "TaskState",
    "agreement.state": "EventState",
    "agreement.purpose": "Purpose",
    "agreement.method": "Method",
    "agreement.given_by": "GivenBy",
    "agreement.classes": "DataClass.received",
    "agreement.confidentiality": "ConfidentialityBasis",
    "record.authority.classes": "DataClass.received",
    "record.authority.purposes": "Purpose",
    "note.ours.kind": "NoteKind",
    "note.theirs.kind": "NoteKind",
    "emergency.ours.kind": "EmergencyNote",
    "emergency.theirs.kind": "EmergencyNote",
    "emergency.ours.cause": "EmergencyCause",
    "emergency.theirs.cause": "EmergencyCause",
    "disclosure.stage": "Stage",
    "notification.kind": "NotificationKind",
    "notification.state": "NotificationState",
    "appraisal.outcome": "Appraisal",
    "appraisal.reason": "KeepReason",
    "hold.reason": "LegalHoldReason",
    "matter.kind": "MatterKind",
    "matter.state": "MatterState",
}


def item_label(item: HeldItem, labels: Labels) -> str:
    """Return what an item is."""
    if item.what.startswith(FIELD):
        name = labels.field(item.what.removeprefix(FIELD))
    elif item.what.startswith(STATEMENT):
        name = labels.words(item.what.removeprefix(STATEMENT), "StatementKind")
    elif item.what.startswith(UNFINISHED):
        kind, _, page = item.what.rpartition(".")
        name = f"{labels.words(kind, 'HeldItem')}: {labels.words(page, 'FormPart')}"
    else:
        name = labels.words(item.what, "HeldItem")
    return f"{name}, before it was corrected" if item.earlier else name


def item_lines(item: HeldItem, value: Any, labels: Labels, areas: Areas) -> list[str]:
    """Return what an item says, line by line; `value` may have had words taken out."""
    if item.what.startswith(FIELD):
        name = item.what.removeprefix(FIELD)
        catalogue = "need.needs" if name.startswith("need.needs") else name
        return list(field_lines(catalogue, value, labels, areas))
    if item.what.startswith(UNFINISHED):
        return list(form_lines(item.what.rpartition(".")[2], value, labels, areas))
    return list(_lines(item.what, value, labels))


def _lines(what: str, value: Any, labels: Labels) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if one is None or one == []:
                continue
            label = labels.words(name, "HeldPart")
            told = list(_lines(f"{what}.{name}", one, labels))
            if len(told) == 1:
                yield f"{label}: {told[0]}"
            else:
                yield f"{label}:"
                yield from (f"– {line.removeprefix('– ')}" for line in told)
    elif isinstance(value, list):
        if what.endswith(".fields"):
            yield from labels.fields(value)
            return
        for one in value:
            yield "; ".join(_lines(what, one, labels))
    elif isinstance(value, bool):
        yield "Yes" if value else "No"
    else:
        yield from _text(what, str(value), labels)


def _text(what: str, value: str, labels: Labels) -> Iterator[str]:
    if what in _CODES:
        yield labels.words(value, _CODES[what])
        return
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        yield from (line for line in value.split("\n") if line)
        return
    yield day(date.fromisoformat(value)) if len(value) == len("2026-01-31") else instant(at)
