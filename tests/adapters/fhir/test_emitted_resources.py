"""Whatever the hub emits is valid by the official R4 schema, and to a second reader of FHIR."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator

from adapters.contract import DocumentKind, FormatError, ReferralDocument, Sender
from adapters.formats.fhir.answer import answer_of_patch
from adapters.formats.fhir.capability import capability_statement
from adapters.formats.fhir.message import read_message
from adapters.formats.fhir.outcome import FhirProblem, Issue, operation_outcome
from adapters.formats.fhir.outgoing import FhirMessage, message_of
from adapters.formats.fhir.referral import read_referral
from adapters.formats.fhir.shape import check_shape
from adapters.formats.fhir.writing import (
    Envelope,
    Party,
    TaskView,
    response_message,
    searchset,
    service_request,
    task,
)
from referral_hub.domain.transitions import FHIR_STATUS, TaskState

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, TWO, THREE, FOUR, FIVE = (f"0197a1d2-4f3c-7b6e-9c51-2f6f6a4e8d1{n}" for n in range(5))
SURGERY = Party(ONE, "High Street Surgery", "G82080")
HELPERS = Party(TWO, "Good Neighbours")


def a_view(state: TaskState = TaskState.OFFERED, **changes: Any) -> TaskView:
    given: dict[str, Any] = {
        "id": THREE,
        "referral_id": FOUR,
        "reference": "RH-4KT2",
        "fhir_status": FHIR_STATUS[state],
        "state": state.value,
        "state_words": state.value.replace("_", " "),
        "requester": SURGERY,
        "owner": HELPERS,
        "authored_on": NOON,
        "modified_at": NOON,
        "version": "3",
        "respond_by": NOON,
    }
    return TaskView(**given | changes)


def an_envelope() -> Envelope:
    return Envelope(
        FOUR, FIVE, NOON, "https://hub.example/fhir/R4", SURGERY, HELPERS, answers=THREE
    )


def a_document(kind: DocumentKind, **fields: Any) -> ReferralDocument:
    told = {
        "identity.first_name": "Ann",
        "contact.area": "riverside",
        "contact.phone": "07700 900982",
        "need.needs": ["lifts"],
        "need.task_note": "Ring twice",
        "access_needs.language": {"tag": "cy", "interpreter": True},
        "access_needs.access": {"needs": ["bsl"], "note": None},
        "contact.preferences": {"preferred": ["phone"], "never": ["post"], "note": None},
    }
    return ReferralDocument(
        kind=kind,
        task_id=THREE,
        reference="RH-4KT2",
        sender=Sender(ONE, "High Street Surgery"),
        recipient_id=TWO,
        issued_at=NOON,
        log_entry=FIVE,
        respond_by=NOON,
        fields=(fields or told) if kind.discloses else {},
    )


EMITTED: dict[str, dict[str, Any]] = {
    **{f"task {state}": task(a_view(state)) for state in TaskState},
    "declined": task(a_view(TaskState.DECLINED, decline_reason="no_capacity", words="Full")),
    "closed": task(a_view(TaskState.CLOSED, outcome="helped", words="Helped")),
    "request": service_request(
        a_view(), kept={
            name: {"extension": [{"url": "https://x.example/e", "valueString": "v"}]}
            for name in ("ServiceRequest", "Patient", "Consent")
        },
        own_id=("https://x.example/Id", "R-17"),
    ),
    "request without extras": service_request(a_view(), own_id=("id", "R-17")),
    "search": searchset(
        [task(a_view())], base="https://hub.example/fhir/R4",
        self_url="https://hub.example/fhir/R4/Task", next_url="https://hub.example/Task?p=2",
    ),
    "empty search": searchset([], base="https://hub.example", self_url="https://hub.example/Task"),
    "response": response_message(
        an_envelope(), reason="new", focus=service_request(a_view()), others=[task(a_view())]
    ),
    "outcome": operation_outcome(400, [Issue("value", "Not a date.", "Patient.birthDate")]),
    "good outcome": operation_outcome(
        200, [Issue("informational", "Done.")], severity="information"
    ),
    **{f"outgoing {kind.value}": message_of(a_document(kind)) for kind in DocumentKind},
    "capabilities": capability_statement(
        base="https://hub.example/fhir/R4", software_version="0.1.0", date=NOON
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def schema(external_data: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((external_data / "fhir-r4" / "fhir.schema.json").read_text())
    return read


@pytest.mark.parametrize("name", EMITTED)
def test_what_is_emitted_is_valid_by_the_official_schema(name: str, schema: dict[str, Any]) -> None:
    made = EMITTED[name]
    inner = [one["resource"] for one in made.get("entry", ())]
    for resource in (made, *inner):
        kind = {"$ref": f"#/definitions/{resource['resourceType']}"}
        validator = Draft6Validator({"definitions": schema["definitions"], **kind})
        assert not [error.json_path for error in validator.iter_errors(resource)]


def test_the_official_schema_refuses_what_is_no_task(schema: dict[str, Any]) -> None:
    broken = task(a_view()) | {"statuses": 1}
    kind = {"definitions": schema["definitions"], "$ref": "#/definitions/Task"}
    assert list(Draft6Validator(kind).iter_errors(broken))


@pytest.mark.parametrize("name", EMITTED)
def test_what_is_emitted_is_read_by_a_second_implementation(name: str) -> None:
    check_shape(EMITTED[name])


def test_a_message_back_is_a_message_that_the_hub_itself_could_read() -> None:
    message = read_message(EMITTED["response"])
    assert (message.event, message.reason) == ("servicerequest-response", "new")
    assert message.focus.resource["resourceType"] == "ServiceRequest"


def test_a_reason_stands_wherever_the_status_asks_for_one() -> None:
    for state in TaskState:
        made = task(a_view(state))
        if made["status"] in {"rejected", "cancelled", "on-hold", "failed"}:
            assert made["statusReason"]["text"]


def test_a_patch_says_one_thing_that_a_recipient_can_decide() -> None:
    reason = {"coding": [{"system": "https://referral-hub.example/fhir/CodeSystem/decline-reason",
                          "code": "no_capacity"}]}  # fmt: skip
    answer = answer_of_patch(
        [
            {"op": "test", "path": "/status", "value": "requested"},
            {"op": "replace", "path": "/status", "value": "rejected"},
            {"op": "add", "path": "/statusReason", "value": reason},
            {"op": "add", "path": "/note/-", "value": {"text": "In June again"}},
        ]
    )
    assert (answer.verb, answer.expected, answer.reason, answer.note) == (
        "decline", "requested", "no_capacity", "In June again",
    )  # fmt: skip


@pytest.mark.parametrize(
    "patch",
    [
        {}, [], [1], [{}], [{"op": "remove", "path": "/status"}],
        [{"op": "replace", "path": "/owner", "value": {}}],
        [{"op": "replace", "path": "/status"}],
        [{"op": "replace", "path": "/status", "value": "cancelled"}],
        [{"op": "replace", "path": "/status", "value": ["accepted"]}],
        [{"op": "replace", "path": "/status", "value": "rejected"},
         {"op": "add", "path": "/statusReason", "value": "full"}],
        [{"op": "replace", "path": "/status", "value": "accepted"},
         {"op": "add", "path": "/note", "value": [3]}],
        [{"op": "test", "path": "/owner", "value": 1},
         {"op": "replace", "path": "/status", "value": "accepted"}],
        [{"op": "replace", "path": ["/status"], "value": "accepted"}],
        [{"op": "replace", "path": "/status", "value": "accepted"}] * 21,
    ],
)  # fmt: skip
def test_a_patch_of_anything_else_is_refused_as_a_whole(patch: Any) -> None:
    with pytest.raises(FhirProblem):
        answer_of_patch(patch)


def test_a_message_to_a_recipient_has_no_element_for_what_was_not_permitted() -> None:
    narrow = message_of(a_document(DocumentKind.OFFER, **{"need.needs": ["lifts"]}))
    patient = next(
        one["resource"] for one in narrow["entry"] if one["resource"]["resourceType"] == "Patient"
    )
    assert patient.keys() == {"resourceType", "id"}


def test_what_became_of_an_agreement_is_told_without_a_patient() -> None:
    for kind in DocumentKind:
        made = message_of(a_document(kind))
        kinds = [one["resource"]["resourceType"] for one in made["entry"]]
        assert ("Patient" in kinds) == kind.discloses
        status = made["entry"][1]["resource"]["status"]
        stops = kind in {DocumentKind.WITHDRAWAL, DocumentKind.REFUSAL, DocumentKind.OBJECTION}
        assert (status == "revoked") == stops


def test_the_same_document_is_the_same_message() -> None:
    document = a_document(DocumentKind.OFFER)
    assert FhirMessage().write(document) == FhirMessage().write(document)


def test_a_sender_without_a_uuid_cannot_be_written() -> None:
    odd = replace(a_document(DocumentKind.OFFER), sender=Sender("agency-1", "Surgery"))
    with pytest.raises(FormatError, match="sender"):
        FhirMessage().write(odd)


def test_what_was_permitted_comes_back_out_of_the_message() -> None:
    made = message_of(a_document(DocumentKind.OFFER))
    incoming = read_referral(read_message(made)).document
    assert incoming["person"] == {"first_name": "Ann", "area": "riverside", "address": "riverside"}
    assert incoming["contact"] == {
        "phone": "07700 900982", "preferred": ["phone"], "never": ["post"],
    }  # fmt: skip
    assert incoming["access"] == {"language": "cy", "interpreter": True, "needs": ["bsl"]}
    assert (incoming["needs"], incoming["task_note"]) == (["lifts"], "Ring twice")
