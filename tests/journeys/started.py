"""Start the whole hub as `make run` does, on ports of its own, and read what it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_ports


@dataclass(frozen=True)
class RunningHub:
    """A hub that was started by `hub run`, and what it printed."""

    address: str
    partner: str
    partner_code: str
    password: str
    mails: str
    link_code: str
    environ: dict[str, str]
    process_id: int
    spent: dict[str, str] = field(default_factory=dict)

    def one_time_code(self, username: str) -> str:
        """What the account's authenticator shows, once it is another than it signed in with last.

        A code is good once (RFC 6238, 5.2), so that two sign-ins in half a minute need two.
        """
        while (code := self._shown(username)) == self.spent.get(username):
            time.sleep(1)
        self.spent[username] = code
        return code

    def _shown(self, username: str) -> str:
        command = [sys.executable, "-m", "referral_hub.cli", "demo-code", username]
        done = subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.strip()

    @contextmanager
    def worker_paused(self) -> Iterator[None]:
        """Nothing leaves the hub while the worker stands still."""
        worker = _child(self.process_id, b"rq:worker")
        os.killpg(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(worker, signal.SIGCONT)


@contextmanager
def started_hub(directory: Path) -> Iterator[RunningHub]:
    """The hub, its worker and the time bank's own system, until the block ends."""
    environ = _environ(directory)
    command = [sys.executable, "-m", "referral_hub.cli", "run"]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield _printed(process, environ)
        finally:
            process.terminate()
            process.wait(timeout=60)


def _environ(directory: Path) -> dict[str, str]:
    web, metrics, partner, mails, mail_server = free_ports(5)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("HUB_")}
    for name in ("DATABASE_URL", "REDIS_URL", "MIGRATE_DATABASE_URL"):
        kept.pop(name, None)
    return kept | {
        "HUB_DATA": str(directory / "data"),
        "HUB_PORT": web,
        "HUB_METRICS_PORT": metrics,
        "HUB_PARTNER_PORT": partner,
        "HUB_MAIL_PORT": mails,
        "HUB_MAIL_SERVER_PORT": mail_server,
        "PYTHONUNBUFFERED": "1",
    }


def _printed(process: subprocess.Popen[str], environ: dict[str, str]) -> RunningHub:
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith("Logs:"):
            break
    said = "".join(lines)
    found = {
        name: re.search(pattern, said)
        for name, pattern in {
            "address": r"Referral Hub is ready: (\S+)",
            "password": r"password for all: (\S+)\)",
            "partner": r"own system: (http\S+)",
            "code": r"\(code: (\S+)\)",
            "mails": r"Mails, which stay here: (\S+)",
            "link_code": r"\(code for its links: (\S+)\)",
        }.items()
    }
    assert all(found.values()), said
    values = {name: match.group(1) for name, match in found.items() if match}
    return RunningHub(
        address=values["address"],
        partner=values["partner"],
        partner_code=values["code"],
        password=values["password"],
        mails=values["mails"],
        link_code=values["link_code"],
        environ=environ,
        process_id=process.pid,
    )


def _child(parent: int, title: bytes) -> int:
    """The child of `parent` whose title in the list of processes starts so."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    for child in children:
        if Path(f"/proc/{child}/cmdline").read_bytes().startswith(title):
            return int(child)
    raise LookupError(title)
