"""Start, attach to, revive and stop the private servers of one data directory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from referral_hub.clock import monotonic, pause
from referral_hub.embedded.places import EmbeddedFailed, let_pass, socket_directory, take_ownership
from referral_hub.embedded.postgres import PostgresServer
from referral_hub.embedded.redis import RedisServer


@dataclass
class Embedded:
    """The running private servers; `owned` tells whether this process started them."""

    postgres: PostgresServer
    redis: RedisServer
    lock: int | None

    @property
    def database_url(self) -> str:
        """`postgresql://…` of the hub's database, as the owner of its tables."""
        return self.postgres.url

    @property
    def admin_url(self) -> str:
        """`postgresql://…` as the superuser, with which tests create databases."""
        return self.postgres.admin_url

    @property
    def redis_url(self) -> str:
        """`unix://…` of the private Redis."""
        return self.redis.url

    @property
    def owned(self) -> bool:
        """Whether `stop` will stop the servers."""
        return self.lock is not None

    def revive(self) -> tuple[str, ...]:
        """Start again what has died; returns the names of what was started."""
        if not self.owned:
            return ()
        dead = [
            (name, server)
            for name, server in (("PostgreSQL", self.postgres), ("Redis", self.redis))
            if not server.alive()
        ]
        for _, server in dead:
            server.start()
        return tuple(name for name, _ in dead)

    def stop(self) -> None:
        """Stop the servers if this process started them; safe to call twice."""
        if self.lock is None:
            return
        self.redis.stop()
        self.postgres.stop()
        os.close(self.lock)
        self.lock = None


def start(data_dir: Path, *, wait_to_own: float = 0.0) -> Embedded:
    """Start the servers of `data_dir`, or attach to those that another process runs there.

    `wait_to_own` is how many seconds to wait for another process to let go of the directory before
    attaching; `hub run` waits, because what it starts must not end with somebody else's command.
    Raises EmbeddedFailed when neither works.
    """
    data_dir = data_dir.expanduser().resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    let_pass(data_dir)
    sockets = socket_directory(data_dir)
    embedded = Embedded(
        postgres=PostgresServer(data_dir / "postgres", sockets),
        redis=RedisServer(data_dir, sockets),
        lock=None,
    )
    deadline = monotonic() + max(wait_to_own, 30.0)
    patience = monotonic() + wait_to_own
    while True:
        embedded.lock = take_ownership(data_dir)
        if embedded.lock is not None:
            return _started(embedded)
        if monotonic() >= patience and embedded.postgres.answers() and embedded.redis.answers():
            return embedded
        if monotonic() > deadline:
            raise EmbeddedFailed(f"Another process holds {data_dir} and its servers do not answer.")
        pause(0.1)


def _started(embedded: Embedded) -> Embedded:
    try:
        embedded.postgres.start()
        embedded.redis.start()
    except BaseException:
        embedded.stop()
        raise
    return embedded
