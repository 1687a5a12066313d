"""The one read of accepting many referrals of one agency: `store.intake` for a batch.

The facts are the same and in the same shape; what depends on a person or an area is picked apart
afterwards, so that a batch costs one statement whatever its size. The connection acts for the
agency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from referral_hub.store import services
from referral_hub.store.intake import Intake

Json = Mapping[str, Any]

_GATHER = f"""
    WITH services AS MATERIALIZED (
        SELECT {services.FACTS} FROM {services.CAPPED}
        WHERE v.areas && %(areas)s::text[] AND v.needs && %(needs)s::text[] AND {services.LISTED}
    ), owners AS MATERIALIZED (
        SELECT a.code, a.owner_agency_id FROM area a WHERE a.code = ANY(%(areas)s::text[])
    ), people AS MATERIALIZED (
        SELECT s.* FROM subject s WHERE s.origin_agency_id = %(agency)s::uuid
        AND s.nhs_index = ANY(%(indexes)s::bytea[]) AND s.erased_at IS NULL
    )
    SELECT
        (SELECT json_agg(o)::text FROM owners o) AS owners,
        (SELECT json_agg(json_build_object('index', encode(p.nhs_index, 'hex'),
            'key', encode(p.wrapped_key, 'hex'), 'subject', json_build_object('id', p.id,
            'never_share_with', p.never_share_with, 'conflicts', p.conflicts,
            'deceased', p.deceased, 'minor_until', p.minor_until)))::text
            FROM people p) AS people,
        (SELECT json_agg(e)::text FROM consent_event e
            WHERE e.origin_agency_id = %(agency)s::uuid
            AND e.subject_id IN (SELECT id FROM people)) AS consent_events,
        (SELECT json_agg(x)::text FROM proxy_authority x
            WHERE x.origin_agency_id = %(agency)s::uuid
            AND x.subject_id IN (SELECT id FROM people)) AS proxies,
        (SELECT json_agg(g ORDER BY g.id)::text FROM agreement_in_force g
            WHERE g.sender_agency_id = %(agency)s::uuid) AS agreements,
        (SELECT json_agg(n ORDER BY n.id)::text FROM notice_in_use n
            WHERE n.agency_id = %(agency)s::uuid) AS notices,
        (SELECT json_agg(v ORDER BY v.id)::text FROM services v) AS services,
        (SELECT json_agg(t ORDER BY t.agency_id)::text FROM agency_standing t
            WHERE t.agency_id IN (SELECT agency_id FROM services)
               OR t.agency_id IN (SELECT owner_agency_id FROM owners)) AS standing
    """


@dataclass(frozen=True, slots=True)
class Asked:
    """What one referral asks about: its area, its needs, and its person's blind index."""

    area: str
    needs: frozenset[str]
    nhs_index: bytes | None


def gather_many(connection: Connection, agency_id: UUID, asked: Sequence[Asked]) -> list[Intake]:
    """Return the facts for each of `asked`, in their order. One statement."""
    given = {
        "agency": str(agency_id),
        "areas": sorted({one.area for one in asked}),
        "needs": sorted({need for one in asked for need in one.needs}),
        "indexes": [one.nhs_index for one in asked if one.nhs_index is not None],
    }
    row = connection.exec_driver_sql(_GATHER, given).one()
    known = _Known(
        owners={one["code"]: UUID(one["owner_agency_id"]) for one in _read(row.owners)},
        people={bytes.fromhex(one["index"]): one for one in _read(row.people)},
        events=_read(row.consent_events),
        proxies=_read(row.proxies),
        agreements=row.agreements or "[]",
        notices=_read(row.notices),
        services=_read(row.services),
        standing=_read(row.standing),
    )
    shared: dict[tuple[str, frozenset[str]], tuple[str, str]] = {}
    return [_intake(known, one, shared) for one in asked]


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    owners: Mapping[str, UUID]
    people: Mapping[bytes, Json]
    events: Sequence[Json]
    proxies: Sequence[Json]
    agreements: str
    notices: Sequence[Json]
    services: Sequence[Json]
    standing: Sequence[Json]


def _intake(
    known: _Known, one: Asked, shared: dict[tuple[str, frozenset[str]], tuple[str, str]]
) -> Intake:
    person = known.people.get(one.nhs_index) if one.nhs_index is not None else None
    subject = person["subject"] if person else None
    key = (one.area, one.needs)
    if key not in shared:
        shared[key] = _of_place(known, one)
    found, standing = shared[key]
    return Intake(
        owner_agency_id=known.owners.get(one.area),
        subject=subject,
        wrapped_subject_key=bytes.fromhex(person["key"]) if person and person["key"] else None,
        consent_events=_about(known.events, subject),
        proxies=_about(known.proxies, subject),
        agreements=known.agreements,
        notices=known.notices,
        services=found,
        standing=standing,
    )


def _of_place(known: _Known, one: Asked) -> tuple[str, str]:
    """Services of an area that meet one of the needs, and the agencies behind them, as texts."""
    meeting = [
        row for row in known.services if one.area in row["areas"] and one.needs & set(row["needs"])
    ]
    agencies = {row["agency_id"] for row in meeting}
    owner = known.owners.get(one.area)
    if owner is not None:
        agencies.add(str(owner))
    standing = [row for row in known.standing if row["agency_id"] in agencies]
    return b"\n".join(map(orjson.dumps, meeting)).decode(), orjson.dumps(standing).decode()


def _about(rows: Iterable[Json], subject: Json | None) -> Sequence[Json]:
    if subject is None:
        return ()
    return tuple(row for row in rows if row["subject_id"] == subject["id"])


def _read(found: str | None) -> list[Json]:
    return [] if found is None else list(orjson.loads(found))
