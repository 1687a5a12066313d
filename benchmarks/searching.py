"""The officer's search over a log of millions: fill it quickly, then time each filter's first page.

The entries are copies of a few real ones with other ids, spread over three years, so that columns
and bytes fit together; hashes are not computed, for nothing here is verified. The rare kinds are
really rare: the last override is months old. What is timed is the service that the page calls: look
into the log, names, and the entry that says that somebody searched.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from benchmarks.town import Town, private_town, two_recipients
from consent.evidence.entry import EntryType
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.services.audit_filters import DecisionOutcome, Filters
from referral_hub.services.audit_log import search
from referral_hub.services.deliver import drain
from referral_hub.services.submit_referral import submit_referral
from referral_hub.store.registers import as_owner

GOAL_MS = 100.0
ENTRIES = 5_000_000
_FILL = Path(__file__).with_name("log_entries.sql")
_INDEXES = text(
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'log_entry'"
    " AND indexname <> 'pk_log_entry'"
)


def main() -> int:
    """Fill, time and print; exit status 1 when a filter misses the goal."""
    parser = argparse.ArgumentParser(prog="make search-at-scale", description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    options = parser.parse_args()
    with private_town() as town:
        quiet = town.quiet()
        submit_referral(quiet.hub, quiet.actor, two_recipients(quiet))
        drain(quiet.hub)
        took = fill(quiet, options.entries)
        figures = first_pages(quiet)
    print(f"\n{options.entries:,} entries, made in {took:.0f} s\n")
    print(f"{'filter':32} {'median ms':>10} {'p95 ms':>10}")
    for name, (median, p95) in figures.items():
        print(f"{name:32} {median:10.1f} {p95:10.1f}  {'met' if p95 <= GOAL_MS else 'MISSED'}")
    print(json.dumps({"entries": options.entries, "p95_ms": {k: v[1] for k, v in figures.items()}}))
    return int(any(p95 > GOAL_MS for _, p95 in figures.values()))


def fill(town: Town, entries: int) -> float:
    """Bring the log to about `entries` entries; returns the seconds it took."""
    began = time.perf_counter()
    with as_owner(str(town.settings.migrate_database_url)) as connection:
        indexes = connection.execute(_INDEXES).all()
        for name, _ in indexes:
            connection.execute(text(f'DROP INDEX "{name}"'))
        for statement in _FILL.read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                connection.execute(text(statement), {"wanted": entries})
        connection.execute(text("SET maintenance_work_mem = '256MB'"))
        for _, definition in indexes:
            connection.execute(text(definition))
        connection.execute(text("ANALYZE log_entry"))
    return time.perf_counter() - began


def first_pages(town: Town, *, rounds: int = 25) -> dict[str, tuple[float, float]]:
    """Return median and 95th percentile, in milliseconds, by filter."""
    with as_owner(str(town.settings.migrate_database_url)) as connection:
        asked = _filters(town, connection)
        officer = _officer(connection, town.actor.agency_id)
    return {
        name: _timed(partial(search, town.hub, officer, filters), rounds)
        for name, filters in asked.items()
    }


def _timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    seen = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seen.append((time.perf_counter() - began) * 1000)
    return statistics.median(seen), sorted(seen)[int(len(seen) * 0.95) - 1]


def _officer(connection: Connection, agency_id: UUID) -> Actor:
    row = connection.execute(
        text("SELECT id FROM staff_user WHERE agency_id = :us AND role = :role"),
        {"us": agency_id, "role": Role.DATA_PROTECTION_OFFICER.value},
    ).one()
    return Actor(row.id, agency_id, Role.DATA_PROTECTION_OFFICER)


def _filters(town: Town, connection: Connection) -> Mapping[str, Filters]:
    """Each filter alone, frequent and rare; none finds what another's page left in a cache only."""
    some = connection.execute(
        text(
            "SELECT e.subject_id, e.actor_user_id, r.reference FROM log_entry e"
            " JOIN referral r ON r.id = e.referral_id"
            " WHERE r.reference LIKE 'COPY-%' AND e.actor_user_id IS NOT NULL LIMIT 1"
        )
    ).one()
    person, rare_user = connection.execute(
        text(
            "SELECT subject_id, actor_user_id FROM log_entry WHERE type = 'override'"
            " ORDER BY id LIMIT 1"
        )
    ).one()
    today = town.hub.clock().date()
    neighbours = town.agencies["Mereford Good Neighbours"]
    kinds = {f"type: {kind.value}": Filters(type=kind) for kind in EntryType}
    outcomes = {f"outcome: {one.value}": Filters(outcome=one) for one in DecisionOutcome}
    return {
        "everything": Filters(),
        "person": Filters(person=person),
        "reference": Filters(reference=some.reference),
        "user, frequent": Filters(user=some.actor_user_id),
        "user, rare": Filters(user=rare_user),
        "agency, frequent": Filters(agency=neighbours),
        "agency, rare": Filters(agency=town.agencies["Mereford Libraries"]),
        **kinds,
        **outcomes,
        "basis, frequent": Filters(basis="article6:e"),
        "basis, rare": Filters(basis="article6:d"),
        "basis, none": Filters(basis="article6:f"),
        "rule, frequent": Filters(rule="R04"),
        "rule, only refusals": Filters(rule="R15"),
        "rule, none": Filters(rule="R99"),
        "reason": Filters(reason="consent_expired"),
        "time: a day a year ago": Filters(since=(day := today - timedelta(days=365)), until=day),
        "time and basis": Filters(since=day, until=day, basis="article6:d"),
        "agency and reason": Filters(agency=neighbours, reason="consent_expired"),
    }


def all_filters(town: Any, connection: Connection) -> Mapping[str, Filters]:
    """The same filters, for a test of their plans."""
    return _filters(town, connection)


if __name__ == "__main__":
    sys.exit(main())
