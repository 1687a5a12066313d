"""What a recipient says about a task, each on a small page of its own.

Sending a page twice is harmless: saying the same again is the same answer. A question and a no are
bound to the version of the task that their page showed, so that no old page takes from a colleague
what they have just accepted. A task that somebody else has moved meanwhile gets
a page that says where it stands now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskEvent
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact
from referral_hub.services.hub import Hub
from referral_hub.services.task_inbox import TaskView, read_task
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.referral import Answer
from referral_hub.web.forms.tasks import AcceptPage, AskPage, ClosePage, ContactPage, DeclinePage

Send = Callable[[Hub, Actor, UUID, Filled], object]


@dataclass(frozen=True, slots=True)
class Offered:
    """An answer that is possible now, and the address of the page for it."""

    event: str
    href: str


@dataclass(frozen=True, slots=True)
class Question:
    """A page: its template's name, the move it asks for, its fields, and what it sends."""

    name: str
    event: TaskEvent
    schema: type[FormPage]
    send: Send


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task is answered: its own page, and the address of each question by name."""

    task_id: UUID
    show: Callable[[str | None], str]
    answer: Callable[[str], str]


def _accept(hub: Hub, actor: Actor, task_id: UUID, form: Filled) -> object:
    return answer_task(hub, actor, _accepting(task_id, form.values))


def _accepting(task_id: UUID, given: Mapping[str, Any]) -> AnswerTask:
    return AnswerTask(
        task_id,
        True,
        None,
        given["note"],
        helper_agreed=Answer.YES in given["helper_agreed"],
        minutes_a_week=given["minutes"],
        hard_case=Answer.YES in given["hard"],
    )


def _decline(hub: Hub, actor: Actor, task_id: UUID, form: Filled) -> object:
    given = form.values
    no = AnswerTask(task_id, False, given["reason"], given["note"], version=given["version"])
    return answer_task(hub, actor, no)


def _ask(hub: Hub, actor: Actor, task_id: UUID, form: Filled) -> object:
    given = form.values
    return ask(hub, actor, task_id, given["question"], version=given["version"])


def _contact(hub: Hub, actor: Actor, task_id: UUID, _form: Filled) -> object:
    return record_contact(hub, actor, task_id)


def _close(hub: Hub, actor: Actor, task_id: UUID, form: Filled) -> object:
    given = form.values
    told = given["person_told"] is Answer.YES
    closing = CloseTask(task_id, given["outcome"], told, given["next_step"], given["give_help"])
    return close_task(hub, actor, closing)


ACCEPT = Question("accept", TaskEvent.ACCEPT, AcceptPage, _accept)
DECLINE = Question("decline", TaskEvent.DECLINE, DeclinePage, _decline)
ASK = Question("ask", TaskEvent.ASK, AskPage, _ask)
CONTACT = Question("contact", TaskEvent.CONTACT, ContactPage, _contact)
CLOSE = Question("close", TaskEvent.CLOSE, ClosePage, _close)
QUESTIONS = {question.name: question for question in (ACCEPT, CONTACT, CLOSE, ASK, DECLINE)}


def staff_place(task_id: UUID) -> Place:
    """Return where signed-in staff answer a task."""
    return Place(
        task_id,
        show=lambda done: url_for("tasks.show", task_id=task_id, done=done),
        answer=lambda name: url_for(f"answers.{name}_form", task_id=task_id),
    )


def offered_answers(view: TaskView, place: Place | None = None) -> list[Offered]:
    """Return the answers that are possible now, the likeliest first."""
    where = place or staff_place(view.task.id)
    return [
        Offered(question.event.value, where.answer(question.name))
        for question in QUESTIONS.values()
        if question.event in view.moves
    ]


def accept_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask whether there is anything to say on accepting."""
    return question_page(hub, actor, ACCEPT, staff_place(task_id))


def accept(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Take the referral on."""
    return answered(hub, actor, ACCEPT, staff_place(task_id))


def decline_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask why not."""
    return question_page(hub, actor, DECLINE, staff_place(task_id))


def decline(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Say no; the hub asks the next service by itself."""
    return answered(hub, actor, DECLINE, staff_place(task_id))


def ask_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask for the question."""
    return question_page(hub, actor, ASK, staff_place(task_id))


def ask_sender(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Send the question, once."""
    return answered(hub, actor, ASK, staff_place(task_id))


def contact_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask to confirm that the person was reached."""
    return question_page(hub, actor, CONTACT, staff_place(task_id))


def contact(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Record the first contact."""
    return answered(hub, actor, CONTACT, staff_place(task_id))


def close_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask how it ended."""
    return question_page(hub, actor, CLOSE, staff_place(task_id))


def close(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Close the task with its outcome."""
    return answered(hub, actor, CLOSE, staff_place(task_id))


def moved_on(view: TaskView, what: str | None = None, place: Place | None = None) -> str:
    """Say that the task is not where its reader thought it was, and where it is."""
    where = place or staff_place(view.task.id)
    return render_template("tasks/moved_on.html", view=view, what=what, show=where.show(None))


def question_page(hub: Hub, actor: Actor, question: Question, place: Place) -> Any:
    """The page of a question, as it is before anything is typed."""
    view = read_task(hub, actor, place.task_id)
    return _page(view, question, Filled({"version": str(view.task.version)}), place=place)


def answered(hub: Hub, actor: Actor, question: Question, place: Place) -> Any:
    """Send what the current request's form answers, once."""
    form = read_form(question.schema())
    view = read_task(hub, actor, place.task_id)
    if not form.ok:
        return _page(view, question, form, place=place)
    try:
        question.send(hub, actor, place.task_id, form)
    except InvalidInput as problem:
        messages = {name: words[0] for name, words in problem.fields.items()}
        return _page(view, question, form.with_errors(**messages), place=place)
    except Conflict:
        return moved_on(read_task(hub, actor, place.task_id), place=place), 409
    return redirect(place.show(question.event.value))


def _page(view: TaskView, question: Question, form: Filled, *, place: Place) -> Any:
    """The page, unless the answer is no longer possible; 422 where something is to be put right."""
    if question.event not in view.moves:
        return moved_on(view, place=place), 409
    shown = render_template(
        f"tasks/{question.name}.html",
        view=view,
        form=form,
        action=place.answer(question.name),
        back=place.show(None),
    )
    return (shown, 422) if form.errors else shown
