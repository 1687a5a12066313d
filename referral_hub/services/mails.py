"""Send mails without content, one after the other, and settle what they were claimed for.

No transaction is open while the mail server is talked to. When our own mail server is away, that is
the same for all of them, so the rest of a batch waits without being tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, FormatError, Sealed
from adapters.formats.letter import Letter, write_letter
from adapters.transports.smtp import MESSAGE
from referral_hub.domain.codes import OutboxState
from referral_hub.domain.deliveries import Way
from referral_hub.services.breakers import Tried, note_attempts
from referral_hub.services.hub import Hub
from referral_hub.services.push import SETTLE_MARGIN, delivered_row
from referral_hub.services.settle import Failure, settle_later
from referral_hub.store import outbox
from referral_hub.store.deliveries import MAIL_SERVER
from referral_hub.store.links import MailEndpoint
from referral_hub.store.outbox import Claimed, Settlement

TRANSPORT = "smtp"


class Mail(Protocol):
    """A mail on its way, for the claim that it settles."""

    @property
    def claim(self) -> Claimed:
        """The outbox row."""


AMail = TypeVar("AMail", bound=Mail)


def send_each(
    hub: Hub,
    mails: Sequence[AMail],
    *,
    until: datetime,
    send: Callable[[Hub, AMail], DeliveryOutcome],
) -> Iterator[tuple[Claimed, DeliveryOutcome]]:
    """Send one after the other until shortly before the lease ends, which is `until`."""
    away: DeliveryOutcome | None = None
    for mail in mails:
        if away is None and hub.clock() > until - SETTLE_MARGIN:
            away = DeliveryOutcome(Delivery.TRY_AGAIN, "no_time_left")
        outcome = away or send(hub, mail)
        if away is None and outcome.code in {"no_connection", "no_mail_server", "timeout"}:
            away = replace(outcome, code="destination_away")
        yield mail.claim, outcome


def post(hub: Hub, to: MailEndpoint, letter: Letter) -> DeliveryOutcome:
    """Send one letter; its effect id is the message's stable name."""
    try:
        body = write_letter(letter)
    except FormatError:
        return DeliveryOutcome(Delivery.REFUSED, "address_not_mail")
    return hub.registry.transport(TRANSPORT).send(
        Endpoint(str(to.agency_id), f"mailto:{to.mail_address}"),
        Sealed(letter.effect_id, body, MESSAGE),
    )


def settle_mails(hub: Hub, sent: Sequence[tuple[Claimed, DeliveryOutcome]]) -> None:
    """Record how each went."""
    at = hub.clock()
    done: list[Settlement] = []
    later: list[Failure] = []
    for claim, outcome in sent:
        if outcome.delivery is Delivery.DELIVERED:
            done.append(delivered_row(claim, at))
        elif outcome.delivery is Delivery.REFUSED:
            state = OutboxState.REFUSED.value
            done.append(Settlement(claim.id, claim.fence, state, outcome.code, at, at))
        else:
            later.append(Failure(claim, outcome.code, outcome.retry_after))
    tried = [Tried(MAIL_SERVER, Way.EMAIL_LINK, outcome) for _, outcome in sent]
    with hub.database.working() as connection:
        outbox.settle(connection, done)
        note_attempts(connection, tried, at)
    settle_later(hub, later)
