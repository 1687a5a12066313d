"""The pages of retention: two people in two browsers, references only, and nothing of others."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from referral_hub.services.withdraw import withdraw_agreement
from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of

PERSON = re.compile(r'action="(/retention/people/[0-9a-f-]{36})"')
STEP = r'action="(/retention/appraisals/[0-9a-f-]{{36}}/{})"'
LIFT = re.compile(r'action="(/retention/holds/[0-9a-f-]{36}/lift)"')


@pytest.fixture
def due(town: Any) -> str:
    """The reference of somebody whose records have been due since some days."""
    mereford = Mereford(town.hub, town.url)
    referral = mereford.refer(to=("council",))
    withdraw_agreement(town.hub, mereford.actor("gp"), referral)
    for table in ("referral", "task", "subject"):
        moved = {"task": "moved_at"}.get(table, "created_at")
        mereford.as_owner(f"UPDATE {table} SET {moved} = {moved} - interval '9 years'")  # noqa: S608 - names from this line
    mereford.as_owner("UPDATE referral SET withdrawn_at = withdrawn_at - interval '9 years'")
    with town.hub.database.working() as connection:
        found = connection.exec_driver_sql(
            "SELECT reference FROM referral WHERE id = %s", (referral,)
        ).scalar_one()
    town.clock.pass_by(timedelta(minutes=20))
    return str(found)


def page(browser: Any) -> str:
    answer = browser.get("/retention")
    assert answer.status_code == 200
    assert not personal(answer.text)
    return str(answer.text)


def test_two_people_destroy_and_the_officer_has_the_certificate(town: Any, due: str) -> None:
    officer, admin = town.browser("surgery-dpo"), town.browser("surgery-admin")
    assert due in page(officer)
    path = PERSON.findall(page(officer))[-1]
    assert officer.post(path, {"outcome": "keep", "reason": ""}).status_code == 422
    assert "Choose a reason to keep it" in officer.text
    page(officer)
    assert officer.post(path, {"outcome": "destroy", "reason": ""}).status_code == 302
    assert "Somebody else has to decide" in page(officer)
    assert not re.search(STEP.format("approve"), page(officer))
    found = re.search(STEP.format("approve"), page(admin))
    assert found
    officer.get("/retention")
    assert officer.post(found[1]).status_code == 409
    assert "you proposed it yourself" in officer.text
    done = admin.post(found[1])
    assert done.status_code == 302
    assert "The records are destroyed" in admin.follow(done).text
    entry = done.headers["Location"].rpartition("/")[2]
    assert "Certificate of erasure" in officer.get(f"/erasures/{entry}").text


def test_a_hold_is_placed_shown_and_lifted_by_two(town: Any, due: str) -> None:
    officer, admin = town.browser("surgery-dpo"), town.browser("surgery-admin")
    officer.get("/retention/find")
    found = officer.post("/retention/find", {"reference": due})
    assert found.status_code == 302
    path = found.headers["Location"]
    officer.get(path)
    assert officer.post(path, {}).status_code == 422
    assert officer.post(path, {"reason": "complaint"}).status_code == 302
    assert "On legal hold: A complaint" in text_of(page(officer))
    person = path.split("/")[3]
    confirm = f"/erasures/people/{person}"
    assert "A legal hold keeps these records" in officer.get(confirm).text
    assert officer.post(confirm, {"sure": "ERASE"}).status_code == 409
    lift = LIFT.findall(page(officer))[-1]
    assert officer.post(lift).status_code == 302
    assert "has asked for it to be lifted" in page(admin)
    page(officer)
    assert officer.post(lift).status_code == 409
    page(admin)
    assert admin.post(lift).status_code == 302
    assert "On legal hold" not in page(officer)


def test_another_agency_s_are_not_there(town: Any, due: str) -> None:
    assert due
    path = PERSON.findall(page(town.browser("surgery-dpo")))[-1]
    hill = town.browser("hill-dpo")
    assert due not in page(hill)
    told = []
    for address in (path, f"/retention/people/{uuid4()}"):
        page(hill)
        answer = hill.post(address, {"outcome": "destroy", "reason": ""})
        held = hill.post(f"{address}/hold", {"reason": "complaint"})
        assert (answer.status_code, held.status_code) == (404, 404)
        form = hill.get(f"{address}/hold")
        done = hill.get(f"/retention/destroyed/{address.rpartition('/')[2]}")
        assert (form.status_code, done.status_code) == (404, 404)
        told.append((answer.data, held.data, form.data, done.data))
    assert told[0] == told[1]


def test_an_officer_says_that_records_are_about_mental_health(town: Any, due: str) -> None:
    officer = town.browser("surgery-dpo")
    assert due in page(officer)
    path = PERSON.findall(page(officer))[-1] + "/schedule"
    assert officer.post(path, {"schedule": "for ever"}).status_code == 422
    assert "Select a schedule from the list" in officer.text
    page(officer)
    assert officer.post(path, {"schedule": "mental_health"}).status_code == 302
    assert due not in page(officer)
    assert officer.post(path, {"schedule": "mental_health"}).status_code == 409
    assert "by this schedule already" in officer.text
