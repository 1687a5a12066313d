"""A provider's switch: "we are full until…", and how there is room. No other page changes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Capacity
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.own_room import OFFERED, Room, full_until, read_room, room_again
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.rooms import FullPage, RoomPage
from referral_hub.web.navigation import home_endpoint
from referral_hub.web.rendering import today


def full_form(hub: Hub, actor: Actor, service_id: UUID) -> str:
    """Ask until when; four weeks are filled in, so one press is enough."""
    room = read_room(hub, actor, service_id)
    last = room.until or today(hub.clock()) + OFFERED
    parts = {"day": last.day, "month": last.month, "year": last.year}
    typed: dict[str, str | list[str]] = {f"until-{name}": str(one) for name, one in parts.items()}
    typed["capacity"] = room.capacity.value if room.capacity else ""
    return _page(actor, room, Filled(typed))


def full(hub: Hub, actor: Actor, service_id: UUID) -> Any:
    """Send nobody new until then."""
    form = read_form(FullPage())
    room = read_room(hub, actor, service_id)
    if not form.ok:
        return _page(actor, room, form), 422
    try:
        full_until(hub, actor, service_id, form.values["until"])
    except InvalidInput as wrong:
        return _page(actor, room, form.with_errors(until=wrong.fields["until"][0])), 422
    return redirect(_back(actor, "full"))


def open_again(hub: Hub, actor: Actor, service_id: UUID) -> Any:
    """Take people again, in the way that was chosen."""
    form = read_form(RoomPage())
    if not form.ok:
        return _page(actor, read_room(hub, actor, service_id), form), 422
    room_again(hub, actor, service_id, form.values["capacity"])
    return redirect(_back(actor, "room"))


def _page(actor: Actor, room: Room, form: Filled) -> str:
    return render_template(
        "tasks/full.html",
        room=room,
        form=form,
        ways=[one for one in Capacity if one is not Capacity.NO_CAPACITY],
        back=_back(actor, None),
    )


def _back(actor: Actor, done: str | None) -> str:
    if access.allowed(actor.role, Permission.LIST_TASKS):
        return url_for("tasks.list_all", done=done)
    return url_for(home_endpoint(actor.role))
