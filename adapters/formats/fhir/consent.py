"""What a Consent resource says, as what a person agreed to; or nothing, which is no agreement.

A referral without a Consent is not refused: it waits at the hub until somebody asks the person.
Neither is one whose Consent says less than the hub needs (implied consent, or a category of
organisations instead of their names): that is carried over as it is and the rules say what is
missing (R04). What cannot be read as either a yes or a no is refused here.

| agreement | Consent |
|---|---|
| state | status active with provision.type permit: given; rejected, or deny: refused |
| recipients | provision.actor.reference: an Organization with an ODS code or the hub's agency id |
| classes | provision.class, codes of the hub's data-class system |
| notice | sourceAttachment.url or policy.uri: `{notice system}/{id}/{version}/{language}` |
| method | extension consent-method; else written when there is a source, or in person |
| given_by | performer: the patient, or a RelatedPerson who is parent, attorney or deputy |
| valid_until | provision.period.end |
| service_agreement | extension agrees-to-service |
"""

from __future__ import annotations

from typing import Any

from adapters.formats.fhir import codes
from adapters.formats.fhir.message import Found, Message, ods_code
from adapters.formats.fhir.outcome import bad
from adapters.formats.fhir.reading import (
    Element,
    extension_codes,
    extension_true,
    identifiers,
    listed,
)
from adapters.formats.fhir.reading import (
    codes as codes_of,
)

_DAY = 10
_GIVEN_BY = {
    "PRN": "parent", "MTH": "parent", "FTH": "parent", "NMTH": "parent", "NFTH": "parent",
    "POWATT": "attorney", "DPOWATT": "attorney", "HPOWATT": "attorney", "SPOWATT": "attorney",
    "GUARD": "deputy",
}  # fmt: skip
_PRIVACY = "patient-privacy"


def read_consent(
    message: Message, patient: Found, places: dict[str, str]
) -> tuple[dict[str, Any] | None, Element | None]:
    """What the person said and the resource that says so; (None, None) without one."""
    found = _about_sharing(message)
    if found is None:
        places["agreement"] = "Bundle.entry"
        return None, None
    resource, path = found.resource, found.path
    if message.find(resource.get("patient")) != patient:
        raise bad("The Consent is about somebody else.", f"{path}.patient")
    provision = resource.get("provision") or {}
    at = f"{path}.provision"
    values = {
        "state": (_state(resource, provision, path), f"{path}.status"),
        "recipients": (_recipients(message, provision, at), f"{at}.actor"),
        "classes": (_classes(provision), f"{at}.class"),
        "notice": (_notice(resource), f"{path}.policy"),
        "method": (_method(resource), f"{path}.extension"),
        "given_by": (_given_by(message, resource, patient), f"{path}.performer"),
        "valid_until": (_last_day(provision), f"{at}.period.end"),
        "service_agreement": (extension_true(resource, codes.SERVICE_AGREED), f"{path}.extension"),
    }
    places.update({f"agreement/{name}": place for name, (_, place) in values.items()})
    places["agreement"] = path
    said = {name: value for name, (value, _) in values.items() if value is not None}
    return said, resource


def _about_sharing(message: Message) -> Found | None:
    found = [
        one
        for one in message.all_of("Consent")
        if _PRIVACY in codes_of(one.resource.get("scope"), codes.CONSENT_SCOPE)
        and one.resource.get("status") not in {"entered-in-error", "draft", "proposed"}
    ]
    if len(found) > 1:
        raise bad(
            "Send one Consent about sharing for each request.", found[1].path, code="duplicate"
        )
    return found[0] if found else None


def _state(consent: Element, provision: Element, path: str) -> str:
    if consent["status"] in {"rejected", "inactive"} or provision.get("type") == "deny":
        return "refused"
    if consent["status"] == "active":
        return "given"
    raise bad("The status of a Consent is active, rejected or inactive.", f"{path}.status")


def _recipients(message: Message, provision: Element, path: str) -> list[dict[str, str]]:
    named: list[dict[str, str]] = []
    for place, actor in enumerate(listed(provision, "actor")):
        reference = actor.get("reference")
        found = message.find(reference)
        logical = {"identifier": [(reference or {}).get("identifier")]}
        one = _agency(found.resource if found else logical)
        if one is None:
            raise bad(
                "Name each recipient by an ODS code or by the hub's agency id.",
                f"{path}.actor[{place}].reference",
                code="not-found",
            )
        named.append(one)
    return named


def _agency(organisation: Element) -> dict[str, str] | None:
    listed_ids = [one for one in listed(organisation, "identifier") if one]
    ids = identifiers({"identifier": listed_ids}, codes.HUB_AGENCY)
    if ids:
        return {"agency": ids[0]}
    ods = ods_code({"identifier": listed_ids})
    return {"ods_code": ods} if ods else None


def _classes(provision: Element) -> list[str]:
    return [
        one["code"]
        for one in listed(provision, "class")
        if one.get("system") == codes.HUB_DATA_CLASS and one.get("code")
    ]


def _notice(consent: Element) -> str | None:
    addresses = [(consent.get("sourceAttachment") or {}).get("url")]
    addresses += [one.get("uri") for one in listed(consent, "policy")]
    prefix = f"{codes.HUB_NOTICE}/"
    return next((a.removeprefix(prefix) for a in addresses if a and a.startswith(prefix)), None)


def _method(consent: Element) -> str:
    stated = extension_codes(consent, codes.CONSENT_HOW)
    if stated:
        return stated[0]
    return (
        "written"
        if consent.get("sourceAttachment") or consent.get("sourceReference")
        else "in_person"
    )


def _given_by(message: Message, consent: Element, patient: Found) -> str | None:
    performers = listed(consent, "performer")
    if not performers:
        return "self"
    found = message.find(performers[0])
    if found is None or found.resource["resourceType"] not in {"Patient", "RelatedPerson"}:
        return None
    if found is patient:
        return "self"
    for concept in listed(found.resource, "relationship"):
        for code in codes_of(concept, codes.ROLE):
            if code in _GIVEN_BY:
                return _GIVEN_BY[code]
    return None


def _last_day(provision: Element) -> str | None:
    end = (provision.get("period") or {}).get("end")
    return end[:_DAY] if end else None
