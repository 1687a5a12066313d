"""How an agency is reached: what is registered for it, and what its administrator chooses.

The inbox is the floor and is always there; a mail without content may say that something waits in
it. An agency with a system of its own says on which transport, in which format, to which address
and under which key documents leave for it. The address is looked at now and kept with where it
leads; nothing is ever sent elsewhere. Every choice stands in the log, since it decides where sealed
content goes. Leaving the seal off is a choice of its own, allowed by few formats and noted with its
moment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.contract import AddressRefused, FormatAbout, TransportAbout
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.jwks import encryption_key
from referral_hub.crypto.pasted_keys import public_encryption_jwk
from referral_hub.domain.codes import MessagesBack, Transport
from referral_hub.domain.commands import Actor
from referral_hub.domain.working_days import Nation
from referral_hub.errors import CryptoError, InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.message_back import WRITABLE
from referral_hub.services.register_mail import register_mail
from referral_hub.store import change, links, reach
from referral_hub.store.reach import ReachRow

OPTION = "option_"
_INBOX = ReachRow(
    Transport.INBOX.value, None, "hub_json", {}, (), None, None, True, MessagesBack.NONE
)
_NO_SEAL = "Paste the key that documents are sealed to"
_NEVER_PLAIN = "On this way and in this format everything is sealed"
_BOTH = "Leave the key out, or send it sealed"


@dataclass(frozen=True, slots=True, repr=False)
class Reach:
    """What is registered for the agency, and where its mails without content go, if any.

    `nation` says whose bank holidays count; whoever runs the hub sets it.
    """

    own: ReachRow
    mail_address: str | None
    digest: bool = False
    nation: Nation = Nation.ENGLAND_AND_WALES

    def __repr__(self) -> str:
        return f"<Reach by {self.own.transport}>"

    @property
    def key(self) -> str | None:
        """The id of the key that documents are sealed to."""
        jwk = self.own.encryption_jwk
        return str(jwk.get("kid") or encryption_key(jwk).kid) if jwk else None


@dataclass(frozen=True, slots=True, repr=False)
class Choice:
    """What an administrator filled in. A blank `key` keeps the one that is registered."""

    transport: str
    format: str
    address: str
    key: str = ""
    plain: bool = False
    back: MessagesBack = MessagesBack.NONE
    addressing: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Choice of {self.transport}>"


def read_reach(hub: Hub, actor: Actor) -> Reach:
    """Return how the actor's agency is reached."""
    access.require(actor, Permission.CHOOSE_REACH)
    with hub.database.acting_for(actor.agency_id) as connection:
        own = reach.own(connection) or _INBOX
        nation = Nation(reach.nation(connection))
        return Reach(own, links.own_address(connection), links.digest_of(connection), nation)


def choices(hub: Hub) -> tuple[Mapping[str, FormatAbout], Mapping[str, TransportAbout]]:
    """Return every format, and every transport that takes addresses, by name."""
    return hub.registry.choices()


def takes_messages_back(format_name: str) -> bool:
    """Tell whether a message back can be written for a system that takes this format."""
    return format_name in WRITABLE


def choose_system(hub: Hub, actor: Actor, choice: Choice) -> None:
    """Let documents leave for the agency's own system from now on.

    Raises InvalidInput, naming `address`, `key`, `plain` or an option; NotFound for a transport or
    format that is not installed.
    """
    access.require(actor, Permission.CHOOSE_REACH)
    formats, transports = choices(hub)
    if choice.format not in formats or choice.transport not in transports:
        raise NotFound
    before = read_reach(hub, actor).own
    wrong: dict[str, tuple[str, ...]] = {}
    pinned = _pinned(hub, choice, wrong)
    about = (formats[choice.format], transports[choice.transport])
    jwk = _seal(choice, before, about, wrong)
    addressing = _options(choice, about[0], wrong)
    if wrong:
        raise InvalidInput(wrong)
    at = hub.clock()
    row: dict[str, Any] = {
        "transport": choice.transport,
        "url": choice.address,
        "format": choice.format,
        "addressing": addressing,
        "pinned": list(pinned),
        "encryption_jwk": jwk,
        "plain_since": at if choice.plain else None,
        "messages_back": choice.back.value if takes_messages_back(choice.format) else "none",
        "updated_at": at,
    }
    told = {"transport": choice.transport, "format": choice.format}
    told |= {"thumbprint": encryption_key(jwk).thumbprint} if jwk else {"sealed": "no"}
    _choose(hub, actor, row, outcome="reach_chosen", told=told)


def choose_inbox(hub: Hub, actor: Actor) -> None:
    """Let everything go to the hub's inbox from now on; the registered key is kept."""
    before = read_reach(hub, actor).own
    row: dict[str, Any] = {
        "transport": Transport.INBOX.value,
        "url": None,
        "format": before.format,
        "addressing": dict(before.addressing),
        "pinned": [],
        "encryption_jwk": before.encryption_jwk,
        "plain_since": None,
        "messages_back": MessagesBack.NONE.value,
        "updated_at": hub.clock(),
    }
    told = {"transport": Transport.INBOX.value}
    _choose(hub, actor, row, outcome="reach_chosen", told=told)


def tell_by_mail(hub: Hub, actor: Actor, address: str) -> str:
    """Let mails without content go to `address`; returns the new code. Raises InvalidInput."""
    access.require(actor, Permission.CHOOSE_REACH)
    return register_mail(hub, actor.agency_id, address, by=actor)


def stop_mails(hub: Hub, actor: Actor) -> None:
    """Send no more mails; links that were sent open nothing any more."""
    access.require(actor, Permission.CHOOSE_REACH)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        if links.switch_off(connection, at):
            entry = prepare(_event(actor, "mail_stopped", {}), hub.keys, at)
            change.write(connection, change.Change([entry]))


def choose_digest(hub: Hub, actor: Actor, *, wanted: bool) -> None:
    """Send the daily mail that says how many of the agency's referrals changed, or do not."""
    access.require(actor, Permission.CHOOSE_REACH)
    at, told = hub.clock(), "digest_chosen" if wanted else "digest_stopped"
    with hub.database.acting_for(actor.agency_id) as connection:
        if links.choose_digest(connection, wanted=wanted):
            change.write(
                connection, change.Change([prepare(_event(actor, told, {}), hub.keys, at)])
            )


def _pinned(hub: Hub, choice: Choice, wrong: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Look at the address, with no transaction open."""
    here = hub.settings.callbacks_here
    try:
        return hub.registry.transport(choice.transport).check(choice.address, here=here)
    except AddressRefused as refused:
        wrong["address"] = (str(refused),)
        return ()


def _seal(
    choice: Choice,
    before: ReachRow,
    about: tuple[FormatAbout, TransportAbout],
    wrong: dict[str, tuple[str, ...]],
) -> Mapping[str, Any] | None:
    if choice.plain:
        if choice.key:
            wrong["key"] = (_BOTH,)
        elif not all(one.plain for one in about):
            wrong["plain"] = (_NEVER_PLAIN,)
        return None
    if not choice.key and before.encryption_jwk is None:
        wrong["key"] = (_NO_SEAL,)
        return None
    try:
        return public_encryption_jwk(choice.key) if choice.key else before.encryption_jwk
    except CryptoError as refused:
        wrong["key"] = (str(refused),)
        return None


def _options(
    choice: Choice, about: FormatAbout, wrong: dict[str, tuple[str, ...]]
) -> dict[str, str]:
    given = {}
    for option in about.options:
        value = choice.addressing.get(option.name, "")
        if value and not re.fullmatch(option.pattern, value):
            wrong[OPTION + option.name] = (f"{option.label} is not written as it must be",)
        elif option.required and not value:
            wrong[OPTION + option.name] = (f"Enter {option.label.lower()}",)
        elif value:
            given[option.name] = value
    return given


def _choose(
    hub: Hub, actor: Actor, row: Mapping[str, Any], *, outcome: str, told: Mapping[str, str]
) -> None:
    entry = prepare(_event(actor, outcome, told), hub.keys, row["updated_at"])
    with hub.database.acting_for(actor.agency_id) as connection:
        reach.choose(connection, row)
        change.write(connection, change.Change([entry]))
    hub.doorbell.ring()


def _event(actor: Actor, outcome: str, told: Mapping[str, str]) -> Event:
    return Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        outcome=outcome,
        details=dict(told),
    )
