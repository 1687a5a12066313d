"""The witness over HTTP: `POST <prefix>/add-checkpoint`, and nothing else.

Anybody on the network may send anything: a body is read only up to its stated and bounded length,
a connection is dropped after ten seconds of silence, and only so many are served at once. The
limit: it speaks plain HTTP/1.1 and belongs behind a server that adds TLS; what it answers is signed
either way, and nothing that it is sent is secret.
"""

import re
import socket
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from consent.evidence.submission import MAX_SUBMISSION_BYTES
from witness.witness import Answer, Witness

MOST_CONNECTIONS = 64
PATH = "/add-checkpoint"

_LENGTH = re.compile(r"[0-9]{1,9}", re.ASCII)


class WitnessServer(ThreadingHTTPServer):
    """Serves one witness at `address`, a host and a port (0 chooses one)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness) -> None:
        self.witness = witness
        self._slots = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve in a thread of its own, if there is room; else hang up."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve, and make room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - base class's
        """Say what kind of fault it was; a lost connection is none."""
        fault = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if not isinstance(fault, OSError):
            sys.stderr.write(f"request failed: {type(fault).__name__}\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: WitnessServer
    protocol_version = "HTTP/1.1"
    server_version = "witness"
    sys_version = ""
    timeout = 10

    def setup(self) -> None:
        """Answers are small: send them at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        """Take a checkpoint."""
        lengths = self.headers.get_all("Content-Length", [])
        plain = len(lengths) == 1 and _LENGTH.fullmatch(lengths[0])
        if not plain or "Transfer-Encoding" in self.headers:
            return self._last(Answer(411, b"state one Content-Length\n"))
        if int(lengths[0]) > MAX_SUBMISSION_BYTES:
            return self._last(Answer(413, b"longer than 64 KiB\n"))
        body = self.rfile.read(int(lengths[0]))
        if self.path != PATH:
            return self._send(Answer(404, b"only /add-checkpoint is served here\n"))
        try:
            return self._send(self.server.witness.add_checkpoint(body))
        except sqlite3.Error as error:
            sys.stderr.write(f"record failed: {type(error).__name__}\n")
            return self._last(Answer(503, b"the record cannot be written just now\n"))

    def do_GET(self) -> None:
        """Nothing is there to be read."""
        self._last(Answer(405 if self.path == PATH else 404, b"only POST /add-checkpoint\n"))

    def _last(self, answer: Answer) -> None:
        self.close_connection = True
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.status == 405:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of who asked."""
