"""Who could help, in what order, and why: routing proposes, consent disposes.

A pure function over the directory's services. Hard filters come first, each with a plain reason
(`routing_filters`); what passes is ranked (`routing_rank`): the person's wishes, then room, wait,
distance, and nothing about who the person is. Consent is not consulted here: `consent.decide` is
asked for each candidate in turn by the services that use this plan. A safeguarding concern is not
routed at all: `for_concern` gives it to the council alone (rule T02).

One active recipient per need: needs whose first possible recipient is the same agency become one
part (`together`), and go separate ways only after that agency's no.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.routing_filters import FILTERS, has_backup, tasks_for
from referral_hub.domain.routing_model import (
    CAUTIONS,
    RULES,
    STALE_AFTER,
    Candidate,
    Excluded,
    Question,
    RouteReason,
    Seeker,
    Service,
    Slot,
    room_is_known,
)
from referral_hub.domain.routing_rank import ranked
from referral_hub.domain.vetting import ADULT_AT

__all__ = [
    "CAUTIONS",
    "FILTERS",
    "RULES",
    "STALE_AFTER",
    "Candidate",
    "Excluded",
    "Question",
    "RouteReason",
    "Seeker",
    "Service",
    "Slot",
    "age_on",
    "for_concern",
    "propose",
    "question",
    "room_is_known",
    "tasks_for",
    "together",
    "with_owner",
]


def age_on(born: date, day: date) -> int:
    """Return completed years; someone born on 29 February comes of age on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def question(seeker: Seeker, need: NeedCode, at: datetime) -> Question:
    """Return what every filter and the rank are asked."""
    return Question(seeker, need, at, at.date(), seeker.age < ADULT_AT)


def propose(
    needs: Iterable[NeedCode],
    seeker: Seeker,
    services: Iterable[Service],
    *,
    at: datetime,
    most: int | None = None,
) -> tuple[Slot, ...]:
    """Return one slot for each group of needs with the same ordered services, the first `most`.

    Needs that nobody meets come back as a slot without candidates: the owner must take it.
    """
    directory = tuple(services)
    slots: dict[tuple[UUID | None, ...], Slot] = {}
    for need in sorted(set(needs)):
        candidates, excluded = _look(question(seeker, need, at), directory, most)
        key = tuple(candidate.service_id for candidate in candidates)
        before = slots.get(key, Slot((), candidates, ()))
        slots[key] = Slot((*before.needs, need), candidates, _either(before.excluded, excluded))
    return tuple(slots.values())


def with_owner(slots: Iterable[Slot], owner: UUID) -> tuple[Slot, ...]:
    """Return the plan with the accountable owner at the end of each slot.

    An owner whose own service stands earlier comes last as well: others may decline after it.
    """
    last = Candidate(None, owner, (RouteReason.OWNER_TAKES_IT,))
    return tuple(
        slot
        if slot.candidates and slot.candidates[-1].agency_id == owner
        else Slot(slot.needs, (*slot.candidates, last), slot.excluded)
        for slot in slots
    )


def for_concern(
    needs: Iterable[NeedCode], services: Iterable[Service], owner: UUID
) -> tuple[Slot, ...]:
    """Return the one plan that a safeguarding concern has: the council alone, for every need."""
    wanted = frozenset(needs)
    left_out = tuple(
        Excluded(service.id, service.agency_id, RouteReason.SAFEGUARDING)
        for service in sorted(services, key=lambda one: one.id)
        if service.needs & wanted and service.agency_id != owner
    )
    council = Candidate(None, owner, (RouteReason.SAFEGUARDING, RouteReason.OWNER_TAKES_IT))
    ordered = tuple(code for code in NeedCode if code in wanted)
    return (Slot(ordered, (council,), left_out),)


def together(slots: Sequence[Slot], firsts: Sequence[UUID]) -> tuple[Slot, ...]:
    """Return the plan with one part for each agency of `firsts`, the one to be asked for each slot.

    Each slot ends with the owner. The parts come first; then, in places that their `then` names,
    what becomes of needs that were one part once every agency that meets all of them has said no.
    """
    groups: dict[UUID, list[Slot]] = {}
    for slot, first in zip(slots, firsts, strict=True):
        groups.setdefault(first, []).append(slot)
    parts: list[Slot] = []
    later: list[Slot] = []
    for first, group in groups.items():
        part, apart = _one_part(first, group)
        places = range(len(groups) + len(later), len(groups) + len(later) + len(apart))
        later += apart
        parts.append(Slot(part.needs, part.candidates, part.excluded, tuple(places)))
    return (*parts, *later)


def _one_part(first: UUID, group: list[Slot]) -> tuple[Slot, list[Slot]]:
    if len(group) == 1:
        return group[0], []
    everywhere = set.intersection(*({c.agency_id for c in slot.candidates} for slot in group))
    owner = Candidate(None, group[0].candidates[-1].agency_id, (RouteReason.OWNER_TAKES_IT,))
    common = [c for c in group[0].candidates if c.agency_id in everywhere and c.service_id]
    common.sort(key=lambda candidate: candidate.agency_id != first)
    seen = {candidate.agency_id for candidate in common}
    needs = tuple(sorted(need for slot in group for need in slot.needs))
    excluded: tuple[Excluded, ...] = ()
    for slot in group:
        excluded = _either(excluded, slot.excluded)
    apart = [
        Slot(
            slot.needs,
            (*(c for c in slot.candidates[:-1] if c.agency_id not in seen), owner),
            slot.excluded,
        )
        for slot in group
    ]
    alone = all(len(slot.candidates) == 1 for slot in apart)
    if not common or alone or first == owner.agency_id:
        return Slot(needs, (*_once(common), owner), excluded), []
    return Slot(needs, _once(common), excluded), apart


def _once(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return each agency's first candidate: its next service would be the same agency again."""
    kept: dict[UUID, Candidate] = {}
    for candidate in candidates:
        kept.setdefault(candidate.agency_id, candidate)
    return tuple(kept.values())


def _look(
    asked: Question, services: tuple[Service, ...], most: int | None
) -> tuple[tuple[Candidate, ...], tuple[Excluded, ...]]:
    passed: list[Service] = []
    excluded: list[Excluded] = []
    for service in services:
        if asked.need not in service.needs:
            continue
        for reason, fails in FILTERS:
            if fails(service, asked):
                excluded.append(Excluded(service.id, service.agency_id, reason))
                break
        else:
            passed.append(service)
    open_ones = frozenset(service.id for service in passed)
    backed = frozenset(service.id for service in passed if has_backup(service, open_ones))
    if asked.need in asked.seeker.essential:
        excluded += [
            Excluded(service.id, service.agency_id, RouteReason.NO_BACKUP)
            for service in passed
            if service.id not in backed
        ]
        passed = [service for service in passed if service.id in backed]
    return ranked(passed, asked, backed=backed, most=most), tuple(excluded)


def _either(some: tuple[Excluded, ...], others: tuple[Excluded, ...]) -> tuple[Excluded, ...]:
    """Return what either need leaves out, each service once and by the rule that comes first."""
    first: dict[UUID, Excluded] = {}
    for row in sorted({*some, *others}, key=lambda one: (one.service_id, RULES[one.reason])):
        first.setdefault(row.service_id, row)
    return tuple(first.values())
