"""`hub worker`: deliver, integrate, tidy. Needs PostgreSQL; Redis only makes it quicker.

One thread sweeps about once a second; another answers the bell while Redis is there. Both may drain
at once, in this process and in others, since a claim is a fenced lease in the database. Threads of
their own ask the log's witnesses and read the directory's feeds, so that their slowness is nobody
else's.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import click

from referral_hub.commands.opening import reachable_settings
from referral_hub.observe import configure_logging
from referral_hub.outbox.answer import answer_with
from referral_hub.outbox.listen import listen, rung_answered
from referral_hub.services.deliver import drain
from referral_hub.services.hub import Hub
from referral_hub.services.policies import require_approved
from referral_hub.services.run_imports import import_until
from referral_hub.services.tend_directory import tend_until
from referral_hub.services.witnesses import ask_until
from referral_hub.services.work import apply_first, surviving, sweep_until
from referral_hub.wiring import build_hub

# A signal that the kernel gives to another thread does not wake this one; its handler runs here.
_LOOK_UP_SECONDS = 1.0


@click.command()
def worker() -> None:
    """Deliver referrals, keep the log, tidy up; runs until it is told to stop."""
    stopping = threading.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: stopping.set())
    configure_logging()
    with reachable_settings() as settings:
        hub = build_hub(settings)
        try:
            require_approved(hub)
            _run(hub, settings.redis_url, stopping)
        finally:
            hub.registry.close()
            hub.database.dispose()


def _run(hub: Hub, redis_url: str | None, stopping: threading.Event) -> None:
    def go_on() -> bool:
        return not stopping.is_set()

    if not apply_first(hub, go_on):
        return
    busy = threading.Lock()
    sweeper = threading.Thread(target=sweep_until, args=(hub, go_on), name="sweep")
    sweeper.start()
    rung = threading.Event()
    importing = threading.Thread(target=import_until, args=(hub, go_on, rung), name="import")
    importing.start()
    threading.Thread(target=ask_until, args=(hub, go_on), name="witness", daemon=True).start()
    threading.Thread(target=tend_until, args=(hub, go_on), name="directory", daemon=True).start()
    if redis_url is not None:
        answer_with(lambda: _answer(hub, redis_url, go_on, busy=busy, rung=rung))
        threading.Thread(target=listen, args=(redis_url, go_on), name="bell", daemon=True).start()
    while not stopping.wait(_LOOK_UP_SECONDS):
        continue
    rung.set()
    sweeper.join()
    importing.join()
    with busy:
        return


def _answer(
    hub: Hub,
    redis_url: str,
    go_on: Callable[[], bool],
    *,
    busy: threading.Lock,
    rung: threading.Event,
) -> None:
    rung.set()
    with busy:
        rung_answered(redis_url)
        surviving(lambda: drain(hub, go_on=go_on))
