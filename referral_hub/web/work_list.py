"""The work list: what waits for a person, by reference, with the way to clear it.

The same page serves the sender's staff, the accountable council and their data protection officers;
what differs is the words for who can clear a line, and the link.
"""

from __future__ import annotations

from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services.acknowledge import acknowledge, settle
from referral_hub.services.hub import Hub
from referral_hub.services.person_told import person_told
from referral_hub.services.work_list import Waits, read_work_list
from referral_hub.web.forms import read_form
from referral_hub.web.forms.my import PressPage
from referral_hub.web.known import page_before


def show(hub: Hub, actor: Actor) -> str:
    """Everything that waits, or one kind of it, oldest first."""
    what, after = _what(), request.args.get("after")
    page = read_work_list(
        hub, actor, what=what, after=page_before({"before": after}) if after else None
    )
    return render_template(
        "work_list.html",
        page=page,
        what=what,
        kinds=list(Waits),
        clearers="Clearer" if actor.role is Role.REFERRER else "Clearer.overseen",
        done=request.args.get("done"),
    )


def seen(hub: Hub, actor: Actor, notification_id: UUID) -> Response:
    """A recipient acted on it, or the sender has seen that an agreement ends."""
    acknowledge(hub, actor, notification_id)
    task_id = request.args.get("task")
    if task_id is not None:
        task = page_before({"before": task_id})
        return redirect(url_for("tasks.show", task_id=task, done="acknowledge"))
    return redirect(url_for("work_list.show", done="seen"))


def settled(hub: Hub, actor: Actor, notification_id: UUID) -> Response:
    """A silent recipient told the sender or the council in another way."""
    settle(hub, actor, notification_id)
    return redirect(url_for("work_list.show", done="settled"))


def told(hub: Hub, actor: Actor, message_id: UUID) -> Response:
    """The sender told the person."""
    read_form(PressPage())
    person_told(hub, actor, message_id)
    return redirect(url_for("work_list.show", done="person_told"))


def _what() -> Waits | None:
    given = request.args.get("what")
    if not given:
        return None
    try:
        return Waits(given)
    except ValueError:
        raise NotFound from None
