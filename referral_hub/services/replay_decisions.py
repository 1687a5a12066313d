"""Make every decision of the log again, from what its entry committed to, and compare.

For an operator over the whole log, for an agency over the decisions about its own people: their
facts are sealed under keys that are nobody else's. It streams, holds no decision longer than its
turn, and shows codes only. An erased person's decisions cannot be made again; that their entries
still stand unaltered under the newest checkpoint is proved instead. Whether the entries are those
that were signed is the question of `hub verify-log`, which is asked beside this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from consent.evidence.entry import COMMITMENT_LABEL, Entry, EntryError, decode, opens
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import leaf_hash, verify_inclusion
from consent.evidence.tiles import Tiles
from consent.inputs import read_inputs
from consent.model import ConsentError
from referral_hub.audit.commitments import Opener
from referral_hub.audit.decisions import DECIDED, Policies, Verdict, recompute
from referral_hub.errors import CryptoError
from referral_hub.services.hub import Hub
from referral_hub.services.open_commitments import opener
from referral_hub.services.policies import known_policies
from referral_hub.store.log_check import CommittedRow, Snapshot, snapshot

GOOD = frozenset({Verdict.MATCHES, Verdict.ERASED, Verdict.OTHER_RULES})
MOST_SHOWN = 50
INPUTS = "inputs"


@dataclass(frozen=True, slots=True)
class Found:
    """One decision that was not made again as the log has it. `message` holds codes only."""

    index: int
    verdict: Verdict
    message: str


@dataclass(slots=True)
class Replayed:
    """How many decisions came to what, and the first that did not match."""

    counts: Counter[Verdict] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    left: bool = False

    @property
    def ok(self) -> bool:
        """Whether every decision that can be made again is as the log has it."""
        return not any(self.counts[verdict] for verdict in self.bad())

    def bad(self) -> frozenset[Verdict]:
        """The verdicts that should not be."""
        return frozenset(Verdict) - GOOD

    def add(self, index: int, verdict: Verdict, message: str) -> None:
        """Count a decision, and keep it if it needs to be told."""
        self.counts[verdict] += 1
        told = {Verdict.MATCHES, Verdict.ERASED}
        if verdict not in told and len(self.found) < MOST_SHOWN:
            self.found.append(Found(index, verdict, message))


def replay_decisions(
    hub: Hub, *, agency_id: UUID | None = None, newest: int | None = None
) -> Replayed:
    """Make the numbered decisions again: all, or those about the people of `agency_id`.

    With `newest`, only so many entries, from the end; `left` says that there are more. Raises
    ServiceUnavailable.
    """
    again = _Again(opener(hub.keys), known_policies(hub))
    outcome = Replayed()
    types = tuple(kind.value for kind in DECIDED)
    with snapshot(hub.database, lambda: None) as (taken, _):
        since, outcome.left = (
            taken.newest_decided(types, agency_id, newest) if newest else (0, False)
        )
        for row in taken.decided(types, agency_id, since=since):
            for verdict, message in again.check(taken, row):
                outcome.add(row.seq or 0, verdict, message)
    return outcome


def replay_entry(hub: Hub, row: CommittedRow) -> Verdict | None:
    """Return what comes of making one decision again; None for an entry that the rules did not
    make.
    """
    return _Again(opener(hub.keys), known_policies(hub)).one(row)


@dataclass(frozen=True, slots=True)
class _Again:
    opening: Opener
    policies: Policies

    def check(self, taken: Snapshot, row: CommittedRow) -> Iterator[tuple[Verdict, str]]:
        """Yield what came of one entry; nothing for one that is not a decision of the rules."""
        try:
            entry = decode(row.entry)
        except EntryError:
            yield Verdict.UNREADABLE, "its entry cannot be read"
            return
        if entry.policy_hash is None:
            return
        if INPUTS not in entry.commitments:
            yield Verdict.UNRECORDED, "its entry commits to nothing that it was made from"
        elif _gone(row):
            yield _erased(taken, row)
        else:
            yield self._decided(entry, row, entry.policy_hash)

    def one(self, row: CommittedRow) -> Verdict | None:
        """The same for one entry, without a proof of its place."""
        try:
            entry = decode(row.entry)
        except EntryError:
            return Verdict.UNREADABLE
        if entry.policy_hash is None:
            return None
        if INPUTS not in entry.commitments:
            return Verdict.UNRECORDED
        return Verdict.ERASED if _gone(row) else self._decided(entry, row, entry.policy_hash)[0]

    def _decided(self, entry: Entry, row: CommittedRow, policy_hash: str) -> tuple[Verdict, str]:
        known = self.policies(policy_hash)
        if known is None:
            return Verdict.UNKNOWN_POLICY, f"nobody kept the policy {policy_hash}"
        try:
            opened = self.opening(row)
            _require_committed(entry, opened)
            inputs = read_inputs(opened[INPUTS][1])
        except (CryptoError, KeyError):
            return Verdict.UNREADABLE, "what it was made from cannot be opened"
        except (ConsentError, EvidenceError) as error:
            return Verdict.UNREADABLE, str(error)
        if opened["subject"][1].decode() != inputs.request.subject_id:
            return Verdict.DIFFERS, "it was made from a request about another person"
        return recompute(entry, inputs, known)


def _gone(row: CommittedRow) -> bool:
    return row.sealed == b"" or (row.erased and not row.wrapped_key)


def _require_committed(entry: Entry, opened: Mapping[str, tuple[bytes, bytes]]) -> None:
    for name in (INPUTS, "subject"):
        salt, value = opened[name]
        if not opens(entry.commitments[name], COMMITMENT_LABEL, field=name, salt=salt, value=value):
            raise EvidenceError("what is sealed beside it is not what its entry committed to")


def _erased(taken: Snapshot, row: CommittedRow) -> tuple[Verdict, str]:
    """An erased person's entry still verifies: it leads to the root of the newest checkpoint."""
    newest = taken.newest
    try:
        if newest is None or row.seq is None or row.seq >= newest.size:
            raise EvidenceError("no checkpoint covers it")
        verify_inclusion(
            row.seq,
            newest.size,
            leaf=leaf_hash(row.entry),
            proof=Tiles(taken.read_tile).inclusion_proof(row.seq, newest.size),
            root=newest.root,
        )
    except EvidenceError:
        return Verdict.UNREADABLE, "the person was erased, and the entry is not the one signed for"
    return Verdict.ERASED, ""
