"""The order of the services that passed every filter, and the words for each place.

What the person wishes comes first and cannot be outweighed: whom to ask first, whom they named, one
to one or in a group, with whom. Then room, the shortest stated wait, the distance in whole
kilometres, people who have been there for needs that they meet best, the longest idle, and at last
the id, so that the same facts always give the same order. A service's past refusals are not known
here and so never count.
"""

from __future__ import annotations

from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from uuid import UUID

from referral_hub.domain.codes import AgencyKind, Capacity, Manner, Vetting
from referral_hub.domain.routing_filters import tasks_for
from referral_hub.domain.routing_model import (
    MOST_REASONS,
    PUBLIC_BODIES,
    SHORT_WAIT_DAYS,
    Candidate,
    Point,
    Question,
    RouteReason,
    Service,
    room_is_known,
)
from referral_hub.domain.vetting import Cover, need_rules, required

NO_WAIT_STATED = 10_000
FAR = 10_000
NEAR_KM = 2
_EARTH_KM = 6371.0
_PLACES = (
    RouteReason.ASKED_FIRST,
    RouteReason.PERSONS_WISH,
    RouteReason.WISHED_MANNER,
    RouteReason.WISHED_COMPANY,
)
_NOTHING = Cover()

Order = tuple[bool, bool, bool, bool, bool, int, int, bool, float, UUID]


def order(service: Service, asked: Question) -> Order:
    """Return what a service is ordered by; the smallest comes first."""
    seeker, agency = asked.seeker, service.agency_id
    prefers, company = seeker.prefers, seeker.company
    return (
        agency not in seeker.first,
        agency not in seeker.wished,
        prefers is not None and prefers not in service.manners,
        bool(company) and company.isdisjoint(service.eligibility),
        not has_room(service, asked),
        NO_WAIT_STATED if service.wait_days is None else service.wait_days,
        distance(service.point, seeker.point),
        need_rules()[asked.need].peers and not _is_peer(service),
        service.last_offered_at.timestamp() if service.last_offered_at else 0.0,
        service.id,
    )


def distance(one: Point | None, other: Point | None) -> int:
    """Return whole kilometres between two points; `FAR` where either is not known."""
    if one is None or other is None:
        return FAR
    (north, east), (other_north, other_east) = one, other
    up, across = radians(other_north - north) / 2, radians(other_east - east) / 2
    half = sin(up) ** 2 + cos(radians(north)) * cos(radians(other_north)) * sin(across) ** 2
    return round(2 * _EARTH_KM * asin(min(1.0, sqrt(half))))


def has_room(service: Service, asked: Question) -> bool:
    """Tell whether the service said lately that it has room."""
    return service.capacity is Capacity.CAPACITY and room_is_known(service, asked.at)


def ranked(
    passed: list[Service], asked: Question, *, backed: frozenset[UUID], most: int | None = None
) -> tuple[Candidate, ...]:
    """Return the first `most` candidates in order, each with its reasons; `backed` have a
    back-up.
    """
    keyed = sorted(
        ((order(service, asked), service) for service in passed), key=lambda one: one[0]
    )[:most]
    idle = {
        one.id
        for (key, one), (other_key, other) in pairwise(keyed)
        if key[:8] == other_key[:8] and key[:9] < other_key[:9]
    }
    return tuple(
        Candidate(
            service.id,
            service.agency_id,
            _reasons(
                service, key, asked, named=_named(service, idle=idle, backed=backed, asked=asked)
            ),
        )
        for key, service in keyed
    )


def _named(
    service: Service, *, idle: set[UUID], backed: frozenset[UUID], asked: Question
) -> list[RouteReason]:
    reasons = []
    if asked.need in asked.seeker.essential and service.id in backed:
        reasons.append(RouteReason.HAS_BACKUP)
    if service.agency_kind is AgencyKind.TIME_BANK:
        reasons.append(RouteReason.COMMUNITY_POT)
    if service.id in idle:
        reasons.append(RouteReason.LONGEST_IDLE)
    return reasons


def _reasons(
    service: Service, key: Order, asked: Question, *, named: list[RouteReason]
) -> tuple[RouteReason, ...]:
    """At most five reasons, the weightiest first, and then what to ask before it starts."""
    wished = (
        not key[0],
        not key[1],
        asked.seeker.prefers is not None and not key[2],
        bool(asked.seeker.company) and not key[3],
    )
    reasons = [reason for reason, is_so in zip(_PLACES, wished, strict=True) if is_so]
    reasons += (RouteReason.MEETS_NEED, RouteReason.COVERS_AREA, _room(service, asked))
    reasons += [reason for reason in named if reason is not RouteReason.LONGEST_IDLE]
    if key[5] <= SHORT_WAIT_DAYS:
        reasons.append(RouteReason.SHORT_WAIT)
    if key[6] <= NEAR_KM:
        reasons.append(RouteReason.NEAR)
    if need_rules()[asked.need].peers and not key[7]:
        reasons.append(RouteReason.PEERS_FIRST)
    reasons += [reason for reason in named if reason is RouteReason.LONGEST_IDLE]
    return (*_weightiest(reasons), *cautions(service, asked))


def _weightiest(reasons: list[RouteReason]) -> list[RouteReason]:
    """Leave out what says least, from the end; the room stays."""
    if len(reasons) <= MOST_REASONS:
        return reasons
    obvious = {RouteReason.COVERS_AREA, RouteReason.MEETS_NEED}
    spare = [reason for reason in reasons if reason not in obvious]
    kept = set(spare[:MOST_REASONS])
    for reason in (RouteReason.MEETS_NEED, RouteReason.COVERS_AREA):
        if len(kept) < MOST_REASONS:
            kept.add(reason)
    return [reason for reason in reasons if reason in kept]


def _room(service: Service, asked: Question) -> RouteReason:
    if not room_is_known(service, asked.at):
        return RouteReason.ROOM_UNKNOWN
    match service.capacity:
        case Capacity.WAITLIST:
            return RouteReason.WAITING_LIST
        case Capacity.ADDITIONAL_ASSESSMENT_REQUIRED:
            return RouteReason.ASSESSES_FIRST
        case _:
            return RouteReason.HAS_ROOM


def _is_peer(service: Service) -> bool:
    return Manner.PEER in service.manners or service.agency_kind is AgencyKind.PEER_MENTORING


def cautions(service: Service, asked: Question) -> list[RouteReason]:
    """Return what somebody must ask before the service starts, because nobody has said it."""
    found, seeker = [], asked.seeker
    wanted = service.eligibility
    unsure = service.exclusions - seeker.is_not
    if (wanted and wanted.isdisjoint(seeker.is_so)) or unsure:
        found.append(RouteReason.CHECK_ELIGIBLE)
    tasks = tasks_for(asked.need, seeker.tasks, service.tasks)
    covered = [service.cover.get(task, _NOTHING) for task in tasks]
    checked = required(tasks, asked.child).minimum
    if checked is not Vetting.NONE and any(cover.vetting is None for cover in covered):
        found.append(RouteReason.CHECK_VETTING)
    insured = service.insured_until or all(cover.insured_until for cover in covered)
    if not insured and service.agency_kind not in PUBLIC_BODIES:
        found.append(RouteReason.CHECK_INSURANCE)
    if Manner.HOUSEHOLD in service.manners:
        found.append(RouteReason.BOTH_AGREE)
    return found
