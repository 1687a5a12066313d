"""The accountable council's pages: every open task, and what could not be delivered.

Nothing is opened here and no consent is asked: there are references, codes, names of agencies
and ages, and no word about a person. A task that was offered to the council itself is opened
where every recipient opens its tasks.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor, DecideForChild
from referral_hub.errors import Conflict
from referral_hub.services.choose_recipient import (
    choose_recipient,
    to_choose,
    waits_for_choice,
)
from referral_hub.services.decide_for_child import (
    NOTHING_TO_DECIDE,
    decide_for_child,
    disagreements,
)
from referral_hub.services.emergency_access import may_ask
from referral_hub.services.hub import Hub
from referral_hub.services.next_steps import next_step
from referral_hub.services.oversee import list_undelivered, open_referrals, replay
from referral_hub.services.read_referrals import ReferralView, read_referral
from referral_hub.services.steer import Steering, possible_for_owner
from referral_hub.store.referrals import TaskRow
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.choosing import ChoicePage
from referral_hub.web.forms.deciding import ChildDecisionPage
from referral_hub.web.forms.referral import Answer
from referral_hub.web.history import delivery_words, owners_history
from referral_hub.web.known import page_before
from referral_hub.web.looking import ask_why
from referral_hub.web.rendering import words


def list_open(hub: Hub, actor: Actor) -> str:
    """Everything that is not finished, oldest first."""
    return render_template(
        "council/list.html",
        page=open_referrals(hub, actor, after=_after()),
        undelivered=len(list_undelivered(hub, actor)),
        us=actor.agency_id,
    )


def show(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """One referral: where each part stands, what holds it up, and what has happened."""
    view = read_referral(hub, actor, referral_id)
    return ask_why(hub, actor, view) or render_template(
        "council/referral.html",
        view=view,
        history=owners_history(view.history, words()),
        next_step=next_step,
        us=actor.agency_id,
        emergency={task.id for task in view.current if may_ask(actor, task)},
        choosing=any(map(waits_for_choice, view.current)),
        children={task.id for task in disagreements(view.current)},
        possible={task.id: _possible(actor, task) for task in view.current},
        done=_done(),
        back=url_for("council.list_open"),
    )


def _possible(actor: Actor, task: TaskRow) -> tuple[Steering, ...]:
    return possible_for_owner(task) if task.owner_agency_id == actor.agency_id else ()


def _done() -> Steering | None:
    given = request.args.get("done")
    return Steering(given) if given in set(Steering) else None


def child_form(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Ask what is decided where a child and a parent disagree."""
    view = read_referral(hub, actor, referral_id)
    shown = _child(view, Filled())
    return ask_why(hub, actor, view) or shown


def decide_child(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Record the decision; what was held goes on by itself."""
    form = read_form(ChildDecisionPage())
    if not form.ok:
        view = read_referral(hub, actor, referral_id)
        return ask_why(hub, actor, view) or (_child(view, form), 422)
    share = form.values["share"] is Answer.YES
    decide_for_child(hub, actor, DecideForChild(referral_id, share, form.values["reasons"]))
    return redirect(url_for("council.show", referral_id=referral_id))


def choices(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Who may be chosen for each part that waits for it, in order and with the reasons."""
    shown = _choices(hub, actor, referral_id, Filled())
    return ask_why(hub, actor, read_referral(hub, actor, referral_id)) or shown


def choose(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Take one of the plan; the hub goes on from there by itself."""
    form = read_form(ChoicePage())
    if not form.ok:
        shown = _choices(hub, actor, referral_id, form)
        return ask_why(hub, actor, read_referral(hub, actor, referral_id)) or (shown, 422)
    slot, position = form.values["taken"]
    choose_recipient(hub, actor, referral_id, slot=slot, position=position)
    return redirect(url_for("council.show", referral_id=referral_id))


def list_stuck(hub: Hub, actor: Actor) -> str:
    """Deliveries that gave up and need a person."""
    rows = [(row, delivery_words(row.last_code, words())) for row in list_undelivered(hub, actor)]
    return render_template(
        "council/undelivered.html",
        rows=rows,
        done="done" in request.args,
        back=url_for("council.list_open"),
    )


def try_again(hub: Hub, actor: Actor, outbox_id: UUID) -> Response:
    """Put a delivery back into the queue under its old effect id."""
    replay(hub, actor, outbox_id)
    return redirect(url_for("council.list_stuck", done=1))


def _child(view: ReferralView, form: Filled) -> str:
    if not disagreements(view.current):
        raise Conflict(NOTHING_TO_DECIDE)
    back = url_for("council.show", referral_id=view.referral.id)
    return render_template("council/child.html", view=view, form=form, back=back)


def _choices(hub: Hub, actor: Actor, referral_id: UUID, form: Filled) -> str:
    parts = to_choose(hub, actor, referral_id)
    return render_template(
        "council/choose.html",
        parts=parts,
        form=form,
        back=url_for("council.show", referral_id=referral_id),
        action=url_for("council.choose", referral_id=referral_id),
    )


def _after() -> UUID | None:
    """Where the list continues; it runs forward, so its key is called `after`."""
    given = request.args.get("after")
    return page_before({"before": given}) if given is not None else None
