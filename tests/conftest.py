"""The real parts that tests run on: private servers for a session, a database for a test.

A test that needs a database gets its own, copied from a migrated template in well under a second,
so no test cleans up after another. Nothing is mocked. `HUB_TEST_DATA` keeps the servers' files
somewhere else than in a temporary directory.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from referral_hub.embedded import Embedded, start
from tests.databases import (
    copied_database,
    make_database,
    never_mind_power_cuts,
    url_of,
)

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from referral_hub.store.engine import Database

ROOT = Path(__file__).resolve().parents[1]
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
        never_mind_power_cuts(servers)
        yield servers
    finally:
        servers.stop()
        if not kept:
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(embedded: Embedded) -> str:
    """The name of a database at the newest migration, with nothing in it."""
    from referral_hub.store.migrate import upgrade

    name = make_database(embedded)
    upgrade(url_of(embedded, name))
    return name


@pytest.fixture
def database_url(embedded: Embedded, template_database: str) -> Iterator[str]:
    """The address of this test's own migrated database, as the owner of its tables."""
    with copied_database(embedded, template_database) as url:
        yield url


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
def module_database_url(embedded: Embedded, template_database: str) -> Iterator[str]:
    """As `database_url`, shared by one module; for read-mostly tests."""
    with copied_database(embedded, template_database) as url:
        yield url


@pytest.fixture
def empty_database_url(embedded: Embedded) -> Iterator[str]:
    """The address of a database without any table, for tests of the migrations."""
    with copied_database(embedded) as url:
        yield url


@pytest.fixture
def redis_url(embedded: Embedded) -> str:
    """The address of the session's Redis, emptied for this test."""
    return emptied_redis(embedded)


def emptied_redis(embedded: Embedded) -> str:
    """Empty the session's Redis and return its address."""
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
