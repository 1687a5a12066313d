"""The administrator's page for callbacks: addresses, and secrets that are shown once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.callback_endpoints import (
    Secrets,
    list_endpoints,
    register_endpoint,
    rotate_secrets,
    switch_endpoint,
)
from referral_hub.services.hub import Hub
from referral_hub.web.deliveries import SwitchPage
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.callbacks import CallbackPage
from referral_hub.web.history import delivery_words
from referral_hub.web.rendering import words


def list_all(hub: Hub, actor: Actor) -> str:
    """Every address of the agency."""
    return _page(hub, actor, Filled())


def register(hub: Hub, actor: Actor) -> Any:
    """Register an address and show its secrets, once."""
    form = read_form(CallbackPage())
    if not form.ok:
        return _page(hub, actor, form), 422
    try:
        return _shown(register_endpoint(hub, actor, form.values["url"]))
    except InvalidInput as wrong:
        return _page(hub, actor, form.with_errors(url=wrong.fields["url"][0])), 422
    except Conflict as full:
        return _page(hub, actor, form.with_errors(url=str(full))), 409


def rotate(hub: Hub, actor: Actor, endpoint_id: UUID) -> Any:
    """Make new secrets and show them, once."""
    read_form(SwitchPage())
    return _shown(rotate_secrets(hub, actor, endpoint_id))


def switch_off(hub: Hub, actor: Actor, endpoint_id: UUID) -> Response:
    """Call this address no more."""
    read_form(SwitchPage())
    switch_endpoint(hub, actor, endpoint_id, on=False)
    return redirect(url_for("callbacks.list_all", done="off"))


def switch_on(hub: Hub, actor: Actor, endpoint_id: UUID) -> Any:
    """Call this address again."""
    read_form(SwitchPage())
    try:
        switch_endpoint(hub, actor, endpoint_id, on=True)
    except Conflict as refused:
        return _page(hub, actor, Filled(), told=str(refused)), 409
    return redirect(url_for("callbacks.list_all", done="on"))


def _page(hub: Hub, actor: Actor, form: Filled, told: str | None = None) -> str:
    return render_template(
        "callbacks/list.html",
        endpoints=list_endpoints(hub, actor),
        why=lambda code: delivery_words(code, words()),
        form=form,
        done=request.args.get("done"),
        told=told,
    )


def _shown(made: Secrets) -> str:
    return render_template("callbacks/secrets.html", made=made, back=url_for("callbacks.list_all"))
