"""The whole story with marked personal data in every field that takes words.

Each step is seen to have worked, by the people who may read it, so that a search which finds
nothing afterwards has looked for something that was there.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.attacks.browsing import Browser
from tests.attacks.canaries import ADDRESS, CONTACT, PERSON, WORD, note
from tests.journeys.started import RunningHub

CLASSES = ["identity", "contact", "need", "access_needs", "health"]
MENTORS, NEIGHBOURS = "Common Ground Peer Mentors", "Mereford Good Neighbours"
TIME_BANK = "Mereford Time Bank"
WAIT_SECONDS = 60.0
PAGES: dict[str, dict[str, Any]] = {
    "danger": {"danger": "no"},
    "person": PERSON,
    "address": {"area": "MF-HAR", **ADDRESS},
    "contact": {"preferred": ["phone"], "never": ["text"], **CONTACT},
    "access": {"language": "en", "access_note": note("Access")},
    "needs": {"needs": ["lonely"]},
    "recipients": {},
    "agreement": {"agreed": "yes"},
    "sharing": {"classes": CLASSES},
    "taken": {"method": "in_person", "given_by": "self"},
    "terms": {"service": "yes", "until": "6_months"},
    "why": {"why": note("Why"), "task_note": note("Task"), "priority": "routine"},
}
MISTAKES: dict[str, dict[str, str]] = {
    "person": {"nhs_number": "999 123 4565"},
    "address": {"postcode": f"{WORD[:5]} 1"},
    "contact": {"phone": WORD, "email": f"{WORD} at home"},
    "why": {"why": note("Far too long ") * 8},
}


@dataclass
class Town:
    """A running hub, and everything that anybody's browser, proxy or overseer saw of it."""

    hub: RunningHub
    client: Callable[[], httpx.Client]
    seen: list[str] = field(default_factory=list)
    overseen: list[str] = field(default_factory=list)

    def signed_in(self, username: str) -> Browser:
        """Somebody's browser after signing in."""
        browser = Browser(self.hub.address, self.client(), self.seen)
        coded = username.endswith(("-dpo", "-admin"))
        code = self.hub.one_time_code(username) if coded else None
        answer = browser.sign_in(username, self.hub.password, code)
        assert answer.is_redirect, browser.words()
        return browser


def draft(gp: Browser) -> str:
    """Begin a referral; returns the path of its pages."""
    gp.get("/refer")
    return gp.post("/refer").headers["location"].rpartition("/")[0]


def fill_in(
    gp: Browser, agencies: tuple[str, ...], *, until: str = "check", **changed: Mapping[str, Any]
) -> str:
    """Fill in a referral's pages, with mistakes first; returns the path of its pages."""
    pages, name = draft(gp), "danger"
    while name != until:
        path = f"{pages}/{name}"
        assert gp.get(path).status_code == 200
        fields = {**PAGES[name], **changed.get(name, {})}
        if name == "agreement":
            fields["notice"] = gp.hidden()["notice"]
        if name == "sharing":
            boxes = gp.boxes("agencies")
            fields["agencies"] = [boxes[agency] for agency in agencies]
        if name in MISTAKES:
            assert gp.post(path, {**fields, **MISTAKES[name]}).status_code == 422
            assert all(html.escape(wrong)[:20] in gp.text for wrong in MISTAKES[name].values())
        answer = gp.post(path, fields)
        assert answer.is_redirect, (name, gp.words())
        name = answer.headers["location"].partition("?")[0].rpartition("/")[2]
    return pages


def refer(gp: Browser, agencies: tuple[str, ...], **changed: Mapping[str, Any]) -> tuple[str, str]:
    """Send a referral; returns its path and its reference."""
    pages = fill_in(gp, agencies, **changed)
    gp.send(f"{pages}/check")
    found = re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", gp.text)
    assert found, gp.words()
    return gp.path.removesuffix("/sent"), found.group()


def arrived(browser: Browser, reference: str) -> str:
    """Wait in the inbox; returns the task's path."""
    found = until(lambda: browser.get("/tasks") and browser.link(reference), reference)
    assert WORD not in browser.text
    return str(found)


def until(look: Any, what: str) -> Any:
    """Look until there is something to see."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited in vain: {what}")


def opened(browser: Browser, task: str, *texts: str) -> None:
    """Open a referral and read the texts there."""
    browser.get(task)
    assert browser.post(f"{task}/open").status_code == 200, browser.words()
    missing = [text for text in texts if text not in _plain(browser.text)]
    assert not missing, (missing, browser.words())


def accepted_asked_and_closed(town: Town) -> None:
    """Asked, answered, accepted with a note, in contact, closed with words."""
    gp, mentor = town.signed_in("gp"), town.signed_in("mentors")
    referral, reference = refer(gp, (MENTORS,), needs={"needs": ["been_there"]})
    task = arrived(mentor, reference)
    opened(mentor, task, PERSON["first_name"], PAGES["why"]["task_note"])
    mentor.get(f"{task}/ask")
    mentor.taken(mentor.post(f"{task}/ask", {"question": note("Question"), **mentor.hidden()}))
    gp.get(referral)
    assert gp.post(f"{referral}/opened").status_code == 200
    assert all(text in _plain(gp.text) for text in (PAGES["why"]["why"], note("Question")))
    found = re.search(r'action="([^"]+/reply/[^"]+)"', gp.text)
    assert found
    gp.taken(gp.post(found.group(1), {"reply": note("Answer")}))
    mentor.send(f"{task}/accept", {"note": note("Accepting")})
    until(lambda: _opens_with(mentor, task, PERSON["family_name"]), "the rest of the referral")
    assert note("Answer") in _plain(mentor.text)
    mentor.send(f"{task}/contact")
    ending = {"outcome": "helped", "person_told": "yes", "next_step": note("Next")}
    mentor.send(f"{task}/close", ending)


def declined_moved_on_and_withdrawn(town: Town) -> None:
    """Declined in words; the next agency is asked; then the person changes their mind."""
    gp, mentor, neighbour = (town.signed_in(name) for name in ("gp", "mentors", "neighbours"))
    referral, reference = refer(gp, (MENTORS, NEIGHBOURS))
    task = arrived(mentor, reference)
    mentor.send(f"{task}/decline", {"reason": "other", "note": note("Declining")})
    opened(neighbour, arrived(neighbour, reference), PERSON["first_name"])
    gp.send(f"{referral}/withdraw")
    gp.get(referral)
    assert "Nothing more is shared" in gp.text


def held_and_put_right(town: Town) -> None:
    """No agreement, so it is held; then the agreement is recorded on one page."""
    gp, neighbour = town.signed_in("nurse"), town.signed_in("neighbours")
    referral, reference = refer(gp, (), agreement={"agreed": "no"})
    gp.get(f"{referral}/agreement")
    agreed = {
        **gp.hidden(),
        **{
            name: value
            for page in ("sharing", "taken", "terms")
            for name, value in PAGES[page].items()
        },
        "agencies": [gp.boxes("agencies")[NEIGHBOURS]],
    }
    gp.taken(gp.post(f"{referral}/agreement", agreed))
    opened(neighbour, arrived(neighbour, reference), PERSON["first_name"])


def carried_out_by_a_partner(town: Town) -> str:
    """The time bank's own system receives, accepts, and closes with words; returns the task id."""
    gp = town.signed_in("gp")
    referral, reference = refer(gp, (TIME_BANK,), needs={"needs": ["garden_home_jobs"]})
    bank = Browser(town.hub.partner, town.client())
    bank.get("/")
    bank.taken(bank.post("/sign-in", {"code": town.hub.partner_code}))
    until(lambda: bank.get("/") and reference in bank.text, "the time bank's page")
    assert PAGES["why"]["task_note"] in _plain(bank.text)
    assert "4578" not in bank.text
    found = re.search(rf'{reference}.*?action="/tasks/([^/"]+)/accept"', bank.text, re.DOTALL)
    assert found
    task = found.group(1)
    for action, said, then in (
        ("accept", {}, "Accepted"),
        ("contact", {}, "Being helped"),
        ("close", {"code": "helped", "person_told": "yes", "next_step": note("Bank")}, "Closed"),
    ):
        until(lambda step=action: bank.get("/") and f"{task}/{step}" in bank.text, action)
        bank.taken(bank.post(f"/tasks/{task}/{action}", said))
        until(lambda words=then: gp.get(referral) and words in gp.words(), then)
    return task


def left_half_filled_and_timed_out(town: Town, sql: Any) -> None:
    """A draft stays; a page sent after the sign-in timed out is kept for its sender."""
    gp = town.signed_in("nurse")
    pages = fill_in(gp, (), until="address")
    gp.get(f"{pages}/address")
    sql("UPDATE staff_session SET last_seen_at = last_seen_at - interval '1 day'")
    answer = gp.post(f"{pages}/address", PAGES["address"])
    assert "/kept/" in answer.headers["location"]
    kept = urlsplit(answer.headers["location"]).query.partition("next=")[2]
    assert gp.sign_in("nurse", town.hub.password).is_redirect
    gp.get(kept)
    assert gp.hidden()["address"].splitlines() == ADDRESS["address"].splitlines()


def typed_in_the_wrong_place(town: Town, task: str) -> None:
    """Names as passwords, user names and addresses; bodies that no endpoint takes."""
    stranger = Browser(town.hub.address, town.client(), town.seen)
    for username in ("gp", "surgery-dpo", WORD):
        assert stranger.sign_in(username, f"{WORD}-password", "123456").status_code == 422
    with httpx.Client(base_url=town.hub.address) as client:
        for path in (f"/{WORD}", f"/log?reference={WORD}", f"/tasks?before={WORD}"):
            client.get(path, headers={"Referer": f"{town.hub.address}/{WORD}"})
        client.post("/sign-in", content=note("Raw").encode(), headers={"Content-Type": "text/xml"})
        client.get("/", headers={"X-Request-Id": WORD, "User-Agent": WORD, "Cookie": f"hub={WORD}"})
        for token in (WORD, f"{WORD}.{WORD}.{WORD}"):
            answer = client.post(
                f"/partner/v1/tasks/{task}/decline",
                json={"reason": WORD, "note": note("Partner"), WORD: PERSON["nhs_number"]},
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": WORD},
            )
            assert answer.status_code == 401


def overseen(town: Town) -> bytes:
    """What the council and officers read, none of which may name the person; the bundle."""
    council, officer = town.signed_in("council"), town.signed_in("surgery-dpo")
    for browser, paths in (
        (council, ("/council", "/council/undelivered")),
        (officer, ("/log", "/log?type=decision", "/log/verify", "/log/evidence")),
    ):
        for path in paths:
            assert browser.get(path).status_code == 200
            town.overseen.append(browser.text)
    for link in set(re.findall(r'href="(/log/entries/[^"]+)"', officer.text)):
        officer.get(link)
        town.overseen.append(officer.text)
    officer.get(f"/log?reference={WORD}")
    assert "There is a problem" in officer.text
    town.seen[:] = [line for line in town.seen if f"/log?reference={WORD}" not in line]
    officer.get("/log/evidence")
    answer = officer.post("/log/evidence", {"checkpoint_size": ""})
    assert answer.status_code == 200, officer.words()
    return answer.content


def _opens_with(browser: Browser, task: str, text: str) -> bool:
    browser.get(task)
    return browser.post(f"{task}/open").is_success and text in _plain(browser.text)


def _plain(text: str) -> str:
    return html.unescape(text)
