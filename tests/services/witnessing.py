"""Witnesses to ask: real ones over HTTP, and one that answers whatever a test wants."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from consent.evidence.checkpoint import Verifier
from consent.evidence.witness_policy import parse_policy
from referral_hub.services.hub import Hub
from witness.cosigner import Cosigner
from witness.record import Record
from witness.server import WitnessServer
from witness.witness import Witness

NOWHERE = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Council:
    """A running witness: its key, its files and its address."""

    cosigner: Cosigner
    directory: Path
    witness: Witness
    url: str


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def witnessing(hub: Hub, directory: Path, name: str) -> Iterator[Council]:
    """A witness of this hub's log."""
    directory.mkdir(exist_ok=True)
    cosigner = Cosigner(directory / "witness.key", f"witness.example/{name}")
    record = Record(directory / "witness.sqlite3")
    log = Verifier.from_vkey(hub.log_vkey)
    witness = Witness(cosigner, record, [log], clock=lambda: 1_780_000_000)
    with serving(WitnessServer(("127.0.0.1", 0), witness)) as url:
        yield Council(cosigner, directory, witness, url)


@contextmanager
def answering(status: int, body: bytes, headers: Mapping[str, str]) -> Iterator[str]:
    """A server that gives the same answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """The hub hangs up on an answer that does not end."""

    with serving(Quiet(("127.0.0.1", 0), Handler)) as url:
        yield url


def policy(hub: Hub, witnesses: Mapping[str, tuple[Cosigner, str]], quorum: str) -> bytes:
    """The policy file that names the hub's log and these witnesses."""
    lines = [f"log {hub.log_vkey}"]
    lines += [
        f"witness {name} {cosigner.verifier.vkey()} {url}"
        for name, (cosigner, url) in witnesses.items()
    ]
    lines += [f"group quorum-group {quorum} {' '.join(witnesses)}", "quorum quorum-group"]
    return "".join(f"{line}\n" for line in lines).encode()


def with_policy(hub: Hub, text: bytes) -> Hub:
    """The hub as it is after a start with this policy."""
    return replace(hub, witness_policy=parse_policy(text))
