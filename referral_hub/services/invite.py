"""Send the mails that say that something waits: no content, a one-time link, nothing about anybody.

Every attempt carries a token of its own, made here and kept as a hash, under one Message-ID; all
tokens of an invitation are spent together. So nothing secret is stored for a second attempt, and a
mail that arrives twice still has a link that works. No transaction is open while the mail server
is talked to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from adapters.contract import DeliveryOutcome
from adapters.formats.letter import Letter
from referral_hub.crypto.tokens import SessionToken, new_token, token_digest
from referral_hub.domain.codes import OutboxState
from referral_hub.domain.links import LINK_LIVES, concerns_its_holder
from referral_hub.domain.transitions import TaskState
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post, send_each, settle_mails
from referral_hub.store import links, notifications, outbox, referrals
from referral_hub.store.links import MailEndpoint
from referral_hub.store.outbox import Claimed, Settlement

TRANSPORT = "smtp"
SENDER_NAME = "Referral Hub"
_LONDON = ZoneInfo("Europe/London")
_BEFORE = (
    "This message holds nothing about the person. To read it and to answer, open this link and"
    " type your group’s code:"
)
_UNTIL = (
    "The link works once, until {day}. If it does not work any more, the page behind it sends you"
    " a new one."
)
_CODE = (
    "Nobody from the hub asks for your code by e-mail or telephone. If you do not know the code,"
    " ask whoever looks after referrals in your group."
)
_EMERGENCY = "The hub is not an emergency service. In an emergency call 999."


@dataclass(frozen=True, slots=True, repr=False)
class _Mail:
    """One mail to send: the claim it settles, whom to, and the token in its link."""

    claim: Claimed
    to: MailEndpoint
    token: SessionToken
    first: bool

    def __repr__(self) -> str:
        return f"<_Mail {self.claim.id}>"


def send_invitations(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Send a batch of mails and settle each row. `until` ends the lease."""
    at = hub.clock()
    with hub.database.working() as connection:
        endpoints = links.mail_endpoints(connection, {c.recipient_agency_id for c in claims})
        ids = [claim.task_id for claim in claims if claim.task_id]
        states = {row.id: TaskState(row.state) for row in referrals.tasks_by_id(connection, ids)}
        waiting = {row.task_id for row in notifications.to_act_on(connection, ids)}
        mails = [
            _Mail(
                claim=claim,
                to=endpoints[claim.recipient_agency_id],
                token=new_token(),
                first=states[claim.task_id] is TaskState.OFFERED,
            )
            for claim in claims
            if claim.task_id in states
            and claim.recipient_agency_id in endpoints
            and concerns_its_holder(states[claim.task_id], to_act_on=claim.task_id in waiting)
        ]
        links.invite(connection, [_invitation(m, at) for m in mails], [_token(m) for m in mails])
        wanted = {mail.claim.id for mail in mails}
        outbox.settle(connection, [_needless(c, at) for c in claims if c.id not in wanted])
    settle_mails(hub, list(send_each(hub, mails, until=until, send=_send)))


def _send(hub: Hub, mail: _Mail) -> DeliveryOutcome:
    return post(hub, mail.to, _letter(hub, mail))


def _letter(hub: Hub, mail: _Mail) -> Letter:
    at = hub.clock()
    until = (at + LINK_LIVES).astimezone(_LONDON)
    what = "A referral is waiting" if mail.first else "There is news about a referral"
    return Letter(
        to=mail.to.mail_address,
        sender_name=SENDER_NAME,
        sender=hub.settings.mail_from,
        subject=f"{what} for you",
        before=(f"{what} for {mail.to.name}.", _BEFORE),
        link=f"{hub.settings.public_url}/link/{mail.token}",
        after=(_UNTIL.format(day=f"{until.day} {until:%B %Y}"), _CODE, _EMERGENCY),
        effect_id=str(mail.claim.id),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=at,
    )


def _needless(claim: Claimed, at: datetime) -> Settlement:
    """Nobody there is told by mail, or there is nothing left to be told of."""
    state = OutboxState.CANCELLED.value
    return Settlement(claim.id, claim.fence, state, "nobody_to_write_to", at, at)


def _invitation(mail: _Mail, at: datetime) -> dict[str, object]:
    return {
        "id": mail.claim.id,
        "task_id": mail.claim.task_id,
        "referral_id": mail.claim.referral_id,
        "recipient_agency_id": mail.claim.recipient_agency_id,
        "created_at": at,
        "expires_at": at + LINK_LIVES,
    }


def _token(mail: _Mail) -> dict[str, object]:
    return {"token_hash": token_digest(mail.token), "invitation_id": mail.claim.id}
