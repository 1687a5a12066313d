"""Marked personal data, put through the whole story, is nowhere outside ciphertext (goal G4).

The hub is the real one: web processes, worker, PostgreSQL, Redis and a partner system. Its story is
walked over HTTP, its parts are broken in the middle, and then the machine is read byte by byte. The
negative controls plant the same marks by hand and see them found.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest
from redis.exceptions import RedisError

from tests.attacks import duties, story
from tests.attacks.canaries import MARKS, PERSON, SPELLINGS, WORD, Found, find, note, spellings_of
from tests.attacks.places import Machine, Place, inside
from tests.journeys.started import started_hub

pytestmark = [pytest.mark.slow, pytest.mark.faults]
FILES = {
    "dump.rdb",
    "redis.log",
    "postgres.log",
    "log/web.log",
    "log/worker-1.log",
    "partner/partner.sqlite3",
}
OUTAGES = {500, 503}


@dataclass
class Searched:
    """What was found where, and how many bytes of each kind of place were read."""

    machine: Machine
    found: set[Found] = field(default_factory=set)
    read: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)

    def look(self, places: Iterable[Place]) -> None:
        for where, data in places:
            kind = where.split(" ")[0]
            self.read[kind] = self.read.get(kind, 0) + len(data)
            self.found |= find(where, data)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    """The story, then its parts broken, then the search; the hub still runs for the controls."""
    with started_hub(tmp_path_factory.mktemp("marked")) as hub, ExitStack() as stack:
        result = Searched(Machine(hub))
        town = story.Town(hub, lambda: stack.enter_context(httpx.Client(timeout=60)))
        result.machine.remember_redis_commands()
        archive = tell(town, result.machine)
        result.look([*result.machine.logs(), *result.machine.redis_contents()])
        break_things(town, result)
        result.machine.write_everything_down()
        result.look(everything(result.machine, town))
        result.look(inside(archive))
        yield result


def tell(town: story.Town, machine: Machine) -> bytes:
    """Every branch of the story; returns the officer's bundle."""
    story.accepted_asked_and_closed(town)
    story.declined_moved_on_and_withdrawn(town)
    story.held_and_put_right(town)
    task = story.carried_out_by_a_partner(town)
    story.left_half_filled_and_timed_out(town, machine.sql)
    duties.answered_by_the_officer(town)
    story.typed_in_the_wrong_place(town, task)
    return story.overseen(town)


def break_things(town: story.Town, result: Searched) -> None:
    """Break each part while marked data is in somebody's hands; note what the hub answered."""
    machine, gp = result.machine, town.signed_in("gp")
    pages = story.fill_in(gp, (story.NEIGHBOURS,))

    def typed() -> int:
        return gp.post(f"{pages}/why", story.PAGES["why"]).status_code

    for table in ("draft", "referral", "release", "message"):
        machine.sql(f"ALTER TABLE {table} ADD CONSTRAINT broken CHECK (false) NOT VALID")
    result.broken["a rule of the table"] = typed()
    machine.sql("ALTER TABLE draft DROP CONSTRAINT broken")
    gp.get(f"{pages}/check")
    result.broken["a rule of the record's table"] = gp.post(f"{pages}/check").status_code
    machine.sql("ALTER TABLE referral DROP CONSTRAINT broken")
    gp.send(f"{pages}/check")
    story.until(lambda: "delivery_failed" in _log(machine, "worker-1"), "the worker's failure")
    for table in ("release", "message"):
        machine.sql(f"ALTER TABLE {table} DROP CONSTRAINT broken")

    pages = story.fill_in(gp, (), until="address")
    with machine.keys_away():
        result.broken["keys unreadable"] = typed_on(gp, pages)
    result.broken["session ended"] = ended_in_the_middle(machine, gp, pages)
    result.look(machine.logs())
    machine.kill_redis()
    assert gp.sign_in("gp", f"{WORD}-password").status_code in {302, 422}
    machine.end_postgres()
    result.broken["database away"] = typed_on(gp, pages)
    story.until(lambda: _ready(machine), "everything back")


def typed_on(gp: story.Browser, pages: str) -> int:
    return gp.post(f"{pages}/person", PERSON).status_code


def ended_in_the_middle(machine: Machine, gp: story.Browser, pages: str) -> int:
    """End the very session of the database that holds the form's statement."""
    statuses: list[int] = []
    with machine.database() as locking, locking.transaction():
        locking.execute("LOCK TABLE draft IN ACCESS EXCLUSIVE MODE")
        sending = threading.Thread(target=lambda: statuses.append(typed_on(gp, pages)))
        sending.start()
        story.until(
            lambda: locking.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock'"
            ).fetchall(),
            "a statement that waits",
        )
        sending.join(60)
    return statuses[0]


def everything(machine: Machine, town: story.Town) -> Iterator[Place]:
    """Every place of the machine, and what left it."""
    yield from machine.rows()
    yield from machine.files()
    yield from machine.redis_contents()
    yield from machine.processes()
    yield machine.metrics()
    yield "addresses and headers", "\n".join(town.seen).encode()
    yield "overseers' pages", "\n".join(town.overseen).encode()


def test_marked_personal_data_is_found_nowhere(searched: Searched) -> None:
    assert sorted(searched.found) == []


def test_every_kind_of_place_was_read(searched: Searched) -> None:
    kinds = {"table", "file", "Redis", "process", "metrics", "addresses", "overseers'", "bundle"}
    assert {kind for kind, size in searched.read.items() if size > 1000} == kinds
    files = {where for where, _ in searched.machine.files()}
    assert {f"file {name}" for name in FILES} <= files
    assert any(where.startswith("file postgres/pg_wal/0") for where in files)
    assert any(where.startswith("file postgres/base/") for where in files)


def test_parts_were_broken_and_tracebacks_written(searched: Searched) -> None:
    assert set(searched.broken.values()) <= OUTAGES, searched.broken
    assert searched.broken["keys unreadable"] == 503
    lines = [json.loads(line) for line in _log(searched.machine, "web").splitlines()]
    failed = [line for line in lines if "exception" in line]
    assert failed
    assert all(line["exception"][0]["at"] for line in failed)


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_is_found_in_each_spelling_wherever_it_stands(mark: str) -> None:
    for text in MARKS[mark]:
        for name, written, _ in spellings_of(text):
            for before in range(3):
                assert Found("here", mark, name) in find("here", b"." * before + written + b"!")
    assert find("here", b"no personal data" * 100) == set()
    assert {name for _, name, _, _ in SPELLINGS} >= {"as typed", "UTF-16", "base64", "hexadecimal"}


def test_a_mark_planted_by_hand_is_found_in_each_place(searched: Searched) -> None:
    machine, planted = searched.machine, note("Planted")
    hidden = f"decode('{PERSON['nhs_number'].replace(' ', '').encode().hex()}', 'hex')"
    machine.sql(f"CREATE TABLE planted AS SELECT '{planted}' AS words, {hidden} AS bytes")
    with machine.redis() as client:
        client.set("planted", json.dumps(planted))
    with (machine.data / "log" / "web.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"event": planted}) + "\n")
    machine.write_everything_down()
    found = {
        one
        for place in (machine.rows(), machine.redis_contents(), machine.files())
        for where, data in place
        for one in find(where, data)
    }
    where = {one.where.partition("/base/")[0] for one in found}
    assert {"table planted", "Redis", "file dump.rdb", "file log/web.log", "file postgres"} <= where
    assert any("pg_wal" in one.where for one in found)
    assert Found("table planted", "NHS number", "hexadecimal") in found


def _log(machine: Machine, name: str) -> str:
    return (machine.data / "log" / f"{name}.log").read_text(encoding="utf-8")


def _ready(machine: Machine) -> bool:
    try:
        with machine.redis() as client:
            client.ping()
        return httpx.get(f"{machine.hub.address}/readyz", timeout=5).is_success
    except (httpx.HTTPError, RedisError):
        return False
