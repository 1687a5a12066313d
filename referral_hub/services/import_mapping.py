"""Mappings of files: the one that holds, its versions, and saving another.

Only an agency's administrator changes what a column means, because what "agreed" stands for decides
what may be shared. Each version has its log entry; files are read by the version that held when
they came.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import CsvMapping, DateOrder, field_code, folded, from_json
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.store import change, directory, mappings
from referral_hub.store.engine import Connection
from referral_hub.store.mappings import MappingRow

PURPOSE = "file_import"


@dataclass(frozen=True, slots=True)
class MappingView:
    """What an administrator edits: the mapping that holds, or a first one, and who may be named.

    `version` is 0 while none was saved. `agencies` are those that a sharing agreement names, by id.
    """

    version: int
    mapping: CsvMapping
    versions: Sequence[MappingRow]
    agencies: Mapping[UUID, str]
    areas: Mapping[str, str]


def view_mapping(hub: Hub, actor: Actor) -> MappingView:
    """Return the agency's mapping to edit. Raises Forbidden."""
    access.require(actor, Permission.EDIT_MAPPING)
    with hub.database.acting_for(actor.agency_id) as connection:
        versions = mappings.all_versions(connection, actor.agency_id)
        kind = directory.kind_of(connection, actor.agency_id)
        agencies = directory.agreed_recipients(connection, actor.agency_id, hub.clock())
        areas = directory.areas(connection)
    found = from_json(versions[0].mapping) if versions else seed(kind)
    return MappingView(
        version=versions[0].version if versions else 0,
        mapping=found,
        versions=versions,
        agencies=agencies,
        areas={row.code: row.name for row in areas},
    )


def save_mapping(hub: Hub, actor: Actor, mapping: CsvMapping, *, over: int) -> int:
    """Add a version over the one that was edited; saving the same again changes nothing.

    Raises Forbidden, InvalidInput (faults), Conflict (somebody saved another meanwhile).
    """
    access.require(actor, Permission.EDIT_MAPPING)
    if mapping.faults():
        raise InvalidInput({"columns": tuple(one.value for one in mapping.faults())})
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        newest = mappings.newest(connection, actor.agency_id)
        number = newest.version if newest else 0
        stored = mapping.to_json()
        if newest and newest.mapping == stored:
            return number
        if number != over:
            raise Conflict("Somebody else has saved another mapping since you opened this page.")
        event = Event(
            type=EntryType.ADMIN,
            sender=actor.agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            purpose=PURPOSE,
            outcome="mapping_saved",
            details={
                "version": number + 1,
                "agencies": tuple(stored["agreed_to"]["agencies"]),
                "classes": tuple(stored["agreed_to"]["classes"]),
                "notice": stored["agreed_to"]["notice"] or "none",
            },
        )
        entry = prepare(event, hub.keys, at)
        change.write(connection, change.Change([entry]))
        row = MappingRow(number + 1, stored, actor.user_id, at)
        mappings.add(connection, actor.agency_id, row, entry_id=entry.entry["id"])
    return number + 1


def mapping_of(connection: Connection, agency_id: UUID, version: int) -> CsvMapping:
    """Return one version. Raises LookupError if there is none."""
    row = mappings.version(connection, agency_id, version)
    if row is None:
        raise LookupError("no such version of the mapping")
    return from_json(row.mapping)


def seed(kind: str) -> CsvMapping:
    """Return a first mapping for an agency of this kind; an empty one where there is none."""
    found = _seeds().get(kind)
    if found is None:
        return CsvMapping(columns={})
    return CsvMapping(
        columns={name: field_code(code) for name, code in found["columns"].items()},
        dates=DateOrder(found["dates"]),
        yes=frozenset(map(folded, found["yes"])),
        no=frozenset(map(folded, found["no"])),
        needs={folded(name): NeedCode(code) for name, code in found["needs"].items()},
    )


@lru_cache(maxsize=1)
def _seeds() -> Mapping[str, Any]:
    table = files("referral_hub.domain").joinpath("csv_seeds.toml").read_text(encoding="utf-8")
    return tomllib.loads(table)
