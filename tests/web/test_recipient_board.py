"""The recipient's board: piles, pages, yes or no in two presses, the switch, cover that ends."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from referral_hub.services.deliver import drain
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.recipient_board import FIRST, PAGE, Pile, read_board
from tests.statements import counting
from tests.web.mereford import Mereford, personal

SESSION = 1
_LINE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}(?=</a>)")


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture
def neighbours(town: Any) -> Any:
    return town.browser("neighbours")


def _pile(browser: Any, name: str) -> list[str]:
    """The references of a pile, page by page, in the order of its pages."""
    path, found = f"/tasks?show={name}", []
    while path:
        text = browser.get(path).text
        assert not personal(text)
        found += _LINE.findall(text)
        more = re.search(r'href="(/tasks\?show=[^"]+)" rel="next"', text)
        path = more[1].replace("&amp;", "&") if more else ""
    return found


def test_a_task_goes_from_pile_to_pile_and_is_never_in_two(
    mereford: Mereford, neighbours: Any, town: Any
) -> None:
    task = mereford.offered()
    keep_clocks(town.hub)

    def where() -> list[str]:
        return [pile.value for pile in Pile if task.reference in _pile(neighbours, pile.value)]

    assert where() == ["new"]
    due_at = mereford.reread(task).due_at
    assert due_at is not None
    town.clock.pass_by(due_at - town.clock.now - timedelta(days=2))
    neighbours = town.browser("neighbours")
    assert where() == ["due"]
    neighbours.get(f"/tasks/{task.id}/ask")
    version = re.search(r'name="version" value="(\d+)"', neighbours.text)
    assert version
    form = {"question": "Is there a dog?", "version": version[1]}
    assert neighbours.post(f"/tasks/{task.id}/ask", form).status_code == 302
    assert where() == ["asked"]
    for answer, pile in (("accept", "accepted"), ("contact", "in_progress"), ("close", "ended")):
        neighbours.get("/tasks")
        form = {"outcome": "helped", "person_told": "yes", "next_step": "Nothing"}
        sent = neighbours.post(f"/tasks/{task.id}/{answer}", form if answer == "close" else {})
        assert sent.status_code == 302, answer
        assert where() == [pile]


def test_yes_and_no_are_two_presses_and_look_at_nobody(mereford: Mereford, neighbours: Any) -> None:
    for answer, form in (("accept", {}), ("decline", {"reason": "no_capacity"})):
        task = mereford.offered()
        looks = mereford.entries("view")
        neighbours.get("/tasks?show=new")
        assert f'href="/tasks/{task.id}/{answer}"' in neighbours.text
        page = neighbours.get(f"/tasks/{task.id}/{answer}").text
        assert not personal(page)
        assert neighbours.post(f"/tasks/{task.id}/{answer}", form).status_code == 302
        assert mereford.entries("view") == looks


def test_a_long_pile_is_cut_on_the_board_paged_alone_and_costs_no_more(
    mereford: Mereford, neighbours: Any, town: Any
) -> None:
    with counting(town.hub.database) as before:
        neighbours.get("/tasks")
    tasks = [mereford.refer(deliver=False) for _ in range(PAGE + 1)]
    drain(town.hub)
    with counting(town.hub.database) as after:
        page = neighbours.get("/tasks").text
    assert len(after) <= len(before) <= SESSION + 5, "\n".join(after)
    heap = read_board(town.hub, town.actor("neighbours")).heaps[Pile.NEW]
    assert len(heap.lines) == FIRST
    assert f"All {heap.many}" in page
    listed = _pile(neighbours, "new")
    assert len(set(listed)) == len(listed) == heap.many
    assert {mereford.task(one).reference for one in tasks} <= set(listed)
    with counting(town.hub.database) as alone:
        neighbours.get("/tasks?show=new")
    assert len(alone) <= SESSION + 4


def test_a_pile_that_is_not_there_is_not_found(neighbours: Any) -> None:
    assert neighbours.get("/tasks?show=everything").status_code == 404


# The switch


def _service(browser: Any) -> str:
    found = re.search(r'href="/services/([0-9a-f-]{36})/full"', browser.get("/tasks").text)
    assert found
    return found[1]


def test_full_until_stops_what_is_new_and_ends_by_itself(
    mereford: Mereford, neighbours: Any, town: Any
) -> None:
    waiting, ours = mereford.offered(), mereford.accepted()
    service = _service(neighbours)
    before = mereford.entries("admin")
    neighbours.get(f"/services/{service}/full")
    parts = dict(re.findall(r'name="(until-\w+)"[^>]* value="(\d+)"', neighbours.text))
    assert len(parts) == 3
    assert neighbours.post(f"/services/{service}/full", parts).status_code == 302
    assert mereford.entries("admin") == before + 1
    neighbours.get("/tasks?done=full")
    assert "Full" in neighbours.text
    assert "We have room again" in neighbours.text
    keep_clocks(town.hub)
    drain(town.hub)
    assert mereford.reread(waiting).state == "returned"
    assert mereford.reread(ours).state == "accepted"
    assert mereford.offered().recipient_agency_id != ours.recipient_agency_id
    town.clock.pass_by(timedelta(days=29))
    assert mereford.offered().recipient_agency_id == ours.recipient_agency_id
    assert "We have room again" not in town.browser("neighbours").get("/tasks").text


def test_room_again_is_one_press(neighbours: Any) -> None:
    service = _service(neighbours)
    neighbours.get(f"/services/{service}/full")
    form = {"until-day": "1", "until-month": "1", "until-year": "2027"}
    neighbours.post(f"/services/{service}/full", form)
    neighbours.get("/tasks")
    assert neighbours.post(f"/services/{service}/room").status_code == 302
    assert "Taking people" in neighbours.get("/tasks").text


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (("", "", ""), "Enter the last day"),
        (("31", "2", "2027"), "must be a real date"),
        (("1", "1", "2020"), "must be today or later"),
        (("1", "1", "2099"), "at most a year away"),
    ],
)
def test_a_day_that_cannot_be_is_said_beside_the_field(
    neighbours: Any, day: tuple[str, str, str], told: str
) -> None:
    service = _service(neighbours)
    form = dict(zip(("until-day", "until-month", "until-year"), day, strict=True))
    answer = neighbours.post(f"/services/{service}/full", form)
    assert answer.status_code == 422
    assert told in answer.text


def test_another_agencys_service_is_not_there(neighbours: Any, town: Any) -> None:
    service = _service(neighbours)
    other = town.browser("mentors")
    form = {"until-day": "1", "until-month": "1", "until-year": "2027"}
    assert other.get(f"/services/{service}/full").status_code == 404
    assert other.post(f"/services/{service}/full", form).status_code == 404
    assert other.post(f"/services/{service}/room").status_code == 404


# Cover


def test_cover_that_ends_within_28_days_is_shown_and_no_other(
    mereford: Mereford, neighbours: Any, town: Any
) -> None:
    service = _service(neighbours)
    today = town.clock.now.date()
    ends = {
        "company": {"vetting_until": today + timedelta(days=28)},
        "meals": {"vetting_until": today + timedelta(days=29)},
        "bills": {"insured_until": today - timedelta(days=1)},
    }
    lines = [
        f'{{"task": "{task}", "{column}": "{until}"}}'
        for task, dates in ends.items()
        for column, until in dates.items()
    ]
    mereford.as_owner(
        "UPDATE service SET cover = CAST(:cover AS jsonb) WHERE id = :id",
        cover=f"[{', '.join(lines)}]",
        id=service,
    )
    page = neighbours.get("/tasks").text
    assert "company and a chat: <strong>ends after" in page
    assert "paying bills or handling cash: <strong>ended on" in page
    assert ": meals" not in page
