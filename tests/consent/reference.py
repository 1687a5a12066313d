"""The law once more, written as one question per class, to check the rules against.

Deliberately naive: no sheet, no order, no reasons, no speed. For a class to be permitted there
must be an agreement and a consent that both carry it, everything about each must be in order, and
nothing may forbid or hold. It shares the tables with the rules and none of their code.
"""

from datetime import datetime

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    EventState,
    EventType,
    GivenBy,
    Purpose,
    RecipientType,
)
from consent.model import ConsentEvent, DisclosureRequest, Facts, SharingAgreement
from consent.policy import EvidenceNeeded, Policy

YES = (EventState.GIVEN, EventState.RENEWED)
UNANSWERED = (EventState.REQUESTED,)


def permitted(
    request: DisclosureRequest, facts: Facts, at: datetime, policy: Policy
) -> frozenset[DataClass]:
    """Return the classes that may go; none where there is no permit."""
    if request.purpose != Purpose.SUPPORT or _forbidden(request, facts, policy):
        return frozenset()
    if _waits_for_a_person(facts, at):
        return frozenset()
    minimum = policy.minimum[request.recipient_type, request.stage]
    return frozenset(
        data_class
        for data_class in request.classes & minimum.classes
        if any(
            _carries(data_class, (agreement, event), (request, facts, at, policy))
            for agreement in facts.agreements
            for event in facts.consent_events
        )
    )


def _forbidden(request: DisclosureRequest, facts: Facts, policy: Policy) -> bool:
    person, recipient = facts.person, facts.recipient
    assert person is not None
    assert recipient is not None
    return (
        request.recipient_id in person.never_share_with | person.conflicts
        or not recipient.active
        or not recipient.key_registered
        or (recipient.type in policy.insured and not recipient.insured)
        or (request.safeguarding and request.recipient_type != RecipientType.COUNCIL)
    )


def _waits_for_a_person(facts: Facts, at: datetime) -> bool:
    person, capacity, child = facts.person, facts.capacity, facts.child
    assert person is not None
    if person.deceased:
        return True
    if capacity and capacity.lacks_capacity:
        decision = capacity.best_interests
        if (
            not capacity.assessed_by
            or not decision
            or not decision.decided_by
            or not decision.reasons_id
        ):
            return True
    born = person.date_of_birth
    if (born is None and child is None) or (born is not None and at.year - born.year > 16):
        return False
    if child is None or not (
        (child.gillick_note_id or "").strip() or (child.parental_responsibility_id or "").strip()
    ):
        return True
    return False in (child.child_agrees, child.parent_agrees)


def _carries(data_class: DataClass, pair: tuple, world: tuple) -> bool:
    agreement, event = pair
    request, facts, at, policy = world
    return (
        agreement.sender_id == request.sender_id
        and agreement.recipient_id == request.recipient_id
        and request.purpose in agreement.purposes
        and data_class in agreement.classes
        and agreement.valid_from <= at
        and at < agreement.valid_until
        and _in_force(data_class, event, world)
        and _given_by_who_may(data_class, event, world)
        and _lifts_confidentiality(event, request, facts, policy)
        and _lawful(data_class, agreement, event, facts, policy)
    )


def _in_force(data_class: DataClass, event: ConsentEvent, world: tuple) -> bool:
    request, facts, at, _ = world
    known = [
        other
        for other in facts.consent_events
        if other.subject_id == request.subject_id and other.recorded_at <= at
    ]
    ended = any(
        other.state not in YES + UNANSWERED
        and (not other.recipients or request.recipient_id in other.recipients)
        and (not other.classes or data_class in other.classes)
        and (
            other.supersedes == event.id
            or (other.purpose == event.purpose and other.recorded_at >= event.recorded_at)
        )
        for other in known
    )
    replaced = any(
        other.state in YES + UNANSWERED and other.supersedes == event.id for other in known
    )
    return (
        event in known
        and event.state in YES
        and event.purpose == request.purpose
        and request.recipient_id in event.recipients
        and event.recorded_at >= facts.recipient.joined_at
        and event.valid_from <= at
        and (event.valid_until is None or at < event.valid_until)
        and data_class in event.classes
        and not ended
        and not replaced
    )


def _given_by_who_may(data_class: DataClass, event: ConsentEvent, world: tuple) -> bool:
    _, facts, at, _ = world
    if event.given_by == GivenBy.SELF:
        return True
    born = facts.person.date_of_birth
    grown_up = born is not None and at.year - born.year >= 18
    too_young = born is not None and at.year - born.year < 16
    found_able = facts.capacity is not None and not facts.capacity.lacks_capacity
    if event.given_by == GivenBy.BEST_INTERESTS:
        return event.confidentiality == ConfidentialityBasis.BEST_INTERESTS and not too_young
    return any(
        proxy.id == event.proxy_id
        and proxy.subject_id == event.subject_id
        and proxy.kind == event.given_by
        and bool((proxy.evidence_id or "").strip())
        and not proxy.flagged
        and event.purpose in proxy.purposes
        and data_class in proxy.classes
        and proxy.valid_from <= event.recorded_at
        and (proxy.valid_until is None or at < proxy.valid_until)
        and not (proxy.kind == GivenBy.PARENT and grown_up)
        and not (proxy.kind != GivenBy.PARENT and (found_able or too_young))
        for proxy in facts.proxies
    )


def _lifts_confidentiality(
    event: ConsentEvent, request: DisclosureRequest, facts: Facts, policy: Policy
) -> bool:
    terms = policy.confidentiality[event.confidentiality]
    return (
        event.event_type in terms.event_types
        and request.recipient_type in terms.recipients
        and (event.service_agreement or not terms.service_agreement)
        and _complete(terms.evidence, _personal(event, facts) | _written(event.evidence))
    )


def _lawful(
    data_class: DataClass,
    agreement: SharingAgreement,
    event: ConsentEvent,
    facts: Facts,
    policy: Policy,
) -> bool:
    able = facts.capacity is None or not facts.capacity.lacks_capacity
    vital = (
        agreement.article6 == Article6.VITAL_INTERESTS
        or agreement.article9 == Article9.VITAL_INTERESTS
    )
    present = _personal(event, facts) | _written(event.evidence) | _written(agreement.evidence)
    ordinary = _complete(policy.article6[agreement.article6], present)
    special = agreement.article9 is not None and _complete(
        policy.article9[agreement.article9], present
    )
    return ordinary and (special or data_class not in policy.special) and not (vital and able)


def _personal(event: ConsentEvent, facts: Facts) -> set[str]:
    """Return the evidence that the person's own records are."""
    present = set()
    told = all((event.notice_id, event.notice_version, event.notice_language))
    if told and event.event_type in (EventType.EXPLICIT, EventType.EXPRESSED):
        present.add("consent_record")
    if told and event.event_type == EventType.EXPLICIT:
        present.add("explicit_consent_record")
    if facts.capacity and facts.capacity.lacks_capacity:
        present |= {"incapacity_record", "best_interests_record"}
    return present


def _written(evidence: object) -> set[str]:
    personal = {
        "consent_record",
        "explicit_consent_record",
        "incapacity_record",
        "best_interests_record",
    }
    return {code for code, reference in dict(evidence).items() if reference.strip()} - personal


def _complete(needed: EvidenceNeeded, present: set[str]) -> bool:
    return set(needed.all_of) <= present and (
        not needed.any_of or bool(set(needed.any_of) & present)
    )
