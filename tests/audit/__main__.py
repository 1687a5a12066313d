"""`make tamper SEED=1 CASES=1000`: seeded changes behind the hub's back, each to be found.

Two of three change rows, tiles and checkpoints of a log of 330 entries in PostgreSQL, as somebody
with the owner's password would; one of three changes a bundle or a receipt. It prints figures and
fails if one change is not detected or the first bad index is not the right one.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from referral_hub import embedded
from referral_hub.store.migrate import upgrade
from tests.audit.log_bench import LogBench
from tests.audit.tampering import ROWS, Tried, attack, open_up, tamper_files

CASES = 1_000
ENTRIES = 330


def main(arguments: list[str]) -> int:
    """Run and report; return 0 if everything was found in its right place."""
    seed = arguments[0] if arguments else "1"
    cases = int(arguments[1]) if arguments[1:] else CASES
    tried: Counter[str] = Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for what, found in _all(Path(folder), seed, cases):
            tried[what] += 1
            if found.fault is not None:
                faults.append(f"{what}: {found.fault}: {found.told}")
    files = tried["bundle"] + tried["receipt"]
    lines = [
        f"{tried.total()} changes (seed {seed})",
        f"{tried.total() - files} of rows, tiles and checkpoints of a log of {ENTRIES} entries",
        f"{tried['bundle']} of bundles, {tried['receipt']} of receipts",
        f"{len(faults)} not detected or not in the right place",
        *faults,
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(faults))


def _all(folder: Path, seed: str, cases: int) -> Iterator[tuple[str, Tried]]:
    yield from tamper_files(folder, seed, cases // 3)
    servers = embedded.start(folder / "servers")
    try:
        upgrade(servers.database_url)
        bench = LogBench(servers.database_url, folder / "log")
        bench.grow(ENTRIES)
        open_up(bench)
        names = list(ROWS)
        for number in range(cases - cases // 3):
            name = names[number % len(names)]
            yield name, attack(bench, name, f"{seed} {name} {number}")
        bench.close()
    finally:
        servers.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
