"""Resources that the hub emits: a task and its request, a message back, a page of a search.

Only references leave here unless a permit has been given: a Task names a person by the referral's
reference and nobody's name, so that listing tasks discloses nothing. Ids are the hub's own. The
status, as everywhere, is FHIR's; the hub's finer state goes along as `businessStatus`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.formats.fhir import codes

_PROFILE_TASK = f"{codes.UK_CORE}Task"
_PROFILE_REQUEST = f"{codes.UK_CORE}ServiceRequest"
_REASONED = frozenset({"rejected", "cancelled", "on-hold", "failed"})
_NO_REASON = "No reason was given."
_REQUEST_STATUS = {
    "completed": "completed",
    "cancelled": "revoked",
    "entered-in-error": "entered-in-error",
    "draft": "draft",
    "on-hold": "on-hold",
}


@dataclass(frozen=True, slots=True)
class Party:
    """An agency: the hub's id, its name if that is known, and its ODS code if it has one."""

    id: str
    name: str
    ods_code: str | None = None


@dataclass(frozen=True, slots=True)
class TaskView:
    """One recipient's turn as FHIR says it. `words` is the reason in words, from a code's label."""

    id: str
    referral_id: str
    reference: str
    fhir_status: str
    state: str
    state_words: str
    requester: Party
    owner: Party
    authored_on: datetime
    modified_at: datetime
    version: str
    priority: str = "routine"
    decline_reason: str | None = None
    outcome: str | None = None
    words: str | None = None
    respond_by: datetime | None = None


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def task(view: TaskView) -> dict[str, Any]:
    """The Task of one recipient's turn."""
    written: dict[str, Any] = {
        "resourceType": "Task",
        "id": view.id,
        "meta": {
            "versionId": view.version,
            "lastUpdated": instant(view.modified_at),
            "profile": [_PROFILE_TASK],
        },
        "identifier": [{"system": codes.HUB_REFERENCE, "value": view.reference}],
        "status": view.fhir_status,
        "businessStatus": _concept(codes.HUB_STATE, view.state, view.state_words),
        "intent": "order",
        "priority": view.priority,
        "focus": {"reference": f"ServiceRequest/{view.referral_id}", "type": "ServiceRequest"},
        "for": _person(view.reference),
        "authoredOn": instant(view.authored_on),
        "lastModified": instant(view.modified_at),
        "requester": _agency(view.requester),
        "owner": _agency(view.owner),
    }
    if view.fhir_status in _REASONED:
        written["statusReason"] = _reason(view)
    if view.respond_by:
        written["restriction"] = {"period": {"end": instant(view.respond_by)}}
    if view.outcome:
        written["output"] = [
            {
                "type": {"text": "outcome"},
                "valueCodeableConcept": _concept(codes.HUB_OUTCOME, view.outcome, view.words),
            }
        ]
    return written


def service_request(
    view: TaskView, *, kept: Mapping[str, Any] | None = None, own_id: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The request as its sender may read it back, with what they sent that the hub only keeps.

    `kept` is by resource. What came with the Patient returns on the reference to the person, and
    what came with the Consent on a reference to it: neither resource is emitted.
    """
    written: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "id": view.referral_id,
        "meta": {
            "versionId": view.version,
            "lastUpdated": instant(view.modified_at),
            "profile": [_PROFILE_REQUEST],
        },
        "identifier": [{"system": codes.HUB_REFERENCE, "value": view.reference}],
        "status": _REQUEST_STATUS.get(view.fhir_status, "active"),
        "intent": "order",
        "priority": view.priority,
        "code": _concept(codes.SNOMED, *codes.SOCIAL_PRESCRIBING),
        "subject": _person(view.reference),
        "authoredOn": instant(view.authored_on),
        "requester": _agency(view.requester),
        **returned(kept or {}, _person(view.reference)),
    }
    if own_id is not None:
        system, value = own_id
        mine = {"value": value} | ({"system": system} if system and system != "id" else {})
        written["identifier"].append(mine)
    return written


def returned(kept: Mapping[str, Any], subject: Mapping[str, Any]) -> dict[str, Any]:
    """The elements of a request that return what its sender said beside it."""
    found = dict(kept.get("ServiceRequest", {}))
    if extensions := kept.get("Patient", {}).get("extension"):
        found["subject"] = {**subject, "extension": extensions}
    if extensions := kept.get("Consent", {}).get("extension"):
        words = "The agreement that came with the request"
        told = {"type": "Consent", "display": words, "extension": extensions}
        found["supportingInfo"] = [told]
    return found


def searchset(
    resources: Iterable[Mapping[str, Any]], *, base: str, self_url: str, next_url: str | None = None
) -> dict[str, Any]:
    """A page of a search. `base` is the server's address, without a slash at its end."""
    links = [{"relation": "self", "url": self_url}]
    if next_url:
        links.append({"relation": "next", "url": next_url})
    entries = [
        {
            "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
            "resource": dict(one),
            "search": {"mode": "match"},
        }
        for one in resources
    ]
    written: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return written | ({"entry": entries} if entries else {})


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a message needs besides its content: ids, when, from whom, to whom, about which."""

    bundle_id: str
    header_id: str
    at: datetime
    endpoint: str
    sender: Party
    receiver: Party | None = None
    answers: str | None = None


def response_message(
    envelope: Envelope,
    *,
    reason: str,
    focus: Mapping[str, Any],
    others: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A `servicerequest-response` message about `focus`, a Task or ServiceRequest."""
    focus_url = f"urn:uuid:{focus['id']}"
    parties = [envelope.sender, *([envelope.receiver] if envelope.receiver else [])]
    header: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "id": envelope.header_id,
        "eventCoding": {"system": codes.EVENTS, "code": codes.RESPONSE},
        "sender": {"reference": f"urn:uuid:{envelope.sender.id}"},
        "source": {"name": "Referral Hub", "endpoint": envelope.endpoint},
        "reason": {"coding": [{"system": codes.REASONS, "code": reason}]},
        "focus": [{"reference": focus_url}],
        "definition": f"{codes.MESSAGE_DEFINITION}{codes.RESPONSE}-referral",
    }
    if envelope.receiver:
        header["destination"] = [
            {
                "endpoint": f"{codes.HUB_AGENCY}/{envelope.receiver.id}",
                "receiver": {"reference": f"urn:uuid:{envelope.receiver.id}"},
            }
        ]
    if envelope.answers:
        header["response"] = {"identifier": envelope.answers, "code": "ok"}
    resources = [header, dict(focus), *map(dict, others), *map(organization, parties)]
    return {
        "resourceType": "Bundle",
        "id": envelope.bundle_id,
        "meta": {"lastUpdated": instant(envelope.at)},
        "type": "message",
        "timestamp": instant(envelope.at),
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }


def organization(party: Party) -> dict[str, Any]:
    """An agency as an Organization."""
    identifier = [{"system": codes.HUB_AGENCY, "value": party.id}]
    if party.ods_code:
        identifier.append({"system": codes.ODS_CODES[0], "value": party.ods_code})
    return {
        "resourceType": "Organization",
        "id": party.id,
        "identifier": identifier,
        "active": True,
    } | ({"name": party.name} if party.name else {})


def _reason(view: TaskView) -> dict[str, Any]:
    if view.decline_reason:
        return _concept(codes.HUB_DECLINE, view.decline_reason, view.words or _NO_REASON)
    return {"text": view.words or view.state_words or _NO_REASON}


def _concept(system: str, code: str, words: str | None) -> dict[str, Any]:
    coding = {"system": system, "code": code} | ({"display": words} if words else {})
    return {"coding": [coding]} | ({"text": words} if words else {})


def _person(reference: str) -> dict[str, Any]:
    return {
        "type": "Patient",
        "identifier": {"system": codes.HUB_REFERENCE, "value": reference},
        "display": "The person of this referral",
    }


def _agency(party: Party) -> dict[str, Any]:
    identifier = {"system": codes.HUB_AGENCY, "value": party.id}
    if party.ods_code:
        identifier = {"system": codes.ODS_CODES[0], "value": party.ods_code}
    named = {"display": party.name} if party.name else {}
    return {"type": "Organization", "identifier": identifier} | named
