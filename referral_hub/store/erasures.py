"""The statements of an erasure: find the person, lock what it moves, and take the keys away.

Only `hub_worker` may take a key away. Whose person it is was decided before, by a read under the
officer's own row-level security. Ciphertext stays, as nothing opens it any more; what two agencies
wrote to each other is not under the person's key, so it is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Connection, bindparam, text
from sqlalchemy import UUID as SqlUuid

from referral_hub.errors import NotFound
from referral_hub.store.change import LogRow, to_json


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person at their agency, without anything about them; `referrals` are ids."""

    id: UUID
    origin_agency_id: UUID
    erased_at: datetime | None
    referrals: Sequence[UUID]


_PERSON = text(
    "SELECT s.id, s.origin_agency_id, s.erased_at,"
    " ARRAY(SELECT r.id FROM referral r WHERE r.subject_id = s.id ORDER BY r.id)"
    " FROM subject s WHERE s.id = :id"
)
_ENTRIES = text(
    """
    SELECT e.id FROM log_entry e JOIN log_opening o ON o.entry_id = e.id
    WHERE (o.subject_id = :subject OR e.subject_id = :subject OR e.referral_id = ANY(:referrals))
      AND (e.type <> 'erasure' OR e.outcome = 'refuse')
    """
).bindparams(bindparam("referrals", type_=ARRAY(SqlUuid)))
_ERASE = text(
    """
    WITH erased AS (
        UPDATE subject SET wrapped_key = NULL, nhs_index = NULL, never_share_with = '{}',
            conflicts = '{}', minor_until = NULL, erased_at = :at WHERE id = :subject
    ), unsealed AS (
        UPDATE log_opening SET sealed_openings = ''::bytea, key_version = NULL
        WHERE entry_id = ANY(:entries)
    ), notes AS (
        DELETE FROM message WHERE referral_id = ANY(:referrals)
    ), reasons AS (
        DELETE FROM emergency_note WHERE access_id IN
            (SELECT id FROM emergency_access WHERE referral_id = ANY(:referrals))
    ), messages AS (
        DELETE FROM person_message WHERE referral_id = ANY(:referrals)
    ), codes AS (
        DELETE FROM person_code WHERE referral_id = ANY(:referrals)
    ), staged AS (
        DELETE FROM staged_item i USING subject s WHERE s.id = :subject
            AND i.agency_id = s.origin_agency_id
            AND (s.nhs_index = ANY(i.indexes) OR i.id = ANY(:beside))
    ), begun AS (
        DELETE FROM draft d USING subject s WHERE s.id = :subject
            AND d.agency_id = s.origin_agency_id AND d.kind <> 'sent' AND d.id = ANY(:beside)
    ), words AS (
        DELETE FROM matter_words WHERE matter_id IN
            (SELECT id FROM matter WHERE subject_id = :subject)
    ), decisions AS (
        DELETE FROM child_decision WHERE referral_id = ANY(:referrals)
    ), released AS (
        UPDATE release SET wrapped_keys = NULL, key_version = NULL
        WHERE referral_id = ANY(:referrals) AND wrapped_keys IS NOT NULL
    ), stopped AS (
        UPDATE referral SET withdrawn_at = COALESCE(withdrawn_at, :at) WHERE subject_id = :subject
    ), logged AS (
        INSERT INTO log_entry (id, entry, leaf_hash, type, at, sender_agency_id,
            recipient_agency_id, actor_agency_id, actor_user_id, subject_id, referral_id, outcome)
        SELECT id, entry, leaf_hash, type, at, sender_agency_id, recipient_agency_id,
            actor_agency_id, actor_user_id, subject_id, referral_id, outcome
        FROM json_populate_recordset(NULL::log_entry, :entry)
    )
    INSERT INTO log_opening (entry_id, subject_id, agency_id, sealed_openings, key_version)
    SELECT entry_id, subject_id, agency_id, sealed_openings, key_version
    FROM json_populate_recordset(NULL::log_opening, :opening)
    """
).bindparams(
    bindparam("entries", type_=ARRAY(SqlUuid)),
    bindparam("referrals", type_=ARRAY(SqlUuid)),
    bindparam("beside", type_=ARRAY(SqlUuid)),
)
_BACK = text(
    """
    SELECT s.id FROM subject s WHERE s.id = ANY(:ids) AND (s.erased_at IS NULL
        OR s.wrapped_key IS NOT NULL OR s.nhs_index IS NOT NULL
        OR EXISTS (SELECT 1 FROM log_opening o WHERE o.subject_id = s.id
                   AND o.sealed_openings <> ''::bytea)
        OR EXISTS (SELECT 1 FROM referral r JOIN message m ON m.referral_id = r.id
                   WHERE r.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM referral r JOIN emergency_access a ON a.referral_id = r.id
                   JOIN emergency_note n ON n.access_id = a.id WHERE r.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM matter m JOIN matter_words w ON w.matter_id = m.id
                   WHERE m.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM referral r JOIN person_code p ON p.referral_id = r.id
                   WHERE r.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM referral r JOIN person_message p ON p.referral_id = r.id
                   WHERE r.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM referral r JOIN child_decision c ON c.referral_id = r.id
                   WHERE r.subject_id = s.id)
        OR EXISTS (SELECT 1 FROM referral r JOIN release d ON d.referral_id = r.id
                   WHERE r.subject_id = s.id AND d.wrapped_keys IS NOT NULL)
        OR s.id IN (SELECT b.owner FROM unnest(:owners, :beside) AS b(owner, id)
                    WHERE EXISTS (SELECT 1 FROM draft d WHERE d.id = b.id AND d.kind <> 'sent')
                    OR EXISTS (SELECT 1 FROM staged_item i
                               WHERE i.id = b.id AND i.state = 'waiting')))
    """
).bindparams(
    bindparam("ids", type_=ARRAY(SqlUuid)),
    bindparam("owners", type_=ARRAY(SqlUuid)),
    bindparam("beside", type_=ARRAY(SqlUuid)),
)
_LOCK_BEGUN = text(
    """
    WITH drafts AS (
        SELECT id, version FROM draft
        WHERE agency_id = :us AND id = ANY(:ids) AND kind <> 'sent' ORDER BY id FOR UPDATE
    ), items AS (
        SELECT id, 0 AS version FROM staged_item
        WHERE agency_id = :us AND id = ANY(:ids) AND state = 'waiting' ORDER BY id FOR UPDATE
    )
    SELECT id, version FROM drafts UNION ALL SELECT id, version FROM items
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))


def person(connection: Connection, subject_id: UUID) -> PersonRow:
    """Return a person that the acting agency may see. Raises NotFound."""
    row = connection.execute(_PERSON, {"id": subject_id}).one_or_none()
    if row is None:
        raise NotFound
    return PersonRow(*row)


def sent_as(connection: Connection, agency_id: UUID, reference: str) -> UUID | None:
    """Return the person of a referral that `agency_id` sent under `reference`."""
    statement = "SELECT subject_id FROM referral WHERE reference = :it AND origin_agency_id = :us"
    found: UUID | None = connection.execute(
        text(statement), {"it": reference, "us": agency_id}
    ).scalar()
    return found


def indexed(connection: Connection, nhs_index: bytes) -> UUID | None:
    """Return the acting agency's person with this blind index."""
    found: UUID | None = connection.execute(
        text("SELECT id FROM subject WHERE nhs_index = :it"), {"it": nhs_index}
    ).scalar()
    return found


def lock(connection: Connection, subject_id: UUID) -> PersonRow:
    """Keep the person and every task about them from moving; raises NotFound."""
    connection.execute(
        text(
            "SELECT t.id FROM task t JOIN referral r ON r.id = t.referral_id"
            " WHERE r.subject_id = :id ORDER BY t.id FOR UPDATE OF t"
        ),
        {"id": subject_id},
    )
    connection.execute(text("SELECT id FROM subject WHERE id = :id FOR UPDATE"), {"id": subject_id})
    return person(connection, subject_id)


def lock_begun(connection: Connection, us: UUID, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Keep drafts and waiting items of `us` from changing; return the version of each still there.

    A waiting item is never changed: its version is 0.
    """
    return {row.id: row.version for row in connection.execute(_LOCK_BEGUN, {"us": us, "ids": ids})}


def entries_about(connection: Connection, found: PersonRow) -> list[UUID]:
    """Return every entry about the person that has something sealed beside it."""
    given = {"subject": found.id, "referrals": list(found.referrals)}
    return list(connection.execute(_ENTRIES, given).scalars())


def erase(
    connection: Connection,
    found: PersonRow,
    *,
    entries: Sequence[UUID],
    beside: Sequence[UUID],
    logged: LogRow,
) -> None:
    """Take away every key to the person, and write the entry that says so: one statement.

    `beside` are drafts and staged items of the person's agency that go with them.
    """
    connection.execute(
        _ERASE,
        {
            "subject": found.id,
            "referrals": list(found.referrals),
            "entries": list(entries),
            "beside": list(beside),
            "at": logged.entry["at"],
            "entry": to_json([logged.entry]),
            "opening": to_json([logged.opening] if logged.opening else []),
        },
    )


def back_again(
    connection: Connection,
    subject_ids: Sequence[UUID],
    beside: Sequence[tuple[UUID, UUID]] = (),
) -> list[UUID]:
    """Return which of these people can be opened, in whole or in part.

    `beside` are a person and something that was erased with them: they are back where it is.
    """
    given = {
        "ids": list(subject_ids),
        "owners": [owner for owner, _ in beside],
        "beside": [one for _, one in beside],
    }
    return list(connection.execute(_BACK, given).scalars())
