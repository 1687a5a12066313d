"""Open a one-time link: the link and the group's code begin a visit to one task, for an hour.

Looking at a link changes nothing, so that mail scanners and previews spend nothing. The first right
code spends it; the visit then lives in that browser's cookie alone, which is why a forwarded link
shows nothing. Whoever visits acts for the agency through the same services as its staff, for this
task and no other, and every look is decided and logged as theirs are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.tokens import new_token, tidy_short_code, token_digest
from referral_hub.domain.codes import OutboxKind, Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.links import (
    ASK_AGAIN_AFTER,
    MOST_WRONG_CODES,
    VISIT_LIVES,
    LinkFacts,
    LinkState,
    may_ask_again,
    state_of,
)
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict, NotFound
from referral_hub.services import rows
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, links, referrals
from referral_hub.store.links import LinkRow

_A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as its page shows it: for whom, and what it is good for. `id` names the visit."""

    id: UUID
    agency_name: str
    state: LinkState


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """Somebody of an agency at one of its tasks. `over` once the hour has passed or they left."""

    id: UUID
    actor: Actor
    task_id: UUID
    agency_name: str
    until: datetime
    over: bool

    def __repr__(self) -> str:
        return f"<Visit {self.id}>"


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """The code was right. `token` goes into the browser's cookie and nowhere else."""

    visit_id: UUID
    token: str

    def __repr__(self) -> str:
        return "<Opened>"


@dataclass(frozen=True, slots=True)
class WrongCode:
    """The code was wrong; `left` more may be tried before the link dies."""

    left: int


def read_link(hub: Hub, token: str) -> Link:
    """Return what a link is good for, changing nothing. Raises NotFound for an unknown one."""
    row = _link(hub, token)
    return Link(row.id, row.agency_name, _state(row, hub.clock()))


def open_link(hub: Hub, token: str, code: str) -> Opened | WrongCode | LinkState:
    """Hold the code against the agency's; the first right one spends the link.

    Raises NotFound for an unknown link.
    """
    row, at = _link(hub, token), hub.clock()
    state = _state(row, at)
    if state is not LinkState.USABLE:
        return state
    with hub.database.acting_for(row.agency_id) as connection:
        tried = links.count_code(connection, row.id, most=MOST_WRONG_CODES)
    if tried is None:
        return _state(_link(hub, token), at)
    if not hub.passwords.verify(row.code_hash, tidy_short_code(code)):
        if tried >= MOST_WRONG_CODES:
            _log(hub, row, "link_closed")
            return LinkState.CLOSED
        return WrongCode(MOST_WRONG_CODES - tried)
    visit = new_token()
    with hub.database.acting_for(row.agency_id) as connection:
        until = at + VISIT_LIVES
        if not links.open_once(connection, row.id, token_digest(visit), at=at, until=until):
            return LinkState.USED
        change.write(connection, change.Change([_entry(hub, row, "link_opened")]))
    return Opened(row.id, visit)


def ask_again(hub: Hub, token: str) -> LinkState | None:
    """Send a new link to the agency's registered address; returns None once it is on its way.

    Returns what the old link is good for where a new one would help nobody. Raises NotFound for an
    unknown link, Conflict when one was sent just now.
    """
    row, at = _link(hub, token), hub.clock()
    state = _state(row, at)
    if state in {LinkState.USABLE, LinkState.MOVED_ON}:
        return state
    with hub.database.acting_for(row.agency_id) as connection:
        newest, count = links.made_for(connection, row.task_id, at - _A_DAY)
        rested = at - ASK_AGAIN_AFTER
        if not may_ask_again(newest, count, at) or not links.note_asked(
            connection, row.id, at=at, rested=rested
        ):
            raise Conflict("A link was sent a short while ago. Look for it, also under unwanted.")
        turn = turn_of(referrals.task(connection, row.task_id))
        mail = rows.outbox_row(turn, at, kind=OutboxKind.INVITATION, task_id=row.task_id)
        inserts = {"outbox": [mail]}
        change.write(connection, change.Change([_entry(hub, row, "link_asked")], inserts))
    hub.doorbell.ring()
    return None


def visit_of(hub: Hub, visit_id: UUID, token: str | None) -> Visit:
    """Return the visit that this browser began. Raises NotFound for every other browser."""
    with hub.database.one_statement() as connection:
        row = links.by_visit(connection, token_digest(token)) if token else None
    if row is None or row.id != visit_id or not row.live or row.visit_until is None:
        raise NotFound
    return Visit(
        id=row.id,
        actor=_actor(row),
        task_id=row.task_id,
        agency_name=row.agency_name,
        until=row.visit_until,
        over=row.visit_until <= hub.clock(),
    )


def leave(hub: Hub, visit: Visit) -> None:
    """End the visit; the link stays spent."""
    with hub.database.acting_for(visit.actor.agency_id) as connection:
        links.leave(connection, visit.id, hub.clock())


def _link(hub: Hub, token: str) -> LinkRow:
    with hub.database.one_statement() as connection:
        row = links.by_token(connection, token_digest(token))
    if row is None or not row.live:
        raise NotFound
    return row


def _state(row: LinkRow, at: datetime) -> LinkState:
    facts = LinkFacts(
        task_state=TaskState(row.task_state),
        to_act_on=row.to_act_on,
        wrong_codes=row.wrong_codes,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
    )
    return state_of(facts, at)


def _actor(row: LinkRow) -> Actor:
    """Nobody is named: whoever holds the link and the code acts for the agency."""
    return Actor(row.agency_id, row.agency_id, Role.LINK_HOLDER)


def _log(hub: Hub, row: LinkRow, outcome: str) -> None:
    with hub.database.acting_for(row.agency_id) as connection:
        change.write(connection, change.Change([_entry(hub, row, outcome)]))


def _entry(hub: Hub, row: LinkRow, outcome: str) -> change.LogRow:
    event = Event(
        type=EntryType.ACCESS,
        sender=row.agency_id,
        actor_agency=row.agency_id,
        referral_id=row.referral_id,
        outcome=outcome,
        details={"task": str(row.task_id), "effect": str(row.id)},
    )
    return prepare(event, hub.keys, hub.clock())
