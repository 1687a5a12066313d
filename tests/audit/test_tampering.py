"""Whatever is changed by SQL behind the hub's back is reported, with the first bad index.

`TAMPERINGS=5000 make test PYTEST='-k tampering'` tries that many; every attack of the table is
tried at least four times in any case, and a seed makes the same change again.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.audit.attacks_beside import ATTACKS, Hand
from tests.audit.log_bench import LogBench, dice

TABLE = Path(__file__).resolve().parents[1] / "tables" / "log_tampering.csv"
with TABLE.open(encoding="utf-8", newline="") as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file)}
TRIES = max(4, -(-int(os.environ.get("TAMPERINGS", "0")) // len(ROWS)))
KEPT = ("log_entry", "log_opening", "log_tile", "log_checkpoint", "release", "consent_event",
        "task_event")  # fmt: skip
IN_THE_WAY = (
    ("release", "fk_release_entry_id_log_entry"),
    ("release", "uq_release_entry_id"),
    ("log_opening", "fk_log_opening_entry_id_log_entry"),
    ("consent_event", "fk_consent_event_entry_id_log_entry"),
    ("task_event", "fk_task_event_entry_id_log_entry"),
)


@pytest.fixture(scope="module")
def open_bench(log_bench: LogBench) -> LogBench:
    """The log, without the constraints that would stop an owner who can drop them."""
    with log_bench.as_owner() as owner:
        for table, constraint in IN_THE_WAY:
            owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        owner.execute("DROP INDEX uq_log_entry_seq")
        for table in KEPT:
            owner.execute(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")  # noqa: S608 - our own names
    return log_bench


@contextmanager
def _put_back_afterwards(bench: LogBench) -> Iterator[psycopg.Connection[Any]]:
    memory = bench.memory_path.read_bytes()
    with bench.as_owner() as owner:
        yield owner
    with bench.as_owner() as owner:
        for table in reversed(KEPT):
            owner.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        for table in KEPT:
            owner.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608 - our own names
    bench.memory_path.write_bytes(memory)


def test_a_log_that_nobody_touched_verifies(log_bench: LogBench) -> None:
    outcome = log_bench.verify()
    assert outcome.ok, outcome.problems
    assert outcome.entries == outcome.size == 330
    assert outcome.pending == 0
    assert outcome.releases > 20
    assert outcome.records > 10
    assert outcome.history > 40
    assert outcome.compared
    assert outcome.first_bad is None


def test_every_attack_of_the_table_is_carried_out() -> None:
    assert ATTACKS.keys() == ROWS.keys()
    assert len(ROWS) * TRIES >= 200


@pytest.mark.parametrize("seed", range(TRIES))
@pytest.mark.parametrize("name", ROWS)
def test_tampering_is_reported_with_the_first_bad_index(
    open_bench: LogBench, name: str, seed: int
) -> None:
    row = ROWS[name]
    thrown = dice(f"{name} {seed}")
    with _put_back_afterwards(open_bench) as owner:
        expected = ATTACKS[name](Hand(open_bench, owner, thrown))
        owner.commit()
        outcome = open_bench.verify()
    told = "\n".join(map(str, outcome.problems))
    assert not outcome.ok
    assert row["kind"] in {problem.kind for problem in outcome.problems}, told
    assert outcome.first_bad == expected, told
    first = next((found for found in outcome.problems if found.index == expected), None)
    if row["where"] == "exact":
        assert any(p.exact for p in outcome.problems if p.index == expected), told
    elif row["where"] == "from":
        assert first is not None
    else:
        assert row["where"] == "none"
        assert expected is None


def test_what_was_tampered_with_is_found_without_the_keys_too(open_bench: LogBench) -> None:
    thrown = dice("no keys")
    with _put_back_afterwards(open_bench) as owner:
        expected = ATTACKS["edit"](Hand(open_bench, owner, thrown))
        owner.commit()
        outcome = open_bench.verify(deep=False)
    assert outcome.first_bad == expected
    assert outcome.opened is None
    assert open_bench.verify().ok
