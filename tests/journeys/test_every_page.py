"""Every page of the map, in a real browser, at both widths: axe finds nothing, nothing is too wide.

The map is `web/routes.py`, so a page that nobody looks at fails here by its rule. What is no page
(files, answers to programs) is named with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from referral_hub.clock import system_clock
from referral_hub.settings import load_settings
from referral_hub.web.journey import NAMES
from referral_hub.web.routes import ROUTES
from referral_hub.wiring import build_hub
from tests.journeys.other_pages import (
    by_link,
    concerns,
    duties,
    files_of_visits,
    own_page,
    registers_and_searches,
    ways_out,
)
from tests.journeys.people import SEND, Person, begin_again, fill_in, refer
from tests.journeys.started import RunningHub
from tests.journeys.test_deciding import begin, send
from tests.journeys.walking import Records, Walk
from tests.staging import staged

Sign = Callable[..., Person]
NEIGHBOURS, MENTORS = "Mereford Good Neighbours", "Common Ground Peer Mentors"
LONELY = {"needs": ("Lonely or isolated",), "agencies": (NEIGHBOURS,)}
FILES_AND_ANSWERS = {
    "/healthz": "for a load balancer",
    "/readyz": "for a load balancer",
    "/my/exit": "leads away from the hub at once",
    "/figures/table": "a file",
    "/log/checkpoint": "a signed note",
    "/log/tile/<path:path>": "bytes of the log",
    "/referrals/<uuid:referral_id>/receipts/<uuid:entry_id>": "a file",
    "/tasks/<uuid:task_id>/receipts/<uuid:entry_id>": "a file",
    "/log/entries/<uuid:entry_id>/receipt": "a file",
    "/erasures/<uuid:entry_id>/certificate": "a file",
    "/agreements/<uuid:event_id>/files/<path:name>": "a file",
    "/registers/files/<path:name>": "a file",
    "/near-me/services/<uuid:entry_id>/opportunity": "data for search engines",
}
FOR_PROGRAMS = ("/partner/", "/fhir/", "/api/", "/oauth/", "/open-referral/", "/.well-known/")
PAGES = {
    route.rule
    for route in ROUTES
    if "GET" in route.methods
    and not route.rule.startswith(FOR_PROGRAMS)
    and route.rule not in FILES_AND_ANSWERS
}
_FORM = next(rule for rule in PAGES if rule.startswith("/refer/") and "<any(" in rule)

pytestmark = pytest.mark.slow


def test_no_page_of_the_map_has_a_fault_that_axe_finds(
    person: Sign, stranger: Callable[..., Person], running_hub: RunningHub, tmp_path: Path
) -> None:
    records, walk = Records(running_hub), Walk(_FORM)
    _referring(walk, person("gp"))
    _conditional_pages_of_the_form(walk, person("gp"))
    _a_kept_page(walk, person("nurse"), running_hub.password, records)
    reference = refer(person("gp"), name="Ivo Ashdown", **LONELY)
    walk.ids["referral_id"] = records.one("SELECT id FROM referral WHERE reference = %s", reference)
    walk.ids["subject_id"] = records.one(
        "SELECT subject_id FROM referral WHERE reference = %s", reference
    )
    _receiving(walk, person("neighbours"), reference)
    _sent(walk, person("gp"), records)
    _overseeing(walk, person("gp"), person("council"), records)
    officer = person("surgery-dpo")
    _officers(walk, officer, records)
    registers_and_searches(walk, officer, records)
    duties(walk, officer, reference)
    _erasing(walk, person("gp"), officer, records)
    walk.to(person("council-figures"), "/figures")
    _administering(walk, person("surgery-admin"))
    _nearby(walk, person("gp"))
    _directory(walk, person("council-admin"), person("neighbours"), records)
    _staged(walk, person("librarian"), running_hub, records)
    files_of_visits(walk, person("library-admin"), person("librarian"), tmp_path)
    concerns(walk, person("parcels-admin"))
    ways_out(walk, person("council-admin"), person("mentors"))
    by_link(walk, person("gp"), stranger(), running_hub)
    own_page(walk, person("gp"), stranger())

    assert PAGES - walk.seen == set()
    assert set(NAMES) - walk.form_pages == set()


def test_what_is_no_page_is_in_the_map() -> None:
    assert FILES_AND_ANSWERS.keys() <= {route.rule for route in ROUTES}


def _referring(walk: Walk, gp: Person) -> None:
    walk.to(gp, "/welcome", "/cookies", "/accessibility", "/sign-out", "/refer", "/referrals")
    walk.to(gp, "/daily-mail")
    walk.to(gp, "/work")
    fill_in(gp, name="Una Prest", **LONELY, agreed=True)
    walk.ids["draft_id"] = UUID(gp.page.url.split("/")[-2])
    simple = set(NAMES) - {"safeguarding", "authority", "capacity", "child"}
    walk.form(gp, [name for name in NAMES if name in simple])
    draft = "/refer/<uuid:draft_id>"
    walk.to(gp, f"{draft}/check", f"{draft}/delete", f"{draft}/danger-advice")


def _conditional_pages_of_the_form(walk: Walk, gp: Person) -> None:
    def change(name: str) -> None:
        gp.page.goto(f"{gp.address}/refer/{walk.ids['draft_id']}/{name}?change=1")

    change("taken")
    gp.choose("An attorney (lasting power of attorney)")
    gp.go_on()
    walk.form_looked(gp, "authority")
    change("taken")
    gp.choose("The patient", "Their capacity was assessed")
    gp.go_on()
    walk.form_looked(gp, "capacity")
    change("taken")
    gp.page.get_by_label("Their capacity was assessed").uncheck()
    gp.go_on()
    change("person")
    gp.page.fill("#date_of_birth-year", str(system_clock().year - 13))
    gp.go_on()
    walk.form_looked(gp, "child")
    change("danger")
    gp.choose("This is a safeguarding concern")
    gp.go_on()
    walk.form_looked(gp, "safeguarding")


def _a_kept_page(walk: Walk, nurse: Person, password: str, records: Records) -> None:
    nurse.follow("Refer someone")
    nurse.page.get_by_role("button", name="Start now").click()
    records.expire_sign_ins("nurse")
    nurse.choose("No")
    nurse.page.get_by_role("button", name="Continue").click()
    nurse.see("What you typed has been kept")
    nurse.page.fill("#username", "nurse")
    nurse.page.fill("#password", password)
    nurse.press("Sign in")
    nurse.see("We kept what you typed")
    walk.looked(nurse, "/kept/<uuid:draft_id>")
    nurse.page.goto(f"{nurse.address}/sign-out")
    nurse.page.get_by_role("button", name="Sign out", exact=True).click()
    walk.looked(nurse, "/signed-out")
    walk.to(nurse, "/", "/sign-in")


def _receiving(walk: Walk, neighbours: Person, reference: str) -> None:
    neighbours.wait_for_link(reference)
    walk.ids["task_id"] = UUID(neighbours.page.url.rsplit("/", 1)[-1])
    task = "/tasks/<uuid:task_id>"
    walk.to(neighbours, "/tasks", task, f"{task}/accept", f"{task}/decline", f"{task}/ask")
    walk.to(neighbours, "/tasks?show=new", "/tasks?show=ended", "/tasks")
    neighbours.follow(re.compile("^We are full until"))
    walk.looked(neighbours, "/services/<uuid:service_id>/full")
    walk.to(neighbours, f"{task}/emergency")
    neighbours.page.locator("input[name=cause]").first.check()
    neighbours.page.fill("#reason", "She does not answer the door and a neighbour heard a fall")
    neighbours.page.locator("input[name=confirmed]").check()
    neighbours.page.get_by_role("button").last.click()
    neighbours.look()
    neighbours.page.goto(f"{neighbours.address}/tasks/{walk.ids['task_id']}/accept")
    neighbours.press("Accept referral")
    walk.to(neighbours, f"{task}/contact", f"{task}/close", f"{task}/scores")


def _sent(walk: Walk, gp: Person, records: Records) -> None:
    referral = "/referrals/<uuid:referral_id>"
    walk.ids["event_id"] = records.one(
        "SELECT id FROM consent_event WHERE subject_id = %s", walk.ids["subject_id"]
    )
    below = (
        "",
        "/sent",
        "/code",
        "/message-back",
        "/agreement",
        "/agreements",
        "/copy",
        "/withdraw",
        "/death",
        "/changed",
    )
    walk.to(gp, *(referral + end for end in below))
    walk.to(gp, f"{referral}/changed/sharing?what=refused", f"{referral}/changed/fact")
    walk.to(gp, f"{referral}/changed/never")
    walk.to(gp, "/agreements/<uuid:event_id>", "/agreements/<uuid:event_id>/copy")


def _overseeing(walk: Walk, gp: Person, council: Person, records: Records) -> None:
    walk.to(council, "/council", "/council/board", "/council/undelivered")
    walk.to(council, "/council/referrals/<uuid:referral_id>/why")
    council.page.get_by_label("A routine check of some cases").check()
    council.go_on()
    walk.to(council, "/council/referrals/<uuid:referral_id>")
    _steering(walk, gp, council, records)
    begin(gp, family="Wrensley", born=str(system_clock().year - 13))
    gp.choose("Face to face", "The patient")
    gp.go_on()
    gp.page.locator("input[name=child_view][value=agrees]").check()
    gp.page.locator("input[name=parent_view][value=disagrees]").check()
    gp.page.fill("#gillick", "Understands what is shared and why")
    gp.go_on()
    child = records.one("SELECT id FROM referral WHERE reference = %s", send(gp))
    ours, walk.ids["referral_id"] = walk.ids["referral_id"], child
    walk.to(council, "/council/referrals/<uuid:referral_id>/child")
    walk.ids["referral_id"] = _to_be_chosen(gp, records)
    walk.to(council, "/council/referrals/<uuid:referral_id>/choose")
    walk.ids["referral_id"] = ours


def _steering(walk: Walk, gp: Person, council: Person, records: Records) -> None:
    """Each thing that the council can do with a part has its page."""
    reference = refer(gp, name="Una Penhale", **LONELY)
    ours = walk.ids.get("task_id")
    walk.ids["task_id"] = records.one(
        "SELECT t.id FROM task t JOIN referral r ON r.id = t.referral_id WHERE r.reference = %s",
        reference,
    )
    referral = records.one("SELECT referral_id FROM task WHERE id = %s", walk.ids["task_id"])
    council.page.goto(f"{council.address}/council/referrals/{referral}/why")
    council.page.get_by_label("A routine check of some cases").check()
    council.go_on()
    for what in ("route", "take_back"):
        walk.ids["what"] = what
        walk.to(council, "/council/parts/<uuid:task_id>/<what>")
    if ours is not None:
        walk.ids["task_id"] = ours


def _to_be_chosen(gp: Person, records: Records) -> UUID:
    """Refer somebody and ask the council to choose; returns the referral's id."""
    fill_in(gp, name="Cora Hale", agreed=True, **LONELY)
    gp.page.goto(gp.page.url.replace("/check", "/recipients?change=1"))
    gp.page.get_by_label("Ask the council to choose who helps").check()
    gp.look()
    gp.go_on()
    gp.press(SEND)
    found = records.one("SELECT id FROM referral ORDER BY id DESC LIMIT 1")
    return UUID(str(found))


def _officers(walk: Walk, officer: Person, records: Records) -> None:
    walk.to(officer, "/overview", "/log", "/log/people", "/log/verify", "/log/evidence")
    walk.ids["entry_id"] = records.one(
        "SELECT entry_id FROM consent_event WHERE id = %s", walk.ids["event_id"]
    )
    entry = "/log/entries/<uuid:entry_id>"
    walk.to(officer, entry, f"{entry}/agreement")
    officer.page.goto(f"{officer.address}/log")
    officer.page.get_by_role("link", name="Disclosure").first.click()
    officer.page.get_by_role("link", name="Explain this in plain words").click()
    walk.looked(officer, f"{entry}/why")
    walk.to(officer, "/log/emergencies", "/retention", "/retention/find", "/erasures/find")
    officer.page.goto(f"{officer.address}/log/emergencies")
    officer.page.locator("main a[href^='/log/emergencies/']").first.click()
    walk.looked(officer, "/log/emergencies/<uuid:alert_id>")
    walk.to(
        officer, "/duties", "/duties/requests/find", "/duties/requests/people/<uuid:subject_id>"
    )
    walk.to(officer, "/duties/breaches/new", "/duties/complaints/new")
    walk.to(officer, "/retention/people/<uuid:subject_id>/hold")


def _erasing(walk: Walk, gp: Person, officer: Person, records: Records) -> None:
    reference = refer(gp, name="Otto Lisle", needs=LONELY["needs"], agencies=(), agreed=False)
    walk.ids["subject_id"] = records.one(
        "SELECT subject_id FROM referral WHERE reference = %s", reference
    )
    begin_again(gp, name="Otto Lisle")
    walk.to(officer, "/erasures/people/<uuid:subject_id>")
    officer.page.get_by_label("Half-filled referral").check()
    officer.page.fill("#sure", "ERASE")
    officer.page.get_by_role("button", name="Erase this person").click()
    walk.looked(officer, "/erasures/<uuid:entry_id>")
    walk.ids["entry_id"] = officer.page.url.rpartition("/")[2]
    walk.to(officer, "/retention/destroyed/<uuid:entry_id>")


def _administering(walk: Walk, admin: Person) -> None:
    walk.to(admin, "/menu", "/clients", "/clients/new")
    admin.page.fill("#name", "Case system")
    for box in admin.page.locator("input[type=checkbox]").all():
        box.check()
    admin.page.get_by_role("button", name="Register").click()
    walk.looked(admin, "/clients/<uuid:client_id>")


def _directory(walk: Walk, admin: Person, coordinator: Person, records: Records) -> None:
    walk.to(admin, "/directory/sources")
    admin.page.fill("#name", "County")
    admin.page.fill("#url", "https://93.184.215.14/")
    admin.page.get_by_role("button", name="Add").click()
    walk.looked(admin, "/directory/sources/<uuid:source_id>")
    walk.to(coordinator, "/directory/services", "/directory/services/new")
    walk.ids["service_id"] = records.one("SELECT id FROM service WHERE name = 'Friendly visits'")
    walk.to(coordinator, "/directory/services/<uuid:service_id>")
    part = next(
        rule for rule in PAGES if rule.startswith("/directory/services/") and "<any(" in rule
    )
    for name in ("about", "room", "rules", "cover"):
        coordinator.page.goto(
            f"{coordinator.address}/directory/services/{walk.ids['service_id']}/{name}"
        )
        walk.looked(coordinator, part)


def _nearby(walk: Walk, anybody: Person) -> None:
    """The public pages; being signed in changes nothing about them."""
    for then in ("Make a sheet to print", None):
        walk.to(anybody, "/near-me")
        anybody.page.fill("#place", "Mereford")
        anybody.page.fill("#words", "visits")
        anybody.page.get_by_role("button", name="Search").click()
        anybody.see("What we found near Mereford")
        anybody.look()
        if then:
            anybody.page.get_by_role("button", name=then).click()
            anybody.look()
    anybody.page.locator("main a[href^='/near-me/services/']").first.click()
    walk.looked(anybody, "/near-me/services/<uuid:entry_id>")


def _staged(walk: Walk, librarian: Person, running: RunningHub, records: Records) -> None:
    hub = build_hub(load_settings({**running.environ, **records.addresses}))
    try:
        walk.ids["item_id"] = staged(
            hub, records.one("SELECT agency_id FROM staff_user WHERE username = 'librarian'")
        )
    finally:
        hub.registry.close()
        hub.database.dispose()
    walk.to(librarian, "/intake", "/intake/<uuid:item_id>")
