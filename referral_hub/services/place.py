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

from consent.inputs import Decided, Inputs, decide_on, write_inputs
from consent.model import (
    CapacityRecord,
    ChildRecord,
    Clearer,
    Concern,
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
    RefusalReason,
    Refuse,
    SharingAgreement,
    Stage,
)
from referral_hub.audit.decisions import outcome_code, said
from referral_hub.audit.events import EntryType, Event, SubjectKey
from referral_hub.domain.routing_model import Candidate, RouteReason
from referral_hub.services.facts import standing

ACTOR_ROLE_HUB = "hub"
OWNER_CHOOSES = RouteReason.OWNER_CHOOSES.value
_WAITS_FOR_OWNER: Mapping[str, Any] = {
    "outcome": "hold",
    "rules": [RouteReason.OWNER_CHOOSES.rule],
    "reason": OWNER_CHOOSES,
    "missing": "The patient or the sender asked for somebody to choose who helps.",
    "fix": "The council chooses among those who may help.",
    "clearer": Clearer.COUNCIL_OWNER.value,
    "from": 0,
}


@dataclass(frozen=True, slots=True, repr=False)
class Case:
    """One referral's facts at its sender, as consent needs them for any recipient.

    `concern` is the safeguarding concern that the referral was raised as; without one it is for
    support.
    """

    referral_id: UUID
    subject: SubjectKey
    sender: UUID
    person: PersonFlags
    events: tuple[ConsentEvent, ...]
    proxies: tuple[ProxyAuthority, ...]
    agreements: tuple[SharingAgreement, ...]
    standings: Mapping[UUID, Mapping[str, Any]]
    classes: frozenset[DataClass]
    capacity: CapacityRecord | None = None
    child: ChildRecord | None = None
    concern: Concern | None = None

    def __repr__(self) -> str:
        return "<Case>"

    @property
    def purpose(self) -> Purpose:
        """What anything is shared for."""
        return Purpose.SAFEGUARDING if self.concern else Purpose.SUPPORT


@dataclass(frozen=True, slots=True)
class Considered:
    """A candidate at its place in the plan, and what consent said."""

    position: int
    candidate: Candidate
    decided: Decided

    @property
    def outcome(self) -> Outcome:
        """What consent said."""
        return self.decided.outcome


@dataclass(frozen=True, slots=True)
class Placement:
    """The chosen candidate, or the one that came nearest, and everything that was considered."""

    chosen: Considered
    considered: tuple[Considered, ...]
    owner_chooses: bool = False

    @property
    def permitted(self) -> bool:
        """Whether the chosen candidate may be sent the referral."""
        return isinstance(self.chosen.outcome, Permit) and not self.owner_chooses

    @property
    def decision(self) -> dict[str, Any]:
        """What a task keeps; a held one also keeps where in the plan to look again from."""
        if self.owner_chooses:
            return dict(_WAITS_FOR_OWNER)
        kept = decision_row(self.chosen.outcome)
        return kept if self.permitted else kept | {"from": self.considered[0].position}


def ask(case: Case, recipient: UUID, stage: Stage, *, role: str, at: datetime) -> Decided:
    """Ask consent whether this case's classes may go to `recipient` at `stage`."""
    row, named = case.standings.get(recipient), str(recipient)
    known = standing(row, at) if row is not None else None
    request = DisclosureRequest(
        subject_id=str(case.subject.id),
        sender_id=str(case.sender),
        recipient_id=named,
        recipient_type=known.type if known else RecipientType.VOLUNTARY_GROUP,
        purpose=case.purpose,
        stage=stage,
        classes=case.classes,
        channel=row["transport"] if row is not None else "inbox",
        actor_role=role,
    )
    facts = Facts(
        consent_events=case.events,
        agreements=tuple(a for a in case.agreements if a.recipient_id == named),
        person=case.person,
        recipient=known,
        proxies=case.proxies,
        capacity=case.capacity,
        child=case.child,
        concerns=(case.concern,) if case.concern else (),
    )
    return decide_on(Inputs(request, facts, at))


def place(
    candidates: Iterable[tuple[int, Candidate]], ask_for: Callable[[UUID], Decided]
) -> Placement:
    """Return the first permitted candidate, or the one that came nearest with what is missing.

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
    return Placement(_nearest(considered), tuple(considered))


def _nearest(considered: list[Considered]) -> Considered:
    """One that only waits; else one that was named to the person; else the first of the plan."""
    waits = [one for one in considered if isinstance(one.outcome, Hold)]
    named = [
        one
        for one in considered
        if isinstance(one.outcome, Refuse)
        and one.outcome.reason is not RefusalReason.RECIPIENT_NOT_NAMED
    ]
    return (waits or named or considered)[0]


def decision_event(
    case: Case,
    considered: tuple[UUID, Decided],
    *,
    kind: EntryType = EntryType.DECISION,
    actor: tuple[UUID | None, UUID | None] = (None, None),
    details: Mapping[str, str | int | tuple[str, ...]] | None = None,
) -> Event:
    """Return the log event of a decision about one recipient; `actor` is (agency, user)."""
    recipient, decided = considered
    entry = said(decided.outcome, frozenset(case.classes))
    extra = dict(details or {})
    if entry.reason is not None:
        extra["reason"] = entry.reason
    return Event(
        type=kind,
        sender=case.sender,
        recipient=recipient,
        actor_agency=actor[0],
        actor_user=actor[1],
        subject=case.subject,
        referral_id=case.referral_id,
        purpose=decided.inputs.request.purpose.value,
        classes=entry.classes,
        fields=entry.fields,
        basis=entry.basis,
        outcome=entry.outcome,
        rules=entry.rules,
        policy_hash=entry.policy_hash,
        cites=decided.outcome.cites,
        inputs=write_inputs(decided.inputs),
        details=extra,
    )


def decision_row(outcome: Outcome) -> dict[str, Any]:
    """Return what a task keeps of its decision: codes and plain words, no personal data."""
    common = {
        "outcome": outcome_code(outcome),
        "rules": list(map(str, outcome.rules)),
        "policy_hash": outcome.policy_hash,
    }
    match outcome:
        case Permit():
            return common | {
                "classes": sorted(outcome.classes),
                "fields": sorted(outcome.fields),
                "until": outcome.until.isoformat(),
                "withheld": {str(k): str(v) for k, v in outcome.withheld.items()},
            }
        case Hold() | Refuse():
            return common | {
                "reason": outcome.reason.value,
                "missing": outcome.missing,
                "fix": outcome.fix,
                "clearer": outcome.clearer.value,
            }
