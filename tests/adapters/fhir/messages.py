"""A referral request in BaRS's shape, whole and valid, for tests to bend."""

from __future__ import annotations

import copy
from typing import Any

from adapters.formats.fhir import codes

HEADER, REQUEST, PATIENT, CONSENT, SENDER, RECIPIENT = (
    f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(1, 7)
)
RECIPIENT_ID = "0197a1d2-4f3c-7b6e-9c51-2f6f6a4e8d10"


def a_request(*, reason: str = "new", status: str = "active") -> dict[str, Any]:
    """A message bundle: header, request, patient, consent and two organisations."""
    return {
        "resourceType": "Bundle",
        "id": "777a156c-af3c-4748-a8a3-7e95e4b0df9a",
        "type": "message",
        "timestamp": "2026-03-01T09:30:00+00:00",
        "entry": [
            _entry(HEADER, _header(reason)),
            _entry(REQUEST, _service_request(status)),
            _entry(PATIENT, _patient()),
            _entry(CONSENT, _consent()),
            _entry(SENDER, _organization("High Street Surgery", ods="G82080")),
            _entry(RECIPIENT, _organization("Good Neighbours", agency=RECIPIENT_ID)),
        ],
    }


def resource(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    """The first resource of that type in `bundle`."""
    found: dict[str, Any] = next(
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == kind
    )
    return found


def without(bundle: dict[str, Any], kind: str) -> dict[str, Any]:
    """A copy of `bundle` without the resources of that type."""
    made = copy.deepcopy(bundle)
    made["entry"] = [one for one in made["entry"] if one["resource"]["resourceType"] != kind]
    return made


def _entry(url: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": url, "resource": what}


def _header(reason: str) -> dict[str, Any]:
    return {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": codes.EVENTS, "code": codes.REQUEST},
        "destination": [{"endpoint": "https://hub.example/fhir/R4"}],
        "sender": {"reference": SENDER},
        "source": {"name": "Surgery", "endpoint": "https://surgery.example/fhir"},
        "reason": {"coding": [{"system": codes.REASONS, "code": reason}]},
        "focus": [{"reference": REQUEST}],
        "definition": "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral",
    }


def _service_request(status: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": "https://surgery.example/Id/referral", "value": "R-17"}],
        "extension": [{"url": "https://surgery.example/ext/list", "valueString": "blue"}],
        "status": status,
        "intent": "order",
        "priority": "urgent",
        "category": [{"coding": [{"system": codes.CATEGORIES, "code": "referral"}]}],
        "code": {"coding": [{"system": codes.SNOMED, "code": codes.SOCIAL_PRESCRIBING[0]}]},
        "subject": {"reference": PATIENT},
        "authoredOn": "2026-03-01T09:29:00+00:00",
        "requester": {"reference": SENDER},
        "reasonCode": [
            {
                "coding": [{"system": codes.HUB_NEED, "code": "lonely"}],
                "text": "Has not left the house since January",
            },
            {"coding": [{"system": codes.HUB_NEED, "code": "lifts"}]},
        ],
        "note": [{"text": "Ring the bell twice"}],
    }


def _patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "extension": [
            {"url": codes.INTERPRETER, "valueBoolean": True},
            {"url": codes.CONTACT_NEVER, "valueCode": "post"},
            {"url": codes.ACCESS_NEED, "valueCode": "bsl"},
            {"url": "https://surgery.example/ext/clinic", "valueString": "B"},
        ],
        "identifier": [{"system": codes.NHS_NUMBER, "value": "9990000018"}],
        "name": [
            {"use": "old", "family": "Before", "given": ["Ann"]},
            {"use": "official", "family": "Example", "given": ["Ann", "Marie"]},
        ],
        "telecom": [
            {"system": "phone", "value": "07700 900983", "rank": 2},
            {"system": "phone", "value": "07700 900982", "rank": 1},
            {"system": "email", "value": "ann@example.org"},
        ],
        "birthDate": "1941-05-06",
        "address": [
            {
                "use": "home",
                "line": ["1 Low Lane"],
                "city": "Mereford",
                "district": "riverside",
                "postalCode": "LA1 1AA",
            }
        ],
        "communication": [
            {
                "language": {"coding": [{"system": codes.LANGUAGES, "code": "cy"}]},
                "preferred": True,
            }
        ],
    }


def _consent() -> dict[str, Any]:
    return {
        "resourceType": "Consent",
        "extension": [
            {"url": codes.CONSENT_HOW, "valueCode": "phone"},
            {"url": codes.SERVICE_AGREED, "valueBoolean": True},
        ],
        "status": "active",
        "scope": {"coding": [{"system": codes.CONSENT_SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": codes.CONSENT_CATEGORY, "code": "59284-0"}]}],
        "patient": {"reference": PATIENT},
        "dateTime": "2026-03-01T09:20:00+00:00",
        "performer": [{"reference": PATIENT}],
        "organization": [{"reference": SENDER}],
        "policy": [{"uri": f"{codes.HUB_NOTICE}/support-referral/2/en"}],
        "provision": {
            "type": "permit",
            "period": {"end": "2026-09-01"},
            "actor": [
                {
                    "role": {"coding": [{"system": codes.PARTICIPATION, "code": "IRCP"}]},
                    "reference": {"reference": RECIPIENT},
                }
            ],
            "class": [
                {"system": codes.HUB_DATA_CLASS, "code": "identity"},
                {"system": codes.HUB_DATA_CLASS, "code": "need"},
            ],
        },
    }


def _organization(
    name: str, *, ods: str | None = None, agency: str | None = None
) -> dict[str, Any]:
    identifier = {"system": codes.HUB_AGENCY, "value": agency}
    if ods:
        identifier = {"system": codes.ODS_CODES[0], "value": ods}
    return {"resourceType": "Organization", "identifier": [identifier], "name": name}
