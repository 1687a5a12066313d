"""Every route has the guard that a reviewer expects of it, and the guard is what stands in the way.

A new route without a row in `tests/tables/route_guards.csv` fails here.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from werkzeug.routing import Rule

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Role
from referral_hub.web.routes import ROUTES

TABLE = Path(__file__).parents[1] / "tables" / "route_guards.csv"
STATIC = "/static/<path:filename>"
UNKNOWN = UUID("0190a000-0000-7000-8000-000000000000")
USERS = {
    Role.REFERRER: "gp",
    Role.COORDINATOR: "library",
    Role.COUNCIL_OFFICER: "council",
    Role.DATA_PROTECTION_OFFICER: "surgery-dpo",
    Role.AGENCY_ADMIN: "surgery-admin",
    Role.COMMISSIONER: "council-figures",
}
PROGRAMS = ("partner", "client", "api")
Row = tuple[str, str, str]


def _expected() -> list[Row]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return [(row["method"], row["rule"], row["guard"]) for row in csv.DictReader(file)]


def _actual() -> list[Row]:
    return [(method, route.rule, route.guard.label) for route in ROUTES for method in route.methods]


def _path(rule: str) -> str:
    path, choices, rest = rule.partition("<any(")
    if choices:
        path += rest.partition(",")[0] + rest.partition(">")[2]
    path = path.replace("<token>", "x")
    for converter in ("<uuid:", "<int:", "<path:"):
        while converter in path:
            before, _, rest = path.partition(converter)
            value = str(UNKNOWN) if converter == "<uuid:" else "1"
            path = before + value + rest.partition(">")[2]
    return path


def _staff(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[2].startswith("staff: ")]


def _guarded(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[2] == "signed in" or row[2].startswith("staff: ")]


def _id(row: Row) -> str:
    return f"{row[0]} {row[1]}"


@pytest.fixture(scope="module")
def browsers(town: Any) -> Callable[[Role], Any]:
    """A signed-in browser for each role, made once."""
    made: dict[Role, Any] = {}

    def browser(role: Role) -> Any:
        if role not in made:
            made[role] = town.browser(USERS[role])
        return made[role]

    return browser


def test_the_routes_are_those_of_the_reviewed_table() -> None:
    assert sorted(_actual()) == sorted(_expected())


def test_nothing_is_reachable_that_the_table_of_routes_does_not_name(town: Any) -> None:
    rules = {rule.rule for rule in town.app.url_map.iter_rules()}
    assert rules - {STATIC} == {rule for _, rule, _ in _expected()}


def test_no_route_answers_a_method_that_the_table_does_not_name(town: Any) -> None:
    def methods(rule: Rule) -> set[str]:
        return set(rule.methods or ()) - {"HEAD"}

    answered = {
        (method, rule.rule)
        for rule in town.app.url_map.iter_rules()
        if rule.rule != STATIC
        for method in methods(rule)
    }
    assert answered == {(method, rule) for method, rule, _ in _expected()}


@pytest.mark.parametrize("row", _guarded(_expected()), ids=_id)
def test_nobody_signed_in_is_led_to_sign_in(town: Any, row: Row) -> None:
    browser = town.browser()
    browser.get("/sign-in")
    method, rule, _ = row
    answer = browser.get(_path(rule)) if method == "GET" else browser.post(_path(rule))
    assert answer.status_code == 302
    assert answer.headers["Location"].partition("?")[0] == "/sign-in"


@pytest.mark.parametrize("row", _staff(_expected()), ids=_id)
def test_a_role_without_the_permission_is_refused_before_anything_is_looked_up(
    browsers: Callable[[Role], Any], row: Row
) -> None:
    method, rule, guard = row
    permission = Permission(guard.removeprefix("staff: "))
    for role in USERS:
        if access.allowed(role, permission):
            continue
        browser = browsers(role)
        answer = browser.get(_path(rule)) if method == "GET" else browser.post(_path(rule))
        assert answer.status_code == 403, role


@pytest.mark.parametrize(
    "row",
    [row for row in _expected() if row[0] == "POST" and not row[2].startswith(PROGRAMS)],
    ids=_id,
)
def test_a_form_without_its_token_is_refused(browsers: Callable[[Role], Any], row: Row) -> None:
    client = browsers(Role.REFERRER).client
    assert client.post(_path(row[1]), data={"first_name": "Edith"}).status_code == 400
    assert client.post(_path(row[1]), data={"csrf_token": "x.y.z"}).status_code == 400


@pytest.mark.parametrize("row", _guarded(_expected()), ids=_id)
def test_other_methods_are_not_allowed_and_say_so(town: Any, row: Row) -> None:
    client = town.app.test_client()
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        answer = client.open(
            _path(row[1]), method=method, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code == 405
        assert answer.headers["Allow"]
