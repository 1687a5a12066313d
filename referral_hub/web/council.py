"""The accountable council's pages: every open task, and what could not be delivered.

Nothing is opened here and no consent is asked: there are references, codes, names of agencies
and ages, and no word about a person. A task that was offered to the council itself is opened
where every recipient opens its tasks.
"""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.emergency_access import may_ask
from referral_hub.services.hub import Hub
from referral_hub.services.next_steps import next_step
from referral_hub.services.oversee import list_undelivered, open_referrals, replay
from referral_hub.services.read_referrals import read_referral
from referral_hub.web.history import delivery_words, owners_history
from referral_hub.web.known import page_before
from referral_hub.web.rendering import words


def list_open(hub: Hub, actor: Actor) -> str:
    """Everything that is not finished, oldest first."""
    return render_template(
        "council/list.html",
        page=open_referrals(hub, actor, after=_after()),
        undelivered=len(list_undelivered(hub, actor)),
        us=actor.agency_id,
    )


def show(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """One referral: where each part stands, what holds it up, and what has happened."""
    view = read_referral(hub, actor, referral_id)
    return render_template(
        "council/referral.html",
        view=view,
        history=owners_history(view.history, words()),
        next_step=next_step,
        us=actor.agency_id,
        emergency={task.id for task in view.current if may_ask(actor, task)},
        back=url_for("council.list_open"),
    )


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


def _after() -> UUID | None:
    """Where the list continues; it runs forward, so its key is called `after`."""
    given = request.args.get("after")
    return page_before({"before": given}) if given is not None else None
