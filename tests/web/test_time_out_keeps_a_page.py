"""A page that arrives after a sign-in timed out is kept, locked, for the person who sent it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from referral_hub.services.work import KEEP_DRAFTS, tidy

CANARY = "Zephyrine-Marigold-Canary"
LATE = timedelta(minutes=31)
Begin = Callable[[Any], Any]


def _typed_too_late(browser: Any, town: Any, begin: Begin) -> Any:
    journey = begin(browser)
    journey.fill("danger")
    browser.get(journey.path("person"))
    town.clock.pass_by(LATE)
    form = {
        "first_name": CANARY,
        "family_name": "Late",
        "date_of_birth-day": "3",
        "date_of_birth-month": "4",
        "date_of_birth-year": "1942",
        "nhs_number": "",
    }
    return journey, browser.post(journey.path("person"), form)


def _whole_database(url: str) -> bytes:
    with psycopg.connect(url) as connection:
        names = [
            row[0]
            for row in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        every = [sql.SQL("SELECT t.*::text FROM {} t").format(sql.Identifier(n)) for n in names]
        rows = [connection.execute(query).fetchall() for query in every]
    return repr(rows).encode()


def test_what_was_typed_too_late_is_there_after_signing_in_again(
    own_town: Any, begin: Begin
) -> None:
    browser = own_town.browser("gp")
    journey, answer = _typed_too_late(browser, own_town, begin)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/sign-in?next=/kept/")
    browser.get(answer.headers["Location"])
    assert "has been kept" in browser.text
    assert CANARY not in browser.text

    kept = answer.headers["Location"].partition("next=")[2]
    assert browser.sign_in("gp", next_page=kept).headers["Location"] == kept
    assert browser.get(kept).status_code == 200
    assert f'action="{journey.path("person")}"' in browser.text
    fields = {name: value for name, value in _hidden(browser.text).items() if name != "csrf_token"}
    assert fields["first_name"] == CANARY
    answer = browser.post(journey.path("person"), fields)
    assert answer.headers["Location"] == journey.path("address")


def test_a_kept_page_is_nowhere_in_clear(own_town: Any, begin: Begin) -> None:
    _typed_too_late(own_town.browser("gp"), own_town, begin)
    assert CANARY.encode() not in _whole_database(own_town.url)


def test_a_kept_page_is_for_nobody_else(own_town: Any, begin: Begin) -> None:
    browser = own_town.browser("gp")
    _, answer = _typed_too_late(browser, own_town, begin)
    kept = answer.headers["Location"].partition("next=")[2]

    for username in ("nurse", "hill-gp", "council"):
        other = own_town.browser(username)
        given = other.get(kept)
        assert given.headers["Location"] == "/"
        unknown = other.get("/kept/0190a000-0000-7000-8000-000000000000")
        assert given.get_data() == unknown.get_data()


def test_another_site_cannot_make_the_hub_keep_anything(own_town: Any, begin: Begin) -> None:
    browser = own_town.browser("gp")
    journey = begin(browser)
    own_town.clock.pass_by(LATE)
    browser.token = "forged"
    assert browser.post(journey.path("person"), {"first_name": CANARY}).status_code == 400


def test_a_session_that_was_signed_out_keeps_nothing(own_town: Any, begin: Begin) -> None:
    browser, other = own_town.browser("gp"), own_town.browser("gp")
    journey = begin(browser)
    other.post("/sign-out/everywhere")
    answer = browser.post(journey.path("danger"), {"danger": "no"})
    assert answer.headers["Location"] == "/sign-in"


def test_only_the_last_page_is_kept_and_not_for_long(own_town: Any, begin: Begin) -> None:
    browser = own_town.browser("gp")
    journey, first = _typed_too_late(browser, own_town, begin)
    second = browser.post(journey.path("danger"), {"danger": "no"})
    again = own_town.browser("gp")
    first_kept, second_kept = (
        answer.headers["Location"].partition("next=")[2] for answer in (first, second)
    )
    assert again.get(first_kept).status_code == 302
    assert again.get(second_kept).status_code == 200

    own_town.clock.pass_by(KEEP_DRAFTS + timedelta(minutes=1))
    tidy(own_town.hub)
    assert own_town.browser("gp").get(second_kept).status_code == 302


def test_an_answer_to_a_question_survives_too(own_town: Any, begin: Begin) -> None:
    browser = own_town.browser("gp")
    begin(browser)
    own_town.clock.pass_by(LATE)
    path = (
        "/referrals/0190a000-0000-7000-8000-000000000000/reply/0190a000-0000-7000-8000-000000000001"
    )
    kept = browser.post(path, {"reply": CANARY}).headers["Location"].partition("next=")[2]
    browser.sign_in("gp")
    browser.get(kept)
    assert _hidden(browser.text)["reply"] == CANARY


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
