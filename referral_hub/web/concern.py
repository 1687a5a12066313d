"""The doorstep form: what did you notice, where, did they say yes, send. Four taps, no sign-in.

Every page is the answer to a form post, so nothing that was tapped stands in an address, a cookie
or the browser's history; after sending there is a page that says thank you and reads nothing back.
Each button is an answer, so that a thumb needs no second tap and no script. 999 comes first, on
every page. Programs are kept at bay without asking anybody else: a signed token with a pace, a
field that only programs fill in (they are thanked, and nothing is stored), and limits for each link
and address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, TooManyRequests

from referral_hub.domain.concerns import Said
from referral_hub.services.concern_links import open_link
from referral_hub.services.hub import Hub
from referral_hub.services.raise_concern import (
    ConcernSeen,
    areas_for,
    raise_concern,
    record_doorstep_danger,
)
from referral_hub.services.stage import staged_id
from referral_hub.store.concern_links import OpenLink
from referral_hub.web.concern_form import FormToken, read_token, write_token
from referral_hub.web.doorstep_pace import DoorstepPace
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.concern import DoorstepKnown, DoorstepPage

_STEPS = ("noticed", "where", "said", "send")


@dataclass(frozen=True, slots=True, repr=False)
class Door:
    """An opened link: its secret, whose it is, and the areas to choose from."""

    secret: str
    link: OpenLink
    known: DoorstepKnown


def begin(hub: Hub, secret: str) -> str:
    """The first page: what did you notice?"""
    door = _door(hub, secret)
    return _page(hub, door, Filled(), FormToken(staged_id(hub), hub.clock(), 0))


def answer(hub: Hub, secret: str) -> Any:
    """Take what was tapped so far: show the next page, or send."""
    if "form" not in request.form:
        raise BadRequest("Open the link again.")
    door = _door(hub, secret)
    form = read_form(DoorstepPage(door.known))
    token = read_token(form.value("form"), secret=hub.settings.secret_key, link_id=door.link.id)
    if form.value("website"):
        return redirect(url_for("concern.sent", secret=secret))
    if form.value("danger"):
        return _danger(hub, door)
    if token.ended(hub.clock()):
        again = Filled(errors={"noticed": "The form was open for too long. Begin again"})
        return _page(hub, door, again, FormToken(staged_id(hub), hub.clock(), 0)), 422
    if not form.ok:
        return _page(hub, door, form, token), 422
    return _go_on(hub, door, form, token)


def sent(hub: Hub, secret: str) -> str:
    """Say thank you; nothing is read back."""
    open_link(hub, secret)
    return render_template("concern/sent.html", secret=secret)


def _door(hub: Hub, secret: str) -> Door:
    link = open_link(hub, secret)
    areas = {area.code: area.name for area in areas_for(hub, link)}
    return Door(secret, link, DoorstepKnown(areas))


def _missing(form: Filled) -> str:
    values = form.values
    if not values.get("noticed"):
        return "noticed"
    if not values.get("area"):
        return "where"
    return "send" if values.get("said") else "said"


def _go_on(hub: Hub, door: Door, form: Filled, token: FormToken) -> Any:
    if form.values["said"] is Said.NO:
        return render_template("concern/no.html")
    if _missing(form) == "send" and form.values["send"]:
        return _send(hub, door, form, token)
    return _page(hub, door, form, token.answered())


def _send(hub: Hub, door: Door, form: Filled, token: FormToken) -> Any:
    if token.step < len(_STEPS) - 1 or token.hurried(hub.clock()):
        slower = form.with_errors(send="That was very quick. Press send once more")
        return _page(hub, door, slower, token), 422
    _limit(door)
    given = form.values
    seen = ConcernSeen(
        token.item_id, given["noticed"], given["area"], given["place"], given["said"]
    )
    raise_concern(hub, door.link, seen)
    return redirect(url_for("concern.sent", secret=door.secret), 303)


def _danger(hub: Hub, door: Door) -> str:
    _limit(door)
    record_doorstep_danger(hub, door.link)
    return render_template("concern/danger.html", secret=door.secret)


def _limit(door: Door) -> None:
    pace: DoorstepPace = current_app.extensions["doorstep"]
    if not pace.takes(str(door.link.id), request.remote_addr or ""):
        raise TooManyRequests


def _page(hub: Hub, door: Door, form: Filled, token: FormToken) -> str:
    step = _missing(form) if form.values or not form.raw else _missing_raw(form)
    return render_template(
        f"concern/{step}.html",
        form=form,
        step=_STEPS.index(step) + 1,
        areas=door.known.areas,
        employer=door.link.agency_name,
        secret=door.secret,
        carried=write_token(token, secret=hub.settings.secret_key, link_id=door.link.id),
    )


def _missing_raw(form: Filled) -> str:
    """The first page with something to put right, for answers that could not be accepted."""
    if "noticed" in form.errors or not form.value("noticed"):
        return "noticed"
    if {"area", "place"} & set(form.errors) or not form.value("area"):
        return "where"
    return "said"
