"""What a recipient does with a task: accept, decline, ask, record first contact, close; and the
sender's reply.

The recipient's own transaction only moves its task and leaves work for the worker: after an accept
the further fields are released with a fresh decision, after a decline the plan moves on by itself.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.codes import DeclineReason, OutboxKind, Role
from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.transitions import Party, TaskEvent, TaskState
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.moves import Move, Note, move
from referral_hub.store import referrals
from referral_hub.store.engine import Connection

MOVED_ON = "Something has happened since you opened the page."
BOTH_AGREE = "Ask the household that is to help first. Both must say yes; then say so and accept."


def answer_task(hub: Hub, actor: Actor, answer: AnswerTask) -> TaskState:
    """Accept or decline. Answering again with the same answer changes nothing (a partner may
    retry).

    Raises NotFound, Conflict, InvalidInput (a decline without a reason, or "other" without words; a
    match of two households where the helping one has not said yes).
    """
    wanted = _accept(answer) if answer.accept else _decline(answer)
    permission = _permission(actor, Permission.ANSWER_TASK)
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, answer.task_id)
        access.require(actor, permission, Situation(recipient=task.recipient_agency_id))
        if _answered_so_already(task, answer):
            _require_own_repetition(connection, actor, task.id)
            return TaskState(task.state)
        if answer.version not in {None, task.version}:
            raise Conflict(MOVED_ON)
        if not answer.accept and task.recipient_agency_id == task.owner_agency_id:
            raise Conflict(
                "Your agency is accountable for this referral and cannot pass it on. "
                "Accept it, or accept and close it with a written reason."
            )
        if answer.accept and task.household and not answer.helper_agreed:
            raise InvalidInput({"helper_agreed": (BOTH_AGREE,)})
        state = move(hub, connection, actor, task=task, wanted=wanted)
    hub.doorbell.ring()
    return state


def ask(
    hub: Hub, actor: Actor, task_id: UUID, text: str, *, version: int | None = None
) -> TaskState:
    """Ask the sender a question; the clock of the offer stops.

    With the `version` of the task that the question was written about, a question sent twice is
    asked once. Raises NotFound, Conflict.
    """
    wanted = Move(event=TaskEvent.ASK, party=Party.RECIPIENT, note=Note("question", text))
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        situation = Situation(recipient=task.recipient_agency_id)
        access.require(actor, _permission(actor, Permission.ASK), situation)
        if version not in {None, task.version}:
            raise Conflict(MOVED_ON)
        return move(hub, connection, actor, task=task, wanted=wanted)


def reply(hub: Hub, actor: Actor, task_id: UUID, text: str) -> TaskState:
    """Answer the recipient's question, as the sender. Raises NotFound, Conflict."""
    wanted = Move(
        event=TaskEvent.ANSWER,
        party=Party.ORIGIN,
        note=Note("answer", text),
        outbox=(OutboxKind.INVITATION,),
    )
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        access.require(actor, Permission.REPLY, Situation(origin=task.origin_agency_id))
        return move(hub, connection, actor, task=task, wanted=wanted)


def record_contact(hub: Hub, actor: Actor, task_id: UUID) -> TaskState:
    """Record that the person was reached for the first time; saying it again changes nothing.

    Raises NotFound, Conflict.
    """
    wanted = Move(event=TaskEvent.CONTACT, party=Party.RECIPIENT)
    return _move(hub, actor, task_id, wanted=wanted, permission=Permission.RECORD_CONTACT)


def close_task(hub: Hub, actor: Actor, closing: CloseTask) -> TaskState:
    """Close with an outcome; closing again with the same one changes nothing.

    Raises NotFound, Conflict, InvalidInput.
    """
    if not closing.next_step.strip():
        raise InvalidInput(
            {"next_step": ("Say what happens next, or that nothing more is needed.",)}
        )
    told = "told" if closing.person_told else "not_told"
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, closing.task_id)
        permission = _permission(actor, Permission.CLOSE_TASK)
        situation = Situation(recipient=task.recipient_agency_id, owner=task.owner_agency_id)
        access.require(actor, permission, situation)
        if task.state == TaskState.CLOSED and task.outcome == closing.outcome:
            _require_own_repetition(connection, actor, task.id)
            return TaskState.CLOSED
        recipient = actor.agency_id == task.recipient_agency_id
        own = task.recipient_agency_id == task.origin_agency_id
        reached = recipient and task.state != TaskState.HELD
        wanted = Move(
            event=TaskEvent.CLOSE,
            party=Party.RECIPIENT if reached else Party.OWNER,
            outcome=closing.outcome.value,
            reason=told,
            note=Note("outcome", closing.next_step) if not own else None,
            give_help=closing.give_help.value,
        )
        return move(hub, connection, actor, task=task, wanted=wanted)


def _move(
    hub: Hub, actor: Actor, task_id: UUID, *, wanted: Move, permission: Permission
) -> TaskState:
    with hub.database.acting_for(actor.agency_id) as connection:
        task = referrals.task(connection, task_id)
        situation = Situation(recipient=task.recipient_agency_id)
        access.require(actor, _permission(actor, permission), situation)
        if wanted.event is TaskEvent.CONTACT and task.state == TaskState.IN_PROGRESS:
            return TaskState.IN_PROGRESS
        return move(hub, connection, actor, task=task, wanted=wanted)


def _require_own_repetition(connection: Connection, actor: Actor, task_id: UUID) -> None:
    """Sent twice by one hand is one answer; a colleague’s words must not be lost in silence."""
    if referrals.last_actor(connection, task_id) != actor.user_id:
        raise Conflict("A colleague has done this since you opened the page. See what they wrote.")


def _permission(actor: Actor, wanted: Permission) -> Permission:
    return Permission.ANSWER_AS_PARTNER if actor.role is Role.PARTNER_SYSTEM else wanted


def _accept(answer: AnswerTask) -> Move:
    note = Note("accepted", answer.note) if answer.note else None
    return Move(
        event=TaskEvent.ACCEPT,
        party=Party.RECIPIENT,
        note=note,
        helper_agreed=answer.helper_agreed,
        minutes_a_week=answer.minutes_a_week,
        hard_case=answer.hard_case,
        outbox=(OutboxKind.ACCEPTANCE,),
    )


def _decline(answer: AnswerTask) -> Move:
    if answer.reason is None:
        raise InvalidInput({"reason": ("Choose why you cannot take this.",)})
    if answer.reason is DeclineReason.OTHER and not answer.note:
        raise InvalidInput({"note": ("Say in a few words why, because you chose 'other'.",)})
    return Move(
        event=TaskEvent.DECLINE,
        party=Party.RECIPIENT,
        reason=answer.reason.value,
        note=Note("declined", answer.note) if answer.note else None,
        outbox=(OutboxKind.ADVANCE,),
    )


def _answered_so_already(task: referrals.TaskRow, answer: AnswerTask) -> bool:
    if answer.accept:
        return task.state in {TaskState.ACCEPTED, TaskState.IN_PROGRESS}
    return task.state == TaskState.DECLINED
