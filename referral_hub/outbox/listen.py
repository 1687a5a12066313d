"""Listen for the bell: an RQ worker on one queue, in a thread of the delivering process.

RQ loses a job whose two-queue worker dies after the pop, so there is one queue; an idle worker does
its maintenance every few minutes unless its time to live is short, so it is 60 seconds. The job
runs in this process (`SimpleWorker`): forking one for each ring would cost more than what it
delivers. Redis away means waiting and trying again, quietly.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty

from referral_hub.clock import pause
from referral_hub.outbox.doorbell import QUEUE, RUNG

WORKER_TTL_SECONDS = 60
IDLE_SECONDS = 5
TRY_REDIS_AGAIN_SECONDS = 2.0

log = logging.getLogger(__name__)


class BellWorker(SimpleWorker):
    """A worker that lives in a thread: no signal handlers, and time-outs without SIGALRM."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        """Signals belong to the main thread."""


def listen(url: str, go_on: Callable[[], bool]) -> None:
    """Answer the bell while `go_on` says so; never raises for what Redis does."""
    redis = Redis.from_url(url, health_check_interval=30)
    while go_on():
        try:
            worker = BellWorker(
                [QUEUE],
                connection=redis,
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_SECONDS,
                log_job_description=False,
            )
            worker.work(logging_level="WARNING", max_idle_time=IDLE_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("bell_not_heard", extra={"kind": type(error).__name__})
            _rest(go_on)


def rung_answered(url: str) -> None:
    """Let the next ring through: called before looking at the outbox, so no ring is missed."""
    try:
        Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0).delete(RUNG)
    except RedisError as error:
        log.warning("bell_not_reset", extra={"kind": type(error).__name__})


def _rest(go_on: Callable[[], bool]) -> None:
    waited = 0.0
    while go_on() and waited < TRY_REDIS_AGAIN_SECONDS:
        pause(0.1)
        waited += 0.1
