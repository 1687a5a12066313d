"""What a consent record is made from: ledger rows of one person, and the parties around them.

Read as the acting agency, so that row-level security leaves nothing but its own people's. An erased
person has no record any more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import UUID as SqlUuid

from referral_hub.errors import NotFound

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class LedgerEvent:
    """A row of `consent_event`, with what stands beside it."""

    row: Row
    reference: str | None
    minor_until: date | None
    taken_by: str | None

    def __repr__(self) -> str:
        return "<LedgerEvent>"


@dataclass(frozen=True, slots=True)
class AgencyParty:
    """An agency, with where it is and how to reach it as it said last, or blank."""

    id: UUID
    name: str
    kind: str
    address: str
    contact: str
    officer_contact: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A line of what was agreed: which, when, in which state, and its log entry."""

    id: UUID
    state: str
    recorded_at: datetime
    valid_until: datetime | None
    entry_id: UUID | None


_EVENT = text(
    """
    SELECT c.*, r.reference AS its_reference, s.minor_until AS its_minor_until,
           u.display_name AS its_taker
    FROM consent_event c JOIN subject s ON s.id = c.subject_id
    LEFT JOIN referral r ON r.id = c.referral_id LEFT JOIN staff_user u ON u.id = c.taken_by
    WHERE c.id = :id AND c.origin_agency_id = :us AND s.erased_at IS NULL
    """
)
_OF_PERSON = text(
    """
    SELECT e.*, w.words AS own_text FROM consent_event e
    LEFT JOIN notice_text w ON w.agency_id = e.origin_agency_id AND w.notice_id = e.notice_id
        AND w.version = e.notice_version AND w.language = e.notice_language
        AND w.sha256 = e.notice_hash
    WHERE e.subject_id = :subject AND e.origin_agency_id = :us
    """
)
_OF_REFERRAL = text(
    """
    SELECT c.id, c.state, c.recorded_at, c.valid_until, c.entry_id FROM consent_event c
    JOIN subject s ON s.id = c.subject_id
    WHERE c.subject_id = (SELECT subject_id FROM referral WHERE id = :referral)
        AND (c.referral_id = :referral OR c.referral_id IS NULL)
        AND c.origin_agency_id = :us AND s.erased_at IS NULL
    ORDER BY c.recorded_at DESC, c.id DESC
    """
)
_REFERENCE = text("SELECT reference FROM referral WHERE id = :referral AND origin_agency_id = :us")
_BY_ENTRY = text("SELECT id FROM consent_event WHERE entry_id = :entry AND origin_agency_id = :us")
_PARTIES = text(
    """
    SELECT a.id, a.name, a.kind, coalesce(c.address, ''), coalesce(c.contact, ''),
           coalesce(c.officer_contact, '')
    FROM agency a LEFT JOIN LATERAL (
        SELECT address, contact, officer_contact FROM agency_contact
        WHERE agency_id = a.id ORDER BY id DESC LIMIT 1
    ) c ON true WHERE a.id = ANY(:ids) ORDER BY a.name
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_AGREEMENTS = text("SELECT * FROM agreement_in_force WHERE sender_agency_id = :us")


def one(connection: Connection, us: UUID, event_id: UUID) -> LedgerEvent:
    """Return an event of `us`. Raises NotFound for any other, and for an erased person's."""
    found = connection.execute(_EVENT, {"id": event_id, "us": us}).mappings().one_or_none()
    if found is None:
        raise NotFound
    return LedgerEvent(
        dict(found), found["its_reference"], found["its_minor_until"], found["its_taker"]
    )


def of_person(connection: Connection, us: UUID, subject_id: UUID) -> Sequence[Row]:
    """Return every event of a person of `us`."""
    rows = connection.execute(_OF_PERSON, {"subject": subject_id, "us": us})
    return [dict(row) for row in rows.mappings()]


def of_referral(connection: Connection, us: UUID, referral_id: UUID) -> Sequence[Taken]:
    """Return what was agreed with a referral, the newest first."""
    rows = connection.execute(_OF_REFERRAL, {"referral": referral_id, "us": us})
    return [Taken(*row) for row in rows]


def reference_of(connection: Connection, us: UUID, referral_id: UUID) -> str | None:
    """Return the reference of a referral that `us` sent; None for any other."""
    given = {"referral": referral_id, "us": us}
    found: str | None = connection.execute(_REFERENCE, given).scalar()
    return found


def by_entry(connection: Connection, us: UUID, entry_id: UUID) -> UUID:
    """Return the event that a log entry vouches for. Raises NotFound."""
    found: UUID | None = connection.execute(_BY_ENTRY, {"entry": entry_id, "us": us}).scalar()
    if found is None:
        raise NotFound
    return found


def parties(connection: Connection, ids: Collection[UUID]) -> dict[UUID, AgencyParty]:
    """Return agencies by id, in the order of their names."""
    rows = connection.execute(_PARTIES, {"ids": list(ids)})
    return {row.id: AgencyParty(*row) for row in rows}


def agreements(connection: Connection, us: UUID) -> Sequence[Row]:
    """Return the sharing agreements in which `us` sends."""
    return [dict(row) for row in connection.execute(_AGREEMENTS, {"us": us}).mappings()]
