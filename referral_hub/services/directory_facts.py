"""Rows of the directory as the services that routing chooses among.

What routing is asked about comes as lines of JSON text, so that the same line is read once. A code
that is in no closed list raises: a service whose own words cannot be read is not guessed at. An
agency's insurance stands for every task for which the service states none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from referral_hub.domain.codes import (
    AccessNeed,
    AgencyKind,
    Capacity,
    Circumstance,
    InsuredBy,
    Manner,
    NeedCode,
    TaskType,
    Training,
    Vetting,
)
from referral_hub.domain.routing_model import Point, Service
from referral_hub.domain.vetting import Cover
from referral_hub.services.facts import instant
from referral_hub.services.speaking_for import LONDON

Row = Mapping[str, Any]

_NEEDS = {code.value: code for code in NeedCode}
_ACCESS = {code.value: code for code in AccessNeed}
_TASKS = {code.value: code for code in TaskType}
_CIRCUMSTANCES = {code.value: code for code in Circumstance}
_MANNERS = {code.value: code for code in Manner}
_VETTING = {code.value: code for code in Vetting}
_INSURED = {code.value: code for code in InsuredBy}
_TRAINING = {code.value: code for code in Training}
_NOTHING: frozenset[Any] = frozenset()
_LEAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Listed:
    """A service of the directory with its name."""

    name: str
    service: Service


def services_in(services: str, standing: str) -> tuple[Service, ...]:
    """Return every service of the lines whose agency is known."""
    return tuple(listed.service for listed in listed_in(services, standing))


def listed_in(services: str, standing: str) -> tuple[Listed, ...]:
    """Return every service of the lines whose agency is known, with its name.

    A line is read once, however many people it is proposed to.
    """
    agencies = _agencies(standing)
    found = (_listed(line, agencies) for line in services.split("\n") if line)
    return tuple(listed for listed in found if listed is not None)


@lru_cache(maxsize=64)
def _agencies(standing: str) -> _Agencies:
    return _Agencies({row["agency_id"]: row for row in orjson.loads(standing)})


class _Agencies:
    """Rows of `agency_standing` by agency, hashed by identity: the same text gives the same one."""

    __slots__ = ("rows",)

    def __init__(self, rows: Mapping[str, Row]) -> None:
        self.rows = rows


@lru_cache(maxsize=8192)
def _listed(line: str, agencies: _Agencies) -> Listed | None:
    row = orjson.loads(line)
    agency = agencies.rows.get(row["agency_id"])
    return None if agency is None else Listed(row["name"], service(row, agency))


def forget() -> None:
    """Forget what was read; the benchmarks measure a directory that nobody has looked at."""
    _listed.cache_clear()
    _agencies.cache_clear()


def service(row: Row, agency: Row) -> Service:
    """Return a row of `service`, with its caps, and its row of `agency_standing`."""
    return Service(
        id=UUID(row["id"]),
        agency_id=_agency(row["agency_id"]),
        agency_kind=AgencyKind(agency["kind"]),
        needs=_codes(row["needs"], _NEEDS),
        areas=frozenset(row["areas"]),
        minimum_age=row["minimum_age"],
        maximum_age=row["maximum_age"],
        capacity=Capacity(row["capacity"]),
        capacity_as_of=instant(row["capacity_as_of"]),
        wait_days=row["wait_days"],
        languages=frozenset(row["languages"]),
        access=_codes(row["access"], _ACCESS),
        active=row["active"],
        last_offered_at=instant(row["last_offered_at"]),
        paused_until=day(row["paused_until"]),
        eligibility=_codes(row["eligibility"], _CIRCUMSTANCES),
        exclusions=_codes(row["exclusions"], _CIRCUMSTANCES),
        tasks=_codes(row["tasks"], _TASKS),
        manners=_codes(row["manners"], _MANNERS),
        cover=cover(row["cover"]),
        insured_until=_last_day(agency["insured_until"]),
        open_days=_open_days(row["opening"]),
        backup_id=UUID(row["backup_service_id"]) if row["backup_service_id"] else None,
        missed_visit_alarm=row["missed_visit_alarm"],
        at_limit=bool(row["at_limit"]),
        time_full=bool(row["time_full"]),
        hard_full=bool(row["hard_full"]),
        rests_until=instant(row["rests_until"]),
        point=_point(row),
    )


def cover(rows: list[Row]) -> Mapping[TaskType, Cover]:
    """Return what `service.cover` states for each task."""
    return {
        _TASKS[row["task"]]: Cover(
            vetting=_VETTING[row["vetting"]] if row.get("vetting") else None,
            vetting_until=day(row.get("vetting_until")),
            insured_by=_INSURED[row["insurance"]] if row.get("insurance") else None,
            insured_until=day(row.get("insured_until")),
            training=_codes(row.get("training", []), _TRAINING),
        )
        for row in rows
    }


@lru_cache(maxsize=1024)
def day(text: str | None) -> date | None:
    """Return a date column from its JSON text."""
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=1024)
def _last_day(text: str | None) -> date | None:
    """Return the last day in London before an instant, which itself is not insured any more."""
    found = instant(text)
    return (found - _LEAST).astimezone(LONDON).date() if found else None


@lru_cache(maxsize=1024)
def _agency(text: str) -> UUID:
    return UUID(text)


def _codes(values: list[str], known: Mapping[str, Any]) -> frozenset[Any]:
    return frozenset([known[value] for value in values]) if values else _NOTHING


def _open_days(opening: list[Row]) -> frozenset[str]:
    """The weekdays of HSDS schedules; an ordinal (`1MO`, the first Monday) is left out."""
    if not opening:
        return _NOTHING
    parts = (part for row in opening for part in (row.get("byday") or "").split(","))
    return frozenset(part.strip()[-2:] for part in parts if part.strip())


def _point(row: Row) -> Point | None:
    north, east = row["latitude"], row["longitude"]
    return None if north is None or east is None else (north, east)
