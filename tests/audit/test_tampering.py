"""Whatever is changed by SQL behind the hub's back is reported, with the first bad index.

A slice of what `make tamper SEED=1 CASES=1000` does; `TAMPERINGS=5000 make test PYTEST='-k
tampering'` tries that many. Every attack of the table is tried at least once in any case.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.audit.attacks_beside import ATTACKS, Hand
from tests.audit.log_bench import LogBench, dice
from tests.audit.tampering import ROWS, attack, open_up, put_back_afterwards, tamper_files

TRIES = max(1, -(-int(os.environ.get("TAMPERINGS", "0")) // len(ROWS)))
FILES = 200


@pytest.fixture(scope="module")
def open_bench(log_bench: LogBench) -> LogBench:
    """The log, without the constraints that would stop an owner who can drop them."""
    return open_up(log_bench)


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


@pytest.mark.parametrize("seed", range(TRIES))
@pytest.mark.parametrize("name", ROWS)
def test_tampering_is_reported_with_the_first_bad_index(
    open_bench: LogBench, name: str, seed: int
) -> None:
    found = attack(open_bench, name, f"{name} {seed}")
    assert found.fault is None, found.told


def test_a_changed_bundle_or_receipt_is_refused_and_the_entry_named(tmp_path: Path) -> None:
    for what, found in tamper_files(tmp_path, "tests", FILES):
        assert found.fault is None, f"{what}: {found.told}"


def test_what_was_tampered_with_is_found_without_the_keys_too(open_bench: LogBench) -> None:
    thrown = dice("no keys")
    with put_back_afterwards(open_bench) as owner:
        expected = ATTACKS["edit"](Hand(open_bench, owner, thrown))
        owner.commit()
        outcome = open_bench.verify(deep=False)
    assert outcome.first_bad == expected
    assert outcome.opened is None
    assert open_bench.verify().ok
