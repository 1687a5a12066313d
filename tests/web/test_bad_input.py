"""Nothing that anybody sends makes a page fail: it is text, or refused in plain words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from referral_hub.web import journey as steps
from referral_hub.web.forms import fill
from referral_hub.web.forms.referral import Known
from referral_hub.web.headers import LARGEST_BODY, MOST_FIELDS

Begin = Callable[[Any], Any]
NAUGHTY: list[str] = tomllib.loads(
    (Path(__file__).parents[1] / "tables" / "naughty_strings.toml").read_text(encoding="utf-8")
)["strings"]
FORM = "application/x-www-form-urlencoded"
KNOWN = Known(date(2026, 6, 1))
ACTIVE = ("<script>alert", "<img src=x", "<svg/onload")


@pytest.fixture(scope="module")
def filled(town: Any, begin: Begin) -> Any:
    """A draft with every page answered, so that each can be changed."""
    journey = begin(town.browser("gp"))
    journey.fill_until("why")
    return journey


@pytest.mark.parametrize("page", steps.NAMES)
def test_odd_text_in_any_field_is_text_or_a_plain_message(filled: Any, page: str) -> None:
    browser, path = filled.browser, filled.path(page) + "?change=1"
    names = steps.step(page).schema(KNOWN).names()
    for text in NAUGHTY:
        answer = browser.post(path, dict.fromkeys(names, text))
        assert answer.status_code in {302, 422}, text
        assert not any(active in browser.text for active in ACTIVE), text
    assert browser.get(filled.path(page)).status_code in {200, 302}
    assert not any(active in browser.text for active in ACTIVE)


@pytest.mark.parametrize("page", steps.NAMES)
def test_each_field_alone_takes_or_refuses_odd_text(page: str) -> None:
    schema = steps.step(page).schema(KNOWN)
    for name, several in schema.names().items():
        for text in NAUGHTY:
            filled = fill(schema, {name: [text] if several else text})
            assert all(filled.errors.values())
            if len(text) > 3:
                assert all(text not in message for message in filled.errors.values())


def test_text_is_shown_as_text_everywhere(town: Any, begin: Begin) -> None:
    journey = begin(town.browser("gp"))
    hostile = '"><script>alert(1)</script>{{7*7}}'
    journey.fill_until(
        "why",
        person={"first_name": hostile, "family_name": hostile},
        address={"address": f"{hostile}\n{hostile}"},
        contact={"contact_note": hostile},
        access={"access_note": hostile},
        why={"why": hostile, "task_note": hostile},
    )
    browser = journey.browser
    browser.get(journey.path("check"))
    assert "<script>alert" not in browser.text
    assert "&lt;script&gt;alert(1)" in browser.text
    assert "49" not in browser.text.partition("<main")[2].replace("649", "")

    referral = journey.send()
    browser.post(f"/referrals/{referral}/opened")
    assert "<script>alert" not in browser.text
    assert "{{7*7}}" in browser.text


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe=\xff",
        b"%ff%fe=%00&csrf_token=%c3%28",
        b"&&&===&",
        b"csrf_token",
        b"\x00",
        "näme=välue".encode("latin-1"),
        b"a=1&" * (MOST_FIELDS - 2),
    ],
)
def test_a_body_that_is_no_form_is_a_bad_request(town: Any, body: bytes) -> None:
    client = town.browser("gp").client
    assert client.post("/refer", data=body, content_type=FORM).status_code == 400


def test_too_much_is_413_in_plain_words(town: Any) -> None:
    browser = town.browser("gp")
    assert browser.post("/refer", {"why": "x" * LARGEST_BODY}).status_code == 413
    assert "too long" in browser.text
    many = b"a=1&" * MOST_FIELDS
    assert browser.client.post("/refer", data=many, content_type=FORM).status_code == 413


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "text/xml", ""]
)
def test_another_kind_of_content_is_415(town: Any, kind: str) -> None:
    client = town.browser("gp").client
    answer = client.post("/refer", data=b"{}", content_type=kind or None)
    assert answer.status_code == 415


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_a_form_from_another_site_is_refused_even_with_its_token(town: Any, site: str) -> None:
    browser = town.browser("gp")
    assert browser.post("/refer", headers={"Sec-Fetch-Site": site}).status_code == 400
    assert browser.post("/refer", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 302


def test_a_field_that_the_page_does_not_have_is_refused(filled: Any) -> None:
    path = filled.path("danger") + "?change=1"
    assert filled.browser.post(path, {"danger": "no", "role": "agency_admin"}).status_code == 400
    assert filled.browser.post(path, {"danger": ["no", "yes"]}).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/" + quote(text.encode("utf-8", "replace"))
        for text in NAUGHTY
        if text.strip() and not text.startswith("/")
    ]
    + ["/%ff%fe", "/%00", "/refer/%2e%2e/", "//evil.example", "/refer;x=1", "/referrals//", "/;"],
)
def test_an_odd_address_is_just_not_there(town: Any, path: str) -> None:
    assert town.app.test_client().get(path).status_code in {302, 308, 404}


@pytest.mark.parametrize(
    "host", ["x" * 64, "a" * 500, "a..b", "-", "a b", "evil.example:80@x", "a,b", "[::", "a:b", "ü"]
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/tasks", "/partner/v1/log/checkpoint"])
def test_an_odd_host_is_a_bad_request(town: Any, host: str, path: str) -> None:
    answer = town.app.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("host", ["", "hub.example", "hub.example.:8000", "127.0.0.1", "[::1]:80"])
def test_another_host_leads_nobody_away(town: Any, host: str) -> None:
    answer = town.app.test_client().get("/tasks", headers={"Host": host})
    assert answer.headers["Location"] == "/sign-in?next=/tasks"


@pytest.mark.parametrize("text", [text for text in NAUGHTY if "\n" not in text])
def test_an_odd_query_breaks_nothing(town: Any, text: str) -> None:
    browser = town.browser("gp")
    query = quote(text.encode("utf-8", "replace"))
    assert browser.get(f"/referrals?at=waiting&after={query}").status_code == 404
    assert browser.get(f"/sign-in?next={query}").status_code == 302
    assert browser.get(f"/refer?{query}={query}").status_code == 200
