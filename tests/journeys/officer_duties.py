"""What an officer does about a request, a breach and a complaint, in a browser."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tests.journeys.people import Person


def london() -> datetime:
    """Now, as a clock on the wall shows it."""
    return datetime.now(ZoneInfo("Europe/London"))  # noqa: TID251 - what an officer would type


def day(who: Person, name: str, value: date | None = None) -> None:
    """Fill in the three boxes of a day: today, where none is given."""
    value = value or london().date()
    for part, number in (("day", value.day), ("month", value.month), ("year", value.year)):
        who.page.fill(f"#{name}-{part}", str(number))


def record_request(officer: Person, reference: str) -> None:
    """Find the person by a referral's reference and record that they asked today."""
    officer.follow("Requests and breaches")
    officer.follow("Record a request for records")
    officer.page.fill("#reference", reference)
    officer.press("Find the person")
    day(officer, "received_on")
    officer.choose("Letter", "The person themselves", "A document was seen")
    officer.page.fill("#name", "Margaret Ellison")
    officer.page.fill("#wanted", "Everything about the befriending")
    officer.press("Record the request")


def take(officer: Person, step: str, words: str | None = None, *chosen: str) -> None:
    """Take a step of the matter whose page is shown."""
    officer.follow(step)
    officer.choose(*chosen)
    if words:
        officer.page.fill("#words", words)
    day(officer, "on")
    officer.press(step)


def decide_all(officer: Person) -> None:
    """Open each part of the records and keep the choices as they stand."""
    below = officer.page.get_by_role("heading", name="The second look")
    below.wait_for()  # counting waits for nothing: the page before this one has no parts
    for place in range(officer.page.get_by_role("button", name=re.compile("^Open ")).count()):
        below.wait_for()
        officer.page.get_by_role("button", name=re.compile("^Open ")).nth(place).click()
        officer.page.get_by_text(
            re.compile("Save what you decided|Nothing was found")
        ).first.wait_for()
        officer.look()
        if officer.page.get_by_role("button", name="Save what you decided").count():
            officer.press("Save what you decided")
        else:
            officer.see("Nothing was found")
            officer.follow("Back to the records")


def record_breach(officer: Person) -> None:
    """Record that something may have gone wrong today."""
    officer.follow("Requests and breaches")
    officer.follow("Record a suspected breach")
    day(officer, "aware_on")
    officer.page.fill("#aware_time", "00:05")
    day(officer, "since")
    day(officer, "until")
    officer.choose("Confidentiality", "A lost or stolen device")
    officer.page.fill("#what", "A laptop with an open session was left on a bus")
    officer.press("Record the breach")


def record_complaint(officer: Person) -> None:
    """Record that somebody complained today."""
    officer.follow("Requests and breaches")
    officer.follow("Record a complaint")
    day(officer, "received_on")
    officer.choose("Phone", "Who was told", "The person themselves")
    officer.page.fill("#what", "Did not know that the council would be told")
    officer.press("Record the complaint")
