"""A mail to the agencies whose officer must know that a record was asked for in an emergency.

The alert itself is a row of the statement that grants the access, and is on every page of the
officer's at once. Nobody looks at pages at night, so a mail follows within a second or two of the
claim: to the officer's contact in the register of the agency where that is a mail address, or else
to where the agency is told by mail. The worker makes it, Redis has no part in it. It holds the
reference, for whom it is meant and where to review, and nothing else.

The limit: an agency with neither address in the hub is told on its pages alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from adapters.contract import DeliveryOutcome
from adapters.formats.letter import Letter
from referral_hub.domain.codes import OutboxState
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post, send_each, settle_mails
from referral_hub.settings import is_mail_address
from referral_hub.store import emergency, outbox
from referral_hub.store.emergency import OfficerRow
from referral_hub.store.links import MailEndpoint
from referral_hub.store.outbox import Claimed, Settlement

_BETWEEN = re.compile(r"[\s,;()<>]+")
_SENDER = "Referral Hub"
_SUBJECT = "Emergency access was claimed"
_WHAT = (
    "For the data protection officer of {agency}: somebody has claimed emergency access to the"
    " record with the reference {reference}."
)
_DO = (
    "Somebody who did not use it has to review it. Sign in to read why, and to say what you found:"
)
_AFTER = "This message holds a reference and nothing about anybody."


@dataclass(frozen=True, slots=True, repr=False)
class _AlertMail:
    claim: Claimed
    to: MailEndpoint
    reference: str

    def __repr__(self) -> str:
        return f"<_AlertMail {self.claim.id}>"


def announce_alerts(hub: Hub) -> int:
    """Let a mail be sent for each alert that has none yet; returns how many."""
    with hub.database.one_worker_statement() as connection:
        return emergency.announce(connection, hub.clock())


def send_alerts(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Send a batch of mails and settle each row. `until` ends the lease."""
    at = hub.clock()
    with hub.database.working() as connection:
        agencies = {claim.recipient_agency_id for claim in claims}
        known = reached(emergency.officers(connection, agencies))
        waiting = emergency.to_tell(connection, [claim.id for claim in claims])
        mails = [
            _AlertMail(claim, known[claim.recipient_agency_id], waiting[claim.id])
            for claim in claims
            if claim.recipient_agency_id in known and claim.id in waiting
        ]
        wanted = {mail.claim.id for mail in mails}
        outbox.settle(connection, [_needless(c, at) for c in claims if c.id not in wanted])
    settle_mails(hub, list(send_each(hub, mails, until=until, send=_send)))


def _send(hub: Hub, mail: _AlertMail) -> DeliveryOutcome:
    letter = Letter(
        to=mail.to.mail_address,
        sender_name=_SENDER,
        sender=hub.settings.mail_from,
        subject=_SUBJECT,
        before=(_WHAT.format(agency=mail.to.name, reference=mail.reference), _DO),
        link=f"{hub.settings.public_url}/log/emergencies",
        after=(_AFTER,),
        effect_id=str(mail.claim.id),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=hub.clock(),
    )
    return post(hub, mail.to, letter)


def reached(officers: Sequence[OfficerRow]) -> dict[UUID, MailEndpoint]:
    """Return where each is written to: at the officer's own address, else at the agency's."""
    found = {}
    for one in officers:
        own = filter(is_mail_address, _BETWEEN.split(one.officer_contact))
        address = next(own, one.mail_address)
        if address:
            found[one.agency_id] = MailEndpoint(one.agency_id, one.name, address)
    return found


def _needless(claim: Claimed, at: datetime) -> Settlement:
    """It was reviewed meanwhile, or the agency is not told by mail any more."""
    state = OutboxState.CANCELLED.value
    return Settlement(claim.id, claim.fence, state, "nobody_to_write_to", at, at)
