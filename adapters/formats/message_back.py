"""The message back to the GP and the referrer: what became of a referral, under standard headings.

The headings are those of the PRSB social prescribing information standard that a message back uses;
what a heading has no answer for is left out, not filled in. It names nobody: the reader finds the
person by the reference in their own record. What is said in words comes from closed lists, except
the next step that the recipient wrote for the sender.

Two forms: JSON sections for a system, and plain text that files as a letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

CONTENT_TYPE = "application/vnd.referral-hub.message-back+json"
SCHEMA = "referral-hub/message-back/1"
_UNCODED = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One recipient's part in it. `needs`, `state` and `outcome` are words, not codes.

    `needs` is empty where the writer cannot read them: what somebody needs is sealed.
    """

    name: str
    needs: str
    state: str
    since: datetime
    first_contact: datetime | None = None
    reason: str | None = None
    outcome: str | None = None
    person_told: bool | None = None
    next_step: str | None = None


@dataclass(frozen=True, slots=True)
class MessageBack:
    """What became of a referral. `snomed` is the code to file, with its term. Times are aware."""

    reference: str
    sent_at: datetime
    written_at: datetime
    referrer: str
    owner: str
    services: tuple[Service, ...]
    snomed: tuple[str, str]
    distribution: tuple[str, ...] = field(default=())


Entry = dict[str, str]


def as_sections(message: MessageBack) -> list[tuple[str, list[Entry]]]:
    """The headings in the standard's order, each with its entries."""
    services = message.services
    written = {"Organisation": message.owner, "Written": _day(message.written_at)}
    return [
        ("Referral details", [_referral(message)]),
        ("Plan and requested actions", [_plan(one) for one in services]),
        ("Outcomes", [found for one in services if (found := _outcome(one))]),
        ("Information and advice given", [found for one in services if (found := _told(one))]),
        ("Person completing record", [written]),
        ("Distribution list", [{"Organisation": one} for one in message.distribution]),
    ]


def as_json(message: MessageBack) -> bytes:
    """The message as JSON sections."""
    document = {
        "schema": SCHEMA,
        "reference": message.reference,
        "written_at": message.written_at.astimezone(UTC).isoformat(),
        "sections": [
            {"heading": heading, "entries": entries}
            for heading, entries in as_sections(message)
            if entries
        ],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def as_text(message: MessageBack) -> str:
    """The message as plain text."""
    return "\n".join(_lines(message))


def _lines(message: MessageBack) -> Iterator[str]:
    yield f"Referral {message.reference}"
    for heading, entries in as_sections(message):
        if not entries:
            continue
        yield _UNCODED
        yield heading.upper()
        for place, entry in enumerate(entries):
            if place:
                yield _UNCODED
            yield from (f"{label}: {value}" for label, value in entry.items())


def _referral(message: MessageBack) -> Entry:
    code, term = message.snomed
    return {
        "Reference": message.reference,
        "Referred": _day(message.sent_at),
        "Referrer": message.referrer,
        "Code to file": f"{code} | {term} |",
    }


def _plan(service: Service) -> Entry:
    found = {"Service": service.name}
    if service.needs:
        found["For"] = service.needs
    found["Status"] = f"{service.state}, since {_day(service.since)}"
    if service.reason:
        found["Reason"] = service.reason
    if service.first_contact:
        found["First contact"] = _day(service.first_contact)
    return found


def _outcome(service: Service) -> Entry | None:
    if service.outcome is None:
        return None
    found = {"Service": service.name, "Outcome": service.outcome}
    if service.next_step:
        found["Next step"] = service.next_step
    return found


def _told(service: Service) -> Entry | None:
    if service.person_told is None:
        return None
    said = "The person has been told" if service.person_told else "The person has not been told yet"
    return {"Service": service.name, "Told": said}


def _day(moment: datetime) -> str:
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"
