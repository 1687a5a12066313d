"""`make town SEED=1 REFERRALS=10000`: a year of a town on a simulated clock, with its figures.

Real PostgreSQL, real services, real log; seeded refusals, silence and outages. It fails if one
part of one referral was ever without owner or next step, stuck, with two at once, or had a step of
its clock twice, or if the log does not verify.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from referral_hub import embedded
from referral_hub.services.demo import seed_demo
from referral_hub.store.migrate import upgrade
from tests.conftest import never_mind_power_cuts
from tests.hub_bench import open_bench
from tests.services.partners import partner_system
from tests.town import checks
from tests.town.year import Year

REFERRALS, DAYS, SETTLE_DAYS = 10_000, 365, 120
EVENTS = "SELECT event, count(*) FROM task_event GROUP BY event ORDER BY event"
ENDS = "SELECT state, reason, count(*) FROM task GROUP BY state, reason ORDER BY count(*) DESC"


def main(arguments: list[str]) -> int:
    """Run a year and report; return 0 if nothing was wrong."""
    seed = arguments[0] if arguments else "1"
    referrals = int(arguments[1]) if arguments[1:] else REFERRALS
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, partner_system() as partner:
        servers = embedded.start(Path(folder) / "servers")
        try:
            never_mind_power_cuts(servers)
            upgrade(servers.database_url)
            bench = open_bench(servers.database_url, Path(folder) / "hub")
            seed_demo(bench.hub)
            bench = open_bench(servers.database_url, Path(folder) / "hub")
            partner.register(bench)
            year = Year(bench, seed, referrals=referrals, days=DAYS, partner=partner)
            year.run(settle_days=SETTLE_DAYS)
            lines = [f"a year of a town (seed {seed}), {time.monotonic() - began:.0f} s", ""]
            lines += [f"{count:>8,}  {what}" for what, count in sorted(year.tally.items())]
            lines += ["", "what happened to tasks"]
            lines += [f"{row['count']:>8,}  {row['event']}" for row in bench.rows(EVENTS)]
            lines += ["", "how tasks stand"]
            lines += [
                f"{row['count']:>8,}  {row['state']} {row['reason'] or ''}"
                for row in bench.rows(ENDS)
            ]
            verified = bench.verify()
            hurried = checks.hurried(bench)
            lines += [
                "",
                f"{hurried} passed over before their time",
                f"log verifies: {verified.ok}",
            ]
            lines += [f"{len(year.faults)} faults", *year.faults]
            bench.close()
        finally:
            servers.stop()
    sys.stdout.write("\n".join(lines) + "\n")
    return int(bool(year.faults) or bool(hurried) or not verified.ok)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
