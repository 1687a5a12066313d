"""Wake a worker after the commit, best effort: a lost ring costs seconds, never a delivery.

RQ carries one constant job with no argument but an opaque word, JSON-serialised, kept nowhere once
done. At most one ring is pending at a time. Redis may be away, full or flushed: the accepting
request does not wait for it and the worker's sweep delivers everything.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "deliver"
JOB = "referral_hub.outbox.answer.answer_bell"
RUNG = "hub:bell:rung"
PENDING_FOR = timedelta(seconds=30)
REDIS_PATIENCE_SECONDS = 0.25

log = logging.getLogger(__name__)


class Doorbell(Protocol):
    """Something that may wake a worker."""

    def ring(self) -> None:
        """Ask for the outbox to be looked at; never raises."""


class SilentDoorbell:
    """No Redis: only the worker's own sweep delivers."""

    def ring(self) -> None:
        """Do nothing; the sweep comes by itself."""


class RedisDoorbell:
    """Rings through RQ, at most once while a ring is pending."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=REDIS_PATIENCE_SECONDS,
            socket_connect_timeout=REDIS_PATIENCE_SECONDS,
        )
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)

    def ring(self) -> None:
        """Enqueue one job unless one is pending; a failure is logged by kind and forgotten."""
        try:
            if self._redis.set(RUNG, b"1", nx=True, px=PENDING_FOR):
                self._queue.enqueue(
                    JOB,
                    "outbox",
                    description="deliver",
                    result_ttl=0,
                    failure_ttl=60,
                    ttl=300,
                )
        except RedisError as error:
            log.warning("bell_not_rung", extra={"kind": type(error).__name__})
