"""Logs to verify: one shared by a module, one of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audit.log_bench import LogBench


@pytest.fixture(scope="module")
def log_bench(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LogBench]:
    """A log of some three hundred entries, shared by a module that puts back what it changes."""
    bench = LogBench(module_database_url, tmp_path_factory.mktemp("log"))
    bench.grow(330)
    yield bench
    bench.close()


@pytest.fixture
def fresh_log(database_url: str, tmp_path: Path) -> Iterator[Callable[[int], LogBench]]:
    """A function that makes this test's own log of so many entries."""
    made: list[LogBench] = []

    def make(count: int, seed: int = 1) -> LogBench:
        bench = LogBench(database_url, tmp_path, seed)
        bench.grow(count)
        made.append(bench)
        return bench

    yield make
    for bench in made:
        bench.close()
