"""A FHIR request becomes the plain referral of the hub's own door, checked by the same schema.

What the schema finds is told as the FHIR element it came from. A Consent that leaves out what the
hub needs for an agreement (whom it names, which words, until when) is no agreement and no mistake:
the referral is taken on and held until somebody asks the person (rules R04 and R05).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from marshmallow import ValidationError

from adapters.formats.fhir.outcome import FhirProblem, Issue
from adapters.formats.fhir.referral import Incoming
from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number
from referral_hub.services.assemble_referral import PlainReferral
from referral_hub.web.forms.api_referral import AgreementBody, ReferralBody, check_days

_NEEDED = ("recipients", "classes", "notice", "valid_until", "given_by")
_PARTS_OF_A_NOTICE = 3
NOT_ENOUGH = (
    "The Consent does not name whom, what, which words or until when. Nothing is shared until the "
    "person is asked."
)
UNVERIFIED = "The NHS number is not one, and was left out."


def plain_referral(
    incoming: Incoming, today: date, *, leave_out_number: bool
) -> tuple[PlainReferral, list[Issue]]:
    """The checked referral, and what its sender should know. Raises FhirProblem.

    With `leave_out_number` a referral with a wrong NHS number is taken on without the number.
    """
    document, told = dict(incoming.document), []
    person = dict(document["person"])
    if leave_out_number and not _is_number(person.get("nhs_number")):
        del person["nhs_number"]
        told.append(Issue("value", UNVERIFIED, incoming.places["person/nhs_number"]))
    said = _agreement(document.pop("agreement"))
    if said is None and incoming.document["agreement"] is not None:
        told.append(Issue("incomplete", NOT_ENOUGH, incoming.places["agreement"]))
    document |= {"person": person} | ({"agreement": said} if said else {})
    try:
        plain: PlainReferral = ReferralBody(today).load(document)
    except ValidationError as problem:
        raise _told(problem, incoming.places) from None
    return replace(plain, kept=as_text(incoming.kept)), told


def as_text(kept: Mapping[str, Any]) -> str | None:
    """Extensions and codings as text; a character that is none is kept as an escape."""
    return json.dumps(kept, separators=(",", ":")) if kept else None


def agreement_said(
    incoming_agreement: Mapping[str, Any], places: Mapping[str, str], today: date
) -> Any:
    """What a Consent in an update says, as `AgreementTaken`. Raises FhirProblem."""
    said = _agreement(incoming_agreement)
    if said is None:
        raise FhirProblem(422, [Issue("business-rule", NOT_ENOUGH, places["agreement"])])
    try:
        taken = AgreementBody().load(said)
        check_days(taken, today, None)
    except ValidationError as problem:
        raise _told(problem, places, under="agreement") from None
    return taken


def _is_number(value: str | None) -> bool:
    if value is None:
        return True
    try:
        parse_nhs_number(value)
    except InvalidNhsNumber:
        return False
    return True


def _agreement(said: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The agreement as the hub's own JSON has it; None where it is not one yet."""
    if said is None:
        return None
    notice = str(said.get("notice") or "").split("/")
    known = len(notice) == _PARTS_OF_A_NOTICE
    written = {
        "given": said["state"] == "given",
        "method": said["method"],
        "given_by": said.get("given_by"),
        "notice": dict(zip(("id", "version", "language"), notice, strict=True)) if known else None,
    }
    if not known or not written["given_by"]:
        return None
    if not written["given"]:
        return written
    if not all(said.get(name) for name in _NEEDED):
        return None
    named = [one["agency"] for one in said["recipients"] if "agency" in one]
    if len(named) != len(said["recipients"]):
        return None
    return written | {
        "recipients": named,
        "classes": said["classes"],
        "valid_until": said["valid_until"],
        "service_agreement": said["service_agreement"],
    }


def _told(problem: ValidationError, places: Mapping[str, str], *, under: str = "") -> FhirProblem:
    found = _members(problem.messages, under)
    return FhirProblem(
        400, [Issue("value", text, place_of(member, places)) for member, text in found]
    )


def _members(messages: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            step = at if name == "_schema" else f"{at}/{name}" if at else str(name)
            yield from _members(inner, step)
    elif isinstance(messages, list):
        for one in messages:
            yield from _members(one, at)
    else:
        yield at, str(messages)


def place_of(member: str, places: Mapping[str, str]) -> str | None:
    """The element of `member`, or of the part that it is in."""
    while member:
        if member in places:
            return places[member]
        member = member.rpartition("/")[0]
    return None
