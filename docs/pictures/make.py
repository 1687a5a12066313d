"""`make pictures`: pictures for the README and the guides, from a hub started for it.

The people in them do not exist. A page that has changed shows in the next run, so that no guide
describes what nobody can find.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHROMIUM_FLAGS
from tests.journeys.officer_duties import (
    record_breach,
    record_complaint,
    record_request,
    take,
)
from tests.journeys.people import Person, fill_in, refer
from tests.journeys.started import RunningHub, started_hub

HERE = Path(__file__).resolve().parent
NEIGHBOURS, MENTORS = "Mereford Good Neighbours", "Common Ground Peer Mentors"
WIDE = {"width": 1000, "height": 1120}
PHONE = {"width": 390, "height": 844}

Sign = Callable[[str], Person]


def main() -> None:
    """Start, walk, take the pictures."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("Chromium is needed for the pictures.")
    with (
        tempfile.TemporaryDirectory() as directory,
        started_hub(Path(directory)) as hub,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        try:
            sign = _signing(hub, browser)
            for_the_readme(sign)
            for_the_boards(sign)
            for_the_officer(sign)
            for_the_officers_duties(sign)
            for_the_commissioner(sign)
            for_the_council(sign)
            for_the_public(hub, browser)
            for_the_patient(sign, hub, browser)
        finally:
            browser.close()


def for_the_readme(sign: Sign) -> None:
    """The check page, before anything is sent."""
    gp = sign("gp")
    fill_in(
        gp,
        name="Margaret Ellison",
        needs=("Lonely or isolated", "Garden or jobs in the home"),
        agencies=("Mereford Time Bank", NEIGHBOURS),
        agreed=True,
    )
    gp.page.get_by_role("heading", name="What would help").evaluate("it => it.scrollIntoView()")
    gp.page.screenshot(path=HERE / "check-answers.png")


def for_the_boards(sign: Sign) -> None:
    """The referrer's and the recipient's board, on a desk and on a telephone."""
    gp, provider = sign("gp"), sign("neighbours")
    names = ("Ada Fernley", "Brian Osgood", "Cora Bell")
    sent = [
        refer(gp, name=one, needs=("Lonely or isolated",), agencies=(NEIGHBOURS,)) for one in names
    ]
    refer(gp, name="Dilys Hart", needs=("Lonely or isolated",), agencies=(), agreed=False)
    for reference in sent:
        provider.page.goto(f"{provider.address}/tasks")
        provider.wait_to_see(reference)
    provider.follow(re.compile(f"^Accept.*{sent[0]}"))
    provider.press("Accept referral")
    for who, path, name in ((gp, "/referrals", "referrer"), (provider, "/tasks", "provider")):
        _take(who, path, f"board-{name}.png")
        who.page.set_viewport_size(PHONE)
        _take(who, path, f"board-{name}-phone.png")
        who.page.set_viewport_size(WIDE)


def for_the_officer(sign: Sign) -> None:
    """A day: the overview, the log, one explanation, and the check of the whole."""
    gp, mentor = sign("gp"), sign("mentors")
    agreed = refer(gp, name="Arthur Pell", needs=("Lonely or isolated",), agencies=(MENTORS,))
    refer(gp, name="Dilys Ward", needs=("Lonely or isolated",), agencies=(), agreed=False)
    mentor.wait_for_link(agreed)
    mentor.press("Open the referral")
    officer = sign("surgery-dpo")
    _take(officer, "/overview", "officer-overview.png")
    _take(officer, "/log", "officer-log.png")
    officer.page.get_by_role("link", name="Disclosure").first.click()
    officer.page.get_by_role("link", name="Explain this in plain words").click()
    officer.page.screenshot(path=HERE / "officer-why.png")
    officer.page.goto(f"{officer.address}/log/verify")
    officer.press("Verify the log")
    officer.see("The log is whole")
    officer.page.screenshot(path=HERE / "officer-verify.png")


def for_the_officers_duties(sign: Sign) -> None:
    """What is due, a person's records item by item, and who was exposed."""
    gp, mentor, officer = sign("gp"), sign("mentors"), sign("surgery-dpo")
    asked = refer(gp, name="Enid Marsh", needs=("Lonely or isolated",), agencies=(MENTORS,))
    mentor.wait_for_link(asked)
    mentor.follow(re.compile("^Accept"))
    mentor.page.fill("#note", "Her daughter Jane will be there")
    mentor.press("Accept")
    record_complaint(officer)
    record_breach(officer)
    officer.follow("Who was exposed: the breach pack")
    officer.press("Show the numbers")
    officer.page.screenshot(path=HERE / "officer-breach.png")
    record_request(officer, asked)
    take(officer, "Prepare the answer")
    _take(officer, "/duties", "officer-duties.png")
    officer.follow(re.compile("^AR-"))
    officer.follow("Look through the records and make the answer")
    officer.page.get_by_role("button", name=re.compile("^Open Referral|^Open RH-")).first.click()
    officer.page.get_by_role("heading", name="Note by another agency").evaluate(
        "it => it.scrollIntoView()"
    )
    officer.page.screenshot(path=HERE / "officer-request.png")


def for_the_commissioner(sign: Sign) -> None:
    """Who referred and who took it on, from the invented year."""
    commissioner = sign("council-figures")
    commissioner.page.goto(f"{commissioner.address}/figures")
    commissioner.page.get_by_role("heading", name="Who referred").evaluate(
        "it => it.scrollIntoView()"
    )
    commissioner.page.screenshot(path=HERE / "figures.png")


def for_the_council(sign: Sign) -> None:
    """What the council oversees: open referrals with owner, state, age and what worries."""
    gp, council = sign("gp"), sign("council")
    refer(gp, name="Edwin Marlow", needs=("Lonely or isolated",), agencies=(), agreed=False)
    _take(council, "/council/board", "board-council.png")
    council.page.set_viewport_size(PHONE)
    _take(council, "/council/board", "board-council-phone.png")


def for_the_public(hub: RunningHub, browser: Browser) -> None:
    """What somebody finds who has no account."""
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(f"{hub.address}/near-me")
    page.fill("#place", "Mereford")
    page.get_by_role("button", name="Search").click()
    page.locator("#results").evaluate("it => it.scrollIntoView()")
    page.screenshot(path=HERE / "near-me.png")


def for_the_patient(sign: Sign, hub: RunningHub, browser: Browser) -> None:
    """What somebody sees of their own, with the reference and the code."""
    gp = sign("gp")
    reference = refer(gp, name="Wanda Selby", needs=("Lonely or isolated",), agencies=(NEIGHBOURS,))
    code = gp.page.locator("strong.hub-code").last.inner_text()
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(f"{hub.address}/my")
    page.fill("#reference", reference)
    page.fill("#code", code)
    page.get_by_role("button", name="Open my page").click()
    page.screenshot(path=HERE / "own-page.png")


def _take(who: Person, path: str, name: str) -> None:
    who.page.goto(f"{who.address}{path}")
    who.page.screenshot(path=HERE / name)


def _signing(hub: RunningHub, browser: Browser) -> Sign:
    def sign(username: str) -> Person:
        who = Person(browser.new_context(viewport=WIDE).new_page(), hub.address)
        coded = username.endswith(("-dpo", "-admin"))
        who.sign_in(username, hub.password, hub.one_time_code(username) if coded else None)
        return who

    return sign


if __name__ == "__main__":
    main()
