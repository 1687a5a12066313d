"""A feed or file becomes the public directory whole, or the last good version stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from adapters.transports.feed import FeedFailed
from referral_hub.domain.listings import FeedOutcome
from referral_hub.errors import Forbidden, InvalidInput, NotFound
from referral_hub.services import read_feed
from referral_hub.services.directory_import import (
    ImportReport,
    Reading,
    import_source,
    run_due_imports,
)
from referral_hub.services.directory_sources import (
    add_source,
    ask_again,
    list_sources,
    read_source,
    stop_source,
)
from tests.feeds import URL, Feed, a_service, outside
from tests.hub_bench import Bench

Broken = Callable[[str, int], bytes | None]


def source(bench: Bench, *, by: str = "council-admin", name: str = "County") -> UUID:
    return add_source(bench.hub, bench.staff[by], name, URL, resolve=outside)


def read(bench: Bench, source_id: UUID, feed: Feed, **options: Any) -> ImportReport:
    reading = Reading(pages=feed, **options)
    return import_source(bench.hub, bench.staff["council-admin"], source_id, reading)


def names(bench: Bench) -> list[str]:
    rows = bench.rows("SELECT name FROM directory_entry WHERE source_id IS NOT NULL ORDER BY name")
    return [row["name"] for row in rows]


def test_a_feed_is_read_page_by_page_and_again_only_where_it_changed(bench: Bench) -> None:
    source_id, services = source(bench), [a_service(number) for number in range(5)]
    services[4]["last_modified"] = None
    feed = Feed(services)
    first = read(bench, source_id, feed)
    assert (first.outcome, first.counts["new"], first.counts["held"]) == (FeedOutcome.DONE, 5, 5)
    assert [asked for asked in feed.asked if asked.startswith("page")] == [
        "page 1", "page 2", "page 3"
    ]  # fmt: skip
    row = bench.rows("SELECT * FROM directory_entry WHERE name = 'Lunch club 1'")[0]
    assert row["needs"] == ["lonely", "shopping_meals"] or "shopping_meals" in row["needs"]
    assert (row["access"], row["free"], row["minimum_age"]) == (["wheelchair"], False, 60)
    assert bench.one("SELECT count(*) FROM directory_place WHERE latitude > 53") >= 5
    assert bench.one("SELECT count(*) FROM directory_word WHERE word = 'lunch'") == 1

    services[1] |= {"name": "Supper club", "last_modified": "2026-04-01T00:00:00.000Z"}
    del services[0]
    services.append(a_service(9))
    again = Feed(services)
    second = read(bench, source_id, again)
    assert {name: second.counts[name] for name in ("new", "changed", "same", "gone")} == {
        "new": 1, "changed": 1, "same": 3, "gone": 1
    }  # fmt: skip
    details = [asked for asked in again.asked if not asked.startswith("page")]
    assert details == [services[0]["id"], services[3]["id"], services[4]["id"]]
    assert names(bench) == [
        "Lunch club 2", "Lunch club 3", "Lunch club 4", "Lunch club 9", "Supper club"
    ]  # fmt: skip
    assert bench.verify().ok


def _failing(code: str, page: int = 2) -> Broken:
    def broken(path: str, number: int) -> bytes | None:
        if not path and number == page:
            raise FeedFailed(code)
        return None

    return broken


def _saying(body: bytes, page: int = 2) -> Broken:
    return lambda path, number: body if not path and number == page else None


def _endless(path: str, number: int) -> bytes | None:
    page = {"contents": [a_service(0), a_service(1)], "page_number": number, "total_pages": 10**9}
    return None if path else json.dumps(page).encode()


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        pytest.param(_failing("unreachable"), FeedOutcome.UNREACHABLE, id="unreachable"),
        pytest.param(_failing("moved", 1), FeedOutcome.MOVED, id="redirect"),
        pytest.param(_failing("address_refused"), FeedOutcome.ADDRESS_REFUSED, id="internal"),
        pytest.param(_failing("too_large"), FeedOutcome.TOO_LARGE, id="too-large"),
        pytest.param(_failing("status"), FeedOutcome.STATUS, id="status"),
        pytest.param(_failing("not_there", 1), FeedOutcome.NOT_THERE, id="not-there"),
        pytest.param(_saying(b"<html>"), FeedOutcome.NOT_A_FEED, id="html"),
        pytest.param(_saying(b'{"items": []}'), FeedOutcome.NOT_A_FEED, id="other-schema"),
        pytest.param(_saying(b'{"contents": []}', 1), FeedOutcome.EMPTY, id="empty"),
        pytest.param(_endless, FeedOutcome.ENDLESS, id="endless"),
    ],
)
def test_a_feed_that_breaks_leaves_the_last_good_version(
    bench: Bench, broken: Broken, outcome: FeedOutcome
) -> None:
    source_id, services = source(bench), [a_service(number) for number in range(5)]
    read(bench, source_id, Feed(services))
    before = bench.table("directory_entry")
    good = bench.one("SELECT good_at FROM directory_source")
    changed = [one | {"last_modified": "2026-05-01T00:00:00Z", "name": "Other"} for one in services]
    report = read(bench, source_id, Feed(changed, broken=broken))
    assert report.outcome is outcome
    assert bench.table("directory_entry") == before
    assert bench.one("SELECT good_at FROM directory_source") == good
    _, runs = read_source(bench.hub, bench.staff["council-admin"], source_id)
    assert [run["outcome"] for run in runs] == [outcome.value, "done"]


def test_a_bad_record_is_reported_and_keeps_its_last_good_version(bench: Bench) -> None:
    source_id, services = source(bench), [a_service(number) for number in range(6)]
    read(bench, source_id, Feed(services))
    for one in services:
        one["last_modified"] = "2026-05-01T00:00:00Z"
    services[0] |= {"name": 17}
    services[1] |= {"status": "open"}
    services[2] |= {"url": "ftp://x", "minimum_age": "many"}
    services.append(services[3] | {"name": "A double"})
    services.append("no record")
    report = read(bench, source_id, Feed(services))
    assert report.good
    told = {(row["record"], row["what"].partition(":")[0]) for row in report.problems}
    assert told == {
        (services[0]["id"], "name"), (services[1]["id"], "status"), (services[2]["id"], "url"),
        (services[2]["id"], "minimum_age"), (services[3]["id"], "id"), ("page 4, item 2", "record"),
    }  # fmt: skip
    assert report.counts["refused"] == 4
    assert names(bench) == [f"Lunch club {number}" for number in range(6)]


def test_when_most_records_cannot_be_used_or_have_vanished_nothing_changes(bench: Bench) -> None:
    source_id, services = source(bench), [a_service(number) for number in range(24)]
    read(bench, source_id, Feed(services, size=24))
    renamed = [{"id": one["id"], "title": "x"} for one in services]
    assert read(bench, source_id, Feed(renamed)).outcome is FeedOutcome.MOSTLY_REFUSED
    fewer = Feed(services[:10], size=24)
    assert read(bench, source_id, fewer).outcome is FeedOutcome.MOSTLY_GONE
    assert len(names(bench)) == 24
    assert read(bench, source_id, fewer, accept_gone=True).good
    assert len(names(bench)) == 10


def test_a_record_stays_with_whoever_brought_it_first(bench: Bench) -> None:
    own = bench.one("SELECT id FROM service WHERE name = 'Home library'")
    first, second = source(bench), source(bench, name="Another")
    read(bench, first, Feed([a_service(0), a_service(1)]))
    stolen = [a_service(0, name="Mine now"), a_service(2), a_service(3, id=str(own)), a_service(4)]
    report = read(bench, second, Feed(stolen))
    assert report.counts["refused"] == 2
    assert {row["record"] for row in report.problems} == {stolen[0]["id"], str(own)}
    assert names(bench) == ["Lunch club 0", "Lunch club 1", "Lunch club 2", "Lunch club 4"]
    assert bench.one("SELECT name FROM directory_entry WHERE id = %s", own) == "Home library"


@pytest.mark.parametrize("form", ["json", "page.json", "ndjson"])
def test_a_file_is_read_in_any_of_three_shapes(bench: Bench, tmp_path: Path, form: str) -> None:
    services: list[Any] = [a_service(number) for number in range(3)]
    path = tmp_path / f"services.{form}"
    whole: object = {"total_items": 3, "contents": services} if "page" in form else services
    text = json.dumps(whole)
    if form == "ndjson":
        text = "\n".join([*map(json.dumps, services), "{not json"])
    path.write_text(text, encoding="utf-8")
    actor = bench.staff["council-admin"]
    source_id = add_source(bench.hub, actor, "File", None)
    report = import_source(bench.hub, actor, source_id, Reading(file=path))
    assert report.good
    assert report.counts["new"] == 3
    assert [row["what"] for row in report.problems] == ["record: must be JSON"] * (form == "ndjson")
    path.write_bytes(path.read_bytes()[: -200 if form != "ndjson" else None] + b"[")
    if form != "ndjson":
        again = import_source(bench.hub, actor, source_id, Reading(file=path))
        assert again.outcome is FeedOutcome.NOT_A_FEED
        assert len(names(bench)) == 3


def test_a_feed_without_end_or_of_too_many_records_is_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_feed, "MOST_RECORDS", 7)

    def more(path: str, number: int) -> bytes | None:
        if path:
            return json.dumps(next(a_service(n) for n in range(99) if a_service(n)["id"] == path)
                              ).encode()  # fmt: skip
        page = {"contents": [a_service(2 * number), a_service(2 * number + 1)], "last_page": False}
        return json.dumps(page).encode()

    feed = Feed([], broken=more)
    assert read(bench, source(bench), feed).outcome is FeedOutcome.ENDLESS
    assert len(feed.asked) < 20
    assert names(bench) == []


def test_sources_are_an_agencys_own_and_are_read_when_they_are_due(bench: Bench) -> None:
    hub, admin, other = bench.hub, bench.staff["council-admin"], bench.staff["surgery-admin"]
    source_id = source(bench)
    assert source(bench) == source_id
    for step in (read_source, ask_again, stop_source, import_source):
        with pytest.raises(NotFound):
            step(hub, other, source_id)
        with pytest.raises(Forbidden):
            step(hub, bench.staff["gp"], source_id)
    with pytest.raises(InvalidInput, match="https"):
        add_source(hub, admin, "Inside", "http://localhost/")
    with pytest.raises(InvalidInput, match="not on the public internet"):
        add_source(hub, admin, "Inside", URL, resolve=lambda *_: ["93.184.216.34", "10.0.0.8"])
    bench.rows("UPDATE directory_source SET url = 'https://127.0.0.1/'")
    assert run_due_imports(hub) == 1
    (row,) = list_sources(hub, admin)
    assert row.run is not None
    assert row.run["outcome"] == "address_refused"
    assert row.due_at is not None
    assert row.due_at > bench.clock()
    assert run_due_imports(hub) == 0
    bench.clock.forward(timedelta(hours=3))
    stop_source(hub, admin, source_id)
    assert run_due_imports(hub) == 0
    ask_again(hub, admin, source_id)
    assert run_due_imports(hub) == 1
