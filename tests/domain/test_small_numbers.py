"""What published counts give away, computed exactly, against somebody who knows everything else.

What is proved, with L(n) = 2**-abs(n) / 3, the law by which each count is moved:

1. `moved` follows L exactly, whatever the count.
2. Counts are moved independently, so whoever knows every other count and every published number
   learns of one count what its own published number says, and no sum or difference says more.
3. That number makes no value of the count more than twice as likely as its neighbour; of 0 to 4 all
   five stay possible, none likelier than 16 in 31, and the best guess among the five is right
   7 times in 15.
4. "Fewer than 5" alone makes none of 0 to 4 more than half as likely again as another.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from random import Random  # noqa: TID251 - a seed reproduces a run

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.small_numbers import ENOUGH, hidden_below, moved, rounded, within

FLIPS = 40
SMALL = range(hidden_below())
counts = st.integers(0, 10_000)


class OutOfFlipsError(Exception):
    """The coin was asked once more than it was told how to fall."""


def law(n: int) -> Fraction:
    return Fraction(1, 3 * 2 ** abs(n))


def _falls(prefix: tuple[bool, ...]) -> Iterator[tuple[int, int]]:
    """(moved by, flips needed) for each way in which a coin can fall, up to `FLIPS` of them."""
    told = iter(prefix)

    def coin() -> bool:
        try:
            return next(told)
        except StopIteration:
            raise OutOfFlipsError from None

    try:
        yield moved(0, coin), len(prefix)
    except OutOfFlipsError:
        if len(prefix) < FLIPS:
            for fell in (False, True):
                yield from _falls((*prefix, fell))


@pytest.fixture(scope="module")
def found() -> Mapping[int, Fraction]:
    """The chance of each move, from every way that the coin can fall."""
    chances: Counter[int] = Counter()
    for by, flips in _falls(()):
        chances[by] += 2 ** (FLIPS - flips)
    return {by: Fraction(chance, 2**FLIPS) for by, chance in chances.items()}


def test_a_count_is_moved_by_exactly_this_law(found: Mapping[int, Fraction]) -> None:
    unfinished = Fraction(FLIPS + 1, 2**FLIPS)
    assert 1 - sum(found.values()) == unfinished
    for by in range(-30, 31):
        assert 0 <= law(by) - found[by] <= unfinished


@given(counts, st.lists(st.booleans(), min_size=30))
def test_what_moves_a_count_does_not_depend_on_it(count: int, falls: list[bool]) -> None:
    def by(start: int) -> int:
        told = itertools.chain(falls, itertools.repeat(False))
        return moved(start, lambda: next(told)) - start

    assert by(count) == by(0)


Cells = tuple[int, ...]


def _likelihood(published: Sequence[int], true: Cells) -> Fraction:
    """How likely these published counts are in a world with these true counts."""
    chance = Fraction(1)
    for told, count in zip(published, true, strict=True):
        chance *= law(told - count)
    return chance


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12).map(tuple),
    st.integers(0, 2**32),
    st.data(),
)
def test_whoever_knows_every_other_count_cannot_tell_a_small_one(
    true: Cells, seed: int, data: st.DataObject
) -> None:
    """The cells are whole tables of several months; the attacker knows all of them but one."""
    chance = Random(seed)  # noqa: S311 - a seed reproduces a run
    published = [moved(count, lambda: chance.random() < 0.5) for count in true]
    place = data.draw(st.integers(0, len(true) - 1))
    worlds = [(*true[:place], value, *true[place + 1 :]) for value in SMALL]
    likely = [_likelihood(published, world) for world in worlds]
    believed = [one / sum(likely) for one in likely]
    assert all(believed)
    assert max(believed) <= Fraction(16, 31)
    for one, other in itertools.pairwise(believed):
        assert Fraction(1, 2) <= one / other <= 2


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=8).map(tuple),
    st.lists(st.integers(0, 30), min_size=1, max_size=8).map(tuple),
    st.lists(st.integers(-5, 40), min_size=8, max_size=8),
)
def test_two_worlds_differ_by_at_most_a_factor_of_two_for_each_count_that_differs(
    one: Cells, other: Cells, published: list[int]
) -> None:
    size = min(len(one), len(other))
    one, other = one[:size], other[:size]
    apart = sum(abs(a - b) for a, b in zip(one, other, strict=True))
    ratio = _likelihood(published[:size], one) / _likelihood(published[:size], other)
    assert Fraction(1, 2**apart) <= ratio <= 2**apart


def test_the_best_guess_among_five_small_numbers_is_right_seven_times_in_fifteen() -> None:
    right = sum(max(law(told - value) for value in SMALL) for told in range(-80, 85)) / 5
    assert abs(right - Fraction(7, 15)) < Fraction(1, 10**20)


def test_fewer_than_five_says_next_to_nothing_about_which(found: Mapping[int, Fraction]) -> None:
    def hidden(count: int) -> Fraction:
        return sum((p for by, p in found.items() if rounded(count + by) is None), Fraction(0))

    chances = [hidden(count) for count in SMALL]
    assert max(chances) / min(chances) < Fraction(3, 2)


@given(st.integers(-100, 10_000), st.integers(1, 300))
def test_what_is_shown_is_hidden_or_a_multiple_of_five_nearby(count: int, summed: int) -> None:
    shown, least = rounded(count, summed), hidden_below(summed)
    assert (shown is None) is (count < least)
    if shown is not None:
        assert shown % 5 == 0
        assert shown >= least
        assert abs(shown - count) <= 2


@given(st.integers(1, 300))
def test_a_sum_is_shown_from_two_standard_deviations_of_its_chance(summed: int) -> None:
    variance = sum(2 * by * by * law(by) for by in range(1, 200)) * summed
    least = hidden_below(summed)
    assert least % 5 == 0
    assert least**2 >= 4 * variance - Fraction(1, 10**9)
    assert least == 5 or (least - 5) ** 2 < 4 * variance
    assert [hidden_below(months) for months in (1, 3, 12, 24)] == [5, 10, 15, 20]


@given(st.lists(st.integers(-5, 200), min_size=4, max_size=4))
def test_more_of_a_wait_is_never_reached_sooner(bands: list[int]) -> None:
    half, most = (within(bands, (1, 7, 28), part) for part in (0.5, 0.9))
    if sum(bands) < max(ENOUGH, hidden_below(4)):
        assert half is None
        assert most is None
    else:
        assert half is not None
        assert most is not None
        assert most == -1 or half <= most
        assert {half, most} <= {1, 7, 28, -1}


def test_a_wait_is_the_edge_of_the_band_that_reaches_it() -> None:
    assert within((10, 10, 0, 0), (1, 7, 28), 0.5) == 1
    assert within((10, 10, 0, 0), (1, 7, 28), 0.9) == 7
    assert within((10, 0, 0, 30), (1, 7, 28), 0.9) == -1
    assert within((-9, 9, 15, 0), (1, 7, 28), 0.5) is None
