"""Pushes per second with one and with two worker processes, which start when everything is due.

Each process has the hub built before it is told to begin, so that what is timed is delivering.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

from benchmarks.draining import fresh, public_jwk, sink
from benchmarks.town import Town, referral
from referral_hub.domain.codes import NeedCode
from referral_hub.outbox.doorbell import SilentDoorbell
from referral_hub.services.deliver import drain
from referral_hub.services.demo import register_partner
from referral_hub.services.submit_referral import submit_referral
from referral_hub.settings import load_settings
from referral_hub.wiring import build_hub

Figures = dict[str, Any]


def pushing(town: Town, referrals: int) -> Figures:
    """Return the rates of one and two workers over the same number of referrals each."""
    rates = {workers: _rate(town, workers, referrals) for workers in (1, 2)}
    return {
        "pushes_one_worker_per_second": rates[1],
        "pushes_two_workers_per_second": rates[2],
        "two_workers_to_one": rates[2] / rates[1],
    }


def _rate(town: Town, workers: int, referrals: int) -> float:
    usual = referral(town, ("Mereford Time Bank",), frozenset({NeedCode.GARDEN_HOME_JOBS}))
    with sink() as port:
        register_partner(
            town.hub,
            "Mereford Time Bank",
            url=f"http://127.0.0.1:{port}/referrals",
            encryption_jwk=public_jwk(),
            signing_jwks={"keys": []},
        )
        started = [_started(town) for _ in range(workers)]
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        for _ in range(referrals):
            submit_referral(town.hub, town.actor, replace(usual, draft_id=fresh()))
        began = time.perf_counter()
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in started:
            process.wait(timeout=300)
        return referrals / (time.perf_counter() - began)


def _started(town: Town) -> subprocess.Popen[str]:
    settings = town.settings
    environ = os.environ | {
        "HUB_DATA": str(settings.data_dir),
        "HUB_DEMO": "1",
        "DATABASE_URL": str(settings.database_url),
        "MIGRATE_DATABASE_URL": str(settings.migrate_database_url),
        "REDIS_URL": str(settings.redis_url),
        "HUB_SECRET_KEY": settings.secret_key,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.workers"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _work() -> None:
    hub = build_hub(load_settings(os.environ))
    hub = replace(hub, doorbell=SilentDoorbell())
    with hub.database.one_statement():
        print("ready", flush=True)
    sys.stdin.readline()
    drain(hub)


if __name__ == "__main__":
    _work()
