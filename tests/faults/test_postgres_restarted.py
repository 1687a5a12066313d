"""PostgreSQL restarted, or killed, in the middle of the work: what was acknowledged arrives."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from psycopg import OperationalError

from referral_hub import embedded
from referral_hub.errors import ServiceUnavailable
from referral_hub.services.demo import seed_demo
from referral_hub.store.migrate import upgrade
from tests.faults.services_down import hub_worker, wait_until
from tests.hub_bench import Bench, open_bench

pytestmark = [pytest.mark.faults]


@pytest.fixture
def own_servers(tmp_path: Path) -> Iterator[embedded.Embedded]:
    """Servers of this test's own, which it may stop."""
    servers = embedded.start(tmp_path / "servers")
    yield servers
    servers.stop()
    shutil.rmtree(tmp_path / "servers", ignore_errors=True)


@pytest.fixture
def town(own_servers: embedded.Embedded, tmp_path: Path) -> Iterator[Bench]:
    upgrade(own_servers.database_url)
    first = open_bench(own_servers.database_url, tmp_path / "hub")
    seed_demo(first.hub)
    first.close()
    bench = open_bench(own_servers.database_url, tmp_path / "hub")
    yield bench
    bench.close()


def refer_through(town: Bench, acknowledged: list[str]) -> bool:
    try:
        acknowledged.append(town.refer(to=("mentors", "council")).reference)
    except ServiceUnavailable:
        return False
    return True


def references(town: Bench) -> set[str]:
    return {row["reference"] for row in town.table("referral")}


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL], ids=["restarted", "killed"])
def test_what_was_acknowledged_arrives_after_the_database_was(
    town: Bench, own_servers: embedded.Embedded, kind: signal.Signals
) -> None:
    acknowledged: list[str] = []
    with hub_worker(town, own_servers.redis_url) as worker:
        for _ in range(5):
            assert refer_through(town, acknowledged)
        process = own_servers.postgres._process
        assert process is not None
        os.kill(process.pid, kind)
        process.wait(30)
        assert not refer_through(town, acknowledged)
        own_servers.postgres.start()
        wait_until(lambda: refer_through(town, acknowledged))
        for _ in range(5):
            assert refer_through(town, acknowledged)
        with suppress(OperationalError):
            town.rows("SELECT 1")  # the bench's own connection ended with the server
        town.rows("UPDATE outbox SET lease_until = NULL WHERE state = 'due'")
        wait_until(lambda: {state for _, state in town.states()} == {"offered"})
        assert worker.poll() is None
    assert set(acknowledged) <= references(town)
    assert len(town.table("release")) == len(town.table("task"))
    assert town.disclosures_without_entry() == []
    assert town.verify().ok


def test_a_hub_whose_connections_were_all_ended_works_again_at_the_next_request(
    bench: Bench,
) -> None:
    bench.refer()
    bench.deliver()
    bench.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    failures = 0
    for _ in range(6):
        try:
            bench.refer()
        except ServiceUnavailable:
            failures += 1
    assert failures <= 1
    for _ in range(6):
        bench.rows("UPDATE outbox SET due_at = now()")
        try:
            bench.deliver()
        except ServiceUnavailable:
            failures += 1
    assert failures <= 5
    assert set(bench.outbox()) == {("offer", "delivered", None)}
