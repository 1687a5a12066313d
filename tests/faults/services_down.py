"""A real worker process, a Redis and a PostgreSQL of a test's own, to be stopped and started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from referral_hub.embedded.places import socket_directory
from referral_hub.embedded.redis import RedisServer
from tests.hub_bench import Bench

ROOT = Path(__file__).parents[2]


@contextmanager
def own_redis(directory: Path) -> Iterator[RedisServer]:
    """A Redis that only this test talks to."""
    directory.mkdir(parents=True, exist_ok=True)
    server = RedisServer(directory, socket_directory(directory))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def hub_worker(
    bench: Bench, redis_url: str, *, database_url: str | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`hub worker` as `hub run` starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment = {
        **kept,
        "HUB_DATA": str(bench.directory),
        "HUB_DEMO": "1",
        "DATABASE_URL": database_url or bench.url,
        "REDIS_URL": redis_url,
    }
    log = bench.directory / "worker.log"
    with (
        log.open("ab") as file,
        subprocess.Popen(
            [sys.executable, "-m", "referral_hub.cli", "worker"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=file,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()


def wait_until(done: Callable[[], bool], seconds: float = 60) -> float:
    """Wait until `done`; returns how long it took. Raises TimeoutError."""
    began = time.monotonic()
    while not done():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - began
