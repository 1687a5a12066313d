"""Pages that are about the hub itself: the way in, the welcome, cookies and accessibility."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.web.navigation import home_endpoint


def home(_hub: Hub) -> Response:
    """Send everybody to where their work begins."""
    if not current_user.is_authenticated:
        return redirect(url_for("sign_in.page"))
    return redirect(url_for(home_endpoint(current_user.actor.role)))


def welcome(_hub: Hub, _actor: Actor) -> str:
    """What a role without pages of its own sees after signing in."""
    return render_template("welcome.html")


def cookies(_hub: Hub) -> str:
    """Which cookie there is, and why none needs asking for."""
    return render_template("cookies.html")


def accessibility(_hub: Hub) -> str:
    """How the pages can be used, and whom to tell when they cannot."""
    return render_template("accessibility.html")
