"""Staff accounts and their sessions. Two doors open before the agency is known, both narrow
functions.

`staff_for_sign_in` and `session_principal` are security-definer functions: one answers for one
username, the other for one token's hash. Everything else runs under row-level security of the
user's own agency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from referral_hub.store import wire
from referral_hub.store.direct import Link


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """What sign-in may know of an account."""

    id: UUID
    agency_id: UUID
    role: str
    password_hash: str
    sealed_totp: bytes | None
    totp_counter: int
    disabled: bool

    def __repr__(self) -> str:
        return "<Account>"


@dataclass(frozen=True, slots=True, repr=False)
class SessionRow:
    """Who a session token stands for; `live` is False once it has timed out or was disabled."""

    user_id: UUID
    agency_id: UUID
    role: str
    display_name: str
    agency_name: str
    live: bool

    def __repr__(self) -> str:
        return "<SessionRow>"


def for_sign_in(connection: Connection, username: str) -> Account | None:
    """Return the account of exactly this username; None when there is none."""
    row = connection.execute(
        text("SELECT * FROM staff_for_sign_in(:username)"), {"username": username}
    ).one_or_none()
    return None if row is None else Account(*row)


_SESSION = "SELECT * FROM session_principal($1::bytea, $2::timestamptz, $3::interval, $4::interval)"


def session(
    link: Link,
    token_hash: bytes,
    *,
    at: datetime,
    idle: timedelta,
    absolute: timedelta,
) -> SessionRow | None:
    """Return who the token stands for and note that it was used; None for an unknown one."""
    asked = (token_hash, wire.instant(at), wire.interval(idle), wire.interval(absolute))
    for user, agency, role, display_name, agency_name, live in link.run(_SESSION, asked):
        return SessionRow(
            user_id=wire.read_id(user),
            agency_id=wire.read_id(agency),
            role=wire.read_text(role),
            display_name=wire.read_text(display_name),
            agency_name=wire.read_text(agency_name),
            live=live == wire.TRUE,
        )
    return None


def begin_session(
    connection: Connection, token_hash: bytes, *, user_id: UUID, agency_id: UUID, at: datetime
) -> None:
    """Store a new session of the acting agency's user."""
    connection.execute(
        text(
            "INSERT INTO staff_session (token_hash, user_id, agency_id, created_at, last_seen_at)"
            " VALUES (:token, :user, :agency, :at, :at)"
        ),
        {"token": token_hash, "user": user_id, "agency": agency_id, "at": at},
    )


def end_session(connection: Connection, token_hash: bytes) -> None:
    """Forget one session of the acting agency."""
    connection.execute(
        text("DELETE FROM staff_session WHERE token_hash = :token"), {"token": token_hash}
    )


def end_sessions_of(connection: Connection, user_id: UUID) -> None:
    """Forget every session of one of the acting agency's users."""
    connection.execute(text("DELETE FROM staff_session WHERE user_id = :user"), {"user": user_id})


def display_name(connection: Connection, user_id: UUID) -> str | None:
    """Return the name of one of the acting agency's users."""
    found: str | None = connection.execute(
        text("SELECT display_name FROM staff_user WHERE id = :user"), {"user": user_id}
    ).scalar()
    return found


def spend_code(connection: Connection, user_id: UUID, counter: int) -> bool:
    """Mark a one-time code's counter as used; False when it, or a later one, was used already."""
    found = connection.execute(
        text(
            "UPDATE staff_user SET totp_counter = :counter"
            " WHERE id = :user AND totp_counter < :counter RETURNING id"
        ),
        {"user": user_id, "counter": counter},
    )
    return found.scalar() is not None


def replace_password(connection: Connection, user_id: UUID, password_hash: str) -> None:
    """Store a new password hash for one of the acting agency's users."""
    connection.execute(
        text("UPDATE staff_user SET password_hash = :hash WHERE id = :user"),
        {"user": user_id, "hash": password_hash},
    )


def add(connection: Connection, row: Mapping[str, Any]) -> None:
    """Insert a member of staff of the acting agency."""
    connection.execute(
        text(
            "INSERT INTO staff_user (id, agency_id, username, display_name, password_hash, role,"
            " sealed_totp, key_version, created_at) VALUES (:id, :agency_id, :username,"
            " :display_name, :password_hash, :role, :sealed_totp, :key_version, :created_at)"
        ),
        dict(row),
    )
