"""By which way somebody's data was handed out or looked at, as an entry of the log says it.

A disclosure goes to an inbox or to a partner's own system; a look is taken on a page, by a system
over the API, through a one-time link of a mail, in a file, or by the hub for a message to the
person. The entry says it because the log is all that an inquiry may rest on: how an agency is
reached today says nothing of last month. Of what leaves for a system it says as well whether a seal
protected it, or the connection alone. Pure.
"""

from __future__ import annotations

from enum import StrEnum

from referral_hub.domain.codes import Role

DETAIL, PROTECTION = "channel", "protection"


class Channel(StrEnum):
    """A way by which data was handed out or looked at. `OTHER` is an installed package's."""

    PAGE = "page"
    API = "api"
    EMAIL_LINK = "email_link"
    FILE = "file"
    MESSAGE = "message"
    INBOX = "inbox"
    HTTPS_PUSH = "https_push"
    SEALED_MAIL = "sealed_mail"
    OTHER = "other"


class Protection(StrEnum):
    """What protected a document on its way to a system: a seal to its agency's key, or TLS."""

    SEALED = "sealed"
    CONNECTION = "connection"


_OF_ROLES = {Role.PARTNER_SYSTEM: Channel.API, Role.LINK_HOLDER: Channel.EMAIL_LINK}
_TRANSPORTS = {one.value: one for one in (Channel.INBOX, Channel.HTTPS_PUSH, Channel.SEALED_MAIL)}


def looked_by(role: Role) -> dict[str, str]:
    """Return the detail of an entry that says by which way somebody of this role looks."""
    return {DETAIL: _OF_ROLES.get(role, Channel.PAGE).value}


def in_a_file() -> dict[str, str]:
    """Return the detail of an entry of a look that is taken away as a file."""
    return {DETAIL: Channel.FILE.value}


def for_a_message() -> dict[str, str]:
    """Return the detail of an entry that the hub looked for a message to the person themselves."""
    return {DETAIL: Channel.MESSAGE.value}


def protected(*, sealed: bool) -> dict[str, str]:
    """Return the detail that says what protects a document that leaves for a system."""
    return {PROTECTION: (Protection.SEALED if sealed else Protection.CONNECTION).value}


def handed_over(transport: str, *, leaves: bool, sealed: bool) -> dict[str, str]:
    """Return the details of a disclosure: `leaves` says that it goes to the agency's own system,
    `sealed` that the agency has a key.
    """
    if not leaves:
        return {DETAIL: Channel.INBOX.value}
    way = _TRANSPORTS.get(transport, Channel.OTHER)
    return {DETAIL: way.value} | protected(sealed=sealed)
