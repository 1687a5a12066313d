"""Items of registers in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from consent.codes import DataClass
from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import ItemState, Register
from referral_hub.services.registers import Item
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import day, instant

_TEXTS = (
    "purposes",
    "lawful_basis",
    "people",
    "information",
    "recipients",
    "transfers",
    "retention",
    "security",
)


@dataclass(frozen=True, slots=True)
class Described:
    """An item as a list and its page show it, and which buttons its reader has."""

    id: UUID
    register: Register
    title: str
    state: ItemState
    due: bool
    review_on: date | None
    proposer: str | None
    decider: str | None
    may_decide: bool
    waits_for: str | None
    may_revise: bool
    may_end: bool


def described(item: Item, actor: Actor, labels: Labels) -> Described:
    """Return an item in words, for somebody of the agency."""
    row = item.row
    approver = row.get("approver_agency_id", row.get("agency_id"))
    own = row.get("proposed_by") == actor.user_id
    theirs = approver != actor.agency_id
    waits = None
    if item.open:
        waits = _other(row, actor) if theirs else "a second person of your agency"
    return Described(
        id=item.id,
        register=item.register,
        title=_title(item, labels),
        state=item.state,
        due=item.due,
        review_on=row["review_on"],
        proposer=_person(row, "proposer", row.get("proposed_by") or row.get("recorded_by")),
        decider=_person(row, "decider", row.get("decided_by")),
        may_decide=item.open and not own and not theirs,
        waits_for=waits,
        may_revise=item.live,
        may_end=item.live or (item.open and own),
    )


def facts_of(item: Item, labels: Labels) -> list[tuple[str, list[str]]]:
    """Return what an item says: names of its fields, and lines."""
    found = _FACTS[item.register](item.row, labels)
    return [(labels.words(name, "RegisterField"), lines) for name, lines in found if any(lines)]


def _title(item: Item, labels: Labels) -> str:
    row = item.row
    match item.register:
        case Register.AGREEMENTS:
            return f"{row['sender_name']} to {row['recipient_name']}"
        case Register.NOTICES:
            language = labels.words(row["notice_language"], "Language")
            return f"{row['notice_id']}, version {row['notice_version']}, {language}"
        case Register.ACTIVITIES:
            return str(row["name"])


def _agreement(row: Mapping[str, Any], labels: Labels) -> Iterator[tuple[str, list[str]]]:
    yield "purposes", [labels.words(one, "Purpose") for one in row["purposes"]]
    told = [labels.label(one) for one in DataClass if one.value in row["classes"]]
    yield "information", told
    yield "article6", [labels.words(row["article6"], "Article6")]
    yield "article9", [labels.words(row["article9"], "Article9")] if row["article9"] else []
    given = [(labels.words(name, "Evidence"), one) for name, one in row["evidence"].items()]
    yield "evidence", [f"{told}: {one}" for told, one in given if one]
    yield from _course(row)


def _notice(row: Mapping[str, Any], _labels: Labels) -> Iterator[tuple[str, list[str]]]:
    yield "text_hash", [f"SHA-256 {row['notice_hash']}"]
    yield from _course(row)


def _activity(row: Mapping[str, Any], labels: Labels) -> Iterator[tuple[str, list[str]]]:
    yield "role", [labels.words(row["role"], "ProcessingRole")]
    for name in _TEXTS:
        yield name, row[name].split("\n")
    yield from _course(row)


def _course(row: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if row.get("valid_from"):
        yield "since", [instant(row["valid_from"])]
        yield "until", [instant(row["valid_until"])] if row["valid_until"] else ["No end"]
    yield "review_on", [day(row["review_on"])] if row["review_on"] else ["No day"]
    yield "document", [row["document"] or ""]
    if row["superseded_at"]:
        yield "superseded_at", [instant(row["superseded_at"])]
    if row["ended_at"]:
        yield "ended_at", [instant(row["ended_at"])]
    recorded: datetime | None = row.get("proposed_at") or row.get("recorded_at")
    yield "recorded_at", [instant(recorded)] if recorded else ["By whoever runs the hub"]
    yield "decided_at", [instant(row["decided_at"])] if row.get("decided_at") else []


_FACTS = {
    Register.AGREEMENTS: _agreement,
    Register.NOTICES: _notice,
    Register.ACTIVITIES: _activity,
}


def _other(row: Mapping[str, Any], actor: Actor) -> str:
    ours = row["sender_agency_id"] == actor.agency_id
    return str(row["recipient_name"] if ours else row["sender_name"])


def _person(row: Mapping[str, Any], name: str, user: UUID | None) -> str | None:
    if user is None:
        return None
    return row.get(name) or "Staff of the other agency"
