"""What the clock brings to providers: a reminder to check their records, and figures once a week.

A reminder is a mail without content where the agency is told by mail, and a line on its page of
services for everybody. It says how many records are due and names none. One is sent a month, and
it is noted before it is sent: a mail server that is away costs a reminder, never a second one.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from adapters.formats.letter import Letter
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post
from referral_hub.services.own_services import CHECK_EVERY
from referral_hub.store import assurance, links, own_services
from referral_hub.store.links import MailEndpoint

REMIND_EVERY = timedelta(days=30)
COUNT_EVERY = timedelta(days=7)
COUNT_OVER = timedelta(days=365)
_SENDER = "Referral Hub"
_BODY = (
    "The directory shows people what your services say of themselves. {many} was last checked more"
    " than six months ago. Read it, put right what has changed, and say that it is right:"
)
_AFTER = ("This message holds nothing about anybody. You sign in as usual to check your services.",)


def remind_providers(hub: Hub) -> int:
    """Tell agencies by mail that records are due; returns how many mails were handed over."""
    at = hub.clock()
    with hub.database.working() as connection:
        stale = own_services.to_remind(connection, at - CHECK_EVERY, at - REMIND_EVERY)
        own_services.reminded(connection, [row["id"] for row in stale], at)
        counts = Counter(row["agency_id"] for row in stale)
        endpoints = links.mail_endpoints(connection, set(counts))
    for agency_id, endpoint in endpoints.items():
        post(hub, endpoint, _letter(hub, endpoint, counts[agency_id]))
    return len(endpoints)


def count_figures(hub: Hub) -> int:
    """Count each service's own figures once a week; returns how many were counted."""
    at = hub.clock()
    with hub.database.working() as connection:
        return assurance.count(connection, at=at, since=at - COUNT_OVER, again=at - COUNT_EVERY)


def _letter(hub: Hub, to: MailEndpoint, due: int) -> Letter:
    at = hub.clock()
    many = "One record" if due == 1 else f"Each of {due} records"
    day = at.date().isoformat()
    return Letter(
        to=to.mail_address,
        sender_name=_SENDER,
        sender=hub.settings.mail_from,
        subject="Please check what the directory says of your services",
        before=(_BODY.format(many=many),),
        link=f"{hub.settings.public_url}/directory/services",
        after=_AFTER,
        effect_id=str(uuid5(UUID(str(to.agency_id)), f"check {day}")),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=at,
    )
