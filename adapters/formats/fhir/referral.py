"""A ServiceRequest with its Patient and Consent becomes the plain document of the hub's own JSON.

Nothing is decided here about the person: what FHIR says is carried over, what it leaves out stays
out, and the rules of the hub's own door apply to the result. `places` says for each member of the
document which element it came from, so that a sender reads about `Patient.birthDate` and not about
a member of a document that they never saw.

| document | FHIR |
|---|---|
| person | Patient: name, birthDate, NHS number, address; the area by extension or district |
| contact | Patient.telecom; wishes by extension |
| access | Patient.communication, the interpreter extension, access needs by extension |
| needs, why, task_note, priority | ServiceRequest: reasonCode, reasonCode.text, note, priority |
| wishes | ServiceRequest: performer, orderDetail, occurrenceTiming, extensions (`wishes`) |
| agreement | Consent: who, to what, for whom, after which words, how, until when |

An address of several lines becomes one text. `priority` has two values here: `asap` and `urgent`
are urgent; `stat` is refused, because the hub is not an emergency service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.formats.fhir import codes
from adapters.formats.fhir.consent import read_consent
from adapters.formats.fhir.message import Found, Message
from adapters.formats.fhir.outcome import bad, unsupported
from adapters.formats.fhir.reading import (
    Element,
    extension_codes,
    extension_true,
    extensions,
    identifiers,
    listed,
    official_name,
    telecom,
)
from adapters.formats.fhir.reading import (
    codes as codes_of,
)
from adapters.formats.fhir.wishes import read_wishes

_PRIORITIES = {"routine": "routine", "urgent": "urgent", "asap": "urgent"}
_STATUSES = frozenset({"active", "draft"})
_INTENTS = frozenset({"order", "plan", "proposal", "directive", "original-order"})
_EMERGENCY = (
    "The hub is not an emergency service. If somebody is in danger ring 999; send the request "
    "again with priority urgent."
)
_UNVERIFIED = "number-present-but-not-traced"


@dataclass(frozen=True, slots=True, repr=False)
class Incoming:
    """What one request says, as the hub's own document, and where each member came from.

    `own_id` is the sender's identifier of the request (system, value). `kept` holds the extensions
    and codings that the document has no room for, to be returned as they came.
    """

    document: dict[str, Any]
    places: Mapping[str, str]
    own_id: tuple[str, str]
    kept: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "<Incoming referral (redacted)>"


def read_referral(message: Message) -> Incoming:
    """Read the request that `message` is about. Raises FhirProblem."""
    request = message.focus
    resource, path = request.resource, request.path
    if resource["resourceType"] != "ServiceRequest":
        raise bad("The focus of a request is a ServiceRequest.", path)
    _check_request(resource, path)
    patient = message.named(resource.get("subject"), f"{path}.subject")
    if patient.resource["resourceType"] != "Patient":
        raise bad("The subject must be a Patient.", f"{path}.subject")
    places: dict[str, str] = {}
    agreement, consent = read_consent(message, patient, places)
    document = {
        "person": _person(patient, places),
        "contact": _contact(patient, places),
        "access": _access(patient, places),
        "needs": _needs(resource, path, places),
        **_why(resource, path, places),
        "agreement": agreement,
    }
    said = read_wishes(message, request, places)
    if said is not None:
        document["wishes"] = said
    return Incoming(document, places, own_id(request), _kept(resource, patient.resource, consent))


def own_id(request: Found) -> tuple[str, str]:
    """The sender's identifier of a request. Raises FhirProblem when it has none."""
    for one in listed(request.resource, "identifier"):
        if one.get("value"):
            return one.get("system") or "", one["value"]
    based_on = request.resource.get("id")
    if based_on:
        return "id", based_on
    raise bad(
        "Give the request an identifier of yours; you name it when you change or cancel it.",
        f"{request.path}.identifier",
        code="required",
    )


def _check_request(request: Element, path: str) -> None:
    if request["status"] not in _STATUSES:
        raise bad("A new request has status active or draft.", f"{path}.status")
    if request["intent"] not in _INTENTS:
        raise bad("The intent must ask for something: order, plan or proposal.", f"{path}.intent")
    if request.get("doNotPerform"):
        raise unsupported(
            "A request not to do something cannot be referred.", f"{path}.doNotPerform"
        )
    for concept in listed(request, "category"):
        if "validation" in codes_of(concept, codes.CATEGORIES):
            raise unsupported("The hub does not validate 999 or 111 cases.", f"{path}.category")


def _person(patient: Found, places: dict[str, str]) -> dict[str, Any]:
    resource, path = patient.resource, patient.path
    place, name = official_name(resource) or (0, {})
    at = f"{path}.name[{place}]"
    address_at, address = _home(resource)
    found = {
        "first_name": (next(iter(listed(name, "given")), None), f"{at}.given"),
        "family_name": (name.get("family"), f"{at}.family"),
        "date_of_birth": (resource.get("birthDate"), f"{path}.birthDate"),
        "nhs_number": (_nhs_number(resource), f"{path}.identifier"),
        "area": (_area(resource, address), f"{path}.address[{address_at}].district"),
        "address": (_lines(address), f"{path}.address[{address_at}]"),
        "postcode": (address.get("postalCode"), f"{path}.address[{address_at}].postalCode"),
    }
    return _taken(found, "person", places)


def _home(patient: Element) -> tuple[int, Element]:
    addresses = list(enumerate(listed(patient, "address")))
    for place, address in addresses:
        if address.get("use") == "home":
            return place, address
    return addresses[0] if addresses else (0, {})


def _area(patient: Element, address: Element) -> str | None:
    for one in extensions(patient, codes.AREA):
        coding = one.get("valueCoding") or {}
        code: str | None = one.get("valueCode") or coding.get("code")
        if code:
            return code
    district: str | None = address.get("district") or address.get("city")
    return district


def _lines(address: Element) -> str | None:
    lines = [*listed(address, "line"), address.get("city"), address.get("district")]
    text = "\n".join(dict.fromkeys(line for line in lines if line))
    return text or address.get("text")


def _nhs_number(patient: Element) -> str | None:
    return next(iter(identifiers(patient, codes.NHS_NUMBER)), None)


def _contact(patient: Found, places: dict[str, str]) -> dict[str, Any]:
    resource, path = patient.resource, patient.path
    found = {
        "phone": (telecom(resource, "phone", "sms"), f"{path}.telecom"),
        "email": (telecom(resource, "email"), f"{path}.telecom"),
        "preferred": (extension_codes(resource, codes.CONTACT_PREFERRED), f"{path}.extension"),
        "never": (extension_codes(resource, codes.CONTACT_NEVER), f"{path}.extension"),
    }
    return _taken(found, "contact", places)


def _access(patient: Found, places: dict[str, str]) -> dict[str, Any]:
    resource, path = patient.resource, patient.path
    found = {
        "language": (_language(resource), f"{path}.communication"),
        "interpreter": (extension_true(resource, codes.INTERPRETER), f"{path}.extension"),
        "needs": (extension_codes(resource, codes.ACCESS_NEED), f"{path}.extension"),
    }
    return _taken(found, "access", places)


def _language(patient: Element) -> str:
    spoken = sorted(listed(patient, "communication"), key=lambda one: not one.get("preferred"))
    for one in spoken:
        for coding in listed(one.get("language") or {}, "coding"):
            if coding.get("code"):
                code: str = coding["code"]
                return code
    return "en"


def _needs(request: Element, path: str, places: dict[str, str]) -> list[str]:
    places["needs"] = f"{path}.reasonCode"
    concepts = [*listed(request, "reasonCode"), *listed(request, "orderDetail")]
    return list(dict.fromkeys(c for one in concepts for c in codes_of(one, codes.HUB_NEED)))


def _why(request: Element, path: str, places: dict[str, str]) -> dict[str, Any]:
    priority = request.get("priority", "routine")
    if priority == "stat":
        raise unsupported(_EMERGENCY, f"{path}.priority")
    texts = (one.get("text") for one in listed(request, "reasonCode"))
    found = {
        "why": (next((text for text in texts if text), None), f"{path}.reasonCode.text"),
        "task_note": (_note(request), f"{path}.note"),
        "priority": (_PRIORITIES.get(priority, priority), f"{path}.priority"),
    }
    places.update({name: place for name, (_, place) in found.items()})
    return {name: value for name, (value, _) in found.items() if value is not None}


def _note(request: Element) -> str | None:
    texts = [one["text"] for one in listed(request, "note") if one.get("text")]
    return request.get("patientInstruction") or "\n".join(texts) or None


def _kept(request: Element, patient: Element, consent: Element | None) -> dict[str, Any]:
    """Extensions and codings that the hub's document has no room for, by resource."""
    own = {
        codes.AREA, codes.CONTACT_PREFERRED, codes.CONTACT_NEVER, codes.ACCESS_NEED,
        codes.INTERPRETER, codes.CONSENT_HOW, codes.SERVICE_AGREED, *codes.WISHES,
    }  # fmt: skip
    kept: dict[str, Any] = {}
    for name, resource in (("ServiceRequest", request), ("Patient", patient), ("Consent", consent)):
        foreign = [one for one in listed(resource or {}, "extension") if one.get("url") not in own]
        if foreign:
            kept[name] = {"extension": foreign}
    for name in ("code", "category", "performerType", "occurrencePeriod", "occurrenceDateTime"):
        if request.get(name):
            kept.setdefault("ServiceRequest", {})[name] = request[name]
    return kept


def _taken(
    found: Mapping[str, tuple[Any, str]], group: str, places: dict[str, str]
) -> dict[str, Any]:
    places.update({f"{group}/{name}": place for name, (_, place) in found.items()})
    return {name: value for name, (value, _) in found.items() if value is not None}
