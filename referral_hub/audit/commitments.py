"""Whether the index columns that no entry shows in clear are what the entry committed to.

An officer searches by user and by referral, so somebody who changes those columns hides an entry
from every search although the tree stays whole. The entry holds salted commitments to them; with
the sealed salts, which only the key service opens, the columns can be compared. A person's entries
stop being comparable when that person is erased, and only then: the salts go with the key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from consent.evidence.entry import COMMITMENT_LABEL, EntryError, opens
from referral_hub.audit.findings import Findings, Kind
from referral_hub.audit.shape import commitments as commitments_in
from referral_hub.errors import CryptoError
from referral_hub.store.log_check import CommittedRow, Snapshot

Openings = Mapping[str, tuple[bytes, bytes]]
Opener = Callable[[CommittedRow], Openings]


def check_commitments(snapshot: Snapshot, opener: Opener, found: Findings) -> int:
    """Report entries whose hidden columns differ; return how many commitments were opened.

    `opener` returns field → (salt, value) or raises CryptoError.
    """
    opened = 0
    for row in snapshot.committed():
        try:
            commitments = commitments_in(row.entry)
        except EntryError:
            continue
        if not commitments or _erased(row):
            continue
        fault = _fault(row, commitments, opener)
        if fault is None:
            opened += len(commitments)
        else:
            found.add(row.seq, Kind.COMMITMENT, fault)
    return opened


def _erased(row: CommittedRow) -> bool:
    """Whether an erasure took away what opens it; `audit.erasures` asks whether it should have."""
    return row.sealed == b"" or (row.erased and row.sealed_for is not None and not row.wrapped_key)


def _fault(row: CommittedRow, commitments: Mapping[str, str], opener: Opener) -> str | None:
    if row.sealed is None:
        return "what opens its commitments is gone"
    try:
        openings = opener(row)
    except CryptoError:
        return "what opens its commitments was altered, or belongs to somebody else"
    if openings.keys() != commitments.keys() or not all(
        opens(commitments[name], COMMITMENT_LABEL, field=name, salt=salt, value=value)
        for name, (salt, value) in openings.items()
    ):
        return "its openings are not what the entry committed to"
    columns = {"actor": row.actor_user, "subject": row.subject, "record": row.referral}
    differing = [
        name
        for name, value in columns.items()
        if name in openings and openings[name][1] != (value or "").encode()
    ]
    if differing:
        return f"the index columns differ from what was committed to: {', '.join(differing)}"
    return None
