"""What every answer carries, and what each kind of failure looks like to a person."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from referral_hub.app import create_app
from referral_hub.errors import (
    Conflict,
    CryptoError,
    Forbidden,
    HubError,
    InvalidInput,
    LogUnavailable,
    NotFound,
    ServiceUnavailable,
)
from referral_hub.web.guards import PUBLIC, Route, register

ANSWERS = ("/sign-in", "/cookies", "/no-such-page", "/healthz", "/refer")


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_carries_the_headers(town: Any, path: str) -> None:
    headers = town.app.test_client().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert re.fullmatch(r"[0-9a-f]{24}", headers["X-Request-Id"])


def test_the_policy_allows_the_one_inline_script_and_there_is_no_other(town: Any) -> None:
    answer = town.app.test_client().get("/sign-in")
    page = answer.get_data(as_text=True)
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL)
    inline = [body for attributes, body in scripts if "src=" not in attributes]
    assert len(inline) == 1
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\s(style|on[a-z]+)=", page)


def test_a_request_id_in_hexadecimal_is_kept_and_another_is_not(town: Any) -> None:
    client = town.app.test_client()
    for fit in ("4bf92f3577b34da6a3ce929d0e0e4736", "0190a000-0000-7000-8000-000000000000"):
        kept = client.get("/healthz", headers={"X-Request-Id": fit})
        assert kept.headers["X-Request-Id"] == fit
    for odd in ("<b>odd</b>", "Featherstonehaugh", "9991234578", "-" * 36):
        answer = client.get("/healthz", headers={"X-Request-Id": odd})
        assert answer.headers["X-Request-Id"] != odd


def test_production_adds_transport_security_and_a_locked_cookie(town: Any) -> None:
    settings = replace(town.hub.settings, environment="production")
    client = create_app(replace(town.hub, settings=settings)).test_client()
    answer = client.get("/sign-in", base_url="https://hub.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-hub=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_a_form_works_over_https_without_a_referrer(town: Any) -> None:
    settings = replace(town.hub.settings, environment="production")
    client = create_app(replace(town.hub, settings=settings)).test_client()
    page = client.get("/sign-in", base_url="https://hub.example").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token[1], "username": "gp", "password": "wrong"}
    assert client.post("/sign-in", base_url="https://hub.example", data=form).status_code == 422


def test_built_assets_may_be_kept_for_ever(town: Any) -> None:
    built = Path(str(town.app.static_folder))
    if not built.is_dir():
        pytest.skip("the assets have not been built")
    name = next(built.glob("hub.*.css")).name
    client = town.app.test_client()
    with client.get(f"/static/{name}") as plain:
        packed = client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"})
        refused = client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip;q=0"})
        assert refused.get_data() == plain.get_data() == gzip.decompress(packed.get_data())
        for answer in (plain, packed):
            assert "max-age=31536000" in answer.headers["Cache-Control"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        refused.close()


def test_an_asset_that_is_not_there_is_not_found(town: Any) -> None:
    client = town.app.test_client()
    for name in ("none.css", "../labels.toml", "%2e%2e/labels.toml", "manifest.json/x"):
        assert client.get(f"/static/{name}").status_code == 404


def test_not_found_is_the_same_page_for_everybody(town: Any) -> None:
    anonymous = town.browser().get("/no-such-page").get_data()
    signed_in = town.browser("gp").get("/no-such-page").get_data()
    assert anonymous == signed_in


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound(), 404, "Page not found"),
        (Forbidden("x"), 403, "You do not have access"),
        (Conflict("x"), 409, "has changed since you opened it"),
        (InvalidInput({"area": ("Choose one",)}), 400, "could not use what was sent"),
        (ServiceUnavailable("x"), 503, "cannot do this just now"),
        (LogUnavailable("x"), 503, "nothing was disclosed"),
        (CryptoError("x"), 500, "something went wrong"),
        (HubError("x"), 500, "something went wrong"),
        (RuntimeError("Edith Quayle 9990000018"), 500, "something went wrong"),
        (ValueError("x"), 500, "something went wrong"),
        (RecursionError(), 500, "something went wrong"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_failure_is_a_page_in_plain_words(
    town: Any, error: Exception, status: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_hub: Any) -> str:
        raise error

    app = create_app(town.hub)
    register(app, town.hub, [Route("/fails", fails, PUBLIC)])

    answer = app.test_client().get("/fails")

    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert words in page
    assert "Quayle" not in page
    assert "Traceback" not in page
    assert ("Retry-After" in answer.headers) is (status == 503)
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert bool(logged) is (status == 500)
    assert all("Quayle" not in record.getMessage() for record in logged)


def test_errors_need_no_database(town: Any) -> None:
    from referral_hub.store.engine import open_database

    nowhere = open_database("postgresql://hub@127.0.0.1:9/none")
    app = create_app(replace(town.hub, database=nowhere))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "a-token"
    answer = client.get("/refer")
    assert answer.status_code == 503
    assert "cannot do this just now" in answer.get_data(as_text=True)
    assert client.get("/readyz").get_json() == {
        "database": False,
        "log": False,
        "ready": False,
        "redis": True,
    }
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_the_hub_is_ready_without_redis_and_says_so(town: Any) -> None:
    settings = replace(town.hub.settings, redis_url="unix:///nowhere/redis.sock?db=0")
    client = create_app(replace(town.hub, settings=settings)).test_client()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json() == {"database": True, "log": True, "ready": True, "redis": False}
