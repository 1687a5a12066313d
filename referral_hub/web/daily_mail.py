"""One's own referrals in the agency's daily mail, or not."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.own_daily_mail import count_own, counts_own
from referral_hub.web.deliveries import SwitchPage
from referral_hub.web.forms import read_form


def show(hub: Hub, actor: Actor) -> str:
    """How it is, and a button that changes it."""
    return render_template("referrals/daily_mail.html", counted=counts_own(hub, actor))


def count(hub: Hub, actor: Actor) -> Response:
    """Count the reader's own referrals."""
    return _change(hub, actor, wanted=True)


def leave_out(hub: Hub, actor: Actor) -> Response:
    """Leave them out."""
    return _change(hub, actor, wanted=False)


def _change(hub: Hub, actor: Actor, *, wanted: bool) -> Response:
    read_form(SwitchPage())
    count_own(hub, actor, wanted=wanted)
    return redirect(url_for("daily_mail.show"))
