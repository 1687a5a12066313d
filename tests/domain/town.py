"""Services and seekers from the short notation of the routing tables (`name=value;name=value`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from referral_hub.domain.codes import (
    AccessNeed,
    AgencyKind,
    Capacity,
    Circumstance,
    Manner,
    NeedCode,
    TaskType,
    Training,
    Vetting,
)
from referral_hub.domain.routing import Seeker, Service
from referral_hub.domain.vetting import Cover

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEED = NeedCode.LONELY
HERE = "harbour"
Said = dict[str, str]


def read(notation: str) -> Said:
    pairs = (part.partition("=") for part in notation.split(";") if part)
    return {name: value for name, _, value in pairs}


def service(number: int, notation: str = "") -> Service:
    """The service `number`, of the agency 100 + `number`; it fits unless the notation says else."""
    said = {"capacity": "capacity", "known_days": "1", "languages": "en", "areas": HERE}
    said |= {"needs": NEED.value} | read(notation)
    idle = _days_ago(said.get("idle_days", ""))
    return Service(
        id=UUID(int=number),
        agency_id=agency(number),
        agency_kind=AgencyKind(said.get("kind", "voluntary_group")),
        needs=frozenset(map(NeedCode, _many(said["needs"]))),
        areas=frozenset(_many(said["areas"])),
        minimum_age=_whole(said.get("minimum_age", "")),
        maximum_age=_whole(said.get("maximum_age", "")),
        capacity=Capacity(said["capacity"]),
        capacity_as_of=_days_ago(said["known_days"]),
        wait_days=_whole(said.get("wait", "")),
        languages=frozenset(_many(said["languages"])),
        access=frozenset(map(AccessNeed, _many(said.get("access", "")))),
        active=said.get("active", "yes") == "yes",
        last_offered_at=idle,
        paused_until=_day(said.get("paused", "")),
        eligibility=frozenset(map(Circumstance, _many(said.get("only", "")))),
        exclusions=frozenset(map(Circumstance, _many(said.get("not", "")))),
        tasks=frozenset(map(TaskType, _many(said.get("tasks", "")))),
        manners=frozenset(map(Manner, _many(said.get("manners", "")))),
        cover=_cover(said),
        insured_until=_day(said.get("insured", "365")),
        open_days=frozenset(_many(said.get("days", ""))),
        backup_id=UUID(int=int(said["backup"])) if "backup" in said else None,
        missed_visit_alarm=said.get("alarm") == "yes",
        at_limit=said.get("at_limit") == "yes",
        time_full=said.get("time_full") == "yes",
        hard_full=said.get("hard_full") == "yes",
        rests_until=AT + timedelta(days=int(said["rests"])) if "rests" in said else None,
        point=_point(said.get("point", "")),
    )


def seeker(notation: str = "", *, wished: frozenset[UUID] = frozenset()) -> Seeker:
    """Somebody of 70 here who speaks English; `never` and `wished` are about the first agency."""
    said = {"age": "70", "language": "en"} | read(notation)
    first = frozenset({agency(1)})
    return Seeker(
        area=HERE,
        age=int(said["age"]),
        language=said["language"],
        interpreter=said.get("interpreter") == "yes",
        access=frozenset(map(AccessNeed, _many(said.get("access", "")))),
        wished=wished | (first if said.get("wished") == "yes" else frozenset()),
        never=first if said.get("never") == "yes" else frozenset(),
        first=first if said.get("first") == "yes" else frozenset(),
        close=first if said.get("close") == "yes" else frozenset(),
        prefers=Manner(said["prefers"]) if "prefers" in said else None,
        company=frozenset(map(Circumstance, _many(said.get("company", "")))),
        tasks=frozenset(map(TaskType, _many(said.get("tasks", "")))),
        essential=frozenset(map(NeedCode, _many(said.get("essential", "")))),
        is_so=frozenset(map(Circumstance, _many(said.get("is", "")))),
        is_not=frozenset(map(Circumstance, _many(said.get("is_not", "")))),
        days=frozenset(_many(said.get("days", ""))),
        point=_point(said.get("point", "")),
    )


def agency(number: int) -> UUID:
    return UUID(int=100 + number)


def _cover(said: Said) -> dict[TaskType, Cover]:
    """`cover=task:level:days|…`, days until both check and insurance end; `trained` for all."""
    trained = frozenset(map(Training, _many(said.get("trained", ""))))
    made = {}
    for part in _many(said.get("cover", "")):
        task, level, days = part.split(":")
        held = Vetting(level) if level else None
        made[TaskType(task)] = Cover(
            vetting=held, vetting_until=_day(days), insured_until=_day(said.get("covered", "")),
            training=trained,
        )  # fmt: skip
    return made


def _day(text: str) -> date | None:
    return (AT + timedelta(days=int(text))).date() if text else None


def _point(text: str) -> tuple[float, float] | None:
    north, _, east = text.partition(",")
    return (float(north), float(east)) if text else None


def _many(text: str) -> list[str]:
    return [part for part in text.split("|") if part]


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _days_ago(text: str) -> datetime | None:
    return AT - timedelta(days=int(text)) if text else None
