"""Referrals as a table and on paper, in the order of the agency's form."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from consent.model import DataClass
from referral_hub.services.deliver import drain
from referral_hub.services.submit_referral import submit_referral
from referral_hub.services.withdraw import withdraw_agreement
from tests.statements import counting
from tests.web.mereford import NEEDS, Mereford, referral


@pytest.fixture
def mereford(own_town: Any) -> Mereford:
    return Mereford(own_town.hub, own_town.url)


def table(browser: Any, which: str = "new") -> list[list[str]]:
    browser.get("/tasks/table")
    answer = browser.client.post("/tasks/table", data={"csrf_token": browser.token, "which": which})
    assert answer.status_code == 200
    if answer.mimetype != "text/csv":
        return []
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def test_new_referrals_come_once_each_with_its_own_entry(own_town: Any, mereford: Mereford) -> None:
    tasks = [mereford.offered(), mereford.offered()]
    before = mereford.entries("view")
    head, *rows = table(own_town.browser("neighbours"))
    assert [row[0] for row in rows] == [task.reference for task in tasks]
    assert {row[head.index("First name")] for row in rows} == {"Zebedee"}
    assert "Phone" not in head
    assert mereford.entries("view") == before + 2
    assert len({row[head.index("Log entry")] for row in rows}) == 2
    assert table(own_town.browser("neighbours")) == []
    assert len(table(own_town.browser("neighbours"), "open")) == 3


def test_the_table_holds_nothing_of_another_agency(own_town: Any, mereford: Mereford) -> None:
    mereford.offered()
    assert table(own_town.browser("mentors"), "open") == []


def test_what_is_not_with_the_agency_any_more_is_left_out(
    own_town: Any, mereford: Mereford
) -> None:
    task = mereford.offered()
    withdraw_agreement(mereford.hub, mereford.actor("gp"), task.referral_id)
    assert table(own_town.browser("neighbours"), "open") == []


def test_what_may_not_be_shown_now_has_a_row_without_content(
    own_town: Any, mereford: Mereford
) -> None:
    task = mereford.offered()
    mereford.about_the_person(task, {"never_share_with": [mereford.agencies["neighbours"]]})
    _head, row = table(own_town.browser("neighbours"))
    assert "cannot be shown now" in row[1]
    assert "Zebedee" not in row


def test_nothing_in_the_table_runs_in_a_spreadsheet(own_town: Any, mereford: Mereford) -> None:
    named = frozenset({mereford.agencies["neighbours"]})
    command = referral(7, named, needs=NEEDS, classes=frozenset(DataClass), at=mereford.hub.clock())
    hostile = replace(command, task_note="=HYPERLINK(1)")
    person = replace(command.person, first_name="+cmd|' /C calc'!A0")
    submit_referral(mereford.hub, mereford.actor("gp"), replace(hostile, person=person))
    drain(mereford.hub)
    _head, row = table(own_town.browser("neighbours"))
    assert "'=HYPERLINK(1)" in row
    assert "'+cmd|' /C calc'!A0" in row


def test_a_table_of_many_costs_no_more_statements(own_town: Any, mereford: Mereford) -> None:
    counts = []
    for number in (1, 4):
        for _ in range(number):
            mereford.offered()
        browser = own_town.browser("neighbours")
        browser.get("/tasks/table")
        with counting(own_town.hub.database) as statements:
            browser.client.post("/tasks/table", data={"csrf_token": browser.token, "which": "new"})
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_a_sheet_follows_the_order_of_the_agencys_form(own_town: Any, mereford: Mereford) -> None:
    admin = own_town.browser("council-admin")
    admin.get("/field-order")
    assert "First name" in admin.text
    wanted = "What would help\nfirst name\n\nArea"
    assert admin.post("/field-order", {"order": wanted}).status_code == 302
    task = mereford.offered(to=("council",))
    officer = own_town.browser("council")
    officer.get(f"/tasks/{task.id}")
    assert officer.post(f"/tasks/{task.id}/sheet").status_code == 200
    places = [
        officer.text.index(f">{label}<") for label in ("What would help", "First name", "Area")
    ]
    assert places == sorted(places)
    head = table(officer, "open")[0][8:]
    assert head[:3] == ["What would help", "First name", "Area"]
    officer.get(f"/tasks/{task.id}")
    sent = {"csrf_token": officer.token}
    file = officer.client.post(f"/tasks/{task.id}/sheet.pdf", data=sent)
    assert (file.status_code, file.mimetype) == (200, "application/pdf")
    assert f'filename="{task.reference}.pdf"' in file.headers["Content-Disposition"]
    assert b"/StructTreeRoot" in file.get_data()
    spoken = [label.encode("utf-16-be").hex().encode() for label in ("What would help", "Area")]
    assert file.get_data().index(spoken[0]) < file.get_data().index(spoken[1])


def test_an_order_with_a_field_that_is_none_is_told_which_line(own_town: Any) -> None:
    admin = own_town.browser("council-admin")
    admin.get("/field-order")
    assert admin.post("/field-order", {"order": "Area\nShoe size"}).status_code == 422
    assert "Line 2" in admin.text


def test_another_agencys_sheet_is_not_there(own_town: Any, mereford: Mereford) -> None:
    task = mereford.offered()
    other = own_town.browser("mentors")
    other.get("/tasks/table")
    for kind in ("sheet", "sheet.pdf"):
        answers = [other.post(f"/tasks/{one}/{kind}") for one in (task.id, uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].get_data() == answers[1].get_data()


def test_a_table_of_nothing_chosen_is_asked_for_again(own_town: Any) -> None:
    browser = own_town.browser("neighbours")
    browser.get("/tasks/table")
    assert browser.post("/tasks/table").status_code == 422
