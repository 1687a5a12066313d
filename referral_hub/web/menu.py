"""The page behind "More": the rest of a role's links, each with what it is for."""

from __future__ import annotations

from flask import render_template

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.web.navigation import menu


def show(_hub: Hub, actor: Actor) -> str:
    """List them."""
    return render_template("menu.html", items=menu(actor.role))
