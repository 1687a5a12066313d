"""A worker killed in the middle of a file: whoever goes on finds each row done once, or not yet.

The moments are before and after every kind of statement that a batch writes, and between batches.
"""

from __future__ import annotations

import signal
import time
from datetime import timedelta
from uuid import UUID

import pytest

from referral_hub.services import import_batch
from referral_hub.services.file_imports import confirm_import, read_import
from referral_hub.services.run_imports import run_imports
from tests.faults.nursery import Nursery
from tests.faults.striking import Strike
from tests.hub_bench import Bench
from tests.importing import as_csv, send, set_up, visit

pytestmark = pytest.mark.faults

KILLED = -signal.SIGKILL
LEASE = import_batch.LEASE + timedelta(seconds=5)
ROWS = 2_450
MOMENTS = (
    ("after statement", "UPDATE csv_import SET lease_until", 1),
    ("before statement", "FOR UPDATE", 3),
    ("after statement", "INSERT INTO referral", 1),
    ("after statement", "INSERT INTO import_row", 2),
    ("before statement", "UPDATE csv_import SET position", 2),
    ("after statement", "UPDATE csv_import SET position", 2),
    ("after call", "referral_hub.services.run_imports:write_batch", 2),
    ("before call", "referral_hub.services.run_imports:_end", 1),
    ("after call", "referral_hub.services.run_imports:_end", 1),
)


def file_of_visits() -> bytes:
    """Mostly visits without a yes; every hundredth is a referral, one in between is staged."""
    rows = [
        visit(n)
        if n % 100 == 0
        else visit(n, first_name="")
        if n % 100 == 50
        else visit(n, agreed_to_referral="no")
        if n % 100 != 75
        else visit(n, phone="x")
        for n in range(ROWS)
    ]
    return as_csv(rows)


def go_on(bench: Bench, import_id: UUID) -> None:
    """Another worker looks until the file is done, as it does every few seconds.

    PostgreSQL notices a killed client late, and until then the file's row is still locked.
    """
    librarian = bench.staff["librarian"]
    for _ in range(100):
        run_imports(bench.hub)
        if read_import(bench.hub, librarian, import_id).row.state == "done":
            return
        time.sleep(0.1)


def once(bench: Bench, import_id: UUID) -> None:
    """Every row counted once, and became what it is, once."""
    view = read_import(bench.hub, bench.staff["librarian"], import_id)
    assert view.row.state == "done"
    counts = {name: count for name, count in view.row.counts.items() if count}
    assert counts == {"referral": 25, "staged": 24, "returned": 24, "left_out": ROWS - 73}
    assert len(bench.table("referral")) == 25
    assert len(bench.table("staged_item")) == 24
    assert len(bench.table("import_row")) == 49
    assert len({row["line"] for row in bench.table("import_row")}) == 49


@pytest.mark.parametrize(("at", "where", "count"), MOMENTS)
def test_a_worker_killed_in_an_import_leaves_nothing_out_and_does_nothing_twice(
    bench: Bench, nursery: Nursery, at: str, where: str, count: int
) -> None:
    set_up(bench)
    librarian = bench.staff["librarian"]
    import_id = send(bench.hub, librarian, file_of_visits())
    run_imports(bench.hub)
    confirm_import(bench.hub, librarian, import_id)
    strike = Strike(at, where, count)
    assert nursery.run(bench, "import", strike=strike) == KILLED, "the moment was never reached"
    bench.clock.forward(LEASE)
    go_on(bench, import_id)
    once(bench, import_id)
    bench.deliver()
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


def test_a_worker_that_slept_past_its_lease_writes_nothing_more(
    bench: Bench, nursery: Nursery
) -> None:
    set_up(bench)
    librarian = bench.staff["librarian"]
    import_id = send(bench.hub, librarian, file_of_visits())
    run_imports(bench.hub)
    confirm_import(bench.hub, librarian, import_id)
    strike = Strike(
        "before call", "referral_hub.services.run_imports:write_batch", 2, signal.SIGSTOP
    )
    sleeper = nursery.start(bench, "import", strike=strike)
    assert nursery.ended(sleeper) == -signal.SIGSTOP
    assert run_imports(bench.hub) == 0, "the sleeper's lease still holds"
    bench.clock.forward(LEASE)
    run_imports(bench.hub)
    nursery.go_on(sleeper)
    once(bench, import_id)
