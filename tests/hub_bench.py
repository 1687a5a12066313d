"""A hub over a database of its own with the demonstration town in it, driven through its services.

The town is seeded once in a session. `bench` is a database put back to that seed for each test,
`new_bench` makes copies for tests that change keys or schema, or kill what they run on. Nothing is
mocked: the clock alone can be moved.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import current
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import Verification, verify_log
from referral_hub.clock import system_clock
from referral_hub.domain.codes import ContactMethod, NeedCode, Priority, Role
from referral_hub.domain.commands import (
    AccessDetails,
    Actor,
    AgreementTaken,
    ContactDetails,
    PersonDetails,
    SubmitReferral,
)
from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.embedded import Embedded
from referral_hub.services.deliver import drain
from referral_hub.services.demo import seed_demo
from referral_hub.services.demo_town import AGENCIES
from referral_hub.services.hub import Hub
from referral_hub.services.open_commitments import opener
from referral_hub.services.submit_referral import Submitted, submit_referral
from referral_hub.settings import load_settings
from referral_hub.store.tables import metadata
from referral_hub.wiring import build_hub
from tests.databases import copied_database, drop_database, make_database, url_of

ALL = frozenset(
    {
        DataClass.IDENTITY,
        DataClass.CONTACT,
        DataClass.NEED,
        DataClass.ACCESS_NEEDS,
        DataClass.HEALTH,
    }
)
LONELY = (NeedCode.LONELY,)
GARDEN = (NeedCode.GARDEN_HOME_JOBS,)
Row = dict[str, Any]
One = TypeVar("One")


class MovableClock:
    """The system's clock, which a test may move or stop."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._stopped: datetime | None = None

    def __call__(self) -> datetime:
        return self._stopped or system_clock() + self._ahead

    def forward(self, time: timedelta) -> None:
        """Let `time` pass."""
        self._ahead += time
        if self._stopped:
            self._stopped += time

    def stop_at(self, at: datetime) -> None:
        """Stop at an instant."""
        self._stopped = at


@dataclass
class Bench:
    """A hub, the address of its database as the owner, and its clock."""

    hub: Hub
    url: str
    clock: MovableClock
    directory: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self._owner: psycopg.Connection[Row] | None = None
        names = {agency.name: agency.key for agency in AGENCIES}
        rows = self.rows("SELECT id, name FROM agency")
        self.agencies: dict[str, UUID] = {names[row["name"]]: row["id"] for row in rows}
        self.staff = {
            row["username"]: Actor(row["id"], row["agency_id"], Role(row["role"]))
            for row in self.rows("SELECT id, agency_id, username, role FROM staff_user")
        }

    def rows(self, statement: str, *values: object) -> list[Row]:
        """What the owner of the tables sees, whom row-level security does not bind."""
        if self._owner is None or self._owner.closed:
            self._owner = psycopg.connect(self.url, row_factory=dict_row, autocommit=True)
        try:
            found = self._owner.execute(statement.encode(), values or None)
        except psycopg.OperationalError:
            self._owner.close()
            raise
        return found.fetchall() if found.description else []

    def one(self, statement: str, *values: object) -> Any:
        """The only value of the only row."""
        (row,) = self.rows(statement, *values)
        (value,) = row.values()
        return value

    def table(self, name: str) -> list[Row]:
        """Every row of a table, and `copy`: the row as JSON that goes back in unchanged."""
        query = sql.SQL("SELECT t.*, to_jsonb(t) AS copy FROM {} t").format(sql.Identifier(name))
        return self.rows(query.as_string())

    def agreed(
        self,
        to: Iterable[str] = (),
        *,
        state: EventState = EventState.GIVEN,
        classes: frozenset[DataClass] = ALL,
        until: date | None = None,
        **changes: Any,
    ) -> AgreementTaken:
        """What somebody said about sharing with the agencies `to`, by their keys."""
        words = current("support-referral", "en", self.clock())
        taken = AgreementTaken(
            state=state,
            recipients=frozenset(self.agencies[key] for key in to),
            classes=classes,
            notice_id=words.id,
            notice_version=words.version,
            notice_language=words.language,
            method=Method.IN_PERSON,
            given_by=GivenBy.SELF,
            valid_until=until or (self.clock() + timedelta(days=180)).date(),
            service_agreement=True,
        )
        return replace(taken, **changes)

    def command(
        self,
        needs: Iterable[NeedCode] = LONELY,
        to: Iterable[str] = ("mentors", "neighbours", "council"),
        *,
        agreement: AgreementTaken | None = None,
        person: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> SubmitReferral:
        """A complete referral; `person` and `changes` replace fields of the person or of it."""
        made = SubmitReferral(
            draft_id=uuid4(),
            person=replace(a_person(next(self.numbers)), **(person or {})),
            contact=ContactDetails(
                phone="07700 900123",
                email="zq@example.org",
                preferred=frozenset({ContactMethod.PHONE}),
                never=frozenset({ContactMethod.POST}),
                note="After ten",
            ),
            access=AccessDetails("en", False, frozenset(), "Speaks softly"),
            needs=frozenset(needs),
            why="Breathless with COPD and alone since the spring",
            task_note="Ring twice",
            priority=Priority.ROUTINE,
            agreement=agreement or self.agreed(to),
        )
        return replace(made, **changes)

    def refer(self, *arguments: Any, by: str = "gp", **changes: Any) -> Submitted:
        """Submit what `command` makes, as the surgery's GP."""
        return submit_referral(self.hub, self.staff[by], self.command(*arguments, **changes))

    def deliver(self) -> int:
        """Let the worker do everything that is due."""
        return drain(self.hub)

    def tasks(self, referral_id: UUID | None = None) -> list[Row]:
        """Tasks, oldest first, with the key of their recipient as `to`."""
        keys = {agency_id: key for key, agency_id in self.agencies.items()}
        rows = self.rows(
            "SELECT * FROM task WHERE coalesce(referral_id = %s, true) ORDER BY id", referral_id
        )
        return [row | {"to": keys[row["recipient_agency_id"]]} for row in rows]

    def states(self, referral_id: UUID | None = None) -> list[tuple[str, str]]:
        """(recipient, state) of each task, oldest first."""
        return [(row["to"], row["state"]) for row in self.tasks(referral_id)]

    def outbox(self) -> list[tuple[str, str, str | None]]:
        """(kind, state, last code) of every outbox row, oldest first."""
        rows = self.rows("SELECT kind, state, last_code FROM outbox ORDER BY id")
        return [(row["kind"], row["state"], row["last_code"]) for row in rows]

    def verify(self) -> Verification:
        """Verify the whole log as `hub verify-log` does."""
        if self.hub.integrator is not None:
            self.hub.integrator.run()
        return verify_log(
            self.hub.database,
            vkey=self.hub.log_vkey,
            memory=SignerMemory(self.hub.signer_memory),
            opener=opener(self.hub.keys),
        )

    def disclosures_without_entry(self) -> list[Row]:
        """Releases whose log entry is not an integrated one about the same parties."""
        return self.rows(
            "SELECT d.id FROM release d LEFT JOIN log_entry l ON l.id = d.entry_id"
            " WHERE l.seq IS NULL OR l.type <> 'release' OR l.outcome <> 'permit'"
            " OR l.referral_id <> d.referral_id OR l.sender_agency_id <> d.origin_agency_id"
            " OR l.recipient_agency_id <> d.recipient_agency_id"
        )

    def close(self) -> None:
        """Let go of every connection."""
        if self._owner is not None:
            self._owner.close()
        self.hub.registry.close()
        self.hub.database.dispose()


class NewBench(Protocol):
    """Makes a bench; `settings` are variables of the environment."""

    def __call__(self, **settings: str) -> Bench:
        """A new bench over a database of its own."""


@dataclass(frozen=True)
class SeededTown:
    """A database to copy, its rows, and the keys that belong to it."""

    database: str
    keys: Path
    rows: Mapping[str, Sequence[Row]]


def a_person(number: int) -> PersonDetails:
    """A person whose NHS number (999 …, for tests) is unlike that of every other `number`."""
    return PersonDetails(
        first_name="Zebedee",
        family_name="Quillfeather",
        date_of_birth=date(1944, 5, 6),
        nhs_number=parse_nhs_number(nhs_number(number)),
        area="MF-HAR",
        address="4 Gannet Row",
        postcode="MF1 2AB",
    )


def nhs_number(number: int) -> str:
    """The `number`-th valid NHS number that begins with 999."""
    found = itertools.count()
    for first_nine in (f"999{n:06d}" for n in found):
        check = -sum(int(digit) * (10 - place) for place, digit in enumerate(first_nine)) % 11
        number -= check != 10
        if number <= 0 and check != 10:
            return f"{first_nine}{check}"
    raise AssertionError("there is always another number")


@pytest.fixture(scope="session")
def seeded_town(
    embedded: Embedded, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> SeededTown:
    """The demonstration town in a database that is only copied."""
    name = make_database(embedded, template=template_database)
    directory = tmp_path_factory.mktemp("town")
    bench = open_bench(url_of(embedded, name), directory)
    seed_demo(bench.hub)
    assert bench.hub.integrator is not None
    bench.hub.integrator.run()
    rows = {table.name: bench.table(table.name) for table in metadata.sorted_tables}
    bench.close()
    return SeededTown(name, directory / "keys", rows)


@pytest.fixture(scope="session")
def recycled_url(embedded: Embedded, seeded_town: SeededTown) -> Iterator[str]:
    """The address of a database that one test after another has for itself."""
    with copied_database(embedded, seeded_town.database) as url:
        yield url


@contextmanager
def benches(embedded: Embedded, town: SeededTown, directory: Path) -> Iterator[NewBench]:
    """A function that makes benches, which are closed and dropped in the end."""
    made: list[tuple[str, Bench]] = []

    def make(**settings: str) -> Bench:
        name = make_database(embedded, template=town.database)
        place = directory / name
        shutil.copytree(town.keys, place / "keys")
        bench = open_bench(url_of(embedded, name), place, **settings)
        made.append((name, bench))
        return bench

    yield make
    for name, bench in made:
        bench.close()
        drop_database(embedded, name)


def open_bench(url: str, directory: Path, **settings: str) -> Bench:
    """A bench over a migrated database; without a bell unless `settings` have `REDIS_URL`."""
    clock = MovableClock()
    variables = {"HUB_DATA": str(directory), "HUB_DEMO": "1", "DATABASE_URL": url, **settings}
    hub = build_hub(load_settings(variables), clock=clock)
    return Bench(hub, url, clock, directory)


@pytest.fixture
def new_bench(embedded: Embedded, seeded_town: SeededTown, tmp_path: Path) -> Iterator[NewBench]:
    """A function that makes benches for one test."""
    with benches(embedded, seeded_town, tmp_path) as make:
        yield make


@pytest.fixture
def bench(recycled_url: str, seeded_town: SeededTown, tmp_path: Path) -> Iterator[Bench]:
    """A hub for one test alone, over the town as it was seeded."""
    _put_back(recycled_url, seeded_town.rows)
    shutil.copytree(seeded_town.keys, tmp_path / "hub" / "keys")
    made = open_bench(recycled_url, tmp_path / "hub")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_bench(
    embedded: Embedded, seeded_town: SeededTown, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """A hub shared by a module's tests, which look and do not change."""
    with benches(embedded, seeded_town, tmp_path_factory.mktemp("shared")) as make:
        yield make()


def in_utc(day: date, *, seconds: float = 0) -> datetime:
    """Midnight at the start of `day` in UTC, and `seconds` more."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)


def _put_back(url: str, rows: Mapping[str, Sequence[Row]]) -> None:
    """Make every table hold exactly these rows again."""
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    )
    with psycopg.connect(url) as owner:
        owner.execute(f"{others} AND usename = current_user AND pid <> pg_backend_pid()".encode())
        for table in reversed(metadata.sorted_tables):
            owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
        for table in metadata.sorted_tables:
            insert = sql.SQL(
                "INSERT INTO {0} OVERRIDING SYSTEM VALUE"
                " SELECT * FROM json_populate_recordset(NULL::{0}, %s)"
            ).format(sql.Identifier(table.name))
            owner.execute(insert, [json.dumps([row["copy"] for row in rows[table.name]])])


def only(rows: Sequence[One]) -> One:
    """The only one."""
    (row,) = rows
    return row
