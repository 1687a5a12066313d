"""Who is due a daily mail about referrals that it sent, and how many of those changed (the worker).

Ids of a task's history begin with their time, so what happened since an instant is one range of
the primary key, for every agency at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from referral_hub.domain.ids import first_id
from referral_hub.store.links import MailEndpoint


@dataclass(frozen=True, slots=True, repr=False)
class DueRow:
    """An agency that gets the mail, whose bank holidays count for it, and what it knows already."""

    to: MailEndpoint
    nation: str
    since: datetime

    def __repr__(self) -> str:
        return f"<DueRow of {self.to.agency_id}>"


_DUE = text(
    """
    SELECT m.agency_id, a.name, m.mail_address, a.nation,
        greatest(coalesce(m.digest_told_at, m.updated_at), :earliest) AS since
    FROM agency_mail m JOIN agency a ON a.id = m.agency_id
    WHERE m.enabled AND m.digest AND a.active
        AND (m.digest_tried_at IS NULL OR m.digest_tried_at < :morning)
    ORDER BY m.agency_id LIMIT :most FOR UPDATE OF m SKIP LOCKED
    """
)
_CHANGED = text(
    """
    SELECT d.agency, count(DISTINCT e.referral_id) AS many
    FROM json_to_recordset(:due) AS d (agency uuid, since timestamptz)
    JOIN task_event e ON e.origin_agency_id = d.agency AND e.at > d.since AND e.at <= :until
    JOIN referral r ON r.id = e.referral_id
    LEFT JOIN staff_user u ON u.id = r.author_user_id
    WHERE coalesce(u.digest, true) AND e.id >= :first AND e.event = ANY(:events)
        AND e.actor_agency_id IS DISTINCT FROM e.origin_agency_id
    GROUP BY d.agency
    """
)
_TRIED = text("UPDATE agency_mail SET digest_tried_at = :at WHERE agency_id = ANY(:ids)")
_TOLD = text("UPDATE agency_mail SET digest_told_at = :at WHERE agency_id = ANY(:ids)")


def due(
    connection: Connection, *, morning: datetime, earliest: datetime, most: int
) -> list[DueRow]:
    """Lock and return agencies that were not tried since `morning`; nobody is told of more than
    what happened since `earliest`.
    """
    wanted = {"morning": morning, "earliest": earliest, "most": most}
    return [
        DueRow(MailEndpoint(*row[:3]), row.nation, row.since)
        for row in connection.execute(_DUE, wanted)
    ]


def changed(
    connection: Connection,
    due_rows: Sequence[DueRow],
    events: Sequence[str],
    *,
    until: datetime,
) -> Mapping[UUID, int]:
    """Return how many referrals changed by others' doing since each knew, up to `until`."""
    if not due_rows:
        return {}
    rows = [{"agency": str(row.to.agency_id), "since": row.since.isoformat()} for row in due_rows]
    wanted = {
        "due": orjson.dumps(rows).decode(),
        "first": first_id(min(row.since for row in due_rows)),
        "events": list(events),
        "until": until,
    }
    return {row.agency: row.many for row in connection.execute(_CHANGED, wanted)}


def counts(connection: Connection, user_id: UUID) -> bool:
    """Tell whether the mail counts what a member of the acting agency's staff sent."""
    found = connection.execute(
        text("SELECT digest FROM staff_user WHERE id = :id"), {"id": user_id}
    )
    return bool(found.scalar())


def count_for(connection: Connection, user_id: UUID, *, wanted: bool) -> bool:
    """Set whether it does; False when it was set so already."""
    done = connection.execute(
        text("UPDATE staff_user SET digest = :wanted WHERE id = :id AND digest <> :wanted"),
        {"id": user_id, "wanted": wanted},
    )
    return done.rowcount == 1


def tried(connection: Connection, ids: Collection[UUID], at: datetime) -> None:
    """Note that these had their turn today."""
    connection.execute(_TRIED, {"ids": list(ids), "at": at})


def told(connection: Connection, ids: Collection[UUID], at: datetime) -> None:
    """Note up to when these know what changed."""
    connection.execute(_TOLD, {"ids": list(ids), "at": at})
