"""Every page of the map, in a real browser, at both widths: axe finds nothing, nothing is too wide.

The map is `web/routes.py`, so a page that nobody looks at fails here by its rule. What is no page
(files, answers to programs) is named with its reason, and so is what another journey walks through.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from referral_hub.clock import system_clock
from referral_hub.embedded.places import socket_directory
from referral_hub.settings import load_settings
from referral_hub.web.journey import NAMES
from referral_hub.web.routes import ROUTES
from referral_hub.wiring import build_hub
from tests.journeys.people import Person, fill_in, refer
from tests.journeys.started import RunningHub
from tests.journeys.test_deciding import begin, send
from tests.staging import staged

Sign = Callable[..., Person]
NEIGHBOURS, MENTORS = "Mereford Good Neighbours", "Common Ground Peer Mentors"
LONELY = {"needs": ("Lonely or isolated",), "agencies": (NEIGHBOURS,)}
FILES_AND_ANSWERS = {
    "/healthz": "for a load balancer",
    "/readyz": "for a load balancer",
    "/log/checkpoint": "a signed note",
    "/log/tile/<path:path>": "bytes of the log",
    "/referrals/<uuid:referral_id>/receipts/<uuid:entry_id>": "a file",
    "/tasks/<uuid:task_id>/receipts/<uuid:entry_id>": "a file",
    "/log/entries/<uuid:entry_id>/receipt": "a file",
    "/erasures/<uuid:entry_id>/certificate": "a file",
    "/agreements/<uuid:event_id>/files/<path:name>": "a file",
    "/registers/files/<path:name>": "a file",
}
FOR_PROGRAMS = ("/partner/", "/fhir/", "/api/", "/oauth/", "/.well-known/")
IN_ANOTHER_JOURNEY = {
    "/duties/<uuid:matter_id>": "test_officer_duties.py",
    "/duties/<uuid:matter_id>/exposed": "test_officer_duties.py",
    "/duties/<uuid:matter_id>/records": "test_officer_duties.py",
    "/duties/<uuid:matter_id>/steps/<event>": "test_officer_duties.py",
    "/imports": "test_doors.py",
    "/imports/<uuid:import_id>": "test_doors.py",
    "/concern-links": "test_doors.py",
    "/concern/<secret>": "test_doors.py",
    "/link/<token>": "test_one_time_link.py",
    "/visits/<uuid:invitation_id>": "test_one_time_link.py",
    "/reached": "test_ways_out.py",
    "/callbacks": "test_ways_out.py",
    "/deliveries": "test_ways_out.py",
    "/field-order": "test_ways_out.py",
    "/tasks/table": "test_ways_out.py",
}
NOT_WALKED_YET = {
    "/registers",
    "/registers/details",
    "/registers/<any(agreements,notices,activities):register>/add",
    "/registers/<any(agreements,notices,activities):register>/<uuid:item_id>",
    "/log/searches",
    "/log/refusals",
    "/imports/columns",
    "/concern-links/<uuid:link_id>/sheet",
    "/concern/<secret>/sent",
    "/link-sent",
    "/left",
    "/visits/<uuid:invitation_id>/<any(accept,contact,close,ask,decline):name>",
}
PAGES = {
    route.rule
    for route in ROUTES
    if "GET" in route.methods
    and not route.rule.startswith(FOR_PROGRAMS)
    and route.rule not in FILES_AND_ANSWERS
    and route.rule not in IN_ANOTHER_JOURNEY
    and route.rule not in NOT_WALKED_YET
}
_FORM = next(rule for rule in PAGES if rule.startswith("/refer/") and "<any(" in rule)

pytestmark = pytest.mark.slow


class Walk:
    """Goes to pages by the map's own rules, and keeps which were held against axe."""

    def __init__(self, ids: dict[str, UUID]) -> None:
        self.ids = ids
        self.seen: set[str] = set()
        self.form_pages: set[str] = set()

    def to(self, who: Person, *rules: str) -> None:
        """Open each page and look at it; it must be the page itself, with status 200."""
        for rule in rules:
            answer = who.page.goto(who.address + self._address(rule))
            assert answer is not None
            assert answer.status == 200, f"{rule}: {answer.status}"
            self.looked(who, rule)

    def looked(self, who: Person, rule: str) -> None:
        """Look at the page that is open, and count it."""
        who.look()
        self.seen.add(rule)

    def form(self, who: Person, names: Iterable[str]) -> None:
        """Open pages of the draft by name."""
        for name in names:
            at = f"/refer/{self.ids['draft_id']}/{name}"
            answer = who.page.goto(who.address + at)
            assert who.page.url.endswith(at), f"{name} is not open: {who.page.url}"
            assert answer is not None
            assert answer.status == 200
            self.form_looked(who, name)

    def form_looked(self, who: Person, name: str) -> None:
        """Look at the form's page that is open, and count it."""
        assert f"/{name}" in who.page.url, who.page.url
        self.looked(who, _FORM)
        self.form_pages.add(name)

    def _address(self, rule: str) -> str:
        return re.sub(r"<uuid:(\w+)>", lambda found: str(self.ids[found[1]]), rule)


class Records:
    """The hub's database, read as its superuser for ids that no page shows."""

    def __init__(self, hub: RunningHub) -> None:
        directory = socket_directory(Path(hub.environ["HUB_DATA"]))
        self._url = f"postgresql://postgres@/hub?host={directory}"
        self.addresses = {
            "DATABASE_URL": f"postgresql://hub@/hub?host={directory}",
            "REDIS_URL": f"unix://{directory}/redis.sock",
        }

    def one(self, query: str, *values: object) -> UUID:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        assert row is not None, query
        return UUID(str(row[0]))

    def expire_sign_ins(self, username: str) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                "UPDATE staff_session SET last_seen_at = last_seen_at - interval '1 day'"
                " WHERE user_id = (SELECT id FROM staff_user WHERE username = %s)",
                [username],
            )


def test_no_page_of_the_map_has_a_fault_that_axe_finds(
    person: Sign, running_hub: RunningHub
) -> None:
    records, walk = Records(running_hub), Walk({})
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
    _officers(walk, person("surgery-dpo"), records)
    _erasing(walk, person("gp"), person("surgery-dpo"), records)
    _administering(walk, person("surgery-admin"))
    _staged(walk, person("librarian"), running_hub, records)

    assert PAGES - walk.seen == set()
    assert set(NAMES) - walk.form_pages == set()


def test_what_is_not_walked_here_is_in_the_map_and_said_once() -> None:
    rules = {route.rule for route in ROUTES}
    assert FILES_AND_ANSWERS.keys() <= rules
    assert IN_ANOTHER_JOURNEY.keys() | NOT_WALKED_YET <= rules
    for journey in IN_ANOTHER_JOURNEY.values():
        assert (Path(__file__).parent / journey).exists()


def _referring(walk: Walk, gp: Person) -> None:
    walk.to(gp, "/welcome", "/cookies", "/accessibility", "/sign-out", "/refer", "/referrals")
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
    walk.to(neighbours, f"{task}/emergency")
    neighbours.page.locator("input[name=cause]").first.check()
    neighbours.page.fill("#reason", "She does not answer the door and a neighbour heard a fall")
    neighbours.page.locator("input[name=confirmed]").check()
    neighbours.page.get_by_role("button").last.click()
    neighbours.look()
    neighbours.page.goto(f"{neighbours.address}/tasks/{walk.ids['task_id']}/accept")
    neighbours.press("Accept referral")
    walk.to(neighbours, f"{task}/contact", f"{task}/close")


def _sent(walk: Walk, gp: Person, records: Records) -> None:
    referral = "/referrals/<uuid:referral_id>"
    walk.ids["event_id"] = records.one(
        "SELECT id FROM consent_event WHERE subject_id = %s", walk.ids["subject_id"]
    )
    below = ("", "/sent", "/agreement", "/agreements", "/copy", "/withdraw", "/death", "/changed")
    walk.to(gp, *(referral + end for end in below))
    walk.to(gp, f"{referral}/changed/sharing", f"{referral}/changed/fact")
    walk.to(gp, "/agreements/<uuid:event_id>", "/agreements/<uuid:event_id>/copy")


def _overseeing(walk: Walk, gp: Person, council: Person, records: Records) -> None:
    walk.to(council, "/council", "/council/undelivered")
    walk.to(council, "/council/referrals/<uuid:referral_id>")
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
    walk.ids["referral_id"] = ours


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
    walk.to(officer, "/erasures/people/<uuid:subject_id>")
    officer.page.fill("#sure", "ERASE")
    officer.page.get_by_role("button", name="Erase this person").click()
    walk.looked(officer, "/erasures/<uuid:entry_id>")
    walk.ids["entry_id"] = officer.page.url.rpartition("/")[2]
    walk.to(officer, "/retention/destroyed/<uuid:entry_id>")


def _administering(walk: Walk, admin: Person) -> None:
    walk.to(admin, "/clients", "/clients/new")
    admin.page.fill("#name", "Case system")
    for box in admin.page.locator("input[type=checkbox]").all():
        box.check()
    admin.page.get_by_role("button", name="Register").click()
    walk.looked(admin, "/clients/<uuid:client_id>")


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
