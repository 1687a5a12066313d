"""What keeps the directory right while agencies close, workers overlap and feeds misbehave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import TaskType
from referral_hub.services import directory_import
from referral_hub.services.agencies import set_open
from referral_hub.services.directory_facts import _last_day
from referral_hub.services.directory_import import Reading, import_source, run_due_imports
from referral_hub.services.directory_sources import add_source, list_sources, read_source
from referral_hub.services.open_referral import Query, list_services, read_service
from referral_hub.services.own_services import list_own, state_cover
from referral_hub.services.search_directory import read_listing
from referral_hub.store import directory_search, directory_sources, own_services
from referral_hub.store.directory_search import Wanted
from tests.feeds import URL, Feed, a_service, outside
from tests.hub_bench import Bench


def _overlapping(
    bench: Bench, then: Callable[[], Any], begun: Callable[[Future[Any]], None]
) -> Any:
    """Run `then` beside the caller, and `begun` when it waits for a lock or is through."""
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(then)
        while not running.done() and not bench.one(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
        ):
            pass
        begun(running)
        return running.result(timeout=20)


def test_what_a_closed_agency_published_is_not_listed_and_is_inactive(bench: Bench) -> None:
    us = bench.staff["neighbours"].agency_id
    name = bench.one("SELECT name FROM agency WHERE id = %s", us)
    ids = {
        row["id"] for row in bench.rows("SELECT id FROM directory_entry WHERE agency_id = %s", us)
    }
    assert ids

    today = bench.clock().date()

    def standing() -> tuple[bool, bool, set[str]]:
        with bench.hub.database.one_statement() as connection:
            found = {one.id for one in directory_search.search(connection, Wanted(today), most=500)}
            one = directory_search.one(connection, min(ids), today)
        items = list_services(bench.hub, Query(), limit=100, offset=0).items
        states = {str(item["status"]) for item in items if UUID(item["id"]) in ids}
        return bool(found & ids), one is not None, states

    assert standing() == (True, True, {"active"})
    set_open(bench.hub, name, active=False)
    assert standing() == (False, False, {"inactive"})
    set_open(bench.hub, name, active=True)
    assert standing() == (True, True, {"active"})


def test_a_reminder_is_due_half_a_year_after_writing_for_whole_agencies_to_one_worker(
    bench: Bench,
) -> None:
    hub, at = bench.hub, bench.clock()
    half_a_year = timedelta(days=180)

    def due(days: int) -> set[UUID]:
        then = at + timedelta(days=days)
        with hub.database.working() as connection:
            rows = own_services.to_remind(connection, then - half_a_year, then)
        return {row["agency_id"] for row in rows}

    assert due(1) == set(), "nobody is asked to check what was written yesterday"
    everybody = due(181)
    us = bench.staff["neighbours"].agency_id
    assert us in everybody
    bench.rows("UPDATE agency SET active = false WHERE id = %s", us)
    assert due(181) == everybody - {us}
    with hub.database.working() as connection:
        assert own_services.to_remind(connection, at + half_a_year, at + half_a_year)
        assert due(181) == set(), "another worker has them"
    bench.rows(
        "INSERT INTO service SELECT (json_populate_record(s, json_build_object('id',"
        " gen_random_uuid()))).* FROM service s, generate_series(1, 60)"
        " WHERE s.name <> ''"
    )
    bench.rows(
        "INSERT INTO service_details (service_id, agency_id) SELECT id, agency_id FROM service"
        " ON CONFLICT DO NOTHING"
    )
    assert due(181) == everybody - {us}, "an agency is not cut through"


def test_a_record_of_endless_words_is_taken_in(bench: Bench) -> None:
    admin = bench.staff["council-admin"]
    source_id = add_source(bench.hub, admin, "County", URL, resolve=outside)
    services = [a_service(number) for number in range(3)]
    location = services[0]["service_at_locations"][0]["location"]
    services[0]["service_at_locations"] = [
        {"id": str(uuid4()), "location": {**location, "addresses": [
            {"id": str(uuid4()), "address_1": "1 Hill", "country": "GB", "address_type": "physical",
             "postal_code": "MF1 2LB", "state_province": "Mereford",
             "city": " ".join(f"w{at:x}w{nth:x}w{word:x}" for word in range(30))}
            for nth in range(100)
        ]}}
        for at in range(100)
    ]  # fmt: skip
    report = import_source(bench.hub, admin, source_id, Reading(pages=Feed(services)))
    assert (report.good, report.counts["held"]) == (True, 3)


def test_a_feed_that_cannot_be_taken_in_does_not_keep_the_others_waiting(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = bench.staff["council-admin"]
    bad, good = (
        add_source(bench.hub, admin, name, URL, resolve=outside) for name in ("Bad", "Good")
    )
    read: Callable[..., Any] = import_source

    def reading(hub: Any, actor: Any, source_id: UUID) -> Any:
        if source_id == bad:
            raise RuntimeError
        return read(hub, actor, source_id, Reading(pages=Feed([a_service(1)])))

    monkeypatch.setattr(directory_import, "import_source", reading)
    assert run_due_imports(bench.hub) == 2
    runs = {row.id: row.run["outcome"] for row in list_sources(bench.hub, admin) if row.run}
    assert runs == {bad: "failed", good: "done"}
    assert run_due_imports(bench.hub) == 0
    assert bench.verify().ok


def test_a_source_is_found_among_more_than_a_hundred(bench: Bench) -> None:
    admin = bench.staff["council-admin"]
    bench.rows(
        "INSERT INTO directory_source (id, agency_id, name, created_at) SELECT gen_random_uuid(),"
        " %s, 'A' || n, now() FROM generate_series(1, 100) n", admin.agency_id
    )  # fmt: skip
    source_id = add_source(bench.hub, admin, "Z", URL, resolve=outside)
    read_source(bench.hub, admin, source_id)
    with bench.hub.database.acting_for(bench.staff["gp"].agency_id) as connection:
        assert directory_sources.source(connection, source_id) is None


def test_two_workers_make_the_list_of_words_one_after_the_other(bench: Bench) -> None:
    def again() -> None:
        with bench.hub.database.working() as connection:
            directory_sources.refresh_words(connection)

    held = bench.hub.database.working()
    connection = held.__enter__()
    directory_sources.refresh_words(connection)
    _overlapping(bench, again, lambda _: held.__exit__(None, None, None))
    assert bench.one("SELECT count(*) FROM directory_word") > 0


def test_two_who_state_cover_at_once_both_keep_their_line(bench: Bench) -> None:
    actor = bench.staff["neighbours"]
    own = list_own(bench.hub, actor)[0]
    mine = {"task": TaskType.SHOPPING_DELIVERED.value, "insurance": "own"}
    held = bench.hub.database.acting_for(actor.agency_id)
    connection = held.__enter__()
    assert own_services.held_cover(connection, actor.agency_id, own.id) is not None

    def state() -> None:
        told = {"insurance": "own"}
        state_cover(bench.hub, actor, own.id, task=TaskType.COMPANY, cover=told)

    def finish(_running: Future[Any]) -> None:
        own_services.change(connection, actor.agency_id, own.id, {"cover": [mine]})
        held.__exit__(None, None, None)

    _overlapping(bench, state, finish)
    cover = bench.one("SELECT cover FROM service WHERE id = %s", own.id)
    assert {line["task"] for line in cover} == {"company", "shopping_delivered"}


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2027-01-01T00:00:00+00:00", date(2026, 12, 31)),
        ("2027-03-31T23:00:00+00:00", date(2027, 3, 31)),
        ("2027-01-01T00:00:01+00:00", date(2027, 1, 1)),
        (None, None),
    ],
    ids=["winter", "summer", "a second later", "never"],
)
def test_insurance_counts_to_its_last_day_in_london(until: str | None, day: date | None) -> None:
    assert _last_day(until) == day


def test_a_pause_is_over_by_the_hubs_clock_and_the_day_in_london(bench: Bench) -> None:
    bench.clock.stop_at(datetime(2027, 7, 1, 22, 30, tzinfo=UTC))  # half past eleven in London
    bench.rows("UPDATE service SET paused_until = '2027-07-01' WHERE name = 'Friendly visits'")
    entry = bench.one("SELECT id FROM directory_entry WHERE name = 'Friendly visits'")

    def status() -> tuple[str, str]:
        found, _ = read_listing(bench.hub, entry)
        return found.status, str(read_service(bench.hub, entry)["status"])

    assert status() == ("temporarily closed", "temporarily closed")
    bench.clock.forward(timedelta(hours=1))
    assert status() == ("active", "active")
