"""Names to formats and transports, and the one place where third parties plug in.

An installed package offers factories under the entry-point groups below; a factory takes no
arguments. A name that is taken is refused rather than replaced: otherwise installing a package
could quietly redirect every referral of an existing partner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from adapters.contract import (
    AdapterError,
    Format,
    FormatAbout,
    Transport,
    TransportAbout,
    UnknownAdapter,
)
from adapters.formats.charitylog import CharitylogReferral
from adapters.formats.fhir.outgoing import FhirMessage
from adapters.formats.hub_json import HubJson
from adapters.formats.komunitin import KomunitinNeed
from adapters.formats.opportunity import VolunteeringOpportunity
from adapters.formats.sheet import ReferralSheet
from adapters.formats.timeoverflow import TimeOverflowMember
from adapters.transports.callback_post import CallbackPost
from adapters.transports.https_push import HttpsPush
from adapters.transports.sealed_mail import SealedMail
from adapters.transports.smtp import MailServer, Smtp

FORMATS = "referral_hub.formats"
TRANSPORTS = "referral_hub.transports"
_Adapter = TypeVar("_Adapter")


class Registry:
    """The formats and transports of one process. Close it when the process ends."""

    def __init__(
        self, *, formats: Mapping[str, Format], transports: Mapping[str, Transport]
    ) -> None:
        self._formats = dict(formats)
        self._transports = dict(transports)

    def format(self, name: str) -> Format:
        """The format of that name. Raises UnknownAdapter."""
        try:
            return self._formats[name]
        except KeyError:
            raise UnknownAdapter(f"format {name}: not installed") from None

    def transport(self, name: str) -> Transport:
        """The transport of that name. Raises UnknownAdapter."""
        try:
            return self._transports[name]
        except KeyError:
            raise UnknownAdapter(f"transport {name}: not installed") from None

    def choices(self) -> tuple[dict[str, FormatAbout], dict[str, TransportAbout]]:
        """What an agency may choose from: every format, and the transports that take addresses."""
        formats = {name: one.about for name, one in sorted(self._formats.items())}
        transports = {
            name: one.about
            for name, one in sorted(self._transports.items())
            if one.about is not None
        }
        return formats, transports

    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the formats and of the transports."""
        return tuple(sorted(self._formats)), tuple(sorted(self._transports))

    def close(self) -> None:
        """Close every transport."""
        for transport in self._transports.values():
            transport.close()


def load_registry(
    *,
    now: Callable[[], datetime],
    mail_server: MailServer | None = None,
    callbacks_here: bool = False,
    push_here: bool = False,
) -> Registry:
    """The hub's own adapters and every installed one. `now` reads the clock.

    `callbacks_here` and `push_here` let callbacks and documents go to this machine, for
    development.
    """
    formats: dict[str, Format] = {
        "hub_json": HubJson(),
        "charitylog_referral": CharitylogReferral(),
        "fhir_message": FhirMessage(),
        "komunitin_need": KomunitinNeed(),
        "referral_sheet": ReferralSheet(),
        "timeoverflow_member": TimeOverflowMember(),
        "volunteering_opportunity": VolunteeringOpportunity(),
    }
    transports: dict[str, Transport] = {
        "https_push": HttpsPush(now=now, here=push_here),
        "callback": CallbackPost(now=now, here=callbacks_here),
        "smtp": Smtp(mail_server),
        "sealed_mail": SealedMail(mail_server, now=now),
    }
    return Registry(
        formats=with_installed(formats, entry_points(group=FORMATS)),
        transports=with_installed(transports, entry_points(group=TRANSPORTS)),
    )


def with_installed(
    own: Mapping[str, _Adapter], installed: Iterable[EntryPoint]
) -> dict[str, _Adapter]:
    """`own` and what `installed` offers. Raises AdapterError for a name that is taken."""
    found = dict(own)
    for point in installed:
        if point.name in found:
            raise AdapterError(f"adapter {point.name}: the name is taken; rename or remove one")
        found[point.name] = point.load()()
    return found
