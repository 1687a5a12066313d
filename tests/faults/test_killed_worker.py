"""A worker killed at chosen moments: nothing lost, nothing twice, nothing without its log entry.

The moments are the reviewed table `kill_points.csv`; `FAULT_RUNS` adds that many seeded ones, at
any statement, before or after it (`FAULT_SEED` reproduces a run).
"""

from __future__ import annotations

import csv
import os
import signal
from pathlib import Path
from random import Random  # noqa: TID251 - a seed reproduces a run

import pytest

from tests.faults.aftermath import (
    ROUND,
    everything_arrived_once,
    give_the_worker_something_of_everything,
    nothing_left_without_its_entry,
    recover,
)
from tests.faults.example_partner import ExamplePartner
from tests.faults.nursery import Nursery
from tests.faults.striking import Strike
from tests.hub_bench import Bench

pytestmark = pytest.mark.faults

TABLE = Path(__file__).parents[1] / "tables" / "kill_points.csv"
RUNS = int(os.environ.get("FAULT_RUNS", "2"))
SEED = int(os.environ.get("FAULT_SEED", "1"))
KILLED = -signal.SIGKILL
STATEMENTS_AT_LEAST = 25


def _points() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _strike(row: dict[str, str], kind: int = signal.SIGKILL) -> Strike:
    return Strike(row["at"], row["where"], int(row["count"]), kind)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["point"]) for row in _points()])
def test_a_worker_killed(
    bench: Bench, partner: ExamplePartner, nursery: Nursery, row: dict[str, str]
) -> None:
    give_the_worker_something_of_everything(bench)
    assert nursery.run(bench, strike=_strike(row)) == KILLED, "the moment was never reached"
    nothing_left_without_its_entry(bench, partner)
    recover(bench)
    nothing_left_without_its_entry(bench, partner)
    everything_arrived_once(bench, partner)


@pytest.mark.parametrize("run", range(RUNS))
def test_a_worker_killed_at_any_statement(
    bench: Bench, partner: ExamplePartner, nursery: Nursery, run: int
) -> None:
    chance = Random(f"{SEED}/{run}")  # noqa: S311 - a seed reproduces a run
    strikes = [
        Strike(f"{chance.choice(['before', 'after'])} statement", "", chance.randint(1, 60))
        for _ in range(chance.randint(1, 3))
    ]
    give_the_worker_something_of_everything(bench)
    for number, strike in enumerate(strikes):
        ended = nursery.run(bench, strike=strike, ahead=95 * number)
        assert ended in {KILLED, 0}
        nothing_left_without_its_entry(bench, partner)
    recover(bench, rounds=4 + len(strikes))
    nothing_left_without_its_entry(bench, partner)
    everything_arrived_once(bench, partner)


def test_a_worker_that_is_not_killed_does_all_of_it_alone(
    bench: Bench, partner: ExamplePartner, nursery: Nursery
) -> None:
    give_the_worker_something_of_everything(bench)
    counted = bench.directory / "statements"
    assert nursery.run(bench, count_into=str(counted)) == 0
    assert int(counted.read_text()) >= STATEMENTS_AT_LEAST
    bench.clock.forward(ROUND)
    bench.deliver()
    everything_arrived_once(bench, partner)
