"""What an agency has begun about people and not finished, still sealed (`hub_worker` only).

Staged items are found by the agency's own blind indexes. A draft has none, since it changes with
every page: drafts are handed out by pages of `AT_ONCE`, for the caller to open and compare. What a
person is called in their records is handed out in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Connection, bindparam, text
from sqlalchemy import UUID as SqlUuid

from referral_hub.store.drafts import DraftKind

Row = Mapping[str, Any]

AT_ONCE = 100
_PERSON = text(
    """
    SELECT s.id, s.origin_agency_id, s.wrapped_key, s.nhs_index,
        ARRAY(SELECT r.id FROM referral r WHERE r.subject_id = s.id ORDER BY r.id) AS referrals,
        ARRAY(SELECT t.id FROM task t JOIN referral r ON r.id = t.referral_id
              WHERE r.subject_id = s.id) AS tasks
    FROM subject s WHERE s.id = :subject AND s.origin_agency_id = :us
    """
)
_RECORDS = text(
    """
    SELECT referral_id, version, wrapped_record_key, key_commitment, field_ids, ciphertexts
    FROM sealed_record WHERE referral_id = ANY(:ids)
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_STAGED = text(
    """
    SELECT id, sender_agency_id, received_at,
        indexes && CAST(:numbers AS bytea[]) AS numbered FROM staged_item
    WHERE agency_id = :us AND state = 'waiting' AND indexes && CAST(:indexes AS bytea[])
    ORDER BY id LIMIT :most
    """
)
_DRAFTS = text(
    """
    SELECT id, user_id, version, updated_at, sealed_form FROM draft
    WHERE agency_id = :us AND kind = :kind AND id > :after ORDER BY id LIMIT :most
    """
)
_FORMS = text(
    """
    SELECT id, user_id, version, updated_at, sealed_form FROM draft
    WHERE agency_id = :us AND id = ANY(:ids) AND kind <> 'sent' ORDER BY id
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_ITEMS = text(
    """
    SELECT id, sender_agency_id, received_at, sealed FROM staged_item
    WHERE agency_id = :us AND id = ANY(:ids) AND state = 'waiting' ORDER BY id
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))


def person(connection: Connection, us: UUID, subject_id: UUID) -> Row:
    """Return a person's key, index, and the ids of their referrals and tasks.

    Raises NoResultFound for another agency's person.
    """
    given = {"subject": subject_id, "us": us}
    return dict(connection.execute(_PERSON, given).mappings().one())


def records(connection: Connection, referral_ids: Sequence[UUID]) -> Sequence[Row]:
    """Return every version of these referrals' records, sealed."""
    return [dict(r) for r in connection.execute(_RECORDS, {"ids": referral_ids}).mappings()]


def staged(
    connection: Connection,
    us: UUID,
    *,
    numbers: Sequence[bytes],
    names: Sequence[bytes],
    most: int,
) -> Sequence[Row]:
    """Return what waits for `us` about whoever has one of these indexes, the oldest first."""
    given = {"us": us, "numbers": list(numbers), "indexes": [*numbers, *names], "most": most}
    return [dict(row) for row in connection.execute(_STAGED, given).mappings()]


def drafts(connection: Connection, us: UUID, kind: DraftKind, *, after: UUID) -> Sequence[Row]:
    """Return the next `AT_ONCE` drafts of a kind of an agency's staff, after the draft `after`."""
    given = {"us": us, "kind": kind.value, "after": after, "most": AT_ONCE}
    return [dict(row) for row in connection.execute(_DRAFTS, given).mappings()]


def forms(connection: Connection, us: UUID, ids: Sequence[UUID]) -> Sequence[Row]:
    """Return these drafts, as many as are still there."""
    return [dict(r) for r in connection.execute(_FORMS, {"us": us, "ids": ids}).mappings()]


def items(connection: Connection, us: UUID, ids: Sequence[UUID]) -> Sequence[Row]:
    """Return these staged items, as many as still wait."""
    return [dict(r) for r in connection.execute(_ITEMS, {"us": us, "ids": ids}).mappings()]


def in_pages(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    """Yield `ids`, `AT_ONCE` at a time."""
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
