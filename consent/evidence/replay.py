"""Check a whole log against signed checkpoints, and name the first entry that is wrong.

The entries alone show whether each signed root is reached; where they leave the right path is found
with the help of the stored tiles. Tiles are believed nowhere: a prefix counts as good only when a
consistency proof leads from its root to a *signed* root, and an entry is called the first bad one
only when everything before it is good and another leaf is proved to belong in its place. So whoever
rewrites entries and tiles together is still found; how closely depends on what they left intact
(`exact`). It streams, a tile's width at a time, and keeps one root per tile. The limit: the caller
has verified the signatures of the checkpoints that it passes.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from consent.evidence.checkpoint import Checkpoint
from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    bag_peaks,
    grow,
    verify_consistency,
    verify_inclusion,
)
from consent.evidence.tiles import TILE_WIDTH, Tiles

_NO_TILES = Tiles(lambda _level, _index: b"")


class Problem(StrEnum):
    """What is wrong with a log.

    ALTERED: an entry is not the one that was signed for, or was signed for later than another.
    MISSING: an entry is gone, in the middle or at the end. OUT_OF_ORDER: an index comes twice or
    too late. ROLLED_BACK: an earlier checkpoint covers more entries than the newest one. TILES:
    the entries are right and the stored tiles are not.
    """

    ALTERED = "altered"
    MISSING = "missing"
    OUT_OF_ORDER = "out-of-order"
    ROLLED_BACK = "rolled-back"
    TILES = "tiles"


@dataclass(frozen=True, slots=True)
class Replay:
    """The outcome: how many entries were hashed and, when one is wrong, the first bad index.

    Where `exact` is false, everything before `first_bad` is proved good and the damage lies
    somewhere from there on.
    """

    checked: int
    problem: Problem | None = None
    first_bad: int | None = None
    exact: bool = True

    @property
    def ok(self) -> bool:
        """Whether every entry under the checkpoint is there, in place and unaltered."""
        return self.problem is None


def verify_entries(
    entries: Iterable[tuple[int, bytes]],
    checkpoint: Checkpoint,
    *,
    tiles: Tiles | None = None,
    earlier: Sequence[Checkpoint] = (),
) -> Replay:
    """Compare (index, exact bytes), from index 0 on, with `checkpoint` and `earlier` ones.

    Entries beyond `checkpoint` are left unread. `tiles` serve to name the bad entry exactly and
    are themselves checked; `earlier` checkpoints show a log that was rolled back or signed anew.
    """
    known = sorted((*earlier, checkpoint), key=lambda head: head.size)
    walk = _Walk(_NO_TILES if tiles is None else tiles, [head.size for head in known])
    stopped = walk.read(entries, checkpoint.size)
    passed = [0]
    for head in known:
        if head.size > checkpoint.size:
            return Replay(walk.size, Problem.ROLLED_BACK, checkpoint.size)
        if walk.roots.get(head.size) != head.root:
            good = max(size for size in passed if size < head.size)
            return walk.locate(head, good, stopped or Problem.ALTERED)
        passed.append(head.size)
    if tiles is not None:
        return walk.check_tiles(checkpoint)
    return Replay(walk.size)


class _Walk:
    """One pass over the entries: the root at every tile's end and at every signed size."""

    def __init__(self, tiles: Tiles, stops: Sequence[int]) -> None:
        self.size = 0
        self.roots = {0: EMPTY_ROOT}
        self._tiles = tiles
        self._stops = stops
        self._peaks: list[bytes] = []
        self._suspect: int | None = None

    def read(self, entries: Iterable[tuple[int, bytes]], until: int) -> Problem | None:
        """Hash entries up to size `until`; return why it was not reached."""
        stream = iter(entries)
        while self.size < until:
            chunk = list(islice(stream, min(TILE_WIDTH, until - self.size)))
            indexes = [index for index, _ in chunk]
            due = range(self.size, self.size + len(chunk))
            stray = None
            if indexes != list(due):
                place = next(at for at, index in enumerate(indexes) if index != due[at])
                chunk, stray = chunk[:place], indexes[place]
            self._add(b"".join([sha256(b"\x00" + data).digest() for _, data in chunk]))
            if stray is not None and stray < self.size:
                return Problem.OUT_OF_ORDER
            if stray is not None or not chunk:
                return Problem.MISSING
        return None

    def _add(self, row: bytes) -> None:
        end = self.size + len(row) // HASH_BYTES
        within = range(self.size, end)
        stops = {stop for stop in self._stops if stop in within}
        if self._suspect is None:
            self._suspect = _first_difference(self._tiles, row, self.size)
            if self._suspect is not None:
                stops.add(self._suspect)
        for stop in stops:
            self.roots[stop] = bag_peaks(self._grown(row[: (stop - self.size) * HASH_BYTES]))
        self._peaks = self._grown(row)
        self.size = end
        self.roots[end] = bag_peaks(self._peaks)

    def _grown(self, row: bytes) -> list[bytes]:
        return grow(self._peaks, self.size, row)[0]

    def locate(self, head: Checkpoint, good: int, problem: Problem) -> Replay:
        """Name the first bad entry under a signed root that was not reached."""
        at = self._suspect
        if at is not None and self._leads(at, head) and self._had(at, head):
            return Replay(self.size, Problem.ALTERED, at)
        if self._leads(self.size, head):
            return Replay(self.size, problem, self.size)
        sizes = sorted(size for size in self.roots if good < size < head.size)
        low, high = 0, len(sizes)
        while low < high:
            middle = (low + high) // 2
            if self._leads(sizes[middle], head):
                good, low = sizes[middle], middle + 1
            else:
                high = middle
        return Replay(self.size, problem, good, exact=good + 1 == head.size)

    def _leads(self, size: int, head: Checkpoint) -> bool:
        """Whether the first `size` entries are proved to be those under a signed root."""
        if size == 0:
            return True
        try:
            verify_consistency(
                size,
                head.size,
                root1=self.roots[size],
                root2=head.root,
                proof=self._tiles.consistency_proof(size, head.size),
            )
        except EvidenceError:
            return False
        return True

    def _had(self, index: int, head: Checkpoint) -> bool:
        """Whether the leaf hash that the tiles keep at `index` is under a signed root."""
        try:
            verify_inclusion(
                index,
                head.size,
                leaf=self._tiles.leaves(index, 1),
                proof=self._tiles.inclusion_proof(index, head.size),
                root=head.root,
            )
        except EvidenceError:
            return False
        return True

    def check_tiles(self, head: Checkpoint) -> Replay:
        """Return the outcome for good entries: whether the stored tiles are theirs."""
        with suppress(EvidenceError):
            if self._suspect is None and self._tiles.root(head.size) == head.root:
                return Replay(self.size)
        return Replay(self.size, Problem.TILES, self._suspect or 0, exact=self._suspect is not None)


def _first_difference(tiles: Tiles, row: bytes, start: int) -> int | None:
    """Return the index of the first leaf hash that the stored tile does not have."""
    count = len(row) // HASH_BYTES
    try:
        stored = tiles.leaves(start, count)
    except EvidenceError:
        return start
    if stored == row:
        return None
    pieces = (slice(at, at + HASH_BYTES) for at in range(0, len(row), HASH_BYTES))
    return next(start + at for at, piece in enumerate(pieces) if stored[piece] != row[piece])
