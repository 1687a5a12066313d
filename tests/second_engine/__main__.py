"""`make test-deep`: 100,000 generated cases, or more, put to the hub's rules and to Cedar.

`SEED` chooses other cases and `CASES` how many. It fails if the engines disagree about one case, if
a rule made the difference in too few cases to prove anything, or if the hub's rules take more than
half of Cedar's time. What they disagree about is shown as rows for `second_engine_cases.csv`.
Then wrong policies are planted one at a time, and each must be found within 5,000 cases.
"""

import sys
from collections.abc import Iterator

from tests.second_engine.comparing import Tally, compare
from tests.second_engine.planting import survivors
from tests.second_engine.rows import COLUMNS

CASES = 100_000
PLANTED_CASES = 5_000
ONE_IN = 200


def main(arguments: list[str]) -> int:
    """Run and report; return 0 if all is well."""
    seed = int(arguments[0]) if arguments else 1
    tally = compare(seed, int(arguments[1]) if arguments[1:] else CASES)
    _report(seed, tally)
    sys.stdout.write("\n".join(_report(seed, tally)) + "\n")
    slow = tally.first_engine > tally.second_engine / 2
    planted, overlooked = survivors(seed, PLANTED_CASES)
    sys.stdout.write(f"{planted} wrong policies planted, {len(overlooked)} overlooked\n")
    sys.stdout.writelines(f"  {name}\n" for name in overlooked)
    return int(bool(tally.disagreements or _rare(tally) or slow or overlooked))


def _rare(tally: Tally) -> list[str]:
    return [rule for rule, (_, alone) in tally.rules().items() if alone < tally.cases / ONE_IN]


def _report(seed: int, tally: Tally) -> Iterator[str]:
    outcomes = tally.outcomes
    yield f"{tally.cases} cases (seed {seed}), {tally.classes} classes asked for"
    yield f"{outcomes['Permit']} permits, {outcomes['emergency permit']} of them in an emergency"
    yield f"{outcomes['Refuse']} refusals, {outcomes['Hold']} holds, each to be reviewed (R15)"
    for rule, (fired, alone) in tally.rules().items():
        share = 100 * fired / tally.cases
        yield f"  {rule} stood in the way in {fired:6d} ({share:4.1f} %), it alone in {alone:6d}"
    for name, seconds in (("hub", tally.first_engine), ("Cedar", tally.second_engine)):
        yield f"{name:5s} {tally.cases / seconds:6.0f} decisions per second"
    yield f"the hub's rules take {tally.first_engine / tally.second_engine:.2f} of Cedar's time"
    if rare := _rare(tally):
        yield f"too few cases turn on {', '.join(rare)}"
    yield f"{len(tally.disagreements)} disagreements"
    for row, words in tally.disagreements:
        yield f"  {words}: {','.join(row[column] for column in COLUMNS)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
