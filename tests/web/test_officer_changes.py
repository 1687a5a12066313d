"""An officer puts right, restricts and stops what was shared, where the person asks the officer for
it; the recipients are told as ever, and the officer reads no content on the way.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from referral_hub.services.deliver import drain
from referral_hub.services.release import view_own
from referral_hub.store.referrals import TaskRow
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, WHY, Mereford, personal

PHONE = "07700 900111"


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def officer(town: Any) -> Any:
    return town.browser("surgery-dpo")


def ways_from_the_entry(officer: Any, task: TaskRow) -> str:
    """From the newest disclosure of a referral to the question what has changed."""
    officer.get(f"/log?type=release&reference={task.reference}")
    entry = re.search(r'href="(/log/entries/[0-9a-f-]{36})"', officer.text)
    assert entry
    officer.get(entry[1])
    way = re.search(r'href="(/referrals/[0-9a-f-]{36}/changed)"', officer.text)
    assert way
    officer.get(way[1])
    return str(way[1])


def told(mereford: Mereford, task: TaskRow) -> list[str]:
    with mereford.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT kind FROM notification WHERE task_id = %s ORDER BY id", (task.id,)
        )
        return list(rows.scalars())


def test_an_officer_corrects_a_fact_and_those_who_have_it_are_told(
    town: Any, mereford: Mereford, officer: Any
) -> None:
    task = mereford.accepted()
    way = ways_from_the_entry(officer, task)
    assert "The patient agrees again" not in officer.text
    town.clock.pass_by(timedelta(seconds=1))
    answer = officer.post(way, {"change": "corrected"})
    assert not personal(officer.get(answer.headers["Location"]).text)
    form = {"fact": "contact.phone", "value": PHONE}
    shown = officer.follow(officer.post(answer.headers["Location"], form))
    assert "The log" in shown.text
    assert "Fact corrected" in shown.text
    assert PHONE not in shown.text
    assert told(mereford, task) == ["corrected"]
    opened = view_own(mereford.hub, mereford.actor("gp"), task.referral_id)
    assert opened.fields["contact.phone"] == PHONE


def test_an_officer_restricts_and_then_stops_what_was_shared(
    town: Any, mereford: Mereford, officer: Any
) -> None:
    task = mereford.accepted()
    way = ways_from_the_entry(officer, task)
    answer = officer.post(way, {"change": "restricted"})
    officer.get(answer.headers["Location"])
    ours = str(mereford.agencies["neighbours"])
    form = {"what": "restricted", "agencies": [ours], "method": "written", "given_by": "self"}
    town.clock.pass_by(timedelta(seconds=1))
    shown = officer.follow(officer.post(f"{way}/sharing", form))
    assert task.reference in shown.text
    drain(mereford.hub)
    assert told(mereford, task) == ["restricted"]
    neighbours = town.browser("neighbours")
    assert "You must not use this for now" in neighbours.get(f"/tasks/{task.id}").text
    answer = officer.post(way, {"change": "withdrawn"})
    officer.get(answer.headers["Location"])
    town.clock.pass_by(timedelta(seconds=1))
    done = officer.post(answer.headers["Location"])
    assert "Agreement withdrawn" in done.text
    assert not [word for word in (FIRST_NAME, FAMILY_NAME, WHY) if word in done.text]
    assert f"/log?reference={task.reference}" in done.text
    assert told(mereford, task)[-1] == "withdrawn"
    assert mereford.reread(task).state == "withdrawn"


@pytest.mark.parametrize("rest", ["/changed", "/changed/fact", "/changed/never", "/withdraw"])
def test_another_agencys_officer_finds_no_such_page(
    town: Any, mereford: Mereford, rest: str
) -> None:
    task = mereford.accepted()
    for who in ("hill-dpo", "council-dpo"):
        browser = town.browser(who)
        theirs, none = (
            browser.get(f"/referrals/{one}{rest}") for one in (task.referral_id, uuid4())
        )
        assert theirs.status_code == none.status_code == 404
        assert theirs.get_data() == none.get_data()


def test_an_officer_still_reads_no_referral(town: Any, mereford: Mereford) -> None:
    task = mereford.accepted()
    browser = town.browser("surgery-dpo")
    browser.get("/log")
    assert browser.get(f"/referrals/{task.referral_id}").status_code == 403
    assert browser.post(f"/referrals/{task.referral_id}/opened").status_code == 403
    assert browser.get(f"/referrals/{task.referral_id}/agreement").status_code == 403
