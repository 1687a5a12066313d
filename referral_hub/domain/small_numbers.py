"""How a count is told without telling who it was: moved once by chance, kept, rounded when shown.

Every count is moved by the difference of two runs of tails before it leaves the worker, and the
moved count alone is kept: `P(moved by n) = 2**-abs(n) / 3`. So no published number makes a count
more than twice as likely as its neighbour, whatever else somebody knows, and no set of numbers,
sums or differences rules any count out. Hiding and rounding alone do not give that: a total next to
its parts, or this month's page beside last month's, would tell what was left out.

What is shown is made from the moved counts only: below five it is "fewer than 5", from five on the
nearest multiple of five; sums have a higher threshold, because chance adds up. Dwork, McSherry,
Nissim and Smith 2006 (with epsilon = ln 2 a count); Ghosh, Roughgarden and Sundararajan 2009 for
the distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, sqrt

STEP = 5
ENOUGH = 20

Coin = Callable[[], bool]


def moved(count: int, coin: Coin) -> int:
    """Return `count` moved by chance; it may come out below nothing, so that sums stay fair."""
    return count + _run(coin) - _run(coin)


def _run(coin: Coin) -> int:
    length = 0
    while coin():
        length += 1
    return length


def hidden_below(summed: int = 1) -> int:
    """Return the least number that is shown of a sum of so many moved counts.

    A multiple of five, from two standard deviations of chance (2 for one count) up: what chance
    alone may have made is not shown.
    """
    return STEP * ceil(4 * sqrt(max(1, summed)) / STEP)


def rounded(count: int, summed: int = 1) -> int | None:
    """Return what is shown of a sum of so many moved counts; None means fewer than is shown."""
    return None if count < hidden_below(summed) else (count + STEP // 2) // STEP * STEP


def share(count: int, whole: int, summed: int = 1) -> int | None:
    """Return how many in a hundred, to the nearest ten; None where `whole` is too few to say."""
    if whole < max(ENOUGH, hidden_below(summed)):
        return None
    return max(0, min(100, round(10 * max(count, 0) / whole) * 10))


def within(
    counts: Sequence[int], edges: Sequence[int], part: float, *, summed: int = 1
) -> int | None:
    """Return the edge within which `part` (0 to 1) of the moved counts lie, band by band.

    The last band has no edge: one more count than edges, each a sum of `summed`. None where there
    are too few to say; `-1` where the part ends beyond the last edge.
    """
    present = [max(0, count) for count in counts]
    if sum(counts) < max(ENOUGH, hidden_below(summed * len(counts))):
        return None
    reached = 0
    for edge, count in zip(edges, present, strict=False):
        reached += count
        if reached >= part * sum(present):
            return edge
    return -1
