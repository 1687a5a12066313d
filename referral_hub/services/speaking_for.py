"""Deciding for somebody: the records of authority, capacity and children that an agreement brings.

Each says which and when in codes, and points to a statement whose words (who assessed, who decided,
why, which document) are sealed under the person's key. What was not written is not pointed to, so
that the rules hold the referral (R08 to R10) until somebody records it. The limit: the words are
kept as they were typed; nobody here judges whether an assessment is a good one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.ledger import GRANTING
from consent.model import DataClass, GivenBy, Purpose
from referral_hub.audit.events import SubjectKey
from referral_hub.crypto.keys import KeyService
from referral_hub.crypto.records import StatementContext
from referral_hub.crypto.seal import seal_statement
from referral_hub.domain.codes import AuthorityScope, StatementKind
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.domain.ids import new_id

LONDON = ZoneInfo("Europe/London")
PROXIES = frozenset({GivenBy.PARENT, GivenBy.ATTORNEY, GivenBy.DEPUTY})
COVERS = {
    AuthorityScope.WELFARE: frozenset(DataClass) - {DataClass.FINANCE},
    AuthorityScope.PROPERTY: frozenset({DataClass.FINANCE}),
    AuthorityScope.BOTH: frozenset(DataClass),
}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Taking:
    """Who records something, about whom, for which referral, and when."""

    keys: KeyService
    actor: Actor
    subject: SubjectKey
    referral_id: UUID
    at: datetime

    def __repr__(self) -> str:
        return "<Taking>"


@dataclass(slots=True, repr=False)
class SpokenFor:
    """Rows by table; capacity and child still lack the log entry that they are written with."""

    proxy: Row | None = None
    capacity: Row | None = None
    child: Row | None = None
    statements: list[Row] = field(default_factory=list)

    def __repr__(self) -> str:
        return "<SpokenFor>"

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the records, for the log entry to cite."""
        return tuple(str(row["id"]) for row in (self.proxy, self.capacity, self.child) if row)

    def rows(self, entry_id: UUID) -> dict[str, list[Row]]:
        """Return the rows to insert by table, with the entry that cites them."""

        def bound(row: Row | None) -> list[Row]:
            return [{**row, "entry_id": entry_id}] if row else []

        return {
            "proxy_authority": [self.proxy] if self.proxy else [],
            "capacity_record": bound(self.capacity),
            "child_record": bound(self.child),
            "statement": self.statements,
        }


def speaking_for(taking: Taking, agreement: AgreementTaken) -> SpokenFor:
    """Return what `agreement` records about whoever decided, sealed where it is words."""
    made = SpokenFor()
    if agreement.state not in GRANTING:
        return made
    made.proxy = _proxy(taking, agreement, made)
    made.capacity = _capacity(taking, agreement, made)
    made.child = _child(taking, agreement, made)
    return made


def statement_context(
    statement_id: UUID, kind: StatementKind, owner: UUID, subject_id: UUID
) -> StatementContext:
    """Return what a statement's words are bound to."""
    return StatementContext(str(statement_id), kind.value, str(owner), str(subject_id))


def end_of_day(day: date | None) -> datetime | None:
    """Return the instant at which `day` ends in London: an agreement "until Friday" includes
    Friday.
    """
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=1), time(), LONDON).astimezone(UTC)


def _proxy(taking: Taking, agreement: AgreementTaken, made: SpokenFor) -> Row | None:
    authority = agreement.authority
    if agreement.given_by not in PROXIES or authority is None:
        return None
    evidence = None
    if authority.seen:
        evidence = _state(taking, made, StatementKind.AUTHORITY, {"seen": authority.seen})
    return {
        "id": new_id(taking.at),
        "origin_agency_id": taking.actor.agency_id,
        "subject_id": taking.subject.id,
        "kind": agreement.given_by.value,
        "evidence_id": str(evidence) if evidence else None,
        "purposes": [Purpose.SUPPORT.value],
        "classes": sorted(COVERS[authority.covers]),
        "valid_from": taking.at,
        "valid_until": end_of_day(authority.until),
        "flagged": authority.risk,
    }


def _capacity(taking: Taking, agreement: AgreementTaken, made: SpokenFor) -> Row | None:
    able = agreement.given_by is GivenBy.SELF
    assessed, decided = agreement.assessment, None if able else agreement.best_interests
    if agreement.given_by is not GivenBy.BEST_INTERESTS and not (assessed or decided):
        return None
    assessment = decision = None
    if assessed:
        assessment = _state(taking, made, StatementKind.ASSESSMENT, {"by": assessed.by})
    if decided:
        words = {"by": decided.by, "why": decided.why}
        decision = _state(taking, made, StatementKind.BEST_INTERESTS, words)
    return _record(taking) | {
        "lacks_capacity": not able,
        "assessment_id": assessment,
        "assessed_on": assessed.on if assessed else None,
        "decision_id": decision,
        "decided_on": decided.on if decided else None,
    }


def _child(taking: Taking, agreement: AgreementTaken, made: SpokenFor) -> Row | None:
    views = agreement.child
    if views is None:
        return None
    gillick = parental = None
    if views.gillick:
        gillick = _state(taking, made, StatementKind.GILLICK, {"note": views.gillick})
    if views.parental_responsibility:
        words = {"who": views.parental_responsibility}
        parental = _state(taking, made, StatementKind.PARENTAL_RESPONSIBILITY, words)
    elif agreement.given_by is GivenBy.PARENT and made.proxy and made.proxy["evidence_id"]:
        parental = UUID(made.proxy["evidence_id"])
    return _record(taking) | {
        "gillick_id": gillick,
        "parental_id": parental,
        "child_agrees": views.child_agrees,
        "parent_agrees": views.parent_agrees,
    }


def _record(taking: Taking) -> dict[str, Any]:
    return {
        "id": new_id(taking.at),
        "origin_agency_id": taking.actor.agency_id,
        "subject_id": taking.subject.id,
        "referral_id": taking.referral_id,
        "recorded_by": taking.actor.user_id,
        "recorded_at": taking.at,
    }


def _state(taking: Taking, made: SpokenFor, kind: StatementKind, words: Mapping[str, str]) -> UUID:
    row = _record(taking)
    subject = taking.subject
    sealed = seal_statement(
        taking.keys,
        wrapped_subject_key=subject.wrapped,
        context=statement_context(row["id"], kind, subject.owner, subject.id),
        words=json.dumps(words, ensure_ascii=False).encode(),
    )
    made.statements.append({**row, "kind": kind.value, "sealed_words": sealed})
    statement_id: UUID = row["id"]
    return statement_id
