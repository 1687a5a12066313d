"""The overlooking board, why somebody looks, and what the council does: the pages."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from referral_hub.domain.codes import NeedCode
from referral_hub.services.deliver import drain
from referral_hub.services.steer import Steering
from referral_hub.store.referrals import TaskRow
from tests.statements import counting
from tests.web.mereford import Mereford, personal, say_why

WHY = "They have not answered the telephone for a week"
LONELY = frozenset({NeedCode.LONELY})


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def council(town: Any) -> Any:
    return town.browser("council")


def part(task: TaskRow, what: str) -> str:
    return f"/council/parts/{task.id}/{what}"


def version(page: str) -> str:
    found = re.search(r'name="version" value="([0-9]+)"', page)
    assert found
    return found[1]


def test_the_board_shows_a_hold_by_reference_and_nobodys_facts(
    mereford: Mereford, council: Any
) -> None:
    held = mereford.offered(to=("library",), needs=LONELY)
    assert "Overlooking board" in council.get("/council").text
    page = council.get("/council/board?worry=hold").text
    assert held.reference in page
    assert personal(page) == []
    assert held.reference not in council.get("/council/board?worry=overdue").text
    with counting(mereford.hub.database) as statements:
        council.get("/council/board")
    assert len(statements) <= 5, "\n".join(statements)


@pytest.mark.parametrize("query", ["worry=nothing", "after=x", "worry=hold&after=../"])
def test_a_board_that_is_not_there(council: Any, query: str) -> None:
    assert council.get(f"/council/board?{query}").status_code in {400, 404}


def test_looking_beyond_ones_own_cases_asks_why_and_logs_it(
    mereford: Mereford, council: Any
) -> None:
    task = mereford.offered()
    page = f"/council/referrals/{task.referral_id}"
    ours = f"/referrals/{task.referral_id}"
    for other in (ours, f"{ours}/sent", part(task, "take")):
        assert council.get(other).location == f"{page}/why"
    assert council.post(part(task, "take"), {}).location == f"{page}/why"
    for senders_alone in ("message-back", "withdraw"):
        assert council.get(f"{ours}/{senders_alone}").status_code == 404
    asked = council.get(page)
    assert asked.status_code == 302
    assert asked.location.endswith("/why")
    assert "Why do you look" in council.get(f"{page}/why").text
    assert council.post(f"{page}/why", {}).status_code == 422
    assert council.post(f"{page}/why", {"reason": "curiosity"}).status_code == 422
    assert council.get(page).status_code == 302, "nothing was said yet"
    assert council.post(f"{page}/why", {"reason": "safety"}).status_code == 302
    assert task.reference in council.get(page).text
    assert task.reference in council.get(ours).text


@pytest.mark.parametrize("what", ["take", "route", "take_back"])
def test_the_council_says_why_and_the_turn_ends(
    mereford: Mereford, council: Any, what: str
) -> None:
    task = mereford.offered(to=("neighbours", "mentors", "council"), needs=LONELY)
    say_why(council, task.referral_id)
    shown = council.get(f"/council/referrals/{task.referral_id}").text
    assert part(task, what) in shown
    page = council.get(part(task, what)).text
    assert personal(page) == []
    given = {"version": version(page), "why": WHY}
    if what == "route":
        assert council.post(part(task, what), given).status_code == 422
        given["position"] = re.findall(r'name="position"[^>]*value="([0-9]+)"', page)[0]
    assert council.post(part(task, what), {**given, "why": ""}).status_code == 422
    assert council.post(part(task, what), {**given, "version": "99"}).status_code == 409
    answer = council.post(part(task, what), given)
    assert answer.status_code == 302
    assert council.post(part(task, what), given).status_code in {404, 409}, "twice is once"
    drain(mereford.hub)
    shown = council.get(answer.location).text
    assert "Taken back by the council" in shown
    assert WHY not in shown


def test_asking_how_it_stands_and_a_pause(mereford: Mereford, council: Any) -> None:
    task = mereford.accepted()
    say_why(council, task.referral_id)
    page = council.get(part(task, "ask")).text
    assert council.post(part(task, "ask"), {"version": version(page)}).status_code == 302
    assert council.post(part(task, "ask"), {"version": version(page)}).status_code == 409
    page = council.get(part(task, "hold")).text
    given = {"version": version(page), "why": WHY}
    assert council.post(part(task, "hold"), given).status_code == 302
    assert "Let it go on" in council.get(part(task, "resume")).text


def test_closing_asks_for_the_outcome_and_the_reason(mereford: Mereford, council: Any) -> None:
    task = mereford.accepted()
    say_why(council, task.referral_id)
    assert council.post(part(task, "close"), {"outcome": "moved"}).status_code == 422
    shown = version(council.get(part(task, "close")).text)
    given = {"outcome": "moved", "person_told": "no", "next_step": WHY, "version": shown}
    for stale in ({**given, "version": "99"}, {**given, "version": ""}):
        assert council.post(part(task, "close"), stale).status_code == 409
    assert council.post(part(task, "close"), given).status_code == 302
    assert council.get(part(task, "close")).status_code == 404, "there is nothing left to do"


@pytest.mark.parametrize("what", [*Steering, "seize"])
def test_nobody_elses_part_is_there(mereford: Mereford, town: Any, what: str) -> None:
    task = mereford.offered()
    for username in ("gp", "neighbours", "hill-gp"):
        other = town.browser(username)
        for one in (part(task, what), f"/council/parts/{uuid4()}/{what}"):
            assert other.get(one).status_code in {403, 404}
            assert other.post(one, {"why": WHY}).status_code in {403, 404}
    council = town.browser("council")
    assert council.get(f"/council/parts/{uuid4()}/{what}").status_code == 404
    assert council.get(part(task, "seize")).status_code == 404
