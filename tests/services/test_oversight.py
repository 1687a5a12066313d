"""Saved searches, reviews of what was not shared, and looks at one's own surname."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from consent.model import EventState
from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.refusals import Finding
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task
from referral_hub.services.audit_entry import open_entry
from referral_hub.services.overview import overview
from referral_hub.services.own_surname import same_surname
from referral_hub.services.refusals import record_finding, to_review
from referral_hub.services.release import open_task, view_own
from referral_hub.services.saved_searches import (
    MOST,
    remove_search,
    save_search,
    saved_searches,
)
from tests.hub_bench import Bench


def _refused(bench: Bench) -> None:
    """Somebody who said no."""
    bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))


def names(bench: Bench, user: str) -> list[str]:
    return [one.name for one in saved_searches(bench.hub, bench.staff[user])]


def test_a_search_is_the_officers_own_until_it_is_shared(bench: Bench) -> None:
    officer, hub = bench.staff["surgery-dpo"], bench.hub
    save_search(hub, officer, "Refusals", {"outcome": "refuse"}, shared=False)
    save_search(hub, officer, "Looks", {"type": "view"}, shared=True)
    bench.rows(
        "INSERT INTO staff_user (id, agency_id, username, display_name, password_hash, role,"
        " created_at) SELECT %s, agency_id, 'second-dpo', 'Second Officer', 'x', role, created_at"
        " FROM staff_user WHERE username = 'surgery-dpo'",
        uuid4(),
    )
    row = bench.rows("SELECT id FROM staff_user WHERE username = 'second-dpo'")[0]
    second = type(officer)(row["id"], officer.agency_id, officer.role)
    assert [one.name for one in saved_searches(hub, second)] == ["Looks"]
    assert names(bench, "surgery-dpo") == ["Looks", "Refusals"]
    assert names(bench, "hill-dpo") == []
    shared = next(one for one in saved_searches(hub, second))
    with pytest.raises(NotFound):
        remove_search(hub, second, shared.id)
    with pytest.raises(NotFound):
        remove_search(hub, bench.staff["hill-dpo"], shared.id)
    remove_search(hub, officer, shared.id)
    assert names(bench, "surgery-dpo") == ["Refusals"]
    entries = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'search_%%' ORDER BY id")
    assert [row["outcome"] for row in entries] == ["search_saved", "search_saved", "search_removed"]


@pytest.mark.parametrize(
    "name",
    [
        "999 000 0018",
        "Mrs J 9990000018",
        "999-000-0018 looks",
        "born 3/4/1942",
        "03.04.42",
        "edith@example.org",
        "07700 900123",
    ],
)
def test_a_name_that_looks_like_a_persons_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        save_search(bench.hub, bench.staff["surgery-dpo"], name, {}, shared=False)
    (told,) = problem.value.fields["name"]
    assert "nothing about a person" in told
    assert name not in told


def test_a_name_twice_and_too_many_are_refused(bench: Bench) -> None:
    officer = bench.staff["surgery-dpo"]
    for number in range(MOST):
        save_search(bench.hub, officer, f"Search {number}", {}, shared=False)
        if number == 0:
            with pytest.raises(InvalidInput):
                save_search(bench.hub, officer, "Search 0", {}, shared=False)
    with pytest.raises(Conflict):
        save_search(bench.hub, officer, "One more", {}, shared=False)


def test_every_refusal_and_hold_waits_until_it_is_reviewed(bench: Bench) -> None:
    officer, hub = bench.staff["surgery-dpo"], bench.hub
    _refused(bench)
    bench.refer(to=("mentors",))
    waiting = to_review(hub, officer).rows
    refused = bench.rows(
        "SELECT id FROM log_entry WHERE type = 'decision' AND outcome IN ('hold', 'refuse')"
        " AND sender_agency_id = %s",
        officer.agency_id,
    )
    assert {one.row.id for one in waiting} == {row["id"] for row in refused}
    assert overview(hub, officer, 30).unreviewed == len(refused) > 0
    first = waiting[0].row.id
    record_finding(hub, officer, [first], Finding.UNDER_SHARED)
    assert first not in {one.row.id for one in to_review(hub, officer).rows}
    found = overview(hub, officer, 30)
    assert found.unreviewed == len(refused) - 1
    assert {(row.finding, row.count) for row in found.refusals if row.finding} == {
        ("under_shared", 1)
    }
    with pytest.raises(Conflict, match="already"):
        record_finding(hub, officer, [first], Finding.RIGHT)
    with pytest.raises(InvalidInput):
        record_finding(hub, officer, [], Finding.RIGHT)
    entry = bench.rows("SELECT entry FROM log_entry WHERE outcome = 'refusal_reviewed'")[0]
    details = json.loads(bytes(entry["entry"]))["details"]
    assert (details["finding"], details["entries"]) == ("under_shared", [str(first)])
    assert bench.verify().ok


def test_only_an_agencys_own_refusals_are_its_to_review(bench: Bench) -> None:
    _refused(bench)
    first = to_review(bench.hub, bench.staff["surgery-dpo"]).rows[0].row.id
    permitted: UUID = bench.one(
        "SELECT id FROM log_entry WHERE type = 'access' OR outcome = 'permit' LIMIT 1"
    )
    for user in ("hill-dpo", "council-dpo"):
        assert to_review(bench.hub, bench.staff[user]).rows == ()
        with pytest.raises(NotFound):
            record_finding(bench.hub, bench.staff[user], [first], Finding.RIGHT)
    with pytest.raises(NotFound):
        record_finding(bench.hub, bench.staff["surgery-dpo"], [permitted], Finding.RIGHT)
    for user in ("gp", "surgery-admin", "council"):
        with pytest.raises(Forbidden):
            to_review(bench.hub, bench.staff[user])


@pytest.mark.parametrize(
    ("staff", "person", "same"),
    [
        ("Dr Amara Osei", "Osei", True),
        ("Dr Amara Osei", "OSEI", True),
        ("Dr Amara Osei", "Osei-Bonsu", True),
        ("Sinéad O’Brien", "O'Brien", True),
        ("Sinéad Ní Bhriain", "NI BHRIAIN", True),
        ("Zoë Müller", "Muller", True),
        ("Dr Amara Osei", "Amara", False),
        ("Dr Amara Osei", "Oseig", False),
        ("", "", False),
        ("Jo B", "B", False),
    ],
)
def test_a_surname_is_the_same_however_it_is_written(staff: str, person: str, same: bool) -> None:
    assert same_surname(staff, person) is same


def test_a_look_at_ones_own_surname_is_noted_and_says_of_whom_to_nobody(bench: Bench) -> None:
    hub, gp, officer = bench.hub, bench.staff["gp"], bench.staff["surgery-dpo"]
    plain = bench.refer(to=("mentors",))
    view_own(hub, gp, plain.referral_id)
    assert bench.rows("SELECT 1 FROM log_entry WHERE outcome = 'own_surname'") == []
    bench.rows("UPDATE staff_user SET display_name = 'Dr Amara Person' WHERE username = 'gp'")
    named = bench.refer(to=("mentors",))
    family = view_own(hub, gp, named.referral_id).fields["identity.family_name"]
    bench.rows(
        "UPDATE staff_user SET display_name = %s WHERE username = 'gp'", f"Dr Amara {family}"
    )
    opened = view_own(hub, gp, named.referral_id)
    (noted,) = bench.rows("SELECT * FROM log_entry WHERE outcome = 'own_surname'")
    assert (noted["subject_id"], noted["referral_id"], noted["recipient_agency_id"]) == (
        None,
        None,
        None,
    )
    assert noted["sender_agency_id"] == gp.agency_id
    assert str(named.referral_id).encode() not in bytes(noted["entry"])
    assert family.encode() not in bytes(noted["entry"])
    (row,) = [one for one in overview(hub, officer, 7).reading if one.user_id == gp.user_id]
    assert row.own_surname == 1
    assert overview(hub, officer, 7).unusual(row)
    shown = open_entry(hub, officer, noted["id"])
    assert f"view:{opened.entry_id}" == shown.values["facts"]
    assert bench.verify().ok


def test_a_recipients_look_is_noted_for_the_recipients_officer_alone(bench: Bench) -> None:
    hub, mentor = bench.hub, bench.staff["mentors"]
    sent = bench.refer(to=("mentors",))
    bench.deliver()
    task = bench.tasks(sent.referral_id)[0]["id"]
    answer_task(hub, mentor, AnswerTask(task, True, None, None))
    bench.deliver()
    fields = open_task(hub, mentor, task).fields
    family = fields["identity.family_name"]
    bench.rows(
        "UPDATE staff_user SET display_name = %s WHERE username = 'mentors'", f"Lee {family}"
    )
    open_task(hub, mentor, task)
    noted = bench.rows("SELECT * FROM log_entry WHERE outcome = 'own_surname'")
    assert [row["sender_agency_id"] for row in noted] == [mentor.agency_id]
    bench.clock.forward(timedelta(minutes=1))
    surgery = overview(hub, bench.staff["surgery-dpo"], 7)
    assert all(row.own_surname == 0 for row in surgery.reading)
