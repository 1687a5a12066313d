"""Two more doors in a browser: a library's file of visits, and a concern from a doorstep."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.importing import as_csv, visit
from tests.journeys.other_pages import new_concern_link, say_what_columns_mean, send_file
from tests.journeys.people import Person, send_staged
from tests.journeys.started import RunningHub

Sign = Callable[..., Person]
NEIGHBOURS = "Mereford Good Neighbours"


def test_a_librarys_file_reaches_the_council(person: Sign, tmp_path: Path) -> None:
    say_what_columns_mean(person("library-admin"))
    librarian, council = person("librarian"), person("council")
    rows = [
        visit(1, family_name="Pemberlow"),
        visit(2, first_name="", family_name=""),
        visit(3, agreed_to_referral="no"),
        visit(4, date_of_birth="31/02/1940"),
    ]
    send_file(librarian, as_csv(rows, encoding="windows-1252", delimiter=";"), tmp_path)
    librarian.see("Would become referrals", "Write a real date, in the order of your file columns")
    librarian.never_see("Pemberlow")
    librarian.press("Import these rows")
    librarian.wait_to_see("What happened")
    found = re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", librarian.page.inner_text("main"))
    assert found
    with librarian.page.expect_download() as download:
        librarian.page.get_by_role("button", name="Take these rows as a file").click()
    returned = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "date_of_birth: Write a real date" in returned
    council.follow("Referrals to you")
    council.wait_for_link(found.group())
    council.press("Open the referral")
    council.see("Pemberlow")


def test_a_row_with_something_missing_is_completed_by_hand(person: Sign, tmp_path: Path) -> None:
    say_what_columns_mean(person("fire-admin"))
    fighter = person("firefighter")
    columns = ["visit_ref", "visit_date", "station_area", "lives_alone", "finding",
               "agreed_to_referral"]  # fmt: skip
    cells = ["F-1", visit()["visit_date"], "Harbour", "yes", "No alarm upstairs", "yes"]
    row = dict(zip(columns, cells, strict=True))
    send_file(fighter, as_csv([row], columns=columns), tmp_path)
    fighter.press("Import these rows")
    fighter.wait_to_see("What happened")
    fighter.follow(re.compile("Waits for you to complete"))
    fighter.press("Open it")
    fighter.see("No alarm upstairs", "F-1")
    fighter.press("Complete and refer")
    send_staged(fighter, name="Ivor Pellew")


def test_a_concern_from_a_doorstep_becomes_a_referral_of_the_councils(
    person: Sign, browser: Browser, running_hub: RunningHub
) -> None:
    admin = person("parcels-admin")
    path = new_concern_link(admin, "North depot vans")
    phone = browser.new_context(
        java_script_enabled=False, viewport={"width": 375, "height": 740}
    ).new_page()
    phone.goto(f"{running_hub.address}{path}")
    expect(phone.get_by_text("Call 999 first")).to_be_visible()
    phone.get_by_role("button", name="Very alone").click()
    phone.fill("#place", "9 Sailmaker Court")
    phone.get_by_role("button", name="Harbour").click()
    phone.get_by_role("button", name="Yes, they said somebody may").click()
    phone.wait_for_timeout(4_500)
    phone.get_by_role("button", name="Send", exact=True).click()
    expect(phone.get_by_text("It has gone to the council")).to_be_visible()
    assert not phone.context.cookies()
    phone.context.close()
    council = person("council")
    council.follow("More")
    council.follow("Waiting for you")
    council.page.locator("tbody a").last.click()
    council.look()
    council.never_see("Sailmaker")
    council.press("Open it")
    council.see("Very alone", "9 Sailmaker Court")
    council.press("Complete and refer")
    send_staged(council, name="Olive Trask", agreeing=NEIGHBOURS)


def test_the_doorstep_pages_satisfy_axe(person: Sign, running_hub: RunningHub) -> None:
    admin = person("parcels-admin")
    path = new_concern_link(admin, "South depot vans")
    worker = Person(admin.page, running_hub.address, admin._looks)
    worker.page.goto(f"{running_hub.address}{path}")
    worker.look()
    for name in ("Struggles to walk, carry or cope", "Harbour", "I did not ask"):
        worker.press(name)
    worker.page.goto(f"{running_hub.address}{path}")
    worker.press("Somebody is in danger now")
    worker.see("Call 999 now")
