"""A short year of a small town, by a seed: nobody forgotten, nobody twice, each step once."""

from __future__ import annotations

from tests.hub_bench import Bench, NewBench
from tests.services.partners import partner_system
from tests.town import checks
from tests.town.year import Year

REFERRALS, DAYS, SETTLE_DAYS = 60, 30, 45


def test_nobody_in_a_small_town_is_forgotten(new_bench: NewBench) -> None:
    with partner_system() as partner:
        town: Bench = new_bench()
        partner.register(town)
        year = Year(town, "test", referrals=REFERRALS, days=DAYS, partner=partner)
        year.run(settle_days=SETTLE_DAYS)
    assert year.faults == []
    assert year.tally["referrals"] == REFERRALS
    assert checks.hurried(town) == 0
    happened = {row["event"] for row in town.rows("SELECT DISTINCT event FROM task_event")}
    assert {"remind", "escalate", "due", "expire", "stop", "decline", "close"} <= happened
    assert town.verify().ok
