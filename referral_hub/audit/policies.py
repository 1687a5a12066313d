"""Approvals of policies: two people each, and the second approved what the first proposed.

The service asks for it; whoever writes to the database behind the hub does not. An approval names
its proposal by the entry's id, so both can be read again here.
"""

from __future__ import annotations

from consent.evidence.entry import EntryError, decode
from referral_hub.audit.findings import Findings, Kind
from referral_hub.store.log_check import ApprovalRow, Snapshot


def check_policies(snapshot: Snapshot, found: Findings) -> int:
    """Report every approval that two people did not give; return how many were looked at."""
    count = 0
    for row in snapshot.approvals():
        fault = _fault(row)
        if fault is not None:
            found.add(row.seq, Kind.POLICY, fault)
        count += 1
    return count


def _fault(row: ApprovalRow) -> str | None:
    if row.proposal is None:
        return "a policy was approved that nobody had proposed"
    if row.actor is None or row.actor == row.proposer:
        return "a policy was approved by whoever proposed it"
    try:
        approved, proposed = decode(row.entry), decode(row.proposal)
    except EntryError:
        return "the entries about a policy cannot be read"
    if approved.policy_hash is None or approved.policy_hash != proposed.policy_hash:
        return "another policy was approved than was proposed"
    return None
