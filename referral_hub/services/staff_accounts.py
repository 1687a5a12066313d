"""Staff accounts: made by an administrator at the command line, each with its log entry.

Officers and administrators get a one-time-code secret (RFC 6238), sealed for their account; it is
shown once.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.one_time_codes import code_address, new_code_secret, seal_code_secret
from referral_hub.domain.codes import AgencyKind, Role
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import CODE_ROLES
from referral_hub.store import change, directory, staff

SHORTEST_PASSWORD = 12
LONGEST_NAME = 100
COUNCILS_ONLY = (
    "Only a council has council officers and commissioners; choose coordinator or another role."
)
COUNCIL_ROLES = frozenset({Role.COUNCIL_OFFICER, Role.COMMISSIONER})


@dataclass(frozen=True, slots=True, repr=False)
class NewAccount:
    """A new account; the secret for the authenticator, and its address, are never shown again."""

    user_id: UUID
    code_secret: str | None
    code_address: str | None

    def __repr__(self) -> str:
        return "<NewAccount>"


@dataclass(frozen=True, slots=True)
class NewMember:
    """Who is to have an account: sign-in name, the name that pages show, and role."""

    username: str
    display_name: str
    role: Role


def add_account(hub: Hub, agency_name: str, member: NewMember, password: str) -> NewAccount:
    """Make an account. Raises InvalidInput with every mistake, and Conflict (name taken)."""
    wrong = _mistakes(member, password)
    if wrong:
        raise InvalidInput(wrong)
    with hub.database.one_statement() as connection:
        agency_id = directory.agency_named(connection, agency_name)
        if staff.for_sign_in(connection, member.username) is not None:
            raise Conflict("This username is taken; choose another one.")
        if agency_id is None:
            raise InvalidInput({"agency": ("No agency is registered under exactly this name.",)})
        kind = AgencyKind(directory.kind_of(connection, agency_id))
    if member.role in COUNCIL_ROLES and kind is not AgencyKind.COUNCIL:
        raise InvalidInput({"role": (COUNCILS_ONLY,)})
    return new_account(
        hub,
        agency_id,
        member,
        password_hash=hub.passwords.hash(password),
        at=hub.clock(),
    )


def _mistakes(member: NewMember, password: str) -> dict[str, tuple[str, ...]]:
    """What the sign-in page would never accept, or no page could show."""
    wrong: dict[str, tuple[str, ...]] = {
        field: (f"Use 1 to {LONGEST_NAME} characters that can be seen, with single spaces.",)
        for field, given in (("username", member.username), ("name", member.display_name))
        if not is_name(given)
    }
    if len(password) < SHORTEST_PASSWORD:
        wrong["password"] = (f"Use at least {SHORTEST_PASSWORD} characters.",)
    return wrong


def is_name(given: str) -> bool:
    """Tell whether pages could show this as a name: visible characters, single spaces, not long."""
    tidy = " ".join(unicodedata.normalize("NFC", given).split())
    return given == tidy and given.isprintable() and 0 < len(given) <= LONGEST_NAME


def new_account(
    hub: Hub, agency_id: UUID, member: NewMember, *, password_hash: str, at: datetime
) -> NewAccount:
    """Store an account and its log entry in one transaction."""
    user_id = new_id(at)
    secret = new_code_secret() if member.role in CODE_ROLES else None
    sealed = seal_code_secret(hub.keys, user_id=str(user_id), secret=secret) if secret else None
    row = {
        "id": user_id,
        "agency_id": agency_id,
        "username": member.username,
        "display_name": member.display_name,
        "password_hash": password_hash,
        "role": member.role.value,
        "sealed_totp": sealed,
        "key_version": hub.keys.version_of(sealed) if sealed else None,
        "created_at": at,
    }
    event = Event(
        type=EntryType.ADMIN,
        sender=agency_id,
        actor_agency=agency_id,
        actor_user=user_id,
        outcome="account_added",
        details={"role": member.role.value},
    )
    with hub.database.acting_for(agency_id) as connection:
        staff.add(connection, row)
        change.write(connection, change.Change([prepare(event, hub.keys, at)]))
    return NewAccount(user_id, secret, code_address(member.username, secret) if secret else None)
