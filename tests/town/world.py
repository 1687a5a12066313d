"""The town that a year is simulated in: the demonstration, and more groups like those in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random  # noqa: TID251 - a seed reproduces a run
from typing import Any
from uuid import UUID, uuid4

from referral_hub.domain.codes import NeedCode, Role
from referral_hub.domain.commands import Actor
from tests.hub_bench import Bench

MORE_GROUPS = 12
OFFERED = (
    (NeedCode.LONELY, NeedCode.CANNOT_GET_OUT),
    (NeedCode.SHOPPING_MEALS, NeedCode.GARDEN_HOME_JOBS),
    (NeedCode.LIFTS, NeedCode.CANNOT_GET_OUT),
    (NeedCode.LONELY, NeedCode.BEEN_THERE),
)
NEEDS = tuple(sorted({need for needs in OFFERED for need in needs}))
COPY = {
    "agency": "SELECT to_jsonb(x) AS row FROM agency x WHERE id = %s",
    "service": "SELECT to_jsonb(x) AS row FROM service x WHERE agency_id = %s ORDER BY id LIMIT 1",
    "sharing_agreement": (
        "SELECT to_jsonb(x) AS row FROM sharing_agreement x WHERE recipient_agency_id = %s"
    ),
}


_ENDS = "UPDATE service SET status = 'defunct'"


@dataclass(frozen=True)
class Window:
    """A time in which something is away."""

    begins: datetime
    ends: datetime

    def covers(self, at: datetime) -> bool:
        return self.begins <= at < self.ends


@dataclass(frozen=True)
class Outages:
    """When the hub's worker and a partner's system are away, when groups are paused or uninsured,
    and which ones stop.
    """

    worker: list[Window]
    partner: list[Window]
    paused: list[tuple[UUID, Window]]
    uninsured: list[tuple[UUID, Window]]
    stops: list[tuple[UUID, datetime, str]]


def add_groups(bench: Bench) -> list[str]:
    """Add copies of the good neighbours; returns the keys of everybody who helps."""
    pattern = bench.agencies["neighbours"]
    keys = ["mentors", "neighbours", "library", "time_bank"]
    for number in range(MORE_GROUPS):
        agency_id, key = uuid4(), f"group-{number}"
        changes: dict[str, dict[str, Any]] = {
            "agency": {"id": agency_id, "name": f"Neighbours of Ward {number + 1}"},
            "service": {
                "agency_id": agency_id,
                "needs": list(OFFERED[number % len(OFFERED)]),
                "name": f"Ward {number + 1} helpers",
            },
            "sharing_agreement": {"recipient_agency_id": agency_id},
        }
        for table, change in changes.items():
            for row in bench.rows(COPY[table], pattern):
                made = {**row["row"], "id": uuid4(), **change}
                bench.rows(
                    f"INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, %s)",  # noqa: S608 - our own names
                    json.dumps(made, default=str),
                )
        bench.agencies[key] = agency_id
        keys.append(key)
    bench.rows("UPDATE service SET capacity = 'capacity', capacity_as_of = now() + '2 years'")
    return keys


def actor(agency_id: UUID, role: Role = Role.COORDINATOR) -> Actor:
    """Somebody of an agency."""
    return Actor(UUID(int=agency_id.int ^ 1), agency_id, role)


def plan_outages(chance: Random, helpers: list[UUID], start: datetime, days: int) -> Outages:
    """Draw what goes wrong in the year."""

    def window(longest: float) -> Window:
        begins = start + timedelta(days=chance.uniform(0, days))
        return Window(begins, begins + timedelta(days=chance.uniform(longest / 4, longest)))

    year = max(1, days // 30)
    groups = helpers[-MORE_GROUPS:]
    return Outages(
        worker=[window(4) for _ in range(max(1, year // 2))],
        partner=[window(12) for _ in range(max(1, year // 3))],
        paused=[(chance.choice(helpers), window(20)) for _ in range(year)],
        uninsured=[(chance.choice(groups), window(30)) for _ in range(max(1, year // 4))],
        stops=[
            (groups[0], start + timedelta(days=days * 0.4), "UPDATE agency SET active = false"),
            (
                groups[1],
                start + timedelta(days=days * 0.6),
                "UPDATE service SET status = 'defunct'",
            ),
        ],
    )
