"""Join what is left of the agreements with what is left of the consents into lawful grounds.

A ground is one agreement with one grant: the agreement brings Articles 6 and 9, the grant brings
the confidentiality basis, and both must carry the class. Grounds add up, so that the classes a
permit covers depend on the set of facts and not on their order; evidence never adds up across
grounds, so that half a basis here and half a basis there make none.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from consent.codes import DataClass, EventType, RefusalReason, RuleId
from consent.ledger import Grant
from consent.model import Basis, CapacityRecord, ConsentEvent, Ground, SharingAgreement
from consent.policy import EvidenceNeeded, Policy
from consent.worksheet import Refusal, Sheet


@dataclass(frozen=True, slots=True)
class _Pair:
    """An agreement and a grant, with all the evidence that the two of them bring."""

    agreement: SharingAgreement
    grant: Grant
    at_hand: Mapping[str, str]

    @property
    def cites(self) -> tuple[str, ...]:
        return (self.agreement.id, *self.grant.cites)


def lay_grounds(sheet: Sheet) -> None:
    """Fill `sheet.grounds`, widest and longest-lasting first, and `sheet.faults` by class."""
    policy, capacity = sheet.policy, sheet.facts.capacity
    uncovered = sheet.wanted
    for grant in _widest_first(sheet.grants, sheet.wanted):
        for agreement in sorted(sheet.agreements, key=lambda agreement: agreement.id):
            classes = uncovered & agreement.classes & grant.classes
            if not classes:
                continue
            at_hand = _references(agreement.evidence, policy)
            at_hand |= personal_evidence(grant.event, capacity, policy)
            pair = _Pair(agreement, grant, at_hand)
            fault = _fault(pair, classes, policy)
            if fault is not None:
                classes -= fault.classes
                sheet.faults |= {code: fault for code in fault.classes if code not in sheet.faults}
            if classes:
                sheet.grounds.append(_ground(pair, classes, policy))
                uncovered -= classes
    for covered in sheet.wanted - uncovered:
        sheet.faults.pop(covered, None)


def lacking(needed: EvidenceNeeded, at_hand: Mapping[str, str], policy: Policy) -> str:
    """Return in plain words the evidence that is missing; "" when it is complete."""
    missing = [policy.evidence_words[code] for code in needed.all_of if code not in at_hand]
    if needed.any_of and not any(code in at_hand for code in needed.any_of):
        choices = "; or ".join(policy.evidence_words[code] for code in needed.any_of)
        missing.append(f"one of these: {choices}")
    return "; and ".join(missing)


def personal_evidence(
    event: ConsentEvent, capacity: CapacityRecord | None, policy: Policy
) -> dict[str, str]:
    """Return the evidence that the consent event and the capacity assessment carry, by code."""
    at_hand = _references(event.evidence, policy)
    told = event.notice_id and event.notice_version and event.notice_language
    if told and event.event_type != EventType.IMPLIED:
        at_hand["consent_record"] = event.id
        if event.event_type == EventType.EXPLICIT:
            at_hand["explicit_consent_record"] = event.id
    if capacity is not None and capacity.lacks_capacity:
        at_hand["incapacity_record"] = capacity.id
        if complete_best_interests(capacity):
            at_hand["best_interests_record"] = capacity.id
    return at_hand


def complete_best_interests(capacity: CapacityRecord) -> bool:
    """Say whether a best-interests decision records who and why (when is always there)."""
    decision = capacity.best_interests
    return decision is not None and all(
        part.strip() for part in (decision.decided_by, decision.reasons_id)
    )


def weakness(sheet: Sheet, grant: Grant) -> Refusal | None:
    """Return what the confidentiality basis of a grant lacks for this recipient, if anything."""
    event = grant.event
    terms = sheet.policy.confidentiality[event.confidentiality]
    if (
        event.event_type not in terms.event_types
        or sheet.request.recipient_type not in terms.recipients
    ):
        return Refusal(RuleId.R03, RefusalReason.BASIS_UNSUITABLE, grant.cites)
    if terms.service_agreement and not event.service_agreement:
        return Refusal(RuleId.R03, RefusalReason.NO_SERVICE_AGREEMENT, grant.cites)
    at_hand = personal_evidence(event, sheet.facts.capacity, sheet.policy)
    missing = lacking(terms.evidence, at_hand, sheet.policy)
    if missing:
        reason = RefusalReason.BASIS_EVIDENCE_MISSING
        return Refusal(RuleId.R03, reason, grant.cites, evidence=missing)
    return None


def _references(evidence: Mapping[str, str], policy: Policy) -> dict[str, str]:
    """Return the references that are not blank and that no record of the person must supply."""
    return {
        code: reference
        for code, reference in evidence.items()
        if code not in policy.evidence_from_records and reference.strip()
    }


def _widest_first(grants: list[Grant], wanted: frozenset[DataClass]) -> list[Grant]:
    by_id = sorted(grants, key=lambda grant: grant.event.id)
    return sorted(by_id, key=lambda grant: (len(grant.classes & wanted), grant.until), reverse=True)


def _fault(pair: _Pair, classes: frozenset[DataClass], policy: Policy) -> Refusal | None:
    """Return what the pair's legal basis lacks, for the classes that it lacks it for."""
    missing = lacking(policy.article6[pair.agreement.article6], pair.at_hand, policy)
    if missing:
        reason = RefusalReason.EVIDENCE_MISSING
        return Refusal(RuleId.R02, reason, pair.cites, classes, missing)
    special = classes & policy.special
    if not special:
        return None
    if pair.agreement.article9 is None:
        return Refusal(RuleId.R02, RefusalReason.ARTICLE_9_MISSING, pair.cites, special)
    missing = lacking(policy.article9[pair.agreement.article9], pair.at_hand, policy)
    if missing:
        reason = RefusalReason.EVIDENCE_MISSING
        return Refusal(RuleId.R02, reason, pair.cites, special, missing)
    return None


def _ground(pair: _Pair, classes: frozenset[DataClass], policy: Policy) -> Ground:
    """Return the ground for classes that the pair carries lawfully."""
    agreement, event = pair.agreement, pair.grant.event
    article9 = agreement.article9 if classes & policy.special else None
    needed = [policy.article6[agreement.article6]]
    needed.append(policy.confidentiality[event.confidentiality].evidence)
    if article9 is not None:
        needed.append(policy.article9[article9])
    return Ground(
        classes=classes,
        basis=Basis(
            article6=agreement.article6,
            article9=article9,
            confidentiality=event.confidentiality,
            evidence={
                code: pair.at_hand[code]
                for one in needed
                for code in one.all_of + one.any_of
                if code in pair.at_hand
            },
        ),
        cites=pair.cites,
        until=min(agreement.valid_until, pair.grant.until),
    )
