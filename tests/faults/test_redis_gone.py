"""Redis is the doorbell: rung, flushed, full, killed for good; everything arrives all the same."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from redis import Redis

from referral_hub.outbox.doorbell import QUEUE, RUNG, RedisDoorbell
from tests.faults.services_down import hub_worker, own_redis, wait_until
from tests.hub_bench import Bench, NewBench

pytestmark = pytest.mark.faults


def all_offered(bench: Bench) -> bool:
    return {state for _, state in bench.states()} == {"offered"}


def test_everything_arrives_with_redis_flushed_and_then_killed_for_good(
    new_bench: NewBench, tmp_path: Path
) -> None:
    with own_redis(tmp_path / "redis") as redis:
        bench = new_bench(REDIS_URL=redis.url)
        with hub_worker(bench, redis.url) as worker:
            bench.refer(to=("mentors", "council"))
            wait_until(lambda: all_offered(bench))
            client = Redis.from_url(redis.url)
            for _ in range(5):
                bench.refer(to=("mentors", "council"))
                client.flushall()
            client.close()
            wait_until(lambda: all_offered(bench))
            assert redis._process is not None
            os.kill(redis._process.pid, signal.SIGKILL)
            redis._process.wait()
            for _ in range(5):
                bench.refer(to=("mentors", "council"))
            wait_until(lambda: all_offered(bench))
            assert len(bench.states()) == 11
            assert worker.poll() is None
        assert worker.returncode == 0
        assert bench.disclosures_without_entry() == []
        assert bench.verify().ok


def test_accepting_does_not_wait_for_a_redis_that_hangs(
    new_bench: NewBench, tmp_path: Path
) -> None:
    with own_redis(tmp_path / "redis") as redis:
        bench = new_bench(REDIS_URL=redis.url)
        bench.refer()
        assert redis._process is not None
        os.kill(redis._process.pid, signal.SIGSTOP)
        try:
            began = bench.clock()
            bench.refer()
            assert (bench.clock() - began).total_seconds() < 5
        finally:
            os.kill(redis._process.pid, signal.SIGCONT)
        assert len(bench.table("referral")) == 2


def test_a_full_redis_refuses_the_ring_and_not_the_referral(
    new_bench: NewBench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_redis(tmp_path / "redis") as redis:
        bench = new_bench(REDIS_URL=redis.url)
        client = Redis.from_url(redis.url)
        client.config_set("maxmemory", 1)
        bench.refer(to=("mentors", "council"))
        assert [record.message for record in caplog.records] == ["bell_not_rung"]
        client.close()
        bench.deliver()
        assert all_offered(bench)


def test_one_ring_waits_however_many_referrals_come_and_carries_nothing_about_them(
    new_bench: NewBench, tmp_path: Path
) -> None:
    with own_redis(tmp_path / "redis") as redis:
        bench = new_bench(REDIS_URL=redis.url)
        for _ in range(5):
            bench.refer()
        client = Redis.from_url(redis.url)
        assert client.llen(f"rq:queue:{QUEUE}") == 1
        assert 0 < client.pttl(RUNG) <= 30_000
        (job_key,) = client.keys("rq:job:*")
        job = {name.decode(): value for name, value in client.hgetall(job_key).items()}
        assert job["description"] == b"deliver"
        assert not {"exc_info", "result"} & set(job)
        client.delete(RUNG)
        RedisDoorbell(redis.url).ring()
        assert client.llen(f"rq:queue:{QUEUE}") == 2
        client.close()


def test_a_worker_that_is_told_to_stop_finishes_what_it_has_and_ends(
    new_bench: NewBench, tmp_path: Path
) -> None:
    with own_redis(tmp_path / "redis") as redis:
        bench = new_bench()
        for _ in range(40):
            bench.refer(to=("mentors", "council"))
        with hub_worker(bench, redis.url) as worker:
            wait_until(lambda: bool(bench.table("release")))
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        states = {state for _, state in bench.states()}
        assert states <= {"offered", "routed"}
        assert not [row for row in bench.table("outbox") if row["lease_until"]]
        bench.deliver()
        assert all_offered(bench)
        assert bench.verify().ok
