"""What the clock brings: agreements are announced and end on time, and silence is chased.

Runs in the worker, about once a minute. A round works in batches, each one transaction: the rows,
their log entries and what is to be told stand or fall together, so a worker killed at any statement
has told nobody twice and forgotten nobody. The gate does not depend on it: a decision reads the
clock for itself, and a look at an agreement that ended a second ago is refused without this round.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import NotificationKind, NotificationState
from referral_hub.domain.notifications import rule_of
from referral_hub.domain.transitions import DISCLOSED, OPEN
from referral_hub.services import rows
from referral_hub.services.hub import Hub
from referral_hub.services.notify import Telling, step_event, to_recipients, to_sender, together
from referral_hub.services.stop_sharing import supersede
from referral_hub.store import change, deadlines, notifications, referrals
from referral_hub.store.deadlines import Due, Ending
from referral_hub.store.engine import Connection

BATCH = 100
_WITH_RECIPIENTS = [state.value for state in DISCLOSED]


def keep_time(hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
    """Do everything that the clock has made due; returns how many things that were."""
    hub = hub.for_one_use_case()
    done = 0
    for step in (_announce, _expire, _chase):
        while go_on():
            with hub.database.working() as connection:
                count = step(hub, connection) if deadlines.alone(connection) else 0
            done += count
            if count < BATCH:
                break
    if done:
        hub.doorbell.ring()
    return done


def _announce(hub: Hub, connection: Connection) -> int:
    at = hub.clock()
    found = deadlines.about_to_end(
        connection,
        at=at,
        until=at + rule_of(NotificationKind.EXPIRING).ahead,
        states=[state.value for state in OPEN],
        most=BATCH,
    )
    _tell(hub, connection, found, kind=NotificationKind.EXPIRING, at=at)
    return len(found)


def _expire(hub: Hub, connection: Connection) -> int:
    at = hub.clock()
    deadlines.hurry(connection, at)
    found = deadlines.ended(connection, at=at, states=_WITH_RECIPIENTS, most=BATCH)
    for ending in found:
        supersede(connection, ending.referral_id, NotificationKind.EXPIRED, None)
    _tell(hub, connection, found, kind=NotificationKind.EXPIRED, at=at)
    return len(found)


def _chase(hub: Hub, connection: Connection) -> int:
    at = hub.clock()
    ids = deadlines.overdue(connection, at=at, most=BATCH)
    told = notifications.by_id(connection, ids)
    moved, logged = [], []
    for row in told.values():
        rule = rule_of(NotificationKind(row.kind))
        state = rule.when_silent(NotificationState(row.state))
        chased = state is NotificationState.CHASED
        moved.append(Due(row.id, state, at + rule.chase_within if chased else None))
        if state is not NotificationState.SUPERSEDED:
            logged.append(prepare(step_event(row, state.value), hub.keys, at))
    if moved:
        deadlines.move(connection, moved, at)
    if logged:
        change.write(connection, change.Change(logged))
    return len(ids)


def _tell(
    hub: Hub,
    connection: Connection,
    found: list[Ending],
    *,
    kind: NotificationKind,
    at: datetime,
) -> None:
    """One entry for each agreement, and everybody who is told of it under that entry."""
    if not found:
        return
    ids = [task_id for ending in found for task_id in ending.task_ids]
    tasks = {task.id: task for task in referrals.tasks_by_id(connection, ids)}
    logged, parts = [], []
    for ending in found:
        entry = prepare(_event(ending, kind), hub.keys, at)
        logged.append(entry)
        telling = Telling(kind, ending.event_id, entry.entry["id"], at)
        theirs = [tasks[one] for one in ending.task_ids if tasks[one].state in DISCLOSED]
        parts.append(to_recipients(telling, theirs))
        if kind is NotificationKind.EXPIRING:
            turn = _turn(ending, ending.origin_agency_id)
            parts.append({"notification": [to_sender(telling, turn, due_at=ending.ends_at)]})
    change.write(connection, change.Change(logged, together(*parts)))


def _turn(ending: Ending, recipient: UUID) -> rows.Turn:
    return rows.Turn(
        ending.referral_id, 0, ending.origin_agency_id, ending.owner_agency_id, recipient
    )


def _event(ending: Ending, kind: NotificationKind) -> Event:
    announced = kind is NotificationKind.EXPIRING
    return Event(
        type=EntryType.CONSENT,
        sender=ending.origin_agency_id,
        referral_id=ending.referral_id,
        outcome="announced" if announced else kind.value,
        details={"told": kind.value, "until": ending.ends_at.date().isoformat()},
    )
