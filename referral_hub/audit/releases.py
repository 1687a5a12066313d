"""No key is wrapped for a recipient without an integrated entry: each disclosure beside its own.

A log cannot show what was never written to it. This is the one omission that the hub can check
alone: the `release` table says what was handed out, and every row must lead to a `release` entry
that names the same parties and covers the same fields. The other direction is no fault: an entry
without a row is a disclosure that was logged and then did not happen.
"""

from __future__ import annotations

from consent.evidence.entry import Entry, EntryError, EntryType, decode
from referral_hub.audit.findings import Findings, Kind
from referral_hub.store.log_check import ReleaseRow, Snapshot


def check_releases(snapshot: Snapshot, found: Findings) -> int:
    """Report every disclosure that its entry does not cover; return how many were looked at."""
    count = 0
    for row in snapshot.releases():
        fault = _fault(row)
        if fault is not None:
            found.add(row.seq, Kind.RELEASE, f"disclosure {row.id}: {fault}")
        count += 1
    return count


def _fault(row: ReleaseRow) -> str | None:
    if row.entry is None:
        return "it has no log entry"
    if row.seq is None:
        return "its log entry is not in the log yet"
    try:
        entry = decode(row.entry)
    except EntryError:
        return "its log entry cannot be read"
    if entry.type is not EntryType.RELEASE or entry.outcome != "permit":
        return "its log entry is not that of a permitted release"
    if (row.sender, row.told, row.about) != (row.origin, row.recipient, row.referral):
        return "its log entry is about other agencies or another referral"
    return _uncovered(row, entry)


def _uncovered(row: ReleaseRow, entry: Entry) -> str | None:
    if not {catalogue_id(name) for name in row.field_ids} <= set(entry.fields):
        return "it handed out fields that its log entry does not name"
    said = {"task": row.task_id, "stage": row.stage, "effect": row.effect_id}
    if any(entry.details.get(name, value) != value for name, value in said.items()):
        return "its log entry is about another task, stage or delivery"
    return None


def catalogue_id(stored: str) -> str:
    """The "class.field" of a sealed field's name, which may carry the slot: `need.needs.0`."""
    return ".".join(stored.split(".")[:2])
