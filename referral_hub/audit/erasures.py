"""Erased people beside their entries: what was unsealed is what the erasure said, and no more.

An erasure empties what opens the entries about a person, and its own entry says how many and which
(a hash over their ids). So nobody can hide another entry by calling it an erased person's, and a
person whose key came back with a restored backup is reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from consent.evidence.entry import EntryError, decode
from referral_hub.audit.findings import Findings, Kind
from referral_hub.store.log_check import ErasedRow, Snapshot


def unsealed_details(entry_ids: Iterable[UUID]) -> dict[str, str | int]:
    """Return what an erasure's entry says about the entries that it makes unopenable."""
    ids = sorted(entry_ids, key=lambda entry_id: entry_id.bytes)
    digest = sha256(b"".join(entry_id.bytes for entry_id in ids)).hexdigest()
    return {"unsealed": len(ids), "unsealed_hash": digest}


def check_erasures(snapshot: Snapshot, found: Findings) -> int:
    """Report every erasure that is not as its entry says; return how many were looked at."""
    count = 0
    for row in snapshot.erasures():
        fault = _fault(row)
        if fault is not None:
            found.add(row.seq, Kind.ERASURE, f"person {row.subject}: {fault}")
        count += row.entry is not None
    return count


def _fault(row: ErasedRow) -> str | None:
    if row.entry is None:
        return "marked as erased, or their entries unsealed, without an entry of an erasure"
    if not row.erased:
        return "erased, and back since: run hub erasures apply"
    try:
        details = decode(row.entry).details
    except EntryError:
        return "the erasure's entry cannot be read"
    if (details.get("unsealed"), details.get("unsealed_hash")) != (row.unsealed, row.digest):
        return "other entries are unsealed than the erasure said"
    return None
