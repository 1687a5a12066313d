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
