"""Check the whole stored log, without believing anything that is stored beside it.

What is believed comes from outside the database: the log's public key, what the signer remembers
(`audit.memory`), and the officer's own last checkpoint where one is given. Everything else must
follow from the entries' exact bytes. The limits: an entry is protected from when it is numbered; an
older checkpoint that is deleted is not missed, since every newer one covers what it covered; and
what was never logged shows only where a key was wrapped (`audit.releases`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from consent.evidence.checkpoint import Checkpoint, Verifier
from consent.evidence.merkle import EMPTY_ROOT
from consent.evidence.pins import Pins
from consent.evidence.replay import verify_entries
from consent.evidence.tiles import Tiles
from referral_hub.audit.commitments import Opener, check_commitments
from referral_hub.audit.erasures import check_erasures
from referral_hub.audit.findings import Findings, Kind, Problem
from referral_hub.audit.histories import check_histories
from referral_hub.audit.ledger import check_ledger
from referral_hub.audit.memory import Mark, SignerMemory
from referral_hub.audit.policies import check_policies
from referral_hub.audit.releases import check_releases
from referral_hub.audit.walk import Walked, check_pending, walk
from referral_hub.store.engine import Database
from referral_hub.store.log import StoredCheckpoint
from referral_hub.store.log_check import Snapshot, snapshot

__all__ = ["Kind", "Problem", "Verification", "verify_log"]


_DOUBT = (
    "since {since} a witness remembers another past of this log:"
    " the database was restored, or the log's key has signed twice"
)


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome. `size` and `root` are of the newest believable checkpoint, `note` is its text.

    `entries` were read in order; `pending` wait for a number; `releases`, consent `records` and
    `history` lines were held against their entries; `opened` commitments against the index columns
    (None: not asked for). `compared` says
    whether the signer's memory was there to compare with. `problems` come in the log's order and
    may be fewer than `total`.
    """

    size: int
    root: bytes
    note: bytes
    entries: int
    pending: int
    releases: int
    records: int
    history: int
    opened: int | None
    compared: bool
    problems: tuple[Problem, ...]
    total: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.total == 0

    @property
    def first_bad(self) -> int | None:
        """The index of the first bad entry; None when no problem has a place in the log."""
        return next((found.index for found in self.problems if found.index is not None), None)


def verify_log(
    database: Database,
    *,
    vkey: str | Sequence[str],
    memory: SignerMemory,
    previous_checkpoint: bytes | None = None,
    opener: Opener | None = None,
) -> Verification:
    """Check the log in `database` by the log's public key `vkey`; streaming, in bounded memory.

    Several keys where one has rolled over: each checkpoint must be signed by one of them.

    `previous_checkpoint` is the officer's own (a signed note); CheckpointError if this log did not
    sign it or `vkey` is no key. With `opener`, the index columns that entries only commit to are
    checked too. Raises ServiceUnavailable.
    """
    # 1. What is believed, from outside the database.
    vkeys = [vkey] if isinstance(vkey, str) else vkey
    pins = Pins([Verifier.from_vkey(one) for one in vkeys], previous_checkpoint)
    seen = pins.last_seen()
    found = Findings()
    # 2. One instant of the log, together with what the signer remembers of it.
    with snapshot(database, memory.expected) as (taken, expected):
        trusted = [seen] if seen is not None and seen.size else []
        trusted += _remembered(taken.newest, expected, origin=pins.origin, found=found)
        # 3. Every entry, checkpoint and tile, in order; where a root is missed, the place of it.
        walked = walk(taken, pins, trusted=trusted, found=found)
        if walked.missed is not None or walked.broken:
            _locate(taken, walked, trusted, origin=pins.origin, found=found)
        # 4. What waits for its number, what was handed out, and what the entries commit to.
        pending = check_pending(taken, found)
        releases = check_releases(taken, found)
        records = check_ledger(taken, opener, found)
        history = check_histories(taken, found)
        check_erasures(taken, found)
        check_policies(taken, found)
        for since in taken.doubts():
            found.add(None, Kind.WITNESS, _DOUBT.format(since=since.isoformat(timespec="seconds")))
        opened = None if opener is None else check_commitments(taken, opener, found)
    newest = walked.newest
    return Verification(
        size=newest.size if newest else 0,
        root=newest.root if newest else EMPTY_ROOT,
        note=newest.note if newest else b"",
        entries=walked.entries,
        pending=pending,
        releases=releases,
        records=records,
        history=history,
        opened=opened,
        compared=bool(expected),
        problems=found.in_order(),
        total=found.total,
    )


def _remembered(
    newest: StoredCheckpoint | None, expected: tuple[Mark, ...], *, origin: str, found: Findings
) -> list[Checkpoint]:
    """Compare the newest checkpoint with the signer's memory; return what else to look for."""
    standing = (newest.size, newest.root.hex()) if newest is not None else (0, "")
    if not expected or standing in expected:
        return []
    size, root = next(mark for mark in expected if mark[0])
    found.add(
        min(size, standing[0]),
        Kind.CHECKPOINT,
        f"the newest checkpoint covers {standing[0]} entries and is not the one that the signer"
        f" remembers, of {size}: the log was rolled back or replaced",
    )
    return [Checkpoint(origin, size, bytes.fromhex(root))]


def _locate(
    taken: Snapshot, walked: Walked, trusted: list[Checkpoint], *, origin: str, found: Findings
) -> None:
    """Read the log once more and prove where it leaves what was signed.

    A root that was reached vouches for what lies before it only beside one that is missed in the
    same log: whoever signs another log can sign its beginnings too.
    """
    stops = [stop for stop in (walked.newest, walked.missed) if stop is not None]
    if walked.reached is not None and walked.missed is not None and walked.missed.note:
        stops.append(walked.reached)
    heads = [Checkpoint(origin, stop.size, stop.root) for stop in stops]
    if heads or trusted:
        head, *earlier = [*heads, *trusted]
        entries = ((row[0], row[1]) for row in taken.numbered())
        tiles = Tiles(taken.read_tile)
        found.add_replay(verify_entries(entries, head, tiles=tiles, earlier=earlier))
