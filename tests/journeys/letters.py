"""The demonstration's post room, as somebody reads it who waits for a link."""

from __future__ import annotations

from referral_hub.clock import monotonic, pause
from tests.journeys.people import Person
from tests.journeys.started import RunningHub

SECRET = "Breathless since the winter"
LINKS = "article a[href*='/link/']"


def newest_link(running_hub: RunningHub, reader: Person, *, before: str = "") -> str:
    """Wait at the post room for a link that is not `before`."""
    until = monotonic() + 60
    while monotonic() < until:
        reader.page.goto(running_hub.mails)
        links = reader.page.locator(LINKS)
        address = links.first.get_attribute("href") if links.count() else None
        if address and address != before:
            letter = links.first.locator("xpath=ancestor::article").inner_text()
            assert not [one for one in ("Ivor", "Fernley", "RH-", SECRET) if one in letter]
            return address
        pause(0.3)
    raise AssertionError("no mail came within a minute")
