"""Connections, and the agency each of them acts for.

Two PostgreSQL roles reach the tables. `hub_app` serves people: row-level security compares each row
with `current_setting('app.agency')`. A connection begins as nobody: a statement that forgot to say
for whom it acts reads no row and writes none (PostgreSQL evaluates the setting while it plans, so
leaving it unset would fail statements that set it themselves). `hub_worker` serves the release
service, the outbox and the log. Neither owns a table. The role is chosen by a start-up option of
the connection, so it costs no round trip and `RESET ROLE` returns to it.

Hot paths use autocommit: one statement is one transaction and one round trip, and carries the
agency setting in its first CTE; its plan is made once
(`docs/decisions/0003-one-statement-writes.md`). The hottest of them go past the engine
(`store.direct`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from referral_hub.errors import Overdue, ServiceUnavailable
from referral_hub.store import patience
from referral_hub.store.direct import Link, Links, without_details

__all__ = ["Connection", "Database", "Link", "open_database", "open_owner", "reachable"]

READ_ONLY, CANCELLED = "25006", "57014"
AWAY = "The database cannot be reached just now."
NOBODY = "00000000-0000-0000-0000-000000000000"

_SESSION = (
    "-c role={role} -c app.agency=" + NOBODY + " -c lock_timeout=5s"
    " -c statement_timeout={limit} -c timezone=UTC -c jit=off"
)
_PLAN_ONCE = " -c plan_cache_mode=force_generic_plan"
_SET_AGENCY = text("SELECT set_config('app.agency', :agency, true)")
_SET_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")
_SET_BOTH = text(
    "SELECT set_config('app.agency', :agency, true), set_config('statement_timeout', :limit, true)"
)


@dataclass(frozen=True)
class Database:
    """Engines over one PostgreSQL database, one for each role and way of committing."""

    app: Engine
    app_statement: Engine
    worker: Engine
    worker_statement: Engine
    links: Links

    @contextmanager
    def acting_for(self, agency_id: UUID) -> Iterator[Connection]:
        """One transaction as `hub_app`, limited by row-level security to `agency_id`."""
        seconds = patience.require_time()
        with reachable(), self.app.begin() as connection:
            if seconds is None:
                connection.execute(_SET_AGENCY, {"agency": str(agency_id)})
            else:
                given = {"agency": str(agency_id), "limit": _limit(seconds)}
                connection.execute(_SET_BOTH, given)
            yield connection

    @contextmanager
    def working(self) -> Iterator[Connection]:
        """One transaction as `hub_worker`, which sees the rows of every agency."""
        seconds = patience.require_time()
        with reachable(), self.worker.begin() as connection:
            if seconds is not None:
                connection.execute(_SET_LIMIT, {"limit": _limit(seconds)})
            yield connection

    @contextmanager
    def one_statement(self) -> Iterator[Connection]:
        """An autocommit connection as `hub_app`; each statement sets its own agency."""
        patience.require_time()
        with reachable(), self.app_statement.connect() as connection:
            yield connection

    @contextmanager
    def one_worker_statement(self) -> Iterator[Connection]:
        """An autocommit connection as `hub_worker`."""
        patience.require_time()
        with reachable(), self.worker_statement.connect() as connection:
            yield connection

    @contextmanager
    def direct(self) -> Iterator[Link]:
        """Like `one_statement`, past the engine: for what is asked with every request."""
        with reachable(), self.links.one() as link:
            yield link

    def dispose(self) -> None:
        """Close every pooled connection (after a fork, and at the end)."""
        for engine in (self.app, self.app_statement, self.worker, self.worker_statement):
            engine.dispose()
        self.links.close()


@contextmanager
def reachable() -> Iterator[None]:
    """Turn a lost, refusing or read-only server into ServiceUnavailable, without any parameter.

    A statement that ran until the request had to be answered is Overdue.
    """
    try:
        yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        if state == CANCELLED and patience.left() is not None:
            raise Overdue from error
        if isinstance(error, OperationalError) or state == READ_ONLY:
            raise ServiceUnavailable(AWAY) from error
        raise
    except psycopg.Error as error:
        if isinstance(error, psycopg.OperationalError) or error.sqlstate == READ_ONLY:
            raise ServiceUnavailable(AWAY) from error
        raise


def open_database(url: str, *, pool_size: int = 8) -> Database:
    """Return engines for `url` (`postgresql://…`); connects when first used."""
    return Database(
        app=_engine(url, "hub_app", pool_size=pool_size),
        app_statement=_engine(url, "hub_app", pool_size=pool_size, autocommit=True),
        worker=_engine(url, "hub_worker", pool_size=pool_size, limit="60s"),
        worker_statement=_engine(
            url, "hub_worker", pool_size=pool_size, autocommit=True, limit="60s"
        ),
        links=Links(partial(_connect, url, "hub_app"), 2 * pool_size),
    )


def _limit(seconds: float) -> str:
    """Whole milliseconds; 0 would be no limit at all."""
    return f"{max(1, int(seconds * 1000))}ms"


def open_owner(url: str) -> Engine:
    """Return an engine as the owner of the tables, for migrations only."""
    return create_engine(_psycopg(url), hide_parameters=True, pool_size=1)


def _engine(
    url: str, role: str, *, pool_size: int, autocommit: bool = False, limit: str = "15s"
) -> Engine:
    engine = create_engine(
        _psycopg(url),
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        connect_args=_options(role, limit=limit, plan_once=autocommit),
    )
    event.listen(engine, "handle_error", _forget_parameters)
    event.listen(engine, "connect", _read_json_quickly)
    return engine


def _connect(url: str, role: str) -> psycopg.Connection[Any]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    options = _options(role, limit="15s", plan_once=True)
    return psycopg.connect(address, autocommit=True, **options)


def _options(role: str, *, limit: str, plan_once: bool) -> dict[str, Any]:
    return {
        "options": _SESSION.format(role=role, limit=limit) + (_PLAN_ONCE if plan_once else ""),
        "connect_timeout": 5,
        "application_name": role,
    }


def _read_json_quickly(connection: psycopg.Connection, _: object) -> None:
    """A plan and a decision are JSON columns of a kilobyte each, read for every delivery."""
    set_json_loads(orjson.loads, connection)


def _forget_parameters(context: object) -> None:
    """PostgreSQL's DETAIL repeats key values; drop it before anything can log the exception."""
    original = getattr(context, "original_exception", None)
    if isinstance(original, psycopg.Error):
        without_details(original)


def _psycopg(url: str) -> str:
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
