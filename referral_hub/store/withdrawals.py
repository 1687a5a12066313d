"""The statements of a withdrawal: lock what it will move, and stop what has not left."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Connection, bindparam, text
from sqlalchemy import UUID as SqlUuid

from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True, repr=False)
class SubjectKeyRow:
    """A person's id and wrapped key."""

    id: UUID
    wrapped_key: bytes

    def __repr__(self) -> str:
        return "<SubjectKeyRow>"


_CANCEL = text(
    """
    WITH before AS (
        SELECT id, task_id, lease_until FROM outbox
        WHERE referral_id = :id AND state = 'due'
          AND kind NOT IN ('notification', 'callback', 'alert')
          AND (:whole OR task_id = ANY(:tasks)) FOR UPDATE
    ), stopped AS (
        UPDATE outbox SET state = 'cancelled', last_code = 'withdrawn', settled_at = :at
        FROM before WHERE outbox.id = before.id
    )
    SELECT task_id, max(lease_until) FROM before
    WHERE lease_until > :at AND task_id IS NOT NULL GROUP BY task_id
    """
).bindparams(bindparam("tasks", type_=ARRAY(SqlUuid)))
_LOCK_PERSON = text(
    """
    SELECT t.id FROM task t JOIN referral r ON r.id = t.referral_id
    WHERE r.subject_id = (SELECT subject_id FROM referral WHERE id = :id)
    ORDER BY t.id FOR UPDATE OF t
    """
)
_NAMED = text(
    """
    SELECT unnest(recipients) FROM consent_event WHERE referral_id = :id
    UNION SELECT recipient_agency_id FROM task WHERE referral_id = :id
    """
)
_LAST_SAID = text(
    "SELECT state, recipients, evidence FROM consent_event WHERE subject_id = :id"
    " ORDER BY recorded_at DESC, id DESC LIMIT 1"
)


def subject_key(connection: Connection, subject_id: UUID) -> SubjectKeyRow:
    """Return the wrapped key of the acting agency's person. Raises NotFound when erased."""
    row = connection.execute(
        text("SELECT id, wrapped_key FROM subject WHERE id = :id"), {"id": subject_id}
    ).one_or_none()
    if row is None or row.wrapped_key is None:
        raise NotFound
    return SubjectKeyRow(row.id, row.wrapped_key)


def lock_tasks(connection: Connection, referral_id: UUID) -> None:
    """Keep every task of a referral from moving until this transaction ends."""
    connection.execute(
        text("SELECT id FROM task WHERE referral_id = :id ORDER BY id FOR UPDATE"),
        {"id": referral_id},
    )


def lock_tasks_of_person(connection: Connection, referral_id: UUID) -> None:
    """The same for every referral of the person whose referral it is.

    The order is that of `lock_tasks`, so the two never wait for each other in a circle.
    """
    connection.execute(_LOCK_PERSON, {"id": referral_id})


def named_with(connection: Connection, referral_id: UUID) -> frozenset[UUID]:
    """Return the agencies that the person was asked about with a referral, or that had a turn."""
    return frozenset(connection.execute(_NAMED, {"id": referral_id}).scalars())


def cancel_unsent(
    connection: Connection,
    referral_id: UUID,
    at: datetime,
    *,
    tasks: Collection[UUID] | None = None,
) -> dict[UUID, datetime]:
    """Cancel every unsent delivery, or those of `tasks`; returns tasks whose delivery is leased
    now, and until when.
    """
    wanted = {"id": referral_id, "at": at, "whole": tasks is None, "tasks": list(tasks or ())}
    return {row[0]: row[1] for row in connection.execute(_CANCEL, wanted)}


def last_said(
    connection: Connection, subject_id: UUID
) -> tuple[str, frozenset[UUID], Mapping[str, str]] | None:
    """Return what a person's newest consent event says: state, recipients named, evidence."""
    row = connection.execute(_LAST_SAID, {"id": subject_id}).one_or_none()
    return None if row is None else (row.state, frozenset(row.recipients), row.evidence)


def leased(connection: Connection, referral_id: UUID, at: datetime) -> dict[UUID, datetime]:
    """Return tasks with a delivery that a worker holds at this moment, and until when."""
    rows = connection.execute(
        text(
            "SELECT task_id, max(lease_until) FROM outbox WHERE referral_id = :id"
            " AND state = 'due' AND lease_until > :at AND task_id IS NOT NULL"
            " AND kind IN ('offer', 'acceptance', 'correction') GROUP BY task_id"
        ),
        {"id": referral_id, "at": at},
    )
    return {row[0]: row[1] for row in rows}


def was_given(connection: Connection, subject_id: UUID, recipients: Collection[UUID]) -> bool:
    """Tell whether a person agreed to any of these recipients before."""
    found = connection.execute(
        text(
            "SELECT count(*) FROM consent_event WHERE subject_id = :id"
            " AND state IN ('given', 'renewed') AND recipients && :recipients"
        ).bindparams(bindparam("recipients", type_=ARRAY(SqlUuid))),
        {"id": subject_id, "recipients": list(recipients)},
    )
    return bool(found.scalar_one())


def without_the_rest(connection: Connection, task_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which accepted tasks neither have their further fields nor have them on the way."""
    rows = connection.execute(
        text(
            "SELECT t.id FROM task t WHERE t.id = ANY(:ids) AND NOT EXISTS"
            " (SELECT 1 FROM release d WHERE d.task_id = t.id AND d.stage = 'accepted')"
            " AND NOT EXISTS (SELECT 1 FROM outbox x WHERE x.task_id = t.id AND x.state = 'due'"
            " AND x.kind = 'acceptance')"
        ).bindparams(bindparam("ids", type_=ARRAY(SqlUuid))),
        {"ids": list(task_ids)},
    )
    return frozenset(rows.scalars())
