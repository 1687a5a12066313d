"""A message bundle as BaRS lays it out: a header that says what happened, and what it is about.

The header is the first entry and its `focus` is the request; everything else is found by following
references between entries, never by position. A reference that leaves the message is refused where
the hub needs what it names: fetching from a sender's address is how servers are made to call
others (SSRF), so the hub never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.formats.fhir.codes import (
    DELETE,
    EVENTS,
    NEW,
    ODS_CODES,
    REASONS,
    REQUEST,
    RESPONSE,
    UPDATE,
)
from adapters.formats.fhir.outcome import FhirProblem, bad, unsupported
from adapters.formats.fhir.shape import check_shape

MOST_ENTRIES = 100
Resource = Mapping[str, Any]
_HEADER = "Bundle.entry[0].resource"


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """A resource and the FHIRPath of where it stands."""

    resource: Resource
    path: str


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A message that has a header, a known event and one focus. `bundle_id` may be missing."""

    bundle_id: str | None
    event: str
    reason: str
    header: Resource
    focus: Found
    entries: Mapping[str, Found]
    bundle: Resource

    def __repr__(self) -> str:
        return f"<Message {self.event} {self.reason}>"

    def named(self, reference: object, path: str) -> Found:
        """The entry that `reference` names. Raises FhirProblem when the message has none."""
        found = self.find(reference)
        if found is None:
            raise bad(
                "Refer to an entry of this message by its fullUrl; nothing else is looked up.",
                path,
                code="not-found",
            )
        return found

    def find(self, reference: object) -> Found | None:
        """The entry that `reference` names, if the message has it."""
        address = reference.get("reference") if isinstance(reference, Mapping) else None
        return self.entries.get(address) if isinstance(address, str) else None

    def all_of(self, kind: str) -> list[Found]:
        """Every entry of one resource type, in the message's order."""
        return [one for one in self.entries.values() if one.resource["resourceType"] == kind]


def read_message(bundle: dict[str, Any]) -> Message:
    """Read one parsed body. Raises FhirProblem."""
    if bundle.get("resourceType") != "Bundle":
        raise bad("Send one Bundle of type message.", "resourceType")
    listed = bundle.get("entry")
    if isinstance(listed, list) and len(listed) > MOST_ENTRIES:
        raise FhirProblem(
            413,
            bad(f"Send at most {MOST_ENTRIES} entries.", "Bundle.entry", code="too-long").issues,
        )
    check_shape(bundle)
    if bundle["type"] != "message":
        raise bad("Send a Bundle of type message.", "Bundle.type")
    entries = _entries(bundle)
    if (
        not entries
        or (first := next(iter(entries.values()))).resource["resourceType"] != "MessageHeader"
    ):
        raise bad("The first entry must be the MessageHeader.", "Bundle.entry[0]", code="required")
    header = first.resource
    event, reason = _event(header), _reason(header)
    return Message(
        bundle_id=bundle.get("id"),
        event=event,
        reason=reason,
        header=header,
        focus=_focus(header, entries),
        entries=entries,
        bundle=bundle,
    )


def read_single(resource: dict[str, Any]) -> Message:
    """Read a ServiceRequest alone, with what it refers to contained in it. Raises FhirProblem."""
    if resource.get("resourceType") != "ServiceRequest":
        raise bad("Send one ServiceRequest.", "resourceType")
    check_shape(resource)
    entries = {
        f"#{one['id']}": Found(one, f"ServiceRequest.contained[{place}]")
        for place, one in enumerate(resource.get("contained") or ())
        if one.get("id")
    }
    focus = Found(resource, "ServiceRequest")
    return Message(
        bundle_id=None,
        event=REQUEST,
        reason=NEW,
        header={},
        focus=focus,
        entries=entries,
        bundle=resource,
    )


def ods_code(organisation: Resource) -> str | None:
    """The ODS code of an Organization, if it carries one."""
    for identifier in organisation.get("identifier") or ():
        if identifier.get("system") in ODS_CODES:
            code: str | None = identifier.get("value")
            return code
    return None


def _entries(bundle: Resource) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for place, entry in enumerate(bundle.get("entry") or ()):
        path = f"Bundle.entry[{place}]"
        url, resource = entry.get("fullUrl"), entry.get("resource")
        if not url or not resource:
            raise bad("Each entry needs a fullUrl and a resource.", path, code="required")
        if url in found:
            raise bad("Two entries have the same fullUrl.", f"{path}.fullUrl", code="duplicate")
        found[url] = Found(resource, f"{path}.resource")
    return found


def _event(header: Resource) -> str:
    path = f"{_HEADER}.eventCoding"
    coding = header.get("eventCoding") or {}
    if coding.get("system") != EVENTS or not coding.get("code"):
        raise bad(f"Give the event as a code of {EVENTS}.", path, code="required")
    code: str = coding["code"]
    if code not in {REQUEST, RESPONSE}:
        raise unsupported(f"The hub takes {REQUEST} and {RESPONSE}; no bookings.", path)
    return code


def _reason(header: Resource) -> str:
    path = f"{_HEADER}.reason"
    for coding in (header.get("reason") or {}).get("coding") or ():
        if coding.get("system") == REASONS:
            code: str = coding.get("code")
            if code not in {NEW, UPDATE, DELETE}:
                raise bad("The reason is new, update or delete.", path, code="code-invalid")
            return code
    raise bad(f"Give the reason as a code of {REASONS}.", path, code="required")


def _focus(header: Resource, entries: Mapping[str, Found]) -> Found:
    path = f"{_HEADER}.focus"
    references = [one.get("reference") for one in header.get("focus") or ()]
    kinds = {"ServiceRequest", "Task"}
    found = [entries[r] for r in references if r in entries]
    focal = [one for one in found if one.resource["resourceType"] in kinds]
    if len(focal) != 1:
        raise bad(
            "The focus must name one ServiceRequest or Task among the entries.",
            path,
            code="required",
        )
    return focal[0]
