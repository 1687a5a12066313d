"""One-time links as rows. Two doors open before the agency is known, both narrow functions.

`link_by_token` and `link_by_visit` are security-definer functions that answer for one hash each.
Everything else runs for the recipient's agency. A code is counted before it is compared, so that
guesses at once cannot be more than guesses one after another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store.change import to_json


@dataclass(frozen=True, slots=True, repr=False)
class LinkRow:
    """A link with its task's state and its agency; `code_hash` is what the code is held against.

    `live` is False when the agency no longer takes part or no longer gets such mails.
    """

    id: UUID
    task_id: UUID
    referral_id: UUID
    agency_id: UUID
    agency_name: str
    code_hash: str
    live: bool
    task_state: str
    to_act_on: bool
    wrong_codes: int
    opened_at: datetime | None
    expires_at: datetime
    visit_until: datetime | None

    def __repr__(self) -> str:
        return f"<LinkRow {self.id}>"


@dataclass(frozen=True, slots=True, repr=False)
class MailEndpoint:
    """An agency that is told by mail, and its registered address."""

    agency_id: UUID
    name: str
    mail_address: str

    def __repr__(self) -> str:
        return f"<MailEndpoint of {self.agency_id}>"


_MAIL = text(
    "SELECT m.agency_id, a.name, m.mail_address FROM agency_mail m"
    " JOIN agency a ON a.id = m.agency_id WHERE m.agency_id = ANY(:ids) AND m.enabled AND a.active"
)
_ANNOUNCE = text(
    """
    INSERT INTO outbox (id, kind, task_id, referral_id, slot, origin_agency_id, owner_agency_id,
                        recipient_agency_id, state, attempts, fence, due_at, created_at)
    SELECT r.id, r.kind, r.task_id, r.referral_id, r.slot, r.origin_agency_id, r.owner_agency_id,
           r.recipient_agency_id, r.state, r.attempts, r.fence, r.due_at, r.created_at
    FROM json_populate_recordset(NULL::outbox, :rows) r
    JOIN agency_mail m ON m.agency_id = r.recipient_agency_id AND m.enabled
    """
)
_INVITE = text(
    """
    WITH made AS (
        INSERT INTO invitation (id, task_id, referral_id, recipient_agency_id, created_at,
                                expires_at)
        SELECT i.id, i.task_id, i.referral_id, i.recipient_agency_id, i.created_at, i.expires_at
        FROM json_populate_recordset(NULL::invitation, :invitations) i
        ON CONFLICT (id) DO NOTHING
    )
    INSERT INTO invitation_token (token_hash, invitation_id)
    SELECT t.token_hash, t.invitation_id
    FROM json_populate_recordset(NULL::invitation_token, :tokens) t
    """
)
_COUNT = text(
    "UPDATE invitation SET wrong_codes = wrong_codes + 1"
    " WHERE id = :id AND wrong_codes < :most AND opened_at IS NULL RETURNING wrong_codes"
)
_OPEN = text(
    "UPDATE invitation SET wrong_codes = wrong_codes - 1, opened_at = :at, visit_hash = :visit,"
    " visit_until = :until WHERE id = :id AND opened_at IS NULL RETURNING id"
)
_LEAVE = text("UPDATE invitation SET visit_until = :at WHERE id = :id")
_NEWEST = text(
    "SELECT max(GREATEST(created_at, asked_at)), count(*) FILTER (WHERE created_at > :since)"
    " FROM invitation WHERE task_id = :task"
)
_ASK = text(
    "UPDATE invitation SET asked_at = :at WHERE id = :id"
    " AND (asked_at IS NULL OR asked_at < :rested) RETURNING id"
)


def by_token(connection: Connection, token_hash: bytes) -> LinkRow | None:
    """Return the link that a token of this hash opens; None when there is none."""
    row = connection.execute(
        text("SELECT * FROM link_by_token(:hash)"), {"hash": token_hash}
    ).one_or_none()
    return None if row is None else LinkRow(*row)


def by_visit(connection: Connection, visit_hash: bytes) -> LinkRow | None:
    """Return the link that was opened in the browser with this visit's hash."""
    row = connection.execute(
        text("SELECT * FROM link_by_visit(:hash)"), {"hash": visit_hash}
    ).one_or_none()
    return None if row is None else LinkRow(*row)


def mail_endpoints(connection: Connection, ids: Collection[UUID]) -> dict[UUID, MailEndpoint]:
    """Return which of these agencies are told by mail (`hub_worker`)."""
    rows = connection.execute(_MAIL, {"ids": list(ids)})
    return {row.agency_id: MailEndpoint(*row) for row in rows}


_REGISTER = text(
    "INSERT INTO agency_mail (agency_id, mail_address, code_hash, enabled, updated_at)"
    " VALUES (:agency, :address, :code, true, :at) ON CONFLICT (agency_id) DO UPDATE"
    " SET mail_address = excluded.mail_address, code_hash = excluded.code_hash, enabled = true,"
    " updated_at = excluded.updated_at"
)


def register(
    connection: Connection, agency_id: UUID, *, address: str, code_hash: str, at: datetime
) -> None:
    """Store the acting agency's mail address and its code, replacing both."""
    values = {"agency": agency_id, "address": address, "code": code_hash, "at": at}
    connection.execute(_REGISTER, values)


def own_address(connection: Connection) -> str | None:
    """Return where the acting agency's mails go; None where it gets none."""
    found: str | None = connection.execute(
        text("SELECT mail_address FROM agency_mail WHERE agency_id = acting_agency() AND enabled")
    ).scalar()
    return found


def digest_of(connection: Connection) -> bool:
    """Return whether the acting agency gets the daily mail about what it sent."""
    found = connection.execute(
        text("SELECT digest AND enabled FROM agency_mail WHERE agency_id = acting_agency()")
    )
    return bool(found.scalar())


def choose_digest(connection: Connection, *, wanted: bool) -> bool:
    """Send the acting agency the daily mail or not; False where nothing changes."""
    done = connection.execute(
        text(
            "UPDATE agency_mail SET digest = :wanted"
            " WHERE agency_id = acting_agency() AND enabled AND digest <> :wanted"
        ),
        {"wanted": wanted},
    )
    return done.rowcount == 1


def switch_off(connection: Connection, at: datetime) -> bool:
    """Send the acting agency no more mails; False when it gets none."""
    done = connection.execute(
        text(
            "UPDATE agency_mail SET enabled = false, updated_at = :at"
            " WHERE agency_id = acting_agency() AND enabled"
        ),
        {"at": at},
    )
    return done.rowcount == 1


def announce(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store those outbox rows whose recipient is told by mail (`hub_worker`)."""
    if rows:
        connection.execute(_ANNOUNCE, {"rows": to_json(rows)})


def invite(
    connection: Connection,
    invitations: Sequence[Mapping[str, Any]],
    tokens: Sequence[Mapping[str, Any]],
) -> None:
    """Store invitations, once each, and a further token for each (`hub_worker`)."""
    if invitations:
        connection.execute(
            _INVITE, {"invitations": to_json(invitations), "tokens": to_json(tokens)}
        )


def count_code(connection: Connection, invitation_id: UUID, *, most: int) -> int | None:
    """Count a code that is about to be compared; None when no more may be."""
    found: int | None = connection.execute(_COUNT, {"id": invitation_id, "most": most}).scalar()
    return found


def open_once(
    connection: Connection,
    invitation_id: UUID,
    visit_hash: bytes,
    *,
    at: datetime,
    until: datetime,
) -> bool:
    """Spend the link and begin its visit; False when another browser was first."""
    values = {"id": invitation_id, "visit": visit_hash, "at": at, "until": until}
    return connection.execute(_OPEN, values).scalar() is not None


def leave(connection: Connection, invitation_id: UUID, at: datetime) -> None:
    """End the visit."""
    connection.execute(_LEAVE, {"id": invitation_id, "at": at})


def made_for(connection: Connection, task_id: UUID, since: datetime) -> tuple[datetime | None, int]:
    """Return when a task's newest link was made or asked for, and how many since `since`."""
    newest, count = connection.execute(_NEWEST, {"task": task_id, "since": since}).one()
    return newest, count


def note_asked(
    connection: Connection, invitation_id: UUID, *, at: datetime, rested: datetime
) -> bool:
    """Note that a new link was asked for; False when it was already since `rested`."""
    values = {"id": invitation_id, "at": at, "rested": rested}
    return connection.execute(_ASK, values).scalar() is not None
