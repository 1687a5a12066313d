"""Rotation rewraps everything, survives being stopped, and needs no old root afterwards."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from consent.model import EmergencyCause
from referral_hub.crypto.keys import FileKeyService
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import AnswerTask, AskEmergencyAccess
from referral_hub.errors import CryptoError, KeyUnavailable
from referral_hub.services.answer_task import answer_task, ask, reply
from referral_hub.services.callback_endpoints import register_endpoint
from referral_hub.services.demo import demo_code
from referral_hub.services.drafts import load_draft, save_draft, start_draft
from referral_hub.services.emergency_access import ask_emergency_access
from referral_hub.services.emergency_review import list_alerts, open_reason
from referral_hub.services.matters import open_written
from referral_hub.services.release import open_task, view_own
from referral_hub.services.rotate_keys import Rotated, rotate_keys
from referral_hub.store.rotation import KINDS
from tests import people
from tests.hub_bench import Bench, NewBench, Row, nhs_number, only, open_bench
from tests.importing import as_csv, send, set_up, visit
from tests.services import matters as asking
from tests.staging import staged

EMERGENCY = "Her neighbour hears water running and nobody answers the door or the telephone."
PERSON = {"nhs_number": nhs_number(12)}


class Stopped(Exception):
    """The run was stopped here."""


@pytest.fixture
def town(new_bench: NewBench) -> Bench:
    """A town with something of every kind that is wrapped."""
    bench = new_bench(HUB_CALLBACKS_HERE="1")
    for _ in range(3):
        bench.refer(needs=(NeedCode.LONELY, NeedCode.CANNOT_GET_OUT), person=PERSON)
        bench.refer(person={"nhs_number": None})
    bench.deliver()
    mentors, gp = bench.staff["mentors"], bench.staff["gp"]
    for task in bench.tasks():
        if task["to"] == "mentors":
            ask(bench.hub, mentors, task["id"], "Any stairs?")
            reply(bench.hub, gp, task["id"], "Two.")
            answer_task(bench.hub, mentors, AnswerTask(task["id"], True, None, "Gladly"))
    bench.deliver()
    task_id = next(task["id"] for task in bench.tasks() if task["to"] == "mentors")
    wanted = AskEmergencyAccess(task_id, uuid4(), EmergencyCause.OTHERS_AT_RISK, EMERGENCY)
    ask_emergency_access(bench.hub, mentors, wanted)
    people.disagreement_decided(bench)
    asking.asked(bench, bench.table("subject")[0]["id"])
    draft_id = start_draft(bench.hub, gp)
    save_draft(bench.hub, gp, draft_id, pages={"why": {"why": "half a sentence"}})
    staged(bench.hub, bench.agencies["surgery"])
    set_up(bench)
    send(bench.hub, bench.staff["librarian"], as_csv([visit(1)]))
    register_endpoint(bench.hub, bench.staff["surgery-admin"], "http://127.0.0.1:9/called")
    return bench


def wrapped(bench: Bench) -> dict[str, list[Row]]:
    return {kind.name: bench.table(kind.name) for kind in KINDS}


def versions(bench: Bench) -> set[int]:
    found: set[int] = set()
    for kind in KINDS:
        found |= {r["key_version"] for r in bench.table(kind.name) if r["key_version"] is not None}
    return found


def everything_opens(bench: Bench) -> bool:
    """Open each kind of sealed thing through the service that opens it for people."""
    hub, gp, mentors = bench.hub, bench.staff["gp"], bench.staff["mentors"]
    for referral in bench.table("referral"):
        opened = view_own(hub, gp, referral["id"])
        assert opened.fields["identity.first_name"] == "Zebedee"
        asked = referral["id"] in {note["referral_id"] for note in bench.table("message")}
        notes = {"Any stairs?", "Two."} if asked else set()
        assert {note.text for note in opened.messages} >= notes
        assert (
            opened.statements or referral["id"] != bench.table("child_decision")[0]["referral_id"]
        )
    for task in bench.tasks():
        if task["to"] == "mentors":
            assert open_task(hub, mentors, task["id"]).fields["contact.phone"] == "07700 900123"
    officer = bench.staff["surgery-dpo"]
    alert = only(list_alerts(hub, officer).waiting)
    assert [note.text for note in open_reason(hub, officer, alert.id)] == [EMERGENCY]
    written = only(open_written(hub, officer, only(bench.table("matter"))["id"]))
    assert written.words["name"] == asking.NAME
    assert load_draft(hub, gp, only(bench.table("draft"))["id"]) == {
        "why": {"why": "half a sentence"}
    }
    assert demo_code(hub, "surgery-dpo").isdigit()
    assert bench.verify().ok
    return True


def reopened(bench: Bench) -> Bench:
    """The same town in a process that has never seen an older root."""
    return open_bench(bench.url, bench.directory)


def test_every_kind_of_wrapped_row_is_there_and_is_rewrapped(town: Bench) -> None:
    before = wrapped(town)
    assert all(before.values())
    rotated = rotate_keys(town.hub, fresh_root=True, batch=4)
    assert rotated.version == 2
    assert versions(town) == {2}
    for kind in KINDS:
        counted = sum(row["key_version"] is not None for row in before[kind.name])
        assert rotated.rewrapped[kind.name] == counted > 0, kind.name


def test_only_wrappings_change_and_records_stay_as_they_were_sealed(town: Bench) -> None:
    sealed, before = town.table("sealed_record"), wrapped(town)
    rotate_keys(town.hub, fresh_root=True)
    assert town.table("sealed_record") == sealed
    for kind in KINDS:
        changed = {"copy", "key_version", *kind.wrapped}
        after = {row[kind.key]: row for row in town.table(kind.name)}
        for old in before[kind.name]:
            new = after[old[kind.key]]
            assert {name for name in old if old[name] != new[name]} <= changed


def test_everything_opens_without_the_old_root(town: Bench) -> None:
    rotate_keys(town.hub, fresh_root=True)
    (town.directory / "keys" / "roots" / "root-1.key").unlink()
    fresh = reopened(town)
    assert everything_opens(fresh)
    again = fresh.refer(person=PERSON)
    assert fresh.one("SELECT count(*) FROM subject WHERE nhs_index IS NOT NULL") == 1
    assert again.slots
    fresh.close()


def test_without_the_rotation_the_old_root_is_needed(town: Bench) -> None:
    town.hub.keys.rotate()
    (town.directory / "keys" / "roots" / "root-1.key").unlink()
    fresh = reopened(town)
    with pytest.raises(KeyUnavailable):
        everything_opens(fresh)
    fresh.close()


@pytest.mark.parametrize("stop_after", range(1, 12, 2))
def test_a_run_that_was_stopped_anywhere_goes_on_where_it_was(town: Bench, stop_after: int) -> None:
    rounds = iter(range(1, 100))

    def stop(_kind: str, _count: int) -> None:
        if next(rounds) == stop_after:
            raise Stopped

    with pytest.raises(Stopped):
        rotate_keys(town.hub, fresh_root=True, say=stop, batch=2)
    assert everything_opens(town)
    done_before = sum(r["key_version"] == 2 for kind in KINDS for r in town.table(kind.name))
    assert done_before >= stop_after
    resumed = rotate_keys(town.hub, fresh_root=False, batch=2)
    assert resumed.version == 2
    assert versions(town) == {2}
    (town.directory / "keys" / "roots" / "root-1.key").unlink()
    fresh = reopened(town)
    assert everything_opens(fresh)
    fresh.close()


def test_going_on_with_nothing_left_to_do_does_nothing(town: Bench) -> None:
    rotate_keys(town.hub, fresh_root=True)
    before = wrapped(town)
    again = rotate_keys(town.hub, fresh_root=False)
    assert set(again.rewrapped.values()) == {0}
    assert {name: rows for name, rows in wrapped(town).items() if name != "log_opening"} == {
        name: rows for name, rows in before.items() if name != "log_opening"
    }


def test_the_hub_goes_on_working_while_it_rotates(town: Bench) -> None:
    made: list[str] = []

    def meanwhile(kind: str, _count: int) -> None:
        made.append(
            town.refer(person=PERSON if kind == "subject" else {"nhs_number": None}).reference
        )
        town.deliver()

    rotate_keys(town.hub, fresh_root=True, say=meanwhile, batch=5)
    assert len(made) >= len(KINDS)
    assert versions(town) == {2}
    for referral in town.table("referral"):
        assert view_own(town.hub, town.staff["gp"], referral["id"]).fields


def test_two_rotations_at_once_end_under_one_newest_root(town: Bench) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def rotate(fresh: bool) -> Rotated:
        return rotate_keys(town.hub, fresh_root=fresh, batch=3)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(rotate, [True, True]))
    rotate(False)
    newest = town.hub.keys.describe().newest_version
    assert versions(town) == {newest}
    assert everything_opens(town)


def test_a_row_that_does_not_open_stops_the_run_and_loses_nothing(town: Bench) -> None:
    town.rows(
        "UPDATE release SET"
        " wrapped_keys = set_byte(wrapped_keys, 20, 255 - get_byte(wrapped_keys, 20))"
        " WHERE id = (SELECT max(id::text)::uuid FROM release)"
    )
    before = town.table("release")
    with pytest.raises(CryptoError):
        rotate_keys(town.hub, fresh_root=True)
    assert town.table("release") == before
    for referral in town.table("referral"):
        assert view_own(town.hub, town.staff["gp"], referral["id"]).fields


def test_every_agency_finds_the_rotation_in_its_log(town: Bench) -> None:
    rotate_keys(town.hub, fresh_root=True)
    told = town.rows("SELECT sender_agency_id AS id FROM log_entry WHERE outcome = 'rotated'")
    assert {row["id"] for row in told} == set(town.agencies.values())


def test_the_new_root_is_a_private_file(town: Bench) -> None:
    rotate_keys(town.hub, fresh_root=True)
    root: Path = town.directory / "keys" / "roots" / "root-2.key"
    assert root.stat().st_mode & 0o777 == 0o600
    assert isinstance(town.hub.keys, FileKeyService)
