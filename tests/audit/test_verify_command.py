"""`hub verify-log` says what it found, and its exit status says it to a script."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.log_bench import ORIGIN, LogBench

ROOT = Path(__file__).resolve().parents[2]
STRANGER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


@pytest.fixture
def hub_verify_log(
    fresh_log: Callable[[int], LogBench], redis_url: str
) -> tuple[LogBench, Callable[..., subprocess.CompletedProcess[str]]]:
    bench = fresh_log(60)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
        "HUB_DATA": str(bench.directory),
        "HUB_LOG_ORIGIN": ORIGIN,
        "DATABASE_URL": bench.url,
        "REDIS_URL": redis_url,
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "referral_hub.cli", "verify-log", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return bench, run


def test_the_command_verifies_a_good_log_and_names_the_first_bad_entry_of_a_bad_one(
    hub_verify_log: tuple[LogBench, Callable[..., subprocess.CompletedProcess[str]]],
    tmp_path: Path,
) -> None:
    bench, run = hub_verify_log
    kept = tmp_path / "my-checkpoint"
    good = run("--save", str(kept))
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.startswith("VERIFIED\n")
    assert "size         60\n" in good.stdout
    assert f"checkpoint   {ORIGIN}\n" in good.stdout
    assert "a second" in good.stdout
    assert kept.read_bytes().startswith(f"{ORIGIN}\n60\n".encode())

    with bench.as_owner() as owner:
        owner.execute("UPDATE log_entry SET at = at + interval '1 hour' WHERE seq = 17")
    bad = run("--previous", str(kept), "--log-key", bench.signer.vkey)
    assert bad.returncode == 1
    assert bad.stdout.startswith("NOT VERIFIED\n")
    assert "PROBLEM      at 17: columns:" in bad.stdout


@pytest.mark.parametrize(
    "arguments",
    [("--log-key", "nonsense"), ("--previous", "no-such-file"), ("--previous", "README.md")],
)
def test_what_is_not_asked_properly_has_a_status_of_its_own(
    hub_verify_log: tuple[LogBench, Callable[..., subprocess.CompletedProcess[str]]],
    arguments: tuple[str, ...],
) -> None:
    _, run = hub_verify_log
    assert run(*arguments).returncode == 2


def test_a_key_of_another_log_verifies_nothing(
    hub_verify_log: tuple[LogBench, Callable[..., subprocess.CompletedProcess[str]]],
) -> None:
    _, run = hub_verify_log
    done = run("--log-key", STRANGER, "--quick")
    assert done.returncode == 1
    assert "PROBLEM      at 0: unsigned" in done.stdout
