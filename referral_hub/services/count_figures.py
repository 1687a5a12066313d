"""Counting for commissioners: a note when a referral is accepted, and a month published once.

Needs are sealed, so they are counted where somebody is typing them anyway: the accepting statement
adds one note (council, month, area, needs) without the referral's id or an instant, and the worker
folds notes into counts each minute. All other figures are counted from events when their month is
over. Nothing is opened to be counted.

A month is published once, every count moved by chance (`domain.small_numbers`), and its true counts
are dropped in the same transaction: no later page can be compared with an earlier one.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from referral_hub.domain.commands import Actor, SubmitReferral
from referral_hub.domain.figures import (
    QUARTERLY,
    Cell,
    begin_of,
    begins,
    cells,
    last_complete,
    month_of,
    published_with,
)
from referral_hub.domain.measures import scores
from referral_hub.domain.months import months_later
from referral_hub.domain.routing_model import Slot
from referral_hub.domain.small_numbers import Coin, moved
from referral_hub.services.audit_filters import first_id
from referral_hub.services.hub import Hub
from referral_hub.services.measures import measures
from referral_hub.services.record import NEEDS_FIELD
from referral_hub.store import figures
from referral_hub.store.engine import Connection
from referral_hub.store.figures import FOLDED_AT_ONCE, Counted


def note_row(
    actor: Actor, command: SubmitReferral, slots: Sequence[Slot], *, owner: UUID, at: datetime
) -> Mapping[str, Any]:
    """Return what is counted of a referral's needs; a gap is a need that nobody may even be asked
    about but the council, which must take it. A safeguarding concern goes to the council by rule.
    Needs that come back later are noted then (`note_came_back`).
    """
    met = {
        need
        for slot in slots
        if any(candidate.service_id for candidate in slot.candidates)
        for need in slot.needs
    }
    unmet = frozenset() if command.concern else command.needs - met
    return {
        "id": uuid4(),
        "agency_id": actor.agency_id,
        "owner_agency_id": owner,
        "month": month_of(at),
        "area": command.person.area,
        "needs": sorted(map(str, command.needs)),
        "gaps": sorted(map(str, unmet)),
    }


def note_came_back(
    hub: Hub, actor: Actor, task_id: UUID, fields: Mapping[str, Any], *, at: datetime
) -> None:
    """Count needs that came back to the council after everybody else's no, as gaps of the month.

    Called where the council opens them for the first time anyway: nothing is opened to be counted,
    so what is never opened is never counted.
    """
    needs, area = fields.get(NEEDS_FIELD), fields.get("contact.area")
    if not needs or not area:
        return
    with hub.database.working() as connection:
        if not figures.has_come_back(connection, task_id):
            return
    row = {"id": uuid4(), "us": actor.agency_id, "month": month_of(at), "area": area}
    with hub.database.acting_for(actor.agency_id) as connection:
        figures.note_gaps(connection, {**row, "gaps": sorted(needs)})


def count_figures(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Fold what was noted, and publish the months that are over; returns how many months."""
    while go_on():
        with hub.database.working() as connection:
            if figures.fold(connection) < FOLDED_AT_ONCE:
                break
    months = 0
    while go_on() and publish_next(hub):
        months += 1
    return months


def publish_next(hub: Hub, coin: Coin = lambda: bool(secrets.randbits(1))) -> bool:
    """Publish the oldest month that is over and was not published, if there is one."""
    with hub.database.working() as connection:
        month = _next_month(connection)
        if month is None or month > last_complete(hub.clock()) or not figures.alone(connection):
            return False
        if _next_month(connection) != month:
            return True
        _publish(connection, month, coin)
    return True


def _next_month(connection: Connection) -> date | None:
    newest = figures.newest(connection)
    if newest is not None:
        return months_later(newest, 1)
    began = figures.oldest_referral(connection)
    return None if began is None else month_of(began)


def _publish(connection: Connection, month: date, coin: Coin) -> None:
    kinds = published_with(month)
    first, last = (first_id(begin_of(day)) for day in (month, months_later(month, 1)))
    told = [*figures.counted(connection, first, last), *figures.noted(connection, month)]
    quarter = months_later(month, -2)
    if QUARTERLY & set(kinds):
        told += [one for one in figures.noted(connection, quarter) if one.cell.figure in QUARTERLY]
    asked = [code for code, _ in scores(measures())]
    true = Counter(_by_cell(told))
    made = [
        {
            "agency_id": council,
            "month": begins(figure, month),
            "figure": figure.value,
            "first": cell.first,
            "second": cell.second,
            "count": moved(true[council, cell], coin),
        }
        for council, areas in figures.councils(connection).items()
        for figure in kinds
        for cell in cells(figure, areas, asked)
    ]
    figures.publish(connection, made)
    figures.forget(connection, month, [one for one in kinds if one not in QUARTERLY])
    figures.forget(connection, quarter, [one for one in kinds if one in QUARTERLY])


def _by_cell(told: Sequence[Counted]) -> dict[tuple[UUID, Cell], int]:
    return {(one.agency_id, one.cell): one.count for one in told}
