"""Everything that an agency holds about one of its own people, still sealed (`hub_worker` only).

A fixed number of statements for the person, and for each batch of referrals, so that what is held
about somebody never stands in memory at once, however much it is. Whose person it is was decided
before, by a read under the officer's own row-level security; all that is read starts there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

REFERRALS_AT_ONCE = 20
Row = Mapping[str, Any]
Rows = Sequence[Row]

_OF_PERSON: Mapping[str, str] = {
    "agreements": (
        "SELECT e.*, w.words AS own_text FROM consent_event e LEFT JOIN notice_text w"
        " ON w.agency_id = e.origin_agency_id AND w.notice_id = e.notice_id"
        " AND w.version = e.notice_version AND w.language = e.notice_language"
        " AND w.sha256 = e.notice_hash WHERE e.subject_id = :subject ORDER BY e.id"
    ),
    "authorities": "SELECT * FROM proxy_authority WHERE subject_id = :subject ORDER BY id",
    "appraisals": "SELECT * FROM appraisal WHERE subject_id = :subject ORDER BY id",
    "holds": "SELECT * FROM legal_hold WHERE subject_id = :subject ORDER BY id",
    "matters": (
        "SELECT id, kind, reference, state, opened_at, closed_at FROM matter"
        " WHERE subject_id = :subject ORDER BY id"
    ),
    "referrals": "SELECT * FROM referral WHERE subject_id = :subject ORDER BY id",
}
_OF_REFERRALS: Mapping[str, str] = {
    "records": (
        "SELECT * FROM sealed_record WHERE referral_id = ANY(:ids) ORDER BY referral_id,"
        " version DESC"
    ),
    "statements": "SELECT * FROM statement WHERE referral_id = ANY(:ids) ORDER BY id",
    "decisions": "SELECT * FROM child_decision WHERE referral_id = ANY(:ids) ORDER BY id",
    "capacity": "SELECT * FROM capacity_record WHERE referral_id = ANY(:ids) ORDER BY id",
    "children": "SELECT * FROM child_record WHERE referral_id = ANY(:ids) ORDER BY id",
    "tasks": (
        "SELECT t.*, s.name AS service_name FROM task t LEFT JOIN service s ON s.id = t.service_id"
        " WHERE t.referral_id = ANY(:ids) ORDER BY t.slot, t.id"
    ),
    "history": "SELECT * FROM task_event WHERE referral_id = ANY(:ids) ORDER BY id",
    "disclosures": "SELECT * FROM release WHERE referral_id = ANY(:ids) ORDER BY id",
    "notes": "SELECT * FROM message WHERE referral_id = ANY(:ids) ORDER BY id",
    "notifications": "SELECT * FROM notification WHERE referral_id = ANY(:ids) ORDER BY id",
    "emergency_notes": (
        "SELECT n.*, e.referral_id, e.cause, e.origin_agency_id AS ticket_origin,"
        " e.actor_agency_id FROM emergency_note n JOIN emergency_access e ON e.id = n.access_id"
        " WHERE e.referral_id = ANY(:ids) ORDER BY n.id"
    ),
}


@dataclass(frozen=True, slots=True, repr=False)
class PersonRecords:
    """A person's rows by what they are; `person` is their own."""

    person: Row
    rows: Mapping[str, Rows]

    def __repr__(self) -> str:
        return "<PersonRecords>"

    def of(self, what: str, referral_id: UUID | None = None) -> Rows:
        """Return rows of one kind, of one referral where it is named."""
        found = self.rows[what]
        if referral_id is None:
            return found
        return [row for row in found if row["referral_id"] == referral_id]


def of_person(connection: Connection, us: UUID, subject_id: UUID) -> PersonRecords:
    """Return a person of agency `us` and what is theirs beside their referrals' own rows.

    Raises NoResultFound for another agency's person.
    """
    person = connection.execute(
        text("SELECT * FROM subject WHERE id = :subject AND origin_agency_id = :us"),
        {"subject": subject_id, "us": us},
    )
    found = dict(person.mappings().one())
    rows = {name: _rows(connection, sql, subject=subject_id) for name, sql in _OF_PERSON.items()}
    return PersonRecords(found, rows)


def of_referrals(
    connection: Connection, held: PersonRecords, referrals: Sequence[Row]
) -> PersonRecords:
    """Return the rows of some of a person's referrals, all that belongs to each."""
    ids = [row["id"] for row in referrals]
    rows = {name: _rows(connection, sql, ids=ids) for name, sql in _OF_REFERRALS.items()}
    return PersonRecords(held.person, {"referrals": referrals, **rows})


def newest_fields(
    connection: Connection, referral_ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[str]]:
    """Return which fields the newest record of each referral has."""
    return {
        row.referral_id: row.field_ids
        for row in connection.execute(
            text(
                "SELECT DISTINCT ON (referral_id) referral_id, field_ids FROM sealed_record"
                " WHERE referral_id = ANY(:ids) ORDER BY referral_id, version DESC"
            ),
            {"ids": list(referral_ids)},
        )
    }


def _rows(connection: Connection, statement: str, **given: object) -> list[Row]:
    return [dict(row) for row in connection.execute(text(statement), given).mappings()]
