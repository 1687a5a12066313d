"""A hold that was cleared elsewhere goes on by itself.

What a sender puts right is looked at again as it is recorded (`put_right`). But a hold also waits
for others: two officers sign a sharing agreement, an agency records its insurance or its key, an
agreement begins on its day. None of them sees the referral. So the worker looks, about once a
minute, whether what it holds would be decided otherwise now, and only then lets the slot be
advanced, which decides under its lock and logs. So does the rest of what was accepted, when it was
kept back. A hold that waits for something else by now says so.

The looking discloses nothing and is no decision of the log. The limit: a round looks at so many,
oldest first, and the next one goes on after them, so in a crowd a hold waits some minutes longer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from consent.model import HoldReason, Permit, RefusalReason, Stage
from referral_hub.domain.codes import OutboxKind
from referral_hub.services import record, rows
from referral_hub.services.advance import goes_on
from referral_hub.services.casework import case_of
from referral_hub.services.disclose import WORKING, turn_of
from referral_hub.services.hub import Hub
from referral_hub.services.place import ACTOR_ROLE_HUB, ask
from referral_hub.store import deadlines, holds, referrals
from referral_hub.store.cases import load
from referral_hub.store.engine import Connection
from referral_hub.store.holds import HeldRow

BATCH = 100
MOST = 500
FIRST = UUID(int=0)
_STATES = [state.value for state in WORKING]
_CODES = [code.value for code in (*RefusalReason, *HoldReason)]

_Find = Callable[[Connection, UUID], list[HeldRow]]
_Again = Callable[[Hub, Connection, Sequence[HeldRow]], list[rows.Row]]


class Holds:
    """Looks at what waits, in rounds; remembers where the last one ended."""

    def __init__(self) -> None:
        self._after = [FIRST for _ in _ROUNDS]

    def look(self, hub: Hub, *, go_on: Callable[[], bool] = lambda: True) -> int:
        """Let what is cleared go on; returns how many tasks that were."""
        found = 0
        for number, (find, again) in enumerate(_ROUNDS):
            looked = 0
            while go_on() and looked < MOST:
                waiting, made = _batch(hub, self._after[number], find, again)
                found, looked = found + made, looked + BATCH
                self._after[number] = waiting[-1].id if len(waiting) == BATCH else FIRST
                if len(waiting) < BATCH:
                    break
        if found:
            hub.doorbell.ring()
        return found


def _batch(hub: Hub, after: UUID, find: _Find, again: _Again) -> tuple[list[HeldRow], int]:
    with hub.database.working() as connection:
        waiting = find(connection, after) if deadlines.alone(connection) else []
        made = again(hub, connection, waiting) if waiting else []
        holds.put(connection, made)
    return waiting, len(made)


def _held(connection: Connection, after: UUID) -> list[HeldRow]:
    return holds.held(connection, after=after, most=BATCH)


def _kept_back(connection: Connection, after: UUID) -> list[HeldRow]:
    return holds.kept_back(connection, after=after, states=_STATES, codes=_CODES, most=BATCH)


def _advance(hub: Hub, connection: Connection, waiting: Sequence[HeldRow]) -> list[rows.Row]:
    at, ids = hub.clock(), {one.referral_id for one in waiting}
    batch = load(connection, ids, ())
    slots: dict[tuple[UUID, int], list[referrals.TaskRow]] = {
        (one.referral_id, one.slot): [] for one in waiting
    }
    for task in sorted(referrals.tasks_of(connection, list(ids)), key=lambda task: task.id):
        slots.get((task.referral_id, task.slot), []).append(task)
    return [
        rows.outbox_row(turn_of(turns[-1]), at, kind=OutboxKind.ADVANCE, task_id=turns[-1].id)
        for turns in slots.values()
        if goes_on(hub, connection, batch, turns, at=at)
    ]


def _send_the_rest(hub: Hub, connection: Connection, waiting: Sequence[HeldRow]) -> list[rows.Row]:
    at = hub.clock()
    tasks = referrals.tasks_by_id(connection, [one.id for one in waiting])
    recipients = {task.recipient_agency_id for task in tasks}
    batch = load(connection, {one.referral_id for one in waiting}, recipients)
    made = []
    for task in tasks:
        found = batch.cases[task.referral_id]
        decided = ask(
            case_of(batch, found),
            task.recipient_agency_id,
            Stage.ACCEPTED,
            role=ACTOR_ROLE_HUB,
            at=at,
        )
        outcome = decided.outcome
        if isinstance(outcome, Permit) and record.releasable(
            outcome.fields, found.sealed["field_ids"], task.slot
        ):
            made.append(
                rows.outbox_row(turn_of(task), at, kind=OutboxKind.ACCEPTANCE, task_id=task.id)
            )
    return made


_ROUNDS: tuple[tuple[_Find, _Again], ...] = ((_held, _advance), (_kept_back, _send_the_rest))
