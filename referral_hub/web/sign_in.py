"""Signing in and out.

Name, password and one-time code are asked for on one page, so that nothing about a half-finished
sign-in has to be kept anywhere. An unknown name, a wrong password and a wrong code get the same
answer after the same work. Where to go next is taken from the address only if it is a page of this
hub.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from flask_login import current_user
from marshmallow import fields
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import (
    CodeNeeded,
    SignedIn,
    sign_in,
    sign_out,
    sign_out_everywhere,
)
from referral_hub.web import session
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.fields import Line
from referral_hub.web.kept import is_page
from referral_hub.web.throttle import Throttle

WRONG = "The user name, password or code is wrong"
SLOW_DOWN = "Too many attempts. Wait, and try again in five minutes or later"


class SignInPage(FormPage):
    """Who somebody says they are. The password is taken as typed, spaces included."""

    username = Line(
        "User name",
        longest=100,
        required=True,
        error_messages={"required": "Enter your user name"},
    )
    password = fields.String(required=True, error_messages={"required": "Enter your password"})
    code = Line("The code", longest=10, load_default=None)
    next = fields.String(load_default="")


def page(hub: Hub) -> str | Response:
    """The way in."""
    if current_user.is_authenticated:
        return redirect(_onward(request.args.get("next", "")))
    return _show(hub, Filled({"next": request.args.get("next", "")}))


def enter(hub: Hub) -> Any:
    """Check the name, the password and where needed the code; begin a fresh session."""
    form = read_form(SignInPage())
    if not form.ok:
        return _show(hub, form), 422
    given = form.values
    throttle: Throttle = current_app.extensions["throttle"]
    if not throttle.allows(given["username"], request.remote_addr or ""):
        return _show(hub, form.with_errors(username=SLOW_DOWN)), 429, {"Retry-After": "300"}
    code = given["code"].replace(" ", "") if given["code"] else None
    match sign_in(hub, given["username"], given["password"], code):
        case SignedIn() as signed_in:
            before = session.current_token()
            session.begin(signed_in)
            if before:
                sign_out(hub, before)
            return redirect(_onward(given["next"]))
        case CodeNeeded():
            wrong = {"code": "Enter the 6-digit code from your app, and your password again"}
        case _:
            throttle.failed(given["username"], request.remote_addr or "")
            wrong = {"username": WRONG}
    return _show(hub, form.with_errors(**wrong)), 422


def confirm_sign_out(_hub: Hub, _actor: Actor) -> str:
    """Offer to sign out here, or everywhere."""
    return render_template("sign_out.html")


def leave(hub: Hub) -> Response:
    """End this session; it does not matter whether it had timed out already."""
    token = session.current_token()
    if token:
        sign_out(hub, token)
    session.end()
    return redirect(url_for("sign_in.signed_out"))


def leave_everywhere(hub: Hub, actor: Actor) -> Response:
    """End every session of this person."""
    sign_out_everywhere(hub, actor)
    session.end()
    return redirect(url_for("sign_in.signed_out"))


def signed_out(_hub: Hub) -> str:
    """Say that it worked."""
    return render_template("signed_out.html")


def _show(hub: Hub, form: Filled) -> str:
    wanted = form.value("next")
    return render_template(
        "sign_in.html",
        form=form,
        next=wanted if is_page(wanted) else "",
        idle_minutes=int(hub.settings.idle_limit.total_seconds() // 60),
        most_hours=int(hub.settings.sign_in_limit.total_seconds() // 3600),
        kept=wanted.startswith("/kept/"),
    )


def _onward(wanted: str) -> str:
    return wanted if is_page(wanted) else url_for("pages.home")
