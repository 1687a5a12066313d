"""What an agency holds about a person, as items that an officer looks at one by one.

An item is a field, a note, an agreement, a turn with its history: what can be given or withheld by
itself. Its key is made of ids and never changes, so that a decision about it cannot slip to another
item. Pure: rows and what was opened come in. Values are text, codes and days, ready for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from consent.model import DataClass
from consent.notices import is_known, notice
from referral_hub.domain.codes import StatementKind
from referral_hub.store.person_records import PersonRecords, Row

Opened = Mapping[str, Any]
Names = Mapping[UUID, str]
SHORT = 16
_CLASSES = {code.value: place for place, code in enumerate(DataClass)}


@dataclass(frozen=True, slots=True, repr=False)
class HeldItem:
    """One item. `part` is the referral it belongs to, or the person; `what` a code for its kind.

    `value` is None where it is sealed and was not opened; `earlier` a field as it was before it was
    corrected.
    """

    part: UUID
    key: str
    what: str
    value: Any
    at: datetime | None = None
    earlier: bool = False

    def __repr__(self) -> str:
        return f"<HeldItem {self.what}>"

    @property
    def short(self) -> str:
        """Its name in a form: 16 hex digits over the key."""
        return sha256(self.key.encode()).hexdigest()[:SHORT]


def items_of_person(
    held: PersonRecords, *, us: UUID, names: Names, leaving_out: UUID | None = None
) -> Iterator[HeldItem]:
    """Yield every item of the person; `leaving_out` is the matter for which it is done."""
    return _Maker(held, {}, us, names).of_the_person(leaving_out)


def items_of_referrals(
    held: PersonRecords, opened: Opened, *, us: UUID, names: Names
) -> Iterator[HeldItem]:
    """Yield every item of each referral, in the order in which it was made."""
    made = _Maker(held, opened, us, names)
    for referral in held.of("referrals"):
        yield from made.of_referral(referral)


def field_key(referral_id: UUID, version: int, stored: str) -> str:
    """Return the key of a sealed field."""
    return f"field/{referral_id}/{version}/{stored}"


def row_key(what: str, row: Row) -> str:
    """Return the key of an item that is one row."""
    return f"{what}/{row['id']}"


class _Maker:
    def __init__(self, held: PersonRecords, opened: Opened, us: UUID, names: Names) -> None:
        self._held, self._opened, self._us, self._names = held, opened, us, names

    def of_the_person(self, leaving_out: UUID | None) -> Iterator[HeldItem]:
        person = self._held.person
        part: UUID = person["id"]
        for row in self._held.of("agreements"):
            yield HeldItem(
                part, row_key("agreement", row), "agreement", self._agreement(row),
                row["recorded_at"],
            )  # fmt: skip
        for row in self._held.of("authorities"):
            said = _codes(
                row, "kind", "purposes", "classes", "valid_from", "valid_until", "flagged"
            )
            yield HeldItem(part, row_key("authority", row), "record.authority", said)
        flags = {
            "never_share_with": [self._name(one) for one in person["never_share_with"]],
            "conflicts": [self._name(one) for one in person["conflicts"]],
            "deceased": person["deceased"],
            "minor_until": _plain(person["minor_until"]),
        }
        for name, value in flags.items():
            if value:
                yield HeldItem(part, f"flag/{part}/{name}", f"flag.{name}", value)
        kinds: Mapping[str, tuple[str, ...]] = {
            "appraisals": ("outcome", "reason", "review_on", "proposed_at", "decision"),
            "holds": ("reason", "placed_at", "lifted_at"),
            "matters": ("reference", "kind", "state", "opened_at", "closed_at"),
        }
        for name, columns in kinds.items():
            what = name.removesuffix("s")
            for row in self._held.of(name):
                if row["id"] != leaving_out:
                    yield HeldItem(part, row_key(what, row), what, _codes(row, *columns))

    def of_referral(self, referral: Row) -> Iterator[HeldItem]:
        part: UUID = referral["id"]
        said = _codes(referral, "reference", "priority", "purpose", "created_at", "withdrawn_at")
        said["owner"] = self._name(referral["owner_agency_id"])
        yield HeldItem(part, row_key("referral", referral), "referral", said)
        yield from self._fields(part)
        makers: Mapping[str, Callable[[Row], HeldItem]] = {
            "statements": self._statement,
            "decisions": self._decision,
            "capacity": self._capacity,
            "children": self._child,
            "tasks": self._task,
            "notes": self._note,
            "disclosures": self._disclosure,
            "notifications": self._notification,
            "emergency_notes": self._emergency,
        }
        for name, make in makers.items():
            for row in self._held.of(name, part):
                yield make(row)

    def _fields(self, part: UUID) -> Iterator[HeldItem]:
        """Every field; those of older versions where they were not what they are now."""
        newest: dict[str, Any] | None = None
        for record in self._held.of("records", part):
            stored = sorted(record["field_ids"], key=_reading_order)
            keys = {name: field_key(part, record["version"], name) for name in stored}
            values = {name: self._opened.get(key) for name, key in keys.items()}
            earlier = newest is not None
            for name, key in keys.items():
                unopened = values[name] is None
                if newest is None or unopened or newest.get(name) != values[name]:
                    yield HeldItem(part, key, f"field.{name}", values[name], earlier=earlier)
            newest = values if newest is None else newest

    def _agreement(self, row: Row) -> dict[str, Any]:
        said = _codes(
            row, "state", "event_type", "purpose", "classes", "confidentiality",
            "service_agreement", "method", "given_by", "valid_from", "valid_until", "recorded_at",
        )  # fmt: skip
        said["recipients"] = [self._name(one) for one in row["recipients"]]
        words = (row["notice_id"], row["notice_version"], row["notice_language"])
        said["notice"] = dict(zip(("id", "version", "language"), words, strict=True))
        said["notice"]["text"] = notice(*words).text if is_known(*words) else row["own_text"]
        return said

    def _statement(self, row: Row) -> HeldItem:
        key = row_key("statement", row)
        what = f"statement.{row['kind']}"
        return HeldItem(row["referral_id"], key, what, self._opened.get(key), row["recorded_at"])

    def _decision(self, row: Row) -> HeldItem:
        key = row_key("decision", row)
        what = f"statement.{StatementKind.CHILD_DECISION.value}"
        return HeldItem(row["referral_id"], key, what, self._opened.get(key), row["decided_at"])

    def _capacity(self, row: Row) -> HeldItem:
        said = _codes(row, "lacks_capacity", "assessed_on", "decided_on", "recorded_at")
        key = row_key("capacity", row)
        return HeldItem(row["referral_id"], key, "record.capacity", said, row["recorded_at"])

    def _child(self, row: Row) -> HeldItem:
        said = _codes(row, "child_agrees", "parent_agrees", "recorded_at")
        key = row_key("child", row)
        return HeldItem(row["referral_id"], key, "record.child", said, row["recorded_at"])

    def _task(self, row: Row) -> HeldItem:
        said = _codes(row, "state", "reason", "outcome", "created_at", "released_at")
        said["recipient"] = self._name(row["recipient_agency_id"])
        said["service"] = row["service_name"]
        said["history"] = [
            {
                **_codes(line, "event", "state", "reason", "at"),
                "by": self._name(line["actor_agency_id"]) if line["actor_agency_id"] else None,
            }
            for line in self._held.of("history", row["referral_id"])
            if line["task_id"] == row["id"]
        ]
        return HeldItem(row["referral_id"], row_key("task", row), "task", said, row["created_at"])

    def _note(self, row: Row) -> HeldItem:
        key = row_key("note", row)
        what = f"note.{self._whose(row['author_agency_id'])}"
        said = {"from": self._name(row["author_agency_id"]), "kind": row["kind"]}
        said["text"] = self._opened.get(key)
        return HeldItem(row["referral_id"], key, what, said, row["at"])

    def _emergency(self, row: Row) -> HeldItem:
        key = row_key("emergency", row)
        what = f"emergency.{self._whose(row['author_agency_id'])}"
        said = {"from": self._name(row["author_agency_id"]), "kind": row["kind"]}
        said |= {"cause": row["cause"], "text": self._opened.get(key)}
        return HeldItem(row["referral_id"], key, what, said, row["at"])

    def _disclosure(self, row: Row) -> HeldItem:
        said = {"to": self._name(row["recipient_agency_id"]), "stage": row["stage"]}
        said |= {"fields": list(row["field_ids"]), "at": _plain(row["at"])}
        key = row_key("disclosure", row)
        return HeldItem(row["referral_id"], key, "disclosure", said, row["at"])

    def _notification(self, row: Row) -> HeldItem:
        said = _codes(row, "kind", "state", "created_at", "told_at", "answered_at")
        said["to"] = self._name(row["recipient_agency_id"])
        key = row_key("notification", row)
        return HeldItem(row["referral_id"], key, "notification", said, row["created_at"])

    def _whose(self, author: UUID) -> str:
        return "ours" if author == self._us else "theirs"

    def _name(self, agency: UUID | None) -> str:
        return self._names.get(agency, "an agency that is not known") if agency else "nobody"


def _reading_order(stored: str) -> tuple[int, str]:
    """Who they are comes first, then how to reach them, and so on; then by name."""
    return _CLASSES.get(stored.partition(".")[0], len(_CLASSES)), stored


def _codes(row: Row, *columns: str) -> dict[str, Any]:
    return {column: _plain(row[column]) for column in columns}


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return list(value) if isinstance(value, (tuple, list)) else value
