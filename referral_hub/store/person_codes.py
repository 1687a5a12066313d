"""Codes of people as rows: what one depends on, and ending it.

What stands behind a reference is looked up by the worker's role, since whoever types it is nobody
yet; everything else runs for the agency that sent the referral.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True, repr=False)
class CodeRow:
    """A referral with what a code for it depends on, and the code that works, where there is one.

    `given_by` is of the newest agreement, `given_to` of the code.
    """

    referral_id: UUID
    reference: str
    origin_agency_id: UUID
    subject_id: UUID
    author_user_id: UUID
    purpose: str
    wrapped_key: bytes | None
    erased_at: datetime | None
    deceased: bool
    minor_until: date | None
    unsafe: bool
    given_by: str | None
    code_id: UUID | None
    given_to: str | None
    code_digest: bytes | None
    made_at: datetime | None

    def __repr__(self) -> str:
        return f"<CodeRow {self.referral_id}>"


_ROW = """
    SELECT r.id, r.reference, r.origin_agency_id, r.subject_id, r.author_user_id, r.purpose,
        s.wrapped_key, s.erased_at, s.deceased, s.minor_until,
        EXISTS (SELECT 1 FROM referral x
                WHERE x.subject_id = r.subject_id AND x.unsafe_to_contact),
        (SELECT e.given_by FROM consent_event e
         WHERE e.referral_id = r.id AND e.state IN ('given', 'renewed')
         ORDER BY e.recorded_at DESC, e.id DESC LIMIT 1),
        c.id, c.given_by, c.code_digest, c.made_at
    FROM referral r JOIN subject s ON s.id = r.subject_id
    LEFT JOIN person_code c ON c.referral_id = r.id AND c.ended_at IS NULL
"""


def of_referral(connection: Connection, referral_id: UUID) -> CodeRow:
    """Return what a code depends on, of a referral that the acting agency sent. Raises NotFound."""
    row = connection.execute(
        text(f"{_ROW} WHERE r.id = :id AND r.origin_agency_id = acting_agency()"),
        {"id": referral_id},
    ).one_or_none()
    if row is None:
        raise NotFound
    return CodeRow(*row)


def several(connection: Connection, referral_ids: Collection[UUID]) -> dict[UUID, CodeRow]:
    """Return these referrals with what a code for each depends on (`hub_worker`)."""
    rows = connection.execute(
        text(f"{_ROW} WHERE r.id = ANY(:ids)"), {"ids": list(set(referral_ids))}
    )
    return {row[0]: CodeRow(*row) for row in rows}


def by_reference(connection: Connection, reference: str) -> CodeRow | None:
    """Return the referral with this reference and its code (`hub_worker`)."""
    row = connection.execute(
        text(f"{_ROW} WHERE r.reference = :reference"), {"reference": reference}
    ).one_or_none()
    return None if row is None else CodeRow(*row)


def by_visit(connection: Connection, visit_hash: bytes, at: datetime) -> CodeRow | None:
    """Return the referral whose page was opened with this visit's hash (`hub_worker`)."""
    row = connection.execute(
        text(f"{_ROW} WHERE c.visit_hash = :hash AND c.visit_until > :at"),
        {"hash": visit_hash, "at": at},
    ).one_or_none()
    return None if row is None else CodeRow(*row)


def begin_visit(connection: Connection, code_id: UUID, visit_hash: bytes, *, at: datetime) -> None:
    """Begin a visit, which ends the one before it; `go_on` says until when it lasts."""
    connection.execute(
        text(
            "UPDATE person_code SET visit_hash = :hash, visit_began = :at, visit_until = NULL"
            " WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": code_id, "hash": visit_hash, "at": at},
    )


def go_on(connection: Connection, code_id: UUID, *, idle_until: datetime, longest: float) -> None:
    """Let a visit last until `idle_until`, and no longer than `longest` seconds in all."""
    connection.execute(
        text(
            "UPDATE person_code SET visit_until ="
            " LEAST(:until, visit_began + make_interval(secs => :longest))"
            " WHERE id = :id AND ended_at IS NULL"
        ),
        {"id": code_id, "until": idle_until, "longest": longest},
    )


def leave(connection: Connection, code_id: UUID) -> None:
    """End the visit; the code goes on working."""
    connection.execute(
        text("UPDATE person_code SET visit_hash = NULL, visit_until = NULL WHERE id = :id"),
        {"id": code_id},
    )


def end(connection: Connection, referral_id: UUID, at: datetime) -> UUID | None:
    """End the code that works, and the visit that it began; returns which it was."""
    found: UUID | None = connection.execute(
        text(
            "UPDATE person_code SET ended_at = :at, visit_until = NULL"
            " WHERE referral_id = :id AND ended_at IS NULL RETURNING id"
        ),
        {"id": referral_id, "at": at},
    ).scalar()
    return found
