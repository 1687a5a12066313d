"""The published description: valid OpenAPI 3.1, about every route of the API and no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from referral_hub.web.api_docs import Shape, kind
from referral_hub.web.api_operations import OPERATIONS
from referral_hub.web.routes import API
from tests.api.client import Client, register
from tests.api.referring import referral, send

PUBLISHED = {"/api/v1/openapi.json", "/api/v1/docs", "/api/v1/jwks.json"}


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    """A system of Harbour Street Surgery."""
    return register(town)


@pytest.fixture(scope="module")
def described(surgery: Client) -> Any:
    """The description as it is served."""
    return surgery.http.get("/api/v1/openapi.json").get_json()


def test_the_description_is_valid_openapi(described: Any) -> None:
    assert described["openapi"].startswith("3.1")
    validate(described)


def test_every_route_of_the_api_is_described_and_nothing_else(described: Any) -> None:
    routes = {
        (method.lower(), re.sub(r"<\w+:(\w+)>", r"{\1}", route.rule))
        for route in API
        for method in route.methods
        if route.rule not in PUBLISHED
    }
    told = {(method, path) for path, methods in described["paths"].items() for method in methods}
    assert told == routes == {(one.method, one.path) for one in OPERATIONS}


def test_every_operation_names_the_scope_that_its_guard_asks_for() -> None:
    guards = {
        (method.lower(), re.sub(r"<\w+:(\w+)>", r"{\1}", route.rule)): route.guard.label
        for route in API
        for method in route.methods
    }
    for one in OPERATIONS:
        label = guards[one.method, one.path]
        assert label.endswith(one.scope.value if one.scope else "any token"), one.name


def test_names_are_given_once() -> None:
    names = [one.name for one in OPERATIONS]
    assert len(names) == len(set(names))


def test_an_answer_has_the_shape_that_is_told(town: Any, surgery: Client, described: Any) -> None:
    answer = send(surgery, referral(town)).get_json()
    shape = described["components"]["schemas"]["AcceptedAnswer"]
    assert set(answer) == set(shape["required"]) == set(shape["properties"])


def test_the_page_shows_every_operation_and_object_without_anything_from_elsewhere(
    surgery: Client, described: Any
) -> None:
    answer = surgery.http.get("/api/v1/docs")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    for path, methods in described["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
    for name in described["components"]["schemas"]:
        assert f'id="{name}"' in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    assert "style=" not in page
    assert len(page) < 200_000


def test_links_within_the_page_lead_somewhere(surgery: Client) -> None:
    page = surgery.http.get("/api/v1/docs").get_data(as_text=True)
    ids = set(re.findall(r' id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids


def test_what_a_member_may_be_is_said_in_words() -> None:
    assert kind({"type": "array", "items": {"$ref": "#/components/schemas/X"}}) == "list of: #X"
    assert kind({"type": "string", "maxLength": 3}) == "string, at most 3 characters"
    assert kind({"enum": ["a", "b"]}) == "a, b"
    assert Shape("X", "", ()).members == ()


def test_the_description_names_no_place_but_the_hub(described: Any, town: Any) -> None:
    text = json.dumps(described)
    found = set(re.findall(r"https?://[^\"/]+", text))
    assert found <= {town.hub.settings.public_url.rstrip("/")}
    assert str(Path.home()) not in text
