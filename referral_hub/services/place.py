"""Routing proposed an order; consent is asked for each candidate in turn; the first Permit gets the
task.

Shared by accepting a referral and by moving on after a decline, so that both ask the same question
with the same facts. Nothing here reads or writes; the callers own their transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from consent.decide import decide
from consent.model import (
    ConsentEvent,
    DataClass,
    DisclosureRequest,
    Facts,
    Hold,
    Outcome,
    Permit,
    PersonFlags,
    ProxyAuthority,
    Purpose,
    RecipientType,
    Refuse,
    SharingAgreement,
    Stage,
)
from referral_hub.audit.events import EntryType, Event, LawfulBasis, SubjectKey
from referral_hub.domain.routing import Candidate
from referral_hub.services.facts import standing

ACTOR_ROLE_HUB = "hub"


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """One referral's facts at its sender, as consent needs them for any recipient."""

    referral_id: UUID
    subject: SubjectKey
    sender: UUID
    person: PersonFlags
    events: tuple[ConsentEvent, ...]
    proxies: tuple[ProxyAuthority, ...]
    agreements: tuple[SharingAgreement, ...]
    standings: Mapping[UUID, Mapping[str, Any]]
    classes: frozenset[DataClass]

    def __repr__(self) -> str:
        return "<Case>"


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate at its place in the plan, and what consent said."""

    position: int
    candidate: Candidate
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Placement:
    """The chosen candidate, or the first refused one, and everything that was considered."""

    chosen: Considered
    considered: tuple[Considered, ...]

    @property
    def permitted(self) -> bool:
        """Whether the chosen candidate may be sent the referral."""
        return isinstance(self.chosen.outcome, Permit)


def ask(case: Case, recipient: UUID, stage: Stage, *, role: str, at: datetime) -> Outcome:
    """Ask consent whether this case's classes may go to `recipient` at `stage`."""
    row = case.standings.get(recipient)
    known = standing(row, at) if row is not None else None
    request = DisclosureRequest(
        subject_id=str(case.subject.id),
        sender_id=str(case.sender),
        recipient_id=str(recipient),
        recipient_type=known.type if known else RecipientType.VOLUNTARY_GROUP,
        purpose=Purpose.SUPPORT,
        stage=stage,
        classes=case.classes,
        channel=row["transport"] if row is not None else "inbox",
        actor_role=role,
    )
    facts = Facts(
        consent_events=case.events,
        agreements=tuple(a for a in case.agreements if a.recipient_id == str(recipient)),
        person=case.person,
        recipient=known,
        proxies=case.proxies,
    )
    return decide(request, facts, at)


def place(
    candidates: Iterable[tuple[int, Candidate]], ask_for: Callable[[UUID], Outcome]
) -> Placement:
    """Return the first permitted candidate, or the first one with its refusal.

    `candidates` are (position in the plan, candidate). Raises ValueError when there is none: a plan
    always ends with its owner.
    """
    considered: list[Considered] = []
    for position, candidate in candidates:
        found = Considered(position, candidate, ask_for(candidate.agency_id))
        considered.append(found)
        if isinstance(found.outcome, Permit):
            return Placement(found, tuple(considered))
    if not considered:
        raise ValueError("the plan has no candidate left")
    return Placement(considered[0], tuple(considered))


def decision_event(
    case: Case,
    considered: tuple[UUID, Outcome],
    *,
    kind: EntryType = EntryType.DECISION,
    actor: tuple[UUID | None, UUID | None] = (None, None),
    details: Mapping[str, str | int | tuple[str, ...]] | None = None,
) -> Event:
    """Return the log event of a decision about one recipient; `actor` is (agency, user)."""
    recipient, outcome = considered
    permit = outcome if isinstance(outcome, Permit) else None
    extra = dict(details or {})
    if not isinstance(outcome, Permit):
        extra["reason"] = outcome.reason.value
    return Event(
        type=kind,
        sender=case.sender,
        recipient=recipient,
        actor_agency=actor[0],
        actor_user=actor[1],
        subject=case.subject,
        referral_id=case.referral_id,
        purpose=Purpose.SUPPORT.value,
        classes=tuple(sorted(permit.classes if permit else case.classes)),
        fields=tuple(sorted(permit.fields)) if permit else (),
        basis=_basis(permit),
        outcome=outcome_code(outcome),
        rules=tuple(rule.value for rule in outcome.rules),
        policy_hash=outcome.policy_hash,
        cites=outcome.cites,
        details=extra,
    )


def outcome_code(outcome: Outcome) -> str:
    """Return `permit`, `hold` or `refuse`."""
    match outcome:
        case Permit():
            return "permit"
        case Hold():
            return "hold"
        case Refuse():
            return "refuse"


def decision_row(outcome: Outcome) -> dict[str, Any]:
    """Return what a task keeps of its decision: codes and plain words, no personal data."""
    common = {
        "outcome": outcome_code(outcome),
        "rules": [rule.value for rule in outcome.rules],
        "policy_hash": outcome.policy_hash,
    }
    match outcome:
        case Permit():
            return common | {
                "classes": sorted(outcome.classes),
                "fields": sorted(outcome.fields),
                "until": outcome.until.isoformat(),
                "withheld": {k.value: v.value for k, v in outcome.withheld.items()},
            }
        case Hold() | Refuse():
            return common | {
                "reason": outcome.reason.value,
                "missing": outcome.missing,
                "fix": outcome.fix,
                "clearer": outcome.clearer.value,
            }


def _basis(permit: Permit | None) -> LawfulBasis | None:
    if permit is None:
        return None
    return LawfulBasis(
        article6=permit.basis.article6.value,
        article9=permit.basis.article9.value if permit.basis.article9 else None,
        confidentiality=permit.basis.confidentiality.value,
    )
