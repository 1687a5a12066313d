"""Reading and answering one task without an account, after a one-time link and the group's code.

The pages are those of signed-in staff at another address; the address names the visit and the
browser's cookie proves it. Every other browser, and every other task, is not there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.transitions import DISCLOSED
from referral_hub.errors import HubError, NotFound
from referral_hub.services.acknowledge import acknowledge
from referral_hub.services.hub import Hub
from referral_hub.services.task_inbox import read_task
from referral_hub.services.visits import Visit, visit_of
from referral_hub.services.visits import leave as end_visit
from referral_hub.web.answers import (
    QUESTIONS,
    Place,
    answered,
    offered_answers,
    question_page,
)
from referral_hub.web.forms import read_form
from referral_hub.web.forms.links import AgainPage
from referral_hub.web.guards import Guard
from referral_hub.web.history import recipients_history
from referral_hub.web.links import forget_visit, kept_visits
from referral_hub.web.rendering import words
from referral_hub.web.tasks import opened


class VisitOver(HubError):
    """The visit's hour has passed, or it was ended; the browser had begun it."""


def show(hub: Hub, visit: Visit, invitation_id: UUID) -> Any:
    """Where the task stands, what was told since, and the button that opens it."""
    view = read_task(hub, visit.actor, visit.task_id)
    place = _place(visit, invitation_id)
    return render_template(
        "links/visit.html",
        view=view,
        visit=visit,
        answers=offered_answers(view, place),
        may_open=view.task.state in DISCLOSED,
        history=recipients_history(view.history, words()),
        done=request.args.get("done"),
    )


def open_referral(hub: Hub, visit: Visit, invitation_id: UUID) -> Any:
    """Open what the agency may be told at this moment; the look is in the log first."""
    return opened(hub, visit.actor, _place(visit, invitation_id))


def question(hub: Hub, visit: Visit, invitation_id: UUID, name: str) -> Any:
    """The page of one answer."""
    return question_page(hub, visit.actor, QUESTIONS[name], _place(visit, invitation_id))


def answer(hub: Hub, visit: Visit, invitation_id: UUID, name: str) -> Any:
    """Accept, decline, ask, record the first contact or close."""
    return answered(hub, visit.actor, QUESTIONS[name], _place(visit, invitation_id))


def acted(hub: Hub, visit: Visit, invitation_id: UUID, notification_id: UUID) -> Response:
    """Say that the agency acted on what it was told about this task."""
    told = read_task(hub, visit.actor, visit.task_id).told
    if notification_id not in {row.id for row in told}:
        raise NotFound
    acknowledge(hub, visit.actor, notification_id)
    return redirect(url_for("visits.show", invitation_id=invitation_id, done="acknowledge"))


def leave(hub: Hub, visit: Visit, invitation_id: UUID) -> Response:
    """End the visit on this computer."""
    read_form(AgainPage())
    end_visit(hub, visit)
    forget_visit(invitation_id)
    return redirect(url_for("visits.left"))


def left(_hub: Hub) -> str:
    """Say that the visit has ended."""
    return render_template("links/left.html", over=False)


def over(_error: VisitOver) -> tuple[str, int]:
    """The page of a visit whose hour has passed."""
    return render_template("links/left.html", over=True), 410


def _place(visit: Visit, invitation_id: UUID) -> Place:
    return Place(
        visit.task_id,
        show=lambda done: url_for("visits.show", invitation_id=invitation_id, done=done),
        answer=lambda name: url_for("visits.question", invitation_id=invitation_id, name=name),
    )


def _admit(hub: Hub) -> tuple[Visit]:
    invitation_id = (request.view_args or {})["invitation_id"]
    visit = visit_of(hub, invitation_id, kept_visits().get(str(invitation_id)))
    if visit.over:
        raise VisitOver("This visit is over.")
    return (visit,)


VISITOR = Guard("visitor: a one-time link and its code", _admit)
