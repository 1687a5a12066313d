"""A sealed document as the attachment of a mail: for offices whose secure mail files what arrives.

The mail itself says that something is attached and nothing about whom; what is attached is sealed
to a key of the recipient, so mail servers, relays and mailboxes learn nothing. The message goes to
our own mail server as every other mail does (`smtp`), under a Message-ID made of the effect id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from adapters.contract import (
    AddressRefused,
    Delivery,
    DeliveryOutcome,
    Endpoint,
    Sealed,
    TransportAbout,
)
from adapters.transports.smtp import MESSAGE, MailServer, Smtp

SEALED = "application/jose"
SUBJECT = "Sealed document"
_ADDRESS = re.compile(
    r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+", re.ASCII
)
_WORDS = """A sealed document is attached.

This mail holds nothing about anybody. What is attached opens only with your organisation's own key.
If your mail system does not open it by itself, give it to whoever looks after that key.

The hub is not an emergency service. In an emergency call 999.
"""


class SealedMail:
    """One message for each document; safe to share between threads."""

    about = TransportAbout(
        title="Sealed, as an attachment by e-mail",
        address_label="Mail address that takes sealed documents",
        address_hint="What is attached opens only with the key below",
    )

    def __init__(self, server: MailServer | None, *, now: Callable[[], datetime]) -> None:
        """Without a `server` every attempt ends as "no_mail_server", to be tried again."""
        self._smtp = Smtp(server)
        self._sender = server.sender if server else "no-reply@referral-hub.invalid"
        self._now = now

    def close(self) -> None:
        """Give up nothing: no connection is kept."""
        self._smtp.close()

    def check(self, address: str, *, here: bool = False) -> tuple[str, ...]:  # noqa: ARG002 - the contract's
        """Refuse what is no mail address; there is nothing to pin it to."""
        if not _ADDRESS.fullmatch(address) or len(address) > 254:
            raise AddressRefused("Enter one mail address, like referrals@council.example.")
        return ()

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """Hand one message over. Anything that is not sealed is refused here as well."""
        if sealed.content_type != SEALED:
            return DeliveryOutcome(Delivery.REFUSED, "not_sealed")
        try:
            body = self._message(endpoint.url, sealed)
        except (ValueError, IndexError):
            return DeliveryOutcome(Delivery.REFUSED, "address_not_mail")
        letter = Sealed(sealed.effect_id, body, MESSAGE)
        return self._smtp.send(Endpoint(endpoint.agency_id, f"mailto:{endpoint.url}"), letter)

    def _message(self, to: str, sealed: Sealed) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"] = Address("Referral Hub", addr_spec=self._sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = SUBJECT
        message["Date"] = format_datetime(self._now())
        message["Message-ID"] = f"<{sealed.effect_id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = "en-GB"
        message.set_content(_WORDS)
        message.add_attachment(
            sealed.body,
            maintype="application",
            subtype="jose",
            filename=f"{sealed.effect_id}.jose",
        )
        return message.as_bytes()
