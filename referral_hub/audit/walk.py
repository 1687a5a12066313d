"""One pass over the stored log: each entry, each tile and each checkpoint, in the order of the log.

It answers yes or no, as fast as hashing allows and in bounded memory. Where a signed root is not
reached it does not say which entry is to blame: `audit.verify` then asks
`consent.evidence.replay`, which reads once more and proves the place. Tiles are compared with the
entries at every level, because the proofs that officers are given are made from all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any, NamedTuple

from consent.evidence.bundle import BundleError
from consent.evidence.checkpoint import Checkpoint
from consent.evidence.entry import EntryError
from consent.evidence.merkle import HASH_BYTES, bag_peaks, grow, leaf_hash
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH
from referral_hub.audit.findings import MOST_OF_A_KIND, Findings, Kind
from referral_hub.audit.shape import Indexed, disagreement
from referral_hub.store.log import StoredCheckpoint
from referral_hub.store.log_check import Snapshot

AT_ONCE = 1024


class Stop(NamedTuple):
    """A root that must be reached at a size; `note` is empty where it was not read from the log."""

    size: int
    root: bytes
    note: bytes


@dataclass(frozen=True, slots=True)
class Walked:
    """How many entries were read in order, the newest believable checkpoint, and what failed.

    `missed` is the first signed root that the entries do not reach, `reached` the last one before
    it that they do; `broken` says that the numbers have a gap or a repeat, so that roots after it
    were not looked at.
    """

    entries: int
    newest: Stop | None
    reached: Stop | None
    missed: Stop | None
    broken: bool


def walk(
    snapshot: Snapshot, pins: Pins, *, trusted: Sequence[Checkpoint], found: Findings
) -> Walked:
    """Check everything that one pass can see; `trusted` are heads known from elsewhere."""
    elsewhere = sorted(Stop(head.size, head.root, b"") for head in trusted)
    stored = _believable(snapshot.checkpoints(), pins, found)
    stops = merge(stored, elsewhere, key=lambda stop: stop.size)
    return _Walk(snapshot, stops, found).run()


def check_pending(snapshot: Snapshot, found: Findings) -> int:
    """Check the entries without a number and return how many there are."""
    count = 0
    for row in snapshot.pending():
        _check_row(None, row, found)
        if row[0] is not None:
            found.add(None, Kind.OUT_OF_ORDER, "an entry has a number below 0")
        count += 1
    return count


class _Walk:
    def __init__(self, snapshot: Snapshot, stops: Iterator[Stop], found: Findings) -> None:
        self._snapshot = snapshot
        self._stops = stops
        self._found = found
        self._tree = _Tree(snapshot, found)
        self._stop = next(stops, None)
        self._newest: Stop | None = None
        self._reached: Stop | None = None
        self._missed: Stop | None = None

    def run(self) -> Walked:
        waiting: list[bytes] = []
        due, broken = 0, False
        self._reach(waiting)
        for row in self._snapshot.numbered():
            seq = row[0]
            waiting_hash = _check_row(seq, row, self._found)
            if not broken and seq == due:
                due += 1
                waiting.append(waiting_hash)
                if len(waiting) == AT_ONCE or (self._stop is not None and self._stop.size == due):
                    self._reach(waiting)
            elif not broken:
                broken = True
                self._misnumbered(seq, due)
        self._reach(waiting)
        self._finish(due, broken)
        return Walked(due, self._newest, self._reached, self._missed, broken)

    def _reach(self, waiting: list[bytes]) -> None:
        """Put the waiting leaves into the tree, and compare its root at every stop of its size."""
        self._tree.add(waiting)
        waiting.clear()
        while self._stop is not None and self._stop.size <= self._tree.size:
            self._pass(self._stop, self._tree.root() == self._stop.root)
            self._stop = next(self._stops, None)

    def _pass(self, stop: Stop, reached: bool) -> None:
        if stop.note:
            self._newest = stop
        if self._missed is None:
            if reached:
                self._reached = stop
            else:
                self._missed = stop

    def _finish(self, due: int, broken: bool) -> None:
        while self._stop is not None:
            self._pass(self._stop, reached=False)
            self._stop = next(self._stops, None)
        covered = self._newest.size if self._newest else 0
        if due > covered:
            self._found.add(covered, Kind.UNSIGNED, "numbered, but no signed checkpoint covers it")
        if not broken and self._missed is None:
            self._tree.finish()

    def _misnumbered(self, seq: int, due: int) -> None:
        if seq < due:
            self._found.add(seq, Kind.OUT_OF_ORDER, "the number comes twice")
        else:
            self._found.add(due, Kind.MISSING, "there is no entry with this number")


class _Tree:
    """The tree as the entries make it, compared with the stored tiles as it grows."""

    def __init__(self, snapshot: Snapshot, found: Findings) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._snapshot = snapshot
        self._found = found
        self._rows: list[bytes] = []
        self._done: list[int] = []
        self._differing: list[tuple[int, str]] = []

    def root(self) -> bytes:
        """The root over the leaves so far."""
        return bag_peaks(self._peaks)

    def add(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes, and compare every tile that became full."""
        if not leaves:
            return
        self._peaks, complete = grow(self._peaks, self.size, b"".join(leaves))
        self.size += len(leaves)
        for level, row in enumerate(complete[::TILE_HEIGHT]):
            if level == len(self._rows):
                self._rows.append(b"")
                self._done.append(0)
            self._rows[level] += row
            while len(self._rows[level]) >= TILE_BYTES:
                self._compare(level, self._rows[level][:TILE_BYTES])
                self._rows[level] = self._rows[level][TILE_BYTES:]

    def finish(self) -> None:
        """Compare the right edge too, and report: the entries are good, so the tiles are not."""
        for level, row in enumerate(self._rows):
            if row:
                self._compare(level, row)
        for first_leaf, message in self._differing:
            self._found.add(first_leaf, Kind.TILES, message)
        if self._snapshot.count_tiles() != sum(self._done):
            self._found.add(self.size, Kind.TILES, "tiles are stored that the tree does not have")

    def _compare(self, level: int, row: bytes) -> None:
        index = self._done[level]
        self._done[level] += 1
        stored = self._snapshot.read_tile(level, index)
        if stored != row and len(self._differing) < MOST_OF_A_KIND:
            at = index * TILE_WIDTH + _first_difference(stored, row)
            first_leaf = min(at << TILE_HEIGHT * level, self.size - 1)
            self._differing.append((first_leaf, f"tile {level}/{index} is not the entries' own"))


def _first_difference(stored: bytes, row: bytes) -> int:
    pieces = range(0, max(len(row), len(stored)), HASH_BYTES)
    return next(
        place
        for place, at in enumerate(pieces)
        if stored[at : at + HASH_BYTES] != row[at : at + HASH_BYTES]
    )


def _believable(
    checkpoints: Iterable[StoredCheckpoint], pins: Pins, found: Findings
) -> Iterator[Stop]:
    """Yield the checkpoints that the log did sign, smallest first; report the others."""
    for stored in checkpoints:
        try:
            head, _ = verify_checkpoint(stored.note, pins)
        except BundleError as error:
            found.add(stored.size, Kind.CHECKPOINT, str(error))
            continue
        if (head.size, head.root) != (stored.size, stored.root):
            message = "the columns are not what the signed note says"
            found.add(min(head.size, stored.size), Kind.CHECKPOINT, message)
        else:
            yield Stop(stored.size, stored.root, stored.note)


def _check_row(index: int | None, row: Sequence[Any], found: Findings) -> bytes:
    """Check one row alone, and return the hash of its bytes."""
    entry: bytes = row[1]
    hashed = leaf_hash(entry)
    if hashed != row[2]:
        found.add(index, Kind.LEAF_HASH, "the stored hash is not the hash of the entry")
    try:
        differing = disagreement(entry, Indexed(*row[3:]))
    except EntryError as error:
        found.add(index, Kind.NOT_AN_ENTRY, f"not an entry of the log: {error}")
    else:
        if differing:
            found.add(index, Kind.COLUMNS, f"the index columns differ from the entry: {differing}")
    return hashed
