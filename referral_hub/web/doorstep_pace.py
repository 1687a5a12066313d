"""How many concerns come through one link, and from one address, before the hub asks to wait.

Counted in Redis for all processes, and by each for itself while Redis is away. Keys are keyed
hashes, so that neither Redis nor a dump of it names a link or an address. A depot's staff share an
address on its network, and a shift goes out at once: the limits are wide enough for that, and
narrow enough that a program which passes every other check fills nobody's list.
"""

from __future__ import annotations

import hashlib
import hmac

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from referral_hub.web.throttle import shared_limiter

PER_LINK, PER_ADDRESS, PER_DAY = "60 per hour", "20 per 10 minutes", "300 per day"


class DoorstepPace:
    """Counts what is sent; `takes` is asked just before anything is stored."""

    def __init__(self, redis_url: str | None, secret: str) -> None:
        self._key = hashlib.sha256(b"referral-hub/doorstep/v1" + secret.encode()).digest()
        self._link, self._address = parse(PER_LINK), parse(PER_ADDRESS)
        self._day = parse(PER_DAY)
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = shared_limiter(redis_url) if redis_url else None

    def takes(self, link: str, address: str) -> bool:
        """Count one more and tell whether it is within every limit."""
        windows = ((self._link, f"link\n{link}"), (self._day, f"day\n{link}"))
        addressed = (self._address, f"address\n{address}")
        counted = [self._hit(item, key) for item, key in (*windows, addressed)]
        return all(counted)

    def _hit(self, item: RateLimitItem, text: str) -> bool:
        key = hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]
        for limiter in filter(None, (self._shared, self._local)):
            try:
                return limiter.hit(item, "doorstep", key)
            except (RedisError, OSError):
                continue
        return False
