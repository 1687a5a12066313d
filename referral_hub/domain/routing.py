"""Who could help, in what order, and why: routing proposes, consent disposes.

A pure function over the directory's services. Hard filters come first, each with a plain reason;
what passes is ranked by the person's wish, then room, then the shortest stated wait, then the
longest idle, and at last by id so that the same facts always give the same order. Nothing about who
the person is ever ranks. Consent is not consulted here: `consent.decide` is asked for each
candidate in turn by the services that use this plan.

This is the first rule set: area, age, need, room, activity, language and access. Vetting,
insurance, distance and opening hours join as further filters in `FILTERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from referral_hub.domain.codes import AccessNeed, AgencyKind, Capacity, NeedCode

STALE_AFTER = timedelta(days=28)


class RouteReason(StrEnum):
    """Why a service is, or is not, proposed."""

    MEETS_NEED = "meets_need"
    COVERS_AREA = "covers_area"
    PERSONS_WISH = "persons_wish"
    HAS_ROOM = "has_room"
    ROOM_UNKNOWN = "room_unknown"
    SHORT_WAIT = "short_wait"
    LONGEST_IDLE = "longest_idle"
    OWNER_TAKES_IT = "owner_takes_it"
    PAUSED = "paused"
    OUT_OF_AREA = "out_of_area"
    AGE = "age"
    FULL = "full"
    LANGUAGE = "language"
    ACCESS = "access"
    NEVER_THIS_ONE = "never_this_one"


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the directory (HSDS `service`), as routing needs it."""

    id: UUID
    agency_id: UUID
    agency_kind: AgencyKind
    needs: frozenset[NeedCode]
    areas: frozenset[str]
    minimum_age: int | None
    maximum_age: int | None
    capacity: Capacity
    capacity_as_of: datetime | None
    wait_days: int | None
    languages: frozenset[str]
    access: frozenset[AccessNeed]
    active: bool
    last_offered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Seeker:
    """What routing may know of the person: no name, no number, no protected trait."""

    area: str
    age: int
    language: str
    interpreter: bool
    access: frozenset[AccessNeed]
    wished: frozenset[UUID]
    never: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service that passed every filter, with the reasons for its place.

    The last candidate of every plan is the owner itself, without a service: nobody is left with
    nobody.
    """

    service_id: UUID | None
    agency_id: UUID
    reasons: tuple[RouteReason, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A service that meets the need but failed a filter, and which."""

    service_id: UUID
    agency_id: UUID
    reason: RouteReason


@dataclass(frozen=True, slots=True)
class Slot:
    """One group of needs that the same services can meet, and its ordered plan."""

    needs: tuple[NeedCode, ...]
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]


def age_on(born: date, day: date) -> int:
    """Return completed years; someone born on 29 February comes of age on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def propose(
    needs: Iterable[NeedCode], seeker: Seeker, services: Iterable[Service], *, at: datetime
) -> tuple[Slot, ...]:
    """Return one slot for each group of needs with the same ordered services.

    Needs that nobody meets come back as a slot without candidates: the owner must take it.
    """
    directory = tuple(services)
    slots: dict[tuple[UUID | None, ...], Slot] = {}
    for need in sorted(set(needs)):
        candidates, excluded = _rank(need, seeker, directory, at)
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


def room_is_known(service: Service, at: datetime) -> bool:
    """Tell whether the stated capacity is fresh enough to be believed."""
    return service.capacity_as_of is not None and at - service.capacity_as_of <= STALE_AFTER


def _paused(service: Service, _seeker: Seeker, _at: datetime) -> bool:
    return not service.active


def _never(service: Service, seeker: Seeker, _at: datetime) -> bool:
    return service.agency_id in seeker.never


def _out_of_area(service: Service, seeker: Seeker, _at: datetime) -> bool:
    return seeker.area not in service.areas


def _wrong_age(service: Service, seeker: Seeker, _at: datetime) -> bool:
    too_young = service.minimum_age is not None and seeker.age < service.minimum_age
    return too_young or (service.maximum_age is not None and seeker.age > service.maximum_age)


def _full(service: Service, _seeker: Seeker, at: datetime) -> bool:
    return service.capacity is Capacity.NO_CAPACITY and room_is_known(service, at)


def _no_language(service: Service, seeker: Seeker, _at: datetime) -> bool:
    return not seeker.interpreter and seeker.language not in service.languages


def _no_access(service: Service, seeker: Seeker, _at: datetime) -> bool:
    return not seeker.access <= service.access


Filter = Callable[[Service, Seeker, datetime], bool]

FILTERS: tuple[tuple[RouteReason, Filter], ...] = (
    (RouteReason.PAUSED, _paused),
    (RouteReason.NEVER_THIS_ONE, _never),
    (RouteReason.OUT_OF_AREA, _out_of_area),
    (RouteReason.AGE, _wrong_age),
    (RouteReason.FULL, _full),
    (RouteReason.LANGUAGE, _no_language),
    (RouteReason.ACCESS, _no_access),
)


def _rank(
    need: NeedCode, seeker: Seeker, services: tuple[Service, ...], at: datetime
) -> tuple[tuple[Candidate, ...], tuple[Excluded, ...]]:
    passed: list[Service] = []
    excluded: list[Excluded] = []
    for service in services:
        if need not in service.needs:
            continue
        failed = next((reason for reason, test in FILTERS if test(service, seeker, at)), None)
        if failed is None:
            passed.append(service)
        else:
            excluded.append(Excluded(service.id, service.agency_id, failed))
    passed.sort(key=lambda service: _order(service, seeker, at))
    idle = _ahead_by_idleness(passed, seeker, at)
    return tuple(_explain(service, seeker, at, idle=idle) for service in passed), tuple(excluded)


def _either(some: tuple[Excluded, ...], others: tuple[Excluded, ...]) -> tuple[Excluded, ...]:
    """Return what either need leaves out, each service once: no filter asks for which need."""
    return tuple(sorted({*some, *others}, key=lambda row: row.service_id))


def _ahead_by_idleness(ranked: list[Service], seeker: Seeker, at: datetime) -> frozenset[UUID]:
    """Return the services that come before an equal one only because they waited longer."""
    return frozenset(
        one.id
        for one, other in pairwise(ranked)
        if _order(one, seeker, at)[:3] == _order(other, seeker, at)[:3]
        and _idle_since(one) < _idle_since(other)
    )


def _order(service: Service, seeker: Seeker, at: datetime) -> tuple[object, ...]:
    return (
        service.agency_id not in seeker.wished,
        not _has_room(service, at),
        service.wait_days if service.wait_days is not None else 10_000,
        _idle_since(service),
        service.id,
    )


def _idle_since(service: Service) -> float:
    return service.last_offered_at.timestamp() if service.last_offered_at else 0.0


def _has_room(service: Service, at: datetime) -> bool:
    return service.capacity is Capacity.CAPACITY and room_is_known(service, at)


def _explain(service: Service, seeker: Seeker, at: datetime, *, idle: frozenset[UUID]) -> Candidate:
    reasons = [RouteReason.MEETS_NEED, RouteReason.COVERS_AREA]
    if service.agency_id in seeker.wished:
        reasons.insert(0, RouteReason.PERSONS_WISH)
    if _has_room(service, at):
        reasons.append(RouteReason.HAS_ROOM)
    elif not room_is_known(service, at):
        reasons.append(RouteReason.ROOM_UNKNOWN)
    if service.wait_days is not None and service.wait_days <= 7:
        reasons.append(RouteReason.SHORT_WAIT)
    if service.id in idle:
        reasons.append(RouteReason.LONGEST_IDLE)
    return Candidate(service.id, service.agency_id, tuple(reasons))
