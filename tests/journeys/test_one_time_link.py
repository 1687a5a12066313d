"""A group without a system: a mail, a link, a code, and an answer without an account."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.letters import LINKS, SECRET, newest_link
from tests.journeys.people import Person, refer
from tests.journeys.started import RunningHub

LIBRARY = "Mereford Libraries"
Sign = Callable[..., Person]


@pytest.mark.parametrize("script", [True, False])
def test_a_group_reads_and_accepts_by_link_and_code(
    running_hub: RunningHub, person: Sign, stranger: Callable[..., Person], script: bool
) -> None:
    gp, reader = person("gp"), stranger(script=script)
    known = reader.page.goto(running_hub.mails) and reader.page.locator(LINKS)
    before = known.first.get_attribute("href") if known and known.count() else None
    reference = refer(
        gp, name="Ivor Fernley", needs=("Cannot get out of the house",), agencies=(LIBRARY,)
    )
    link = newest_link(running_hub, reader, before=before or "")
    reader.page.goto(link)
    reader.look()
    reader.never_see("Ivor", reference)
    reader.page.fill("#code", "2222-2222")
    reader.press("Continue")
    reader.see("The code is wrong. You have 4 more tries")
    reader.page.fill("#code", running_hub.link_code.lower())
    reader.press("Continue")
    reader.see(reference)
    reader.press("Open the referral")
    reader.see("Ivor")
    reader.never_see("Fernley", SECRET)
    reader.follow(re.compile("^Accept"))
    reader.press("Accept referral")
    reader.see("You accepted it.")
    assert "/link/" not in reader.page.url

    forwarded = stranger(script=script)
    forwarded.page.goto(link)
    forwarded.look()
    forwarded.see("This link has been used")
    forwarded.never_see("Ivor", reference)

    again = newest_link(running_hub, forwarded, before=link)
    assert again != link
    reader.page.go_back()
    reader.page.goto(link)
    expect(reader.page.get_by_role("heading", level=1)).to_contain_text(reference)
    reader.press("Leave")
    reader.see("You have left")
