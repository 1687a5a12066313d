"""What can be wrong with the stored log, said with the place of the first bad entry."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from consent.evidence import replay

MOST_OF_A_KIND = 50


class Kind(StrEnum):
    """What is wrong. The first five are those of `consent.evidence.replay.Problem`."""

    ALTERED = "altered"
    MISSING = "missing"
    OUT_OF_ORDER = "out-of-order"
    ROLLED_BACK = "rolled-back"
    TILES = "tiles"
    LEAF_HASH = "leaf-hash"
    NOT_AN_ENTRY = "not-an-entry"
    COLUMNS = "columns"
    CHECKPOINT = "checkpoint"
    UNSIGNED = "unsigned"
    RELEASE = "release"
    COMMITMENT = "commitment"
    LEDGER = "ledger"
    HISTORY = "history"
    ERASURE = "erasure"
    POLICY = "policy"
    WITNESS = "witness"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `message` holds no personal data.

    `index` is the entry's place in the log; None where it has none, as a pending entry. Where
    `exact` is false, everything before `index` is proved good and the damage lies somewhere from
    there on.
    """

    index: int | None
    kind: Kind
    message: str
    exact: bool = True


class Findings:
    """Collects problems, at most `MOST_OF_A_KIND` of each kind: a ruined log fills no memory."""

    def __init__(self) -> None:
        self._problems: list[Problem] = []
        self._counts: Counter[Kind] = Counter()

    def add(self, index: int | None, kind: Kind, message: str, *, exact: bool = True) -> None:
        """Keep a problem, or only count it."""
        self._counts[kind] += 1
        if self._counts[kind] <= MOST_OF_A_KIND:
            self._problems.append(Problem(index, kind, message, exact))

    def add_replay(self, outcome: replay.Replay) -> None:
        """Keep what a replay found, if it found anything."""
        if outcome.problem is not None:
            message = _REPLAYED[outcome.problem]
            self.add(outcome.first_bad, Kind(outcome.problem), message, exact=outcome.exact)

    def has(self, kind: Kind) -> bool:
        """Whether any problem of this kind was found."""
        return bool(self._counts[kind])

    @property
    def total(self) -> int:
        """How many problems were found, kept or not."""
        return self._counts.total()

    def in_order(self) -> tuple[Problem, ...]:
        """The kept problems by place in the log; those without a place come last."""
        return tuple(
            sorted(self._problems, key=lambda found: (found.index is None, found.index or 0))
        )


_REPLAYED = {
    replay.Problem.ALTERED: "the entry is not the one that was signed for",
    replay.Problem.MISSING: "the entry is gone",
    replay.Problem.OUT_OF_ORDER: "the number comes twice or too late",
    replay.Problem.ROLLED_BACK: "the log ends here, but more entries have been signed for",
    replay.Problem.TILES: "the stored tree is not the entries' own",
}
