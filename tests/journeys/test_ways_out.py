"""Administrators look after the ways out; a coordinator takes referrals away."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.journeys.people import Person, refer

MENTORS = "Common Ground Peer Mentors"
Sign = Callable[..., Person]


def test_an_operator_stops_and_starts_an_agency_and_registers_a_callback(person: Sign) -> None:
    admin = person("council-admin")
    admin.follow("Deliveries")
    admin.see("Ways out", MENTORS)
    admin.press(re.compile(rf"^Stop\s*:\s*{MENTORS}"))
    admin.see("What waits stays here until it is started again.")
    admin.press(re.compile(rf"^Start\s*:\s*{MENTORS}"))
    admin.see("What waited goes out now.")
    admin.follow("More")
    admin.follow("Callbacks")
    admin.page.fill("#url", "https://127.0.0.1/hub")
    admin.press("Register")
    admin.see("This address is not on the public internet.")


def test_an_administrator_chooses_a_mail_address_and_the_order_of_fields(person: Sign) -> None:
    admin = person("council-admin")
    admin.follow("How referrals reach you")
    admin.page.fill("#address", "duty@council.example")
    admin.press("Save and make a new code")
    admin.see("Your group’s code")
    admin.follow(re.compile("^Back$"))
    admin.see("duty@council.example")
    admin.press("Send no more mails")
    admin.choose("Sealed, as an attachment by e-mail", "FHIR R4 message")
    admin.press("Continue")
    admin.see("Your own system", "Public key that referrals are sealed to")
    admin.page.fill("#address", "nobody")
    admin.press("Save")
    admin.see("Enter one mail address", "Paste the key that documents are sealed to")
    admin.follow("How referrals reach you")
    admin.follow("More")
    admin.follow("Order of fields")
    admin.press("Save this order")
    admin.see("Sheets and tables come in this order from now on.")


def test_a_coordinator_prints_a_sheet_and_downloads_a_table(person: Sign) -> None:
    gp, mentor = person("gp"), person("mentors")
    reference = refer(
        gp, name="Una Pell", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    mentor.wait_for_link(reference)
    mentor.press("Open as a sheet to print")
    mentor.see("Una", "Destroy this sheet")
    mentor.never_see("Pell")
    mentor.follow("Referrals to you")
    mentor.follow("Download as a table")
    mentor.choose("All that are with your agency")
    with mentor.page.expect_download() as found:
        mentor.page.get_by_role("button", name="Download").click()
    text = found.value.path().read_text(encoding="utf-8-sig")
    assert reference in text
    assert "Pell" not in text
