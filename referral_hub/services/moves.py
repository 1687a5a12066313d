"""One move of a task by a person or a partner system: state, history, log entry and note in one
transaction.

Every use case that moves a task goes through `move`, so a move without its entry cannot be written.
The entry's openings are sealed for the acting agency: a recipient never holds the person's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto.records import NoteContext
from referral_hub.crypto.seal import seal_note
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.transitions import Party, TaskEvent, TaskState, advance
from referral_hub.errors import Conflict
from referral_hub.services import rows
from referral_hub.services.disclose import turn_of
from referral_hub.services.hub import Hub
from referral_hub.store import change, referrals
from referral_hub.store.engine import Connection


@dataclass(frozen=True, slots=True, repr=False)
class Note:
    """Words between the recipient and the sender of a task; `kind` says what they are."""

    kind: str
    text: str

    def __repr__(self) -> str:
        return f"<Note {self.kind}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What happens to the task, and what else that causes."""

    event: TaskEvent
    party: Party
    reason: str | None = None
    outcome: str | None = None
    note: Note | None = None
    outbox: Sequence[OutboxKind] = ()
    due_at: datetime | None = None
    next_position: int | None = None
    give_help: str | None = None
    helper_agreed: bool = False
    minutes_a_week: int | None = None
    hard_case: bool = False


def move(
    hub: Hub, connection: Connection, actor: Actor, *, task: referrals.TaskRow, wanted: Move
) -> TaskState:
    """Apply `wanted` to `task` on a connection that acts for `actor`'s agency.

    Returns the new state. Raises Conflict when the life cycle has no such move or the task has
    moved on.
    """
    at = hub.clock()
    state = advance(TaskState(task.state), wanted.event, wanted.party)
    entry = prepare(_logged(actor, task, wanted, state), hub.keys, at)
    history = rows.task_event_row(
        turn_of(task),
        at,
        task_id=task.id,
        happened=rows.Happened(
            event=wanted.event.value,
            state=state,
            entry_id=entry.entry["id"],
            actor=actor,
            reason=wanted.reason or wanted.outcome,
        ),
    )
    inserts: dict[str, list[dict[str, Any]]] = {
        "task_event": [history],
        "message": [note_row(hub, actor, task, note=wanted.note, at=at)] if wanted.note else [],
        "outbox": [
            rows.outbox_row(turn_of(task), at, kind=kind, task_id=task.id) for kind in wanted.outbox
        ],
    }
    moved = change.TaskMove(
        id=task.id,
        version=task.version,
        state=state.value,
        moved_at=at,
        reason=wanted.reason,
        outcome=wanted.outcome,
        due_at=wanted.due_at,
        next_position=wanted.next_position,
        give_help=wanted.give_help,
        helper_agreed_at=at if wanted.helper_agreed else None,
        minutes_a_week=wanted.minutes_a_week,
        hard_case=wanted.hard_case,
    )
    change.write(connection, change.Change([entry], inserts, [moved]))
    return state


def _logged(actor: Actor, task: referrals.TaskRow, wanted: Move, state: TaskState) -> Event:
    details: dict[str, str | int | tuple[str, ...]] = {
        "event": wanted.event.value,
        "task": str(task.id),
    }
    if wanted.reason:
        details["reason"] = wanted.reason
    if wanted.outcome:
        details["result"] = wanted.outcome
    if wanted.helper_agreed:
        details["helper_agreed"] = 1
    return Event(
        type=EntryType.TASK,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        referral_id=task.referral_id,
        outcome=state.value,
        details=details,
    )


def note_row(
    hub: Hub, actor: Actor, task: referrals.TaskRow, *, note: Note, at: datetime
) -> dict[str, Any]:
    """Return a note, sealed for the task's two agencies; for a recipient that it did not reach, and
    that did not write it, there is no key. Raises Conflict where they are one.
    """
    if task.origin_agency_id == task.recipient_agency_id:
        raise Conflict("Notes go between two agencies; this task is your own agency's.")
    note_id = new_id(at)
    context = note_context(task, str(note_id))
    sealed = seal_note(hub.keys, context=context, text=note.text.encode())
    reads = task.released_at is not None or task.recipient_agency_id == actor.agency_id
    return {
        "id": note_id,
        "task_id": task.id,
        "referral_id": task.referral_id,
        "origin_agency_id": task.origin_agency_id,
        "recipient_agency_id": task.recipient_agency_id,
        "author_agency_id": actor.agency_id,
        "kind": note.kind,
        "wrapped_for_origin": sealed.wrapped_for_origin,
        "wrapped_for_recipient": sealed.wrapped_for_recipient if reads else b"",
        "key_commitment": sealed.key_commitment,
        "ciphertext": sealed.ciphertext,
        "key_version": hub.keys.version_of(sealed.wrapped_for_origin),
        "at": at,
    }


def note_context(task: referrals.TaskRow, note_id: str) -> NoteContext:
    """Return what a note is bound to: itself, its task and its two agencies."""
    return NoteContext(
        note_id=note_id,
        task_id=str(task.id),
        origin_agency=str(task.origin_agency_id),
        recipient_agency=str(task.recipient_agency_id),
    )
