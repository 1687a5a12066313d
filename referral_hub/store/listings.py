"""Writing the directory: records of one agency's source or service, with places, terms and facts.

A batch is one statement for each table, from JSON. A record keeps the source that brought it in
first: another source with the same id changes nothing, and the caller is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from referral_hub.domain.geography import place_key
from referral_hub.domain.listings import Listing, Term


@dataclass(frozen=True, slots=True)
class Brought:
    """Who brings records in: the agency, and its feed or file, or one of its own services."""

    agency_id: UUID
    source_id: UUID | None = None
    service_id: UUID | None = None
    run_id: UUID | None = None


_UPSERT = text(
    """
    INSERT INTO directory_entry (
        id, agency_id, source_id, service_id, digest, record, name, status, organization_id,
        organization_name, words, needs, access, languages, areas, minimum_age, maximum_age, free,
        hours, terms, located, modified_at, seen_in
    )
    SELECT r.id, :agency, :source, :service, decode(r.digest, 'hex'), r.record, r.name, r.status,
        r.organization_id, r.organization_name,
        setweight(to_tsvector('english', r.first), 'A')
            || setweight(to_tsvector('english', r.second), 'B')
            || setweight(to_tsvector('english', r.third), 'D'),
        r.needs, r.access, r.languages, r.areas, r.minimum_age, r.maximum_age, r.free, r.hours,
        r.terms, r.located, r.modified_at, :run
    FROM json_to_recordset(:rows) AS r (
        id uuid, digest text, record jsonb, name text, status text, organization_id uuid,
        organization_name text, first text, second text, third text, needs text[], access text[],
        languages text[], areas text[], minimum_age float, maximum_age float, free boolean,
        hours int4multirange, terms uuid[], located boolean, modified_at timestamptz
    )
    ON CONFLICT (id) DO UPDATE SET
        digest = excluded.digest, record = excluded.record, name = excluded.name,
        status = excluded.status, organization_id = excluded.organization_id,
        organization_name = excluded.organization_name, words = excluded.words,
        needs = excluded.needs, access = excluded.access, languages = excluded.languages,
        areas = excluded.areas, minimum_age = excluded.minimum_age,
        maximum_age = excluded.maximum_age, free = excluded.free, hours = excluded.hours,
        terms = excluded.terms, located = excluded.located, modified_at = excluded.modified_at,
        seen_in = excluded.seen_in
    WHERE directory_entry.agency_id = excluded.agency_id
        AND directory_entry.source_id IS NOT DISTINCT FROM excluded.source_id
        AND directory_entry.service_id IS NOT DISTINCT FROM excluded.service_id
    RETURNING id
    """
)
_TAKEN = text(
    """
    SELECT id FROM directory_entry WHERE id = ANY(:ids) AND (agency_id <> :agency
        OR source_id IS DISTINCT FROM :source OR service_id IS DISTINCT FROM :service)
    """
)
_PLACES = text(
    """
    INSERT INTO directory_place (entry_id, id, agency_id, words, postcode, latitude, longitude)
    SELECT r.entry_id, r.id, :agency, r.words, r.postcode,
        coalesce(r.latitude, p.latitude), coalesce(r.longitude, p.longitude)
    FROM json_to_recordset(:rows) AS r (
        entry_id uuid, id uuid, words text, postcode text, key text, latitude float,
        longitude float
    ) LEFT JOIN place p ON p.key = r.key
    ON CONFLICT DO NOTHING
    """
)
_TERMS = text(
    """
    INSERT INTO directory_term (
        agency_id, id, taxonomy_id, taxonomy, name, description, parent_id, uri
    )
    SELECT DISTINCT ON (r.id) :agency, r.* FROM json_to_recordset(:rows) AS r (
        id uuid, taxonomy_id uuid, taxonomy text, name text, description text, parent_id uuid,
        uri text
    ) ORDER BY r.id
    ON CONFLICT (agency_id, id) DO UPDATE SET
        taxonomy_id = excluded.taxonomy_id, taxonomy = excluded.taxonomy, name = excluded.name,
        description = excluded.description, parent_id = excluded.parent_id, uri = excluded.uri
    """
)


@dataclass(frozen=True, slots=True)
class Known:
    """What the hub has of a record: the digest of its text and when its feed changed it."""

    digest: bytes
    modified_at: datetime | None


def known(connection: Connection, source_id: UUID) -> dict[UUID, Known]:
    """Return what is held of a source, by record."""
    rows = connection.execute(
        text("SELECT id, digest, modified_at FROM directory_entry WHERE source_id = :source"),
        {"source": source_id},
    )
    return {row.id: Known(row.digest, row.modified_at) for row in rows}


def put(
    connection: Connection,
    by: Brought,
    listings: Sequence[tuple[Listing, bytes]],
    *,
    areas: Mapping[UUID, Sequence[str]] | None = None,
) -> set[UUID]:
    """Insert or replace records (each with its digest); returns the ids that others hold.

    `areas` are codes of the hub's areas, by record, where its provider states them.
    """
    ids = [listing.id for listing, _ in listings]
    owner = {"agency": by.agency_id, "source": by.source_id, "service": by.service_id}
    taken = set(connection.execute(_TAKEN, owner | {"ids": ids}).scalars())
    ours = [(one, digest) for one, digest in listings if one.id not in taken]
    rows = [_row(one, digest, (areas or {}).get(one.id, ())) for one, digest in ours]
    connection.execute(_UPSERT, owner | {"run": by.run_id, "rows": _json(rows)})
    connection.execute(
        text("DELETE FROM directory_place WHERE entry_id = ANY(:ids)"),
        {"ids": [one.id for one, _ in ours]},
    )
    places = [row for one, _ in ours for row in _places(one)]
    connection.execute(_PLACES, {"agency": by.agency_id, "rows": _json(places)})
    terms = [_term(term) for one, _ in ours for term in one.terms]
    if terms:
        connection.execute(_TERMS, {"agency": by.agency_id, "rows": _json(terms)})
    return taken


def keep(connection: Connection, ids: Iterable[UUID], run_id: UUID) -> None:
    """Note that records were seen in a run, and did not change or could not be read."""
    connection.execute(
        text("UPDATE directory_entry SET seen_in = :run WHERE id = ANY(:ids)"),
        {"run": run_id, "ids": list(ids)},
    )


def drop_unseen(connection: Connection, source_id: UUID, run_id: UUID) -> int:
    """Remove the records of a source that a complete run did not see; returns how many."""
    done = connection.execute(
        text(
            "DELETE FROM directory_entry"
            " WHERE source_id = :source AND seen_in IS DISTINCT FROM :run"
        ),
        {"source": source_id, "run": run_id},
    )
    return int(done.rowcount)


def drop_service(connection: Connection, service_id: UUID) -> None:
    """Take a service's own record out of the directory."""
    connection.execute(
        text("DELETE FROM directory_entry WHERE service_id = :service"), {"service": service_id}
    )


def _row(listing: Listing, digest: bytes, areas: Sequence[str]) -> dict[str, Any]:
    hours = listing.hours
    return {
        "id": listing.id,
        "digest": digest.hex(),
        "record": listing.record,
        "name": listing.name,
        "status": listing.status,
        "organization_id": listing.organization_id,
        "organization_name": listing.organization_name,
        **dict(zip(("first", "second", "third"), listing.words, strict=True)),
        "needs": listing.needs,
        "access": listing.access,
        "languages": listing.languages,
        "areas": areas,
        "minimum_age": listing.minimum_age,
        "maximum_age": listing.maximum_age,
        "free": listing.free,
        "hours": None if hours is None else f"{{{','.join(f'[{a},{b})' for a, b in hours)}}}",
        "terms": [term.id for term in listing.terms],
        "located": any(one.physical for one in listing.places),
        "modified_at": listing.modified_at,
    }


def _places(listing: Listing) -> list[dict[str, Any]]:
    return [
        {
            "entry_id": listing.id,
            "id": one.id,
            "words": one.words,
            "postcode": one.postcode,
            "key": place_key(one.postcode) if one.postcode else None,
            "latitude": one.latitude,
            "longitude": one.longitude,
        }
        for one in listing.places
    ]


def _term(term: Term) -> dict[str, Any]:
    names = ("id", "taxonomy_id", "taxonomy", "name", "description", "parent_id", "uri")
    return {name: getattr(term, name) for name in names}


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(list(rows)).decode()
