"""One POST of a checkpoint to a witness, and the few lines that it answers.

A witness is not trusted: what it answers is verified by whoever asked. Here it only gets little
time and little room: the attempt as a whole ends after seconds, 64 KiB are read, redirects are
answers like any other, and the environment's proxies are ignored. Plain HTTP is refused unless the
address is this machine, since a checkpoint tells how busy a log is.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from ipaddress import ip_address

import httpcore

from adapters.transports.deadline import DeadlineBackend, attempt_within

LARGEST_ANSWER = 65_536


class NoAnswer(Exception):
    """The witness could not be reached in time, or said what is no HTTP. `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a content type in lower case and at most 64 KiB of body."""

    status: int
    content_type: str
    body: bytes


class WitnessPost:
    """Keeps connections to witnesses; safe to share between threads."""

    def __init__(self, *, seconds: float = 5.0, trust: ssl.SSLContext | None = None) -> None:
        """`seconds` bounds an attempt; `trust` replaces the public authorities."""
        self._seconds = seconds
        self._pool = httpcore.ConnectionPool(
            ssl_context=trust or httpcore.default_ssl_context(),
            max_connections=20,
            keepalive_expiry=30.0,
            network_backend=DeadlineBackend(),
        )

    def close(self) -> None:
        """Close kept connections."""
        self._pool.close()

    def add_checkpoint(self, prefix: str, body: bytes) -> Reply:
        """POST to `<prefix>/add-checkpoint`. Raises NoAnswer."""
        if not acceptable(prefix):
            raise NoAnswer("address_not_https")
        try:
            with attempt_within(self._seconds):
                return self._post(f"{prefix.rstrip('/')}/add-checkpoint", body)
        except httpcore.TimeoutException:
            raise NoAnswer("timeout") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol):
            raise NoAnswer("no_connection") from None

    def _post(self, url: str, body: bytes) -> Reply:
        headers: dict[bytes | str, bytes | str] = {
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Length": str(len(body)),
            "Accept-Encoding": "identity",
            "User-Agent": "referral-hub",
        }
        limits = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        with self._pool.stream(
            "POST", url, headers=headers, content=body, extensions={"timeout": limits}
        ) as response:
            answered = {name.lower(): value for name, value in response.headers}
            data = b""
            for part in response.iter_stream():
                data += part
                if len(data) > LARGEST_ANSWER:
                    raise NoAnswer("answer_too_long")
            kind = answered.get(b"content-type", b"").decode("latin-1").lower()
            return Reply(response.status, kind.partition(";")[0].strip(), data)


def acceptable(prefix: str) -> bool:
    """Whether an address may be asked: HTTPS, or plain HTTP on this machine; no user, no query."""
    try:
        prefix.encode("ascii")
        url = httpcore.URL(prefix)
        host = url.host.decode("ascii")
    except (ValueError, UnicodeError, TypeError):
        return False
    if not host or "@" in prefix or b"?" in url.target or b"#" in url.target:
        return False
    return url.scheme == b"https" or (url.scheme == b"http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
