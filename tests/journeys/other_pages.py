"""The walk over every page, where something must be done first: files, links, duties."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from tests.importing import as_csv, visit
from tests.journeys.letters import LINKS, newest_link
from tests.journeys.officer_duties import day, record_breach, record_request
from tests.journeys.people import Person, refer
from tests.journeys.started import RunningHub
from tests.journeys.walking import Records, Walk

_REGISTER = "/registers/<any(agreements,notices,activities):register>"
_MATTER = "/duties/<uuid:matter_id>"
_VISIT = "/visits/<uuid:invitation_id>"
_NEIGHBOURS = "Mereford Good Neighbours"


def registers_and_searches(walk: Walk, officer: Person, records: Records) -> None:
    """The three registers, an item with its revision, a search to keep, and what was refused."""
    walk.to(officer, "/registers", "/registers/details", "/log/searches", "/log/refusals")
    walk.to(officer, "/registers/notices", "/registers/notices/write")
    walk.chosen(officer, f"{_REGISTER}/add", "agreements", "notices", "activities")
    officer.page.fill("#name", "Referring patients")
    officer.choose("Controller")
    for box in officer.page.locator("textarea").all():
        box.fill("As the agreement says")
    day(officer, "review_on")
    officer.page.fill("#review_on-year", str(int(officer.page.input_value("#review_on-year")) + 1))
    officer.press("Record")
    walk.ids["item_id"] = UUID(officer.page.url.rpartition("/")[2])
    walk.chosen(officer, f"{_REGISTER}/<uuid:item_id>", "activities")
    walk.chosen(officer, f"{_REGISTER}/<uuid:item_id>/revise", "activities")
    walk.ids["item_id"] = records.one(
        "SELECT id FROM sharing_agreement WHERE sender_agency_id ="
        " (SELECT agency_id FROM staff_user WHERE username = 'surgery-dpo') LIMIT 1"
    )
    walk.chosen(officer, f"{_REGISTER}/<uuid:item_id>", "agreements")
    walk.chosen(officer, f"{_REGISTER}/<uuid:item_id>/revise", "agreements")


def duties(walk: Walk, officer: Person, reference: str) -> None:
    """A breach with its pack, and a request with its records and a step."""
    record_breach(officer)
    walk.ids["matter_id"] = UUID(officer.page.url.partition("?")[0].rpartition("/")[2])
    walk.to(officer, _MATTER, f"{_MATTER}/exposed")
    record_request(officer, reference)
    walk.ids["matter_id"] = UUID(officer.page.url.partition("?")[0].rpartition("/")[2])
    officer.follow("Prepare the answer")
    walk.looked(officer, f"{_MATTER}/steps/<event>")
    day(officer, "on")
    officer.press("Prepare the answer")
    walk.to(officer, _MATTER, f"{_MATTER}/records")


def files_of_visits(walk: Walk, admin: Person, librarian: Person, directory: Path) -> None:
    """What columns mean, and a file that was looked through."""
    walk.to(admin, "/imports/columns")
    say_what_columns_mean(admin)
    walk.to(librarian, "/imports")
    send_file(librarian, as_csv([visit(1), visit(2, date_of_birth="31/02/1940")]), directory)
    walk.ids["import_id"] = UUID(librarian.page.url.partition("?")[0].rpartition("/")[2])
    walk.looked(librarian, "/imports/<uuid:import_id>")


def say_what_columns_mean(admin: Person) -> None:
    """The administrator takes the first proposal and says what a yes stands for."""
    admin.follow("More")
    admin.follow("File columns")
    admin.page.select_option("#notice", index=1)
    admin.page.get_by_label("Mereford Council", exact=True).check()
    for box in admin.page.locator("input[name=classes]").all():
        box.check()
    admin.press("Save")
    admin.see("Saved as version")


def send_file(librarian: Person, data: bytes, directory: Path) -> None:
    """Choose a file and send it, as somebody does who exported it just now."""
    file = directory / "visits.csv"
    file.write_bytes(data)
    librarian.follow("Import a file")
    librarian.page.set_input_files("#file", file)
    librarian.press("Look through the file")
    librarian.wait_to_see("Import it?")
    librarian.look()


def concerns(walk: Walk, admin: Person) -> None:
    """A link for concerns, its sheet, and the pages of whoever follows it."""
    walk.ids["secret"] = new_concern_link(admin, "East depot vans").rpartition("/")[2]
    walk.to(admin, "/concern-links")
    sheet = admin.page.locator("a[href$='/sheet']").first.get_attribute("href")
    assert sheet
    walk.ids["link_id"] = UUID(sheet.split("/")[-2])
    walk.to(admin, "/concern-links/<uuid:link_id>/sheet")
    walk.to(admin, "/concern/<secret>", "/concern/<secret>/sent")


def new_concern_link(admin: Person, label: str) -> str:
    """Make a link for whoever delivers there; returns its path."""
    admin.follow("More")
    admin.follow("Links for concerns")
    admin.page.fill("#label", label)
    admin.press("Make a link")
    found = re.search(r"/concern/[a-z2-7]{24}", admin.page.inner_text("main"))
    assert found
    return found.group()


def ways_out(walk: Walk, admin: Person, coordinator: Person) -> None:
    """How referrals reach an agency, and whether they do."""
    walk.to(admin, "/reached", "/reached/system", "/callbacks", "/deliveries", "/field-order")
    walk.to(coordinator, "/tasks/table")


def by_link(walk: Walk, gp: Person, stranger: Person, running: RunningHub) -> None:
    """Every page of somebody who comes by a one-time link."""
    stranger.page.goto(running.mails)
    known = stranger.page.locator(LINKS)
    before = known.first.get_attribute("href") if known.count() else ""
    needs = ("Cannot get out of the house",)
    refer(gp, name="Ivo Lonsdale", needs=needs, agencies=("Mereford Libraries",))
    link = newest_link(running, stranger, before=before or "")
    walk.ids["token"] = link.rpartition("/")[2]
    walk.to(stranger, "/link/<token>")
    stranger.page.fill("#code", running.link_code)
    stranger.press("Continue")
    walk.ids["invitation_id"] = UUID(stranger.page.url.partition("?")[0].rpartition("/")[2])
    walk.to(stranger, _VISIT)
    answers = f"{_VISIT}/<any(accept,contact,close,ask,decline):name>"
    walk.chosen(stranger, answers, "accept", "ask", "decline")
    stranger.page.goto(stranger.page.url.rpartition("/")[0] + "/accept")
    stranger.press("Accept referral")
    walk.chosen(stranger, answers, "contact", "close")
    walk.to(stranger, "/link-sent", "/left")


def own_page(walk: Walk, gp: Person, person: Person) -> None:
    """The page of somebody whom the surgery gave a code, and what they can do there."""
    reference = refer(
        gp, name="Wanda Selby", needs=("Lonely or isolated",), agencies=(_NEIGHBOURS,)
    )
    gp.look()
    code = gp.page.locator("strong.hub-code").last.inner_text()
    walk.to(person, "/my")
    person.page.fill("#reference", reference)
    person.page.fill("#code", code)
    person.press("Open my page")
    walk.looked(person, "/my/page")
    walk.to(person, "/my/wrong")
    person.page.fill("#what", "I moved to number 2")
    person.press("Send")
    person.see("You said that something is wrong")
    person.press("I have changed my mind: share nothing more")
    person.see("Nothing more is shared")
    person.look()
    person.follow("Back to your page")
    person.press("Close my page")
    walk.looked(person, "/my/left")
