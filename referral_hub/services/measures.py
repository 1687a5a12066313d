"""Which measures this hub has: those built in, and those that installed packages bring.

An entry point of the group `referral_hub.measures` names a mapping in the shape of
`domain/measures.toml`. A code that is taken, or a table with a mistake, stops the hub at its start
of use rather than counting two things as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from referral_hub.domain.measures import Measure, built_in, read_measures, scores

GROUP = "referral_hub.measures"


@cache
def measures() -> tuple[Measure, ...]:
    """Return every measure. Raises ValueError for a mistake or a code that is taken."""
    return with_installed(built_in(), entry_points(group=GROUP))


def with_installed(
    known: tuple[Measure, ...], installed: Iterable[EntryPoint]
) -> tuple[Measure, ...]:
    """Return the built-in measures and those of installed packages, in the order of their names."""
    found = list(known)
    for point in sorted(installed, key=lambda one: one.name):
        found += read_measures(point.load())
    codes = [code for code, _ in scores(found)]
    if len({one.code for one in found}) < len(found) or len(set(codes)) < len(codes):
        raise ValueError(f"{GROUP}: two measures have the same code")
    return tuple(found)
