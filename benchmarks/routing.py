"""Routing over a directory of 20,000 services: 200 hard cases, each as the referrer's page asks it.

A county of ten districts with twenty areas each. A service works in one to five areas of a
district, one in ten in the whole district and one in a hundred everywhere; it meets one to three
needs. A case wants up to three needs with a language, an access need, circumstances, days and an
essential task. Every case is a read of its own. Cold: nothing of the directory has been looked at
before; warm: the same case is asked again, so that only its read and its decision are left.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from random import Random  # noqa: TID251 - seeded: the same county and cases in each run
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from sqlalchemy import text

from benchmarks.town import Town
from referral_hub.domain import routing
from referral_hub.domain.codes import AccessNeed, Capacity, Circumstance, Manner, NeedCode
from referral_hub.domain.routing_model import PROTECTED
from referral_hub.domain.vetting import need_rules, required
from referral_hub.services import directory_facts
from referral_hub.services.propose_recipients import propose_recipients
from referral_hub.store import registers
from referral_hub.store.intake import Home, gather

Figures = dict[str, Any]
DISTRICTS, WARDS = 10, 20
AREAS = [f"CT-{n:03}" for n in range(DISTRICTS * WARDS)]
_LANGUAGES = ("en", "en", "en", "cy", "pl", "ur", "bsl")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FACTS = sorted(set(Circumstance) - PROTECTED)


def directory(town: Town, services: int, cases: int) -> Figures:
    """Return milliseconds of a decision, its read and its pure part, over `services` services."""
    chance = Random(20260301)
    _settle(town, services, chance)
    cold: list[float] = []
    warm: list[float] = []
    read, pure, seen = [], [], []
    for needs, seeker in _cases(chance, cases):
        directory_facts.forget()
        for times in (cold, warm):
            began = time.perf_counter()
            propose_recipients(town.hub, town.actor, needs=needs, seeker=seeker)
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        with town.hub.database.direct() as link:
            known = gather(link, town.actor.agency_id, home=Home(seeker.area), needs=needs)
        read.append(time.perf_counter() - began)
        found = directory_facts.services_in(known.services, known.standing)
        seen.append(len(found))
        began = time.perf_counter()
        routing.propose(needs, seeker, found, at=town.hub.clock(), most=20)
        pure.append(time.perf_counter() - began)
    return {
        "routing_services": services,
        "routing_services_seen": median(seen),
        "routing_milliseconds": 1e3 * median(cold),
        "routing_p95_milliseconds": 1e3 * quantiles(cold, n=20)[-1],
        "routing_warm_milliseconds": 1e3 * median(warm),
        "routing_read_milliseconds": 1e3 * median(read),
        "routing_pure_milliseconds": 1e3 * median(pure),
    }


def _cases(chance: Random, cases: int) -> Iterator[tuple[list[NeedCode], routing.Seeker]]:
    for _ in range(cases):
        needs = chance.sample(list(NeedCode), chance.randint(1, 3))
        yield (
            needs,
            routing.Seeker(
                area=chance.choice(AREAS),
                age=chance.randint(8, 95),
                language=chance.choice(_LANGUAGES),
                interpreter=chance.random() < 0.2,
                access=frozenset(chance.sample(list(AccessNeed), chance.randint(0, 2))),
                wished=frozenset(),
                never=frozenset(),
                prefers=chance.choice([None, *Manner]),
                essential=frozenset(needs[:1]) if chance.random() < 0.3 else frozenset(),
                is_so=frozenset(chance.sample(_FACTS, 2)),
                is_not=frozenset(),
                days=frozenset(chance.sample(_DAYS, 3)),
                point=(52 + chance.random(), -3 + chance.random()),
            ),
        )


def _settle(town: Town, services: int, chance: Random) -> None:
    """Write the county: its areas are the council's, its services belong to the town's agencies."""
    council = town.agencies["Mereford Council"]
    areas = [{"code": code, "name": f"Area {code}", "owner": council} for code in AREAS]
    owners = sorted(town.agencies.values())
    ids = [UUID(int=chance.getrandbits(128)) for _ in range(services)]
    rows = [_row(town, one, chance, owners) for one in ids]
    with registers.as_owner(str(town.settings.migrate_database_url)) as connection:
        connection.execute(
            text("INSERT INTO area (code, name, owner_agency_id) VALUES (:code, :name, :owner)"),
            areas,
        )
        for start in range(0, services, 2_000):
            connection.execute(
                text(
                    "INSERT INTO service SELECT s.* FROM"
                    " jsonb_populate_recordset(NULL::service, CAST(:rows AS jsonb)) s"
                ),
                {"rows": json.dumps(rows[start : start + 2_000], default=str)},
            )
    with registers.as_owner(str(town.settings.migrate_database_url)) as connection:
        connection.execute(text("ANALYZE service"))


def _row(town: Town, one: UUID, chance: Random, owners: list[UUID]) -> dict[str, Any]:
    at = town.hub.clock()
    needs = chance.sample(list(NeedCode), chance.randint(1, 3))
    first, share = WARDS * chance.randrange(DISTRICTS), chance.random()
    district = AREAS[first : first + WARDS]
    few = chance.sample(district, chance.randint(1, 5))
    areas = AREAS if share < 0.01 else district if share < 0.11 else few
    tasks = sorted({chance.choice(sorted(need_rules()[need].tasks)) for need in needs})
    until = (at + timedelta(days=chance.randint(-30, 700))).date()
    return {
        "id": one,
        "agency_id": chance.choice(owners),
        "name": f"Service {one.hex[:6]}",
        "description": "What it does, for whom, when and where, in two or three lines. " * 3,
        "needs": needs,
        "areas": areas,
        "minimum_age": chance.choice([None, 18, 50]),
        "maximum_age": chance.choice([None, None, 25]),
        "capacity": chance.choice(list(Capacity)),
        "capacity_as_of": at - timedelta(days=chance.randint(0, 60)),
        "wait_days": chance.choice([None, *range(0, 40, 3)]),
        "languages": ["en", *chance.sample(_LANGUAGES[3:], chance.randint(0, 4))],
        "access": chance.sample(list(AccessNeed), chance.randint(2, 7)),
        "active": chance.random() < 0.95,
        "status": "active",
        "eligibility": chance.sample(_FACTS, chance.choice([0, 0, 1])),
        "exclusions": chance.sample(_FACTS, chance.choice([0, 0, 2])),
        "tasks": tasks,
        "manners": chance.sample(list(Manner), 1),
        "cover": [
            {
                "task": task,
                "vetting": required(frozenset({task}), False).minimum,
                "vetting_until": until,
                "insured_until": until,
                "training": ["handling_money", "mentoring", "safeguarding", "food_hygiene"],
            }
            for task in tasks
        ],
        "opening": [{"byday": ",".join(chance.sample(_DAYS, 4)), "opens_at": "09:00"}],
        "backup_service_id": None,
        "missed_visit_alarm": chance.random() < 0.5,
        "open_people_limit": chance.choice([None, None, 5]),
        "rest_days": None,
        "latitude": 52 + chance.random(),
        "longitude": -3 + chance.random(),
        "location_confidential": False,
        "last_offered_at": at - timedelta(days=chance.randint(0, 300)),
    }
