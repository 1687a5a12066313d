"""Every address of the API and of the authorisation server, against what must not get in.

The addresses are walked from the application's own map: one that is new is tried with all of this,
and fails where it has no body of its own below.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from referral_hub.domain.codes import Scope
from referral_hub.services.deliver import drain
from referral_hub.web.routes import API, AUTHORISING
from tests.api.client import FORM, Client, register
from tests.api.referring import JOSE, JSON, agencies, count, referral, send

NEVER = UUID("0190a000-0000-7000-8000-000000000000")
ROUTES = [
    (method, route.rule, route.guard.label)
    for route in (*API, *AUTHORISING)
    for method in route.methods
]
GUARDED = [row for row in ROUTES if row[2].startswith("api")]
POSTS = [row for row in ROUTES if row[0] == "POST"]
JSON_POSTS = [row for row in GUARDED if row[0] == "POST"]
WITH_IDS = [row for row in GUARDED if "<uuid:" in row[1]]
PER_REQUEST = {"X-Request-Id", "Date", "RateLimit"}
TABLES = ("referral", "consent_event", "task_event", "message", "idempotency_key", "log_entry")
SUITE = "json-test-suite/test_parsing"


def _id(row: tuple[str, str, str]) -> str:
    return f"{row[0]} {row[1]}"


@pytest.fixture(scope="module")
def surgery(patient_town: Any) -> Client:
    """A system of Harbour Street Surgery, which sends."""
    return register(patient_town)


@pytest.fixture(scope="module")
def council(patient_town: Any) -> Client:
    """A system of another agency."""
    return register(patient_town, "council-admin")


@pytest.fixture(scope="module")
def tokens(surgery: Client, council: Client) -> dict[UUID, str]:
    """A token of each."""
    return {surgery.id: surgery.token(), council.id: council.token()}


@pytest.fixture(scope="module")
def theirs(patient_town: Any, surgery: Client, tokens: dict[UUID, str]) -> dict[str, str]:
    """Ids of the surgery's that the council's system must not learn of, by name.

    The referral went to the peer mentors' inbox; the council is neither its sender nor its
    recipient, although it is accountable for the area.
    """
    body = referral(patient_town, to=("mentors",))
    told = send(surgery, body, token=tokens[surgery.id]).get_json()
    drain(patient_town.hub)
    with patient_town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT t.id AS task_id, c.id AS consent_id, c.entry_id FROM task t"
            " JOIN consent_event c ON c.referral_id = t.referral_id WHERE t.referral_id = %s",
            (told["id"],),
        ).first()
    assert row is not None
    return {
        "referral_id": told["id"],
        "task_id": str(row.task_id),
        "consent_id": str(row.consent_id),
        "entry_id": str(row.entry_id),
    }


def _body(town: Any, rule: str) -> dict[str, Any]:
    """A good body for a POST; a route without one here fails."""
    said = referral(town)["agreement"]
    by_ending: dict[str, dict[str, Any]] = {
        "/api/v1/referrals": referral(town),
        "/api/v1/consents": said | {"referral": str(NEVER)},
        "/withdraw": {},
        "/open": {},
        "/accept": {"note": "Gladly"},
        "/decline": {"reason": "no_capacity"},
        "/ask": {"question": "Is there a dog?"},
        "/contact": {},
        "/close": {"outcome": "helped", "person_told": True, "next_step": "Nothing more"},
    }
    return next(body for ending, body in by_ending.items() if rule.endswith(ending))


def _path(rule: str, ids: dict[str, str] | None = None) -> str:
    path = rule
    for name in ("referral_id", "task_id", "consent_id", "entry_id"):
        path = path.replace(f"<uuid:{name}>", (ids or {}).get(name, str(NEVER)))
    assert "<" not in path, "a kind of id that this test does not know"
    return path


def _call(
    client: Client,
    row: tuple[str, str, str],
    *,
    token: str | None,
    data: bytes = b"",
    content_type: str | None = None,
    ids: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> TestResponse:
    sent = {"Idempotency-Key": "k" * 20, **(headers or {})}
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return client.http.open(
        _path(row[1], ids), method=row[0], data=data, content_type=content_type, headers=sent
    )


def _same(answer: TestResponse) -> tuple[Any, ...]:
    headers = sorted(pair for pair in answer.headers if pair[0] not in PER_REQUEST)
    return answer.status_code, answer.get_data(), headers


def _good(town: Any, row: tuple[str, str, str]) -> dict[str, Any]:
    if row[0] != "POST":
        return {}
    return {"data": json.dumps(_body(town, row[1])).encode(), "content_type": JSON}


def test_the_application_has_no_address_of_these_that_is_not_tried_here(town: Any) -> None:
    rules = {
        rule.rule
        for rule in town.app.url_map.iter_rules()
        if rule.rule.startswith(("/api/", "/oauth/", "/.well-known/"))
    }
    assert rules == {row[1] for row in ROUTES}


@pytest.mark.parametrize("row", GUARDED, ids=_id)
def test_nobody_gets_in_without_a_token_in_force(
    patient_town: Any, surgery: Client, row: tuple[str, str, str]
) -> None:
    made_up = "A" * 96
    for token in (None, "", "x", made_up, "é", f"{made_up} {made_up}"):
        answer = _call(surgery, row, token=token, **_good(patient_town, row))
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
    for scheme in ("Basic eDp5", "bearer", "DPoP " + made_up):
        headers = {"Authorization": scheme}
        answer = _call(surgery, row, token=None, headers=headers, **_good(patient_town, row))
        assert answer.status_code == 401


@pytest.mark.parametrize("row", GUARDED, ids=_id)
def test_a_token_without_the_scope_reaches_nothing(
    patient_town: Any, row: tuple[str, str, str]
) -> None:
    needed = row[2].rpartition(": ")[2]
    if needed == "any token":
        return
    client = register(patient_town, scopes=[scope for scope in Scope if scope != needed])
    answer = _call(client, row, token=client.token(), **_good(patient_town, row))
    assert answer.status_code == 403
    assert needed in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("row", WITH_IDS, ids=_id)
def test_another_agencys_id_is_not_there(
    patient_town: Any,
    council: Client,
    tokens: dict[UUID, str],
    theirs: dict[str, str],
    row: tuple[str, str, str],
) -> None:
    before = {table: count(patient_town, table) for table in TABLES}
    good = _good(patient_town, row)
    found = _call(council, row, token=tokens[council.id], ids=theirs, **good)
    never = _call(council, row, token=tokens[council.id], **good)
    assert found.status_code == 404
    assert _same(found) == _same(never)
    assert {table: count(patient_town, table) for table in TABLES} == before


def test_another_agencys_referral_takes_no_consent(
    patient_town: Any, council: Client, tokens: dict[UUID, str], theirs: dict[str, str]
) -> None:
    row = ("POST", "/api/v1/consents", "")
    said = referral(patient_town)["agreement"]
    bodies = [said | {"referral": one} for one in (theirs["referral_id"], str(NEVER))]
    found, never = (
        _call(
            council, row, token=tokens[council.id], data=json.dumps(b).encode(), content_type=JSON
        )
        for b in bodies
    )
    assert found.status_code == 404
    assert _same(found) == _same(never)


@pytest.mark.parametrize("row", WITH_IDS, ids=_id)
@pytest.mark.parametrize("malformed", ["1", "x", "%00", "..%2f..", str(NEVER)[:-1]])
def test_a_malformed_id_is_not_there_either(
    patient_town: Any,
    council: Client,
    tokens: dict[UUID, str],
    row: tuple[str, str, str],
    malformed: str,
) -> None:
    ids = dict.fromkeys(("referral_id", "task_id", "consent_id", "entry_id"), malformed)
    answer = _call(council, row, token=tokens[council.id], ids=ids, **_good(patient_town, row))
    assert answer.status_code == 404


@pytest.mark.parametrize("row", JSON_POSTS, ids=_id)
@pytest.mark.parametrize(
    "content_type",
    [
        "text/xml",
        "application/xml",
        "application/fhir+xml",
        "text/plain",
        FORM,
        "multipart/form-data; boundary=x",
        "application/json5",
        "",
    ],
)
def test_another_content_type_is_refused(
    surgery: Client,
    tokens: dict[UUID, str],
    row: tuple[str, str, str],
    content_type: str,
) -> None:
    answer = _call(surgery, row, token=tokens[surgery.id], data=b"<x/>", content_type=content_type)
    assert answer.status_code == 415


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "deep": b"[" * 10_000,
    "deep objects": b'{"a":' * 4_000 + b"1" + b"}" * 4_000,
    "long": b'{"why": "' + b"x" * 300_000 + b'"}',
    "NaN": b'{"why": NaN}',
    "Infinity": b'{"why": -Infinity}',
    "a huge number": b'{"why": 1e999}',
    "many digits": b'{"why": ' + b"9" * 10_000 + b"}",
    "a name twice": b'{"why": "x", "why": "y"}',
    "UTF-16": '{"why": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a character": b'{"\\ud800": "\\udfff"}',
    "a zero byte": b'{"why": "\\u0000"}',
    "a list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "members of every object": b'{"__proto__": {}, "constructor": {}, "class": 1}',
    "a role": b'{"role": "agency_admin", "agency_id": "x", "state": "accepted"}',
    "a thousand members": json.dumps({str(n): n for n in range(1_000)}).encode(),
}


@pytest.mark.parametrize("row", JSON_POSTS, ids=_id)
def test_hostile_bodies_are_refused_within_a_second_and_leave_nothing(
    patient_town: Any, surgery: Client, tokens: dict[UUID, str], row: tuple[str, str, str]
) -> None:
    before = {table: count(patient_town, table) for table in TABLES}
    for name, data in HOSTILE.items():
        began = time.process_time()
        answer = _call(surgery, row, token=tokens[surgery.id], data=data, content_type=JSON)
        assert time.process_time() - began < 1, name
        assert answer.status_code in {400, 413}, name
        assert answer.content_type == "application/problem+json", name
    assert {table: count(patient_town, table) for table in TABLES} == before


@pytest.mark.parametrize("row", POSTS, ids=_id)
def test_every_body_of_the_json_test_suite_is_answered_and_leaves_nothing(
    patient_town: Any,
    surgery: Client,
    tokens: dict[UUID, str],
    external_data: Path,
    row: tuple[str, str, str],
) -> None:
    before = {table: count(patient_town, table) for table in TABLES}
    bodies = sorted((external_data / SUITE).glob("*.json"))
    assert len(bodies) > 300
    for file in bodies:
        data = file.read_bytes()
        answer = _call(surgery, row, token=tokens[surgery.id], data=data, content_type=JSON)
        empty = data.strip() == b"{}" and row[1].endswith(
            ("/withdraw", "/accept", "/contact", "/open")
        )
        allowed = {404} if empty else {400, 413}
        assert answer.status_code in allowed, file.name
        if "/api/" in row[1]:
            sealed = _call(surgery, row, token=tokens[surgery.id], data=data, content_type=JOSE)
            assert sealed.status_code in {400, 413, 415}, file.name
    assert {table: count(patient_town, table) for table in TABLES} == before


@pytest.mark.parametrize("row", ROUTES, ids=_id)
def test_other_methods_are_not_allowed(
    surgery: Client, tokens: dict[UUID, str], row: tuple[str, str, str]
) -> None:
    answered = {method for method, rule, _ in ROUTES if rule == row[1]} | {"HEAD"}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - answered:
        other = (method, row[1], row[2])
        override = {"X-HTTP-Method-Override": row[0], "X-Method-Override": row[0]}
        answer = _call(
            surgery, other, token=tokens[surgery.id], content_type=JSON, headers=override
        )
        assert answer.status_code == 405
        assert row[0] in answer.headers["Allow"]


@pytest.mark.parametrize("row", GUARDED, ids=_id)
def test_unknown_parameters_are_errors(
    patient_town: Any, surgery: Client, tokens: dict[UUID, str], row: tuple[str, str, str]
) -> None:
    for query in ("_sort=id", "before=x", "since=1&since=2", "agency=1"):
        answer = surgery.http.open(
            f"{_path(row[1])}?{query}",
            method=row[0],
            headers={
                "Authorization": f"Bearer {tokens[surgery.id]}",
                "Idempotency-Key": "q" * 20,
            },
            **_good(patient_town, row),
        )
        assert answer.status_code == 400, query


def test_a_foreign_idempotency_key_tells_nothing(
    patient_town: Any, surgery: Client, council: Client, tokens: dict[UUID, str]
) -> None:
    body = referral(patient_town)
    first = send(surgery, body, key="shared-key-1", token=tokens[surgery.id])
    foreign = send(council, body, key="shared-key-1", token=tokens[council.id])
    fresh = send(council, body, key="shared-key-2", token=tokens[council.id])
    assert foreign.status_code == fresh.status_code == 202
    assert "Idempotency-Replayed" not in foreign.headers
    assert foreign.get_json()["id"] != first.get_json()["id"]
    assert agencies(patient_town)["surgery"] not in foreign.get_data(as_text=True)
