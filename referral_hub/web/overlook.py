"""The overlooking board, why somebody looks at a case, and what the council does with a part.

There are references, codes and names of agencies, and no word about a person. Each thing to do is a
small page of its own that says what will happen; it is bound to the version that it showed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from referral_hub.domain.commands import Actor, CloseTask
from referral_hub.domain.overlooking import Worry
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.answer_task import close_task
from referral_hub.services.hub import Hub
from referral_hub.services.overlook import read_board, say_why
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.steer import MOVED_ON, Part, Steer, Steering, see_part, steer
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.overlooking import (
    CloseForOthersPage,
    InquirePage,
    LookPage,
    RoutePage,
    SteerPage,
)
from referral_hub.web.forms.referral import Answer
from referral_hub.web.known import page_before
from referral_hub.web.looking import ask_why

PAGES: Mapping[Steering, type[FormPage]] = {
    Steering.TAKE: SteerPage,
    Steering.ROUTE: RoutePage,
    Steering.ASK: InquirePage,
    Steering.HOLD: SteerPage,
    Steering.RESUME: SteerPage,
    Steering.CLOSE: CloseForOthersPage,
    Steering.TAKE_BACK: SteerPage,
}


def board(hub: Hub, actor: Actor) -> str:
    """What may go wrong, or one kind of it, oldest first."""
    worry, after = _worry(), request.args.get("after")
    return render_template(
        "council/board.html",
        page=read_board(
            hub, actor, worry=worry, after=page_before({"before": after}) if after else None
        ),
        worry=worry,
        worries=list(Worry),
        now=hub.clock(),
        back=url_for("council.list_open"),
    )


def why_form(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Ask why somebody looks at a case beyond its own."""
    return _why(hub, actor, referral_id, Filled())


def say(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Record why, and show it."""
    form = read_form(LookPage())
    if not form.ok:
        return _why(hub, actor, referral_id, form), 422
    say_why(hub, actor, referral_id, form.values["reason"])
    return redirect(url_for("council.show", referral_id=referral_id))


def steer_form(hub: Hub, actor: Actor, task_id: UUID, what: str) -> Any:
    """Say what will happen, and ask why."""
    chosen, part = _what(what), see_part(hub, actor, task_id)
    return _ask_why(hub, actor, part) or _steering(part, what=chosen, form=Filled())


def do(hub: Hub, actor: Actor, task_id: UUID, what: str) -> Any:
    """Take, route, ask, hold, let go on, close or take back."""
    chosen = _what(what)
    form = read_form(PAGES[chosen]())
    part = see_part(hub, actor, task_id)
    if not form.ok:
        return _ask_why(hub, actor, part) or (_steering(part, what=chosen, form=form), 422)
    given = form.values
    if chosen is Steering.CLOSE:
        if given["version"] != part.task.version or chosen not in part.possible:
            raise Conflict(MOVED_ON)
        told = given["person_told"] is Answer.YES
        close_task(hub, actor, CloseTask(task_id, given["outcome"], told, given["next_step"]))
    else:
        wanted = Steer(task_id, given["version"], given.get("why", ""), given.get("position"))
        try:
            steer(hub, actor, chosen, wanted)
        except InvalidInput:
            raise NotFound from None
    return redirect(url_for("council.show", referral_id=part.task.referral_id, done=chosen))


def _why(hub: Hub, actor: Actor, referral_id: UUID, form: Filled) -> str:
    view = read_referral(hub, actor, referral_id)
    return render_template(
        "council/why.html", view=view, form=form, back=url_for("council.list_open")
    )


def _ask_why(hub: Hub, actor: Actor, part: Part) -> Any:
    return ask_why(hub, actor, read_referral(hub, actor, part.task.referral_id))


def _steering(part: Part, *, what: Steering, form: Filled) -> str:
    if what not in part.possible:
        raise NotFound
    return render_template(
        "council/steer.html",
        part=part,
        what=what,
        form=form,
        back=url_for("council.show", referral_id=part.task.referral_id),
    )


def _what(given: str) -> Steering:
    try:
        return Steering(given)
    except ValueError:
        raise NotFound from None


def _worry() -> Worry | None:
    given = request.args.get("worry")
    try:
        return Worry(given) if given else None
    except ValueError:
        raise NotFound from None
