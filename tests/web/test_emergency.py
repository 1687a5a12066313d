"""Emergency access on pages: why is asked, it opens once, and officers cannot miss it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.web.mereford import FAMILY_NAME, WHY, Mereford, personal, say_why

NEVER = UUID("0190a000-0000-7000-8000-000000000000")
PER_REQUEST = {"X-Request-Id", "Date"}
REASON = "The neighbours hear water running and nobody answers the door or the telephone."
CLAIM = {"cause": "cannot_be_found", "reason": REASON, "confirmed": "yes"}
REVIEW = {"outcome": "justified", "words": "Spoke with the coordinator and the ambulance service."}


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def neighbours(town: Any) -> Any:
    return town.browser("neighbours")


def claim(browser: Any, task_id: UUID, **changes: str) -> Any:
    page = f"/tasks/{task_id}/emergency"
    assert browser.get(page).status_code == 200
    found = re.search(r'name="ticket" value="([^"]+)"', browser.text)
    assert found
    return browser.post(page, {**CLAIM, "ticket": found[1], **changes})


def opening(browser: Any, task_id: UUID) -> str:
    """The address of the button that opens once."""
    browser.get(f"/tasks/{task_id}/emergency")
    found = re.search(rf'action="(/tasks/{task_id}/emergency/[^"]+)"', browser.text)
    assert found, browser.text
    return found[1]


def waiting(text: str) -> int:
    found = re.search(r"(\d+) waits? for your review", " ".join(text.split()))
    return int(found[1]) if found else 0


def test_asked_why_and_opened_once(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    neighbours.get(f"/tasks/{task.id}")
    assert f'href="/tasks/{task.id}/emergency"' in neighbours.text
    assert claim(neighbours, task.id).headers["Location"] == f"/tasks/{task.id}/emergency"
    button = opening(neighbours, task.id)
    assert not personal(neighbours.text, "water running")
    answer = neighbours.post(button)
    assert answer.status_code == 200
    assert FAMILY_NAME in neighbours.text
    assert "07700 900982" in neighbours.text
    assert WHY not in neighbours.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert neighbours.post(button).status_code == 403
    assert "has been used" in neighbours.text
    assert not personal(neighbours.text, "water running")


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"cause": ""}, "cause", "Select what kind of emergency it is"),
        ({"cause": "boredom"}, "cause", "Select what kind of emergency it is"),
        ({"reason": ""}, "reason", "Enter what has happened and what you need the record for"),
        ({"reason": "test"}, "reason", "Reason must be at least 40 characters"),
        ({"reason": "xxx " * 20}, "reason", "Reason must say, in seven or more different words"),
        ({"reason": "help help " * 9}, "reason", "Reason must say, in seven or more different"),
        ({"reason": "a" * 2001}, "reason", "Reason must be 2000 characters or fewer"),
        ({"confirmed": ""}, "confirmed", "Tick the box to confirm that this cannot wait"),
    ],
)
def test_a_mistake_names_its_field_and_how_to_fix_it(
    mereford: Mereford, neighbours: Any, changes: dict[str, str], field: str, says: str
) -> None:
    task = mereford.offered()
    before = mereford.entries("override")
    assert claim(neighbours, task.id, **changes).status_code == 422
    assert f'href="#{field}"' in neighbours.text
    assert says in neighbours.text
    assert mereford.entries("override") == before


def test_it_opens_where_agreement_has_ended_and_the_withheld_page_leads_to_it(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    mereford.as_owner(
        "UPDATE consent_event SET valid_until = now() - interval '10 years'"
        " WHERE referral_id = :referral",
        referral=task.referral_id,
    )
    neighbours.get(f"/tasks/{task.id}")
    assert neighbours.post(f"/tasks/{task.id}/open").status_code == 403
    assert f'href="/tasks/{task.id}/emergency"' in neighbours.text
    claim(neighbours, task.id)
    assert neighbours.post(opening(neighbours, task.id)).status_code == 200


@pytest.mark.parametrize(
    "columns",
    [{"never_share_with": "us"}, {"conflicts": "us"}, {"deceased": True}],
    ids=["never", "conflict", "died"],
)
def test_what_stands_against_it_about_the_person_is_not_told_to_the_agency(
    mereford: Mereford, neighbours: Any, columns: dict[str, Any]
) -> None:
    task = mereford.offered()
    us = [task.recipient_agency_id]
    mereford.about_the_person(task, {k: us if v == "us" else v for k, v in columns.items()})
    assert claim(neighbours, task.id).status_code == 403
    assert "What is recorded with this referral does not allow" in neighbours.text
    for word in ("never", "conflict", "died", "must not learn"):
        assert word not in neighbours.text


def test_a_ticket_that_is_late_is_refused_in_words(
    mereford: Mereford, town: Any, neighbours: Any
) -> None:
    task = mereford.offered()
    claim(neighbours, task.id)
    button = opening(neighbours, task.id)
    town.clock.pass_by(timedelta(minutes=15))
    assert neighbours.post(button).status_code == 403
    assert "The time for this emergency access is over" in neighbours.text
    neighbours.get(f"/tasks/{task.id}/emergency")
    assert "What kind of emergency is it?" in neighbours.text


def _all_of(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


@pytest.mark.parametrize("username", ["mentors", "library"])
def test_another_agencys_task_and_ticket_are_not_there(
    mereford: Mereford, town: Any, neighbours: Any, username: str
) -> None:
    task = mereford.offered()
    claim(neighbours, task.id)
    button = opening(neighbours, task.id)
    other = town.browser(username)
    for theirs, never in (
        (f"/tasks/{task.id}/emergency", f"/tasks/{NEVER}/emergency"),
        (button, button.replace(str(task.id), str(NEVER))),
    ):
        if theirs is not button:
            assert _all_of(other.get(theirs)) == _all_of(other.get(never))
            assert other.get(theirs).status_code == 404
        assert _all_of(other.post(theirs, CLAIM)) == _all_of(other.post(never, CLAIM))
        assert other.post(theirs, CLAIM).status_code == 404


def test_the_council_that_owns_it_comes_from_its_own_page(mereford: Mereford, town: Any) -> None:
    task = mereford.offered()
    council = town.browser("council")
    say_why(council, task.referral_id)
    council.get(f"/council/referrals/{task.referral_id}")
    assert f'href="/tasks/{task.id}/emergency"' in council.text
    claim(council, task.id)
    council.post(opening(council, task.id))
    assert WHY in council.text


def test_the_officers_of_both_agencies_see_it_on_every_page_within_the_minute(
    mereford: Mereford, town: Any
) -> None:
    officers = {name: town.browser(name) for name in ("surgery-dpo", "council-dpo", "hill-dpo")}
    before = {}
    for name, officer in officers.items():
        officer.get("/log/verify")
        before[name] = waiting(officer.text)
    task = mereford.offered()
    claim(town.browser("council"), task.id)
    for name, officer in officers.items():
        for page in ("/log", "/log/verify"):
            officer.get(page)
            more = 0 if name == "hill-dpo" else 1
            assert waiting(officer.text) == before[name] + more, (name, page)
    officers["surgery-dpo"].get("/log/emergencies")
    assert task.reference in officers["surgery-dpo"].text
    assert not personal(officers["surgery-dpo"].text, "water running")


def _newest_alert(officer: Any) -> str:
    officer.get("/log/emergencies")
    waiting_part = officer.text.partition("Reviewed</h2>")[0]
    return str(re.findall(r'href="(/log/emergencies/[^"]+)"', waiting_part)[-1])


def test_an_officer_reads_why_and_reviews_and_it_stands_in_the_log(
    mereford: Mereford, town: Any
) -> None:
    task = mereford.offered()
    claim(town.browser("council"), task.id)
    officer = town.browser("surgery-dpo")
    page = _newest_alert(officer)
    officer.get(page)
    assert "water running" not in officer.text
    looks = mereford.entries("view")
    officer.post(f"{page}/reason")
    assert "water running" in officer.text
    assert mereford.entries("view") == looks + 1
    assert officer.post(page, {"outcome": "justified", "words": ""}).status_code == 422
    assert "Enter what your finding rests on" in officer.text
    answer = officer.follow(officer.post(page, REVIEW))
    assert answer.status_code == 200
    assert "Your review is recorded" in officer.text
    assert officer.post(page, REVIEW).status_code == 409
    officer.get(f"/log?type=override&reference={task.reference}")
    assert "Found justified" in officer.text
    assert officer.text.count("Override") >= 2


def test_another_agencys_alert_is_not_there(mereford: Mereford, town: Any) -> None:
    claim(town.browser("council"), mereford.offered().id)
    page = _newest_alert(town.browser("council-dpo"))
    other = town.browser("hill-dpo")
    never = f"/log/emergencies/{NEVER}"
    assert _all_of(other.get(page)) == _all_of(other.get(never))
    assert other.get(page).status_code == 404
    for rest in ("", "/reason"):
        assert _all_of(other.post(page + rest, REVIEW)) == _all_of(other.post(never + rest, REVIEW))


def _shown(town: Any, mereford: Mereford, name: str) -> str:
    """A page by its name, with something on it."""
    council, officer = town.browser("council"), town.browser("council-dpo")
    claim(council, mereford.offered().id)
    match name:
        case "claim":
            council.get(f"/tasks/{mereford.offered().id}/emergency")
        case "claim with mistakes":
            claim(council, mereford.offered().id, reason="")
        case "list":
            officer.get("/log/emergencies")
        case _:
            officer.get(_newest_alert(officer))
    return str(officer.text if name in {"list", "review"} else council.text)


@pytest.mark.parametrize("name", ["claim", "claim with mistakes", "list", "review"])
def test_a_page_has_one_heading_and_every_field_its_label(
    mereford: Mereford, town: Any, name: str
) -> None:
    text = _shown(town, mereford, name)
    assert len(re.findall("<h1", text)) == 1
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    labels = set(re.findall(r'<label[^>]*\bfor="([^"]+)"', text))
    for tag in re.findall(r"<(?:input|textarea|select)\b[^>]*>", text):
        if 'type="hidden"' in tag:
            continue
        found = re.search(r'\bid="([^"]+)"', tag)
        assert found
        assert found[1] in labels
    for described in re.findall(r'aria-describedby="([^"]+)"', text):
        assert set(described.split()) <= set(ids)
