"""Accepting against the bare view, on the same server and database; and accepting as the store
grows.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.load import Measured, drive, request_bytes
from benchmarks.served import BARE, BODY
from benchmarks.town import Town
from referral_hub.store.registers import as_owner

Figures = dict[str, Any]

_COPIES = Path(__file__).with_name("copies.sql")


def against_bare(town: Town, *, rounds: int, seconds: float, connections: int) -> Figures:
    """Return rates of both views, their ratio, and latencies; rounds alternate."""
    bare_table(town)
    body = json.dumps(BODY).encode()
    sides = {
        "bare": request_bytes("/bare", body, town.token),
        "accept": request_bytes("/accept", body, town.token),
    }
    with served(town) as port:
        for prepared in sides.values():
            drive(port, prepared, connections=connections, seconds=1.0)
        seen: dict[str, list[Measured]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, prepared in sides.items():
                found = drive(port, prepared, connections=connections, seconds=seconds)
                seen[name].append(found)
    pairs = zip(seen["accept"], seen["bare"], strict=True)
    rates = {name: statistics.median(m.rate for m in found) for name, found in seen.items()}
    p95 = {
        name: statistics.median(m.percentile(0.95) for m in found) for name, found in seen.items()
    }
    return {
        "accept_per_second": rates["accept"],
        "bare_per_second": rates["bare"],
        "accept_to_bare": statistics.median(a.rate / b.rate for a, b in pairs),
        "accept_p95_ms": p95["accept"],
        "bare_p95_ms": p95["bare"],
        "failures": sum(m.failures for found in seen.values() for m in found),
    }


def as_it_grows(town: Town, sizes: tuple[int, int], *, seconds: float) -> Figures:
    """Return the median accept latency with `sizes[0]` and with `sizes[1]` referrals stored."""
    body = request_bytes("/accept", json.dumps(BODY).encode(), town.token)
    medians: list[float] = []
    for size in sizes:
        _fill(town, size)
        with served(town) as port:
            drive(port, body, connections=1, seconds=1.0)
            rounds = [drive(port, body, connections=1, seconds=seconds) for _ in range(3)]
        medians.append(statistics.median(m.percentile(0.5) for m in rounds))
    return {
        f"p50_ms_at_{sizes[0]}": medians[0],
        f"p50_ms_at_{sizes[1]}": medians[1],
        "growth": medians[1] / medians[0],
    }


@contextmanager
def served(town: Town) -> Iterator[int]:
    """The benchmark's application under gunicorn as the hub runs it; yields its port."""
    port = free_port()
    settings = town.settings
    environ = os.environ | {
        "HUB_DATA": str(settings.data_dir),
        "HUB_PORT": str(port),
        "HUB_DEMO": "1",
        "DATABASE_URL": str(settings.database_url),
        "MIGRATE_DATABASE_URL": str(settings.migrate_database_url),
        "REDIS_URL": str(settings.redis_url),
        "HUB_SECRET_KEY": settings.secret_key,
        "BENCH_AGENCIES": json.dumps({name: str(key) for name, key in town.agencies.items()}),
    }
    command = [sys.executable, "-m", "benchmarks.served"]
    server = subprocess.Popen(  # noqa: S603 - this program's own module
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=30)


def bare_table(town: Town) -> None:
    """Make the bare view's table."""
    with as_owner(str(town.settings.migrate_database_url)) as connection:
        BARE.create(connection, checkfirst=True)
        connection.execute(text("GRANT INSERT ON bare_referral TO hub_worker"))


def _fill(town: Town, size: int) -> None:
    """Copy accepted referrals, with all their rows, until there are `size` of them."""
    with as_owner(str(town.settings.migrate_database_url)) as connection:
        have = int(connection.execute(text("SELECT count(*) FROM referral")).scalar_one())
        if have >= size:
            return
        for statement in _COPIES.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"wanted": size - have})
    with as_owner(str(town.settings.migrate_database_url)) as connection:
        for table in (
            "subject",
            "referral",
            "sealed_record",
            "consent_event",
            "task",
            "task_event",
            "outbox",
            "log_entry",
            "log_opening",
        ):
            connection.execute(text(f"ANALYZE {table}"))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Wait until a server listens. Raises RuntimeError."""
    until = time.perf_counter() + 30
    while time.perf_counter() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("the benchmark's web server did not start")
