"""One ordinary case that is permitted, for tests to change one thing at a time.

A GP surgery ("surgery") refers a person ("person") to a time bank ("time_bank") for support; the
agreement and the consent cover every class. Ids are words so that a failing test can be read.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    EventState,
    EventType,
    GivenBy,
    Method,
    Purpose,
    RecipientType,
    Stage,
)
from consent.model import (
    BestInterests,
    CapacityRecord,
    ChildRecord,
    Concern,
    ConsentEvent,
    DisclosureRequest,
    Facts,
    Override,
    PersonFlags,
    ProxyAuthority,
    RecipientStanding,
    SharingAgreement,
)

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = 365 * DAY
EVERYTHING = frozenset(DataClass)

EVIDENCE = {
    "statute_reference": "ref-statute",
    "vital_interests_assessment": "ref-vital",
    "public_task_reference": "ref-task",
    "stated_request": "ref-request",
    "legitimate_interests_assessment": "ref-lia",
    "schedule_1_condition": "ref-schedule-1",
    "appropriate_policy_document": "ref-apd",
    "professional_secrecy": "ref-secrecy",
}


def a_consent(**changes: Any) -> ConsentEvent:
    """Return an explicit consent to everything for the time bank, given a day ago for a year."""
    event = ConsentEvent(
        id="consent",
        subject_id="person",
        state=EventState.GIVEN,
        event_type=EventType.EXPLICIT,
        purpose=Purpose.SUPPORT,
        classes=EVERYTHING,
        recipients=frozenset({"time_bank"}),
        confidentiality=ConfidentialityBasis.EXPLICIT_CONSENT,
        service_agreement=True,
        notice_id="support-referral",
        notice_version="2",
        notice_language="en",
        method=Method.IN_PERSON,
        given_by=GivenBy.SELF,
        taken_by="nurse",
        valid_from=NOON - DAY,
        valid_until=NOON + YEAR,
        recorded_at=NOON - DAY,
    )
    return replace(event, **changes)


def an_ending(state: EventState = EventState.WITHDRAWN, **changes: Any) -> ConsentEvent:
    """Return an event that ends everything for support, recorded an hour ago."""
    an_hour_ago = NOON - timedelta(hours=1)
    base = a_consent(
        id="ending",
        state=state,
        classes=frozenset(),
        recipients=frozenset(),
        service_agreement=False,
        valid_from=an_hour_ago,
        valid_until=None,
        recorded_at=an_hour_ago,
    )
    return replace(base, **changes)


def an_agreement(**changes: Any) -> SharingAgreement:
    """Return an agreement from surgery to time bank that covers everything for support."""
    agreement = SharingAgreement(
        id="agreement",
        sender_id="surgery",
        recipient_id="time_bank",
        purposes=frozenset({Purpose.SUPPORT}),
        classes=EVERYTHING,
        article6=Article6.PUBLIC_TASK,
        article9=Article9.HEALTH_OR_SOCIAL_CARE,
        evidence=EVIDENCE,
        valid_from=NOON - 30 * DAY,
        valid_until=NOON + 2 * YEAR,
    )
    return replace(agreement, **changes)


def a_standing(**changes: Any) -> RecipientStanding:
    """Return a time bank in good standing that joined a year ago."""
    standing = RecipientStanding(
        agency_id="time_bank",
        type=RecipientType.TIME_BANK,
        active=True,
        key_registered=True,
        insured=True,
        joined_at=NOON - YEAR,
    )
    return replace(standing, **changes)


def a_person(**changes: Any) -> PersonFlags:
    """Return a person who has ruled nothing out."""
    return replace(PersonFlags(subject_id="person"), **changes)


def a_request(**changes: Any) -> DisclosureRequest:
    """Return the surgery's request to tell the time bank everything, at the offer."""
    request = DisclosureRequest(
        subject_id="person",
        sender_id="surgery",
        recipient_id="time_bank",
        recipient_type=RecipientType.TIME_BANK,
        purpose=Purpose.SUPPORT,
        stage=Stage.OFFER,
        classes=EVERYTHING,
        channel="inbox",
        actor_role="referrer",
    )
    return replace(request, **changes)


def the_facts(**changes: Any) -> Facts:
    """Return the facts under which the request is permitted."""
    facts = Facts(
        consent_events=(a_consent(),),
        agreements=(an_agreement(),),
        person=a_person(),
        recipient=a_standing(),
    )
    return replace(facts, **changes)


def to_the_council(**changes: Any) -> tuple[DisclosureRequest, Facts]:
    """Return the same case with a council as recipient, which may be told everything."""
    request = a_request(recipient_id="council", recipient_type=RecipientType.COUNCIL)
    facts = the_facts(
        consent_events=(a_consent(recipients=frozenset({"council"})),),
        agreements=(an_agreement(recipient_id="council"),),
        recipient=a_standing(agency_id="council", type=RecipientType.COUNCIL),
    )
    return request, replace(facts, **changes)


def an_authority(**changes: Any) -> ProxyAuthority:
    """Return an attorney's authority, seen and in date, for everything."""
    authority = ProxyAuthority(
        id="authority",
        subject_id="person",
        kind=GivenBy.ATTORNEY,
        evidence_id="lpa-document",
        purposes=frozenset({Purpose.SUPPORT}),
        classes=EVERYTHING,
        valid_from=NOON - YEAR,
        valid_until=NOON + YEAR,
    )
    return replace(authority, **changes)


def an_incapacity(**changes: Any) -> CapacityRecord:
    """Return an assessment that the person lacks capacity, with a best-interests decision."""
    record = CapacityRecord(
        id="capacity",
        subject_id="person",
        lacks_capacity=True,
        assessed_by="doctor",
        assessed_at=NOON - 10 * DAY,
        best_interests=BestInterests("social-worker", NOON - 9 * DAY, "reasons"),
    )
    return replace(record, **changes)


def a_child(**changes: Any) -> ChildRecord:
    """Return a child's record with a Gillick note."""
    record = ChildRecord(id="child", subject_id="person", gillick_note_id="gillick")
    return replace(record, **changes)


def a_concern(**changes: Any) -> Concern:
    """Return a safeguarding concern with reasons, raised an hour ago."""
    concern = Concern("concern", "person", "reasons", NOON - timedelta(hours=1))
    return replace(concern, **changes)


def an_override(**changes: Any) -> Override:
    """Return an emergency override of a coordinator of the time bank, opened five minutes ago."""
    override = Override(
        id="override",
        subject_id="person",
        recipient_id="time_bank",
        actor_role="coordinator",
        cause=EmergencyCause.OTHERS_AT_RISK,
        reasons_id="reasons",
        opened_at=NOON - timedelta(minutes=5),
        closes_at=NOON + timedelta(minutes=10),
    )
    return replace(override, **changes)
