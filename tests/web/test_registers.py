"""The registers' pages: written, approved in another browser, revised, ended, taken away."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from referral_hub.domain.registers import Register
from referral_hub.services.table_forms import TableForm
from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of

ITEM = re.compile(r"/registers/(?:agreements|notices|activities)/[0-9a-f-]{36}")


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def day(name: str, value: date) -> dict[str, str]:
    return {
        f"{name}-day": str(value.day),
        f"{name}-month": str(value.month),
        f"{name}-year": str(value.year),
    }


def agreement(town: Any, mereford: Mereford, **changes: Any) -> dict[str, Any]:
    today = town.clock().date()
    form: dict[str, Any] = {
        "other": str(mereford.agencies["fire"]),
        "direction": "sending",
        "purposes": ["support"],
        "classes": ["identity", "contact", "need"],
        "article6": "e",
        "article9": "a",
        "public_task_reference": "FRSA-2004-s6",
        "document": "ISA-2026-07",
        **day("since", today),
        **day("until", today + timedelta(days=365)),
        **day("review_on", today + timedelta(days=200)),
    }
    return {**form, **changes}


def activity(town: Any, **changes: Any) -> dict[str, Any]:
    texts = ("purposes", "lawful_basis", "people", "information", "recipients", "transfers")
    form = {
        "name": "Referrals",
        "role": "controller",
        **dict.fromkeys((*texts, "retention", "security"), "Said in words"),
        **day("review_on", town.clock().date() + timedelta(days=20)),
    }
    return {**form, **changes}


def propose(browser: Any, register: str, form: dict[str, Any]) -> str:
    browser.get(f"/registers/{register}/add")
    answer = browser.post(f"/registers/{register}/add", form)
    assert answer.status_code == 302, text_of(browser.text)
    return str(answer.headers["Location"])


def test_an_agreement_is_proposed_approved_revised_and_ended(town: Any, mereford: Mereford) -> None:
    officer, admin = town.browser("surgery-dpo"), town.browser("fire-admin")
    path = propose(officer, "agreements", agreement(town, mereford))
    page = text_of(officer.get(path).text)
    assert "Harbour Street Surgery to Mere Valley Fire and Rescue" in page
    assert "It counts for nothing yet" in page
    assert "Approve" not in page
    assert officer.post(f"{path}/approve").status_code == 409
    assert "you proposed it yourself" in officer.text
    assert "Approve" in admin.get(path).text
    assert admin.post(f"{path}/approve").status_code == 302
    page = text_of(officer.get(path).text)
    assert "In force" in page
    assert "Staff of the other agency" in page
    assert "Ruth Achebe" in text_of(admin.get(path).text)
    form = officer.get(f"{path}/revise").text
    assert 'value="FRSA-2004-s6"' in form
    changed = agreement(town, mereford, classes=["need"])
    answer = officer.post(f"{path}/revise", changed)
    assert answer.status_code == 302
    newer = answer.headers["Location"]
    admin.get(newer)
    assert admin.post(f"{newer}/approve").status_code == 302
    assert "Superseded" in officer.get(path).text
    officer.get(newer)
    assert officer.post(f"{newer}/end").status_code == 302
    assert "Ended early" in officer.get(newer).text
    officer.get(path)
    assert officer.post(f"{newer}/end").status_code == 409


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"other": "x"}, "Select the other agency from the list"),
        ({"direction": "sideways"}, "Select who sends"),
        ({"purposes": ["oversight"]}, "Select support or safeguarding"),
        ({"classes": []}, "Select what may be told"),
        ({"article6": "z"}, "Select the basis under Article 6"),
        ({"public_task_reference": ""}, "Enter the reference; this legal basis needs it"),
        ({"document": ""}, "Enter the reference of the signed document"),
        ({"document": "999 000 0018"}, "This looks like an NHS number"),
        ({"until-year": "2001"}, "Until must be the same day as from, or later"),
        ({"review_on-year": "2001"}, "The review day must be after today"),
        ({"review_on-year": "2099"}, "The review day must be before it ends"),
        ({"since-day": "31", "since-month": "2"}, "must be a real date"),
    ],
)
def test_bad_input_is_told_at_its_field(
    town: Any, mereford: Mereford, changes: dict[str, Any], told: str
) -> None:
    officer = town.browser("surgery-dpo")
    officer.get("/registers/agreements/add")
    answer = officer.post("/registers/agreements/add", agreement(town, mereford, **changes))
    assert answer.status_code == 422
    assert told in officer.text
    assert "There is a problem" in officer.text


def test_words_are_put_in_use_by_two(town: Any) -> None:
    hill_officer = town.browser("hill-dpo")
    today = town.clock().date()
    form = {
        "words": "support-referral/2/en",
        **day("since", today),
        **day("review_on", today + timedelta(days=300)),
    }
    path = propose(hill_officer, "notices", form)
    page = text_of(hill_officer.get(path).text)
    assert "support-referral, version 2, English" in page
    assert "0452c62350c670da85cf6bcfcb65580b551704d0b138be2a9db6a2a3c47def8b" in page
    assert hill_officer.post(f"{path}/approve").status_code == 409
    hill_officer.get(path)
    assert hill_officer.post(f"{path}/end").status_code == 302
    hill_officer.get("/registers/notices/add")
    bad = hill_officer.post("/registers/notices/add", {**form, "words": "made-up/9/en"})
    assert bad.status_code == 422


def test_an_activity_is_recorded_and_leads_to_the_overview(town: Any) -> None:
    officer = town.browser("surgery-dpo")
    path = propose(officer, "activities", activity(town, name="Home visits"))
    assert "Due for review" in officer.get(path).text
    town.clock.pass_by(timedelta(minutes=20))
    overview = officer.get("/overview").text
    assert path in overview
    assert "Processing activities: Home visits" in text_of(overview)
    officer.get(path)
    assert officer.post(f"{path}/approve").status_code == 404


def test_the_list_shows_all_and_nothing_personal(town: Any, mereford: Mereford) -> None:
    mereford.refer()
    officer = town.browser("surgery-dpo")
    page = officer.get("/registers").text
    assert not personal(page)
    for said in ("Sharing agreements", "Words in use", "Processing activities", "Your agency"):
        assert said in page
    assert "Mereford Council" in page
    assert "Due for review" in page


@pytest.mark.parametrize("register", Register)
@pytest.mark.parametrize("form", TableForm)
def test_each_register_is_a_file(town: Any, register: Register, form: TableForm) -> None:
    officer = town.browser("surgery-dpo")
    assert f"/registers/files/{register}.{form}" in officer.get("/registers").text
    answer = officer.client.get(f"/registers/files/{register}.{form}")
    assert answer.status_code == 200
    assert f'filename="{register}.{form}"' in answer.headers["Content-Disposition"]
    assert answer.data


def test_the_agency_says_where_it_is(town: Any) -> None:
    officer = town.browser("surgery-dpo")
    officer.get("/registers/details")
    form = {"address": "5 Quay", "contact": "01632 960099", "officer_contact": "dpo@q.example"}
    assert officer.post("/registers/details", form).status_code == 302
    assert "5 Quay" in officer.get("/registers").text
    officer.get("/registers/details")
    assert officer.post("/registers/details", {"contact": "1"}).status_code == 422
    assert "Enter the address" in officer.text


def test_another_agencys_item_is_not_there(town: Any, mereford: Mereford) -> None:
    officer, hill = town.browser("surgery-dpo"), town.browser("hill-dpo")
    items = [
        propose(officer, "agreements", agreement(town, mereford)),
        propose(officer, "activities", activity(town)),
    ]
    for path in items:
        never = f"{path.rpartition('/')[0]}/{uuid4()}"
        for rest in ("", "/revise"):
            theirs, none = hill.get(f"{path}{rest}"), hill.get(f"{never}{rest}")
            assert theirs.status_code == none.status_code == 404
            assert theirs.data == none.data
        hill.get("/registers")
        for rest in ("/approve", "/turn-down", "/end"):
            assert hill.post(f"{path}{rest}").status_code == 404, rest
    assert not set(ITEM.findall(hill.get("/registers").text)) & set(items)
