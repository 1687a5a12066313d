"""The person hears that there is news, and never what it is: by mail, through their sender, or not.

A round looks at what happened since the last one to those who have a code, and makes one message
for each step, with its outbox row, in one transaction with the mark up to where it looked: a
message is there once, whoever was killed when. How the person is told is decided when the row is
due, from what is sealed about contacting them; that the hub looks is in the log first. The mail
names no agency and no need, and leads to the page that asks for the code. The limit: the hub cannot
know that nobody else reads a mailbox; whoever fears that rules mail out, or has no code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from adapters.contract import Delivery, DeliveryOutcome
from adapters.formats.letter import Letter
from consent.codes import GivenBy
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import ContactMethod, OutboxKind, OutboxState
from referral_hub.domain.ids import first_id
from referral_hub.domain.person_codes import still_theirs
from referral_hub.domain.person_messages import (
    PersonStep,
    Reach,
    Telling,
    how,
    step_of,
    telling_events,
)
from referral_hub.services import rows
from referral_hub.services.contact_details import ContactOf, contact_of
from referral_hub.services.hub import Hub
from referral_hub.services.mails import post, send_each, settle_mails
from referral_hub.services.person_codes import facts_of
from referral_hub.store import change, outbox, person_codes, person_messages
from referral_hub.store.engine import Connection
from referral_hub.store.links import MailEndpoint
from referral_hub.store.outbox import Claimed, Settlement
from referral_hub.store.person_codes import CodeRow
from referral_hub.store.person_messages import MessageRow, NewsRow

BATCH = 200
# what is being written at this moment is told the next time
SETTLED = timedelta(minutes=2)
SENDER_NAME = "Referral Hub"
SUBJECT = "There is news about something you agreed to"
_BEFORE = "To see it, open this page and type your reference and your code:"
_STOP = (
    "This message holds nothing about you. If you have no code any more, or want no such messages,"
    " tell whoever asked for help for you."
)
_AFTER = (
    _STOP,
    "The hub is not an emergency service. In an emergency call 999.",
)


@dataclass(frozen=True, slots=True, repr=False)
class _Due:
    """A message that is due: its claim and step, and what the person said about contact."""

    claim: Claimed
    step: PersonStep
    contact: ContactOf

    def __repr__(self) -> str:
        return f"<_Due {self.claim.id}>"


def tell_people(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Make a message of each step since the last round; returns how many."""
    made, found = 0, BATCH
    while go_on() and found == BATCH:
        with hub.database.working() as connection:
            found, some = _round(hub, connection)
        made += some
    if made:
        hub.doorbell.ring()
    return made


def _round(hub: Hub, connection: Connection) -> tuple[int, int]:
    at = hub.clock()
    until = first_id(at - SETTLED)
    began = person_messages.begin_round(connection)
    if began is None:
        return 0, 0
    after = began[0]
    if after is None or after >= until:
        person_messages.end_round(connection, after or until)
        return 0, 0
    events = telling_events()
    found = person_messages.news(connection, after=after, until=until, events=events, most=BATCH)
    person_messages.end_round(connection, found[-1].id if len(found) == BATCH else until)
    told = [(row, step) for row in found if (step := _step(row)) is not None]
    if told:
        made = [_rows(row, step, at) for row, step in told]
        logged = [prepare(_event(row, step), hub.keys, at) for row, step in told]
        inserts = {
            "person_message": [message for message, _ in made],
            "outbox": [leaves for _, leaves in made],
        }
        change.write(connection, change.Change(logged, inserts))
    return len(found), len(told)


def send_to_people(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Decide how each person is told, send what goes by mail, and settle each row.

    Raises LogUnavailable.
    """
    at = hub.clock()
    with hub.database.working() as connection:
        messages = person_messages.by_id(connection, [claim.id for claim in claims])
        codes = person_codes.several(connection, [claim.referral_id for claim in claims])
    wanted = [
        claim
        for claim in claims
        if _wanted(messages.get(claim.id), codes.get(claim.referral_id), at)
    ]
    _drop(hub, [claim for claim in claims if claim not in wanted], at)
    theirs = {claim.referral_id: codes[claim.referral_id] for claim in wanted}
    contacts = contact_of(hub, wanted, theirs)
    due = [
        _Due(claim, PersonStep(messages[claim.id].step), contacts[claim.referral_id])
        for claim in wanted
    ]
    ways = {one.claim.id: _how(hub, one) for one in due}
    mails = [one for one in due if ways[one.claim.id] is Telling.MAIL]
    sent = list(send_each(hub, mails, until=until, send=_send))
    refused = {c.id: o.code for c, o in sent if o.delivery is Delivery.REFUSED}
    for one in mails:
        if one.claim.id in refused:
            ways[one.claim.id] = _how(hub, one, mail=False)
    settle_mails(hub, [(claim, outcome) for claim, outcome in sent if claim.id not in refused])
    tried = {claim.id for claim, _ in sent} - refused.keys()
    _decided(hub, [claim for claim in wanted if claim.id not in tried], ways)
    with hub.database.working() as connection:
        noted = [{"id": one.claim.id, "way": ways[one.claim.id].value} for one in due]
        person_messages.decided(connection, noted, at)


def _decided(hub: Hub, claims: Sequence[Claimed], ways: dict[UUID, Telling]) -> None:
    """Settle what goes by no mail."""
    at = hub.clock()
    with hub.database.working() as connection:
        outbox.settle(
            connection,
            [
                Settlement(c.id, c.fence, OutboxState.DELIVERED.value, ways[c.id].value, at, at)
                for c in claims
            ],
        )


def _drop(hub: Hub, claims: Sequence[Claimed], at: datetime) -> None:
    if not claims:
        return
    state = OutboxState.CANCELLED.value
    with hub.database.working() as connection:
        outbox.settle(
            connection,
            [Settlement(c.id, c.fence, state, "nobody_to_write_to", at, at) for c in claims],
        )


def _wanted(message: MessageRow | None, row: CodeRow | None, at: datetime) -> bool:
    """Whether there still is somebody who is to be told."""
    if message is None or message.withdrawn or row is None or row.given_to is None:
        return False
    return still_theirs(facts_of(row, at), GivenBy(row.given_to))


def _how(hub: Hub, due: _Due, *, mail: bool = True) -> Telling:
    contact = due.contact
    reach = Reach(
        preferred=contact.preferred,
        never=contact.never,
        safe=not contact.never >= frozenset(ContactMethod),
        mail=mail and bool(contact.mail_address) and hub.settings.smtp_url is not None,
    )
    return how(due.step, reach)


def _send(hub: Hub, due: _Due) -> DeliveryOutcome:
    claim = due.claim
    letter = Letter(
        to=due.contact.mail_address or "",
        sender_name=SENDER_NAME,
        sender=hub.settings.mail_from,
        subject=SUBJECT,
        before=(f"{SUBJECT}.", _BEFORE),
        link=f"{hub.settings.public_url}/my",
        after=_AFTER,
        effect_id=str(claim.id),
        domain=urlsplit(hub.settings.public_url).hostname or "referral-hub.invalid",
        at=hub.clock(),
    )
    return post(hub, MailEndpoint(claim.origin_agency_id, "", letter.to), letter)


def _step(row: NewsRow) -> PersonStep | None:
    return (
        PersonStep.EXPIRING if row.event == PersonStep.EXPIRING else step_of(row.event, row.state)
    )


def _rows(row: NewsRow, step: PersonStep, at: datetime) -> tuple[rows.Row, rows.Row]:
    """Return a message and its outbox row, which has the same id and names no task: whoever stops
    a task's deliveries stops none of these.
    """
    turn = rows.Turn(
        row.referral_id,
        row.slot,
        row.origin_agency_id,
        row.owner_agency_id,
        row.origin_agency_id,
    )
    leaves = rows.outbox_row(turn, at, kind=OutboxKind.PERSON, task_id=None)
    message = {
        "id": leaves["id"],
        "referral_id": row.referral_id,
        "origin_agency_id": row.origin_agency_id,
        "task_id": row.task_id,
        "cause_id": row.id,
        "step": step.value,
        "made_at": at,
    }
    return message, leaves


def _event(row: NewsRow, step: PersonStep) -> Event:
    return Event(
        type=EntryType.ACCESS,
        sender=row.origin_agency_id,
        referral_id=row.referral_id,
        purpose="message_to_person",
        outcome="person_to_be_told",
        details={"step": step.value},
    )
