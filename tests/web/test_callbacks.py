"""The administrator's page for callbacks."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest


@pytest.fixture
def more_settings() -> dict[str, str]:
    return {"HUB_CALLBACKS_HERE": "1"}


def register(browser: Any, url: str = "http://127.0.0.1:9/hub") -> Any:
    browser.get("/callbacks")
    return browser.post("/callbacks", {"url": url})


def test_secrets_are_shown_once_and_the_address_is_listed(own_town: Any) -> None:
    admin = own_town.browser("surgery-admin")
    assert register(admin).status_code == 200
    assert re.search(r"whsec_[A-Za-z0-9+/=]{44}<", admin.text)
    assert re.search(r"whpk_[A-Za-z0-9+/=]{44}<", admin.text)
    admin.get("/callbacks")
    assert "http://127.0.0.1:9/hub" in admin.text
    assert "whsec_" not in admin.text
    endpoint = re.search(r"/callbacks/([0-9a-f-]{36})/secrets", admin.text)
    assert endpoint
    path = f"/callbacks/{endpoint[1]}"
    assert admin.post(f"{path}/secrets").status_code == 200
    assert "whsec_" in admin.text
    admin.get("/callbacks")
    admin.follow(admin.post(f"{path}/off"))
    assert "It is not called any more" in admin.text
    admin.follow(admin.post(f"{path}/on"))
    assert "It is called again from now on" in admin.text


@pytest.mark.parametrize(
    "url", ["", "x", "http://10.0.0.1/", "https://10.0.0.1/", "https://a@b.example/", "ftp://x.y/"]
)
def test_an_address_that_is_not_called_is_told_why(own_town: Any, url: str) -> None:
    admin = own_town.browser("surgery-admin")
    assert register(admin, url).status_code == 422
    assert "There is a problem" in admin.text


def test_another_agencys_address_is_not_there(own_town: Any) -> None:
    admin = own_town.browser("surgery-admin")
    register(admin)
    admin.get("/callbacks")
    found = re.search(r"/callbacks/([0-9a-f-]{36})/secrets", admin.text)
    assert found
    other = own_town.browser("council-admin")
    other.get("/callbacks")
    assert "127.0.0.1" not in other.text
    for what in ("secrets", "off", "on"):
        answers = [other.post(f"/callbacks/{one}/{what}") for one in (found[1], uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].get_data() == answers[1].get_data()
