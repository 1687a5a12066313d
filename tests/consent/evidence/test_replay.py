"""A whole log against its signed checkpoints: what was changed behind them is named."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.checkpoint import Checkpoint
from consent.evidence.entry import encode
from consent.evidence.merkle import EMPTY_ROOT, HASH_BYTES, leaf_hash
from consent.evidence.replay import Problem, Replay, verify_entries
from consent.evidence.tiles import Tiles
from tests.consent.evidence.sample_log import ORIGIN, SampleLog, make_entry

SIZE = 1_000
LOG = SampleLog(SIZE)
HEAD = LOG.checkpoint()
OTHER = encode(make_entry(5_000))
Row = tuple[int, bytes]


def rows() -> list[Row]:
    return list(enumerate(LOG.entries))


def edited(*places: int) -> list[Row]:
    return [(at, OTHER if at in places else entry) for at, entry in rows()]


def deleted(*places: int) -> list[Row]:
    return [row for row in rows() if row[0] not in places]


def closed_up(place: int) -> list[Row]:
    return list(enumerate([*LOG.entries[:place], *LOG.entries[place + 1 :]]))


def swapped(first: int, second: int) -> list[Row]:
    entries = list(LOG.entries)
    entries[first], entries[second] = entries[second], entries[first]
    return list(enumerate(entries))


def renumbered(place: int, index: int) -> list[Row]:
    return [(index if at == place else at, entry) for at, entry in rows()]


def retold(entries: Iterable[Row]) -> SampleLog:
    """The log that somebody signs who has the key, over other entries."""
    told = SampleLog(0)
    told.extend(entry for _, entry in entries)
    return told


def test_an_untouched_log_verifies_with_all_that_is_known_of_it() -> None:
    earlier = [LOG.checkpoint(size) for size in (0, 1, 255, 256, 257, 900, SIZE)]
    assert verify_entries(rows(), HEAD) == Replay(SIZE)
    assert verify_entries(rows(), HEAD, tiles=LOG.tiles, earlier=earlier) == Replay(SIZE)
    assert verify_entries(iter(rows()), HEAD, earlier=earlier).ok


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_a_log_of_any_size_verifies_and_what_lies_beyond_is_left(size: int) -> None:
    read: list[int] = []

    def stream() -> Iterator[Row]:
        for row in rows():
            read.append(row[0])
            yield row

    assert verify_entries(stream(), LOG.checkpoint(size), tiles=LOG.tiles) == Replay(size)
    assert len(read) == size


@pytest.mark.parametrize(
    ("altered", "problem", "first_bad"),
    [
        (edited(0), Problem.ALTERED, 0),
        (edited(1), Problem.ALTERED, 1),
        (edited(255), Problem.ALTERED, 255),
        (edited(256), Problem.ALTERED, 256),
        (edited(700, 300, 999), Problem.ALTERED, 300),
        (edited(999), Problem.ALTERED, 999),
        (swapped(10, 11), Problem.ALTERED, 10),
        (swapped(500, 20), Problem.ALTERED, 20),
        (closed_up(0), Problem.ALTERED, 0),
        (closed_up(257), Problem.ALTERED, 257),
        (deleted(0), Problem.MISSING, 0),
        (deleted(256), Problem.MISSING, 256),
        (deleted(300, 301, 700), Problem.MISSING, 300),
        (deleted(999), Problem.MISSING, 999),
        (deleted(*range(600, 1_000)), Problem.MISSING, 600),
        (deleted(*range(768, 1_000)), Problem.MISSING, 768),
        ([], Problem.MISSING, 0),
        (renumbered(400, 399), Problem.OUT_OF_ORDER, 400),
        (renumbered(512, 3), Problem.OUT_OF_ORDER, 512),
        (renumbered(512, 511), Problem.OUT_OF_ORDER, 512),
        (renumbered(512, 513), Problem.MISSING, 512),
        ([(-1, OTHER), *rows()], Problem.OUT_OF_ORDER, 0),
        ([(0, OTHER), *rows()], Problem.ALTERED, 0),
        (sorted(edited(4), key=lambda row: row[0] == 2), Problem.MISSING, 2),
        (sorted(edited(1), key=lambda row: row[0] == 2), Problem.ALTERED, 1),
    ],
)
def test_the_first_bad_entry_is_named_exactly_while_the_tiles_are_true(
    altered: list[Row], problem: Problem, first_bad: int
) -> None:
    found = verify_entries(altered, HEAD, tiles=LOG.tiles)
    assert not found.ok
    assert (found.problem, found.first_bad, found.exact) == (problem, first_bad, True)


@given(st.integers(0, SIZE - 1), st.sampled_from([edited, deleted, closed_up]))
def test_any_one_change_is_found_where_it_was_made(
    place: int, change: Callable[[int], list[Row]]
) -> None:
    found = verify_entries(change(place), HEAD, tiles=LOG.tiles)
    if change is closed_up and place == SIZE - 1:
        assert found.problem is Problem.MISSING
    assert (found.first_bad, found.exact) == (place, True)


def test_the_number_of_entries_read_is_told() -> None:
    assert verify_entries(deleted(300), HEAD, tiles=LOG.tiles).checked == 300
    assert verify_entries(edited(3), HEAD, tiles=LOG.tiles).checked == SIZE


def test_without_tiles_older_checkpoints_say_between_which_the_damage_lies() -> None:
    earlier = [LOG.checkpoint(size) for size in (100, 600, 800)]
    found = verify_entries(edited(650), HEAD, earlier=earlier)
    assert found == Replay(SIZE, Problem.ALTERED, 600, exact=False)
    assert verify_entries(edited(50), HEAD, earlier=earlier).first_bad == 0
    assert verify_entries(edited(50), HEAD) == Replay(SIZE, Problem.ALTERED, 0, exact=False)
    assert verify_entries(deleted(650), HEAD, earlier=earlier) == Replay(
        650, Problem.MISSING, 600, exact=False
    )


def test_between_two_neighbouring_checkpoints_there_is_only_one_entry() -> None:
    earlier = [LOG.checkpoint(size) for size in (650, 651)]
    assert verify_entries(edited(650), HEAD, earlier=earlier) == Replay(
        SIZE, Problem.ALTERED, 650, exact=True
    )


def rewritten(place: int, *, levels: int) -> Tiles:
    """Tiles in which the hashes over one place were replaced, up to some level."""
    store = dict(LOG.store)
    told = retold(edited(place)).store
    for level in range(levels):
        at = place >> 8 * level
        store[level, at >> 8] = told[level, at >> 8]
    return Tiles(lambda level, index: store.get((level, index), b""))


def test_entries_and_their_own_tile_changed_together_are_found_to_within_the_tile() -> None:
    found = verify_entries(edited(300), HEAD, tiles=rewritten(300, levels=1))
    assert found == Replay(SIZE, Problem.ALTERED, 256, exact=False)
    late = verify_entries(edited(900), HEAD, tiles=rewritten(900, levels=1))
    assert late.problem is Problem.ALTERED
    assert late.first_bad is not None
    assert late.first_bad <= 900
    assert not late.exact


def test_a_tree_rewritten_as_a_whole_is_found_and_older_checkpoints_narrow_it() -> None:
    told = retold(edited(650))
    found = verify_entries(edited(650), HEAD, tiles=told.tiles)
    assert found == Replay(SIZE, Problem.ALTERED, 0, exact=False)
    earlier = [LOG.checkpoint(600)]
    narrowed = verify_entries(edited(650), HEAD, tiles=told.tiles, earlier=earlier)
    assert narrowed == Replay(SIZE, Problem.ALTERED, 600, exact=False)


def test_a_rewritten_tree_that_was_signed_again_contradicts_the_older_checkpoint() -> None:
    told = retold(edited(300))
    assert verify_entries(edited(300), told.checkpoint(), tiles=told.tiles).ok
    earlier = [LOG.checkpoint(256), LOG.checkpoint(400)]
    found = verify_entries(edited(300), told.checkpoint(), tiles=told.tiles, earlier=earlier)
    assert found == Replay(SIZE, Problem.ALTERED, 256, exact=False)


def test_a_stale_tree_signed_again_is_a_rollback() -> None:
    found = verify_entries(rows()[:400], LOG.checkpoint(400), tiles=LOG.tiles, earlier=[HEAD])
    assert found == Replay(400, Problem.ROLLED_BACK, 400)
    emptied = verify_entries([], Checkpoint(ORIGIN, 0, EMPTY_ROOT), earlier=[HEAD])
    assert emptied == Replay(0, Problem.ROLLED_BACK, 0)


def test_two_trees_of_one_size_cannot_both_be_the_log() -> None:
    told = retold(edited(300))
    earlier = [LOG.checkpoint(256), told.checkpoint()]
    found = verify_entries(rows(), HEAD, earlier=earlier)
    assert found == Replay(SIZE, Problem.ALTERED, 256, exact=False)
    assert verify_entries(rows(), told.checkpoint(), earlier=[HEAD]).first_bad == 0


@pytest.mark.parametrize("place", [0, 300, 999])
def test_a_damaged_tile_under_good_entries_is_called_that(place: int) -> None:
    tiles = rewritten(place, levels=1)
    found = verify_entries(rows(), HEAD, tiles=tiles)
    assert found == Replay(SIZE, Problem.TILES, place)


def test_a_damaged_upper_tile_is_noticed_too() -> None:
    store = dict(LOG.store)
    store[1, 0] = store[1, 0][::-1]
    tiles = Tiles(lambda level, index: store.get((level, index), b""))
    assert verify_entries(rows(), HEAD, tiles=tiles) == Replay(SIZE, Problem.TILES, 0, exact=False)
    del store[1, 0]
    lost = Tiles(lambda level, index: store.get((level, index), b""))
    assert verify_entries(rows(), HEAD, tiles=lost) == Replay(SIZE, Problem.TILES, 0, exact=False)


def test_a_lost_tile_hides_neither_good_entries_nor_bad_ones() -> None:
    store = dict(LOG.store)
    del store[0, 1]
    tiles = Tiles(lambda level, index: store.get((level, index), b""))
    assert verify_entries(rows(), HEAD, tiles=tiles) == Replay(SIZE, Problem.TILES, 256)
    found = verify_entries(edited(700), HEAD, tiles=tiles)
    assert found.problem is Problem.ALTERED
    assert found.first_bad is not None
    assert 512 <= found.first_bad <= 700


def test_a_damaged_tile_before_a_bad_entry_does_not_take_the_blame() -> None:
    found = verify_entries(edited(700), HEAD, tiles=rewritten(300, levels=1))
    assert found.problem is Problem.ALTERED
    assert found.first_bad is not None
    assert 300 < found.first_bad <= 700


def test_what_is_proved_good_is_found_between_the_tiles_that_lie() -> None:
    found = verify_entries(edited(900), HEAD, tiles=rewritten(300, levels=1))
    assert found == Replay(SIZE, Problem.ALTERED, 768, exact=False)


def test_a_damaged_upper_tile_leaves_the_tree_of_four_tiles_that_stands_without_it() -> None:
    told = SampleLog(0)
    told.extend(f"{place}".encode() for place in range(1_800))
    store = dict(told.store)
    store[1, 0] = bytes(HASH_BYTES) + store[1, 0][HASH_BYTES:]
    bad = [(at, OTHER if at == 1_700 else entry) for at, entry in enumerate(told.entries)]
    store[0, 6] = b"".join(leaf_hash(entry) for _, entry in bad[6 * 256 : 7 * 256])
    tiles = Tiles(lambda level, index: store.get((level, index), b""))
    found = verify_entries(bad, told.checkpoint(), tiles=tiles)
    assert found == Replay(1_800, Problem.ALTERED, 1_024, exact=False)


def test_leaf_hashes_are_of_the_exact_bytes() -> None:
    changed = [(at, entry + b" " if at == 17 else entry) for at, entry in rows()]
    assert leaf_hash(changed[17][1]) != leaf_hash(LOG.entries[17])
    assert verify_entries(changed, HEAD, tiles=LOG.tiles).first_bad == 17
