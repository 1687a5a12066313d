"""The registers' pages: what there is, one item, its approval and its end, and files to take away.

Writing items has pages of its own (`web.register_forms`). The officer and the administrator of an
agency both keep registers, so that there is a second person.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import Register
from referral_hub.errors import Conflict, NotFound
from referral_hub.services.agreement_register import decide_agreement
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import decide_notice
from referral_hub.services.register_files import register_file
from referral_hub.services.registers import end_item, own_details, read_item, read_register
from referral_hub.services.table_forms import TableForm
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.retention import NothingPage
from referral_hub.web.notice_pages import told
from referral_hub.web.register_words import described, facts_of
from referral_hub.web.rendering import words

MEDIA_TYPES = {
    TableForm.CSV: "text/csv; charset=utf-8",
    TableForm.JSON: "application/json",
    TableForm.PDF: "application/pdf",
}
_FILES = {f"{register}.{form}": (register, form) for register in Register for form in TableForm}


def show_all(hub: Hub, actor: Actor) -> str:
    """Every register of the agency, with what is due."""
    found = {register: read_register(hub, actor, register) for register in Register}
    listed = [
        (register, [described(item, actor, words()) for item in items])
        for register, items in found.items()
    ]
    return render_template(
        "registers/list.html", registers=listed, details=own_details(hub, actor), forms=TableForm
    )


def show(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> str:
    """One item."""
    return _item(hub, actor, register, item_id, form=Filled())


def approve(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> Any:
    """Approve what somebody else proposed."""
    return _step(hub, actor, register, item_id, step=_deciding(register, approve=True))


def turn_down(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> Any:
    """Turn down what somebody else proposed."""
    return _step(hub, actor, register, item_id, step=_deciding(register, approve=False))


def end(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> Any:
    """End an item now, or withdraw one's own proposal."""

    def step(hub: Hub, actor: Actor, item_id: UUID) -> None:
        end_item(hub, actor, _named(register), item_id)

    return _step(hub, actor, register, item_id, step=step)


def download(hub: Hub, actor: Actor, name: str) -> Response:
    """A register as CSV, JSON or PDF; another name is not there."""
    if name not in _FILES:
        raise NotFound
    register, form = _FILES[name]
    file = io.BytesIO()
    register_file(hub, actor, register, file, form=form)
    answer = Response(file.getvalue(), mimetype=MEDIA_TYPES[form])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


Step = Callable[[Hub, Actor, UUID], None]


def _deciding(register: str, *, approve: bool) -> Step:
    def step(hub: Hub, actor: Actor, item_id: UUID) -> None:
        match _named(register):
            case Register.AGREEMENTS:
                decide_agreement(hub, actor, item_id, approve=approve)
            case Register.NOTICES:
                decide_notice(hub, actor, item_id, approve=approve)
            case Register.ACTIVITIES:
                raise NotFound

    return step


def _step(hub: Hub, actor: Actor, register: str, item_id: UUID, *, step: Step) -> Any:
    form = read_form(NothingPage())
    try:
        step(hub, actor, item_id)
    except Conflict as refused:
        form = form.with_errors(item=str(refused))
        return _item(hub, actor, register, item_id, form=form), 409
    return redirect(url_for("registers.show", register=register, item_id=item_id))


def _item(hub: Hub, actor: Actor, register: str, item_id: UUID, *, form: Filled) -> str:
    item = read_item(hub, actor, _named(register), item_id)
    return render_template(
        "registers/item.html",
        item=item,
        told=told(hub, actor, item) if item.register is Register.NOTICES else None,
        one=described(item, actor, words()),
        facts=facts_of(item, words()),
        form=form,
        back=url_for("registers.show_all"),
    )


def _named(register: str) -> Register:
    try:
        return Register(register)
    except ValueError:
        raise NotFound from None
