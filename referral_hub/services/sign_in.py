"""Sign in, stay signed in, sign out: sessions live on the server and can be ended there.

Unknown user, wrong password, wrong code and disabled account are one answer in the same time. A
one-time code (TOTP, RFC 6238) is needed by officers and administrators and works once. A session
ends after 30 minutes without a request and after twelve hours whatever happens (settings); each
sign-in makes a new token.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.one_time_codes import counter_of
from referral_hub.crypto.tokens import new_token, token_digest
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change, staff
from referral_hub.store.engine import Connection

CODE_ROLES = frozenset({Role.DATA_PROTECTION_OFFICER, Role.AGENCY_ADMIN})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is signed in, and the names that a page shows."""

    actor: Actor
    display_name: str
    agency_name: str


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A new session. `token` goes into the browser's cookie and nowhere else."""

    token: str
    principal: Principal

    def __repr__(self) -> str:
        return "<SignedIn>"


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password is right and a one-time code is still needed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Not signed in; deliberately without a reason."""


def sign_in(
    hub: Hub, username: str, password: str, code: str | None
) -> SignedIn | CodeNeeded | Refused:
    """Return a new session, the need for a code, or a refusal without a reason."""
    with hub.database.one_statement() as connection:
        account = staff.for_sign_in(connection, username)
    stored = account.password_hash if account else None
    right = hub.passwords.verify(stored, password)
    if account is None or account.disabled or not right:
        return Refused()
    at = hub.clock()
    with hub.database.acting_for(account.agency_id) as connection:
        if Role(account.role) in CODE_ROLES or account.sealed_totp is not None:
            if not code:
                return CodeNeeded()
            if not _code_is_good(hub, connection, account, code=code, at=at):
                return Refused()
        if hub.passwords.needs_rehash(account.password_hash):
            staff.replace_password(connection, account.id, hub.passwords.hash(password))
        token = new_token()
        staff.begin_session(
            connection,
            token_digest(token),
            user_id=account.id,
            agency_id=account.agency_id,
            at=at,
        )
        change.write(connection, change.Change([_log(hub, account, at)]))
    principal = resume(hub, token)
    return SignedIn(token, principal) if principal else Refused()


def resume(hub: Hub, token: str) -> Principal | None:
    """Return who `token` stands for, or None once it is over."""
    row = _session(hub, token)
    if row is None or not row.live:
        return None
    actor = Actor(row.user_id, row.agency_id, Role(row.role))
    return Principal(actor, row.display_name, row.agency_name)


def timed_out(hub: Hub, token: str) -> Actor | None:
    """Return whose session `token` was, if known and over: only to keep what they typed."""
    row = _session(hub, token)
    if row is None or row.live:
        return None
    return Actor(row.user_id, row.agency_id, Role(row.role))


def sign_out(hub: Hub, token: str) -> None:
    """End this session on the server; unknown tokens are ignored."""
    row = _session(hub, token)
    if row is not None:
        with hub.database.acting_for(row.agency_id) as connection:
            staff.end_session(connection, token_digest(token))


def sign_out_everywhere(hub: Hub, actor: Actor) -> None:
    """End every session of this member of staff."""
    with hub.database.acting_for(actor.agency_id) as connection:
        staff.end_sessions_of(connection, actor.user_id)


def _session(hub: Hub, token: str) -> staff.SessionRow | None:
    with hub.database.direct() as link:
        return staff.session(
            link,
            token_digest(token),
            at=hub.clock(),
            idle=hub.settings.idle_limit,
            absolute=hub.settings.sign_in_limit,
        )


def _code_is_good(
    hub: Hub, connection: Connection, account: staff.Account, *, code: str, at: datetime
) -> bool:
    if account.sealed_totp is None:
        return False
    counter = counter_of(
        hub.keys, user_id=str(account.id), sealed=account.sealed_totp, code=code, at=at
    )
    return counter is not None and staff.spend_code(connection, account.id, counter)


def _log(hub: Hub, account: staff.Account, at: datetime) -> change.LogRow:
    event = Event(
        type=EntryType.ACCESS,
        sender=account.agency_id,
        actor_agency=account.agency_id,
        actor_user=account.id,
        outcome="signed_in",
        details={"role": account.role},
    )
    return prepare(event, hub.keys, at)
