"""Children are started, started again, and stopped with everything that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from referral_hub.supervise import Child, Supervisor, wait_until

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
WITH_A_CHILD = (
    sys.executable,
    "-c",
    (
        "import subprocess, sys, time;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(p.pid, flush=True); time.sleep(600)"
    ),
)
DEAF = (
    sys.executable,
    "-c",
    (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(600)"
    ),
)


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _soon(condition: object, seconds: float = 10.0) -> bool:
    assert callable(condition)
    return wait_until(condition, seconds=seconds, meanwhile=lambda: None)


@pytest.fixture
def said() -> list[str]:
    """What a person was told."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    """One child that does nothing."""
    made = Supervisor([Child("idle", SLEEPER, tmp_path / "idle.log")], os.environ, said.append)
    yield made
    made.stop()


def test_a_child_that_dies_is_started_again_and_said(
    supervisor: Supervisor, said: list[str]
) -> None:
    supervisor.start()
    (child,) = supervisor.children
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)

    def again() -> bool:
        supervisor.look_after()
        return child.process is not None and child.process.pid != first

    assert _soon(again)
    assert said == [f"idle ended (signal 9); starting it again in 1 s: {child.log}"]


def test_the_pause_before_starting_again_doubles_up_to_half_a_minute(
    tmp_path: Path, said: list[str]
) -> None:
    child = Child("brief", (sys.executable, "-c", "raise SystemExit(3)"), tmp_path / "brief.log")
    supervisor = Supervisor([child], os.environ, said.append)
    for _ in range(7):
        child.start(os.environ)
        assert child.process is not None
        child.process.wait()
        supervisor.look_after()
    pauses = [int(line.split(" in ")[1].split(" s")[0]) for line in said]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


def test_stopping_leaves_nothing_that_a_child_had_started(tmp_path: Path) -> None:
    child = Child("parent", WITH_A_CHILD, tmp_path / "parent.log")
    supervisor = Supervisor([child], os.environ, print)
    supervisor.start()
    assert _soon(lambda: child.log.read_text().strip())
    grandchild = int(child.log.read_text())
    assert _running(grandchild)
    supervisor.stop()
    assert _soon(lambda: not _running(grandchild))


def test_a_child_that_ignores_the_request_is_killed(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("referral_hub.supervise._GRACE_SECONDS", 0.5)
    child = Child("deaf", DEAF, tmp_path / "deaf.log")
    supervisor = Supervisor([child], os.environ, said.append)
    supervisor.start()
    assert _soon(lambda: "up" in child.log.read_text())
    assert child.process is not None
    pid = child.process.pid
    supervisor.stop()
    assert not _running(pid)
    assert said == ["deaf did not end in time and is killed"]


def test_children_die_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import os, sys, time; from pathlib import Path;"
        "from referral_hub.supervise import Child, Supervisor;"
        f"s = Supervisor([Child('idle', {SLEEPER!r}, Path({str(tmp_path / 'idle.log')!r}))],"
        " os.environ, print); s.start(); print(s.children[0].process.pid, flush=True);"
        "time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _running(pid)
        parent.kill()
    assert _soon(lambda: not _running(pid))


def test_a_log_that_has_grown_large_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "idle.log"
    log.write_bytes(b"x" * 10_000_001)
    child = Child("idle", (sys.executable, "-c", "print('fresh')"), log)
    child.start(os.environ)
    assert child.process is not None
    child.process.wait()
    assert log.read_text() == "fresh\n"
    assert log.with_suffix(".log.1").stat().st_size == 10_000_001


def test_waiting_gives_up_after_its_seconds() -> None:
    began = time.monotonic()
    assert not wait_until(lambda: False, seconds=0.3, meanwhile=lambda: None)
    assert time.monotonic() - began < 5
