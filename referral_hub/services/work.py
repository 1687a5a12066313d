"""The worker's own loop: sweep the outbox, number the log, throw away what has expired.

It needs PostgreSQL and nothing else. A ring through Redis only makes it quicker; with Redis gone
for good everything still arrives within `SWEEP_SECONDS`. Before anything else, and once a minute,
the erasure ledger is applied: after a restored backup, nobody who was erased is delivered. Once a
minute, too, agreements are announced, ended and silence about them chased, what was held and is
cleared goes on, the clocks of tasks take their steps, people hear that there is news, and senders
who are due hear by mail how many of their referrals changed; what was accepted is counted, and a
month that is over published.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from referral_hub.clock import monotonic, pause
from referral_hub.services.alert_officers import announce_alerts
from referral_hub.services.count_figures import count_figures
from referral_hub.services.deliver import drain
from referral_hub.services.erase_person import apply_erasures
from referral_hub.services.hub import Hub
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.keep_time import keep_time
from referral_hub.services.look_at_holds import Holds
from referral_hub.services.send_digests import send_digests
from referral_hub.services.tell_person import tell_people
from referral_hub.store import housekeeping

SWEEP_SECONDS = 1.0
TIDY_SECONDS = 60.0
KEEP_DRAFTS = timedelta(days=7)
KEEP_SESSIONS = timedelta(days=1)

log = logging.getLogger(__name__)


def sweep_until(hub: Hub, go_on: Callable[[], bool]) -> None:
    """Drain and integrate about once a second while `go_on` says so."""
    tidy_at, holds = 0.0, Holds()
    if not apply_first(hub, go_on):
        return
    while go_on():
        surviving(lambda: announce_alerts(hub))
        surviving(lambda: drain(hub, go_on=go_on))
        if monotonic() >= tidy_at:
            surviving(lambda: keep_time(hub, go_on=go_on))
            surviving(lambda: holds.look(hub, go_on=go_on))
            surviving(lambda: keep_clocks(hub, go_on=go_on))
            surviving(lambda: tell_people(hub, go_on=go_on))
            surviving(lambda: send_digests(hub, go_on=go_on))
            surviving(lambda: tidy(hub))
            surviving(lambda: count_figures(hub, go_on=go_on))
            surviving(lambda: apply_erasures(hub))
            tidy_at = monotonic() + TIDY_SECONDS
        _rest(go_on)


def apply_first(hub: Hub, go_on: Callable[[], bool]) -> bool:
    """Apply the erasure ledger before anything is delivered, trying until it could be read.

    Returns False when `go_on` ended that.
    """
    applied: list[int] = []
    while go_on():
        surviving(lambda: applied.append(apply_erasures(hub)))
        if applied:
            return True
        _rest(go_on)
    return False


def surviving(work: Callable[[], object]) -> None:
    """Do a round of work; whatever goes wrong is logged by its kind, and the next round comes.

    A worker that dies of one fault delivers nothing any more, and what RQ keeps of a failed job is
    its traceback, in clear.
    """
    try:
        work()
    except Exception as error:  # noqa: BLE001 - a fault that nobody foresaw must not end the worker
        log.warning("sweep_failed", extra={"kind": type(error).__name__})


def tidy(hub: Hub) -> None:
    """Throw away sent and stale drafts, ended sessions and spent token ids."""
    at = hub.clock()
    with hub.database.working() as connection:
        housekeeping.tidy(
            connection,
            at,
            drafts_before=at - KEEP_DRAFTS,
            sessions_before=at - hub.settings.sign_in_limit - KEEP_SESSIONS,
        )


def _rest(go_on: Callable[[], bool]) -> None:
    until = monotonic() + SWEEP_SECONDS
    while go_on() and monotonic() < until:
        pause(0.05)
