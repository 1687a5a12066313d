"""FHIR messages over the real application: taken on, held, refused, repeated, changed, answered."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator
from werkzeug.test import TestResponse

from adapters.formats.fhir import codes
from referral_hub.domain.codes import Scope
from referral_hub.services.deliver import drain
from tests.adapters.fhir.messages import a_request, resource, without
from tests.api.client import Client, register
from tests.api.referring import agencies, count
from tests.statements import counting

PATH = "/fhir/R4/$process-message"
FHIR = codes.CONTENT_TYPE
Bundle = dict[str, Any]


@pytest.fixture(scope="module")
def surgery(town: Any) -> Client:
    return register(town)


@pytest.fixture(scope="module")
def token(surgery: Client) -> str:
    return surgery.token()


@pytest.fixture(scope="module")
def schema(external_data: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((external_data / "fhir-r4" / "fhir.schema.json").read_text())
    return read


def a_message(town: Any, *, to: tuple[str, ...] = ("neighbours",)) -> Bundle:
    """A message that names the town's agencies, with ids that nothing else has."""
    bundle = a_request()
    known = agencies(town)
    bundle["id"] = str(uuid.uuid4())
    resource(bundle, "ServiceRequest")["identifier"][0]["value"] = uuid.uuid4().hex
    resource(bundle, "ServiceRequest")["reasonCode"] = [
        {"coding": [{"system": codes.HUB_NEED, "code": "lonely"}], "text": "Low mood"}
    ]
    resource(bundle, "Patient")["address"][0]["district"] = "MF-HAR"
    resource(bundle, "Patient")["address"][0]["postalCode"] = "MF1 2AB"
    resource(bundle, "Patient")["extension"] = []
    del resource(bundle, "Patient")["communication"]
    del resource(bundle, "Patient")["extension"]
    del resource(bundle, "Patient")["identifier"]
    consent = resource(bundle, "Consent")
    consent["provision"]["class"] = [
        {"system": codes.HUB_DATA_CLASS, "code": one}
        for one in ("identity", "contact", "need", "access_needs")
    ]
    consent["provision"]["period"]["end"] = f"{town.hub.clock().year + 1}-01-01"
    consent["provision"]["actor"] = [
        {
            "role": {"coding": [{"system": codes.PARTICIPATION, "code": "IRCP"}]},
            "reference": {"identifier": {"system": codes.HUB_AGENCY, "value": known[one]}},
        }
        for one in to
    ]
    return bundle


def post(
    client: Client, body: Any, *, token: str, path: str = PATH, kind: str = FHIR, **headers: str
) -> TestResponse:
    sent = {
        "Authorization": f"Bearer {token}",
        "X-Request-Id": str(uuid.uuid4()),
        "X-Correlation-Id": str(uuid.uuid4()),
        **headers,
    }
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.http.post(path, data=data, content_type=kind, headers=sent)


def valid(schema: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """`made`, which is valid by the official schema, with everything in it."""
    for one in (made, *(entry["resource"] for entry in made.get("entry", ()))):
        kind = {"$ref": f"#/definitions/{one['resourceType']}"}
        found = Draft6Validator({"definitions": schema["definitions"], **kind})
        assert not [error.json_path for error in found.iter_errors(one)]
    return made


def outcome(answer: TestResponse, status: int) -> list[dict[str, Any]]:
    """The issues of an OperationOutcome with that status, which is no HTML and no problem."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == FHIR
    told = answer.get_json()
    assert told["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = told["issue"]
    assert issues
    return issues


def test_a_message_is_taken_on_and_answered_by_a_message(
    town: Any, surgery: Client, token: str, schema: dict[str, Any]
) -> None:
    sent = a_message(town)
    answer = post(surgery, sent, token=token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    told = valid(schema, answer.get_json())
    header, request = (told["entry"][n]["resource"] for n in (0, 1))
    assert header["eventCoding"]["code"] == "servicerequest-response"
    assert header["response"] == {"identifier": sent["id"], "code": "ok"}
    assert request["status"] == "active", told
    own = resource(sent, "ServiceRequest")["identifier"][0]["value"]
    assert own in {one["value"] for one in request["identifier"]}
    drain(town.hub)
    read = surgery.http.get(
        f"/fhir/R4/Task?focus=ServiceRequest/{request['id']}",
        headers={"Authorization": f"Bearer {token}"},
    )
    (found,) = valid(schema, read.get_json())["entry"]
    assert found["resource"]["status"] == "requested"
    assert found["resource"]["owner"]["identifier"]["value"] == agencies(town)["neighbours"]


def test_a_message_costs_one_read_and_one_write(town: Any, surgery: Client, token: str) -> None:
    post(surgery, a_message(town), token=token)
    sent = a_message(town)
    with counting(town.hub.database) as seen:
        assert post(surgery, sent, token=token).status_code == 200
    assert len(seen) == 2, seen


def test_a_message_without_consent_is_held_and_not_lost(
    town: Any, surgery: Client, token: str, schema: dict[str, Any]
) -> None:
    before = count(town, "referral")
    told = valid(schema, post(surgery, without(a_message(town), "Consent"), token=token).get_json())
    assert resource(told, "ServiceRequest")["status"] == "draft"
    assert resource(told, "OperationOutcome")["issue"]
    assert count(town, "referral") == before + 1


def test_what_is_null_counts_as_left_out(town: Any, surgery: Client, token: str) -> None:
    sent = a_message(town)
    resource(sent, "ServiceRequest")["priority"] = None
    resource(sent, "Patient")["telecom"] = [
        {"system": "phone", "value": "07700 900982", "rank": None},
        {"system": "phone", "value": "07700 900983", "rank": 1},
    ]
    answer = post(surgery, sent, token=token)
    assert answer.status_code == 200, answer.get_data(as_text=True)


INCOMPLETE: dict[str, Callable[[dict[str, Any]], object]] = {
    "names nobody": lambda consent: consent["provision"].pop("actor"),
    "names a category": lambda consent: consent["provision"].update(
        actor=[{**consent["provision"]["actor"][0], "reference": {"display": "any charity"}}]
    ),
    "names no words": lambda consent: consent.pop("policy"),
    "has no end": lambda consent: consent["provision"].pop("period"),
    "is implied": lambda consent: [consent.pop("policy"), consent.pop("provision")],
}


@pytest.mark.parametrize("bend", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_a_consent_that_is_not_specific_shares_nothing_and_the_sender_is_told(
    town: Any, surgery: Client, token: str, bend: Callable[[dict[str, Any]], object]
) -> None:
    sent = a_message(town)
    bend(resource(sent, "Consent"))
    if resource(sent, "Consent").get("policy") is None:
        resource(sent, "Consent")["policyRule"] = {"text": "implied"}
    answer = post(surgery, sent, token=token)
    if answer.status_code == 400:  # a recipient that is named by nothing cannot be looked up
        (issue,) = outcome(answer, 400)
        assert issue["expression"][0].endswith("actor[0].reference")
        return
    told = answer.get_json()
    assert resource(told, "ServiceRequest")["status"] == "draft"
    assert "person is asked" in str(resource(told, "OperationOutcome")["issue"])


def test_a_no_is_recorded_and_the_referral_held(town: Any, surgery: Client, token: str) -> None:
    sent = a_message(town)
    resource(sent, "Consent")["status"] = "rejected"
    told = post(surgery, sent, token=token).get_json()
    assert resource(told, "ServiceRequest")["status"] == "draft"


def test_the_same_message_again_is_proof_of_receipt_and_happens_once(
    town: Any, surgery: Client, token: str
) -> None:
    sent = a_message(town)
    assert post(surgery, sent, token=token).status_code == 200
    before = count(town, "referral")
    (issue,) = outcome(post(surgery, sent, token=token), 409)
    assert issue["code"] == "duplicate"
    assert issue["details"]["coding"][0]["code"] == "REC_CONFLICT"
    assert count(town, "referral") == before


@pytest.mark.parametrize("same", ["identifier", "all ids"])
def test_other_content_under_used_identifiers_is_refused(
    town: Any, surgery: Client, token: str, same: str
) -> None:
    sent = a_message(town)
    assert post(surgery, sent, token=token).status_code == 200
    other = copy.deepcopy(sent)
    resource(other, "Patient")["name"][1]["family"] = "Somebody-Else"
    if same == "identifier":
        other["id"] = str(uuid.uuid4())
    before = count(town, "referral")
    (issue,) = outcome(post(surgery, other, token=token), 422)
    assert issue["code"] == "duplicate"
    assert count(town, "referral") == before


def test_an_agencys_identifiers_say_nothing_to_another_agency(
    town: Any, surgery: Client, token: str
) -> None:
    sent = a_message(town)
    post(surgery, sent, token=token)
    other = register(town, "council-admin")
    cancelled = cancelling(sent)
    issues = outcome(post(other, cancelled, token=other.token()), 404)
    nobody = cancelling(a_message(town))
    assert outcome(post(other, nobody, token=other.token()), 404) == issues


def cancelling(sent: Bundle) -> Bundle:
    made = copy.deepcopy(sent)
    made["id"] = str(uuid.uuid4())
    resource(made, "MessageHeader")["reason"]["coding"][0]["code"] = "update"
    resource(made, "ServiceRequest")["status"] = "revoked"
    return made


def test_a_cancelled_request_is_withdrawn_and_cancelling_twice_is_a_conflict(
    town: Any, surgery: Client, token: str, schema: dict[str, Any]
) -> None:
    sent = a_message(town)
    post(surgery, sent, token=token)
    told = valid(schema, post(surgery, cancelling(sent), token=token).get_json())
    assert resource(told, "ServiceRequest")["status"] == "revoked"
    assert resource(told, "Task")["status"] == "cancelled"
    outcome(post(surgery, cancelling(sent), token=token), 409)


def test_a_consent_in_an_update_clears_what_was_held(
    town: Any, surgery: Client, token: str
) -> None:
    sent = a_message(town)
    post(surgery, without(sent, "Consent"), token=token)
    update = copy.deepcopy(sent)
    update["id"] = str(uuid.uuid4())
    resource(update, "MessageHeader")["reason"]["coding"][0]["code"] = "update"
    answer = post(surgery, update, token=token)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    drain(town.hub)
    request = resource(answer.get_json(), "ServiceRequest")
    read = surgery.http.get(
        f"/fhir/R4/Task?focus={request['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert read.get_json()["entry"][0]["resource"]["status"] == "requested"


def test_an_update_without_a_consent_says_what_an_update_may_carry(
    town: Any, surgery: Client, token: str
) -> None:
    sent = a_message(town)
    post(surgery, sent, token=token)
    update = without(sent, "Consent")
    resource(update, "MessageHeader")["reason"]["coding"][0]["code"] = "update"
    (issue,) = outcome(post(surgery, update, token=token), 422)
    assert issue["code"] == "not-supported"


WRONG: dict[str, tuple[Callable[[Bundle], object], str]] = {
    "no first name": (
        lambda b: resource(b, "Patient")["name"][1].pop("given"), "name[1].given",
    ),
    "born tomorrow": (
        lambda b: resource(b, "Patient").update(birthDate="2999-01-01"), "birthDate",
    ),
    "a postcode that is none": (
        lambda b: resource(b, "Patient")["address"][0].update(postalCode="nowhere"), "postalCode",
    ),
    "an area that nobody has": (
        lambda b: resource(b, "Patient")["address"][0].update(district="MF-ZZZ"), "district",
    ),
    "an NHS number that is none": (
        lambda b: resource(b, "Patient").update(
            identifier=[{"system": codes.NHS_NUMBER, "value": "9990000019"}]
        ),
        "identifier",
    ),
    "no need that is known": (
        lambda b: resource(b, "ServiceRequest")["reasonCode"][0].pop("coding"), "reasonCode",
    ),
    "a data class that is none": (
        lambda b: resource(b, "Consent")["provision"]["class"][0].update(code="secrets"),
        "provision.class",
    ),
    "an agreement that has ended": (
        lambda b: resource(b, "Consent")["provision"]["period"].update(end="2020-01-01"),
        "period.end",
    ),
    "words that nobody has": (
        lambda b: resource(b, "Consent").update(
            policy=[{"uri": f"{codes.HUB_NOTICE}/support-referral/99/en"}]
        ),
        "policy",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("bend", "place"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_as_the_element_it_is_in_and_nothing_is_stored(
    town: Any, surgery: Client, token: str, bend: Callable[[Bundle], object], place: str
) -> None:
    sent = a_message(town)
    bend(sent)
    before = count(town, "referral")
    issues = outcome(post(surgery, sent, token=token), 400)
    assert any(one["expression"][0].endswith(place) for one in issues)
    assert count(town, "referral") == before


HEADERS: dict[str, tuple[dict[str, str], int]] = {
    "no request id": ({"X-Request-Id": ""}, 400),
    "no correlation id": ({"X-Correlation-Id": ""}, 400),
    "a target that is no base64": ({"NHSD-Target-Identifier": "%%%"}, 400),
    "a target that is no JSON": ({"NHSD-Target-Identifier": "bm8="}, 400),
    "XML wanted": ({"Accept": "application/fhir+xml"}, 406),
    "no token": ({"Authorization": ""}, 401),
    "a token of nobody": ({"Authorization": "Bearer abc"}, 401),
}


@pytest.mark.parametrize(("headers", "status"), HEADERS.values(), ids=HEADERS.keys())
def test_headers_that_are_missing_or_wrong_are_an_outcome(
    town: Any, surgery: Client, token: str, headers: dict[str, str], status: int
) -> None:
    outcome(post(surgery, a_message(town), token=token, **headers), status)


@pytest.mark.parametrize(
    "kind",
    [
        "application/fhir+xml",
        "text/plain",
        "application/xml",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=5.0",
    ],
)
def test_another_language_or_version_is_415(
    town: Any, surgery: Client, token: str, kind: str
) -> None:
    outcome(post(surgery, a_message(town), token=token, kind=kind), 415)


def test_every_published_body_is_answered_by_an_outcome_and_none_is_a_server_error(
    town: Any, surgery: Client, token: str, external_data: Path
) -> None:
    before = count(town, "referral")
    found = [*(external_data / "bars").rglob("*.json")]
    found += (external_data / "json-test-suite" / "test_parsing").glob("*.json")
    assert len(found) > 300
    for one in found:
        answer = post(surgery, one.read_bytes(), token=token)
        assert 400 <= answer.status_code < 500, one.name
        assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert count(town, "referral") == before


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"a":' * 50_000, b'{"resourceType":"Bundle","resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","type":NaN}', b"\xff\xfe", b"", b'"Bundle"', b"null",
        json.dumps({"resourceType": "Bundle", "type": "message", "entry": [{}] * 101}).encode(),
        b'{"resourceType":"Bundle","id":"' + b"a" * 300_000 + b'"}',
    ],
    ids=["deep list", "deep object", "twice", "NaN", "no UTF-8", "nothing", "text", "null",
         "many entries", "large"],
)  # fmt: skip
def test_bombs_and_broken_bodies_are_refused(surgery: Client, token: str, body: bytes) -> None:
    answer = post(surgery, body, token=token)
    assert answer.status_code in {400, 413}
    outcome(answer, answer.status_code)


def test_a_token_without_the_scope_is_refused_before_the_message_is_judged(town: Any) -> None:
    reader = register(town, scopes=[Scope.REFERRAL_READ])
    for body in (a_message(town), {"resourceType": "Nonsense"}):
        (issue,) = outcome(post(reader, body, token=reader.token()), 403)
        assert issue["code"] == "forbidden"


def test_a_client_that_must_seal_may_not_send_fhir(town: Any) -> None:
    sealing = register(town, plain_json=False)
    outcome(post(sealing, a_message(town), token=sealing.token()), 403)


def test_a_request_alone_is_created_with_what_it_contains(
    town: Any, surgery: Client, token: str, schema: dict[str, Any]
) -> None:
    answer = post(surgery, alone(town), token=token, path="/fhir/R4/ServiceRequest")
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made = valid(schema, answer.get_json())
    assert answer.headers["Location"].endswith(f"/fhir/R4/ServiceRequest/{made['id']}")
    read = surgery.http.get(
        f"/fhir/R4/ServiceRequest/{made['id']}", headers={"Authorization": f"Bearer {token}"}
    )
    assert valid(schema, read.get_json())["identifier"][0] == made["identifier"][0]


def alone(town: Any) -> dict[str, Any]:
    sent = a_message(town)
    request, patient, consent = (
        copy.deepcopy(resource(sent, kind)) for kind in ("ServiceRequest", "Patient", "Consent")
    )
    patient["id"], consent["id"] = "p", "c"
    consent["patient"] = consent["performer"][0] = {"reference": "#p"}
    del consent["organization"]
    request |= {"subject": {"reference": "#p"}, "contained": [patient, consent]}
    request["supportingInfo"] = [{"reference": "#c"}]
    del request["requester"]
    return request
