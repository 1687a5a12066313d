"""Tiles: the arithmetic of C2SP tlog-tiles, and a stored tree that equals the naive one."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.evidence.merkle import (
    EMPTY_ROOT,
    MalformedHash,
    WrongProofLength,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from consent.evidence.tiles import (
    TILE_BYTES,
    TileError,
    Tiles,
    parse_tile_path,
    tile_path,
)
from tests.consent.evidence.sample_log import naive_root

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(66_000)]
SEVENTY_THOUSAND = 70_000


class Shelf:
    """Stored tiles that count what is read."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads: list[tuple[int, int]] = []

    def read(self, level: int, index: int) -> bytes:
        self.reads.append((level, index))
        return self.tiles.get((level, index), b"")

    def fill(self, leaves: Sequence[bytes], *, batch: int = 4_096) -> "Shelf":
        for start in range(0, len(leaves), batch):
            grown = Tiles(self.read).append(leaves[start : start + batch], start)
            self.tiles.update(grown.tiles)
        return self


@pytest.fixture(scope="module")
def large() -> Shelf:
    return Shelf().fill(LEAVES)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((0, 5, 1), "tile/0/005.p/1"),
        ((0, 273, 112), "tile/0/273.p/112"),
        ((1, 999, 255), "tile/1/999.p/255"),
        ((1, 1000, 256), "tile/1/x001/000"),
        ((63, 1_234_067, 256), "tile/63/x001/x234/067"),
        ((2, 1_000_000, 8), "tile/2/x001/x000/000.p/8"),
    ],
)
def test_a_tile_has_one_path_and_the_path_one_tile(tile: tuple[int, int, int], path: str) -> None:
    assert tile_path(*tile) == path
    assert parse_tile_path(path) == tile


@given(st.integers(0, 63), st.integers(0, 2**56), st.integers(1, 256))
def test_every_tile_path_reads_back(level: int, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == (level, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "/tile/0/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/999",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000\n",
        "tile/0/../000",
        "tile/entries/000",
        "tile/0/٠٠٠",
    ],
)
def test_what_is_not_exactly_a_tile_path_is_refused(path: str) -> None:
    with pytest.raises(TileError, match=r"^the path names no tile$"):
        parse_tile_path(path)


@pytest.mark.parametrize("tile", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_there_is_no_path_to_a_tile_that_cannot_be(tile: tuple[int, int, int]) -> None:
    with pytest.raises(TileError, match="no tile at level"):
        tile_path(*tile)


def test_every_size_up_to_1100_has_the_naive_root_and_the_naive_tiles() -> None:
    shelf = Shelf()
    assert Tiles(shelf.read).root(0) == EMPTY_ROOT
    for size in range(1_100):
        grown = Tiles(shelf.read).append(LEAVES[size : size + 1], size)
        shelf.tiles.update(grown.tiles)
        assert grown.size == size + 1
        assert grown.root == Tiles(shelf.read).root(size + 1) == tree_root(LEAVES[: size + 1])
        assert list(grown.peaks) == Tiles(shelf.read).peaks(size + 1)
    assert naive_root(LEAVES[:1_100]) == Tiles(shelf.read).root(1_100)
    assert shelf.tiles[0, 4] == b"".join(LEAVES[1_024:1_100])
    upper = [naive_root(LEAVES[at : at + 256]) for at in range(0, 1_024, 256)]
    assert shelf.tiles[1, 0] == b"".join(upper)
    assert set(shelf.tiles) == {(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0)}


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, 66_000])
def test_around_the_edges_of_tiles_roots_and_proofs_hold(large: Shelf, size: int) -> None:
    tiles = Tiles(large.read)
    root = tree_root(LEAVES[:size])
    assert tiles.root(size) == root
    for index in {0, 1, 254, size // 2, size - 2, size - 1}:
        proof = tiles.inclusion_proof(index, size)
        verify_inclusion(index, size, leaf=LEAVES[index], proof=proof, root=root)
    for older in {1, 2, 254, 255, size // 2, size - 1, size}:
        proof = tiles.consistency_proof(older, size)
        verify_consistency(older, size, root1=tree_root(LEAVES[:older]), root2=root, proof=proof)


@settings(max_examples=60)
@given(st.data())
def test_a_proof_between_any_two_sizes_verifies(large: Shelf, data: st.DataObject) -> None:
    size2 = data.draw(st.integers(1, 3_000) | st.integers(65_000, 66_000))
    size1 = data.draw(st.integers(1, size2))
    index = data.draw(st.integers(0, size2 - 1))
    tiles = Tiles(large.read)
    root2 = tiles.root(size2)
    verify_consistency(
        size1,
        size2,
        root1=tiles.root(size1),
        root2=root2,
        proof=tiles.consistency_proof(size1, size2),
    )
    proof = tiles.inclusion_proof(index, size2)
    verify_inclusion(index, size2, leaf=LEAVES[index], proof=proof, root=root2)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.booleans())
def test_batches_of_any_size_give_the_tree_of_their_sum(batches: list[int], hand: bool) -> None:
    shelf, size = Shelf(), 0
    peaks: Sequence[bytes] | None = None
    for batch in batches:
        leaves = LEAVES[size : size + batch]
        grown = Tiles(shelf.read).append(leaves, size, peaks=peaks if hand else None)
        shelf.tiles.update(grown.tiles)
        size, peaks = grown.size, grown.peaks
    assert shelf.tiles == Shelf().fill(LEAVES[:size]).tiles
    assert Tiles(shelf.read).root(size) == tree_root(LEAVES[:size])


def test_one_instance_may_append_again_and_again() -> None:
    shelf = Shelf()
    tiles = Tiles(shelf.read)
    for size in range(0, 1_000, 50):
        grown = tiles.append(LEAVES[size : size + 50], size)
        shelf.tiles.update(grown.tiles)
        assert tiles.root(grown.size) == grown.root == tree_root(LEAVES[: grown.size])
    assert shelf.tiles == Shelf().fill(LEAVES[:1_000]).tiles


def test_an_append_to_a_tree_that_grew_elsewhere_reads_its_edge_again() -> None:
    shelf = Shelf().fill(LEAVES[:50])
    tiles = Tiles(shelf.read)
    tiles.root(50)
    shelf.tiles.update(Tiles(shelf.read).append(LEAVES[50:100], 50).tiles)
    grown = tiles.append(LEAVES[100:110], 100, peaks=Tiles(shelf.read).peaks(100))
    assert grown.root == tree_root(LEAVES[:110])
    assert grown.tiles == {(0, 0): b"".join(LEAVES[:110])}


def test_an_append_reads_the_right_edge_only(large: Shelf) -> None:
    large.reads.clear()
    grown = Tiles(large.read).append(LEAVES[:64], 66_000)
    assert sorted(large.reads) == [(0, 257), (1, 1), (2, 0)]
    assert [tile_path(*place) for place in sorted(grown.tiles)] == [
        "tile/0/257",
        "tile/0/258",
        "tile/1/001",
    ]
    assert len(grown.tiles[0, 257]) == TILE_BYTES
    large.reads.clear()
    Tiles(large.read).append(LEAVES[:64], 66_000, peaks=Tiles(large.read).peaks(66_000))
    assert set(large.reads) <= {(0, 257), (1, 1), (2, 0)}


def test_seventy_thousand_leaves_lie_in_the_tiles_that_the_specification_counts(
    large: Shelf,
) -> None:
    shelf = Shelf()
    shelf.tiles = dict(large.tiles)
    more = LEAVES[: SEVENTY_THOUSAND - 66_000]
    shelf.tiles.update(Tiles(shelf.read).append(more, 66_000).tiles)
    widths = {place: len(tile) // 32 for place, tile in shelf.tiles.items()}
    full = [place for place, width in widths.items() if place[0] == 0 and width == 256]
    assert len(full) == 273
    assert widths[0, 273] == 112
    assert widths[1, 0] == 256
    assert widths[1, 1] == 17
    assert widths[2, 0] == 1
    assert len(widths) == 277


def test_many_proofs_read_each_tile_once(large: Shelf) -> None:
    large.reads.clear()
    tiles = Tiles(large.read)
    for index in range(1_000, 1_200):
        tiles.inclusion_proof(index, 66_000)
    assert len(large.reads) == len(set(large.reads)) <= 6


def test_more_tiles_than_are_kept_still_prove(
    large: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consent.evidence.tiles.KEPT_TILES", 2)
    tiles = Tiles(large.read)
    for index in range(0, 66_000, 6_000):
        proof = tiles.inclusion_proof(index, 66_000)
        verify_inclusion(index, 66_000, leaf=LEAVES[index], proof=proof, root=tree_root(LEAVES))
        assert len(tiles._kept) <= 2


def test_stored_leaves_are_handed_out_by_tile(large: Shelf) -> None:
    tiles = Tiles(large.read)
    assert tiles.leaves(0, 256) == b"".join(LEAVES[:256])
    assert tiles.leaves(65_990, 10) == b"".join(LEAVES[65_990:])
    with pytest.raises(TileError):
        tiles.leaves(65_990, 11)
    assert tiles.leaves(200, 56) == b"".join(LEAVES[200:256])
    with pytest.raises(TileError):
        tiles.leaves(200, 57)


def test_a_tile_may_hold_more_than_an_older_size_had() -> None:
    shelf = Shelf().fill(LEAVES[:300])
    grown = Tiles(shelf.read).append(LEAVES[280:300], 280)
    assert grown.root == tree_root(LEAVES[:300])
    assert grown.tiles == {(0, 1): b"".join(LEAVES[256:300])}


@pytest.mark.parametrize("bad", [b"", LEAVES[0] * 3, LEAVES[0] * 4 + b"x", LEAVES[0] * 257])
def test_a_tile_that_is_missing_short_or_broken_is_named(bad: bytes) -> None:
    shelf = Shelf().fill(LEAVES[:260])
    shelf.tiles[0, 1] = bad
    for use in (
        lambda tiles: tiles.root(260),
        lambda tiles: tiles.append(LEAVES[:1], 260),
        lambda tiles: tiles.append(LEAVES[:1], 260, peaks=[LEAVES[0], LEAVES[1]]),
    ):
        with pytest.raises(TileError, match="tile 0/1 is missing"):
            use(Tiles(shelf.read))


def test_what_cannot_be_asked_is_refused() -> None:
    shelf = Shelf().fill(LEAVES[:5])
    tiles = Tiles(shelf.read)
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(TileError, match=f"no leaf {index} in a tree of size {size}"):
            tiles.inclusion_proof(index, size)
    for sizes in ((6, 5), (-1, 5)):
        with pytest.raises(TileError, match="no consistency"):
            tiles.consistency_proof(*sizes)
    with pytest.raises(MalformedHash, match=r"^a leaf hash is not 32 bytes$"):
        tiles.append([LEAVES[0], b"short"], 5)
    with pytest.raises(WrongProofLength):
        tiles.append([LEAVES[0]], 5, peaks=[LEAVES[0]])


def test_nothing_needs_no_proof() -> None:
    tiles = Tiles(Shelf().fill(LEAVES[:5]).read)
    assert tiles.consistency_proof(0, 5) == []
    assert tiles.consistency_proof(5, 5) == []
    assert tiles.consistency_proof(0, 0) == []
    assert tiles.inclusion_proof(0, 1) == []
    grown = tiles.append([], 5)
    assert (grown.size, grown.root, grown.tiles) == (5, tree_root(LEAVES[:5]), {})
