"""Everywhere that a running hub leaves bytes, read as somebody who stole the machine would.

The partner system's store is read too, although the time bank is a recipient: the example keeps
what it was sent sealed. The limit: the memory of running processes is not read.
"""

from __future__ import annotations

import io
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql
from redis import Redis

from referral_hub.embedded.places import socket_directory
from referral_hub.embedded.postgres import PostgresServer
from referral_hub.embedded.redis import RedisServer
from tests.journeys.started import RunningHub

Place = tuple[str, bytes]


@dataclass(frozen=True)
class Machine:
    """The machine of a running hub, open to whoever reads it."""

    hub: RunningHub

    @cached_property
    def data(self) -> Path:
        return Path(self.hub.environ["HUB_DATA"]).resolve()

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection[Any]]:
        """The hub's database as its superuser, whom no row-level security binds."""
        url = PostgresServer(self.data / "postgres", socket_directory(self.data)).url
        with psycopg.connect(url.replace("hub@", "postgres@"), autocommit=True) as connection:
            yield connection

    def sql(self, statement: str) -> None:
        """Do something behind the hub's back."""
        with self.database() as connection:
            connection.execute(statement.encode())

    @contextmanager
    def redis(self) -> Iterator[Redis]:
        client = Redis.from_url(RedisServer(self.data, socket_directory(self.data)).url)
        try:
            yield client
        finally:
            client.close()

    def write_everything_down(self) -> None:
        """Bring PostgreSQL's pages and Redis's keys to disk, as a backup does."""
        self.sql("CHECKPOINT")
        with self.redis() as client:
            client.save()

    def rows(self) -> Iterator[Place]:
        """Every row of every table, and what the server shows of its sessions."""
        with self.database() as connection:
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, name in [*tables, ("pg_catalog", "pg_stat_activity")]:
                query = sql.SQL("SELECT to_jsonb(one)::text FROM {} AS one")
                found = connection.execute(query.format(sql.Identifier(schema, name))).fetchall()
                yield f"table {name}", "\n".join(row[0] for row in found).encode()

    def redis_contents(self) -> Iterator[Place]:
        """Every key and value, and the commands with their arguments that Redis remembers."""
        read: dict[bytes, Callable[[Redis, bytes], Any]] = {
            b"string": lambda client, key: client.get(key),
            b"list": lambda client, key: client.lrange(key, 0, -1),
            b"set": lambda client, key: client.smembers(key),
            b"hash": lambda client, key: client.hgetall(key),
            b"zset": lambda client, key: client.zrange(key, 0, -1),
            b"stream": lambda client, key: client.xrange(key),
        }
        with self.redis() as client:
            for key in client.scan_iter():
                kind = client.type(key)
                if kind != b"none":  # it may expire meanwhile
                    yield "Redis", key + b"\n" + repr(read[kind](client, key)).encode()
            yield "Redis commands", repr(client.slowlog_get(100_000)).encode()

    def remember_redis_commands(self) -> None:
        """Let Redis keep each command that it is sent from now on."""
        with self.redis() as client:
            client.config_set("slowlog-log-slower-than", 0)
            client.config_set("slowlog-max-len", 100_000)

    def files(self, under: str = "") -> Iterator[Place]:
        """The bytes of every file of the data directory; only `under`, if that is given."""
        for path in sorted((self.data / under).rglob("*")):
            if path.is_file():
                yield f"file {path.relative_to(self.data)}", path.read_bytes()

    def logs(self) -> Iterator[Place]:
        """What processes wrote; read before a server is started again, which empties its log."""
        yield from self.files("log")
        for path in self.data.glob("*.log"):
            yield f"file {path.name}", path.read_bytes()

    def metrics(self) -> Place:
        """The page that Prometheus reads."""
        port = self.hub.environ["HUB_METRICS_PORT"]
        return "metrics", httpx.get(f"http://127.0.0.1:{port}/metrics").raise_for_status().content

    def processes(self) -> Iterator[Place]:
        """Command lines, titles and environments of everything that `hub run` keeps."""
        for process in _family(self.hub.process_id):
            for what in ("cmdline", "environ", "comm"):
                yield f"process {what}", Path(f"/proc/{process}/{what}").read_bytes()

    def kill_redis(self) -> None:
        with self.redis() as client:
            os.kill(client.info()["process_id"], signal.SIGKILL)

    def end_postgres(self) -> None:
        """End it at once, in the middle of whatever it does."""
        first = (self.data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
        os.kill(int(first), signal.SIGQUIT)

    @contextmanager
    def keys_away(self) -> Iterator[None]:
        """Nobody can read the root keys meanwhile."""
        here = self.data / "keys" / "roots"
        there = here.rename(here.with_name("away"))
        try:
            yield
        finally:
            there.rename(here)


def inside(archive: bytes) -> Iterator[Place]:
    """An archive's own bytes, its names, and each member unpacked."""
    yield "bundle", archive
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for name in opened.namelist():
            yield f"bundle {name}", name.encode() + b"\n" + opened.read(name)


def _family(process: int) -> Iterator[int]:
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield from _family(int(child))
