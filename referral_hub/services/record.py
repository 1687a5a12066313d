"""Which sealed field each of the person's facts becomes.

A field is sealed alone, so a permit opens no more than it names. Needs, and what exactly is to be
done for them, are sealed per slot: the recipient of one slot cannot learn what else the person
needs. Values are UTF-8 JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from consent.model import DataClass
from referral_hub.domain.codes import NeedCode, TaskType
from referral_hub.domain.commands import ConcernRaised, SubmitReferral, Wishes
from referral_hub.domain.routing import Slot, age_on
from referral_hub.domain.vetting import (
    ADULT_AT,
    need_rules,
    required,
    task_words,
    vetting_words,
)

SCHEMA = "referral-hub/referral/v1"
NEEDS_FIELD = "need.needs"
HELP_FIELD = "need.help"
PER_SLOT = (NEEDS_FIELD, HELP_FIELD)
CONCERN_FIELD = "sensitive.note"
KEPT_FIELD = "context.kept"  # in no catalogue of consent, so that no permit ever names it


def fields_of(command: SubmitReferral, slots: Sequence[Slot], day: date) -> dict[str, bytes]:
    """Return what is to be sealed on `day`; what was not given has no field."""
    person, contact, access = command.person, command.contact, command.access
    child = age_on(person.date_of_birth, day) < ADULT_AT
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
        values[f"{HELP_FIELD}.{index}"] = help_in_words(command.wishes, slot.needs, child=child)
    return {name: to_bytes(value) for name, value in values.items() if value not in (None, "")}


def help_in_words(wishes: Wishes, needs: Iterable[NeedCode], *, child: bool) -> str:
    """Return what exactly is to be done, how whoever does it must be checked, and whether a missed
    visit would do harm; nothing where nobody said.
    """
    wanted = frozenset(needs)
    tasks = wishes.tasks & frozenset().union(*(need_rules()[need].tasks for need in wanted))
    lines = [task_words(task) for task in TaskType if task in tasks]
    if tasks:
        lines.append(f"Helper’s check: {vetting_words(required(tasks, child).minimum)}")
    if wishes.essential & wanted:
        lines.append("A missed visit would do harm: somebody must step in")
    return "\n".join(lines)


def stored_field(field_id: str, slot: int) -> str:
    """Return the sealed field's name for a permitted field, for one slot."""
    return f"{field_id}.{slot}" if field_id in PER_SLOT else field_id


def permitted_field(stored: str) -> str:
    """Return the field id of consent's catalogue for a sealed field's name."""
    return next((name for name in PER_SLOT if stored.startswith(f"{name}.")), stored)


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
    """Return opened fields as values, under their catalogue ids; texts of several slots joined."""
    values: dict[str, Any] = {}
    for stored, sealed in sorted(opened.items()):
        name, value = permitted_field(stored), json.loads(sealed)
        joined = name == HELP_FIELD and name in values
        values[name] = "\n".join((values[name], value)) if joined else value
    return values


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
