"""What waits for whom, what holds it back, and the switches: for administrators.

Counts, ages and codes of agencies, and no word about a person. Stopping takes effect for everything
that no worker has taken up yet; starting again loses nothing.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.domain.deliveries import Way
from referral_hub.errors import Conflict
from referral_hub.services import deliveries
from referral_hub.services.hub import Hub
from referral_hub.web.forms import FormPage, read_form
from referral_hub.web.history import delivery_words
from referral_hub.web.rendering import words


class SwitchPage(FormPage):
    """A button: nothing to fill in."""


def show(hub: Hub, actor: Actor) -> Any:
    """Every destination that the reader looks after."""
    return _page(hub, actor)


def stop_agency(hub: Hub, actor: Actor, agency_id: UUID) -> Any:
    """Hold back what goes to an agency."""
    read_form(SwitchPage())
    deliveries.stop_agency(hub, actor, agency_id)
    return _done("stopped")


def start_agency(hub: Hub, actor: Actor, agency_id: UUID) -> Any:
    """Let it go again."""
    read_form(SwitchPage())
    try:
        deliveries.start_agency(hub, actor, agency_id)
    except Conflict as conflict:
        return _page(hub, actor, told=str(conflict)), 409
    return _done("started")


def stop_way(hub: Hub, actor: Actor, way: str) -> Any:
    """Hold back everything that leaves on one way."""
    read_form(SwitchPage())
    deliveries.stop_way(hub, actor, Way(way))
    return _done("stopped")


def start_way(hub: Hub, actor: Actor, way: str) -> Any:
    """Let it go again."""
    read_form(SwitchPage())
    try:
        deliveries.start_way(hub, actor, Way(way))
    except Conflict as conflict:
        return _page(hub, actor, told=str(conflict)), 409
    return _done("started")


def try_again(hub: Hub, actor: Actor, agency_id: UUID) -> Any:
    """Try everything again that gave up on an agency."""
    read_form(SwitchPage())
    deliveries.replay_agency(hub, actor, agency_id)
    return _done("replayed")


def _page(hub: Hub, actor: Actor, told: str | None = None) -> str:
    return render_template(
        "deliveries/list.html",
        overview=deliveries.overview(hub, actor),
        why=lambda code: delivery_words(code, words()),
        us=actor.agency_id,
        done=request.args.get("done"),
        told=told,
    )


def _done(what: str) -> Response:
    return redirect(url_for("deliveries.show", done=what))
