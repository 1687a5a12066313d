"""How often a client, and an address, may call: counted in fixed windows of a minute.

Counts live in Redis, one increment each; while Redis is away each process counts for itself. A
client is counted by a token that this hub issued, so nobody can use up somebody else's calls; an
address is counted before anything is looked up. Answers carry `RateLimit-Policy` and `RateLimit`
(draft-ietf-httpapi-ratelimit-headers) and, where it was too much, `Retry-After`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from limits.storage import MemoryStorage
from redis.exceptions import RedisError

from referral_hub.clock import Clock
from referral_hub.errors import HubError
from referral_hub.settings import Quotas
from referral_hub.web.throttle import shared_limiter

WINDOW = 60
NAME = "rates"


class TooOften(HubError):
    """More calls than the limit allows; nothing was done. `seconds` until the next window."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__("Wait before you call again, and call less often.")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands in the current window."""

    policy: str
    quota: int
    remaining: int
    seconds: int


class Rates:
    """Counts calls. One for an application."""

    def __init__(
        self, redis_url: str | None, secret: str, clock: Clock, quotas: Quotas | None = None
    ) -> None:
        self.quotas = quotas or Quotas()
        self._clock = clock
        self._key = hashlib.sha256(b"referral-hub/rates/v1" + secret.encode()).digest()
        self._local = MemoryStorage()
        self._shared = shared_limiter(redis_url).storage if redis_url else None

    def take(self, policy: str, who: str, quota: int) -> Standing:
        """Count one call. Raises TooOften."""
        now = int(self._clock().timestamp())
        window, passed = divmod(now, WINDOW)
        name = hmac.digest(self._key, f"{policy}\n{who}\n{window}".encode(), "sha256").hex()[:32]
        count = self._count(f"rates/{name}")
        standing = Standing(policy, quota, max(0, quota - count), WINDOW - passed)
        if count > quota:
            raise TooOften(standing.seconds)
        return standing

    def _count(self, key: str) -> int:
        if self._shared is not None:
            try:
                return int(self._shared.incr(key, 2 * WINDOW))
            except (RedisError, OSError):
                pass
        return int(self._local.incr(key, 2 * WINDOW))


def count_address() -> None:
    """Count the current request for its address. Raises TooOften."""
    rates = _rates()
    rates.take("address", request.remote_addr or "", rates.quotas.address)


def count_client(client_id: UUID) -> None:
    """Count the current request for its client, and say so in the answer. Raises TooOften."""
    rates = _rates()
    try:
        g.standing = rates.take("client", str(client_id), rates.quotas.client)
    except TooOften as refused:
        g.standing = Standing("client", rates.quotas.client, 0, refused.seconds)
        raise


def count_token(client_id: UUID) -> None:
    """Count a token that a client asks for. Raises TooOften."""
    rates = _rates()
    rates.take("tokens", str(client_id), rates.quotas.tokens)


def tell_rates(app: Flask) -> None:
    """Let each answer to a counted client say where it stands."""

    @app.after_request
    def _tell(response: Response) -> Response:
        standing: Standing | None = g.get("standing")
        if standing is not None:
            name = f'"{standing.policy}"'
            response.headers["RateLimit-Policy"] = f"{name};q={standing.quota};w={WINDOW}"
            response.headers["RateLimit"] = f"{name};r={standing.remaining};t={standing.seconds}"
        return response


def _rates() -> Rates:
    found: Rates = current_app.extensions[NAME]
    return found
