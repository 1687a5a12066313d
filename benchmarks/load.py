"""A load generator that costs little: prepared bytes over kept connections, one thread for each."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

_HEADERS_END = b"\r\n\r\n"


@dataclass
class Measured:
    """What a round saw: requests per second and each request's seconds."""

    rate: float
    seconds: list[float] = field(repr=False)
    failures: int

    def percentile(self, part: float) -> float:
        """Return the time under which `part` of the requests lay, in milliseconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000


def request_bytes(path: str, body: bytes, token: str) -> bytes:
    """Return one whole POST request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, prepared: bytes, *, connections: int, seconds: float) -> Measured:
    """Send `prepared` over and over on several connections for `seconds`."""
    return _drive(port, [repeat(prepared)] * connections, seconds)


def drive_each(port: int, prepared: Sequence[bytes], connections: int, seconds: float) -> Measured:
    """Send each of `prepared` once, shared out among connections, for at most `seconds`."""
    shares = [prepared[place::connections] for place in range(connections)]
    return _drive(port, shares, seconds)


def _drive(port: int, shares: Sequence[Iterable[bytes]], seconds: float) -> Measured:
    until = time.perf_counter() + seconds
    times: list[list[float]] = [[] for _ in shares]
    failures = [0] * len(shares)

    def one(index: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as link:
            for request in shares[index]:
                began = time.perf_counter()
                if began >= until:
                    return
                link.sendall(request)
                if not _answer(link).startswith((b"HTTP/1.1 202", b"HTTP/1.1 200")):
                    failures[index] += 1
                times[index].append(time.perf_counter() - began)

    began = time.perf_counter()
    threads = [threading.Thread(target=one, args=(index,)) for index in range(len(shares))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    flat = [value for part in times for value in part]
    return Measured(len(flat) / took, flat, sum(failures))


def _answer(link: socket.socket) -> bytes:
    data = b""
    while _HEADERS_END not in data:
        data += _more(link)
    head, _, rest = data.partition(_HEADERS_END)
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        rest += _more(link)
    return head


def _more(link: socket.socket) -> bytes:
    data = link.recv(65_536)
    if not data:
        raise ConnectionError("the server closed the connection")
    return data
