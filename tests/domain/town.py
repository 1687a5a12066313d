"""Services and seekers from the short notation of the routing tables (`name=value;name=value`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from referral_hub.domain.codes import AccessNeed, AgencyKind, Capacity, NeedCode
from referral_hub.domain.routing import Seeker, Service

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
        agency_kind=AgencyKind.VOLUNTARY_GROUP,
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
    )


def agency(number: int) -> UUID:
    return UUID(int=100 + number)


def _many(text: str) -> list[str]:
    return [part for part in text.split("|") if part]


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _days_ago(text: str) -> datetime | None:
    return AT - timedelta(days=int(text)) if text else None
