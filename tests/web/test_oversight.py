"""An officer keeps searches and reviews what was not shared, in a browser."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.web.mereford import Mereford, personal
from tests.web.test_officer import text_of

BOX = re.compile(r'name="entries" type="checkbox" value="([0-9a-f-]{36})"')
REMOVE = re.compile(r'action="(/log/searches/[0-9a-f-]{36}/remove)"')


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    made.refer(to=("neighbours",))
    made.refer(to=())
    return made


@pytest.fixture
def officer(town: Any, mereford: Mereford) -> Any:  # noqa: ARG001 - the story comes first
    town.clock.pass_by(timedelta(minutes=20))
    return town.browser("surgery-dpo")


def test_a_search_is_kept_run_from_two_pages_and_removed(officer: Any, mereford: Mereford) -> None:
    page = officer.get("/log?type=decision&outcome=refuse").text
    assert "/log/searches?" in page
    form = officer.get("/log/searches?type=decision&outcome=refuse").text
    assert "Write nothing about a person" in form
    answer = officer.post(
        "/log/searches",
        {"type": "decision", "outcome": "refuse", "name": "Said no", "shared": "yes"},
    )
    assert answer.status_code == 302
    assert "outcome=refuse" in answer.headers["Location"]
    before = mereford.entries("access")
    listed = officer.get("/log").text
    assert "Said no" in listed
    (link,) = re.findall(r'href="(/log\?[^"]*)">Said no', listed)
    assert sorted(link.partition("?")[2].split("&amp;")) == ["outcome=refuse", "type=decision"]
    assert "Said no" in officer.get("/overview").text
    officer.get("/log?outcome=refuse&type=decision")
    assert mereford.entries("access") > before
    path = REMOVE.findall(officer.get("/log").text)[0]
    assert officer.post(path).status_code == 302
    assert "Said no" not in officer.get("/log").text
    assert officer.post(f"/log/searches/{uuid4()}/remove").status_code == 404


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": ""}, "Enter a name for the search"),
        ({"name": "999 000 0018"}, "This looks like an NHS number"),
        ({"name": "x" * 61}, "must be 60 characters or fewer"),
        ({"name": "a", "type": "nothing"}, "Select a kind from the list"),
        ({"name": "a", "shared": "maybe"}, "Tick the box to share it"),
    ],
)
def test_a_bad_search_is_told_at_its_field(officer: Any, form: dict[str, str], told: str) -> None:
    officer.get("/log/searches")
    answer = officer.post("/log/searches", form)
    assert answer.status_code == 422
    assert told in officer.text


def test_an_unknown_filter_is_a_bad_request(officer: Any) -> None:
    assert officer.get("/log/searches?nonsense=1").status_code == 400
    officer.get("/log/searches")
    assert officer.post("/log/searches", {"name": "a", "nonsense": "1"}).status_code == 400


def test_what_was_not_shared_is_shown_and_reviewed(officer: Any) -> None:
    overview = officer.get("/overview").text
    assert "Refusals and holds that nobody has reviewed" in overview
    assert "Not reviewed yet" in overview
    page = officer.get("/log/refusals").text
    assert not personal(page)
    boxes = BOX.findall(page)
    assert boxes
    assert officer.post("/log/refusals", {"finding": "under_shared"}).status_code == 422
    assert "Select what you have reviewed" in officer.text
    assert officer.post("/log/refusals", {"entries": boxes[:1]}).status_code == 422
    assert "Select what you found" in officer.text
    assert "checked" in officer.text
    assert (
        officer.post("/log/refusals", {"entries": ["x"], "finding": "under_shared"}).status_code
        == 422
    )
    done = officer.post("/log/refusals", {"entries": boxes[:1], "finding": "under_shared"})
    assert done.status_code == 302
    assert boxes[0] not in officer.get("/log/refusals").text
    again = officer.post("/log/refusals", {"entries": boxes[:1], "finding": "under_shared"})
    assert again.status_code == 409
    words = text_of(officer.get("/overview").text)
    assert "It should have been shared 1" in words
    listed = text_of(officer.get("/log?type=admin").text)
    assert "Refusals or holds reviewed" in listed


def test_another_agencys_refusals_are_not_there(town: Any, officer: Any) -> None:
    boxes = BOX.findall(officer.get("/log/refusals").text)
    hill = town.browser("hill-dpo")
    assert BOX.findall(hill.get("/log/refusals").text) == []
    told = [
        hill.post("/log/refusals", {"entries": [one], "finding": "under_shared"})
        for one in (boxes[0], str(uuid4()))
    ]
    assert [answer.status_code for answer in told] == [404, 404]
    assert told[0].data == told[1].data
