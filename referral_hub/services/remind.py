"""Mails to the sender or the accountable council: something about a referral waits for them; and to
whoever had a referral that has gone on to somebody else.

The mail holds nothing, no reference either, and has no one-time link: who sends and who is
accountable signs in. A recipient is reminded by an invitation, as it was told the first time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from adapters.contract import DeliveryOutcome
from adapters.formats.letter import Letter
from referral_hub.domain.codes import OutboxState
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post, send_each, settle_mails
from referral_hub.store import links, outbox, referrals
from referral_hub.store.links import MailEndpoint
from referral_hub.store.outbox import Claimed, Settlement

SENDER_NAME = "Referral Hub"
_WHAT = "Something waits in the hub for you"
_GONE_ON = "A referral that was with you has gone to somebody else"
_NOTHING_MORE = "You need do nothing more. Destroy any copy that you made. The hub is here:"
_BEFORE = "This message holds nothing about anybody. Sign in to see what waits:"
_AFTER = "The hub is not an emergency service. In an emergency call 999."


@dataclass(frozen=True, slots=True, repr=False)
class _Reminder:
    claim: Claimed
    to: MailEndpoint
    gone_on: bool

    def __repr__(self) -> str:
        return f"<_Reminder {self.claim.id}>"


def send_reminders(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Send a batch of mails and settle each row. `until` ends the lease."""
    at = hub.clock()
    with hub.database.working() as connection:
        known = links.mail_endpoints(connection, {c.recipient_agency_id for c in claims})
        ids = [claim.task_id for claim in claims if claim.task_id]
        theirs = {
            (task.id, task.recipient_agency_id)
            for task in referrals.tasks_by_id(connection, ids)
            if task.released_at is not None
        }
        mails = [
            _Reminder(c, known[c.recipient_agency_id], (c.task_id, c.recipient_agency_id) in theirs)
            for c in claims
            if c.recipient_agency_id in known
        ]
        wanted = {mail.claim.id for mail in mails}
        outbox.settle(connection, [_needless(c, at) for c in claims if c.id not in wanted])
    settle_mails(hub, list(send_each(hub, mails, until=until, send=_send)))


def _send(hub: Hub, mail: _Reminder) -> DeliveryOutcome:
    what, more = (_GONE_ON, _NOTHING_MORE) if mail.gone_on else (_WHAT, _BEFORE)
    letter = Letter(
        to=mail.to.mail_address,
        sender_name=SENDER_NAME,
        sender=hub.settings.mail_from,
        subject=what,
        before=(f"{what}, {mail.to.name}.", more),
        link=f"{hub.settings.public_url}/",
        after=(_AFTER,),
        effect_id=str(mail.claim.id),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=hub.clock(),
    )
    return post(hub, mail.to, letter)


def _needless(claim: Claimed, at: datetime) -> Settlement:
    """It is not told by mail any more."""
    state = OutboxState.CANCELLED.value
    return Settlement(claim.id, claim.fence, state, "nobody_to_write_to", at, at)
