"""`hub run` comes up from nothing, says so only when it is true, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from referral_hub.clock import monotonic
from referral_hub.supervise import wait_until
from tests.ports import free_ports

READY = re.compile(r"Referral Hub is ready: (http://\S+)")
SECONDS_TO_START = 120.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment of its own: free ports, and a data directory with a space in its name."""
    web, metrics, partner = free_ports(3)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    kept.pop("DATABASE_URL", None)
    kept.pop("REDIS_URL", None)
    return {
        **kept,
        "HUB_DATA": str(tmp_path_factory.mktemp("hub") / "its data"),
        "HUB_PORT": web,
        "HUB_METRICS_PORT": metrics,
        "HUB_PARTNER_PORT": partner,
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _running(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A started hub and the lines that it printed up to the end of the sign-ins."""
    command = [sys.executable, "-m", "referral_hub.cli", "run"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            printed: list[str] = []
            for line in process.stdout:
                printed.append(line.rstrip())
                if line.startswith("Logs:"):
                    break
            assert any(READY.match(line) for line in printed), "\n".join(printed)
            yield process, printed
        finally:
            if process.poll() is None:
                process.kill()


def _started_by(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Everything that the hub has started, and what that has started."""
    return psutil.Process(process.pid).children(recursive=True)


def _all_gone(processes: list[psutil.Process], seconds: float) -> bool:
    return wait_until(
        lambda: not any(one.is_running() and one.status() != "zombie" for one in processes),
        seconds=seconds,
        meanwhile=lambda: None,
    )


def test_the_ready_line_is_true_and_ctrl_c_leaves_nothing(environ: dict[str, str]) -> None:
    with _running(environ) as (process, printed):
        answer = httpx.get(f"http://127.0.0.1:{environ['HUB_PORT']}/readyz")
        assert answer.status_code == 200
        metrics = httpx.get(f"http://127.0.0.1:{environ['HUB_METRICS_PORT']}/metrics")
        assert "hub_request_seconds_count" in metrics.text
        assert any("gp " in line for line in printed)
        started = _started_by(process)
        assert len(started) > 8
        (code,) = [
            line.partition("code: ")[2] for line in printed if "hub demo-code hill-dpo" in line
        ]
        assert code == f"HUB_DATA='{environ['HUB_DATA']}' .venv/bin/hub demo-code hill-dpo"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert _all_gone(started, 5)


def test_ctrl_c_is_heard_though_the_shell_that_started_the_hub_ignored_it(
    environ: dict[str, str],
) -> None:
    ignoring = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _running(environ) as (process, _):
            signal.signal(signal.SIGINT, ignoring)
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
    finally:
        signal.signal(signal.SIGINT, ignoring)


def test_a_second_start_keeps_its_data_and_is_quick(environ: dict[str, str]) -> None:
    password = Path(environ["HUB_DATA"]) / "demo-password"
    kept = password.read_text()
    began = monotonic()
    with _running(environ) as (process, _):
        seconds = monotonic() - began
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert password.read_text() == kept
    assert seconds < 60


def test_after_a_kill_nothing_runs_on_and_the_next_start_works(environ: dict[str, str]) -> None:
    with _running(environ) as (process, _):
        started = _started_by(process)
        process.kill()
        process.wait()
    assert _all_gone(started, 40)
    with _running(environ) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_a_child_that_dies_comes_back_and_is_said(environ: dict[str, str]) -> None:
    with _running(environ) as (process, _):
        assert process.stdout is not None
        (worker,) = [
            one for one in _started_by(process) if "".join(one.cmdline()).startswith("rq:worker")
        ]
        worker.kill()
        assert "worker 1 ended (signal 9); starting it again in 1 s" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_a_second_hub_on_the_same_data_says_what_to_do(environ: dict[str, str]) -> None:
    with _running(environ) as (process, _):
        second = subprocess.run(
            [sys.executable, "-m", "referral_hub.cli", "run"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "set another HUB_PORT" in second.stderr
        assert "Traceback" not in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_the_process_logs_are_json_lines(environ: dict[str, str]) -> None:
    for path in (Path(environ["HUB_DATA"]) / "log").glob("w*.log"):
        for line in path.read_text().splitlines():
            assert json.loads(line)["level"], path
