"""The pages on which somebody decides for a patient, a child decides, or a concern is raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from referral_hub.services.deliver import drain
from referral_hub.services.read_referrals import read_referral
from referral_hub.store import registers

Begin = Callable[[Any], Any]
UNABLE = {"taken": {"given_by": "best_interests"}}
CHILD = {"person": {"date_of_birth-year": "2013"}}
ASSESSED = {
    "assessed_by": "Dr Ottoline Vane",
    "assessed_on-day": "30",
    "assessed_on-month": "5",
    "assessed_on-year": "2026",
}
DECIDED = {
    "decided_by": "The practice with her daughter",
    "decided_on-day": "31",
    "decided_on-month": "5",
    "decided_on-year": "2026",
    "decided_why": "Left alone she would not eat",
}
DISAGREE = {"child_view": "agrees", "parent_view": "disagrees", "gillick": "Understands it well"}


def _council_only(journey: Any) -> dict[str, Any]:
    """The council is named and nobody else, so that one place holds one reason."""
    journey.browser.get(journey.path("sharing"))
    return {"agencies": [journey.browser.agencies()["Mereford Council"]]}


def _until_terms(journey: Any, **pages: dict[str, Any]) -> UUID:
    """Fill in everything, following where the hub leads; returns the referral's id."""
    name = "danger"
    while name != "check":
        form = _council_only(journey) if name == "sharing" else pages.get(name)
        answer = journey.fill(name, form)
        assert answer.status_code == 302, (name, journey.browser.text)
        name = answer.headers["Location"].rpartition("/")[2]
    sent: UUID = journey.send()
    return sent


def _state(town: Any, referral: UUID) -> tuple[str, str | None]:
    task = read_referral(town.hub, town.actor("gp"), referral).current[0]
    return task.state, task.decision.get("reason")


def _put_right(browser: Any, referral: UUID, **more: str) -> Any:
    browser.get(f"/referrals/{referral}/agreement")
    form = {
        "notice": browser.hidden("notice"),
        "agencies": [browser.agencies()["Mereford Council"]],
        "classes": ["identity", "contact", "need", "access_needs", "health"],
        "method": "in_person",
        "service": "yes",
        "until": "6_months",
    }
    return browser.post(f"/referrals/{referral}/agreement", {**form, **more})


def test_a_patient_who_cannot_decide_is_held_put_right_and_delivered(
    town: Any, gp: Any, begin: Begin
) -> None:
    referral = _until_terms(begin(gp), capacity=ASSESSED, **UNABLE)
    assert _state(town, referral) == ("held", "best_interests_missing")
    gp.get(f"/referrals/{referral}")
    assert "no best-interests decision is recorded" in gp.text
    gp.get(f"/referrals/{referral}/agreement")
    assert '<details class="govuk-details" open>' in gp.text

    done = _put_right(gp, referral, given_by="best_interests", **ASSESSED, **DECIDED)
    drain(town.hub)

    assert done.status_code == 302, gp.text
    assert _state(town, referral)[0] == "offered"
    gp.get(f"/referrals/{referral}")
    gp.post(f"/referrals/{referral}/opened")
    for words in ("Dr Ottoline Vane", "Left alone she would not eat"):
        assert words in gp.text


def test_nobody_younger_than_sixteen_is_decided_for_under_the_capacity_act(
    gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    journey.fill_until("sharing", **CHILD)
    answer = journey.fill("taken", {"given_by": "best_interests"})
    assert answer.status_code == 422
    assert "applies from 16" in gp.text


def test_what_is_begun_about_capacity_is_finished(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("taken", **UNABLE)
    answer = journey.fill("capacity", {"assessed_by": "Dr Vane", "decided_why": "Kinder"})
    assert answer.status_code == 422
    for message in ("Enter the date of the assessment", "Enter who decided"):
        assert message in gp.text
    later = {**ASSESSED, "assessed_on-year": "2027"}
    assert journey.fill("capacity", later).status_code == 422
    assert "must be today or in the past" in gp.text


def test_an_adult_is_asked_nothing_about_children_and_nobody_about_an_attorney(
    gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    answer = journey.fill_until("taken")
    assert answer.headers["Location"] == journey.path("terms")
    for name in ("child", "authority", "capacity", "safeguarding"):
        assert gp.get(journey.path(name)).status_code == 302


def test_an_attorney_who_may_be_a_risk_leaves_it_to_the_safeguarding_lead(
    town: Any, gp: Any, begin: Begin
) -> None:
    authority = {"seen": "LPA 700123", "covers": "both", "risk": "yes"}
    referral = _until_terms(begin(gp), taken={"given_by": "attorney"}, authority=authority)
    assert _state(town, referral) == ("held", "proxy_flagged")
    gp.get(f"/referrals/{referral}")
    assert "The safeguarding lead must decide" in gp.text
    assert "700123" not in gp.text


def test_the_council_decides_where_child_and_parent_disagree_and_it_goes_on(
    town: Any, gp: Any, begin: Begin
) -> None:
    referral = _until_terms(begin(gp), child=DISAGREE, **CHILD)
    assert _state(town, referral) == ("held", "child_and_parent_disagree")
    council = town.browser("council")
    council.get(f"/council/referrals/{referral}")
    page = f"/council/referrals/{referral}/child"
    assert page in council.text
    council.get(page)
    assert council.post(page, {"share": "yes"}).status_code == 422
    assert "Enter what your decision rests on" in council.text

    done = council.post(page, {"share": "yes", "reasons": "Spoke with both at home"})
    drain(town.hub)

    assert done.status_code == 302
    assert _state(town, referral)[0] == "offered"
    assert council.get(page).status_code == 409
    gp.get(f"/referrals/{referral}")
    gp.post(f"/referrals/{referral}/opened")
    assert "Spoke with both at home" in gp.text


def test_a_childs_missing_note_is_put_right_on_the_page(town: Any, gp: Any, begin: Begin) -> None:
    asked = {"child_view": "agrees", "parent_view": "not_asked"}
    referral = _until_terms(begin(gp), child=asked, **CHILD)
    assert _state(town, referral) == ("held", "child_authority_missing")
    assert _put_right(gp, referral, given_by="self", gillick="Understands").status_code == 422
    assert "Select what the child says" in gp.text

    _put_right(gp, referral, given_by="self", gillick="Understands", **asked)
    drain(town.hub)

    assert _state(town, referral)[0] == "offered"


def test_a_safeguarding_concern_asks_nobody_to_agree_and_goes_to_the_council(
    town: Any, gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    raised = {"reasons": "Bruises on both arms", "told": "no"}
    referral = _until_terms(
        journey, danger={"concern": ["yes"]}, safeguarding=raised, needs={"needs": ["lonely"]}
    )
    drain(town.hub)
    assert _state(town, referral)[0] == "offered"
    gp.get(f"/referrals/{referral}")
    assert "Safeguarding concern" in gp.text
    for absent in ("Withdraw the patient", "Record the patient’s agreement", "Bruises"):
        assert absent not in gp.text
    council = town.browser("council")
    council.get("/tasks")
    assert "Safeguarding" in council.text
    assert "Bruises" not in council.text
    task = read_referral(town.hub, town.actor("gp"), referral).current[0]
    council.get(f"/tasks/{task.id}")
    council.post(f"/tasks/{task.id}/open")
    assert "Bruises on both arms" in council.text


def test_a_death_is_recorded_and_a_mistake_put_right(town: Any, gp: Any, begin: Begin) -> None:
    referral = _until_terms(begin(gp))
    page = f"/referrals/{referral}/death"
    gp.get(page)
    assert gp.post(page, {"died": "perhaps"}).status_code == 422
    gp.get(page)
    assert gp.post(page, {"died": "died"}).status_code == 302
    drain(town.hub)
    assert _state(town, referral) == ("held", "person_has_died")
    gp.get(f"/referrals/{referral}")
    assert "A death recorded by mistake" in gp.text
    gp.get(page)
    assert "The patient is alive" in gp.text
    gp.post(page, {"died": "mistake"})
    drain(town.hub)
    assert _state(town, referral)[0] == "offered"


@pytest.mark.parametrize(("who", "page"), [("hill-gp", "death"), ("council", "child")])
def test_another_agencys_referral_looks_as_if_it_did_not_exist(
    town: Any, gp: Any, begin: Begin, who: str, page: str
) -> None:
    referral = _until_terms(begin(gp))
    query = "UPDATE referral SET owner_agency_id = origin_agency_id WHERE id = :id"
    with registers.as_owner(town.url) as connection:
        connection.execute(text(query), {"id": referral})
        connection.execute(text("DELETE FROM outbox WHERE referral_id = :id"), {"id": referral})
    browser = town.browser(who)
    path = "/council/referrals" if who == "council" else "/referrals"
    theirs = browser.get(f"{path}/{referral}/{page}")
    nowhere = browser.get(f"{path}/{uuid4()}/{page}")
    assert theirs.status_code == nowhere.status_code == 404
    assert theirs.get_data() == nowhere.get_data()
