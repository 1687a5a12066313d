"""The main job in a real browser, from a GP's form to the officer's proof."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.people import Person, refer
from tests.journeys.started import RunningHub

ROOT = Path(__file__).resolve().parents[2]
MENTORS, NEIGHBOURS = "Common Ground Peer Mentors", "Mereford Good Neighbours"
TIME_BANK = "Mereford Time Bank"
SECRET = "Breathless since the winter"

Sign = Callable[..., Person]


def open_own(gp: Person, reference: str) -> None:
    """The GP goes to their own referral."""
    gp.follow("Referrals you sent")
    gp.wait_for_link(reference)


def open_again(mentor: Person, reference: str) -> None:
    """The recipient opens the referral from the list."""
    mentor.follow("Referrals to you")
    mentor.follow(reference)
    mentor.press("Open the referral")


def finish(mentor: Person, reference: str) -> None:
    """First contact, then the end, each on its page."""
    mentor.follow("Referrals to you")
    mentor.follow(reference)
    mentor.follow(re.compile("contact", re.IGNORECASE))
    mentor.press("We have been in contact")
    mentor.follow(re.compile("^Close"))
    mentor.choose("Helped", "Yes")
    mentor.page.fill("#next_step", "Nothing more is needed")
    mentor.press("Close")


def test_a_referral_is_accepted_by_an_agency_without_a_system(person: Sign) -> None:
    gp, mentor = person("gp"), person("mentors")
    reference = refer(
        gp, name="Ada Fernley", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    mentor.wait_for_link(reference)
    mentor.never_see("Ada", "Fernley")
    mentor.press("Open the referral")
    mentor.see("Ada")
    mentor.never_see("Fernley", SECRET, "07700 900123")
    mentor.follow(re.compile("^Accept"))
    mentor.press("Accept")
    mentor.wait_to_see("Fernley", after=lambda: open_again(mentor, reference))
    mentor.never_see(SECRET)
    finish(mentor, reference)
    open_own(gp, reference)
    gp.see("Outcome:", "Helped")


def test_the_time_banks_own_system_receives_accepts_and_learns_no_diagnosis(
    person: Sign, running_hub: RunningHub
) -> None:
    gp = person("gp")
    reference = refer(
        gp, name="Brian Osgood", needs=("Garden or jobs in the home",), agencies=(TIME_BANK,)
    )
    bank = gp.page.context.browser.new_context().new_page()
    bank.goto(running_hub.partner)
    bank.fill("#code", running_hub.partner_code)
    bank.get_by_role("button", name="Sign in").click()
    who = Person(bank, running_hub.partner, None)
    who.wait_to_see(reference)
    who.never_see(SECRET, "Osgood", "NHS")
    bank.locator("article", has_text=reference).get_by_role("button", name="Accept").click()
    open_own(gp, reference)
    gp.wait_to_see("Accepted")
    bank.reload()
    who.wait_to_see("Osgood")
    bank.context.close()


def test_a_refused_consent_is_held_put_right_and_then_delivered(person: Sign) -> None:
    gp, mentor = person("nurse"), person("mentors")
    reference = refer(
        gp,
        name="Cora Whitby",
        needs=("Someone who has been there",),
        agencies=(),
        agreed=False,
    )
    open_own(gp, reference)
    gp.see("What is missing.", "How to put it right.")
    mentor.page.reload()
    mentor.never_see(reference)
    gp.follow("Record the patient’s agreement")
    record_agreement(gp, (MENTORS,))
    mentor.wait_for_link(reference)
    open_own(gp, reference)
    gp.never_see("What is missing.")


def record_agreement(gp: Person, agencies: tuple[str, ...]) -> None:
    """Fill in the one page on which a held referral is put right."""
    page = gp.page
    for agency in agencies:
        page.get_by_label(agency).first.check()
    for box in page.locator("input[name=classes]").all():
        box.check()
    gp.choose("Face to face", "The patient")
    gp.choose("Yes", "6 months")
    gp.press("Record agreement")


def withdraw(gp: Person, reference: str) -> None:
    """The GP says on the referral's page that the patient has changed their mind."""
    open_own(gp, reference)
    gp.follow("Withdraw the patient’s agreement")
    gp.press("Withdraw")


def test_an_agreement_withdrawn_before_delivery_delivers_nothing(
    person: Sign, running_hub: RunningHub
) -> None:
    gp, neighbours = person("gp"), person("neighbours")
    lonely = {"needs": ("Lonely or isolated",), "agencies": (NEIGHBOURS,)}
    with running_hub.worker_paused():
        reference = refer(gp, name="Dora Finchley", **lonely)
        withdraw(gp, reference)
        open_own(gp, reference)
        gp.see("Nothing more is shared.")
    next_one = refer(gp, name="Doris Farrow", **lonely)
    neighbours.wait_for_link(next_one)
    neighbours.follow("Referrals to you")
    neighbours.never_see(reference)
    open_own(gp, reference)
    gp.see("Nothing more is shared.")


def test_an_agreement_withdrawn_after_delivery_shows_what_already_went(person: Sign) -> None:
    gp, neighbours = person("gp"), person("neighbours")
    reference = refer(
        gp, name="Dilys Framlingham", needs=("Lonely or isolated",), agencies=(NEIGHBOURS,)
    )
    neighbours.wait_for_link(reference)
    withdraw(gp, reference)
    gp.see(NEIGHBOURS)
    neighbours.follow("Referrals to you")
    neighbours.follow("Ended")
    neighbours.wait_to_see("Withdrawn")
    neighbours.wait_for_link(reference)
    neighbours.wait_to_see("Act on this")
    neighbours.press("I have acted on this")


def test_a_decline_moves_on_by_itself_and_the_gp_sees_who_was_asked(person: Sign) -> None:
    gp, mentor, neighbours = person("gp"), person("mentors"), person("neighbours")
    reference = refer(
        gp, name="Edie Marlow", needs=("Lonely or isolated",), agencies=(MENTORS, NEIGHBOURS)
    )
    mentor.wait_for_link(reference)
    mentor.follow(re.compile("^Decline"))
    mentor.choose("No room at the moment")
    mentor.press("Decline")
    neighbours.wait_for_link(reference)
    open_own(gp, reference)
    gp.see("Asked before:")


def test_the_council_sees_every_open_referral_with_owner_age_and_next_step(person: Sign) -> None:
    gp, council = person("gp"), person("council")
    reference = refer(
        gp, name="Fay Holloway", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    council.wait_for_link(reference)
    council.never_see("Fay", "Holloway", SECRET)


def test_the_officer_finds_the_decision_verifies_and_takes_evidence_away(
    person: Sign, running_hub: RunningHub, tmp_path: Path
) -> None:
    gp, officer = person("gp"), person("surgery-dpo")
    reference = refer(
        gp, name="Gilbertina Trentworth", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    officer.see("What needs a look")
    officer.follow("The log")
    officer.wait_to_see(reference)
    officer.never_see("Gilbertina", "Trentworth", SECRET)
    decided = officer.page.get_by_role("cell", name=f"Harbour Street Surgery to {MENTORS}")
    expect(decided.first).to_be_visible()
    officer.follow("Verify the log")
    vkey = officer.page.locator(".hub-code").first.inner_text().strip()
    officer.press("Verify the log")
    officer.see("The log is whole")
    officer.page.goto(f"{running_hub.address}/log/evidence")
    officer.look()
    with officer.page.expect_download() as download:
        officer.page.get_by_role("button", name="Download evidence").click()
    bundle = tmp_path / "evidence.zip"
    download.value.save_as(bundle)
    checked = subprocess.run(
        [sys.executable, "-m", "consent.evidence.verify", str(bundle), "--log-key", vkey],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_main_job_works_without_javascript(person: Sign) -> None:
    gp = person("gp", script=False)
    reference = refer(
        gp, name="Hal Denby", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    open_own(gp, reference)
    expect(gp.page.get_by_role("heading", level=1)).to_contain_text(reference)


def test_immediate_danger_stops_the_form_and_shows_999(person: Sign) -> None:
    gp = person("gp")
    gp.follow("Refer someone")
    gp.page.get_by_role("button", name="Start now").click()
    gp.choose("Yes")
    gp.go_on()
    gp.look()
    gp.see("999")


def test_the_browsers_way_back_works_after_a_page_was_refused(person: Sign) -> None:
    gp = person("gp")
    gp.follow("Refer someone")
    gp.page.get_by_role("button", name="Start now").click()
    gp.go_on()
    expect(gp.page).to_have_title(re.compile("^Error: "))
    gp.choose("No")
    gp.go_on()
    gp.page.go_back()
    expect(gp.page.get_by_role("heading", level=1)).to_contain_text("immediate danger")
