"""Signing in, staying signed in, and every way in which a session ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import request
from sqlalchemy import text

from referral_hub.app import create_app
from referral_hub.store.engine import open_owner

IDLE = timedelta(minutes=30)
WHOLE = timedelta(hours=12)


def _signed_in(browser: Any) -> bool:
    return bool(browser.get("/referrals").status_code == 200)


def _cookie(browser: Any) -> str:
    cookie = browser.client.get_cookie("hub")
    assert cookie is not None
    return str(cookie.value)


def _with_cookie(town: Any, value: str) -> Any:
    browser = town.browser()
    browser.client.set_cookie("hub", value)
    return browser


def test_an_unknown_name_a_wrong_password_and_a_wrong_code_get_the_same_page(town: Any) -> None:
    browser = town.browser()

    def answer(username: str, **changed: str) -> tuple[int, str]:
        given = browser.sign_in(username, **changed)
        page = given.get_data(as_text=True)
        return given.status_code, page.replace(browser.token, "").replace(username, "")

    unknown = answer("nobody-at-all")
    assert unknown == answer("nurse", password="not the password")
    assert unknown == answer("hill-dpo", code="000000")
    assert unknown[0] == 422


def test_officers_need_a_code_and_others_do_not(town: Any) -> None:
    browser = town.browser()
    answer = browser.sign_in("hill-dpo", code="")
    assert answer.status_code == 422
    assert "Enter the 6-digit code" in browser.text
    town.clock.pass_by(timedelta(minutes=1))
    assert browser.sign_in("hill-dpo").status_code == 302


def test_a_code_works_once(town: Any) -> None:
    town.clock.pass_by(timedelta(minutes=5))
    assert town.browser().sign_in("council-dpo").status_code == 302
    assert town.browser().sign_in("council-dpo").status_code == 422


def test_the_password_never_comes_back_in_a_page(town: Any) -> None:
    browser = town.browser()
    browser.sign_in("gp", password="a very particular password")
    assert "a very particular password" not in browser.text


def test_a_session_that_somebody_planted_is_not_the_one_that_begins(town: Any) -> None:
    victim = town.browser()
    victim.get("/sign-in")
    planted, token = _cookie(victim), victim.token

    victim.sign_in("gp")

    assert _cookie(victim) != planted
    attacker = _with_cookie(town, planted)
    assert not _signed_in(attacker)
    victim.token = token
    assert victim.post("/refer").status_code == 400


def test_signing_in_again_makes_another_session(town: Any) -> None:
    browser = town.browser("gp")
    first = _cookie(browser)
    browser.post("/sign-out")
    browser.sign_in("gp")
    assert _cookie(browser) != first
    assert not _signed_in(_with_cookie(town, first))


def test_signing_in_over_a_live_session_ends_it(town: Any) -> None:
    browser = town.browser("gp")
    first = _cookie(browser)
    assert browser.sign_in("nurse").status_code == 302
    assert not _signed_in(_with_cookie(town, first))
    assert _signed_in(browser)


def test_a_cookie_kept_after_sign_out_signs_nobody_in(town: Any) -> None:
    browser = town.browser("gp")
    kept = _cookie(browser)
    assert _signed_in(_with_cookie(town, kept))

    browser.post("/sign-out")

    assert not _signed_in(_with_cookie(town, kept))
    assert not _signed_in(browser)


def test_signing_out_everywhere_ends_the_other_computer_too(town: Any) -> None:
    here, there, colleague = town.browser("gp"), town.browser("gp"), town.browser("nurse")

    here.post("/sign-out/everywhere")

    assert not _signed_in(there)
    assert _signed_in(colleague)


def test_signing_out_after_a_time_out_just_signs_out(town: Any) -> None:
    browser = town.browser("gp")
    town.clock.pass_by(IDLE + timedelta(minutes=1))
    assert browser.post("/sign-out").headers["Location"] == "/signed-out"


@pytest.mark.parametrize(("wait", "lives"), [(IDLE - timedelta(seconds=61), True), (IDLE, False)])
def test_half_an_hour_without_a_request_ends_a_session(
    town: Any, wait: timedelta, lives: bool
) -> None:
    browser = town.browser("gp")
    town.clock.pass_by(wait)
    assert _signed_in(browser) is lives


def test_twelve_hours_end_a_session_however_busy_it_was(town: Any) -> None:
    browser = town.browser("gp")
    for _ in range(int(WHOLE / timedelta(minutes=20)) - 1):
        town.clock.pass_by(timedelta(minutes=20))
        assert _signed_in(browser)
    town.clock.pass_by(timedelta(minutes=20))
    assert not _signed_in(browser)


def test_a_disabled_account_is_out_at_once(own_town: Any) -> None:
    browser = own_town.browser("gp")
    owner = open_owner(own_town.url)
    with owner.begin() as connection:
        connection.execute(text("UPDATE staff_user SET disabled_at = now() WHERE username = 'gp'"))
    owner.dispose()

    assert not _signed_in(browser)
    assert own_town.browser().sign_in("gp").status_code == 422


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/refer\r\nSet-Cookie: x=1",
        "javascript:alert(1)",
        "/no-such-page",
        "/sign-out/everywhere",
        "http:refer",
        "/refer\x00",
        "/réfer",
        " /refer",
    ],
)
def test_sign_in_leads_only_to_pages_of_this_hub(town: Any, elsewhere: str) -> None:
    browser = town.browser()
    answer = browser.sign_in("gp", next_page=elsewhere)
    assert answer.headers["Location"] == "/"


def test_sign_in_leads_back_to_the_page_that_was_asked_for(town: Any) -> None:
    browser = town.browser()
    asked = browser.get("/referrals?before=0190a000-0000-7000-8000-000000000000")
    browser.get(asked.headers["Location"])
    assert browser.sign_in("gp", next_page="/referrals").headers["Location"] == "/referrals"


@pytest.mark.parametrize(("proxies", "behind"), [(0, "192.0.2.1"), (1, "8.8.8.8"), (2, "6.6.6.6")])
def test_a_caller_is_who_our_own_proxies_say_and_nobody_else(
    own_town: Any, proxies: int, behind: str
) -> None:
    settings = replace(own_town.hub.settings, trusted_proxies=proxies)
    app = create_app(replace(own_town.hub, settings=settings))
    seen: list[str | None] = []
    app.before_request(lambda: seen.append(request.remote_addr))
    said = {"X-Forwarded-For": "7.7.7.7, 6.6.6.6, 8.8.8.8", "X-Forwarded-Host": "evil.example"}
    app.test_client().get("/sign-in", headers=said, environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert seen == [behind]


def test_guessing_is_slowed_down_and_another_person_is_not(own_town: Any) -> None:
    browser = own_town.browser()
    answers = [browser.sign_in("gp", password="guess").status_code for _ in range(9)]
    assert answers == [422] * 8 + [429]
    assert browser.sign_in("gp").status_code == 429
    assert browser.sign_in("nurse").status_code == 302


@pytest.mark.parametrize(
    "cookie",
    [
        "hub=x",
        "hub=" + "a" * 4000,
        "hub=.eJx.\xff",
        'hub="\\000"',
        "remember_token=caf\xe9|\xe9",
        "remember_token=|",
        "hub=eyJfdXNlcl9pZCI6MX0.x.y; hub=z",
        "=; ;;=x; hub",
    ],
)
def test_an_odd_cookie_is_nobodys(town: Any, cookie: str) -> None:
    client = town.app.test_client(use_cookies=False)
    answer = client.get("/refer", headers={"Cookie": cookie.encode("latin-1").decode("latin-1")})
    assert answer.status_code == 302
    assert client.get("/sign-in", headers={"Cookie": cookie}).status_code == 200


@pytest.mark.parametrize("name", ["", "x" * 5000, "gp\x00", "\ud800", "gp' OR 1=1 --", "ＧＰ", "é"])
def test_an_odd_name_or_password_is_just_wrong(town: Any, name: str) -> None:
    browser = town.browser()
    browser.get("/sign-in")
    odd = name.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    answer = browser.post("/sign-in", {"username": odd, "password": odd or "x", "next": ""})
    assert answer.status_code == 422
