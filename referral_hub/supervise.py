"""Keep a few child processes running until told to stop, and leave none behind.

Each child leads a process group of its own, so that a Ctrl-C at the terminal reaches only this
process, which then stops the children in order; a child dies with its parent even after a SIGKILL.
A child that ends is started again after a pause that doubles up to half a minute, and is said,
because a worker that restarts in silence is a worker that does nothing. The limit: this is for one
machine; elsewhere the service manager does it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from referral_hub.clock import monotonic, pause
from referral_hub.embedded.identity import current

_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0
_GRACE_SECONDS = 20.0
_LARGEST_LOG = 10_000_000


@dataclass
class Child:
    """One program to keep running. `log` is where its output goes."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_after: float = field(default=0.0)

    def start(self, environ: Mapping[str, str]) -> None:
        """Start it in a process group of its own; its output is appended to `log`."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - this program's own subcommands
                self.command,
                env=dict(environ),
                preexec_fn=current().entering(signal.SIGTERM),  # noqa: PLW1509 - one thread only
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.started = monotonic()

    def signal_group(self, kind: signal.Signals) -> None:
        """Send `kind` to the child and everything that it started."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, kind)
        except ProcessLookupError:
            return


@dataclass
class Supervisor:
    """Starts, watches and stops `children`; tells `say` what a person should know."""

    children: Sequence[Child]
    environ: Mapping[str, str]
    say: Callable[[str], None]

    def start(self) -> None:
        """Start every child once."""
        for child in self.children:
            child.start(self.environ)

    def look_after(self) -> None:
        """Start again what has ended and whose pause is over; call it a few times a second."""
        now = monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.start_after:
                    child.start(self.environ)
            elif child.process.poll() is not None:
                self._ended(child, now)

    def stop(self) -> None:
        """Ask all to end, then insist. Returns when no child, nor anything it started, is left."""
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = monotonic() + _GRACE_SECONDS
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, deadline - monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not end in time and is killed")
            child.signal_group(signal.SIGKILL)
            child.process.wait()
            child.process = None

    def _ended(self, child: Child, now: float) -> None:
        status = child.process.returncode if child.process else 0
        child.signal_group(signal.SIGKILL)
        steady = now - child.started > _STEADY_SECONDS
        child.failures = 1 if steady else child.failures + 1
        wait = min(_LONGEST_PAUSE, 2.0 ** (child.failures - 1))
        child.process = None
        child.start_after = now + wait
        reason = f"signal {-status}" if status < 0 else f"exit status {status}"
        self.say(f"{child.name} ended ({reason}); starting it again in {wait:.0f} s: {child.log}")


def wait_until(
    condition: Callable[[], bool], *, seconds: float, meanwhile: Callable[[], None]
) -> bool:
    """Return whether `condition` came true within `seconds`; `meanwhile` runs between the looks."""
    deadline = monotonic() + seconds
    while monotonic() < deadline:
        if condition():
            return True
        meanwhile()
        pause(0.1)
    return False
