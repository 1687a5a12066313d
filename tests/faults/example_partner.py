"""The example partner system as a process of its own, and what it has kept."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc.jwk import OKPKey

from referral_hub.services.demo import register_partner
from tests.hub_bench import Bench
from tests.services.partners import unsealed

EXAMPLES = Path(__file__).parents[2] / "examples"
NAME = "Mereford Time Bank"


@dataclass
class ExamplePartner:
    """A running `examples/partner_system`, which deduplicates by effect id."""

    process: subprocess.Popen[str]
    port: int
    data: Path
    jwks: dict[str, Any]

    def introduce(self, bench: Bench) -> None:
        """Register its address and keys with a hub."""
        encryption = next(key for key in self.jwks["keys"] if key["use"] == "enc")
        signing = {"keys": [key for key in self.jwks["keys"] if key["use"] == "sig"]}
        register_partner(
            bench.hub,
            NAME,
            url=f"http://127.0.0.1:{self.port}/referrals",
            encryption_jwk=encryption,
            signing_jwks=signing,
        )

    def kept(self) -> list[tuple[UUID, UUID, bytes | None]]:
        """(effect id, task id, envelope) of each message it has kept, oldest first."""
        with closing(sqlite3.connect(self.data / "partner.sqlite3")) as casebook:
            rows = casebook.execute("SELECT effect_id, task_id, sealed FROM envelope").fetchall()
        return [(UUID(effect), UUID(task), sealed) for effect, task, sealed in rows]

    def forget(self) -> None:
        """Empty its casebook."""
        with closing(sqlite3.connect(self.data / "partner.sqlite3")) as casebook:
            casebook.execute("DELETE FROM envelope")
            casebook.execute("DELETE FROM task")
            casebook.commit()

    def documents(self) -> list[dict[str, Any]]:
        """What was in the messages that it can still open."""
        key = OKPKey.import_key(json.loads((self.data / "encryption-key.json").read_text()))
        return [unsealed(key, sealed) for _, _, sealed in self.kept() if sealed]


@contextmanager
def example_partner(data: Path, bench: Bench) -> Iterator[ExamplePartner]:
    """Start it, for the hub of `bench` and every copy of the same town."""
    data.mkdir()
    hub_keys = data.with_name("hub-keys.json")
    hub_keys.write_text(json.dumps(bench.hub.hub_signer.public_jwks()), encoding="utf-8")
    made = _program("init", "--data", str(data))
    jwks = json.loads(subprocess.run(made, env=_env(), capture_output=True, check=True).stdout)
    serve = _program(
        *("serve", "--data", str(data), "--port", "0"),
        *("--hub-url", bench.hub.settings.public_url, "--hub-jwks", str(hub_keys)),
        *("--agency", str(bench.agencies["time_bank"])),
    )
    with subprocess.Popen(serve, env=_env(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().rstrip().rstrip("/")
        process.stdout.readline()
        yield ExamplePartner(process, int(address.rpartition(":")[2]), data, jwks)
        process.terminate()


def _program(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "partner_system", *arguments]


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(EXAMPLES)}
