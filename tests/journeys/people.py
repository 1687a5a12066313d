"""What people do in the browser. Each kind of page that they reach is held against axe."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

AXE_RUN = "axe.run({resultTypes: ['violations']})"
WIDTHS = ((1280, 900), (375, 740))
WAIT_SECONDS = 60.0
SEND_ON = re.compile(r"^(Continue|Start now)$")
SEND = re.compile(r"^(Send|Keep on hold)")


@dataclass(frozen=True)
class Looks:
    """axe's source, and the kinds of pages that were already held against it."""

    axe: str
    seen: set[str] = field(default_factory=set)


class Person:
    """Somebody at a browser, signed in or about to be."""

    def __init__(self, page: Page, address: str, looks: Looks | None = None) -> None:
        self.page = page
        self.address = address
        self._looks = looks

    def sign_in(self, username: str, password: str, code: str | None) -> None:
        """Sign in and land on the first page of one's role."""
        self.page.goto(f"{self.address}/sign-in")
        self.look()
        self.page.fill("#username", username)
        self.page.fill("#password", password)
        if code:
            self.page.fill("#code", code)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("link", name="Sign out")).to_be_visible()
        self.look()

    def look(self) -> None:
        """Hold this page against axe at both widths, once for each kind of page."""
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", self.page.url.split("?")[0])
        title = f"{kind} {self.page.title()}"
        if self._looks is None or title in self._looks.seen:
            return
        self._looks.seen.add(title)
        self.page.evaluate(self._looks.axe)
        for width, height in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_load_state()
            wider = self.page.locator("html").evaluate("it => it.scrollWidth - it.clientWidth")
            assert wider <= 0, f"{title} is {wider} px wider than a screen of {width} px"
            found: dict[str, Any] = self.page.evaluate(AXE_RUN)
            problems = [
                f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}"
                for one in found["violations"]
            ]
            assert not problems, f"{title} at {width} px: {problems}"
        self.page.set_viewport_size({"width": WIDTHS[0][0], "height": WIDTHS[0][1]})

    def go_on(self) -> None:
        """Press the page's own button to the next page."""
        self.look()
        self.page.get_by_role("button", name=SEND_ON).click()

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press a button and look at what comes."""
        self.page.get_by_role("button", name=name).first.click()
        self.look()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow a link, or a link that looks like a button, and look at what comes."""
        link = self.page.get_by_role("link", name=name)
        link.or_(self.page.get_by_role("button", name=name)).first.click()
        self.look()

    def choose(self, *labels: str) -> None:
        """Tick or pick answers by their labels."""
        for label in labels:
            self.page.get_by_label(label, exact=True).locator("visible=true").first.check()

    def see(self, *texts: str) -> None:
        """Find each text on the page."""
        for text in texts:
            expect(self.page.get_by_text(text).first).to_be_visible()

    def never_see(self, *texts: str) -> None:
        """Find none of the texts anywhere in the page's source."""
        source = self.page.content()
        for text in texts:
            assert text not in source

    def wait_to_see(self, text: str, after: Callable[[], object] | None = None) -> None:
        """Reload, or do `after`, until the text is there: the worker needs a moment."""
        again = after or self.page.reload
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if self.page.get_by_text(text).count():
                self.look()
                return
            time.sleep(0.3)
            again()
        shown = self.page.inner_text("main")
        raise AssertionError(f"“{text}” did not appear on {self.page.url}: {shown}")

    def wait_for_link(self, name: str) -> None:
        """Reload until there is a link of this name, and follow it."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until:
            if self.page.get_by_role("link", name=name).count():
                self.follow(name)
                return
            time.sleep(0.3)
            self.page.reload()
        raise AssertionError(f"no link “{name}” appeared on {self.page.url}")


def refer(
    gp: Person, *, name: str, needs: tuple[str, ...], agencies: tuple[str, ...], agreed: bool = True
) -> str:
    """Refer somebody from the danger check to the confirmation; returns the reference."""
    fill_in(gp, name=name, needs=needs, agencies=agencies, agreed=agreed)
    gp.press(SEND)
    found = re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", gp.page.inner_text("main"))
    assert found, gp.page.inner_text("main")
    return found.group()


def begin_again(gp: Person, *, name: str) -> None:
    """Begin a referral and fill in who it is about, no more."""
    page = gp.page
    gp.follow("Refer someone")
    page.get_by_role("button", name="Start now").click()
    gp.choose("No")
    gp.go_on()
    first, _, family = name.partition(" ")
    page.fill("#first_name", first)
    page.fill("#family_name", family)
    for part, value in (("day", "3"), ("month", "4"), ("year", "1942")):
        page.fill(f"#date_of_birth-{part}", value)
    gp.go_on()


def fill_in(
    gp: Person, *, name: str, needs: tuple[str, ...], agencies: tuple[str, ...], agreed: bool
) -> None:
    """Fill in every page up to the check of the answers."""
    page = gp.page
    begin_again(gp, name=name)
    page.select_option("#area", label="Harbour")
    page.fill("#address", "1 Quay Street\nMereford")
    page.fill("#postcode", "mf1 1aa")
    gp.go_on()
    page.fill("#phone", "07700 900123")
    page.get_by_label("Phone call").first.check()
    gp.go_on()
    gp.go_on()
    gp.choose(*needs)
    gp.go_on()
    gp.go_on()
    answer_agreement(gp, agencies, agreed=agreed)
    page.fill("#why", "Breathless since the winter, on an inhaler")
    page.fill("#task_note", "Tuesdays are best")
    gp.choose("Routine")
    gp.go_on()
    page.get_by_role("button", name=SEND).wait_for()
    gp.look()


def answer_agreement(gp: Person, agencies: tuple[str, ...], *, agreed: bool) -> None:
    """Answer what the patient agreed to, on its four small pages."""
    if not agreed:
        gp.choose("No")
        gp.go_on()
        gp.choose("Face to face", "The patient")
        gp.go_on()
        return
    gp.choose("Yes")
    gp.go_on()
    agree_to(gp, agencies)


def agree_to(gp: Person, agencies: tuple[str, ...]) -> None:
    """Name the agencies and everything that may be shared; how it was said; until when."""
    page = gp.page
    for box in page.locator("input[name=agencies]").all():
        box.uncheck()
    for agency in agencies:
        page.get_by_label(agency).first.check()
    for box in page.locator("input[name=classes]").all():
        box.check()
    gp.go_on()
    gp.choose("Face to face", "The patient")
    gp.go_on()
    gp.choose("Yes", "6 months")
    gp.go_on()


def send_staged(who: Person, *, name: str, agreeing: str | None = None) -> str:
    """Go through a referral's pages that are filled in already, adding what is missing; send it."""
    page = who.page
    first, _, family = name.partition(" ")
    filling: dict[str, Callable[[], object]] = {
        "danger": lambda: who.choose("No"),
        "person": lambda: _name(page, first, family),
        "agreement": lambda: who.choose("Yes"),
        "sharing": lambda: _share(page, agreeing),
        "taken": lambda: who.choose("Face to face", "The patient"),
        "terms": lambda: who.choose("Yes", "6 months"),
        "why": lambda: _why(page),
    }
    while not page.url.rstrip("/").endswith("/check"):
        step = page.url.partition("?")[0].rpartition("/")[2]
        filling.get(step, lambda: None)()
        who.go_on()
    who.press(SEND)
    found = re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", page.inner_text("main"))
    assert found, page.inner_text("main")
    return found.group()


def _name(page: Page, first: str, family: str) -> None:
    page.fill("#first_name", first)
    page.fill("#family_name", family)
    for part, value in (("day", "3"), ("month", "4"), ("year", "1942")):
        page.fill(f"#date_of_birth-{part}", value)


def _share(page: Page, agency: str | None) -> None:
    if agency:
        page.get_by_label(agency).first.check()
    for box in page.locator("input[name=classes]").all():
        box.check()


def _why(page: Page) -> None:
    if not page.input_value("#why"):
        page.fill("#why", "A driver was worried; she would like company")
    page.get_by_label("Routine", exact=True).first.check()
