"""A complaint on a page: who complained, about what, and what it is about in the hub."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import RecordComplaint
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.record_matter import record_complaint
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.matters import ComplaintPage


def form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """What is asked about a complaint."""
    return _form(hub, Filled())


def record(hub: Hub, actor: Actor) -> Any:
    """Record it; thirty days run until it has to be acknowledged."""
    filled = read_form(ComplaintPage())
    if not filled.ok:
        return _form(hub, filled), 422
    try:
        made = record_complaint(hub, actor, RecordComplaint(**filled.values))
    except InvalidInput as problem:
        told = {name: said[0] for name, said in problem.fields.items()}
        return _form(hub, filled.with_errors(**told)), 422
    return redirect(url_for("matters.show", matter_id=made))


def _form(hub: Hub, filled: Filled) -> str:
    return render_template(
        "officer/matters/complaint.html",
        today=local_day(hub.clock()),
        form=filled,
        back=url_for("matters.list_all"),
    )
