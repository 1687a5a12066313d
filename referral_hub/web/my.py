"""The pages of the person themselves, by reference and code, without an account or a script.

The visit lives in a cookie of its own, apart from staff sessions, and ends after ten minutes
without a look. Addresses are the same for everybody, nothing is kept by the browser, and the quick
exit is a plain link that ends the visit and leads to a page about the weather.
"""

from __future__ import annotations

from typing import Any

from flask import current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.ids import NO_REFERENCE, tidy_reference
from referral_hub.errors import Conflict, HubError, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.own_page import (
    PersonVisit,
    leave,
    offer_help,
    open_page,
    read_page,
    visit_of,
)
from referral_hub.services.own_requests import ask_for_copy, change_mind, say_what_is_wrong
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.my import OpenPage, PressPage, WrongPage
from referral_hub.web.guards import Guard
from referral_hub.web.throttle import Throttle

ELSEWHERE = "https://www.bbc.co.uk/weather"
WRONG = "The reference or the code is not right, or the code does not work any more"
SLOW_DOWN = "There were too many attempts. Wait ten minutes, and try again"


class OwnPageClosed(HubError):
    """Nobody has opened a page in this browser, or its ten minutes are over."""


def start(_hub: Hub) -> str:
    """Ask for reference and code."""
    return render_template("my/start.html", form=Filled(), closed="closed" in request.args)


def enter(hub: Hub) -> Any:
    """Open the page; whatever is not right gets one answer."""
    form = read_form(OpenPage())
    if not form.ok:
        return render_template("my/start.html", form=form), 422
    given, address = form.values, request.remote_addr or ""
    counted = _counted(given["reference"])
    throttle: Throttle = current_app.extensions["person_throttle"]
    if not throttle.allows(counted, address):
        slower = form.with_errors(reference=SLOW_DOWN)
        return render_template("my/start.html", form=slower), 429, {"Retry-After": "600"}
    token = open_page(hub, given["reference"], given["code"])
    if token is None:
        throttle.failed(counted, address)
        return render_template("my/start.html", form=form.with_errors(reference=WRONG)), 422
    answer = redirect(url_for("my.show"))
    answer.set_cookie(
        _cookie(hub),
        token,
        secure=hub.settings.production,
        httponly=True,
        samesite="Strict",
        path="/",
    )
    return answer


def show(hub: Hub, visit: PersonVisit) -> str:
    """Who asked, who was told what, where each part stands, and what the person can do."""
    page = read_page(hub, visit)
    return render_template("my/page.html", page=page, visit=visit, done=request.args.get("done"))


def withdraw(hub: Hub, visit: PersonVisit) -> Any:
    """Withdraw at once, and say what stopped and who is being told."""
    read_form(PressPage())
    try:
        done = change_mind(hub, visit)
    except Conflict:
        return redirect(url_for("my.show"))
    return render_template("my/withdrawn.html", done=done, page=read_page(hub, visit))


def copy(hub: Hub, visit: PersonVisit) -> Response:
    """Ask for a copy; once is enough."""
    read_form(PressPage())
    try:
        ask_for_copy(hub, visit)
    except Conflict:
        return redirect(url_for("my.show", done="asked_already"))
    return redirect(url_for("my.show", done="asked"))


def wrong_form(_hub: Hub, _visit: PersonVisit) -> str:
    """Ask what is wrong."""
    return render_template("my/wrong.html", form=Filled())


def wrong(hub: Hub, visit: PersonVisit) -> Any:
    """Pass on what the person says is wrong."""
    form = read_form(WrongPage())
    if not form.ok:
        return render_template("my/wrong.html", form=form), 422
    say_what_is_wrong(hub, visit, form.values["what"])
    return redirect(url_for("my.show", done="said"))


def help_others(hub: Hub, visit: PersonVisit) -> Response:
    """Note that the person could help others."""
    read_form(PressPage())
    offer_help(hub, visit)
    return redirect(url_for("my.show", done="offered"))


def close(hub: Hub, _visit: PersonVisit) -> Response:
    """End the visit."""
    read_form(PressPage())
    return _over(hub, url_for("my.left"))


def left(_hub: Hub) -> str:
    """Say that the page is closed."""
    return render_template("my/left.html")


def leave_quickly(hub: Hub) -> Response:
    """End the visit and lead away at once; it works for whoever has none."""
    return _over(hub, ELSEWHERE)


def closed(hub: Hub) -> Response:
    """What whoever has no page open is led to."""
    answer = make_response(redirect(url_for("my.start", closed="")))
    answer.delete_cookie(_cookie(hub), path="/", secure=hub.settings.production, httponly=True)
    return answer


def _counted(typed: str) -> str:
    """The reference that attempts count for, however it is spelt; else a guesser spells it anew."""
    tidy = tidy_reference(typed)
    return typed if tidy == NO_REFERENCE else tidy


def _over(hub: Hub, where: str) -> Response:
    leave(hub, request.cookies.get(_cookie(hub)))
    answer = make_response(redirect(where, 303))
    answer.delete_cookie(_cookie(hub), path="/", secure=hub.settings.production, httponly=True)
    return answer


def _cookie(hub: Hub) -> str:
    return "__Host-my" if hub.settings.production else "my"


def _admit(hub: Hub) -> tuple[PersonVisit]:
    try:
        return (visit_of(hub, request.cookies.get(_cookie(hub))),)
    except NotFound:
        raise OwnPageClosed("Your page is closed.") from None


PERSON = Guard("the person: reference and code", _admit)
