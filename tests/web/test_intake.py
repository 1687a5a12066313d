"""The staged intake's pages: codes until it is opened, then completed without typing twice."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.domain.staging import StagedSource
from tests.staging import PAGES, staged
from tests.statements import counting
from tests.web.conftest import PAGES as JOURNEY
from tests.web.test_isolation import NEVER, _all_of
from tests.web.test_page_budgets import SESSION

SECRETS = ("Agnes", "Thistlewood", "Sailmaker", "T-4471")
POSTS = ("open", "complete", "reject")


def agency(town: Any, username: str) -> UUID:
    found: UUID = town.actor(username).agency_id
    return found


@pytest.fixture
def item(town: Any) -> UUID:
    """Something of the library's that waits."""
    return staged(town.hub, agency(town, "librarian"))


def journey_from(browser: Any, path: str) -> str:
    """Go through a draft's pages, sending each as it is shown filled in; returns the last path."""
    draft, _, name = path.rpartition("/")
    while name != "check":
        browser.get(f"{draft}/{name}")
        form = {**JOURNEY[name], **PAGES.get(name, {})}
        if name == "agreement":
            form["notice"] = browser.hidden("notice")
        if name == "sharing":
            form["agencies"] = list(browser.agencies().values())
        answer = browser.post(f"{draft}/{name}", form)
        assert answer.status_code == 302, (name, browser.text)
        name = answer.headers["Location"].rpartition("/")[2]
    return f"{draft}/check"


def test_the_list_and_an_item_show_codes_until_it_is_opened(town: Any, item: UUID) -> None:
    librarian = town.browser("librarian")
    assert librarian.get("/intake").status_code == 200
    assert str(item) in librarian.text
    librarian.get(f"/intake/{item}")
    assert not [word for word in SECRETS if word in librarian.text]
    assert librarian.post(f"/intake/{item}/open").status_code == 200
    assert all(word in librarian.text for word in SECRETS)


def test_completing_it_leads_through_pages_that_are_filled_in(town: Any, item: UUID) -> None:
    librarian = town.browser("librarian")
    librarian.get(f"/intake/{item}")
    answer = librarian.post(f"/intake/{item}/complete")
    start = answer.headers["Location"]
    librarian.get(start.replace("/danger", "/person"))
    check = journey_from(librarian, start)
    librarian.get(check)
    assert "Agnes Thistlewood" in librarian.text
    sent = librarian.post(check)
    assert sent.status_code == 302, librarian.text
    referral = sent.headers["Location"].split("/")[2]
    librarian.get(f"/intake/{item}")
    assert f"/referrals/{referral}" in librarian.text
    assert "Turn down" not in librarian.text
    assert librarian.post(check).headers["Location"] == sent.headers["Location"]


def test_turning_it_down_needs_a_reason_and_is_done_once(town: Any, item: UUID) -> None:
    librarian = town.browser("librarian")
    librarian.get(f"/intake/{item}")
    assert librarian.post(f"/intake/{item}/reject").status_code == 422
    assert "Select why you are turning it down" in librarian.text
    assert librarian.post(f"/intake/{item}/reject", {"reason": "nonsense"}).status_code == 422
    assert librarian.post(f"/intake/{item}/reject", {"reason": "duplicate"}).status_code == 302
    assert librarian.post(f"/intake/{item}/reject", {"reason": "duplicate"}).status_code == 409
    librarian.get(f"/intake/{item}")
    assert "We have it already" in librarian.text


@pytest.mark.parametrize("username", ["gp", "firefighter", "council"])
def test_another_agencys_item_is_not_there(town: Any, item: UUID, username: str) -> None:
    other = town.browser(username)
    for ask in (
        lambda one: other.get(f"/intake/{one}"),
        *(lambda one, post=post: other.post(f"/intake/{one}/{post}", {"reason": "duplicate"})
          for post in POSTS[2:]),
        *(lambda one, post=post: other.post(f"/intake/{one}/{post}") for post in POSTS[:2]),
    ):  # fmt: skip
        theirs, never = ask(item), ask(NEVER)
        assert theirs.status_code == 404
        assert _all_of(theirs) == _all_of(never)


def test_a_council_officer_completes_a_concern_that_an_employer_sent(town: Any) -> None:
    council = town.browser("council")
    found = staged(
        town.hub,
        agency(town, "council"),
        sender=agency(town, "parcels-admin"),
        source=StagedSource.CONCERN,
        line=None,
    )
    council.get("/intake")
    assert "Doorstep Parcels" in council.text
    answer = council.post(f"/intake/{found}/complete")
    council.get(answer.headers["Location"])
    check = journey_from(council, answer.headers["Location"])
    council.get(check)
    assert council.post(check).status_code == 302, council.text
    council.get(f"/intake/{found}")
    assert "See the referral that it became" in council.text


def test_pages_of_the_staged_intake_cost_few_statements_however_many_wait(town: Any) -> None:
    librarian = town.browser("librarian")
    found = staged(town.hub, agency(town, "librarian"))
    with counting(town.hub.database) as before:
        librarian.get("/intake")
    for _ in range(4):
        staged(town.hub, agency(town, "librarian"))
    with counting(town.hub.database) as after:
        librarian.get("/intake")
    assert len(before) == len(after) <= SESSION + 3
    with counting(town.hub.database) as one:
        librarian.get(f"/intake/{found}")
    assert len(one) <= SESSION + 4, "\n".join(one)


def test_a_longer_list_goes_on_over_the_page(town: Any) -> None:
    fighter = town.browser("firefighter")
    for _ in range(27):
        staged(town.hub, agency(town, "firefighter"))
    fighter.get("/intake")
    assert "More that waits" in fighter.text
    with town.hub.database.working() as connection:
        query = "SELECT id FROM staged_item WHERE agency_id = :us ORDER BY id OFFSET 24 LIMIT 1"
        last = connection.execute(text(query), {"us": agency(town, "firefighter")}).scalar_one()
    fighter.get(f"/intake?after={last}")
    assert "More that waits" not in fighter.text
    assert fighter.get("/intake?after=nonsense").status_code == 404
