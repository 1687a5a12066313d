"""The referrer sees who could help and why, says what would change it, and may ask the council to
choose; the council chooses among the same people.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from referral_hub.services.deliver import drain
from referral_hub.services.drafts import load_draft
from tests.web.mereford import say_why

Begin = Any
RULED = re.compile(r"\(T[0-9]{2}\)")


@pytest.fixture
def page(gp: Any, begin: Begin) -> Any:
    """A referral of somebody lonely, open at the page of recipients."""
    draft = begin(gp)
    draft.fill_until("needs")
    return draft


def _finish(page: Any) -> None:
    for name in ("agreement", "sharing", "taken", "terms", "why"):
        assert page.fill(name).status_code == 302


def _agencies(text: str) -> list[str]:
    return re.findall(r"<h3[^>]*>([^:<]+)", text)


def _named(text: str) -> dict[str, str]:
    found = re.findall(
        r'name="never" type="checkbox" value="([^"]+)".*?<label[^>]*>\s*(.*?)\s*</label>',
        text,
        re.DOTALL,
    )
    return {name: one for one, name in found}


def test_each_place_says_why_with_the_rule_and_only_what_matters_is_asked(
    gp: Any, page: Any
) -> None:
    text = gp.get(page.path("recipients")).get_data(as_text=True)
    assert _agencies(text)[-1] == "Mereford Council"
    assert all(RULED.search(choice) for choice in text.split("<h3")[1:])
    assert 'value="group_activity"' in text
    assert 'value="lift_to_care"' not in text
    assert 'name="essential"' not in text


def test_a_wish_is_shown_again_in_the_new_order_and_stands_on_the_check_page(
    gp: Any, page: Any
) -> None:
    before = gp.get(page.path("recipients")).get_data(as_text=True)
    named = _named(before)
    assert "Mereford Council" not in named
    wanted = {
        "prefers": "one_to_one",
        "never": [named["Common Ground Peer Mentors"]],
        "first": [named["Mereford Good Neighbours"]],
        "days": ["MO", "TU", "WE", "TH", "FR"],
        "again": "yes",
    }
    answer = gp.post(page.path("recipients"), wanted)
    assert answer.headers["Location"].endswith("/recipients")
    after = gp.get(page.path("recipients")).get_data(as_text=True)
    assert _agencies(after)[0] == "Mereford Good Neighbours"
    assert "Common Ground Peer Mentors" not in _agencies(after)
    assert "The patient said never this one (T11)" in after
    assert "(T40)" in after
    _finish(page)
    check = gp.get(page.path("check")).get_data(as_text=True)
    assert "Mereford Good Neighbours" in check.partition("Ask first")[2][:300]
    assert "Common Ground" in check.partition("Never ask")[2][:300]
    assert "Monday" in check.partition("Days that suit")[2][:300]


def test_nobody_can_be_asked_first_and_never(gp: Any, page: Any) -> None:
    one = _named(gp.get(page.path("recipients")).get_data(as_text=True))["Mereford Good Neighbours"]
    refused = gp.post(page.path("recipients"), {"first": [one], "never": [one]})
    assert refused.status_code == 422
    assert "Nobody can be asked first and never" in gp.text


@pytest.mark.parametrize("wrong", [{"is_so": ["women"]}, {"company": ["bereaved"]}], ids=str)
def test_what_is_protected_is_only_ever_a_wish(
    gp: Any, page: Any, wrong: dict[str, list[str]]
) -> None:
    assert gp.post(page.path("recipients"), wrong).status_code == 422


def test_the_council_chooses_where_it_was_asked_to(town: Any, gp: Any, page: Any) -> None:
    gp.post(page.path("recipients"), {"choose": ["yes"]})
    _finish(page)
    assert "Nobody is asked before it has chosen" in gp.get(page.path("check")).get_data(
        as_text=True
    )
    referral = page.send()
    drain(town.hub)
    council = town.browser("council")
    assert "Your council chooses who helps" in council.get(
        f"/council/referrals/{referral}"
    ).get_data(True)
    address = f"/council/referrals/{referral}/choose"
    offered = council.get(address).get_data(as_text=True)
    assert "(T44)" in offered
    assert council.post(address, {"taken": "0.99"}).status_code == 409
    assert council.post(address, {"taken": "x"}).status_code == 422
    values = {
        name: value
        for value, name in re.findall(
            r'value="(0\.[0-9]+)".*?<label[^>]*>\s*(.*?)\s*</label>', offered, re.DOTALL
        )
    }
    assert council.post(address, {"taken": values["Mereford Good Neighbours"]}).status_code == 302
    assert council.post(address, {"taken": values["Mereford Good Neighbours"]}).status_code == 409
    drain(town.hub)
    say_why(council, referral)
    shown = council.get(f"/council/referrals/{referral}").get_data(as_text=True)
    assert "Mereford Good Neighbours" in shown
    assert council.get(address).status_code == 409


def test_who_was_ruled_out_before_is_shown_so_and_can_be_asked_again_after_a_change_of_mind(
    gp: Any, begin: Begin
) -> None:
    known = {"person": {"nhs_number": "999 000 0018"}}
    first = begin(gp)
    first.fill_until("needs", **known)
    named = _named(gp.get(first.path("recipients")).get_data(as_text=True))
    mentors = named["Common Ground Peer Mentors"]
    assert gp.post(first.path("recipients"), {"never": [mentors]}).status_code == 302
    _finish(first)
    referral = first.send()
    again = begin(gp)
    again.fill_until("needs", **known)
    shown = gp.get(again.path("recipients")).get_data(as_text=True)
    assert "The patient said never this one (T11)" in shown

    changed = f"/referrals/{referral}/changed"
    assert gp.post(changed, {"change": "never"}).headers["Location"].endswith("/changed/never")
    page = gp.get(f"{changed}/never").get_data(as_text=True)
    assert re.search(rf'value="{mentors}" checked', page)
    assert gp.post(f"{changed}/never", {"never": ["x"]}).status_code == 422
    assert gp.post(f"{changed}/never", {}).status_code == 302
    assert gp.post(f"{changed}/never", {}).status_code == 409
    shown = gp.get(again.path("recipients")).get_data(as_text=True)
    assert "never this one" not in shown


def test_a_carer_has_an_offer_of_their_own_with_nothing_of_the_patients(
    town: Any, gp: Any, begin: Begin
) -> None:
    about = begin(gp)
    about.fill_until("why", person={"family_name": "Quillfeather"})
    referral = about.send()
    for page in (f"/referrals/{referral}/sent", f"/referrals/{referral}"):
        assert "/refer?for=carer" in gp.get(page).get_data(as_text=True)
    start = gp.get("/refer?for=carer").get_data(as_text=True)
    assert "Nothing of the patient’s referral is carried over" in start
    answer = gp.post("/refer", {"carer": "yes"})
    draft = answer.headers["Location"].split("/")[2]
    kept = load_draft(town.hub, town.actor("gp"), UUID(draft))
    assert kept == {"needs": {"needs": ["caring_too_much"]}}
    theirs = replace(about, draft=UUID(draft))
    theirs.fill_until("access", person={"first_name": "Carys", "family_name": "Hollis"})
    shown = gp.get(theirs.path("needs")).get_data(as_text=True)
    assert re.findall(r'value="(\w+)" checked', shown) == ["caring_too_much"]
    assert "Quillfeather" not in shown
