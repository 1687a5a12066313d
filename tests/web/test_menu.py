"""The top of a page has few links for every role, and the rest stands behind one of them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from referral_hub import access
from referral_hub.domain.codes import Role
from referral_hub.web.navigation import ITEMS, KEPT, MOST

WHO = ("gp", "neighbours", "council", "council-admin", "surgery-dpo", "council-figures")


@pytest.mark.parametrize("username", WHO)
def test_every_page_of_a_role_is_at_the_top_or_behind_more(town: Any, username: str) -> None:
    browser, actor = town.browser(username), town.actor(username)
    page = browser.get("/menu").get_data(as_text=True)
    header, main = page.split("<main", 1)
    wanted = [item.text for item in ITEMS if access.allowed(actor.role, item.permission)]
    top = [
        text.strip()
        for text in re.findall(r'service-navigation__link"[^>]*>\s*(.*?)\s*</a>', header, re.DOTALL)
    ]
    assert len(top) <= MOST + 1
    assert top[-1] == "Sign out"
    if len(wanted) > MOST:
        assert [*wanted[:KEPT], "More"] == [re.sub("<.*?>", "", text).strip() for text in top[:-1]]
        assert all(text in main for text in wanted[KEPT:])
    else:
        assert all(text in header for text in wanted)
        assert "More" not in top


def test_every_link_says_what_it_is_for() -> None:
    assert all(item.about for item in ITEMS)
    assert {role for role in Role if any(access.allowed(role, i.permission) for i in ITEMS)}
