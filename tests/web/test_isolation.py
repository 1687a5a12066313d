"""Another agency's id, another user's draft, an id that never was: the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from tests.web.mereford import say_why

Begin = Callable[[Any], Any]
NEVER = UUID("0190a000-0000-7000-8000-000000000000")
PER_REQUEST = {"X-Request-Id", "Date"}
REFERRAL = (
    ("GET", ""),
    ("GET", "/sent"),
    ("POST", "/opened"),
    ("GET", "/agreement"),
    ("POST", "/agreement"),
    ("GET", "/withdraw"),
    ("POST", "/withdraw"),
    ("POST", f"/reply/{NEVER}"),
)
DRAFT = (
    ("GET", "/danger"),
    ("POST", "/danger"),
    ("GET", "/person"),
    ("GET", "/danger-advice"),
    ("GET", "/check"),
    ("POST", "/check"),
    ("GET", "/delete"),
)


def _all_of(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


def _ask(browser: Any, method: str, path: str) -> TestResponse:
    form = {"reply": "x"} if "/reply/" in path else None
    answer: TestResponse = browser.get(path) if method == "GET" else browser.post(path, form)
    return answer


@pytest.fixture(scope="module")
def sent(town: Any, begin: Begin) -> UUID:
    """A referral of Harbour Street Surgery."""
    journey = begin(town.browser("gp"))
    journey.fill_until("why")
    referral: UUID = journey.send()
    return referral


@pytest.mark.parametrize(("method", "rest"), REFERRAL)
def test_another_practices_referral_is_not_there(
    town: Any, sent: UUID, method: str, rest: str
) -> None:
    other = town.browser("hill-gp")
    theirs = _ask(other, method, f"/referrals/{sent}{rest}")
    never = _ask(other, method, f"/referrals/{NEVER}{rest}")
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(never)


@pytest.mark.parametrize("username", ["nurse", "hill-gp"])
@pytest.mark.parametrize(("method", "rest"), DRAFT)
def test_somebody_elses_draft_is_not_there(
    town: Any, begin: Begin, username: str, method: str, rest: str
) -> None:
    journey = begin(town.browser("gp"))
    journey.fill("danger")
    other = town.browser(username)
    theirs = _ask(other, method, f"/refer/{journey.draft}{rest}")
    never = _ask(other, method, f"/refer/{NEVER}{rest}")
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(never)
    assert journey.browser.get(journey.path("person")).status_code == 200


def test_deleting_somebody_elses_draft_deletes_nothing_and_says_the_same(
    town: Any, begin: Begin
) -> None:
    journey = begin(town.browser("gp"))
    journey.fill("danger")
    other = town.browser("nurse")
    theirs = other.post(f"/refer/{journey.draft}/delete")
    never = other.post(f"/refer/{NEVER}/delete")
    assert _all_of(theirs) == _all_of(never)
    assert journey.browser.get(journey.path("person")).status_code == 200


def test_a_draft_that_became_a_referral_is_still_nobody_elses(town: Any, begin: Begin) -> None:
    journey = begin(town.browser("gp"))
    journey.fill_until("why")
    journey.send()
    other = town.browser("nurse")
    assert _all_of(other.get(journey.path("person"))) == _all_of(
        other.get(f"/refer/{NEVER}/person")
    )


def test_the_accountable_council_reads_states_and_cannot_open_or_withdraw(
    town: Any, sent: UUID
) -> None:
    council = town.browser("council")
    assert council.get(f"/referrals/{sent}").status_code == 302
    say_why(council, sent)
    assert council.get(f"/referrals/{sent}").status_code == 200
    assert "Read the referral and its notes" not in council.text
    for verb in ("opened", "withdraw"):
        theirs = council.post(f"/referrals/{sent}/{verb}")
        assert theirs.status_code == 404
        assert _all_of(theirs) == _all_of(council.post(f"/referrals/{NEVER}/{verb}"))


@pytest.mark.parametrize("page", ["agreement", "changed", "changed/sharing", "changed/fact"])
def test_the_accountable_council_is_not_shown_a_form_that_only_the_sender_may_send(
    town: Any, sent: UUID, page: str
) -> None:
    council = town.browser("council")
    for path in (page, f"{page}?what=refused"):
        theirs, never = (
            council.get(f"/referrals/{sent}/{path}"),
            council.get(f"/referrals/{NEVER}/{path}"),
        )
        assert theirs.status_code == 404
        assert _all_of(theirs) == _all_of(never)


def test_a_colleague_at_the_same_practice_reads_the_referral(town: Any, sent: UUID) -> None:
    assert town.browser("nurse").get(f"/referrals/{sent}").status_code == 200


@pytest.mark.parametrize("malformed", ["1", "x", str(NEVER)[:-1], "%00", "..%2f..%2fetc"])
def test_a_malformed_id_is_not_there_either(town: Any, malformed: str) -> None:
    browser = town.browser("gp")
    assert browser.get(f"/referrals/{malformed}").get_data() == (
        browser.get(f"/referrals/{NEVER}").get_data()
    )
