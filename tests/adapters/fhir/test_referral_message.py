"""A message becomes the hub's own document, or a problem that names the element."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.formats.fhir import codes
from adapters.formats.fhir.message import read_message
from adapters.formats.fhir.outcome import FhirProblem
from adapters.formats.fhir.referral import read_referral
from tests.adapters.fhir.messages import PATIENT, RECIPIENT_ID, a_request, resource, without

Bend = Callable[[dict[str, Any]], object]


def read(bundle: dict[str, Any]) -> Any:
    return read_referral(read_message(bundle))


def test_every_part_of_a_request_reaches_the_hubs_document() -> None:
    incoming = read(a_request())

    assert incoming.document == {
        "person": {
            "first_name": "Ann",
            "family_name": "Example",
            "date_of_birth": "1941-05-06",
            "nhs_number": "9990000018",
            "area": "riverside",
            "address": "1 Low Lane\nMereford\nriverside",
            "postcode": "LA1 1AA",
        },
        "contact": {
            "phone": "07700 900982",
            "email": "ann@example.org",
            "preferred": [],
            "never": ["post"],
        },
        "access": {"language": "cy", "interpreter": True, "needs": ["bsl"]},
        "needs": ["lonely", "lifts"],
        "why": "Has not left the house since January",
        "task_note": "Ring the bell twice",
        "priority": "urgent",
        "agreement": {
            "state": "given",
            "recipients": [{"agency": RECIPIENT_ID}],
            "classes": ["identity", "need"],
            "notice": "support-referral/2/en",
            "method": "phone",
            "given_by": "self",
            "valid_until": "2026-09-01",
            "service_agreement": True,
        },
    }
    assert incoming.own_id == ("https://surgery.example/Id/referral", "R-17")


def test_extensions_of_others_are_kept_and_the_hubs_own_are_not_kept_twice() -> None:
    kept = read(a_request()).kept

    assert kept["Patient"] == {
        "extension": [{"url": "https://surgery.example/ext/clinic", "valueString": "B"}]
    }
    assert kept["ServiceRequest"]["extension"] == [
        {"url": "https://surgery.example/ext/list", "valueString": "blue"}
    ]
    assert "Consent" not in kept


def test_each_member_of_the_document_has_the_place_it_came_from() -> None:
    incoming = read(a_request())
    members = {
        f"{group}/{name}"
        for group in ("person", "contact", "access", "agreement")
        for name in incoming.document[group]
    } | {"needs", "why", "task_note", "priority", "agreement"}

    assert members <= incoming.places.keys()
    assert incoming.places["person/date_of_birth"] == "Bundle.entry[2].resource.birthDate"


def test_a_request_without_consent_is_read_and_has_no_agreement() -> None:
    assert read(without(a_request(), "Consent")).document["agreement"] is None


@pytest.mark.parametrize(
    ("bend", "state"),
    [
        (lambda consent: consent.update(status="rejected"), "refused"),
        (lambda consent: consent["provision"].update(type="deny"), "refused"),
        (lambda consent: consent.update(status="active"), "given"),
    ],
    ids=["rejected", "deny", "active"],
)
def test_a_no_is_carried_over_as_a_no(bend: Bend, state: str) -> None:
    bundle = a_request()
    bend(resource(bundle, "Consent"))
    assert read(bundle).document["agreement"]["state"] == state


@pytest.mark.parametrize("code", ["PRN", "POWATT", "GUARD"])
def test_somebody_who_speaks_for_the_person_is_named_by_their_relationship(code: str) -> None:
    bundle = a_request()
    other = "urn:uuid:00000000-0000-4000-8000-00000000000a"
    bundle["entry"].append(
        {
            "fullUrl": other,
            "resource": {
                "resourceType": "RelatedPerson",
                "patient": {"reference": PATIENT},
                "relationship": [{"coding": [{"system": codes.ROLE, "code": code}]}],
            },
        }
    )
    resource(bundle, "Consent")["performer"] = [{"reference": other}]
    expected = {"PRN": "parent", "POWATT": "attorney", "GUARD": "deputy"}[code]
    assert read(bundle).document["agreement"]["given_by"] == expected


def test_somebody_without_a_known_relationship_speaks_for_nobody() -> None:
    bundle = a_request()
    resource(bundle, "Consent")["performer"] = [{"display": "the neighbour"}]
    assert "given_by" not in read(bundle).document["agreement"]


VALIDATION = [{"coding": [{"system": codes.CATEGORIES, "code": "validation"}]}]
REFUSED: dict[str, tuple[Bend, int, str, str]] = {
    "a collection is no message": (
        lambda b: b.update(type="collection"), 400, "value", "Bundle.type",
    ),
    "a resource of no type at all": (
        lambda b: b["entry"][2]["resource"].update(resourceType=7),
        400, "value", "Bundle.entry[2].resource",
    ),
    "a resource that nobody knows": (
        lambda b: b["entry"][2]["resource"].update(resourceType="Wish"),
        400, "value", "Bundle.entry[2].resource",
    ),
    "an address that is no text": (
        lambda b: resource(b, "MessageHeader")["source"].update(endpoint=[]),
        400, "value", "Bundle.entry[0].resource",
    ),
    "entries that are no list": (
        lambda b: b.update(entry=True), 400, "value", "Bundle.entry",
    ),
    "a booking is not taken": (
        lambda b: resource(b, "MessageHeader")["eventCoding"].update(code="booking-request"),
        422, "not-supported", "Bundle.entry[0].resource.eventCoding",
    ),
    "an event of another system": (
        lambda b: resource(b, "MessageHeader")["eventCoding"].update(system="https://x.example"),
        400, "required", "Bundle.entry[0].resource.eventCoding",
    ),
    "a reason nobody knows": (
        lambda b: resource(b, "MessageHeader")["reason"]["coding"][0].update(code="whim"),
        400, "code-invalid", "Bundle.entry[0].resource.reason",
    ),
    "no reason": (
        lambda b: resource(b, "MessageHeader").pop("reason"),
        400, "required", "Bundle.entry[0].resource.reason",
    ),
    "a focus outside the message": (
        lambda b: resource(b, "MessageHeader").update(focus=[{"reference": "https://x.example/1"}]),
        400, "required", "Bundle.entry[0].resource.focus",
    ),
    "a subject outside the message": (
        lambda b: resource(b, "ServiceRequest").update(subject={"reference": "http://10.0.0.1/P"}),
        400, "not-found", "Bundle.entry[1].resource.subject",
    ),
    "the header is not first": (
        lambda b: b["entry"].reverse(), 400, "required", "Bundle.entry[0]",
    ),
    "two entries of one address": (
        lambda b: b["entry"].append(b["entry"][5]), 400, "duplicate", "Bundle.entry[6].fullUrl",
    ),
    "an emergency": (
        lambda b: resource(b, "ServiceRequest").update(priority="stat"),
        422, "not-supported", "Bundle.entry[1].resource.priority",
    ),
    "a validation of a 999 case": (
        lambda b: resource(b, "ServiceRequest").update(category=VALIDATION),
        422, "not-supported", "Bundle.entry[1].resource.category",
    ),
    "a request that must not be done": (
        lambda b: resource(b, "ServiceRequest").update(doNotPerform=True),
        422, "not-supported", "Bundle.entry[1].resource.doNotPerform",
    ),
    "no identifier of the sender's": (
        lambda b: resource(b, "ServiceRequest").pop("identifier"),
        400, "required", "Bundle.entry[1].resource.identifier",
    ),
    "a consent of somebody else": (
        lambda b: resource(b, "Consent").update(patient={"reference": RECIPIENT_ID}),
        400, "value", "Bundle.entry[3].resource.patient",
    ),
    "two consents": (
        lambda b: b["entry"].append({**b["entry"][3], "fullUrl": "urn:uuid:2"}),
        400, "duplicate", "Bundle.entry[6].resource",
    ),
    "a missing status": (
        lambda b: resource(b, "ServiceRequest").pop("status"),
        400, "required", "Bundle.entry[1].resource.status",
    ),
    "a date that is none": (
        lambda b: resource(b, "Patient").update(birthDate="6 May 1941"),
        400, "value", "Bundle.entry[2].resource.birthDate",
    ),
    "an element that R4 does not have": (
        lambda b: resource(b, "Patient").update(shoeSize=5),
        400, "structure", "Bundle.entry[2].resource",
    ),
    "STU3's header": (
        lambda b: resource(b, "MessageHeader").update(event={"code": "x"}),
        400, "not-supported", "resourceType",
    ),
    "STU3's request": (
        lambda b: resource(b, "ServiceRequest").update(resourceType="ReferralRequest"),
        400, "not-supported", "resourceType",
    ),
    "R5's code": (
        lambda b: resource(b, "ServiceRequest").update(code={"concept": {"text": "x"}}),
        400, "not-supported", "resourceType",
    ),
    "too many entries": (
        lambda b: b["entry"].extend([b["entry"][5]] * 100), 413, "too-long", "Bundle.entry",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("bend", "status", "code", "expression"), REFUSED.values(), ids=REFUSED.keys()
)
def test_what_cannot_be_read_names_its_element(
    bend: Bend, status: int, code: str, expression: str
) -> None:
    bundle = a_request()
    bend(bundle)
    with pytest.raises(FhirProblem) as caught:
        read(bundle)
    assert caught.value.status == status
    assert (caught.value.issues[0].code, caught.value.issues[0].expression) == (code, expression)


def test_a_problem_repeats_no_value_of_the_message() -> None:
    bundle = a_request()
    resource(bundle, "Patient").update(birthDate="MARKED-1", **{"MARKED-2": "MARKED-3"})
    with pytest.raises(FhirProblem) as caught:
        read(bundle)
    assert "MARKED" not in repr(caught.value) + str(caught.value) + repr(caught.value.issues)


def test_every_published_bars_example_is_read_or_refused_with_an_issue(external_data: Path) -> None:
    examples = sorted((external_data / "bars").rglob("*.json"))
    verdicts = {one.name: verdict(one.read_text(encoding="utf-8-sig")) for one in examples}
    assert len(verdicts) > 30
    assert all(verdicts.values())
    assert verdicts["Booking (POST).json"] == "422 not-supported"
    assert verdicts["ValidationRequest (POST) .json"] in {"400 required", "422 not-supported"}


def verdict(text: str) -> str:
    """`read`, or the status and first code of the refusal; empty when it says nothing."""
    try:
        read(json.loads(text))
    except FhirProblem as problem:
        return f"{problem.status} {problem.issues[0].code}" if problem.issues else ""
    return "read"
