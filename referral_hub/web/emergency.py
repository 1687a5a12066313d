"""Emergency access: a page that asks why, a button that opens once, and plain words when refused.

What is refused about the person (a "never", a conflict, a death) is told in the words that
recipients read everywhere: this agency must not learn more by claiming an emergency.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor, AskEmergencyAccess
from referral_hub.domain.ids import new_id
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.area_names import area_names
from referral_hub.services.emergency_access import (
    EmergencyView,
    ask_emergency_access,
    open_in_emergency,
    read_emergency,
)
from referral_hub.services.hub import Hub
from referral_hub.services.release import Withheld
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.emergency import ClaimPage
from referral_hub.web.history import recipients_reason
from referral_hub.web.opened import sections
from referral_hub.web.rendering import words

_ABOUT_THE_TICKET = "emergency_"


def form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Ask why, or show the button that opens while a claim can still be used."""
    try:
        view = read_emergency(hub, actor, task_id)
    except Conflict as conflict:
        return _moved_on(conflict)
    return _page(actor, view, Filled({"ticket": str(new_id(hub.clock()))}))


def ask(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Claim the emergency."""
    given = read_form(ClaimPage())
    try:
        view = read_emergency(hub, actor, task_id)
    except Conflict as conflict:
        return _moved_on(conflict)
    if not given.ok:
        return _page(actor, view, given), 422
    ticket_id = given.values["ticket"] or new_id(hub.clock())
    cause, reason = given.values["cause"], given.values["reason"]
    try:
        ask_emergency_access(hub, actor, AskEmergencyAccess(task_id, ticket_id, cause, reason))
    except InvalidInput as problem:
        errors = {name: told[0] for name, told in problem.fields.items()}
        return _page(actor, view, given.with_errors(**errors)), 422
    except Withheld as withheld:
        return _refused(_told(withheld), _back(actor, view)), 403
    except Conflict as conflict:
        return _moved_on(conflict)
    return redirect(url_for("emergency.form", task_id=task_id))


def open_once(hub: Hub, actor: Actor, task_id: UUID, ticket_id: UUID) -> Any:
    """Open the record; it cannot be opened a second time."""
    back = url_for("emergency.form", task_id=task_id)
    try:
        opened = open_in_emergency(hub, actor, task_id, ticket_id)
    except Withheld as withheld:
        return _refused(_told(withheld), back), 403
    except Conflict as conflict:
        return _moved_on(conflict)
    return render_template(
        "emergency/opened.html",
        task=opened.task,
        sections=sections(opened.fields, words(), area_names(hub, actor)),
        back=back,
    )


def _page(actor: Actor, view: EmergencyView, given: Filled) -> str:
    back = _back(actor, view)
    return render_template("emergency/ask.html", view=view, form=given, back=back)


def _moved_on(conflict: Conflict) -> tuple[str, int]:
    return _refused(str(conflict), url_for("pages.home")), 409


def _back(actor: Actor, view: EmergencyView) -> str:
    task = view.task
    if actor.agency_id == task.recipient_agency_id and task.released_at:
        return url_for("tasks.show", task_id=task.id)
    return url_for("council.show", referral_id=task.referral_id)


def _refused(told: str, back: str) -> str:
    return render_template("emergency/refused.html", told=told, back=back)


def _told(withheld: Withheld) -> str:
    if withheld.reason.startswith(_ABOUT_THE_TICKET):
        return str(withheld)
    return recipients_reason(withheld.reason, words()).missing
