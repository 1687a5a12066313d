"""What a person said, in words: their own copy without a code, and each field of the record.

The copy is for somebody who reads it at home, so it says "you", names agencies and days, and holds
no name of the person: a copy that is left on a bus tells nobody whose it is. Every sentence stands
in `labels.toml` or comes from the notice itself. Page and PDF are made from the same parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from consent.codes import DataClass
from consent.ledger import ENDING
from consent.model import ConsentEvent, GivenBy
from consent.receipt import Content
from referral_hub.services.agreement_records import AgreementRecord, Standing
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import LONDON, day, instant

SECTIONS = ("header", "processing", "event", "receipt")
_CODES = {
    "event_type": "EventType",
    "event_state": "EventState",
    "method": "Method",
    "collection_method": "Method",
    "given_by": "GivenBy",
    "language": "Language",
    "purpose": "Purpose",
}


@dataclass(frozen=True, slots=True)
class CopyPart:
    """A heading with sentences, points under them, and the language where it is not English."""

    heading: str
    sentences: Sequence[str]
    points: Sequence[str] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Copy:
    """A person's copy: its title, what it says first, and its parts."""

    title: str
    lead: Sequence[str]
    parts: Sequence[CopyPart]


def persons_copy(found: AgreementRecord, labels: Labels) -> Copy:
    """Return the person's copy."""
    event = found.event
    state = event.state.value
    ended = event.state in ENDING
    title = labels.words(state, "EventState.copy")
    if event.given_by is GivenBy.BEST_INTERESTS:
        title = labels.words(state, "EventState.decided_for")
    lead = [f"{found.agency.name}, {day(event.recorded_at)}."]
    if found.reference:
        lead.append(f"Your reference is {found.reference}.")
    lead.append(labels.words(state, "EventState.copy_lead"))
    parts = [
        _who(found, labels, ended=ended),
        *([] if ended else [_what(event, labels), _why(event), _how_long(event)]),
        _how(found, labels),
        CopyPart(
            "What we told you first", found.words.text.splitlines(), language=found.words.language
        ),
        _changing(found, ended=ended),
        _rights(found),
    ]
    return Copy(title, lead, [part for part in parts if part.sentences or part.points])


def fields(content: Content, labels: Labels) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each field of a record or receipt: its name, its words, and its value in lines."""
    names = {party["party_id"]: party["name"] for party in content["party_identification"]}
    for section in SECTIONS:
        for name, value in content.get(section, {}).items():
            yield name, labels.words(name, "ConsentField"), _value(name, value, names, labels)
        if section == "processing":
            lines = [", ".join(_party(one)) for one in content["party_identification"]]
            name = "party_identification"
            yield name, labels.words(name, "ConsentField"), lines


def _who(found: AgreementRecord, labels: Labels, *, ended: bool) -> CopyPart:
    if not found.standing:
        return CopyPart("Who this is about", ["Everybody that you had agreed to."])
    heading = "Who this is about" if ended else "Who we may tell"
    return CopyPart(heading, [], [_recipient(one, labels, ended=ended) for one in found.standing])


def _recipient(one: Standing, labels: Labels, *, ended: bool) -> str:
    party = one.recipient
    told = ", ".join(part for part in (party.name, party.address, party.contact) if part)
    if ended or one.lapsed is None:
        return told
    return f"{told}. {labels.words(one.lapsed, 'Lapsed')}"


def _what(event: ConsentEvent, labels: Labels) -> CopyPart:
    told = [labels.words(one, "DataClass.copy") for one in DataClass if one in event.classes]
    return CopyPart("What we may tell them", ["They are told no more than they need."], told)


def _why(event: ConsentEvent) -> CopyPart:
    agreed = (
        "You also agreed to have their help, and that they may get in touch with you."
        if event.service_agreement
        else "You did not agree to have their help yet. They may not get in touch with you for it."
    )
    return CopyPart("Why", ["So that they can help you.", agreed])


def _how_long(event: ConsentEvent) -> CopyPart:
    since = day(event.valid_from)
    if event.valid_until is None:
        return CopyPart("How long", [f"From {since}, until you change your mind."])
    return CopyPart("How long", [f"From {since} until {last_moment(event.valid_until)}."])


def last_moment(until: datetime) -> str:
    """The last whole day before an exclusive end; the instant itself where that is no midnight."""
    local = until.astimezone(LONDON)
    return (
        f"the end of {day(local - timedelta(days=1))}" if local.time() == time() else instant(until)
    )


def _how(found: AgreementRecord, labels: Labels) -> CopyPart:
    event = found.event
    given = labels.words(event.given_by.value, "GivenBy.copy")
    how = labels.words(event.method.value, "Method.copy")
    said = f"{given}." if event.given_by is GivenBy.BEST_INTERESTS else f"{given}, {how}."
    by = found.taken_by or "Somebody"
    return CopyPart(
        "How you told us",
        [said, f"{by} of {found.agency.name} wrote it down on {instant(event.recorded_at)}."],
    )


def _changing(found: AgreementRecord, *, ended: bool) -> CopyPart:
    processing = found.record["processing"]
    reach = ", ".join(part for part in (found.agency.address, found.agency.contact) if part)
    ways = [*processing["withdrawal_method"]]
    first = (
        "You can agree again at any time."
        if ended
        else "You can stop this at any time. You do not have to say why."
    )
    told = [first, f"{found.agency.name}: {reach}."] if reach else [first]
    return CopyPart("If you change your mind", told, ways)


def _rights(found: AgreementRecord) -> CopyPart:
    authority = found.record["processing"]["authority_party"]
    party = next(
        one for one in found.record["party_identification"] if one["party_id"] == authority
    )
    asked = found.agency.officer_contact or found.agency.contact
    who = [f"Ask us first: {asked}."] if asked else []
    return CopyPart(
        "What you can ask for",
        [*who, f"{party['name']}: {party['contact']}."],
        found.record["processing"]["privacy_rights"],
    )


def _value(name: str, value: Any, names: Mapping[str, str], labels: Labels) -> list[str]:
    match value:
        case None:
            return ["None"]
        case bool():
            return ["Yes" if value else "No"]
        case dict():
            return [f"{value['id']}, version {value['version']}", f"SHA-256 {value['sha256']}"]
        case list():
            return [_item(one, names, labels) for one in value]
    if name in {"event_time", "issued_at"}:
        return [f"{instant(datetime.fromisoformat(value))} ({value})"]
    told = labels.words(value, _CODES[name]) if name in _CODES else value
    return [names.get(line, line) for line in told.split("\n")]


def _item(one: Any, names: Mapping[str, str], labels: Labels) -> str:
    if not isinstance(one, dict):
        return names.get(one, one)
    return _kind(one) if "pii_type" in one else _basis(one, names, labels)


def _kind(row: Mapping[str, Any]) -> str:
    kinds = [
        told
        for told, holds in (
            ("sensitive", row["sensitive_category"]),
            ("special category", row["special_category"]),
        )
        if holds
    ]
    return f"{row['name']} ({', '.join(kinds)})" if kinds else str(row["name"])


def _basis(row: Mapping[str, Any], names: Mapping[str, str], labels: Labels) -> str:
    told = [labels.words(row["article_6"], "Article6")]
    if row["article_9"]:
        told.append(labels.words(row["article_9"], "Article9"))
    told.append(labels.words(row["confidentiality"], "ConfidentialityBasis"))
    return f"{names.get(row['recipient'], row['recipient'])}: {'; '.join(told)}"


def _party(party: Mapping[str, str]) -> list[str]:
    return [value for key, value in party.items() if key not in {"party_id", "type"} and value]
