"""What routing looks at and what it says: services, a seeker, candidates, and the reasons with
their rule ids.

Every reason is a rule with an id that never changes its meaning (`RULES`), so a plan that was kept
years ago still says why. What routing may know of a person is the whole of `Seeker`: no name, no
number, and nothing protected but what the person wishes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from referral_hub.domain.codes import (
    AccessNeed,
    AgencyKind,
    Capacity,
    Circumstance,
    Manner,
    NeedCode,
    TaskType,
)
from referral_hub.domain.vetting import Cover

STALE_AFTER = timedelta(days=28)
SHORT_WAIT_DAYS = 7
MOST_REASONS = 5

PROTECTED = frozenset(
    {Circumstance.WOMEN, Circumstance.MEN, Circumstance.FAITH_OR_CULTURE, Circumstance.LGBT}
)
PUBLIC_BODIES = frozenset(
    {AgencyKind.COUNCIL, AgencyKind.FIRE_SERVICE, AgencyKind.LIBRARY, AgencyKind.GP_PRACTICE}
)


class RouteReason(StrEnum):
    """Why a service is, or is not, proposed, and what to ask before it is."""

    SAFEGUARDING = "safeguarding"
    PAUSED = "paused"
    NEVER_THIS_ONE = "never_this_one"
    TOO_CLOSE = "too_close"
    OUT_OF_AREA = "out_of_area"
    AGE = "age"
    NOT_ELIGIBLE = "not_eligible"
    RULED_OUT = "ruled_out"
    FULL = "full"
    HELPERS_FULL = "helpers_full"
    TIME_FULL = "time_full"
    HARD_CASES_FULL = "hard_cases_full"
    RESTS = "rests"
    OTHER_TASKS = "other_tasks"
    VETTING = "vetting"
    INSURANCE = "insurance"
    TRAINING = "training"
    CLOSED_THEN = "closed_then"
    LANGUAGE = "language"
    ACCESS = "access"
    NO_BACKUP = "no_backup"
    MEETS_NEED = "meets_need"
    COVERS_AREA = "covers_area"
    ASKED_FIRST = "asked_first"
    PERSONS_WISH = "persons_wish"
    WISHED_MANNER = "wished_manner"
    WISHED_COMPANY = "wished_company"
    HAS_ROOM = "has_room"
    WAITING_LIST = "waiting_list"
    ASSESSES_FIRST = "assesses_first"
    ROOM_UNKNOWN = "room_unknown"
    SHORT_WAIT = "short_wait"
    NEAR = "near"
    PEERS_FIRST = "peers_first"
    LONGEST_IDLE = "longest_idle"
    HAS_BACKUP = "has_backup"
    COMMUNITY_POT = "community_pot"
    OWNER_TAKES_IT = "owner_takes_it"
    OWNER_CHOOSES = "owner_chooses"
    CHECK_ELIGIBLE = "check_eligible"
    CHECK_VETTING = "check_vetting"
    CHECK_INSURANCE = "check_insurance"
    BOTH_AGREE = "both_agree"

    @property
    def rule(self) -> str:
        """The id of the rule, `T` and a number; it keeps its meaning for ever."""
        return RULES[self]


_R = RouteReason
RULES: Mapping[RouteReason, str] = {
    _R.SAFEGUARDING: "T02",
    _R.PAUSED: "T10",
    _R.NEVER_THIS_ONE: "T11",
    _R.TOO_CLOSE: "T12",
    _R.OUT_OF_AREA: "T13",
    _R.AGE: "T14",
    _R.NOT_ELIGIBLE: "T15",
    _R.RULED_OUT: "T16",
    _R.FULL: "T17",
    _R.HELPERS_FULL: "T18",
    _R.RESTS: "T19",
    _R.OTHER_TASKS: "T20",
    _R.VETTING: "T21",
    _R.INSURANCE: "T22",
    _R.TRAINING: "T23",
    _R.CLOSED_THEN: "T24",
    _R.LANGUAGE: "T25",
    _R.ACCESS: "T26",
    _R.NO_BACKUP: "T27",
    _R.TIME_FULL: "T28",
    _R.HARD_CASES_FULL: "T29",
    _R.MEETS_NEED: "T30",
    _R.COVERS_AREA: "T31",
    _R.ASKED_FIRST: "T40",
    _R.PERSONS_WISH: "T41",
    _R.WISHED_MANNER: "T42",
    _R.WISHED_COMPANY: "T43",
    _R.HAS_ROOM: "T44",
    _R.WAITING_LIST: "T45",
    _R.ASSESSES_FIRST: "T46",
    _R.ROOM_UNKNOWN: "T47",
    _R.SHORT_WAIT: "T48",
    _R.NEAR: "T49",
    _R.PEERS_FIRST: "T50",
    _R.LONGEST_IDLE: "T51",
    _R.HAS_BACKUP: "T52",
    _R.COMMUNITY_POT: "T53",
    _R.OWNER_TAKES_IT: "T60",
    _R.OWNER_CHOOSES: "T61",
    _R.CHECK_ELIGIBLE: "T70",
    _R.CHECK_VETTING: "T71",
    _R.CHECK_INSURANCE: "T72",
    _R.BOTH_AGREE: "T73",
}
# what to settle before the service starts; no ground to leave it out
CAUTIONS = frozenset({_R.CHECK_ELIGIBLE, _R.CHECK_VETTING, _R.CHECK_INSURANCE, _R.BOTH_AGREE})

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service of the directory (HSDS `service`), as routing needs it.

    `eligibility` and `exclusions` are the provider's own; of `eligibility` one is enough. `point`
    is WGS 84 (latitude, longitude). `at_limit` (people), `time_full`, `hard_full` (hard
    cases) and `rests_until` are the caps of its helpers.
    """

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
    paused_until: date | None = None
    eligibility: frozenset[Circumstance] = frozenset()
    exclusions: frozenset[Circumstance] = frozenset()
    tasks: frozenset[TaskType] = frozenset()
    manners: frozenset[Manner] = frozenset()
    cover: Mapping[TaskType, Cover] = field(default_factory=dict)
    insured_until: date | None = None
    open_days: frozenset[str] = frozenset()
    backup_id: UUID | None = None
    missed_visit_alarm: bool = False
    at_limit: bool = False
    time_full: bool = False
    hard_full: bool = False
    rests_until: datetime | None = None
    point: Point | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Seeker:
    """What routing may know of the person: no name, no number, no protected trait.

    `first` are agencies to ask before all others, `wished` those that the person named, `never`
    those that they ruled out, `close` their carer and others who stand too close to be the answer.
    `is_so` and `is_not` are circumstances that somebody asked about; `company` is with whom the
    person would rather be. `days` are HSDS weekdays (`MO`); none means any day.
    """

    area: str
    age: int
    language: str
    interpreter: bool
    access: frozenset[AccessNeed]
    wished: frozenset[UUID]
    never: frozenset[UUID]
    first: frozenset[UUID] = frozenset()
    close: frozenset[UUID] = frozenset()
    prefers: Manner | None = None
    company: frozenset[Circumstance] = frozenset()
    tasks: frozenset[TaskType] = frozenset()
    essential: frozenset[NeedCode] = frozenset()
    is_so: frozenset[Circumstance] = frozenset()
    is_not: frozenset[Circumstance] = frozenset()
    days: frozenset[str] = frozenset()
    point: Point | None = None

    def __post_init__(self) -> None:
        if (self.is_so | self.is_not) & PROTECTED or self.company - PROTECTED:
            raise ValueError("a protected characteristic is a wish and never a circumstance")

    def __repr__(self) -> str:
        return "<Seeker>"


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
    """One group of needs that the same services can meet, and its ordered plan.

    `then` are places of the plan that take over when this one has nobody left: the needs of a part
    that one agency took together go separate ways after its no.
    """

    needs: tuple[NeedCode, ...]
    candidates: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]
    then: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """For whom and for which need routing looks at a service, and when."""

    seeker: Seeker
    need: NeedCode
    at: datetime
    today: date
    child: bool


def room_is_known(service: Service, at: datetime) -> bool:
    """Tell whether the stated capacity is fresh enough to be believed."""
    return service.capacity_as_of is not None and at - service.capacity_as_of <= STALE_AFTER
