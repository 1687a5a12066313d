"""A provider edits its services in pages; the public and routing see it at once, others cannot."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.services.own_listing import publish_missing
from referral_hub.services.remind_providers import remind_providers

ABOUT = {
    "name": "Tea and company",
    "description": "Tea, cake and a chat on Tuesdays.",
    "needs": ["lonely"],
    "areas": ["MF-HAR", "MF-OLD"],
    "minimum_age": "50",
    "maximum_age": "",
    "days": ["TU"],
    "opens": "2pm",
    "closes": "4:30 pm",
    "access": ["wheelchair"],
    "languages": ["en", "pl"],
    "fees": "Free",
    "venue": "Parish hall",
    "address": "4 Mill Road",
    "town": "Mereford",
    "postcode": "mf1 2lb",
}


def add(browser: Any, **changes: Any) -> str:
    browser.get("/directory/services/new")
    answer = browser.post("/directory/services/new", {**ABOUT, **changes})
    assert answer.status_code == 302, browser.text
    (service_id,) = re.findall(r"/directory/services/([0-9a-f-]{36})/", answer.headers["Location"])
    return str(service_id)


def row(town: Any, service_id: str) -> Any:
    with town.hub.database.working() as connection:
        query = "SELECT * FROM service WHERE id = :id"
        return connection.execute(text(query), {"id": UUID(service_id)}).one()


@pytest.fixture(scope="module")
def provider(town: Any) -> Any:
    return town.browser("neighbours")


@pytest.fixture(scope="module")
def service_id(provider: Any) -> str:
    return add(provider)


def test_a_new_service_is_in_the_directory_at_once_with_what_was_said(
    town: Any, provider: Any, service_id: str
) -> None:
    anybody = town.browser()
    anybody.get("/near-me")
    anybody.post("/near-me", {"place": "MF1 2LB", "words": "tea", "miles": "1"})
    assert "Tea and company" in anybody.text
    anybody.get(f"/near-me/services/{service_id}")
    for said in ("Tuesday 2:00pm to 4:30pm", "From 50 years", "Parish hall", "Free"):
        assert said in anybody.text
    provider.get(f"/directory/services/{service_id}")
    for said in ("Never. Read it", "Assesses first", "Harbour", "Too few referrals to say"):
        assert said in provider.text
    found = row(town, service_id)
    assert found.opening == [{"byday": "TU", "opens_at": "14:00:00", "closes_at": "16:30:00"}]
    assert (found.latitude, found.longitude) == (53.9512, -4.0570)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": ""}, "Enter the name of the service"),
        ({"needs": []}, "Select what it helps with"),
        ({"needs": ["happiness"]}, "Select what it helps with"),
        ({"areas": ["XX-XXX"]}, "Select the areas that it serves"),
        ({"minimum_age": "70", "maximum_age": "60"}, "must not be below the lowest"),
        ({"opens": "25:00"}, "Enter a time, like 9:30am or 14:00"),
        ({"opens": ""}, "Enter both the days and when it opens"),
        ({"postcode": "MF1"}, "Enter a full postcode, like MF1 2LB"),
        ({"email": "nobody"}, "Enter an e-mail address"),
        ({"url": "javascript:alert(1)"}, "must begin with https:// or http://"),
    ],
)
def test_what_cannot_be_said_is_said_beside_its_field(
    provider: Any, changes: dict[str, Any], error: str
) -> None:
    provider.get("/directory/services/new")
    answer = provider.post("/directory/services/new", {**ABOUT, **changes})
    assert answer.status_code == 422
    assert error in provider.text


def test_room_rules_and_cover_are_stated_and_shown(
    town: Any, provider: Any, service_id: str
) -> None:
    at = f"/directory/services/{service_id}"
    for part, form in (
        ("room", {"capacity_note": "Two places in May", "wait_days": "21",
                  "open_people_limit": "12", "rest_days": "7", "minutes_limit": "600",
                  "minutes_per": "month", "usual_minutes": "60", "hard_cases_limit": "2"}),
        ("rules", {"tasks": ["company"], "manners": ["group"], "eligibility": ["lives_alone"],
                   "exclusions": ["risk_to_visitors"], "alarm": ["yes"]}),
        ("cover", {"task": "company", "vetting": "basic", "vetting_until-day": "1",
                   "vetting_until-month": "may", "vetting_until-year": "2027",
                   "insurance": "own", "training": ["safeguarding"]}),
    ):  # fmt: skip
        provider.get(f"{at}/{part}")
        assert provider.post(f"{at}/{part}", form).status_code == 302, provider.text
    provider.get(f"/services/{service_id}/full")
    assert (
        provider.post(f"/services/{service_id}/room", {"capacity": "no-capacity"}).status_code
        == 422
    )
    assert (
        provider.post(f"/services/{service_id}/room", {"capacity": "waitlist"}).status_code == 302
    )
    found = row(town, service_id)
    assert (found.capacity, found.wait_days, found.open_people_limit) == ("waitlist", 21, 12)
    caps = (found.minutes_limit, found.minutes_per, found.usual_minutes, found.hard_cases_limit)
    assert caps == (600, "month", 60, 2)
    assert found.cover == [
        {"task": "company", "vetting": "basic", "vetting_until": "2027-05-01",
         "insurance": "own", "training": ["safeguarding"]}
    ]  # fmt: skip
    anybody = town.browser()
    anybody.get(f"/near-me/services/{service_id}")
    assert "Has a waiting list" in anybody.text
    assert "About 3 weeks" in anybody.text
    assert "Lives alone" not in anybody.text
    provider.get(f"{at}/cover")
    assert provider.post(f"{at}/cover", {"task": "company"}).status_code == 302
    assert row(town, service_id).cover == []


@pytest.mark.parametrize(
    ("part", "form", "error"),
    [
        ("room", {"minutes_limit": "600"}, "Enter both the minutes"),
        ("room", {"wait_days": "-3"}, "must be a whole number"),
        ("rules", {"eligibility": ["veteran"], "exclusions": ["veteran"]}, "cannot be both"),
        ("rules", {"backup": "0190a000-0000-7000-8000-000000000000"}, "Select a service from"),
        ("cover", {"vetting": "basic"}, "Select the task"),
        ("cover", {"task": "shopping_delivered", "vetting": "enhanced_both"}, "lawfully be asked"),
    ],
)
def test_a_contradiction_or_an_unlawful_check_is_refused(
    provider: Any, service_id: str, part: str, form: dict[str, Any], error: str
) -> None:
    provider.get(f"/directory/services/{service_id}/{part}")
    assert provider.post(f"/directory/services/{service_id}/{part}", form).status_code == 422
    assert error in provider.text


def test_a_pause_is_one_click_and_holds_for_the_public_and_for_routing(
    town: Any, provider: Any, service_id: str
) -> None:
    provider.get(f"/directory/services/{service_id}")
    assert provider.post(f"/directory/services/{service_id}/pause").status_code == 302
    assert row(town, service_id).active is False
    shown = town.app.test_client().get(f"/open-referral/v3/services/{service_id}").get_json()
    assert shown["status"] == "temporarily closed"
    provider.get(f"/directory/services/{service_id}")
    assert "Start again" in provider.text
    provider.post(f"/directory/services/{service_id}/resume")
    assert row(town, service_id).active is True


def test_a_service_that_is_full_until_a_day_is_not_just_called_running(
    town: Any, provider: Any, service_id: str
) -> None:
    last = town.hub.clock().date() + timedelta(days=9)
    parts = {"day": last.day, "month": last.month, "year": last.year}
    until = {f"until-{part}": str(value) for part, value in parts.items()}
    provider.get(f"/services/{service_id}/full")
    assert provider.post(f"/services/{service_id}/full", until).status_code == 302
    provider.get(f"/directory/services/{service_id}")
    assert "Yes, but full until the end of" in provider.text


def test_a_misspelt_word_of_a_providers_own_name_is_put_right(town: Any, provider: Any) -> None:
    add(provider, name="Marquetry evenings")
    publish_missing(town.hub)
    browser = town.browser()
    browser.get("/near-me")
    browser.post("/near-me", {"words": "marquerty"})
    assert "Marquetry evenings" in browser.text


def test_what_is_another_agencys_is_not_there(town: Any, service_id: str) -> None:
    other = town.browser("library")
    other.get("/directory/services")
    assert "Tea and company" not in other.text
    for path in ("", "/about", "/room", "/rules", "/cover"):
        assert other.get(f"/directory/services/{service_id}{path}").status_code == 404
    other.get("/directory/services")
    for step in ("pause", "resume", "check"):
        assert other.post(f"/directory/services/{service_id}/{step}").status_code == 404
    assert (
        other.post(f"/directory/services/{service_id}/room", {"capacity": "capacity"}).status_code
        == 404
    )
    assert row(town, service_id).active is True


def test_a_record_that_nobody_checked_is_asked_for_again_and_checking_settles_it(
    town: Any, provider: Any, service_id: str
) -> None:
    provider.get(f"/directory/services/{service_id}")
    assert provider.post(f"/directory/services/{service_id}/check").status_code == 302
    provider.get("/directory/services")
    assert "Not checked in the last six months" not in provider.text.partition("Tea and company")[2]
    shown = town.app.test_client().get(f"/open-referral/v3/services/{service_id}").get_json()
    assert shown["assured_date"] == town.clock.now.date().isoformat()
    town.clock.pass_by(timedelta(days=181))
    assert remind_providers(town.hub) == 0
    reminded = "SELECT count(*) FROM service_details WHERE reminded_at IS NOT NULL"
    with town.hub.database.working() as connection:
        assert connection.execute(text(reminded)).scalar_one() >= 7
    again = town.browser("neighbours")
    again.get("/directory/services")
    assert "Not checked in the last six months" in again.text
