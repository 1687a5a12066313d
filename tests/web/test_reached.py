"""The administrator's page for how referrals reach the agency."""

from __future__ import annotations

import re
from typing import Any

import pytest


def test_a_code_is_shown_once_and_the_address_is_kept(own_town: Any) -> None:
    admin = own_town.browser("council-admin")
    assert admin.get("/reached").status_code == 200
    assert "Hub inbox" in admin.text
    assert admin.post("/reached", {"address": "duty@council.example"}).status_code == 200
    code = re.search(r"[2-9B-Z]{4}-[2-9B-Z]{4}", admin.text)
    assert code
    admin.get("/reached")
    assert "duty@council.example" in admin.text
    assert code[0] not in admin.text
    admin.follow(admin.post("/reached/no-digest"))
    assert "No daily mail about" in admin.text
    admin.follow(admin.post("/reached/digest"))
    assert "Send no daily mail" in admin.text
    admin.follow(admin.post("/reached/no-mail"))
    assert "No more mails are sent" in admin.text
    assert "duty@council.example" not in admin.text


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@b.example, c@d.example", "<a@b.example>"]
)
def test_what_is_no_address_is_told(own_town: Any, address: str) -> None:
    admin = own_town.browser("council-admin")
    admin.get("/reached")
    assert admin.post("/reached", {"address": address}).status_code == 422
    assert "There is a problem" in admin.text


def test_each_administrator_sees_and_changes_the_own_agency_alone(own_town: Any) -> None:
    council, surgery = (own_town.browser(name) for name in ("council-admin", "surgery-admin"))
    council.get("/reached")
    council.post("/reached", {"address": "duty@council.example"})
    surgery.get("/reached")
    assert "duty@council.example" not in surgery.text
    surgery.post("/reached/no-mail")
    council.get("/reached")
    assert "duty@council.example" in council.text


def test_a_way_and_a_format_are_chosen_in_two_steps(own_town: Any) -> None:
    admin = own_town.browser("council-admin")
    admin.get("/reached")
    assert "Komunitin" in admin.text
    step = "/reached/system?transport=https_push&format=komunitin_need"
    assert admin.get(step).status_code == 200
    assert "Category" in admin.text
    wrong = {"address": "https://192.168.1.4/needs", "plain": "yes", "option_category": "lifts"}
    assert admin.post(step, wrong).status_code == 422
    for told in ("not on the public internet", "Category is not written", "Enter author"):
        assert told in admin.text, told
    assert "192.168.1.4" in admin.text
    good = {
        "address": "https://93.184.215.14/CKEY/needs",
        "plain": "yes",
        "option_category": "048e7d8e-f3a8-4c0b-88b1-984e7050378c",
        "option_author": "9683ec5d-29d3-419a-8753-a5d092f1bb3d",
    }
    admin.get(step)
    admin.follow(admin.post(step, good))
    for shown in ("leave for your own system", good["address"], "TLS alone", "93.184.215.14"):
        assert shown in admin.text, shown
    admin.get(step)
    assert good["option_author"] in admin.text
    admin.follow(admin.post("/reached/inbox"))
    assert "Hub inbox" in admin.text


@pytest.mark.parametrize("asked", ["transport=callback", "transport=pigeon", "format=x", "format="])
def test_what_is_not_installed_is_not_there(own_town: Any, asked: str) -> None:
    admin = own_town.browser("council-admin")
    admin.get("/reached")
    assert admin.get(f"/reached/system?{asked}").status_code == 404
    assert admin.post(f"/reached/system?{asked}", {"address": "https://a.example"}).status_code in {
        404,
        422,
    }
