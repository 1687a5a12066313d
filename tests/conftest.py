"""The real parts that tests run on: private servers for a session, a database for a test.

A test that needs a database gets its own, copied from a migrated template in well under a second,
so no test cleans up after another. Nothing is mocked. `HUB_TEST_DATA` keeps the servers' files
somewhere else than in a temporary directory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from referral_hub.embedded import Embedded, start

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from referral_hub.store.engine import Database

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "hub_template"
CHROMIUM_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def embedded() -> Iterator[Embedded]:
    """The session's private PostgreSQL and Redis."""
    kept = os.environ.get("HUB_TEST_DATA")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    directory = Path(kept) / worker if kept else Path(tempfile.mkdtemp(prefix="hub-test-"))
    servers = start(directory)
    try:
        _never_mind_power_cuts(servers)
        yield servers
    finally:
        servers.stop()
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)


def _never_mind_power_cuts(servers: Embedded) -> None:
    """Processes are killed in tests, machines are not: waiting for the disk would prove nothing.

    Copying and dropping a database takes a tenth of the time then.
    """
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        for name in ("fsync", "full_page_writes"):
            admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def template_database(embedded: Embedded) -> str:
    """The name of a database at the newest migration, with nothing in it."""
    from referral_hub.store.migrate import upgrade

    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        name = sql.Identifier(TEMPLATE)
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER hub").format(name))
    upgrade(_database(embedded, TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def new_database(embedded: Embedded, template_database: str) -> Callable[[], str]:
    """A function that makes a fresh migrated database and returns its address, as the owner."""

    def make() -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER hub TEMPLATE {} STRATEGY file_copy").format(
                    sql.Identifier(name), sql.Identifier(template_database)
                )
            )
        return _database(embedded, name)

    return make


@pytest.fixture
def database_url(embedded: Embedded, new_database: Callable[[], str]) -> Iterator[str]:
    """The address of this test's own migrated database, as the owner of its tables."""
    url = new_database()
    yield url
    _drop(embedded, url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Engines of the application's and the worker's role over this test's own database."""
    from referral_hub.store.engine import open_database

    opened = open_database(database_url, pool_size=4)
    yield opened
    opened.dispose()


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """An engine as the owner of this test's tables, whom row-level security does not bind."""
    from referral_hub.store.engine import open_owner

    engine = open_owner(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def module_database_url(embedded: Embedded, new_database: Callable[[], str]) -> Iterator[str]:
    """As `database_url`, shared by one module; for read-mostly tests."""
    url = new_database()
    yield url
    _drop(embedded, url)


@pytest.fixture
def empty_database_url(embedded: Embedded) -> Iterator[str]:
    """The address of a database without any table, for tests of the migrations."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER hub").format(sql.Identifier(name)))
    url = _database(embedded, name)
    yield url
    _drop(embedded, url)


@pytest.fixture
def redis_url(embedded: Embedded) -> str:
    """The address of the session's Redis, emptied for this test."""
    from redis import Redis

    client = Redis.from_url(embedded.redis_url)
    try:
        client.flushall()
    finally:
        client.close()
    return embedded.redis_url


@pytest.fixture(scope="session")
def external_data() -> Path:
    """Published fixtures kept outside the repository; skips, visibly, where they are absent."""
    directory = Path(
        os.environ.get("HUB_EXTERNAL_DATA", ROOT.parent / "shared" / "data" / "external")
    )
    if not directory.is_dir():
        pytest.skip(f"no published fixtures in {directory}; set HUB_EXTERNAL_DATA")
    return directory


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The system's Chromium; its absence fails in continuous integration and skips elsewhere."""
    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    found = os.environ.get("HUB_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found:
        return Path(found)
    if os.environ.get("CI"):
        pytest.fail("no Chromium on this machine, and continuous integration skips no browser test")
    pytest.skip("no Chromium on this machine; install it or set HUB_CHROMIUM")


@pytest.fixture(scope="session")
def chromium_flags() -> tuple[str, ...]:
    """The flags every browser test starts Chromium with."""
    return CHROMIUM_FLAGS


def _database(embedded: Embedded, name: str) -> str:
    return embedded.database_url.replace("/hub?", f"/{name}?")


def _drop(embedded: Embedded, url: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(name)))
        )
