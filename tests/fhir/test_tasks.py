"""A recipient's client finds its tasks over FHIR and answers them; nobody else's are there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from adapters.formats.fhir import codes
from referral_hub.services.deliver import drain
from referral_hub.services.erase_person import erase_person
from tests.adapters.fhir.messages import resource
from tests.api.client import Client, register
from tests.fhir.test_messages import a_message, cancelling, outcome, post, schema, valid

__all__ = ["schema"]
PATCH = "application/json-patch+json"


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    return register(town)


@pytest.fixture(scope="module")
def neighbours(town: Any) -> Client:
    return register(town, "neighbours")


@pytest.fixture
def task_id(town: Any, surgery: Client, neighbours: Client) -> str:
    """A task that has just reached the neighbours."""
    assert post(surgery, a_message(town), token=surgery.token()).status_code == 200
    drain(town.hub)
    found = get(neighbours, "/fhir/R4/Task?status=requested").get_json()
    newest: str = found["entry"][0]["resource"]["id"]
    return newest


def get(client: Client, path: str) -> TestResponse:
    return client.http.get(path, headers={"Authorization": f"Bearer {client.token()}"})


def patch(client: Client, task_id: str, operations: Any, **headers: str) -> TestResponse:
    return client.http.patch(
        f"/fhir/R4/Task/{task_id}",
        data=json.dumps(operations),
        content_type=PATCH,
        headers={"Authorization": f"Bearer {client.token()}", **headers},
    )


def status(value: str) -> dict[str, Any]:
    return {"op": "replace", "path": "/status", "value": value}


def test_a_task_is_found_read_and_answered_until_it_is_completed(
    neighbours: Client, task_id: str, schema: dict[str, Any]
) -> None:
    read = get(neighbours, f"/fhir/R4/Task/{task_id}")
    assert valid(schema, read.get_json())["status"] == "requested"
    accepted = patch(
        neighbours, task_id, [status("accepted")], **{"If-Match": read.headers["ETag"]}
    )
    assert valid(schema, accepted.get_json())["status"] == "accepted"
    begun = patch(neighbours, task_id, [status("in-progress")])
    assert begun.get_json()["status"] == "in-progress"
    ended = patch(
        neighbours,
        task_id,
        [
            status("completed"),
            {"op": "add", "path": "/note", "value": [{"text": "Weekly visits go on"}]},
            {
                "op": "add",
                "path": "/output",
                "value": [
                    {
                        "type": {"text": "outcome"},
                        "valueCodeableConcept": {
                            "coding": [{"system": codes.HUB_OUTCOME, "code": "helped"}]
                        },
                    }
                ],
            },
            {
                "op": "add",
                "path": "/extension",
                "value": [{"url": codes.PERSON_TOLD, "valueBoolean": True}],
            },
        ],
    )
    told = valid(schema, ended.get_json())
    assert told["status"] == "completed"
    assert told["output"][0]["valueCodeableConcept"]["coding"][0]["code"] == "helped"


def test_a_decline_needs_its_reason(neighbours: Client, task_id: str) -> None:
    outcome(patch(neighbours, task_id, [status("rejected")]), 400)
    reason = {"coding": [{"system": codes.HUB_DECLINE, "code": "no_capacity"}]}
    declined = patch(
        neighbours,
        task_id,
        [status("rejected"), {"op": "add", "path": "/statusReason", "value": reason}],
    )
    assert declined.get_json()["statusReason"]["coding"][0]["code"] == "no_capacity"


def test_an_answer_to_an_older_version_or_status_is_refused(
    neighbours: Client, task_id: str
) -> None:
    outcome(patch(neighbours, task_id, [status("accepted")], **{"If-Match": 'W/"99"'}), 412)
    stale = [{"op": "test", "path": "/status", "value": "accepted"}, status("in-progress")]
    outcome(patch(neighbours, task_id, stale), 412)


def test_a_question_stops_the_clock(neighbours: Client, task_id: str) -> None:
    asked = patch(
        neighbours,
        task_id,
        [status("on-hold"), {"op": "add", "path": "/note/-", "value": {"text": "Which floor?"}}],
    )
    assert asked.get_json()["status"] == "on-hold"


def test_a_task_is_not_there_for_anybody_else(
    town: Any, surgery: Client, neighbours: Client, task_id: str
) -> None:
    other = register(town, "mentors")
    nowhere = "0197a1d2-4f3c-7b6e-9c51-2f6f6a4e8d10"
    for one in (task_id, nowhere):
        outcome(get(other, f"/fhir/R4/Task/{one}"), 404)
        outcome(patch(other, one, [status("accepted")]), 404)
    assert (
        get(other, f"/fhir/R4/Task/{task_id}").get_data()
        == get(other, f"/fhir/R4/Task/{nowhere}").get_data()
    )
    assert "entry" not in get(other, "/fhir/R4/Task").get_json()
    sent = get(neighbours, f"/fhir/R4/Task/{task_id}").get_json()["focus"]["reference"]
    outcome(get(other, f"/fhir/R4/{sent}"), 404)
    outcome(get(other, f"/fhir/R4/Task?focus={sent}"), 404)
    assert get(surgery, f"/fhir/R4/{sent}").status_code == 200


def test_a_recipient_may_answer_by_message(
    neighbours: Client, task_id: str, schema: dict[str, Any]
) -> None:
    task = get(neighbours, f"/fhir/R4/Task/{task_id}").get_json() | {"status": "accepted"}
    message = {
        "resourceType": "Bundle",
        "type": "message",
        "entry": [
            {
                "fullUrl": "urn:uuid:1",
                "resource": {
                    "resourceType": "MessageHeader",
                    "eventCoding": {"system": codes.EVENTS, "code": codes.RESPONSE},
                    "source": {"endpoint": "https://neighbours.example"},
                    "reason": {"coding": [{"system": codes.REASONS, "code": "update"}]},
                    "focus": [{"reference": "urn:uuid:2"}],
                },
            },
            {"fullUrl": "urn:uuid:2", "resource": task},
        ],
    }
    answer = post(neighbours, message, token=neighbours.token())
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert resource(valid(schema, answer.get_json()), "Task")["status"] == "accepted"


@pytest.mark.parametrize(
    "query", ["?status=gone", "?colour=blue", "?page=nonsense", "?_id=nonsense", "?focus=nonsense"]
)
def test_a_search_that_cannot_be_answered_says_so(neighbours: Client, query: str) -> None:
    answer = get(neighbours, f"/fhir/R4/Task{query}")
    outcome(answer, answer.status_code)
    assert answer.status_code in {400, 404}


def test_the_statement_of_capabilities_is_public_and_valid(
    surgery: Client, schema: dict[str, Any]
) -> None:
    told = valid(schema, surgery.http.get("/fhir/R4/metadata").get_json())
    assert told["fhirVersion"].startswith("4.0")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/fhir/R4/Nothing", 404),
        ("PUT", "/fhir/R4/Task/x", 404),
        ("DELETE", "/fhir/R4/metadata", 405),
        ("GET", "/fhir/R4/$process-message", 405),
    ],
)
def test_whatever_is_wrong_is_an_outcome(
    surgery: Client, method: str, path: str, expected: int
) -> None:
    outcome(surgery.http.open(path, method=method), expected)


KEPT = {"url": "https://surgery.example/fhir/fund", "valueString": "Funded by Quillon"}


def test_what_the_hub_does_not_use_is_sealed_and_comes_back_as_it_came(
    town: Any, surgery: Client, schema: dict[str, Any]
) -> None:
    sent, token = a_message(town), surgery.token()
    resource(sent, "ServiceRequest")["extension"] = [KEPT]
    resource(sent, "Patient")["extension"] = [KEPT | {"valueString": "Patient’s"}]
    resource(sent, "Consent").setdefault("extension", []).append(KEPT)
    answer = post(surgery, sent, token=token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    accepted = next(
        entry["resource"]
        for entry in answer.get_json()["entry"]
        if entry["resource"]["resourceType"] == "ServiceRequest"
    )
    read = get(surgery, f"/fhir/R4/ServiceRequest/{accepted['id']}")
    for request in (accepted, read.get_json()):
        valid(schema, request)
        assert request["extension"] == [KEPT]
        assert request["subject"]["extension"][0]["valueString"] == "Patient’s"
        assert request["supportingInfo"][0]["extension"] == [KEPT]
        assert request["code"] == resource(sent, "ServiceRequest")["code"]
    with town.hub.database.working() as connection:
        stored = connection.execute(text("SELECT string_agg(k::text, '') FROM idempotency_key k"))
        assert "Quillon" not in str(stored.scalar())
        views = connection.execute(
            text("SELECT count(*) FROM log_entry WHERE type = 'view' AND referral_id = :id"),
            {"id": accepted["id"]},
        )
        assert views.scalar() == 1
        person = connection.execute(
            text("SELECT subject_id FROM referral WHERE id = :id"), {"id": accepted["id"]}
        ).scalar_one()
    erase_person(town.hub, town.actor("surgery-dpo"), person)
    read = get(surgery, f"/fhir/R4/ServiceRequest/{accepted['id']}")
    assert read.status_code == 200, read.get_data(as_text=True)
    assert "extension" not in read.get_json()
    assert post(surgery, cancelling(sent), token=token).status_code in {404, 409}
