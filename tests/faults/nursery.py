"""Starts, kills and awaits the processes of `tests.faults.processes`."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.striking import Strike
from tests.hub_bench import Bench

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60


class Nursery:
    """Forked workers; each is known by its process id."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.processes"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._born: queue.Queue[int] = queue.Queue()
        self._ends: dict[int, queue.Queue[int]] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def start(
        self, bench: Bench, work: str = "drain", *, strike: Strike | None = None, **details: Any
    ) -> int:
        """Start a process that does `work` for `bench`; returns its process id."""
        asked = {
            "work": work,
            "url": bench.url,
            "directory": str(bench.directory),
            "log": str(bench.directory / "worker.log"),
            "strike": asdict(strike) if strike else None,
            **details,
        }
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(asked)}\n")
        self._process.stdin.flush()
        return self._born.get(timeout=PATIENCE_SECONDS)

    def ended(self, pid: int) -> int:
        """Wait for a process to end or stop; returns its signal, negative, or its exit code."""
        status = self._ends[pid].get(timeout=PATIENCE_SECONDS)
        if os.WIFSTOPPED(status):
            return -os.WSTOPSIG(status)
        return os.waitstatus_to_exitcode(status)

    def run(self, bench: Bench, work: str = "drain", **details: Any) -> int:
        """Start a process and wait for its end."""
        return self.ended(self.start(bench, work, **details))

    def go_on(self, pid: int) -> None:
        """Let a stopped process continue."""
        os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process that forks; what it forked has ended by itself."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "pid" in said:
                self._ends.setdefault(said["pid"], queue.Queue())
                self._born.put(said["pid"])
            else:
                self._ends.setdefault(said["ended"], queue.Queue()).put(said["status"])
