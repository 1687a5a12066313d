"""Several integrators at once, and integrators killed at any instant, leave one valid log."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from referral_hub.audit.events import EntryType
from tests.audit.log_bench import LogBench, dice

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
KINDS = [EntryType.DECISION, EntryType.VIEW, EntryType.TASK, EntryType.ACCESS]


@contextmanager
def integrating(bench: LogBench, most: int) -> Iterator[subprocess.Popen[str]]:
    """An integrator in a process of its own, from when it has begun; killed afterwards."""
    program = [sys.executable, "-m", "tests.audit.integrating"]
    process = subprocess.Popen(
        [*program, bench.url, str(bench.directory), str(most)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "integrating\n"
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)
        process.stdout.close()  # type: ignore[union-attr]  # it is a pipe


def numbered(bench: LogBench) -> int:
    with bench.as_owner() as owner:
        row = owner.execute("SELECT count(*) FROM log_entry WHERE seq IS NOT NULL").fetchone()
    assert row is not None
    return int(str(row[0]))


def wait_until(reached: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_integrators_in_parallel_number_every_entry_once_and_leave_a_valid_log(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(20)
    written = 20
    with integrating(bench, 7), integrating(bench, 7), integrating(bench, 50):
        for round_ in range(60):
            bench.write(KINDS * (1 + round_ % 4))
            written += len(KINDS) * (1 + round_ % 4)
            bench.integrator.run(5)
        wait_until(lambda: numbered(bench) == written)
    outcome = bench.verify()
    assert outcome.ok, outcome.problems
    assert outcome.entries == written
    assert outcome.pending == 0


@pytest.mark.slow
@pytest.mark.faults
def test_integrators_killed_at_any_instant_alone_or_not_leave_a_valid_log_that_goes_on(
    fresh_log: Callable[[int], LogBench],
) -> None:
    bench = fresh_log(20)
    thrown = dice("kills")
    written = 20
    for kill in range(KILLS):
        bench.write(KINDS * 100)
        written += len(KINDS) * 100
        with ExitStack() as stack:
            process = stack.enter_context(integrating(bench, 2))
            if kill % 2:
                stack.enter_context(integrating(bench, 3))
            time.sleep(thrown.random() * 0.25)
            process.kill()
        outcome = bench.verify(deep=False)
        assert outcome.ok, outcome.problems
        assert outcome.entries == numbered(bench)
    while bench.integrator.run().count:
        pass
    outcome = bench.verify()
    assert outcome.ok, outcome.problems
    assert outcome.entries == written
    assert outcome.pending == 0
