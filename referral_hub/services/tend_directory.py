"""The worker's part of the directory: feeds that are due, services not in it yet, reminders.

A thread of its own, because a slow feed may take hours and nothing else should wait for it. A
worker that is stopped on the way has changed nothing, and the feed's lease ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from referral_hub.clock import monotonic, pause
from referral_hub.services.directory_import import run_due_imports
from referral_hub.services.hub import Hub
from referral_hub.services.own_listing import publish_missing
from referral_hub.services.remind_providers import count_figures, remind_providers
from referral_hub.services.work import surviving

LOOK_EVERY_SECONDS = 30.0


def tend_until(hub: Hub, go_on: Callable[[], bool]) -> None:
    """Look after the directory twice a minute while `go_on` says so."""
    while go_on():
        surviving(lambda: publish_missing(hub))
        surviving(lambda: remind_providers(hub))
        surviving(lambda: count_figures(hub))
        surviving(lambda: run_due_imports(hub, go_on=go_on))
        until = monotonic() + LOOK_EVERY_SECONDS
        while go_on() and monotonic() < until:
            pause(0.2)
