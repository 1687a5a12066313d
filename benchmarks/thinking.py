"""Decisions per second, log integration per second, and offline verification per second."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from benchmarks.town import Town
from consent.decide import decide
from consent.model import (
    Article6,
    Article9,
    ConfidentialityBasis,
    ConsentEvent,
    DataClass,
    DisclosureRequest,
    EventState,
    EventType,
    Facts,
    GivenBy,
    Method,
    Permit,
    PersonFlags,
    Purpose,
    RecipientStanding,
    RecipientType,
    SharingAgreement,
    Stage,
)
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import verify_log
from referral_hub.crypto.subject import new_subject_key
from referral_hub.store import change

Figures = dict[str, Any]
_YEAR = timedelta(days=365)


def decisions(town: Town, seconds: float) -> float:
    """Return decisions per second about a person with ten consents."""
    at = town.hub.clock()
    classes = frozenset({DataClass.IDENTITY, DataClass.CONTACT, DataClass.NEED})
    events = tuple(
        ConsentEvent(
            id=f"consent-{index}",
            subject_id="person",
            state=EventState.GIVEN,
            event_type=EventType.EXPLICIT,
            purpose=Purpose.SUPPORT,
            classes=classes,
            recipients=frozenset({f"agency-{index}"}),
            confidentiality=ConfidentialityBasis.EXPLICIT_CONSENT,
            service_agreement=True,
            notice_id="support-referral",
            notice_version="2",
            notice_language="en",
            method=Method.IN_PERSON,
            given_by=GivenBy.SELF,
            taken_by="nurse",
            valid_from=at - _YEAR,
            valid_until=at + _YEAR,
            recorded_at=at - _YEAR,
            evidence={"consent_record": f"consent-{index}"},
        )
        for index in range(10)
    )
    agreement = SharingAgreement(
        id="agreement",
        sender_id="surgery",
        recipient_id="agency-7",
        purposes=frozenset({Purpose.SUPPORT}),
        classes=frozenset(DataClass),
        article6=Article6.PUBLIC_TASK,
        article9=Article9.EXPLICIT_CONSENT,
        evidence={"public_task_reference": "s"},
        valid_from=at - _YEAR,
        valid_until=at + _YEAR,
    )
    standing = RecipientStanding(
        "agency-7", RecipientType.TIME_BANK, True, True, True, at - 2 * _YEAR
    )
    facts = Facts(events, (agreement,), PersonFlags("person"), standing)
    request = DisclosureRequest(
        "person",
        "surgery",
        "agency-7",
        RecipientType.TIME_BANK,
        Purpose.SUPPORT,
        Stage.OFFER,
        classes,
        "inbox",
        "hub",
    )
    if not isinstance(decide(request, facts, at), Permit):
        raise TypeError("the benchmark's decision should be a permit")
    return _rate(lambda: decide(request, facts, at), seconds)


def integration(town: Town, entries: int) -> float:
    """Return log entries per second that the integrator numbers, puts in the tree and signs."""
    hub, at = town.hub, town.hub.clock()
    if hub.integrator is None:
        raise TypeError("the benchmark's hub must hold the log key")
    hub.integrator.run(1_000_000)
    subject_id = uuid4()
    wrapped = new_subject_key(
        hub.keys, subject_key_id=str(subject_id), owner=str(town.actor.agency_id)
    )
    event = Event(
        type=EntryType.DECISION,
        sender=town.actor.agency_id,
        actor_agency=town.actor.agency_id,
        actor_user=town.actor.user_id,
        subject=SubjectKey(subject_id, town.actor.agency_id, wrapped),
        referral_id=uuid4(),
        outcome="permit",
        rules=("R01", "R02"),
        cites=("a", "b"),
    )
    for _ in range(entries // 500):
        rows = [prepare(event, hub.keys, at) for _ in range(500)]
        with hub.database.one_worker_statement() as connection:
            change.write(connection, change.Change(rows))
    began = time.perf_counter()
    done = 0
    while count := hub.integrator.run().count:
        done += count
    return done / (time.perf_counter() - began)


def verification(town: Town) -> tuple[float, int]:
    """Return log entries per second that `hub verify-log` checks, and how many there were."""
    hub = town.hub
    began = time.perf_counter()
    found = verify_log(hub.database, vkey=hub.log_vkey, memory=SignerMemory(hub.signer_memory))
    took = time.perf_counter() - began
    if found.problems:
        raise RuntimeError(f"the benchmark's log does not verify: {found.problems[0]}")
    return found.entries / took, found.entries


def _rate(work: Callable[[], object], seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        for _ in range(200):
            work()
        done += 200
    return done / took
