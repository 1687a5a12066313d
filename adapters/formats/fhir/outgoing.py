"""A permitted document as a FHIR message to a recipient that has a FHIR server.

The request and the patient hold only the fields of the permit: a class that was not permitted has
no element, not an empty one. What became of an agreement is a message about the same request,
without a patient: its status says whether to go on, wait or stop, and a note says why.

Ids are derived from the task and the message's id (UUID version 5), so a document that is sent
again is the same message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from adapters.contract import (
    DocumentKind,
    FieldValue,
    FormatAbout,
    FormatError,
    Option,
    ReferralDocument,
)
from adapters.formats import needs
from adapters.formats.fhir import codes
from adapters.formats.fhir.writing import instant

_NAMESPACE = uuid5(NAMESPACE_URL, codes.HUB_REFERENCE)
_SAYS: Mapping[DocumentKind, tuple[str, str, str | None]] = {
    DocumentKind.OFFER: (codes.NEW, "active", None),
    DocumentKind.ACCEPTANCE: (codes.UPDATE, "active", None),
    DocumentKind.WITHDRAWAL: (
        codes.DELETE, "revoked", "The agreement was withdrawn. Stop, and delete every copy.",
    ),
    DocumentKind.REFUSAL: (
        codes.DELETE, "revoked", "The person has said no. Stop, and delete every copy.",
    ),
    DocumentKind.OBJECTION: (
        codes.DELETE, "revoked", "The person objects. Stop; delete every copy you need not keep.",
    ),
    DocumentKind.EXPIRY: (
        codes.UPDATE, "on-hold", "The agreement has ended. Stop using what you were told.",
    ),
    DocumentKind.RESTRICTION: (
        codes.UPDATE, "on-hold", "Nothing may be used for now. Keep it, and do not use it.",
    ),
    DocumentKind.RENEWAL: (codes.UPDATE, "active", "The person has agreed again. Go on."),
    DocumentKind.EXPIRING: (codes.UPDATE, "active", "The agreement ends soon. Go on until then."),
    DocumentKind.CORRECTION: (
        codes.UPDATE, "active", "Something you were told was wrong. The right values follow.",
    ),
}  # fmt: skip
_CONTACT = (("phone", "contact.phone"), ("email", "contact.email"))


class FhirMessage:
    """`servicerequest-request` messages. `addressing` may hold `endpoint`, theirs."""

    content_type = codes.CONTENT_TYPE
    about = FormatAbout(
        "FHIR R4 message",
        options=(
            Option("endpoint", "Destination endpoint", "[!-~]{1,300}", "As it must be named"),
        ),
        plain=True,
        headers=(("X-Request-Id", "effect"), ("X-Correlation-Id", "task")),
        already=frozenset({409}),
    )

    def write(self, document: ReferralDocument) -> bytes:
        """The message as UTF-8 JSON. Raises FormatError for an id that is no UUID."""
        bundle = message_of(document)
        return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def message_of(document: ReferralDocument) -> dict[str, Any]:
    """The message bundle of `document`."""
    request_id, patient_id = _derived(document, "request"), _derived(document, "patient")
    resources = [_header(document, request_id), _request(document, request_id, patient_id)]
    if document.kind.discloses:
        resources.append(_patient(document, patient_id))
    resources.append(_organization(document.sender.id, document.sender.name))
    return {
        "resourceType": "Bundle",
        "id": _derived(document, f"bundle/{_message(document)}"),
        "meta": {"lastUpdated": instant(document.issued_at)},
        "type": "message",
        "timestamp": instant(document.issued_at),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }


def _header(document: ReferralDocument, request_id: str) -> dict[str, Any]:
    reason, _, _ = _SAYS[document.kind]
    endpoint = document.addressing.get("endpoint") or f"{codes.HUB_AGENCY}/{document.recipient_id}"
    return {
        "resourceType": "MessageHeader",
        "id": _derived(document, f"header/{_message(document)}"),
        "eventCoding": {"system": codes.EVENTS, "code": codes.REQUEST},
        "destination": [{"endpoint": endpoint}],
        "sender": {"reference": f"urn:uuid:{_uuid(document.sender.id)}"},
        "source": {"name": "Referral Hub", "endpoint": codes.HUB_REFERENCE},
        "reason": {"coding": [{"system": codes.REASONS, "code": reason}]},
        "focus": [{"reference": f"urn:uuid:{request_id}"}],
        "definition": f"{codes.MESSAGE_DEFINITION}{codes.REQUEST}-referral",
    }


def _request(document: ReferralDocument, request_id: str, patient_id: str) -> dict[str, Any]:
    _, status, note = _SAYS[document.kind]
    code, display = codes.SOCIAL_PRESCRIBING
    subject: dict[str, Any] = {
        "type": "Patient",
        "identifier": {"system": codes.HUB_REFERENCE, "value": document.reference},
    }
    if document.kind.discloses:
        subject = {"reference": f"urn:uuid:{patient_id}"}
    written: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": request_id,
        "extension": [{"url": codes.LOG_ENTRY, "valueString": document.log_entry}],
        "identifier": [
            {"system": codes.HUB_REFERENCE, "value": document.reference},
            {"system": codes.HUB_TASK, "value": document.task_id},
        ],
        "status": status,
        "intent": "order",
        "category": [{"coding": [{"system": codes.CATEGORIES, "code": "referral"}]}],
        "priority": document.priority,
        "code": {"coding": [{"system": codes.SNOMED, "code": code, "display": display}]},
        "subject": subject,
        "authoredOn": instant(document.issued_at),
        "requester": {"reference": f"urn:uuid:{_uuid(document.sender.id)}"},
    }
    if document.respond_by is not None:
        written["occurrencePeriod"] = {"end": instant(document.respond_by)}
    reasons = _reasons(document)
    notes = [text for text in (needs.for_helpers(document), note) if text]
    return (
        written
        | ({"reasonCode": reasons} if reasons else {})
        | ({"note": [{"text": text} for text in notes]} if notes else {})
    )


def _reasons(document: ReferralDocument) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"coding": [{"system": codes.HUB_NEED, "code": code}], "text": needs.WORDS.get(code, code)}
        for code in needs.listed(document.fields.get("need.needs"))
    ]
    why = needs.text(document, "health.why")
    return found + ([{"text": why}] if why else [])


def _patient(document: ReferralDocument, patient_id: str) -> dict[str, Any]:
    given, family = (
        needs.text(document, f"identity.{one}") for one in ("first_name", "family_name")
    )
    name = {"given": [given]} if given else {}
    name |= {"family": family} if family else {}  # type: ignore[dict-item]  # FHIR: text beside a list
    telecom = [
        {"system": system, "value": value}
        for system, field in _CONTACT
        if (value := needs.text(document, field))
    ]
    number = needs.text(document, "identity.nhs_number")
    written: dict[str, Any] = {
        "resourceType": "Patient",
        "id": patient_id,
        "identifier": [{"system": codes.NHS_NUMBER, "value": number}] if number else None,
        "name": [{"use": "official", **name}] if name else None,
        "telecom": telecom or None,
        "birthDate": needs.text(document, "identity.date_of_birth") or None,
        "address": _address(document),
        "communication": _communication(document.fields.get("access_needs.language")),
        "extension": _extensions(document) or None,
    }
    return {member: value for member, value in written.items() if value is not None}


def _address(document: ReferralDocument) -> list[dict[str, Any]] | None:
    text, area = (needs.text(document, f"contact.{one}") for one in ("address", "area"))
    if not text and not area:
        return None
    return [
        {"use": "home"}
        | ({"text": text} if text else {})
        | ({"district": area} if area else {})
    ]  # fmt: skip


def _communication(value: FieldValue) -> list[dict[str, Any]] | None:
    tag = value.get("tag") if isinstance(value, dict) else None
    if not isinstance(tag, str) or not tag:
        return None
    return [{"language": {"coding": [{"system": codes.LANGUAGES, "code": tag}]}, "preferred": True}]


def _extensions(document: ReferralDocument) -> list[dict[str, Any]]:
    language, access, wishes = (
        value if isinstance(value := document.fields.get(name), dict) else {}
        for name in ("access_needs.language", "access_needs.access", "contact.preferences")
    )
    coded = [
        *((codes.ACCESS_NEED, one) for one in needs.listed(access.get("needs"))),
        *((codes.CONTACT_PREFERRED, one) for one in needs.listed(wishes.get("preferred"))),
        *((codes.CONTACT_NEVER, one) for one in needs.listed(wishes.get("never"))),
    ]
    interpreter = [{"url": codes.INTERPRETER, "valueBoolean": True}]
    written: list[dict[str, Any]] = [{"url": url, "valueCode": code} for url, code in coded]
    return written + (interpreter if language.get("interpreter") is True else [])


def _organization(agency_id: str, name: str) -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": _uuid(agency_id),
        "identifier": [{"system": codes.HUB_AGENCY, "value": agency_id}],
        "name": name,
    }


def _message(document: ReferralDocument) -> str:
    """What stays the same when the message is sent again, as its log entry does not."""
    return f"{document.kind.value}/{document.message_id or document.log_entry}"


def _derived(document: ReferralDocument, what: str) -> str:
    return str(uuid5(_NAMESPACE, f"{document.task_id}/{what}"))


def _uuid(value: str) -> str:
    try:
        return str(UUID(value))
    except ValueError:
        raise FormatError("sender: must be a UUID") from None
