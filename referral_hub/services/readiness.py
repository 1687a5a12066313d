"""Whether this process can do its work: it needs database and log; Redis only hurries it."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from referral_hub.errors import ServiceUnavailable
from referral_hub.services.hub import Hub
from referral_hub.store.readiness import log_is_writable

_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """What answers. Without Redis everything still arrives, later (the sweeper delivers it)."""

    database: bool
    log: bool
    redis: bool

    @property
    def ready(self) -> bool:
        """Whether requests should come here."""
        return self.database and self.log


def readiness(hub: Hub) -> Readiness:
    """Ask the database and Redis. Never raises."""
    redis = _answers(hub.settings.redis_url)
    try:
        with hub.database.one_statement() as connection:
            return Readiness(database=True, log=log_is_writable(connection), redis=redis)
    except ServiceUnavailable:
        return Readiness(database=False, log=False, redis=redis)


def _answers(url: str | None) -> bool:
    if not url:
        return False
    client = Redis.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()
