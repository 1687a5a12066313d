"""The administrator's page for how referrals reach the agency."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.reached import read_reach, stop_mails, tell_by_mail
from referral_hub.web.deliveries import SwitchPage
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.links import MailPage


def show(hub: Hub, actor: Actor) -> str:
    """What is registered, and what can be chosen."""
    return _page(hub, actor, Filled())


def by_mail(hub: Hub, actor: Actor) -> Any:
    """Take a mail address and show its new code, once."""
    form = read_form(MailPage())
    if not form.ok:
        return _page(hub, actor, form), 422
    try:
        code = tell_by_mail(hub, actor, form.values["address"])
    except InvalidInput as wrong:
        return _page(hub, actor, form.with_errors(address=wrong.fields["address"][0])), 422
    address, back = form.values["address"], url_for("reached.show")
    return render_template("reached/code.html", code=code, address=address, back=back)


def no_mail(hub: Hub, actor: Actor) -> Response:
    """Send no more mails."""
    read_form(SwitchPage())
    stop_mails(hub, actor)
    return redirect(url_for("reached.show", done=1))


def _page(hub: Hub, actor: Actor, form: Filled) -> str:
    return render_template(
        "reached/show.html",
        reach=read_reach(hub, actor),
        mail_server=hub.settings.smtp_url is not None,
        form=form,
        done="done" in request.args,
    )
