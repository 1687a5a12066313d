"""The tree kept as tiles (C2SP tlog-tiles): rows of up to 256 hashes, eight levels of nodes apart.

A tile (level, index) holds the hashes of the nodes at height 8 x level, from 256 x index on; a
full tile is hashed into the level above, a partial one never is. Storage keeps one row per
(level, index) and overwrites it as the tile fills, so a tile may hold more hashes than the tree of
an earlier size had; this module reads only as many as that size needs. Everything between the
tiles' rows is hashed again when asked for: at most 255 hashes a level, which is what makes an
append touch only the right edge. The class is pure over `read`, so it trusts what it reads: whoever
wants to know whether tiles are true compares a root with a signed checkpoint.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from consent.evidence.errors import EvidenceError
from consent.evidence.merkle import (
    HASH_BYTES,
    MalformedHash,
    bag_peaks,
    grow,
)

TILE_HEIGHT = 8
TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
MAX_LEVEL = 63
KEPT_TILES = 512

_PATH = re.compile(
    r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)

TileReader = Callable[[int, int], bytes]


class TileError(EvidenceError):
    """A tile is missing, too short or not made of whole hashes, or a path names no tile."""


@dataclass(frozen=True, slots=True)
class Appended:
    """The tree after an append: its size and root, each changed tile's bytes, and its peaks."""

    size: int
    root: bytes
    tiles: Mapping[tuple[int, int], bytes]
    peaks: Sequence[bytes]


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile, as `tile/1/x001/234` or `tile/0/001.p/112` when partial."""
    if not (0 <= level <= MAX_LEVEL and index >= 0 and 1 <= width <= TILE_WIDTH):
        raise TileError(f"no tile at level {level}, index {index}, width {width}")
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return f"tile/{level}/{digits}" + (f".p/{width}" if width < TILE_WIDTH else "")


def parse_tile_path(path: str) -> tuple[int, int, int]:
    """Return (level, index, width) of a tile's path; TileError for any path not written so."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileError("the path names no tile")
    level, digits, width = found.groups()
    tile = int(level), int(digits.replace("/", "").replace("x", "")), int(width or TILE_WIDTH)
    if tile[0] > MAX_LEVEL or tile[2] > TILE_WIDTH or tile_path(*tile) != path:
        raise TileError("the path names no tile")
    return tile


class Tiles:
    """A tree over stored tiles. `read(level, index)` returns a tile's bytes, b"" where none is.

    Every method raises TileError where a tile that the size needs is missing or short. Tiles once
    hashed are kept (they only ever grow), so many proofs cost little; make a new one to look at
    storage afresh.
    """

    def __init__(self, read: TileReader) -> None:
        self._read = read
        self._kept: dict[tuple[int, int], Sequence[bytes]] = {}

    def append(
        self, leaf_hashes: Sequence[bytes], size: int, *, peaks: Sequence[bytes] | None = None
    ) -> Appended:
        """Put leaf hashes after the first `size` leaves; reads only tiles on the right edge.

        `peaks` may hand back what the append before returned, and saves hashing the right edge
        again: up to 255 hashes a level. They are believed, so keep them beside the tiles.
        """
        if any(len(found) != HASH_BYTES for found in leaf_hashes):
            raise MalformedHash(f"a leaf hash is not {HASH_BYTES} bytes")
        before = self.peaks(size) if peaks is None else peaks
        after, complete = grow(before, size, b"".join(leaf_hashes))
        changed: dict[tuple[int, int], bytes] = {}
        for level, row in enumerate(complete[::TILE_HEIGHT]):
            if row:
                index, width = divmod(size >> TILE_HEIGHT * level, TILE_WIDTH)
                whole = self._before(level, index, width) + row
                for at in range(0, len(whole), TILE_BYTES):
                    changed[level, index + at // TILE_BYTES] = whole[at : at + TILE_BYTES]
        return Appended(size + len(leaf_hashes), bag_peaks(after), changed, after)

    def peaks(self, size: int) -> list[bytes]:
        """Return the roots of the perfect subtrees of the first `size` leaves, smallest first."""
        return self._peaks(0, size)

    def leaves(self, start: int, count: int) -> bytes:
        """Return `count` stored leaf hashes from `start` on, concatenated; all of one tile."""
        index, offset = divmod(start, TILE_WIDTH)
        end = offset + count
        return self._tile(0, index, end)[offset * HASH_BYTES : end * HASH_BYTES]

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` leaves; EMPTY_ROOT for none."""
        return bag_peaks(self.peaks(size))

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """Return RFC 6962 PATH(index, first `size` leaves), the leaf's sibling first."""
        if not 0 <= index < size:
            raise TileError(f"no leaf {index} in a tree of size {size}")
        low, high, path = 0, size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        return path[::-1]

    def consistency_proof(self, size1: int, size2: int) -> list[bytes]:
        """Return RFC 6962 PROOF(size1, first `size2` leaves); empty from size 0 or equal sizes."""
        if not 0 <= size1 <= size2:
            raise TileError(f"no consistency from size {size1} to size {size2}")
        if size1 == 0:
            return []
        low, high, path = 0, size2, []
        while size1 != high:
            middle = low + _split(high - low)
            if size1 <= middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        return [self._span(low, high), *path[::-1]] if low else path[::-1]

    def _span(self, low: int, high: int) -> bytes:
        return bag_peaks(self._peaks(low, high))

    def _peaks(self, low: int, high: int) -> list[bytes]:
        """Return the peaks over leaves low to high, where low starts a subtree that large."""
        span = high - low
        heights = [height for height in range(span.bit_length()) if span >> height & 1]
        return [self._node(height, (high >> height) - 1) for height in heights]

    def _node(self, height: int, position: int) -> bytes:
        """Return the hash of the perfect subtree over 2^height leaves at `position`."""
        level, rise = divmod(height, TILE_HEIGHT)
        index, offset = divmod(position << rise, TILE_WIDTH)
        at = (offset >> rise) * HASH_BYTES
        return self._rows(level, index, offset + (1 << rise))[rise][at : at + HASH_BYTES]

    def _rows(self, level: int, index: int, width: int) -> Sequence[bytes]:
        """Return a tile and the rows of nodes above its first hashes, at least `width` of them."""
        rows = self._kept.get((level, index))
        if rows is None or len(rows[0]) < width * HASH_BYTES:
            rows = grow((), 0, self._tile(level, index, width))[1]
            if len(self._kept) >= KEPT_TILES:
                self._kept.clear()
            self._kept[level, index] = rows
        return rows

    def _before(self, level: int, index: int, width: int) -> bytes:
        """Return a tile's first hashes, from what was hashed (and perhaps checked) if it was."""
        kept = self._kept.get((level, index), (b"",))[0]
        tile = kept if len(kept) >= width * HASH_BYTES else self._tile(level, index, width)
        return tile[: width * HASH_BYTES]

    def _tile(self, level: int, index: int, width: int) -> bytes:
        """Return a tile of at least `width` hashes, fresh from storage."""
        tile = self._read(level, index)
        if len(tile) < width * HASH_BYTES or len(tile) > TILE_BYTES or len(tile) % HASH_BYTES:
            raise TileError(f"tile {level}/{index} is missing, short or not whole hashes")
        return tile


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)
