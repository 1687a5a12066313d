"""Ports for programs that a test starts."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack, suppress


def free_ports(count: int) -> tuple[str, ...]:
    """Free ports below those that the system gives to outgoing connections.

    One of theirs may be taken again before the program comes to listen on it.
    """
    found: list[str] = []
    with ExitStack() as stack:
        while len(found) < count:
            probe = stack.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", 20_000 + secrets.randbelow(12_000)))
                found.append(str(probe.getsockname()[1]))
    return tuple(found)
