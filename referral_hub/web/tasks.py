"""The recipient's inbox: what reached the agency, what may be done, and the referral, opened.

Lists and pages show references, dates and states, never a name. Opening is a button of its own,
because every look stands in the log before anything is shown; what is shown is what the person
still agrees to at that moment, and nothing that was not permitted leaves a gap to be seen. A
refusal is told in words for recipients: consent's own words may say something about the person
that this agency must not learn.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import render_template, request, url_for

from consent.model import Stage
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import DISCLOSED, TaskState
from referral_hub.errors import Conflict, NotFound
from referral_hub.services.area_names import area_names
from referral_hub.services.emergency_access import may_ask
from referral_hub.services.hub import Hub
from referral_hub.services.recipient_board import Pile, read_board, read_pile
from referral_hub.services.record_scores import may_record
from referral_hub.services.release import Withheld, open_task
from referral_hub.services.task_inbox import read_task
from referral_hub.web.answers import Place, moved_on, offered_answers, staff_place
from referral_hub.web.history import recipients_history, recipients_reason
from referral_hub.web.known import page_before
from referral_hub.web.opened import sections
from referral_hub.web.rendering import words


def list_all(hub: Hub, actor: Actor) -> str:
    """The agency's board, or one of its piles."""
    pile, after = _pile(), request.args.get("after")
    if pile is None:
        board = read_board(hub, actor)
        heaps, rooms = board.heaps, board.rooms
    else:
        key = page_before({"before": after}) if after is not None else None
        heaps, rooms = {pile: read_pile(hub, actor, pile, after=key)}, None
    return render_template(
        "tasks/list.html",
        heaps=heaps,
        rooms=rooms,
        pile=pile,
        piles=list(Pile),
        now=hub.clock(),
        done=request.args.get("done"),
    )


def show(hub: Hub, actor: Actor, task_id: UUID) -> str:
    """One task without its content: where it stands, and the button that opens it."""
    view = read_task(hub, actor, task_id)
    return render_template(
        "tasks/show.html",
        view=view,
        answers=offered_answers(view),
        may_open=view.task.state in DISCLOSED,
        history=recipients_history(view.history, words()),
        done=request.args.get("done"),
        emergency=may_ask(actor, view.task),
        scores=may_record(actor, view.task),
        back=url_for("tasks.list_all"),
    )


def open_referral(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Open the referral while it is the agency's; the look is in the log before anything shows."""
    return opened(hub, actor, staff_place(task_id))


def opened(hub: Hub, actor: Actor, place: Place) -> Any:
    """The opened referral, or why it cannot be shown, for whoever reads at `place`."""
    view = read_task(hub, actor, place.task_id)
    if view.task.state not in DISCLOSED:
        return moved_on(view, place=place), 409
    back = place.show(None)
    try:
        found = open_task(hub, actor, place.task_id)
    except Withheld as withheld:
        told = recipients_reason(withheld.reason, words())
        return render_template(
            "tasks/withheld.html",
            view=view,
            told=told,
            back=back,
            emergency=may_ask(actor, view.task),
        ), 403
    except Conflict as conflict:
        return moved_on(view, str(conflict), place), 409
    more = found.stage is Stage.OFFER and view.task.state == TaskState.OFFERED
    return render_template(
        "tasks/opened.html",
        view=view,
        opened=found,
        shown_until=found.until - timedelta(minutes=1),
        sections=sections(found.fields, words(), area_names(hub, actor)),
        more_after_accepting=more,
        answers=offered_answers(view, place),
        us=actor.agency_id,
        back=back,
    )


def _pile() -> Pile | None:
    given = request.args.get("show")
    if not given:
        return None
    try:
        return Pile(given)
    except ValueError:
        raise NotFound from None
