"""Put a case to both engines, say where they disagree, and make the disagreement small.

They agree when both permit the same classes with the same fields, when every rule that the hub
names for a refusal or a hold is one that a Cedar policy fired for, and when a case that only waits
for somebody in Cedar waits in the hub too. The limit: which of several refusals is named first, and
whether a hold or a refusal is shown where both apply, are matters of wording and are not compared.
"""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

from consent.codes import Obligation
from consent.decide import decide
from consent.model import Hold, Outcome, Permit, Refuse
from consent.policy import Policy
from tests.consent.cases import Case, read_case
from tests.second_engine.cedar import SecondEngine, Verdict
from tests.second_engine.rows import UNUSED, Row, generated, smaller

PORTION = 1250


@dataclass
class Tally:
    """What a run went through. Times are in seconds, for the decisions alone."""

    cases: int = 0
    classes: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    disagreements: list[tuple[Row, str]] = field(default_factory=list)
    first_engine: float = 0.0
    second_engine: float = 0.0

    def rules(self) -> dict[str, tuple[int, int]]:
        """Return by rule: in how many cases it forbade something, and where it alone did."""
        return {rule: (self.fired[rule], self.alone[rule]) for rule in sorted(self.fired)}

    def add(self, other: "Tally") -> None:
        """Take up what another run went through."""
        self.cases += other.cases
        self.classes += other.classes
        self.outcomes += other.outcomes
        self.fired += other.fired
        self.alone += other.alone
        self.disagreements += other.disagreements
        self.first_engine += other.first_engine
        self.second_engine += other.second_engine


def as_case(row: Row) -> Case:
    """Return the case that a generated row tells."""
    return read_case({**UNUSED, **row})


class Comparison:
    """Both engines side by side. `policy` is the hub's; the negative controls change it."""

    def __init__(self, second: SecondEngine, policy: Policy | None = None) -> None:
        self._second = second
        self._policy = policy

    def run(self, rows: Iterable[Row]) -> Tally:
        """Return the tally of these rows; disagreements are made small."""
        tally = Tally()
        for row in rows:
            if self.difference(row, tally):
                least = self.least(row)
                tally.disagreements.append((least, self.difference(least, Tally()) or ""))
        return tally

    def first(self, rows: Iterable[Row]) -> tuple[int, Row] | None:
        """Return the number and the row of the first disagreement."""
        for number, row in enumerate(rows, 1):
            if self.difference(row, Tally()):
                return number, row
        return None

    def least(self, row: Row) -> Row:
        """Return a row that still disagrees and from which nothing more can be left out."""
        for less in smaller(row):
            if self.difference(less, Tally()):
                return self.least(less)
        return row

    def difference(self, row: Row, tally: Tally) -> str | None:
        """Return in words where the engines disagree about this row."""
        case = as_case(row)
        began = time.perf_counter()
        outcome = decide(case.request, case.facts, case.at, policy=self._policy)
        tally.first_engine += time.perf_counter() - began
        verdict = self._second.decide(case.request, case.facts, case.at)
        tally.second_engine += verdict.seconds
        _count(tally, case, outcome, verdict)
        return next(self._differences(case, outcome, verdict), None)

    def _differences(self, case: Case, outcome: Outcome, verdict: Verdict) -> Iterator[str]:
        match outcome:
            case Permit():
                permitted, fields = outcome.classes, outcome.fields
            case Hold() | Refuse():
                permitted, fields = frozenset(), frozenset()
                named = {rule.value for rule in outcome.rules}
                if strange := named - verdict.rules - {"R15"}:
                    yield f"only the hub names {sorted(strange)}"
                if "R15" not in named or Obligation.COUNT_AND_REVIEW not in outcome.obligations:
                    yield "R15: nobody is told to count and review"
        if permitted != verdict.permitted:
            yield f"hub {sorted(permitted)}, Cedar {sorted(verdict.permitted)}"
        minimum = self._second.minimum[case.request.recipient_type, case.request.stage]
        if fields != {one for one in minimum if one.partition(".")[0] in verdict.permitted}:
            yield "the same classes with other fields"
        if verdict.kind == "hold" and not isinstance(outcome, Hold):
            yield f"Cedar waits for somebody: {sorted(verdict.rules)}"


def compare(seed: int, cases: int) -> Tally:
    """Return the tally of so many generated cases, worked through by a process for each core."""
    portions = max(1, cases // PORTION)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        tally = Tally()
        seeds = [seed * portions + number for number in range(portions)]
        for part in pool.map(_portion, seeds, [cases // portions] * portions):
            tally.add(part)
    return tally


def _portion(seed: int, cases: int) -> Tally:
    return Comparison(SecondEngine()).run(islice(generated(seed), cases))


def _count(tally: Tally, case: Case, outcome: Outcome, verdict: Verdict) -> None:
    tally.cases += 1
    tally.classes += len(case.request.classes)
    tally.outcomes[type(outcome).__name__] += 1
    if verdict.kind == "permit" and case.request.purpose == "emergency":
        tally.outcomes["emergency permit"] += 1
    tally.fired.update(verdict.rules)
    tally.alone.update({policy[:3] for policy in verdict.alone})
    tally.alone.update(verdict.alone)
