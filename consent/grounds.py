"""Join what is left of the agreements with what is left of the consents into lawful grounds.

A ground is one agreement with one grant: the agreement brings Articles 6 and 9, the grant brings
the confidentiality basis, and both must carry the class. Grounds add up, so that the classes a
permit covers depend on the set of facts and not on their order; evidence never adds up across
grounds, so that half a basis here and half a basis there make none.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import product
from typing import NamedTuple

from consent.codes import DataClass, EventType, RefusalReason, RuleId
from consent.footing import lacking, present
from consent.ledger import Grant
from consent.model import Basis, CapacityRecord, ConsentEvent, Ground, SharingAgreement
from consent.notices import is_own
from consent.policy import Policy
from consent.worksheet import Refusal, Sheet


class AtHand(NamedTuple):
    """The evidence that a consent event, the person's records and an agreement bring together."""

    event: ConsentEvent
    capacity: CapacityRecord | None
    agreed: Mapping[str, str]
    policy: Policy

    def find(self, code: str) -> str:
        """Return the reference id of the evidence, or "" where there is none.

        Some evidence is the person's own record, and no reference can stand in for it.
        """
        record = OWN_RECORDS.get(code)
        if record is not None:
            return record(self)
        return self.event.evidence.get(code, "").strip() or self.agreed.get(code, "").strip()


class _Pair(NamedTuple):
    agreement: SharingAgreement
    grant: Grant
    at_hand: AtHand

    @property
    def cites(self) -> tuple[str, ...]:
        return (self.agreement.id, *self.grant.cites)


def lay_grounds(sheet: Sheet) -> None:
    """Fill `sheet.grounds`, widest and longest-lasting first, and `sheet.faults` by class."""
    policy, uncovered = sheet.policy, sheet.wanted
    for grant, agreement in _pairs(sheet):
        classes = uncovered & agreement.classes & grant.classes
        if not classes:
            continue
        at_hand = AtHand(grant.event, sheet.facts.capacity, agreement.evidence, policy)
        pair = _Pair(agreement, grant, at_hand)
        fault = _fault(pair, classes, policy)
        if fault is not None:
            classes -= fault.classes
            sheet.faults |= {code: fault for code in fault.classes if code not in sheet.faults}
        if classes:
            sheet.grounds.append(_ground(pair, classes, policy))
            uncovered -= classes
    if sheet.faults:
        sheet.faults = {code: sheet.faults[code] for code in sheet.faults if code in uncovered}


def weakness(sheet: Sheet, grant: Grant) -> Refusal | None:
    """Return what the confidentiality basis of a grant lacks for this recipient, if anything."""
    event, policy = grant.event, sheet.policy
    terms = policy.confidentiality[event.confidentiality]
    if (
        event.event_type not in terms.event_types
        or sheet.request.recipient_type not in terms.recipients
    ):
        return Refusal(RuleId.R03, RefusalReason.BASIS_UNSUITABLE, grant.cites)
    if terms.service_agreement and not event.service_agreement:
        return Refusal(RuleId.R03, RefusalReason.NO_SERVICE_AGREEMENT, grant.cites)
    at_hand = AtHand(event, sheet.facts.capacity, {}, policy)
    missing = lacking(terms.evidence, at_hand.find, policy.evidence_words)
    if missing:
        reason = RefusalReason.BASIS_EVIDENCE_MISSING
        return Refusal(RuleId.R03, reason, grant.cites, evidence=missing)
    return None


def complete_best_interests(capacity: CapacityRecord) -> bool:
    """Say whether a best-interests decision records who and why (when is always there)."""
    decision = capacity.best_interests
    return decision is not None and all(
        part.strip() for part in (decision.decided_by, decision.reasons_id)
    )


def _pairs(sheet: Sheet) -> Iterable[tuple[Grant, SharingAgreement]]:
    """Return each grant with each agreement, in an order that depends on nothing but the facts."""
    wanted = sheet.wanted

    def width_and_end(grant: Grant) -> tuple[int, datetime, str]:
        return len(grant.classes & wanted), grant.until, grant.event.id

    grants = sorted(sheet.grants, key=width_and_end, reverse=True)
    agreements = sorted(sheet.agreements, key=lambda agreement: agreement.id)
    return product(grants, agreements)


def _consent_record(at_hand: AtHand) -> str:
    event = at_hand.event
    return event.id if _told(at_hand) and event.event_type != EventType.IMPLIED else ""


def _explicit_consent_record(at_hand: AtHand) -> str:
    event = at_hand.event
    return event.id if _told(at_hand) and event.event_type == EventType.EXPLICIT else ""


def _incapacity_record(at_hand: AtHand) -> str:
    """Whether a best-interests decision says who and why is for rule R09, which waits for it."""
    capacity = at_hand.capacity
    return capacity.id if capacity is not None and capacity.lacks_capacity else ""


def _told(at_hand: AtHand) -> bool:
    """Say whether the words that the person was told, in that language, are on record.

    The name of a notice that nobody can read back is not complete evidence.
    """
    event = at_hand.event
    if event.own_words:
        return is_own(event.notice_version)
    told = (event.notice_id, event.notice_version, event.notice_language)
    return told in at_hand.policy.notices


OWN_RECORDS = {
    "consent_record": _consent_record,
    "explicit_consent_record": _explicit_consent_record,
    "incapacity_record": _incapacity_record,
    "best_interests_record": _incapacity_record,
}


def _fault(pair: _Pair, classes: frozenset[DataClass], policy: Policy) -> Refusal | None:
    """Return what the pair's legal basis lacks, for the classes that it lacks it for."""
    find, words = pair.at_hand.find, policy.evidence_words
    missing = lacking(policy.article6[pair.agreement.article6], find, words)
    if missing:
        reason = RefusalReason.EVIDENCE_MISSING
        return Refusal(RuleId.R02, reason, pair.cites, classes, missing)
    special = classes & policy.special
    if not special:
        return None
    if pair.agreement.article9 is None:
        return Refusal(RuleId.R02, RefusalReason.ARTICLE_9_MISSING, pair.cites, special)
    missing = lacking(policy.article9[pair.agreement.article9], find, words)
    if missing:
        reason = RefusalReason.EVIDENCE_MISSING
        return Refusal(RuleId.R02, reason, pair.cites, special, missing)
    return None


def _ground(pair: _Pair, classes: frozenset[DataClass], policy: Policy) -> Ground:
    """Return the ground for classes that the pair carries lawfully."""
    agreement, event = pair.agreement, pair.grant.event
    article9 = agreement.article9 if classes & policy.special else None
    needed = [
        policy.article6[agreement.article6],
        policy.confidentiality[event.confidentiality].evidence,
    ]
    if article9 is not None:
        needed.append(policy.article9[article9])
    evidence = present(needed, pair.at_hand.find)
    basis = Basis(agreement.article6, article9, event.confidentiality, evidence)
    return Ground(classes, basis, pair.cites, min(agreement.valid_until, pair.grant.until))
