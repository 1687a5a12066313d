"""Every id of every agency, on every route of staff, by an agency that is party to nothing.

The addresses are made from the map of routes and the ids from a database with rows in every table,
so that a new route is tried as soon as it is written. What stands there and what never was must get
the same answer, byte for byte, after the same statements: a difference in the work done is what a
difference in time would show, and comparing it does not depend on how busy the machine is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.app import create_app
from referral_hub.domain.codes import AgencyKind, Role
from referral_hub.services.agencies import register_agency
from referral_hub.services.staff_accounts import NewMember, new_account
from referral_hub.web.routes import ROUTES
from tests.hub_bench import Bench, seeded_town, shared_bench
from tests.statements import counting
from tests.store.town import populate
from tests.web.conftest import Browser, Town
from tests.web.test_route_guards import USERS

__all__ = ["seeded_town", "shared_bench"]

TABLES = {
    "draft_id": ("draft",),
    "referral_id": ("referral",),
    "entry_id": ("log_entry",),
    "event_id": ("consent_event",),
    "task_id": ("task",),
    "ticket_id": ("emergency_access",),
    "item_id": ("staged_item", "sharing_agreement", "notice_adoption", "processing_activity"),
    "notification_id": ("notification",),
    "message_id": ("person_message",),
    "import_id": ("csv_import",),
    "link_id": ("concern_link",),
    "outbox_id": ("outbox",),
    "endpoint_id": ("callback_endpoint",),
    "subject_id": ("subject",),
    "appraisal_id": ("appraisal",),
    "hold_id": ("legal_hold",),
    "search_id": ("saved_search",),
    "alert_id": ("emergency_alert",),
    "matter_id": ("matter",),
    "part_id": ("matter_item",),
    "client_id": ("api_client",),
    "key_id": ("api_client_key",),
    "service_id": ("service",),
    "source_id": ("directory_source",),
    "agency_id": ("agency",),
}
EVERYBODYS = {"agency_id": "an operator stops any agency, and a person to ask is any agency"}
OUTSIDERS = {AgencyKind.GP_PRACTICE: "Far Surgery", AgencyKind.COUNCIL: "Far Council"}
SAID_OTHERWISE = {
    ("GET", "/kept/<uuid:draft_id>"): "what is not there leads to the start",
    ("GET", "/duties/requests/people/<uuid:subject_id>"): "a form that shows nothing of anybody",
    ("POST", "/duties/requests/people/<uuid:subject_id>"): "an empty form is told first",
    ("POST", "/refer/<uuid:draft_id>/delete"): "what is not there is deleted: back to the start",
    ("POST", "/retention/people/<uuid:subject_id>"): "an empty form is told first",
    ("POST", "/retention/people/<uuid:subject_id>/hold"): "an empty form is told first",
    (
        "POST",
        "/registers/<any(agreements,notices,activities):register>/<uuid:item_id>/revise",
    ): "an empty form is told first",
}
NEVER = UUID("0190a000-0000-7000-8000-000000000000")
_NAMED = re.compile(r"<(?:(\w+)(\([^)]*\))?:)?(\w+)>")
_PER_REQUEST = {"X-Request-Id", "Date", "Set-Cookie"}
_TOKEN = re.compile(rb'(name="csrf_token" value=")[^"]+')


def _ids_of(rule: str) -> list[str]:
    return [name for kind, _, name in _NAMED.findall(rule) if kind == "uuid"]


CASES = sorted(
    {
        (method, route.rule, route.guard.label)
        for route in ROUTES
        for method in route.methods
        if route.guard.label.startswith(("staff: ", "signed in"))
        and set(_ids_of(route.rule)) - EVERYBODYS.keys()
    }
)


@dataclass
class Looking:
    """Outsiders' browsers, and for each name in an address a few ids of each table."""

    town: Town
    ids: dict[str, list[UUID]]
    browsers: dict[str, Browser] = field(default_factory=dict)

    def at(
        self, username: str, method: str, rule: str, ids: dict[str, UUID]
    ) -> tuple[tuple[Any, ...], list[str]]:
        """What is answered, without the ids themselves, and the statements that it took."""
        if username not in self.browsers:
            self.browsers[username] = self.town.browser(username)
        browser, path = self.browsers[username], _path(rule, ids)
        with counting(self.town.hub.database) as statements:
            answer = browser.get(path) if method == "GET" else browser.post(path)
        return _told(answer, ids), statements


@pytest.fixture(scope="module")
def looking(shared_bench: Bench) -> Looking:
    """A full town, a few ids of each table, and two agencies that joined after all that."""
    bench = shared_bench
    populate(bench)
    found = {
        name: [
            row["id"]
            for table in tables
            for row in bench.rows(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 3")  # noqa: S608 - names of tables above
        ]
        for name, tables in TABLES.items()
    }
    for kind, name in OUTSIDERS.items():
        agency_id = register_agency(bench.hub, name, kind)
        for role in USERS:
            member = NewMember(f"{kind}-{role}", "Somebody", role)
            new_account(bench.hub, agency_id, member, password_hash="", at=bench.clock())
    app = create_app(bench.hub)
    app.testing = False
    return Looking(Town(bench.hub, app, bench.clock, bench.url), found)  # type: ignore[arg-type]  # another clock that tests move


def _who(label: str) -> list[str]:
    if label == "signed in":
        return [f"{kind}-{Role.REFERRER}" for kind in OUTSIDERS]
    permission = Permission(label.removeprefix("staff: "))
    roles = [role for role in USERS if access.allowed(role, permission)]
    return [f"{kind}-{role}" for kind in OUTSIDERS for role in roles]


def _path(rule: str, ids: dict[str, UUID]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, choices, name = found.groups()
        if kind == "uuid":
            return str(ids[name])
        return choices[1:-1].split(",")[0] if choices else "1"

    return _NAMED.sub(value, rule)


def _told(answer: TestResponse, ids: dict[str, UUID]) -> tuple[Any, ...]:
    body = _TOKEN.sub(rb"\1", answer.get_data())
    for one in ids.values():
        body = body.replace(str(one).encode(), b"an id")
    headers = [pair for pair in answer.headers if pair[0] not in _PER_REQUEST]
    return answer.status_code, body, headers


def test_every_name_in_an_address_has_ids_to_try(looking: Looking) -> None:
    assert CASES
    used = {name for _, rule, _ in CASES for name in _ids_of(rule)}
    assert used <= TABLES.keys()
    assert {name for name in used if not looking.ids[name]} == set()


@pytest.mark.parametrize(("method", "rule", "label"), CASES)
def test_what_is_another_agencys_and_what_never_was_are_alike(
    looking: Looking, method: str, rule: str, label: str
) -> None:
    names = _ids_of(rule)
    for username in _who(label):
        never = looking.at(username, method, rule, dict.fromkeys(names, NEVER))
        for number in range(max(len(looking.ids[name]) for name in names)):
            theirs = {name: looking.ids[name][number % len(looking.ids[name])] for name in names}
            assert looking.at(username, method, rule, theirs) == never, (username, theirs)
        assert never[0][0] == 404 or (method, rule) in SAID_OTHERWISE, (username, never[0])
