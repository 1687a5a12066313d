"""Once a working day an agency hears by mail how many of its referrals changed, and nothing more.

The mail has a number and the way in: no name, no reference, no state. Nothing changed means no
mail. That an agency had its turn is noted before anything leaves, so nobody gets two on one day,
also from two workers; what a mail server lost is counted in the next day's mail. The agency's
administrator switches it off, and whoever wants leaves their own referrals out of the number
(`own_daily_mail`); there are no addresses of single members to write to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from adapters.contract import Delivery
from adapters.formats.letter import Letter
from referral_hub.domain.transitions import TaskEvent
from referral_hub.domain.working_days import Nation
from referral_hub.domain.working_hours import LONDON
from referral_hub.services.calendars import calendars
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post
from referral_hub.store import digests
from referral_hub.store.digests import DueRow

BATCH = 50
FROM = time(8)
LOOK_BACK = timedelta(days=7)
# what is being written at this moment is counted the next time
SETTLED = timedelta(minutes=1)
TELLING = frozenset(
    {
        TaskEvent.ACCEPT,
        TaskEvent.ASK,
        TaskEvent.CLOSE,
        TaskEvent.CONTACT,
        TaskEvent.DECLINE,
        TaskEvent.EXPIRE,
        TaskEvent.PAUSE,
        TaskEvent.RESUME,
        TaskEvent.STOP,
        TaskEvent.TAKE_BACK,
        TaskEvent.WITHHOLD,
    }
)
_EVENTS = tuple(sorted(event.value for event in TELLING))
_SENDER = "Referral Hub"
_AFTER = (
    "This message holds nothing about anybody. It comes at most once a working day; your"
    " administrator can switch it off under “How referrals reach you”, and you can leave yours out"
    " under “Referrals you sent”."
)


def send_digests(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Send what is due; returns how many mails were handed over. Nothing before eight."""
    at = hub.clock()
    local = at.astimezone(LONDON)
    if local.time() < FROM or hub.settings.smtp_url is None:
        return 0
    sent, found = 0, BATCH
    while go_on() and found == BATCH:
        found, handed = _batch(hub, at, local.replace(hour=0, minute=0, second=0, microsecond=0))
        sent += handed
    return sent


def _batch(hub: Hub, at: datetime, midnight: datetime) -> tuple[int, int]:
    known = calendars(hub)
    with hub.database.working() as connection:
        found = digests.due(connection, morning=midnight, earliest=at - LOOK_BACK, most=BATCH)
        ready = [row for row in found if known[Nation(row.nation)].is_working_day(midnight.date())]
        many = digests.changed(connection, ready, _EVENTS, until=at - SETTLED)
        digests.tried(connection, [row.to.agency_id for row in found], at)
    told = {row.to.agency_id for row in ready if row.to.agency_id not in many}
    for row in ready:
        if row.to.agency_id in many:
            outcome = post(hub, row.to, _letter(hub, row, many[row.to.agency_id], at))
            if outcome.delivery is Delivery.DELIVERED:
                told.add(row.to.agency_id)
    with hub.database.working() as connection:
        digests.told(connection, told, at - SETTLED)
    return len(found), len(told & many.keys())


def _letter(hub: Hub, row: DueRow, many: int, at: datetime) -> Letter:
    what = f"{many} of your referrals changed" if many > 1 else "One of your referrals changed"
    day = at.astimezone(LONDON).date().isoformat()
    return Letter(
        to=row.to.mail_address,
        sender_name=_SENDER,
        sender=hub.settings.mail_from,
        subject=what,
        before=(f"{what}, {row.to.name}. Sign in to see what to do next:",),
        link=f"{hub.settings.public_url}/referrals",
        after=(_AFTER,),
        effect_id=str(uuid5(NAMESPACE_URL, f"digest {row.to.agency_id} {day}")),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=at,
    )
