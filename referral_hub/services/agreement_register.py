"""Sharing agreements: proposed by one agency, in force when the other has approved.

Whoever would approve is settled when it is proposed: the other agency, if anybody there may keep
registers, and else a second person of the proposing agency. The limit: a voluntary group without an
officer cannot contradict here what the sender says that it signed; its paper is the `document`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.codes import Article6, Article9, DataClass, Purpose
from consent.policy import EvidenceNeeded, current_policy
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.registers import Register
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.registers import entry_of, one, require_revisable, start_of
from referral_hub.services.speaking_for import end_of_day
from referral_hub.store import agreement_records, change
from referral_hub.store import register_items as store

SAME_PERSON = "Somebody else has to decide: you proposed it yourself."
FOR_THE_ORGANISATION = (
    "public_task_reference",
    "statute_reference",
    "legitimate_interests_assessment",
    "professional_secrecy",
    "schedule_1_condition",
    "appropriate_policy_document",
)


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """What two agencies agree on. Days are whole days in London; `evidence` is code to reference.

    `other` is the other agency; `sending` says that the actor's agency is the one that sends.
    """

    other: UUID
    sending: bool
    purposes: frozenset[Purpose]
    classes: frozenset[DataClass]
    article6: Article6
    article9: Article9 | None
    evidence: dict[str, str]
    since: date
    until: date
    review_on: date
    document: str


def propose_agreement(
    hub: Hub, actor: Actor, terms: AgreementTerms, *, supersedes: UUID | None = None
) -> UUID:
    """Propose an agreement, or a revision of one; return its id.

    Raises Forbidden, InvalidInput (a basis without its reference, an agency that is not there),
    NotFound and Conflict (what it would supersede).
    """
    access.require(actor, Permission.KEEP_REGISTERS)
    _require_evidence(terms)
    at, us = hub.clock(), actor.agency_id
    with hub.database.acting_for(us) as connection:
        if terms.other == us or terms.other not in agreement_records.parties(
            connection, {terms.other}
        ):
            raise InvalidInput({"other": ("Select the other agency from the list",)})
        sender, recipient = (us, terms.other) if terms.sending else (terms.other, us)
        if supersedes is not None:
            found = one(connection, actor, Register.AGREEMENTS, supersedes, at=at)
            require_revisable(connection, found)
            pair = found.row["sender_agency_id"], found.row["recipient_agency_id"]
            if pair != (sender, recipient):
                raise InvalidInput({"other": ("A revision is between the same two agencies",)})
        elsewhere = store.keeps_registers(connection, terms.other)
        row = {
            "id": new_id(at),
            "sender_agency_id": sender,
            "recipient_agency_id": recipient,
            "purposes": sorted(terms.purposes),
            "classes": sorted(terms.classes),
            "article6": terms.article6.value,
            "article9": terms.article9.value if terms.article9 else None,
            "evidence": terms.evidence,
            "valid_from": max(start_of(terms.since), at),
            "valid_until": end_of_day(terms.until),
            "document": terms.document,
            "review_on": terms.review_on,
            "proposed_agency_id": us,
            "approver_agency_id": terms.other if elsewhere else us,
            "supersedes": supersedes,
            "proposed_by": actor.user_id,
            "proposed_at": at,
        }
        entry = entry_of(hub, actor, row, register=Register.AGREEMENTS, outcome="register_proposed")
        change.write(connection, change.Change([entry], {"sharing_agreement": [row]}))
    return UUID(str(row["id"]))


def decide_agreement(hub: Hub, actor: Actor, item_id: UUID, *, approve: bool) -> None:
    """Approve or turn down what somebody else proposed. Raises NotFound, Conflict."""
    access.require(actor, Permission.KEEP_REGISTERS)
    at, decision = hub.clock(), "approved" if approve else "turned_down"
    with hub.database.acting_for(actor.agency_id) as connection:
        found = one(connection, actor, Register.AGREEMENTS, item_id, at=at)
        if found.row["proposed_at"] is None:
            raise NotFound
        if found.row["proposed_by"] == actor.user_id:
            raise Conflict(SAME_PERSON)
        if found.row["approver_agency_id"] != actor.agency_id:
            raise Conflict("The other agency has to decide about this one.")
        settled = (decision, at)
        done = found.open and store.decide(
            connection, Register.AGREEMENTS, item_id, by=actor.user_id, settled=settled
        )
        if not done:
            raise Conflict("This has been decided already.")
        entry = entry_of(
            hub, actor, found.row, register=Register.AGREEMENTS, outcome=f"register_{decision}"
        )
        change.write(connection, change.Change([entry]))


def _require_evidence(terms: AgreementTerms) -> None:
    """Raise InvalidInput where a basis lacks a reference that only the organisation can give."""
    policy = current_policy()
    needed: list[EvidenceNeeded] = [policy.article6[terms.article6]]
    if terms.article9 is not None:
        needed.append(policy.article9[terms.article9])
    missing = {
        name
        for row in needed
        for name in row.all_of
        if name in FOR_THE_ORGANISATION and not terms.evidence.get(name, "").strip()
    }
    if missing:
        raise InvalidInput(
            dict.fromkeys(sorted(missing), ("Enter the reference; this legal basis needs it",))
        )
