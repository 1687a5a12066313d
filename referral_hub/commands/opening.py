"""How a subcommand gets at a running hub: settings, then servers, then nothing else.

Without `DATABASE_URL` or `REDIS_URL` the private servers of the data directory are started for the
length of the command, or those that `hub run` has already started are used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from referral_hub import embedded
from referral_hub.services.hub import Hub
from referral_hub.settings import Settings, load_settings
from referral_hub.wiring import build_hub


@contextmanager
def reachable_settings() -> Iterator[Settings]:
    """Settings whose servers answer, for the length of the block."""
    settings = load_settings(os.environ)
    if settings.database_url and settings.redis_url:
        yield settings
        return
    servers = embedded.start(settings.data_dir)
    try:
        yield with_servers(settings, servers)
    finally:
        servers.stop()


def with_servers(settings: Settings, servers: embedded.Embedded) -> Settings:
    """Return `settings` with the private servers wherever no address was given."""
    return settings.reaching(
        database_url=settings.database_url or servers.database_url,
        redis_url=settings.redis_url or servers.redis_url,
    )


@contextmanager
def open_hub() -> Iterator[Hub]:
    """A hub over reachable servers, for the length of the block."""
    with reachable_settings() as settings:
        hub = build_hub(settings)
        try:
            yield hub
        finally:
            hub.registry.close()
            hub.database.dispose()
