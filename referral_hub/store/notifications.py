"""Notifications as rows: read for the pages, answered once, superseded by what came later.

Rows are inserted by `store.change`, with the log entry of what they tell. Every change of a state
names the states it may come from, so that of two hands at once one changes it and the other learns
that it has been done.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Connection, Text, bindparam, text
from sqlalchemy import UUID as SqlUuid

from referral_hub.domain.codes import NotificationKind
from referral_hub.domain.notifications import UNACKNOWLEDGED
from referral_hub.errors import NotFound


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """Who was told what about which referral, and what they said to it. No content, ever.

    `task_id` is None for what the sender itself is told. `told_at` is None until it has left.
    `reference` is empty for a recipient whose delivery was overtaken and never became its task.
    """

    id: UUID
    kind: str
    cause_id: UUID
    task_id: UUID | None
    referral_id: UUID
    reference: str
    origin_agency_id: UUID
    owner_agency_id: UUID
    recipient_agency_id: UUID
    recipient_name: str
    state: str
    created_at: datetime
    told_at: datetime | None
    due_at: datetime | None
    chased_at: datetime | None
    answered_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether an acknowledgement is still waited for."""
        return self.state in UNACKNOWLEDGED


_SELECT = """
    SELECT n.id, n.kind, n.cause_id, n.task_id, n.referral_id, COALESCE(r.reference, ''),
           n.origin_agency_id,
           n.owner_agency_id, n.recipient_agency_id, a.name, n.state, n.created_at, n.told_at,
           n.due_at, n.chased_at, n.answered_at
    FROM notification n
    LEFT JOIN referral r ON r.id = n.referral_id
    JOIN agency a ON a.id = n.recipient_agency_id
"""
_OPEN = [state.value for state in UNACKNOWLEDGED]
_ANSWER = text(
    "UPDATE notification SET state = :state, answered_at = :at, answered_by = :who, due_at = NULL"
    " WHERE id = :id AND state = ANY(:open)"
)
_SUPERSEDE = text(
    """
    UPDATE notification SET state = 'superseded', due_at = NULL
    WHERE referral_id = :referral AND state = ANY(:open) AND kind = ANY(:kinds)
      AND (:everybody OR recipient_agency_id = ANY(:recipients))
    """
).bindparams(bindparam("kinds", type_=ARRAY(Text)), bindparam("recipients", type_=ARRAY(SqlUuid)))


def one(connection: Connection, notification_id: UUID) -> NotificationRow:
    """Return a notification that the acting agency may see. Raises NotFound."""
    row = connection.execute(
        text(f"{_SELECT} WHERE n.id = :id"), {"id": notification_id}
    ).one_or_none()
    if row is None:
        raise NotFound
    return NotificationRow(*row)


def by_id(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, NotificationRow]:
    """Return these notifications, as far as there are such."""
    rows = connection.execute(text(f"{_SELECT} WHERE n.id = ANY(:ids)"), {"ids": list(ids)})
    return {row.id: NotificationRow(*row) for row in rows}


def of_referral(connection: Connection, referral_id: UUID) -> list[NotificationRow]:
    """Return every notification of a referral, oldest first."""
    rows = connection.execute(
        text(f"{_SELECT} WHERE n.referral_id = :id ORDER BY n.id"), {"id": referral_id}
    )
    return [NotificationRow(*row) for row in rows]


def to_act_on(connection: Connection, task_ids: Sequence[UUID]) -> list[NotificationRow]:
    """Return what recipients were told about these tasks and must still act on, oldest first."""
    rows = connection.execute(
        text(
            f"{_SELECT} WHERE n.task_id = ANY(:ids) AND n.told_at IS NOT NULL"
            " AND n.state = ANY(:open) ORDER BY n.id"
        ),
        {"ids": list(task_ids), "open": _OPEN},
    )
    return [NotificationRow(*row) for row in rows]


def answer(
    connection: Connection, notification_id: UUID, *, state: str, who: UUID | None, at: datetime
) -> bool:
    """Close an open notification; False when it is not open any more."""
    done = connection.execute(
        _ANSWER, {"id": notification_id, "state": state, "who": who, "at": at, "open": _OPEN}
    )
    return done.rowcount == 1


def supersede(
    connection: Connection,
    referral_id: UUID,
    *,
    kinds: Collection[NotificationKind],
    recipients: Collection[UUID] | None,
) -> None:
    """Let open notifications of `kinds` rest, because something newer is told.

    With `recipients` only theirs.
    """
    if kinds:
        connection.execute(
            _SUPERSEDE,
            {
                "referral": referral_id,
                "open": _OPEN,
                "kinds": [kind.value for kind in kinds],
                "everybody": recipients is None,
                "recipients": list(recipients or ()),
            },
        )


def mark_told(
    connection: Connection, notification_id: UUID, *, at: datetime, due_at: datetime
) -> None:
    """Note the first telling, and until when an answer is due."""
    connection.execute(
        text(
            "UPDATE notification SET told_at = :at, due_at = :due"
            " WHERE id = :id AND told_at IS NULL AND state = 'waiting'"
        ),
        {"id": notification_id, "at": at, "due": due_at},
    )


def never_reached(connection: Connection, ids: Sequence[UUID]) -> None:
    """Close notifications about deliveries that never arrived: there is nothing to act on."""
    connection.execute(
        text(
            "UPDATE notification SET state = 'superseded', due_at = NULL"
            " WHERE id = ANY(:ids) AND state = ANY(:open)"
        ).bindparams(bindparam("ids", type_=ARRAY(SqlUuid))),
        {"ids": list(ids), "open": _OPEN},
    )


def has_been_stopped(connection: Connection, task_id: UUID, kinds: Collection[str]) -> bool:
    """Tell whether the recipient of a task is being told that sharing with it stopped."""
    found = connection.execute(
        text("SELECT count(*) FROM notification WHERE task_id = :id AND kind = ANY(:kinds)"),
        {"id": task_id, "kinds": list(kinds)},
    )
    return bool(found.scalar_one())
