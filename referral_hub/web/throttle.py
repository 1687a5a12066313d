"""Slowing down guesses at sign-in, and at the code of a person's own page.

Counts live in Redis so that every web process shares them; while Redis is away each process counts
for itself, which is weaker and still a limit. Keys are keyed hashes: neither Redis nor a dump of it
names anybody. Only failures count, so that nobody is slowed down for working. Three windows: one
user from one address, one user from anywhere, one address for any user; and, where a name is a
reference that several people know, one for everybody together.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failures each window allows."""

    pair: str = "8 per 5 minutes"
    user: str = "40 per hour"
    address: str = "120 per 5 minutes"
    everybody: str | None = None


PERSONS = Limits("8 per 10 minutes", "20 per hour", "60 per 10 minutes", "900 per 10 minutes")


class Throttle:
    """Counts failures; `allows` is asked before any password is looked at."""

    def __init__(
        self,
        redis_url: str | None,
        secret: str,
        limits: Limits | None = None,
        *,
        what: str = "sign-in",
    ) -> None:
        wanted = limits or Limits()
        self._what = what
        self._everybody = parse(wanted.everybody) if wanted.everybody else None
        self._key = hashlib.sha256(b"referral-hub/throttle/v1" + secret.encode()).digest()
        self._pair, self._user = parse(wanted.pair), parse(wanted.user)
        self._address = parse(wanted.address)
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = shared_limiter(redis_url) if redis_url else None

    def allows(self, username: str, address: str) -> bool:
        """Tell whether `username` may try from `address`; False once any window is full."""
        return all(self._ask("test", item, key) for item, key in self._windows(username, address))

    def failed(self, username: str, address: str) -> None:
        """Count an attempt that did not sign anybody in."""
        for item, key in self._windows(username, address):
            self._ask("hit", item, key)

    def _windows(self, username: str, address: str) -> tuple[tuple[RateLimitItem, str], ...]:
        name = username.strip().casefold()
        together = ((self._everybody, self._hash("everybody")),) if self._everybody else ()
        return (
            *together,
            (self._pair, self._hash(f"{name}\n{address}")),
            (self._user, self._hash(f"user\n{name}")),
            (self._address, self._hash(f"address\n{address}")),
        )

    def _ask(self, what: Literal["test", "hit"], item: RateLimitItem, key: str) -> bool:
        for limiter in filter(None, (self._shared, self._local)):
            try:
                ask = limiter.test if what == "test" else limiter.hit
                return ask(item, self._what, key)
            except (RedisError, OSError):
                continue
        return False

    def _hash(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, data, "sha256").hex()[:32]


def shared_limiter(redis_url: str) -> FixedWindowRateLimiter:
    """A limiter that every web process shares; a Redis that is away costs half a second once."""
    scheme, _, rest = redis_url.partition("://")
    wanted = {"unix": "redis+unix"}.get(scheme, scheme)
    storage = storage_from_string(
        f"{wanted}://{rest}", socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS
    )
    return FixedWindowRateLimiter(storage)
