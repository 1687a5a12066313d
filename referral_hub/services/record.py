"""Which sealed field each of the person's facts becomes.

A field is sealed alone, so a permit opens no more than it names. Needs are sealed per slot: the
recipient of one slot cannot learn what else the person needs. Values are UTF-8 JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from consent.model import DataClass
from referral_hub.domain.commands import ConcernRaised, SubmitReferral
from referral_hub.domain.routing import Slot

SCHEMA = "referral-hub/referral/v1"
NEEDS_FIELD = "need.needs"
CONCERN_FIELD = "sensitive.note"
KEPT_FIELD = "context.kept"  # in no catalogue of consent, so that no permit ever names it


def fields_of(command: SubmitReferral, slots: Sequence[Slot]) -> dict[str, bytes]:
    """Return what is to be sealed; what was not given has no field."""
    person, contact, access = command.person, command.contact, command.access
    values: dict[str, Any] = {
        "identity.first_name": person.first_name,
        "identity.family_name": person.family_name,
        "identity.date_of_birth": person.date_of_birth.isoformat(),
        "identity.nhs_number": person.nhs_number,
        "contact.area": person.area,
        "contact.address": _lines(person.address, person.postcode),
        "contact.phone": contact.phone,
        "contact.email": contact.email,
        "contact.preferences": {
            "preferred": sorted(contact.preferred),
            "never": sorted(contact.never),
            "note": contact.note,
        },
        "access_needs.language": {"tag": access.language, "interpreter": access.interpreter},
        "access_needs.access": {"needs": sorted(access.needs), "note": access.note},
        "need.task_note": command.task_note,
        "health.why": command.why,
        CONCERN_FIELD: _concern(command.concern),
        KEPT_FIELD: command.kept,
    }
    for index, slot in enumerate(slots):
        values[f"{NEEDS_FIELD}.{index}"] = sorted(slot.needs)
    return {name: to_bytes(value) for name, value in values.items() if value not in (None, "")}


def stored_field(field_id: str, slot: int) -> str:
    """Return the sealed field's name for a permitted field, for one slot."""
    return f"{NEEDS_FIELD}.{slot}" if field_id == NEEDS_FIELD else field_id


def permitted_field(stored: str) -> str:
    """Return the field id of consent's catalogue for a sealed field's name."""
    return NEEDS_FIELD if stored.startswith(f"{NEEDS_FIELD}.") else stored


def classes_of(stored: Iterable[str]) -> frozenset[DataClass]:
    """Return the data classes that a record's sealed fields belong to."""
    return frozenset(DataClass(name.partition(".")[0]) for name in stored)


def releasable(permitted: Iterable[str], stored: Iterable[str], slot: int) -> tuple[str, ...]:
    """Return the sealed fields of a record that a permit's fields open for `slot`."""
    present = set(stored)
    wanted = {stored_field(field_id, slot) for field_id in permitted}
    return tuple(sorted(wanted & present))


def needs_by_slot(opened: Mapping[str, bytes]) -> dict[int, list[str]]:
    """Return the needs of each slot that was opened."""
    prefix = f"{NEEDS_FIELD}."
    return {
        int(name.removeprefix(prefix)): json.loads(value)
        for name, value in sorted(opened.items())
        if name.startswith(prefix)
    }


def from_bytes(opened: Mapping[str, bytes]) -> dict[str, Any]:
    """Return opened fields as values, under their catalogue ids."""
    return {permitted_field(name): json.loads(value) for name, value in opened.items()}


def to_bytes(value: object) -> bytes:
    """Return a field's value as it is sealed."""
    return orjson.dumps(value)


def _concern(raised: ConcernRaised | None) -> str | None:
    if raised is None:
        return None
    told = "has been told" if raised.person_told else "has not been told"
    return f"{raised.reasons}\nThe person {told} of this referral."


def _lines(address: str | None, postcode: str | None) -> str | None:
    return "\n".join(part for part in (address, postcode) if part) or None
