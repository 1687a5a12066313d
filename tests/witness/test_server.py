"""The witness as a program: asked by many at once, killed in the middle, sent nonsense."""

from __future__ import annotations

import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from consent.evidence.checkpoint import Verifier, parse_checkpoint, verify_note
from consent.evidence.submission import Submission
from tests.audit.log_bench import dice as dice_of
from tests.consent.evidence.sample_log import SampleLog
from tests.witness.logs import LOG_KEY, body, forked
from witness.record import Record

ROOT = Path(__file__).resolve().parents[2]
LOG = SampleLog(120, LOG_KEY)
OTHER_PAST = forked(3, 120)
KILLS = 8


@dataclass
class Program:
    """A running witness."""

    process: subprocess.Popen[str]
    port: int
    key: Verifier

    def ask(self, sent: bytes, path: str = "/add-checkpoint") -> tuple[int, bytes, str]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            link.request("POST", path, sent)
            answer = link.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Type"]
        finally:
            link.close()

    def raw(self, sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as link:
            link.sendall(sent)
            link.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: link.recv(65536), b""))


@contextmanager
def running(data: Path, *before: str) -> Iterator[Program]:
    """Start a witness over `data`, as an agency does; killed afterwards if it still runs."""
    program = before or (sys.executable, "-m", "witness")
    arguments = ["--data", str(data), "--name", "w.example/one", "--log", LOG_KEY.vkey]
    process = subprocess.Popen(
        [*program, "serve", *arguments, "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        ready = process.stdout.readline()
        assert ready.startswith("Witness is ready: http://127.0.0.1:"), process.stderr.read()
        port = int(ready.strip().rpartition(":")[2])
        yield Program(process, port, Verifier.from_vkey(process.stdout.readline().strip()))
    finally:
        process.kill()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()


@dataclass
class Seen:
    """Every checkpoint that was cosigned: size to root; two roots of one size are a fork."""

    roots: dict[int, set[bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, log: SampleLog, size: int, lines: bytes, key: Verifier) -> None:
        text = verify_note(log.note(size) + lines, [key]).text
        with self.lock:
            self.roots.setdefault(size, set()).add(parse_checkpoint(text).root)

    def require_one_past(self) -> int:
        """Return the largest size; every cosigned root is of one of the two pasts."""
        assert all(len(roots) == 1 for roots in self.roots.values())
        beyond = {size: roots for size, roots in self.roots.items() if size > 3}
        pasts = [
            all(roots == {log.checkpoint(size).root} for size, roots in beyond.items())
            for log in (LOG, OTHER_PAST)
        ]
        assert any(pasts), "both pasts were cosigned"
        return max(self.roots)


def press(program: Program, log: SampleLog, seen: Seen, seed: int, until: float) -> int:
    """Push one past as far as it goes, following what the witness says; return how often."""
    dice, old, asked = dice_of(seed), 0, 0
    while time.monotonic() < until and old < len(log.entries):
        size = min(len(log.entries), old + dice.randint(0, 2))
        try:
            status, answer, _ = program.ask(body(log, old, size))
        except (OSError, http.client.HTTPException):
            break
        asked += 1
        if status == 200:
            seen.add(log, size, answer, program.key)
            old = size
        elif status == 409:
            old = min(int(answer), len(log.entries))
        else:
            assert status == 422
    return asked


@pytest.mark.slow
def test_many_who_ask_at_once_get_one_past_cosigned_even_by_two_processes(tmp_path: Path) -> None:
    seen = Seen()
    with running(tmp_path) as one, running(tmp_path) as two, ThreadPoolExecutor(8) as pool:
        until = time.monotonic() + 4
        jobs = [
            pool.submit(press, program, log, seen, seed, until)
            for seed, (program, log) in enumerate(
                itertools.product((one, two), (LOG, OTHER_PAST, LOG, OTHER_PAST))
            )
        ]
        assert sum(job.result() for job in jobs) > 40
        largest = seen.require_one_past()
        assert one.key == two.key
        assert int(one.ask(body(LOG, 0))[1]) >= largest


@pytest.mark.slow
def test_killed_at_any_instant_it_never_forgets_what_it_cosigned(tmp_path: Path) -> None:
    seen, dice = Seen(), dice_of(7)
    for round_ in range(KILLS):
        with running(tmp_path) as program, ThreadPoolExecutor(4) as pool:
            until = time.monotonic() + 20
            for seed, log in enumerate((LOG, OTHER_PAST, LOG, OTHER_PAST)):
                pool.submit(press, program, log, seen, 10 * round_ + seed, until)
            time.sleep(dice.uniform(0.02, 0.4))
            os.kill(program.process.pid, signal.SIGKILL)
    largest = seen.require_one_past()
    with running(tmp_path) as program:
        status, recorded, _ = program.ask(Submission(2**40, (), LOG.note(1)).build())
        assert status == 400
        status, recorded, kind = program.ask(body(LOG, 1, 120))
        assert (status, kind) == (409, "text/x.tlog.size")
        assert int(recorded) >= largest > 1


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(tmp_path_factory.mktemp("w")) as found:
        yield found


def test_the_answers_have_the_published_types(program: Program) -> None:
    status, lines, kind = program.ask(body(LOG, 0, 1))
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert lines.startswith("— w.example/one ".encode())
    assert lines.count(b"\n") == 1
    assert program.ask(body(LOG, 0, 2)) == (409, b"1\n", "text/x.tlog.size")
    assert program.ask(b"old 0\n")[0] == 400


def test_one_connection_serves_many_requests(program: Program) -> None:
    link = http.client.HTTPConnection("127.0.0.1", program.port, timeout=20)
    for _ in range(5):
        link.request("POST", "/add-checkpoint", body(LOG, 99, 100))
        answer = link.getresponse()
        assert (answer.status, answer.read()[-1:]) == (409, b"\n")
    link.close()


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (HEAD + b"Content-Length: 65537\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: 999999999999\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: +5\r\n\r\n", b"411"),
        (HEAD + b"\r\n", b"411"),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nold 0\n", b"411"),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: 500\r\n\r\nold 0\n", b"400"),
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", b"404"),
        (b"PUT /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"501"),
        (HEAD.replace(b"/add-checkpoint", b"/") + b"Content-Length: 0\r\n\r\n", b"404"),
        (HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_served(
    program: Program, sent: bytes, status: bytes
) -> None:
    assert program.raw(sent).split(b" ")[1] == status
    assert program.ask(b"nonsense")[0] == 400


def test_it_prints_its_key_and_hub_witness_is_the_same_program(tmp_path: Path) -> None:
    arguments = ["key", "--data", str(tmp_path), "--name", "w.example/one"]
    printed = [
        subprocess.run(
            [sys.executable, "-m", module, *extra, *arguments],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for module, extra in (("witness", ()), ("referral_hub.cli", ("witness",)))
    ]
    assert printed[0] == printed[1]
    hub = (sys.executable, "-m", "referral_hub.cli", "witness")
    with running(tmp_path, *hub) as found:
        assert found.key.vkey() == printed[0].strip()
        assert found.ask(body(LOG, 0, 4))[0] == 200
    assert Record(tmp_path / "witness.sqlite3").forks() == []


@pytest.mark.parametrize("name", ["two words", "a+b", ""])
def test_a_name_that_is_none_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "witness", "key", "--data", str(tmp_path), "--name", name],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert "the witness cannot start: key name" in done.stderr
