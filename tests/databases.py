"""Databases of the session's private server: made, copied and dropped in a moment."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from referral_hub.embedded import Embedded


def url_of(embedded: Embedded, name: str) -> str:
    """The address of a database, as the owner of its tables."""
    return embedded.database_url.replace("/hub?", f"/{name}?")


def make_database(embedded: Embedded, *, template: str | None = None) -> str:
    """Make a database, a copy of `template` where that is named; returns its name."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    statement = sql.SQL("CREATE DATABASE {} OWNER hub").format(sql.Identifier(name))
    if template:
        copy = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        statement += copy
    _run(embedded, statement)
    return name


def drop_database(embedded: Embedded, name: str) -> None:
    """Drop a database and whoever is still connected to it."""
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    _run(embedded, drop.format(sql.Identifier(name)))


@contextmanager
def copied_database(embedded: Embedded, template: str | None = None) -> Iterator[str]:
    """The address of a database that is dropped in the end."""
    name = make_database(embedded, template=template)
    try:
        yield url_of(embedded, name)
    finally:
        drop_database(embedded, name)


def name_in(url: str) -> str:
    """The database that an address names."""
    return str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])


def never_mind_power_cuts(embedded: Embedded) -> None:
    """Processes are killed in tests, machines are not: waiting for the disk would prove nothing.

    Copying and dropping a database takes a tenth of the time then.
    """
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        for name in ("fsync", "full_page_writes"):
            admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
        admin.execute("SELECT pg_reload_conf()")


def _run(embedded: Embedded, statement: sql.Composed) -> None:
    with psycopg.connect(embedded.admin_url, autocommit=True) as admin:
        admin.execute(statement)
