"""Erase a person: their key goes, and with it everything that only it opens; the log stays whole.

An officer of the agency that holds the person decides, and confirms. Referrals that nobody has
taken up stop and their recipients are told, as after a withdrawal. While somebody is helping the
person the erasure is refused and the refusal logged: the helpers' work would lose its record from
one moment to the next, so the agreement is withdrawn or the task closed first. What was begun about
the person and not finished goes with them, as the officer confirmed. The limits: what a recipient
has taken into systems of their own is theirs to erase, and they are told by reference only; a
referral for the same person sent at the same instant can be left unreadable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.erasure_ledger import Erased, ErasureLedger
from referral_hub.audit.erasures import unsealed_details
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.codes import NotificationKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.retention import KeptBecause
from referral_hub.domain.transitions import OPEN, Party, TaskEvent, TaskState, advance
from referral_hub.domain.unfinished import UnfinishedKind, UnfinishedName
from referral_hub.errors import Conflict, LogUnavailable
from referral_hub.services import rows
from referral_hub.services.disclose import WORKING, turn_of
from referral_hub.services.erase_beside import (
    Beside,
    Chosen,
    confirmed,
    counted,
    lock_as_found,
    look_beside,
)
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import append
from referral_hub.services.notify import Telling, to_recipients
from referral_hub.services.open_unfinished import Begun
from referral_hub.services.stop_sharing import supersede
from referral_hub.store import change, erasures, matters, referrals, retention, withdrawals
from referral_hub.store.change import LogRow
from referral_hub.store.engine import Connection
from referral_hub.store.erasures import PersonRow
from referral_hub.store.referrals import TaskRow

ON_HOLD = (
    "A legal hold keeps this person’s records, so they cannot be erased or destroyed. Two people"
    " can lift it on the page Retention, when its reason is over."
)

ASKED = (
    "This person has asked for their records and has not been answered. To erase them now could be"
    " an offence (Data Protection Act 2018, section 173). Answer the request first."
)


@dataclass(frozen=True, slots=True)
class ToErase:
    """A person of the officer's agency: what erasing would stop, and who is helping now.

    `beside` is what was begun about them; None where it was not looked for, or is `too_many`.
    """

    subject_id: UUID
    erased_at: datetime | None
    references: tuple[str, ...]
    stops: tuple[str, ...]
    helping: tuple[str, ...]
    on_hold: str | None = None
    asked: bool = False
    beside: Beside | None = None
    too_many: str | None = None

    @property
    def refused(self) -> bool:
        """Whether the person cannot be erased as things are."""
        return bool(self.erased_at or self.on_hold or self.asked or self.helping)


@dataclass(frozen=True, slots=True)
class ErasedPerson:
    """The entry of an erasure, and the names of agencies that stopped or are being told."""

    entry_id: UUID
    stopped: tuple[str, ...]
    told: tuple[str, ...]


def look_before_erasing(hub: Hub, actor: Actor, subject_id: UUID) -> ToErase:
    """Return what an erasure would do, with what was begun about them (the search is logged).

    Raises NotFound, also for another agency's person, and LogUnavailable.
    """
    access.require(actor, Permission.ERASE_PERSON)
    looked = _look(hub, actor, subject_id)
    if looked.refused:
        return looked
    try:
        return replace(looked, beside=look_beside(hub, actor, subject_id))
    except Conflict as too_many:
        return replace(looked, too_many=str(too_many))


def _look(hub: Hub, actor: Actor, subject_id: UUID) -> ToErase:
    with hub.database.acting_for(actor.agency_id) as connection:
        found = erasures.person(connection, subject_id)
        on_hold = retention.on_hold(connection, subject_id)
        asked = matters.has_open_request(connection, subject_id)
        tasks = referrals.tasks_of(connection, found.referrals)
        references = [referrals.one(connection, one).reference for one in found.referrals]
    return ToErase(
        subject_id=subject_id,
        erased_at=found.erased_at,
        references=tuple(references),
        stops=_names([task for task in tasks if task.state in OPEN]),
        helping=_names([task for task in tasks if task.state in WORKING]),
        on_hold=on_hold,
        asked=asked,
    )


def erase_person(
    hub: Hub, actor: Actor, subject_id: UUID, chosen: Chosen | None = None
) -> ErasedPerson:
    """Erase a person of the officer's agency, once and for good; `chosen` says what goes with them.

    Raises NotFound, Conflict (erased already; somebody is helping now; something was begun that
    the officer has not seen), InvalidInput (`also`), LogUnavailable, and ServiceUnavailable when
    the erasure ledger cannot be written: then nothing was erased.
    """
    access.require(actor, Permission.ERASE_PERSON)
    _require_possible(hub, actor, _look(hub, actor, subject_id))
    beside = look_beside(hub, actor, subject_id)
    return _erase(hub, actor, subject_id, confirmed(beside, chosen or Chosen()))


def refuse_erasure(hub: Hub, actor: Actor, subject_id: UUID, ground: KeptBecause) -> UUID:
    """Record that the person asked to be erased and is not, on which ground; return the entry's id.

    Raises NotFound, Conflict (erased already).
    """
    access.require(actor, Permission.ERASE_PERSON)
    if _look(hub, actor, subject_id).erased_at is not None:
        raise Conflict("This person has been erased already.")
    return _log_refusal(hub, actor, subject_id, {"kept_because": ground.value})


def erase_appraised(hub: Hub, actor: Actor, subject_id: UUID) -> ErasedPerson:
    """Destroy what two people decided to destroy: the same erasure, by the one who approved it."""
    access.require(actor, Permission.APPRAISE)
    _require_possible(hub, actor, _look(hub, actor, subject_id))
    return _erase(hub, actor, subject_id, [])


def _require_possible(hub: Hub, actor: Actor, looked: ToErase) -> None:
    if looked.erased_at is not None:
        raise Conflict("This person has been erased already.")
    if looked.on_hold:
        _log_refusal(hub, actor, looked.subject_id, {"hold": looked.on_hold})
        raise Conflict(ON_HOLD)
    if looked.asked:
        _log_refusal(hub, actor, looked.subject_id, {"asked": 1})
        raise Conflict(ASKED)
    if looked.helping:
        _log_refusal(hub, actor, looked.subject_id, {"helping": len(looked.helping)})
        raise Conflict(
            f"{' and '.join(looked.helping)} is helping this person now. Withdraw the agreement, or"
            " ask them to close the referral first."
        )


def _erase(hub: Hub, actor: Actor, subject_id: UUID, begun: Sequence[Begun]) -> ErasedPerson:
    with hub.database.working() as connection:
        found = erasures.lock(connection, subject_id)
        if found.erased_at is not None:
            raise Conflict("This person has been erased already.")
        if retention.on_hold(connection, subject_id):
            raise Conflict(ON_HOLD)
        if matters.has_open_request(connection, subject_id):
            raise Conflict(ASKED)
        lock_as_found(connection, found.origin_agency_id, begun)
        beside = [one.name for one in begun]
        done = _carry_out(hub, connection, found, actor=actor, beside=beside)
    hub.doorbell.ring()
    _number(hub, done.entry_id)
    return done


def apply_erasures(hub: Hub) -> int:
    """Erase again whoever came back, as after restoring a backup; returns how many.

    Raises ServiceUnavailable.
    """
    ledger: dict[UUID, set[UnfinishedName]] = {}
    for line in ErasureLedger(hub.settings.erasure_ledger).lines():
        ledger.setdefault(line.subject_id, set()).update(line.beside)
    if not ledger:
        return 0
    pairs = [(subject_id, one.id) for subject_id, beside in ledger.items() for one in beside]
    with hub.database.working() as connection:
        back = erasures.back_again(connection, sorted(ledger), pairs)
    for subject_id in back:
        beside = sorted(ledger[subject_id], key=str)
        with hub.database.working() as connection:
            found = erasures.lock(connection, subject_id)
            if erasures.back_again(connection, [subject_id], [(subject_id, b.id) for b in beside]):
                _carry_out(hub, connection, found, actor=None, beside=beside)
    return len(back)


def _carry_out(
    hub: Hub,
    connection: Connection,
    found: PersonRow,
    *,
    actor: Actor | None,
    beside: Sequence[UnfinishedName],
) -> ErasedPerson:
    at = hub.clock()
    tasks = [t for t in referrals.tasks_of(connection, found.referrals) if t.state in OPEN]
    if actor is not None and any(task.state in WORKING for task in tasks):
        raise Conflict("Somebody has begun to help this person since you opened the page.")
    in_flight: dict[UUID, datetime] = {}
    for referral_id in found.referrals:
        in_flight |= withdrawals.cancel_unsent(connection, referral_id, at)
        supersede(connection, referral_id, NotificationKind.WITHDRAWN, None)
    told = [task for task in tasks if task.released_at is not None or task.id in in_flight]
    if tasks:
        _stop(hub, connection, tasks, told={t.id: in_flight.get(t.id, at) for t in told}, by=actor)
    entries = erasures.entries_about(connection, found)
    event = replace(
        _event(found, entries, actor, [one.kind for one in beside]),
        cites=tuple(str(one) for one in beside),
    )
    logged = prepare(event, hub.keys, at)
    gone = [one.id for one in beside]
    erasures.erase(connection, found, entries=entries, beside=gone, logged=logged)
    entry_id: UUID = logged.entry["id"]
    if actor is not None:
        ErasureLedger(hub.settings.erasure_ledger).append(
            Erased(found.id, found.origin_agency_id, entry_id, at, tuple(beside))
        )
    return ErasedPerson(entry_id, _names([t for t in tasks if t not in told]), _names(told))


def _stop(
    hub: Hub,
    connection: Connection,
    tasks: list[TaskRow],
    *,
    told: dict[UUID, datetime],
    by: Actor | None,
) -> None:
    at = hub.clock()
    entries = {task.id: _stopped(hub, task, by, at) for task in tasks}
    lines, moves = [], []
    for task in tasks:
        happened = rows.Happened(
            event=TaskEvent.WITHDRAW.value,
            state=TaskState.WITHDRAWN,
            entry_id=entries[task.id].entry["id"],
            actor=by,
        )
        lines.append(rows.task_event_row(turn_of(task), at, task_id=task.id, happened=happened))
        state = advance(TaskState(task.state), TaskEvent.WITHDRAW, Party.ORIGIN)
        moves.append(change.TaskMove(task.id, task.version, state.value, at))
    first = entries[tasks[0].id].entry["id"]
    telling = Telling(NotificationKind.WITHDRAWN, first, first, at, not_before=told)
    notified = to_recipients(telling, [task for task in tasks if task.id in told])
    inserts = {"task_event": lines, **notified}
    change.write(connection, change.Change([*entries.values()], inserts, moves))


def _stopped(hub: Hub, task: TaskRow, by: Actor | None, at: datetime) -> LogRow:
    """Sealed for the agency: the person's key is going."""
    event = Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=by.agency_id if by else None,
        actor_user=by.user_id if by else None,
        referral_id=task.referral_id,
        outcome=TaskState.WITHDRAWN.value,
        details={"event": TaskEvent.WITHDRAW.value, "task": str(task.id)},
    )
    return prepare(event, hub.keys, at)


def _event(
    found: PersonRow, entries: list[UUID], actor: Actor | None, beside: Sequence[UnfinishedKind]
) -> Event:
    return Event(
        type=EntryType.ERASURE,
        sender=found.origin_agency_id,
        actor_agency=found.origin_agency_id,
        actor_user=actor.user_id if actor else None,
        subject=SubjectKey(found.id, found.origin_agency_id, b""),
        seal_for_agency=True,
        outcome="erased",
        details={
            **unsealed_details(entries),
            "cause": "asked" if actor else "restored_backup",
            "referrals": len(found.referrals),
            **counted(beside),
        },
    )


def _log_refusal(hub: Hub, actor: Actor, subject_id: UUID, why: dict[str, str | int]) -> UUID:
    """Log a refusal about a person, so that it is found among their entries."""
    with hub.database.acting_for(actor.agency_id) as connection:
        key = withdrawals.subject_key(connection, subject_id)
    event = Event(
        type=EntryType.ERASURE,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=SubjectKey(key.id, actor.agency_id, key.wrapped_key),
        outcome="refuse",
        details=why,
    )
    return append(hub, actor, event)


def _number(hub: Hub, entry_id: UUID) -> None:
    """The erasure has happened; where the log cannot be numbered now, the certificate waits."""
    try:
        ensure_integrated(hub.database, hub.integrator, [entry_id])
    except LogUnavailable:
        return


def _names(tasks: list[TaskRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(task.recipient_name for task in tasks))
