"""A request and its facts as Cedar entities: values are copied, nothing is decided here.

A blank reference is left out, an instant becomes microseconds since 1970, a day becomes the number
yyyymmdd, and a notice is only there if its text is. The limit: what the translation leaves out, no
policy can see; so every field of the facts that a rule may look at is copied whether or not a
policy uses it.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from consent.model import (
    Concern,
    ConsentEvent,
    DisclosureRequest,
    Facts,
    Override,
    ProxyAuthority,
    SharingAgreement,
)
from consent.notices import installed_notices

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Json = dict[str, Any]


def entity(entity_type: str, name: str, /, **attributes: Any) -> Json:
    present = {key: value for key, value in attributes.items() if value is not None}
    return {"uid": {"type": entity_type, "id": name}, "attrs": present, "parents": []}


def ref(kind: str, name: str) -> Json:
    return {"__entity": {"type": kind, "id": name}}


def _refs(kind: str, names: Iterable[str]) -> list[Json]:
    return [ref(kind, name) for name in sorted(names)]


def _instant(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // timedelta(microseconds=1)


def _day(day: date | None) -> int | None:
    return None if day is None else day.year * 10000 + day.month * 100 + day.day


def _seen(evidence: Mapping[str, str]) -> list[str]:
    return sorted(code for code, reference in evidence.items() if reference.strip())


def _written(text: str | None) -> bool:
    return bool(text and text.strip())


def the_question(
    request: DisclosureRequest, facts: Facts, at: datetime, minimum: Iterable[str]
) -> Iterator[Json]:
    yield entity(
        "Question",
        "question",
        at=_instant(at),
        today=_day(at.astimezone(UTC).date()),
        subject=request.subject_id,
        sender=request.sender_id,
        kind=request.recipient_type,
        purpose=request.purpose,
        role=request.actor_role,
        safeguarding=request.safeguarding,
        minimum=_refs("DataClass", minimum),
        standing=ref("Standing", "standing") if facts.recipient else None,
        person=ref("Person", "person") if facts.person else None,
        capacity=ref("Capacity", "capacity") if facts.capacity else None,
        child=ref("Child", "child") if facts.child else None,
    )


def the_records(facts: Facts) -> Iterator[Json]:
    yield from _about_the_person(facts)
    if (standing := facts.recipient) is not None:
        yield entity(
            "Standing",
            "standing",
            agency=ref("Agency", standing.agency_id),
            kind=standing.type,
            active=standing.active,
            keyRegistered=standing.key_registered,
            insured=standing.insured,
            joinedAt=_instant(standing.joined_at),
        )
    authorities = {authority.id for authority in facts.proxies}
    yield from map(_authority, facts.proxies)
    yield from map(_agreement, facts.agreements)
    yield from map(_override, facts.overrides)
    yield from map(_concern, facts.concerns)
    for event in facts.consent_events:
        yield _consent(event, authorities)


def _about_the_person(facts: Facts) -> Iterator[Json]:
    if (person := facts.person) is not None:
        yield entity(
            "Person",
            "person",
            subject=person.subject_id,
            never=_refs("Agency", person.never_share_with),
            conflicts=_refs("Agency", person.conflicts),
            deceased=person.deceased,
            bornOn=_day(person.date_of_birth),
        )
    if (capacity := facts.capacity) is not None:
        decision = capacity.best_interests
        yield entity(
            "Capacity",
            "capacity",
            subject=capacity.subject_id,
            lacks=capacity.lacks_capacity,
            assessed=_written(capacity.assessed_by),
            decidedFor=decision is not None
            and _written(decision.decided_by)
            and _written(decision.reasons_id),
        )
    if (child := facts.child) is not None:
        yield entity(
            "Child",
            "child",
            subject=child.subject_id,
            gillick=_written(child.gillick_note_id),
            parental=_written(child.parental_responsibility_id),
            childAgrees=child.child_agrees,
            parentAgrees=child.parent_agrees,
            decided=_written(child.decision_id),
            share=child.share,
        )


def _agreement(agreement: SharingAgreement) -> Json:
    return entity(
        "Agreement",
        agreement.id,
        sender=agreement.sender_id,
        recipient=ref("Agency", agreement.recipient_id),
        purposes=sorted(agreement.purposes),
        classes=_refs("DataClass", agreement.classes),
        article6=agreement.article6,
        article9=agreement.article9,
        evidence=_seen(agreement.evidence),
        **{"from": _instant(agreement.valid_from)},
        until=_instant(agreement.valid_until),
    )


def _authority(authority: ProxyAuthority) -> Json:
    return entity(
        "Authority",
        authority.id,
        subject=authority.subject_id,
        kind=authority.kind,
        documented=_written(authority.evidence_id),
        purposes=sorted(authority.purposes),
        classes=_refs("DataClass", authority.classes),
        **{"from": _instant(authority.valid_from)},
        until=_instant(authority.valid_until),
        flagged=authority.flagged,
    )


def _override(override: Override) -> Json:
    return entity(
        "Override",
        override.id,
        subject=override.subject_id,
        recipient=ref("Agency", override.recipient_id),
        role=override.actor_role,
        cause=override.cause,
        reasons=_written(override.reasons_id),
        opened=_instant(override.opened_at),
        closes=_instant(override.closes_at),
        used=override.used_at is not None,
    )


def _concern(concern: Concern) -> Json:
    return entity(
        "Concern",
        concern.id,
        subject=concern.subject_id,
        reasons=_written(concern.reasons_id),
        raised=_instant(concern.raised_at),
    )


def _consent(event: ConsentEvent, authorities: set[str]) -> Json:
    words = (event.notice_id, event.notice_version, event.notice_language)
    known = event.proxy_id is not None and event.proxy_id in authorities
    return entity(
        "Consent",
        event.id,
        subject=event.subject_id,
        state=event.state,
        how=event.event_type,
        purpose=event.purpose,
        classes=_refs("DataClass", event.classes),
        recipients=_refs("Agency", event.recipients),
        confidentiality=event.confidentiality,
        agreesToService=event.service_agreement,
        notice=ref("Notice", " ".join(words)) if _can_be_read(event, words) else None,
        givenBy=event.given_by,
        authority=ref("Authority", str(event.proxy_id)) if known else None,
        **{"from": _instant(event.valid_from)},
        until=_instant(event.valid_until),
        recordedAt=_instant(event.recorded_at),
        supersedes=ref("Consent", event.supersedes) if event.supersedes else None,
        evidence=_seen(event.evidence),
    )


def _can_be_read(event: ConsentEvent, words: tuple[str, str, str]) -> bool:
    """Words that came with the hub, or the sender's own, which have a hash and a number."""
    if event.own_words:
        head, _, number = event.notice_version.partition("-")
        whole = number.isascii() and number.isdigit() and not number.startswith("0")
        return head == "own" and whole and len(number) <= 6
    return words in _told()


@cache
def _told() -> frozenset[tuple[str, str, str]]:
    return frozenset((one.id, one.version, one.language) for one in installed_notices())
