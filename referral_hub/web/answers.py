"""What a recipient says about a task, each on a small page of its own.

Sending a page twice is harmless: saying the same again is the same answer, and a question is bound
to the version of the task that its page showed. A task that somebody else has moved meanwhile gets
a page that says where it stands now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskEvent
from referral_hub.errors import Conflict
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact
from referral_hub.services.hub import Hub
from referral_hub.services.task_inbox import TaskView, read_task
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.referral import Answer
from referral_hub.web.forms.tasks import AcceptPage, AskPage, ClosePage, ContactPage, DeclinePage


@dataclass(frozen=True, slots=True)
class Offered:
    """An answer that is possible now, and the page for it."""

    event: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Question:
    """A page: its template's name, the move it asks for, and its fields."""

    name: str
    event: TaskEvent
    schema: type[FormPage]


ACCEPT = Question("accept", TaskEvent.ACCEPT, AcceptPage)
DECLINE = Question("decline", TaskEvent.DECLINE, DeclinePage)
ASK = Question("ask", TaskEvent.ASK, AskPage)
CONTACT = Question("contact", TaskEvent.CONTACT, ContactPage)
CLOSE = Question("close", TaskEvent.CLOSE, ClosePage)
QUESTIONS = (ACCEPT, CONTACT, CLOSE, ASK, DECLINE)


def offered_answers(view: TaskView) -> list[Offered]:
    """Return the answers that are possible now, the likeliest first."""
    return [
        Offered(question.event.value, f"answers.{question.name}_form")
        for question in QUESTIONS
        if question.event in view.moves
    ]


def accept_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask whether there is anything to say on accepting."""
    return _page(read_task(hub, actor, task_id), ACCEPT, Filled())


def accept(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Take the referral on."""

    def send(form: Filled) -> object:
        return answer_task(hub, actor, AnswerTask(task_id, True, None, form.values["note"]))

    return _answer(hub, actor, task_id, question=ACCEPT, send=send)


def decline_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask why not."""
    return _page(read_task(hub, actor, task_id), DECLINE, Filled())


def decline(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Say no; the hub asks the next service by itself."""

    def send(form: Filled) -> object:
        given = form.values
        return answer_task(hub, actor, AnswerTask(task_id, False, given["reason"], given["note"]))

    return _answer(hub, actor, task_id, question=DECLINE, send=send)


def ask_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask for the question."""
    view = read_task(hub, actor, task_id)
    return _page(view, ASK, Filled({"version": str(view.task.version)}))


def ask_sender(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Send the question, once."""

    def send(form: Filled) -> object:
        given = form.values
        return ask(hub, actor, task_id, given["question"], version=given["version"])

    return _answer(hub, actor, task_id, question=ASK, send=send)


def contact_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask to confirm that the person was reached."""
    return _page(read_task(hub, actor, task_id), CONTACT, Filled())


def contact(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Record the first contact."""

    def send(_form: Filled) -> object:
        return record_contact(hub, actor, task_id)

    return _answer(hub, actor, task_id, question=CONTACT, send=send)


def close_form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask how it ended."""
    return _page(read_task(hub, actor, task_id), CLOSE, Filled())


def close(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Close the task with its outcome."""

    def send(form: Filled) -> object:
        given = form.values
        told = given["person_told"] is Answer.YES
        closing = CloseTask(task_id, given["outcome"], told, given["next_step"])
        return close_task(hub, actor, closing)

    return _answer(hub, actor, task_id, question=CLOSE, send=send)


def moved_on(view: TaskView, what: str | None = None) -> str:
    """Say that the task is not where its reader thought it was, and where it is."""
    return render_template("tasks/moved_on.html", view=view, what=what)


def _answer(
    hub: Hub,
    actor: Actor,
    task_id: UUID,
    *,
    question: Question,
    send: Callable[[Filled], object],
) -> Any:
    form = read_form(question.schema())
    view = read_task(hub, actor, task_id)
    if not form.ok:
        return _page(view, question, form)
    try:
        send(form)
    except Conflict:
        return moved_on(read_task(hub, actor, task_id)), 409
    return redirect(url_for("tasks.show", task_id=task_id, done=question.event.value))


def _page(view: TaskView, question: Question, form: Filled) -> Any:
    """The page, unless the answer is no longer possible; 422 where something is to be put right."""
    if question.event not in view.moves:
        return moved_on(view), 409
    shown = render_template(
        f"tasks/{question.name}.html",
        view=view,
        form=form,
        back=url_for("tasks.show", task_id=view.task.id),
    )
    return (shown, 422) if form.errors else shown
