"""Messages to people as rows: what is news to whom, how they are told, and what a sender has told.

Ids of history lines and notifications begin with their time, so what happened since the last round
is one range of two primary keys. One worker at a time has the round, by its row's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Connection, bindparam, text
from sqlalchemy import UUID as SqlUuid

from referral_hub.domain.ids import new_id
from referral_hub.errors import NotFound
from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True)
class NewsRow:
    """Something that happened to a part, or to the agreement, of somebody who has a code."""

    id: UUID
    event: str
    state: str
    task_id: UUID | None
    slot: int
    referral_id: UUID
    origin_agency_id: UUID
    owner_agency_id: UUID


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that is due, and whether the agreement has been withdrawn since."""

    id: UUID
    referral_id: UUID
    step: str
    withdrawn: bool


_NEWS = text(
    """
    SELECT n.id, n.event, n.state, n.task_id, n.slot, n.referral_id, n.origin_agency_id,
        n.owner_agency_id
    FROM (
        SELECT e.id, e.event, e.state, e.task_id, t.slot, e.referral_id, e.origin_agency_id,
            e.owner_agency_id
        FROM task_event e JOIN task t ON t.id = e.task_id
        WHERE e.id > :after AND e.id < :until AND e.event = ANY(:events)
        UNION ALL
        SELECT x.id, 'expiring', '', NULL, 0, x.referral_id, x.origin_agency_id,
            x.owner_agency_id
        FROM notification x
        WHERE x.id > :after AND x.id < :until AND x.kind = 'expiring' AND x.task_id IS NULL
    ) n
    JOIN person_code c ON c.referral_id = n.referral_id AND c.ended_at IS NULL
    JOIN referral r ON r.id = n.referral_id AND r.withdrawn_at IS NULL
    ORDER BY n.id LIMIT :most
    """
)
_DUE = text(
    """
    SELECT m.id, m.referral_id, m.step, r.withdrawn_at IS NOT NULL
    FROM person_message m JOIN referral r ON r.id = m.referral_id
    WHERE m.id = ANY(:ids)
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_DECIDED = text(
    """
    UPDATE person_message SET way = d.way,
        closed_at = CASE WHEN d.way IN ('mail', 'nobody') THEN CAST(:at AS timestamptz) END
    FROM json_populate_recordset(NULL::person_message, :rows) d
    WHERE person_message.id = d.id AND person_message.closed_by IS NULL
    """
)
_OLDER = text(
    """
    UPDATE person_message m SET closed_at = :at
    FROM person_message n
    WHERE n.id = ANY(:ids) AND n.way <> 'nobody' AND m.referral_id = n.referral_id
        AND m.id < n.id AND m.closed_at IS NULL
        AND m.way IN ('phone', 'text', 'post', 'home_visit')
    """
).bindparams(bindparam("ids", type_=ARRAY(SqlUuid)))
_CHANGED = text(
    "INSERT INTO person_message (id, referral_id, origin_agency_id, cause_id, step, way, made_at)"
    " VALUES (:id, :referral, acting_agency(), :id, 'changed_mind', 'page', :at)"
)
_CLOSE = text(
    "UPDATE person_message SET closed_at = :at, closed_by = :by"
    " WHERE id = :id AND closed_at IS NULL"
    " AND way IN ('phone', 'text', 'post', 'home_visit', 'page') RETURNING id"
)


def begin_round(connection: Connection) -> tuple[UUID | None] | None:
    """Lock the round and return up to where people were told; None while another worker has it."""
    row = connection.execute(
        text("SELECT after FROM person_round WHERE id = 1 FOR UPDATE SKIP LOCKED")
    ).one_or_none()
    return None if row is None else (row.after,)


def end_round(connection: Connection, after: UUID) -> None:
    """Note up to where people were told."""
    connection.execute(text("UPDATE person_round SET after = :after"), {"after": after})


def news(
    connection: Connection, *, after: UUID, until: UUID, events: Collection[str], most: int
) -> list[NewsRow]:
    """Return what happened between two ids to those who have a code, oldest first."""
    wanted = {"after": after, "until": until, "events": list(events), "most": most}
    return [NewsRow(*row) for row in connection.execute(_NEWS, wanted)]


def by_id(connection: Connection, ids: Collection[UUID]) -> Mapping[UUID, MessageRow]:
    """Return these messages."""
    return {row.id: MessageRow(*row) for row in connection.execute(_DUE, {"ids": list(ids)})}


def decided(connection: Connection, rows: Sequence[Mapping[str, object]], at: datetime) -> None:
    """Note how each message is told; a sender's older line about the same referral is closed."""
    if rows:
        connection.execute(_DECIDED, {"rows": to_json(rows), "at": at})
        connection.execute(_OLDER, {"ids": [row["id"] for row in rows], "at": at})


def note_change(connection: Connection, referral_id: UUID, at: datetime) -> None:
    """Put on the sender's list that the person changed their mind on their own page."""
    connection.execute(_CHANGED, {"id": new_id(at), "referral": referral_id, "at": at})


def referral_of(connection: Connection, message_id: UUID) -> UUID:
    """Return whose message this is, of the acting agency's. Raises NotFound."""
    found: UUID | None = connection.execute(
        text("SELECT referral_id FROM person_message WHERE id = :id"), {"id": message_id}
    ).scalar()
    if found is None:
        raise NotFound
    return found


def close(connection: Connection, message_id: UUID, *, by: UUID, at: datetime) -> bool:
    """Note that the sender has told the person, or read it; False when somebody had."""
    values = {"id": message_id, "by": by, "at": at}
    return connection.execute(_CLOSE, values).scalar() is not None
