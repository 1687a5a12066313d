"""The scheduler killed at every statement of a round, and rounds side by side: each step once."""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.nursery import Nursery
from tests.faults.striking import Strike
from tests.hub_bench import Bench

pytestmark = pytest.mark.faults

KILLED = -signal.SIGKILL
MONDAY = datetime(2027, 2, 1, 10, tzinfo=UTC)
DAYS = {"remind": 8, "escalate": 11, "expire": 14}


def _offer(bench: Bench, many: int) -> None:
    """Ids of one instant are in order for 4,096 of them, so the clock goes on before delivery."""
    bench.clock.stop_at(MONDAY - timedelta(seconds=1))
    for _ in range(many):
        bench.refer(to=("mentors", "neighbours", "council"))
    bench.clock.stop_at(MONDAY)
    bench.deliver()


def _at(event: str) -> str:
    return (MONDAY + timedelta(days=DAYS[event])).isoformat()


def _steps(bench: Bench) -> Counter[str]:
    rows = bench.rows("SELECT event FROM task_event WHERE cause_id IS NOT NULL")
    return Counter(row["event"] for row in rows)


def test_a_scheduler_killed_at_any_statement_has_taken_a_step_entirely_or_not_at_all(
    bench: Bench, nursery: Nursery
) -> None:
    _offer(bench, 3)
    for at in (MONDAY.isoformat(), _at("remind"), _at("escalate")):
        assert nursery.run(bench, "clocks", at=at) == 0
    count = 0
    while True:
        count += 1
        strike = Strike("after statement", "", count)
        ended = nursery.run(bench, "clocks", at=_at("expire"), strike=strike)
        assert _steps(bench)["expire"] in {0, 3}, "three tasks are one transaction"
        if ended != KILLED:
            break
    assert count > 8
    assert _steps(bench) == dict.fromkeys(DAYS, 3)
    assert Counter(bench.states()) == {("mentors", "no_answer"): 3}
    assert len(bench.rows("SELECT id FROM outbox WHERE kind = 'advance'")) == 3
    bench.clock.stop_at(MONDAY + timedelta(days=14))
    bench.deliver()
    assert Counter(bench.states())["neighbours", "offered"] == 3
    assert bench.verify().ok


def test_schedulers_in_processes_of_their_own_take_each_step_once(
    bench: Bench, nursery: Nursery
) -> None:
    _offer(bench, 25)
    assert nursery.run(bench, "clocks", at=MONDAY.isoformat()) == 0
    for event in DAYS:
        started = [nursery.start(bench, "clocks", at=_at(event)) for _ in range(4)]
        assert [nursery.ended(pid) for pid in started] == [0] * 4
    assert _steps(bench) == dict.fromkeys(DAYS, 25)
