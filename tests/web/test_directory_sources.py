"""The administrator's pages for feeds: added, read by the worker, reported, stopped; and the GP."""

from __future__ import annotations

import re
from typing import Any

from referral_hub.services.directory_import import Reading, import_source
from referral_hub.services.directory_sources import list_sources
from tests.feeds import Feed, a_service

ADDRESS = "https://93.184.215.14/"


def test_a_feed_is_added_read_reported_and_stopped(town: Any, begin: Any) -> None:
    admin = town.browser("council-admin")
    admin.get("/directory/sources")
    for url, error in (
        ("http://feed.example/", "must begin with https://"),
        ("https://10.0.0.1/", "not on the public internet"),
        ("https://user@93.184.215.14/", "Leave out user names"),
        ("", "Enter the address of the feed"),
    ):
        answer = admin.post("/directory/sources", {"name": "County", "url": url})
        assert answer.status_code == 422
        assert error in admin.text
    answer = admin.post("/directory/sources", {"name": "County", "url": ADDRESS})
    assert answer.status_code == 302
    page = answer.headers["Location"]
    admin.get(page)
    assert "Never" in admin.text
    (source,) = list_sources(town.hub, town.actor("council-admin"))
    services = [a_service(number) for number in range(4)] + [
        {"id": "17", "name": "x", "status": "active"}
    ]
    services[0]["url"] = "javascript:x"
    report = import_source(
        town.hub, town.actor("council-admin"), source.id, Reading(pages=Feed(services))
    )
    assert report.good
    admin.get(page)
    for said in ("Read and published.", "4 new", "1 refused", "id: must be a UUID", "url: must be"):
        assert said in admin.text
    assert admin.post(f"{page}/stop").status_code == 302
    admin.get(page)
    assert "Not read by itself" in admin.text
    assert admin.post(f"{page}/read").status_code == 302
    other = town.browser("surgery-admin")
    other.get("/directory/sources")
    assert "County" not in other.text
    assert other.get(page).status_code == 404
    assert other.post(f"{page}/stop").status_code == 404
    _the_gp_sees_what_is_there_beside_the_plan(town, begin)


def _the_gp_sees_what_is_there_beside_the_plan(town: Any, begin: Any) -> None:
    gp = town.browser("gp")
    journey = begin(gp)
    journey.fill_until("needs", needs={"needs": ["shopping_meals"]})
    gp.get(journey.path("recipients"))
    beside = gp.text.partition("Also near the patient")[2]
    assert re.findall(r"Lunch club \d", beside) == [f"Lunch club {n}" for n in range(4)]
    assert "Neighbourly hours" not in beside
