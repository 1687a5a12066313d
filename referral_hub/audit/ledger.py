"""The consent ledger beside the log: every row is what its entry recorded, and none is gone.

Decisions are made over `consent_event`, so somebody who turns `refused` into `given` there would
change what may be shared although the log stays whole. An entry says in clear what it may (state,
purpose, classes, recipients, notice, method, who spoke); the whole row is committed to: its digest
stands among the entry's `facts`, under a salt that goes with the person's key. Entries written
before that carry neither digest nor marker: their rows are compared with what the entry says in
clear. The limits: an erased person's digests cannot be opened, and without the keys only what is in
clear is compared.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from consent.evidence.canonical import CanonicalError, canonical
from consent.evidence.entry import Entry, EntryError, EntryType, decode
from referral_hub.audit.commitments import Opener
from referral_hub.audit.findings import Findings, Kind
from referral_hub.errors import CryptoError
from referral_hub.store.log_check import CommittedRow, LedgerRow, Snapshot

MARK = "ledger"
VERSION = "v1"
_DIGEST = "record:"
_TEXTS = (
    *("id", "origin_agency_id", "subject_id", "referral_id", "state", "event_type", "purpose"),
    *("confidentiality", "notice_id", "notice_version", "notice_language", "notice_hash"),
    *("method", "given_by", "proxy_id", "taken_by", "supersedes"),
)
_SETS = ("classes", "recipients")
_INSTANTS = ("valid_from", "valid_until", "recorded_at")


def record_fact(row: Mapping[str, Any]) -> str:
    """Return what an entry commits to about a row of `consent_event`: `record:` and 64 hex digits.

    The row may hold Python values or PostgreSQL's JSON of them. Raises CanonicalError.
    """
    record: dict[str, Any] = {name: _text(row[name]) for name in _TEXTS}
    record |= {name: sorted(map(str, row[name])) for name in _SETS}
    record |= {name: _instant(row[name]) for name in _INSTANTS}
    record |= {"service_agreement": row["service_agreement"], "evidence": dict(row["evidence"])}
    return _DIGEST + hashlib.sha256(canonical([VERSION, record])).hexdigest()


def check_ledger(snapshot: Snapshot, opener: Opener | None, found: Findings) -> int:
    """Report every row that is not what its entry recorded, and every row that is gone.

    With `opener`, digests are opened and compared too. Returns how many rows were looked at.
    """
    count = 0
    for row in snapshot.ledger():
        fault = _fault(row, opener)
        if fault is not None:
            who = f"consent record {row.id}: " if row.id else ""
            found.add(row.committed.seq if row.committed else None, Kind.LEDGER, who + fault)
        count += row.id is not None
    return count


def _fault(row: LedgerRow, opener: Opener | None) -> str | None:
    if row.committed is None:
        return "it has no log entry of an agreement or withdrawal"
    try:
        entry = decode(row.committed.entry)
    except EntryError:
        return "its log entry cannot be read"
    if row.record is None:
        return "the consent record of this entry is gone" if MARK in entry.details else None
    differing = _differing(entry, row.committed, row.record)
    if differing:
        return f"it is not what its entry recorded: {', '.join(differing)}"
    if opener is None or MARK not in entry.details or row.committed.erased:
        return None
    return _digest_fault(row.committed, row.record, opener)


def _differing(entry: Entry, row: CommittedRow, record: Mapping[str, Any]) -> list[str]:
    """The names of what differs among what the entry and its index columns say in clear."""
    said: dict[str, object] = {
        "state": entry.outcome,
        "purpose": entry.purpose,
        "classes": sorted(entry.classes),
        "origin_agency_id": entry.agencies.sender,
        "recorded_at": entry.at,
        "subject_id": row.subject,
        "referral_id": row.referral,
        "taken_by": row.actor_user,
    }
    kept = {name: record[name] for name in said}
    kept |= {"classes": sorted(record["classes"]), "recorded_at": _moment(record["recorded_at"])}
    details = entry.details
    for name in ("method", "given_by"):
        said[name], kept[name] = details.get(name, record[name]), record[name]
    if "notice" in details:
        notice = "/".join(record[f"notice_{part}"] for part in ("id", "version", "language"))
        said["notice"], kept["notice"] = details["notice"], notice
    recipients = details.get("recipients", ())
    said["recipients"], kept["recipients"] = sorted(recipients), sorted(record["recipients"])  # type: ignore[arg-type]  # several codes
    differing = [name for name in said if said[name] != kept[name]]
    if (entry.type is EntryType.WITHDRAWAL) != (record["state"] == "withdrawn"):
        differing.append("type")
    return differing


def _digest_fault(row: CommittedRow, record: Mapping[str, Any], opener: Opener) -> str | None:
    try:
        _, facts = opener(row)["facts"]
    except (CryptoError, KeyError):
        return "what its entry committed to cannot be opened"
    try:
        if record_fact(record) in facts.decode("ascii", "replace").split("\n"):
            return None
    except (CanonicalError, ValueError, TypeError):
        pass
    return "it is not the record that its entry committed to"


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _instant(value: str | datetime | None) -> str | None:
    return None if value is None else _moment(value).isoformat(timespec="microseconds")


def _moment(value: str | datetime) -> datetime:
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read.astimezone(UTC)
