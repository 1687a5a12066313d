"""Whether a resource has the shape of FHIR R4, and a plain sentence when it is another version's.

`fhir.resources` knows every element of every resource; its R4B module is R4 for all that is read
here. Its own messages repeat values, so only the place and the kind of a mistake are used. Models
load when a resource of their kind is first met; `warm` loads the ones that a message needs, so
that the first sender does not wait for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.formats.fhir.outcome import FhirProblem, Issue, bad

MOST_ISSUES = 20
_USED = (
    "Bundle", "MessageHeader", "ServiceRequest", "Patient", "Consent", "Task", "Organization",
    "HealthcareService", "Practitioner", "PractitionerRole", "RelatedPerson", "OperationOutcome",
)  # fmt: skip
_STU3_ONLY = frozenset({"ReferralRequest", "ProcedureRequest", "DataElement", "BodySite"})
_TELLTALES = (
    ("MessageHeader", "event", "STU3"),
    ("ServiceRequest", "context", "STU3"),
    ("MessageHeader", "eventCanonical", "R5"),
    ("Consent", "grantor", "R5"),
    ("Consent", "grantee", "R5"),
    ("Consent", "decision", "R5"),
)
_MISSING = frozenset({"missing", "model_field_validation.missing"})
# What the library raises besides, where a value is not of the type that it takes for granted.
_STUMBLES = (LookupError, TypeError, AttributeError)
_WRONG_TYPE = "A value here is not of its element's type in FHIR R4, or there is no such resource."
_CONTENT = "This looks like FHIR {version}. Send FHIR R4 (4.0.1)."


def warm() -> None:
    """Load the models of the resources that a referral message holds."""
    for name in _USED:
        _model(name)


def check_shape(resource: dict[str, Any]) -> None:
    """Return if `resource`, with everything in it, has the shape of R4. Raises FhirProblem."""
    name = resource.get("resourceType")
    if not isinstance(name, str):
        raise bad("Send one FHIR resource with its resourceType.", "resourceType", code="required")
    refuse_other_versions(resource)
    try:
        model = _model(name)
    except (LookupError, ValueError):
        raise bad("There is no such resource in FHIR R4.", "resourceType") from None
    try:
        model.model_validate(resource)
    except RecursionError:
        raise bad("Resources are nested too deeply.", code="structure") from None
    except ValueError as problem:
        raise FhirProblem(400, _issues(name, problem)) from None
    except _STUMBLES:
        raise bad(_WRONG_TYPE, _stumbled_over(name, resource)) from None


def _stumbled_over(name: str, resource: dict[str, Any]) -> str:
    """The first resource in `resource` that has no model or that its model cannot read."""
    entries = resource.get("entry")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        inside: Any = entry.get("resource") if isinstance(entry, dict) else None
        try:
            _model(inside["resourceType"]).model_validate(inside)
        except (ValueError, *_STUMBLES):
            return f"{name}.entry[{index}].resource"
    return name


def refuse_other_versions(resource: dict[str, Any]) -> None:
    """Raise FhirProblem when `resource`, or a resource in its entries, is STU3's or R5's."""
    entries = resource.get("entry")
    inside = (
        [e.get("resource") for e in entries if isinstance(e, dict)]
        if isinstance(entries, list)
        else []
    )
    for one in (resource, *inside):
        version = _other_version(one) if isinstance(one, dict) else None
        if version:
            raise bad(_CONTENT.format(version=version), "resourceType", code="not-supported")


def _other_version(resource: dict[str, Any]) -> str | None:
    name = resource.get("resourceType")
    if isinstance(name, str) and name in _STU3_ONLY:
        return "STU3"
    for kind, member, version in _TELLTALES:
        if name == kind and member in resource:
            return version
    code, destinations = resource.get("code"), resource.get("destination")
    if (
        name == "ServiceRequest"
        and isinstance(code, dict)
        and {"concept", "reference"} & code.keys()
    ):
        return "R5"
    listed = destinations if name == "MessageHeader" and isinstance(destinations, list) else []
    return "R5" if any(isinstance(one, dict) and "endpointUrl" in one for one in listed) else None


def _model(name: str) -> Any:
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(name)


def _issues(name: str, problem: ValueError) -> list[Issue]:
    errors: Sequence[Any] = problem.errors() if hasattr(problem, "errors") else ()
    found = [_issue(name, error["loc"], error["type"]) for error in errors[:MOST_ISSUES]]
    return found or [Issue("structure", "This is not the shape of the resource in FHIR R4.", name)]


def _issue(name: str, place: Sequence[str | int], kind: str) -> Issue:
    if kind == "extra_forbidden":  # the sender chose the last step; it may be anything
        return Issue(
            "structure", "FHIR R4 has no such element here.", _expression(name, place[:-1])
        )
    expression = _expression(name, place)
    if kind in _MISSING:
        return Issue("required", "This element is required.", expression)
    return Issue("value", "The value is not of this element's type in FHIR R4.", expression)


def _expression(name: str, place: Sequence[str | int]) -> str:
    steps = (step for step in place if step != "__root__")
    return name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
