"""What is there near me: found by place, words and need, and nothing of it kept anywhere."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import text

from referral_hub.services.directory_import import Reading, import_source
from referral_hub.services.directory_sources import add_source
from referral_hub.services.search_directory import Search, search_directory
from referral_hub.store import own_services
from tests.feeds import URL, Feed, a_service, outside

SECRET = "MF1 2LB"
HELPERS = {
    "name": "Volunteers wanted: drivers",
    "description": "Become a volunteer and drive somebody to the shops.",
    "attributes": [
        {"id": "6d8cbbd2-8bf6-4a8e-a5f8-b1d4be9b4a01", "taxonomy_term": {
            "id": "6d8cbbd2-8bf6-4a8e-a5f8-b1d4be9b4a02", "name": "Volunteer with us",
            "description": "x", "term": "want_to_help"}}
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(town: Any) -> Any:
    """The town's services and a feed: clubs further and further north, and two odd records."""
    actor = town.actor("council-admin")
    source = add_source(town.hub, actor, "County", URL, resolve=outside)
    services = [a_service(number) for number in range(0, 300, 10)]
    services[3] |= {"name": "<b>Gardeners</b> & friends <script>x()</script>", "fees": "Free"}
    services[3]["cost_options"] = []
    services[4] |= HELPERS
    services[5] |= {"name": "Closed for ever", "status": "defunct"}
    services[6] |= {"schedules": [], "name": "Some time club", "languages": [{"name": "Polish"}]}
    assert import_source(town.hub, actor, source, Reading(pages=Feed(services, size=50))).good
    return town


def names(page: str) -> list[str]:
    found = page.partition('id="results"')[2].partition('id="helping"')[0]
    return re.findall(r'href="/near-me/services/[^"]+">([^<]+)<', found)


def look(browser: Any, **form: Any) -> list[str]:
    browser.get("/near-me")
    answer = browser.post("/near-me", {"place": SECRET, **form})
    assert answer.status_code == 200, browser.text
    return names(browser.text)


def test_the_nearest_come_first_and_the_next_page_goes_on(filled: Any) -> None:
    browser = filled.browser()
    first = look(browser, words="lunch club", miles="25")
    assert len(first) == 20
    assert first[:3] == ["Lunch club 0", "Lunch club 10", "Lunch club 20"]
    after = re.search(r'name="after" value="([^"]+)"', browser.text)
    assert after is not None
    answer = browser.post(
        "/near-me", {"place": SECRET, "words": "lunch club", "miles": "25", "after": after[1]}
    )
    assert answer.status_code == 200
    rest = names(browser.text)
    assert set(first).isdisjoint(rest)
    assert "Lunch club 290" in rest
    assert "Closed for ever" not in first + rest


@pytest.mark.parametrize(
    ("form", "some", "none"),
    [
        ({"needs": ["home_safety"]}, {"Safe and well visit"}, {"Home library"}),
        ({"words": "gardenrs"}, {"Gardeners &amp; friends"}, {"Home library"}),
        ({"words": "lonely"}, {"Friendly visits"}, {"Safe and well visit"}),
        ({"words": "house bound people"}, set(), {"Safe and well visit"}),
        ({"age": "12"}, {"Home library"}, {"Friendly visits", "Lunch club 0"}),
        ({"day": "SA"}, {"Some time club"}, {"Lunch club 0", "Home library"}),
        ({"day": "WE", "part": "evening"}, {"Some time club"}, {"Lunch club 0"}),
        ({"cost": ["free"]}, {"Gardeners &amp; friends", "Home library"}, {"Lunch club 0"}),
        ({"language": "pl"}, {"Some time club", "Home library", "Lunch club 0"}, set()),
        ({"language": "so"}, {"Lunch club 0"}, {"Some time club", "Home library"}),
        ({"miles": "1"}, {"Home library", "Lunch club 0"}, {"Lunch club 200"}),
        ({"place": "Old  TOWN"}, {"Home library"}, set()),
        ({"place": "mf1 9zz"}, {"Home library"}, set()),
    ],
)
def test_what_is_looked_for_is_found(
    filled: Any, form: dict[str, Any], some: set[str], none: set[str]
) -> None:
    found: list[str] = []
    browser = filled.browser()
    found += look(browser, **form)
    while after := re.search(r'name="after" value="([^"]+)"', browser.text):
        browser.post("/near-me", {"place": SECRET, **form, "after": after[1]})
        found += names(browser.text)
    assert len(found) == len(set(found))
    assert some <= set(found), found
    assert none.isdisjoint(found)


def test_a_misspelt_word_is_put_right_and_said(filled: Any) -> None:
    browser = filled.browser()
    assert look(browser, words="gardenrs")
    assert "We looked for <strong>gardeners</strong>" in browser.text
    assert look(browser, words="lonley and isolatd")
    assert "We looked for <strong>lonely isolated</strong>" in browser.text
    assert look(browser, words="xylophone") == []
    assert "Nothing was found" in browser.text


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"place": "ZZ99 9ZZ"}, "We do not know this place"),
        ({"place": "Atlantis"}, "We do not know this place"),
        ({"age": "-1"}, "Age must be a whole number from 0 to 120"),
        ({"age": "1e9"}, "Age must be a whole number from 0 to 120"),
        ({"day": "XX"}, "Select a day from the list"),
        ({"miles": "500"}, "Select a distance from the list"),
        ({"after": "1 2 3 x"}, "Search again"),
        ({"after": "9999999999999 2 3 4"}, "Search again"),
        ({"words": "x" * 121}, "What you look for must be 120 characters or fewer"),
    ],
)
def test_what_cannot_be_looked_for_is_said_beside_the_field(
    filled: Any, form: dict[str, str], error: str
) -> None:
    browser = filled.browser()
    browser.get("/near-me")
    answer = browser.post("/near-me", {"place": SECRET, **form})
    assert answer.status_code == 422
    assert error in browser.text


def test_nothing_of_a_search_stands_in_an_address_a_cookie_or_a_log(
    filled: Any, caplog: pytest.LogCaptureFixture
) -> None:
    browser = filled.browser()
    with caplog.at_level("DEBUG"):
        look(browser, words="debt", needs=["drink_drugs"])
    told = " ".join(str(record.__dict__) for record in caplog.records)
    cookies = " ".join(cookie.value for cookie in browser.client._cookies.values())
    for secret in (SECRET, "MF12LB", "drink_drugs", "debt"):
        assert secret not in told
        assert secret not in cookies
    assert browser.client.get("/near-me?place=MF1+2LB").status_code == 200
    assert SECRET not in browser.client.get("/near-me?place=MF1+2LB").get_data(as_text=True)


def test_a_service_says_what_it_states_and_no_markup_passes(filled: Any) -> None:
    browser = filled.browser()
    look(browser, words="gardeners")
    (link,) = re.findall(r'href="(/near-me/services/[^"]+)">Gardeners', browser.text)
    browser.get(link)
    assert "<script>x()" not in browser.text
    for said in ("Wednesday 12:00pm to 2:00pm", "From 60 years", "Free", "Church hall"):
        assert said in browser.text
    assert browser.get(f"{link}/opportunity").status_code == 404
    assert browser.get("/near-me/services/0190a000-0000-7000-8000-000000000000").status_code == 404


def test_opportunities_to_help_are_shown_beside_and_as_data(filled: Any) -> None:
    browser = filled.browser()
    look(browser, words="library")
    helping = browser.text.partition('id="helping"')[2]
    (link,) = re.findall(r'href="(/near-me/services/[^"]+)">Volunteers wanted', helping)
    answer = browser.get(f"{link}/opportunity")
    assert answer.mimetype == "application/ld+json"
    told = json.loads(answer.get_data())
    assert told["employmentType"] == "VOLUNTEER"
    assert told["hiringOrganization"]["name"] == "Meals in Mereford"


def test_a_sheet_for_a_waiting_room_has_a_code_and_no_place_in_its_address(filled: Any) -> None:
    browser = filled.browser()
    look(browser)
    assert browser.post("/near-me/sheet", {"place": SECRET, "needs": ["lonely"]}).status_code == 200
    assert "<svg" in browser.text
    assert "Friendly visits" in browser.text
    assert "http://localhost:8000/near-me<" in browser.text or "/near-me<" in browser.text
    assert browser.get("/near-me/sheet").status_code == 405


def test_room_is_shown_while_it_is_fresh_and_a_pause_at_once(filled: Any) -> None:
    browser, admin = filled.browser(), filled.actor("library-admin")
    with filled.hub.database.working() as connection:
        query = "SELECT id FROM service WHERE agency_id = :us AND name = 'Home library'"
        service_id = connection.execute(text(query), {"us": admin.agency_id}).scalar_one()
    browser.get(f"/near-me/services/{service_id}")
    assert "Has room" in browser.text
    with filled.hub.database.acting_for(admin.agency_id) as connection:
        own_services.change(connection, admin.agency_id, service_id, {"active": False})
    browser.get(f"/near-me/services/{service_id}")
    assert "Closed for now" in browser.text
    found = search_directory(filled.hub, Search(place=SECRET, words="library")).items
    assert [one.status for one in found if one.id == service_id] == ["temporarily closed"]
    with filled.hub.database.acting_for(admin.agency_id) as connection:
        stale = filled.hub.clock().replace(year=2025)
        changed = {"active": True, "capacity_as_of": stale}
        own_services.change(connection, admin.agency_id, service_id, changed)
    browser.get(f"/near-me/services/{service_id}")
    assert "Has room" not in browser.text
