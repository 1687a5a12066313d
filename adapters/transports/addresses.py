"""Which addresses the hub may send to when somebody else has typed them in.

A partner's address is where a server-side request forgery begins, so it is looked at twice. Its
text must be plain: https, a host name with a dot or an ordinary IP address, a usual port, no user,
no fragment; numbers in disguise (decimal, octal, hexadecimal, shortened) are refused rather than
interpreted. And every address that the name stands for must be public: one internal address among
several refuses all. What was found is kept with the registration, and every later connection goes
to one of those very addresses, under the name's certificate and Host, without asking the name
again: a name that changes its mind (DNS rebinding) changes nothing. A partner that moves is told to
its administrator, who confirms the address anew. Registrations that keep no addresses, which the
hub's own operator made, are looked at at each connection instead.

`here` is for development: it allows this machine and plain http to it, and nothing else internal.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import httpcore

from adapters.contract import AddressRefused
from adapters.transports.deadline import DeadlineBackend

PORTS = frozenset({443, 8443})
LONGEST = 500
Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", re.ASCII)
_NUMBER = re.compile(r"(?:0[xX][0-9A-Fa-f]*|[0-9]+)", re.ASCII)
_INTERNAL_NAMES = frozenset({"localhost", "local", "internal", "intranet", "lan", "home", "arpa"})
# What `is_global` lets through although an IPv4 address hides in it, or nobody public is there.
_HIDDEN = tuple(
    ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::ffff:0:0/96",
        "::/96",
        "fec0::/10",
        "192.88.99.0/24",
        "100.64.0.0/10",
    )
)


class InternalAddress(httpcore.ConnectError):
    """The name stands for an address that is not public, at the moment of connecting."""


class MovedAddress(httpcore.ConnectError):
    """Nobody answers where the name led when it was registered, and it leads elsewhere now."""


_pinned: ContextVar[tuple[str, ...]] = ContextVar("pinned", default=())


@contextmanager
def pinned_to(addresses: tuple[str, ...]) -> Iterator[None]:
    """Let connections inside the block go to these addresses alone; to any checked if empty."""
    token = _pinned.set(addresses)
    try:
        yield
    finally:
        _pinned.reset(token)


@dataclass(frozen=True, slots=True)
class Checked:
    """An address as it is called: the whole, its host and port, and where its name led."""

    url: str
    host: str
    port: int
    secure: bool
    found: tuple[str, ...] = ()


def system_resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a name, as the system's resolver knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(item[4][0]) for item in found]


def check_text(url: str, *, here: bool = False) -> Checked:
    """Return what an address says, without asking anybody. Raises AddressRefused."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused("Use at most 500 plain characters, without spaces.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused("This is not a web address.") from None
    if "\\" in url or "@" in parts.netloc or parts.fragment:
        raise AddressRefused("Leave out user names, backslashes and what follows #.")
    literal = _literal(host)
    loopback = host == "localhost" or (literal is not None and literal.is_loopback)
    if here and loopback and parts.scheme in {"http", "https"}:
        secure = parts.scheme == "https"
        return Checked(url, host, port or (443 if secure else 80), secure)
    if parts.scheme != "https":
        raise AddressRefused("The address must begin with https://.")
    if port not in {None, *PORTS}:
        raise AddressRefused("Use port 443 or 8443.")
    if literal is None:
        _require_public_name(host)
    elif not is_public(literal):
        raise AddressRefused("This address is not on the public internet.")
    return Checked(url, host, port or 443, True)


def check_address(url: str, *, here: bool = False, resolve: Resolve = system_resolve) -> Checked:
    """Check the text and everything that its name stands for now. Raises AddressRefused."""
    checked = check_text(url, here=here)
    try:
        addresses = resolve(checked.host, checked.port)
    except (OSError, UnicodeError):
        raise AddressRefused("No server of this name can be found.") from None
    if pick(addresses, here=here) is None:
        raise AddressRefused("This name leads to an address that is not on the public internet.")
    return replace(checked, found=tuple(dict.fromkeys(addresses)))


def pick(addresses: Iterable[str], *, here: bool = False) -> str | None:
    """Return the address to connect to; None if there is none, or any of them is not allowed."""
    listed = list(addresses)
    for text in listed:
        try:
            address = ip_address(text)
        except ValueError:
            return None
        if not is_public(address) and not (here and address.is_loopback):
            return None
    return listed[0] if listed else None


def is_public(address: Address) -> bool:
    """Tell whether an address is a single, ordinary one on the public internet."""
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return False
    hidden = any(address in network for network in _HIDDEN if network.version == address.version)
    return address.is_global and not address.is_multicast and not address.is_reserved and not hidden


class CheckedBackend(DeadlineBackend):
    """Opens connections to addresses that were looked at, and to no other."""

    def __init__(self, *, here: bool = False, resolve: Resolve = system_resolve) -> None:
        super().__init__()
        self._here = here
        self._resolve = resolve

    def connect_tcp(  # noqa: PLR0917 - httpcore fixes this signature
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to what was looked at: when it was registered, or now."""
        if kept := _pinned.get():
            self._require_allowed(kept)
            return self._to_pinned(kept, (host, port), timeout, local_address, socket_options)
        try:
            addresses = self._resolve(host.strip("[]"), port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("no such name") from None
        chosen = self._require_allowed(addresses)
        return super().connect_tcp(chosen, port, timeout, local_address, socket_options)

    def _to_pinned(
        self, kept: Sequence[str], asked: tuple[str, int], *settings: Any
    ) -> httpcore.NetworkStream:
        failed: Exception = httpcore.ConnectError("nobody there")
        for address in kept:
            try:
                return super().connect_tcp(address, asked[1], *settings)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        if self._leads_elsewhere(*asked, kept):
            raise MovedAddress("the name leads elsewhere now") from None
        raise failed

    def _require_allowed(self, addresses: Sequence[str]) -> str:
        chosen = pick(addresses, here=self._here)
        if chosen is None:
            raise InternalAddress("not a public address")
        return chosen

    def _leads_elsewhere(self, host: str, port: int, kept: Sequence[str]) -> bool:
        try:
            return set(kept).isdisjoint(self._resolve(host.strip("[]"), port))
        except (OSError, UnicodeError):
            return False


def _literal(host: str) -> Address | None:
    """An IP address in its ordinary form. Raises AddressRefused for a number in disguise."""
    if ":" in host:
        if "%" in host:
            raise AddressRefused("Leave out the zone of the address.")
        try:
            return ip_address(host)
        except ValueError:
            raise AddressRefused("This is not an address of a server.") from None
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        if not _QUAD.fullmatch(host):
            raise AddressRefused("Write the address of a server in its ordinary form.")
        try:
            return ip_address(host)
        except ValueError:
            raise AddressRefused("This is not an address of a server.") from None
    return None


def _require_public_name(host: str) -> None:
    labels = host.lower().split(".")
    if len(labels) < 2 or labels[-1] in _INTERNAL_NAMES:
        raise AddressRefused("Use a public host name.")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise AddressRefused("This is not the name of a server.")
