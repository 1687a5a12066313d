"""How somebody is doing, asked by whoever helps, at the start and at the end: optional, once each.

The answers are a note between the two agencies of the task, sealed like every note. Beside it, in
the same statement, stands what is counted: well or not, without the task, the person or an instant
(`count_figures`). Where sender and recipient are one agency there is no note, and it is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.domain.figures import month_of
from referral_hub.domain.measures import Measure, ScoreStage, scores
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.disclose import WORKING
from referral_hub.services.hub import Hub
from referral_hub.services.measures import measures
from referral_hub.services.moves import Note, note_row
from referral_hub.store import change, figures, referrals
from referral_hub.store.referrals import TaskRow

KINDS: Mapping[ScoreStage, str] = {
    ScoreStage.START: "scores_start",
    ScoreStage.END: "scores_end",
}


@dataclass(frozen=True, slots=True, repr=False)
class Scores:
    """Answers by the question's code among all, and the goal in the person's words."""

    stage: ScoreStage
    answers: Mapping[str, int]
    goal: str | None = None

    def __repr__(self) -> str:
        return "<Scores>"


def may_record(actor: Actor, task: TaskRow) -> bool:
    """Tell whether the actor's work is under way, so that somebody can be asked."""
    situation = Situation(recipient=task.recipient_agency_id)
    return task.state in WORKING and access.permits(actor, Permission.RECORD_CONTACT, situation)


def task_to_ask(hub: Hub, actor: Actor, task_id: UUID) -> TaskRow:
    """Return the task whose person is asked. Raises NotFound, Forbidden, Conflict."""
    with hub.database.acting_for(actor.agency_id) as connection:
        return _task(referrals.task(connection, task_id), actor)


def record_scores(hub: Hub, actor: Actor, task_id: UUID, told: Scores) -> None:
    """Record what was answered at a stage. Raises NotFound, Conflict, InvalidInput."""
    known = dict(scores(measures()))
    if not told.answers:
        raise InvalidInput({"stage": ("Enter at least one answer.",)})
    for code, score in told.answers.items():
        if code not in known or not known[code].range[0] <= score <= known[code].range[1]:
            raise InvalidInput({code: ("Enter a number within the range of the question.",)})
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        task = _task(referrals.task(connection, task_id), actor)
        if KINDS[told.stage] in figures.score_kinds(connection, task_id):
            raise Conflict("Answers for this stage have been recorded already.")
        entry = prepare(_logged(actor, task, told), hub.keys, at)
        apart = task.origin_agency_id != task.recipient_agency_id
        note = Note(KINDS[told.stage], _words(told))
        inserts = {
            "message": [note_row(hub, actor, task, note=note, at=at)] if apart else [],
            "figure_note": [_count_row(actor, task, told, at)],
        }
        change.write(connection, change.Change([entry], inserts))


def _task(task: TaskRow, actor: Actor) -> TaskRow:
    situation = Situation(recipient=task.recipient_agency_id)
    access.require(actor, Permission.RECORD_CONTACT, situation)
    if not may_record(actor, task):
        raise Conflict("Answers are recorded while the work is under way.")
    return task


def _words(told: Scores) -> str:
    lines = [
        f"{question.asks} {told.answers[code]} ({question.range[0]} to {question.range[1]})"
        for code, question in scores(measures())
        if code in told.answers
    ]
    return "\n".join([f"Own goal: {told.goal}", *lines] if told.goal else lines)


def _count_row(actor: Actor, task: TaskRow, told: Scores, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "agency_id": actor.agency_id,
        "owner_agency_id": task.owner_agency_id,
        "month": month_of(at),
        "area": "",
        "needs": [],
        "gaps": [],
        "scores": [
            f"{code}|{question.counted(told.answers[code], told.stage)}"
            for code, question in scores(measures())
            if code in told.answers
        ],
    }


def _logged(actor: Actor, task: TaskRow, told: Scores) -> Event:
    return Event(
        type=EntryType.ADMIN,
        sender=task.origin_agency_id,
        recipient=task.recipient_agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        referral_id=task.referral_id,
        outcome=KINDS[told.stage],
        details={"task": str(task.id)},
    )


def asked() -> Sequence[Measure]:
    """Return what may be asked, in order."""
    return measures()
