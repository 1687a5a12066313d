"""The tasks' history beside the log: every line has its entry, and no line of it is gone.

A life-cycle entry says which task moved and how; exactly one line of `task_event` belongs to it. A
line that says something was delivered belongs to a disclosure, so a deleted `release` row shows by
the line, and a deleted line by the disclosure. The limit: a task's first line stands under its
decision, which names no task; where that line *and* the task are gone, nothing says so, and where a
disclosure loses its row, its line and its task's mark together, only the recipient's receipt does.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent.evidence.entry import Detail, Entry, EntryError, EntryType, decode
from referral_hub.audit.findings import Findings, Kind
from referral_hub.store.log_check import HistoryRow, Snapshot

_DELIVERED = {"deliver", "deliver_accepted", "deliver_corrected"}
_PLACED = {"place": "permit", "hold": None}


def check_histories(snapshot: Snapshot, found: Findings) -> int:
    """Report lines that are not what their entries say, and missing ones; return the count."""
    count = 0
    for row in snapshot.histories():
        fault = _fault(row)
        if fault is not None:
            who = f"history line {row.id}: " if row.id else ""
            found.add(row.seq, Kind.HISTORY, who + fault)
        count += row.id is not None
    for loose in snapshot.loose_tasks():
        found.add(loose.seq, Kind.HISTORY, f"task {loose.task_id}: {_LOOSE[loose.fault]}")
    return count


_LOOSE = {
    "no_release": "it was delivered, and no disclosure is recorded",
    "no_line": "it was disclosed, and its history has no line of a delivery",
    "no_start": "its history has no first line",
}


def _fault(row: HistoryRow) -> str | None:
    if row.entry is None:
        return "it has no log entry"
    if row.id is None:
        return "the line of this entry is gone from the task's history"
    if row.event in _DELIVERED and not row.released:
        return "the disclosure of this delivery is gone"
    if (row.sender, row.told, row.about) != (row.origin, row.recipient, row.referral):
        return "its log entry is about other agencies or another referral"
    try:
        entry = decode(row.entry)
    except EntryError:
        return "its log entry cannot be read"
    return _told(_differing(row, entry) if entry.type is EntryType.TASK else _beside(row, entry))


def _differing(row: HistoryRow, entry: Entry) -> list[str]:
    details = entry.details
    said = {
        "event": details.get("event"),
        "task": details.get("task"),
        "state": entry.outcome,
        "reason": details.get("reason", details.get("result")),
    }
    kept = {"event": row.event, "task": row.task_id, "state": row.state, "reason": row.reason}
    return [name for name in said if said[name] != kept[name]]


def _beside(row: HistoryRow, entry: Entry) -> list[str]:
    """A placement or a delivery: what its decision or release says of it."""
    details: Mapping[str, Detail] = entry.details
    differing = []
    if details.get("task", row.task_id) != row.task_id:
        differing.append("task")
    if row.event in _PLACED and (row.event == "place") != (entry.outcome == "permit"):
        differing.append("event")
    if row.event in _DELIVERED and entry.type is not EntryType.RELEASE:
        differing.append("event")
    if row.event not in {*_PLACED, *_DELIVERED, "withhold"}:
        differing.append("event")
    return differing


def _told(differing: list[str]) -> str | None:
    if not differing:
        return None
    return f"it is not what its entry recorded: {', '.join(differing)}"
