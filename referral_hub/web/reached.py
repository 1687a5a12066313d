"""The administrator's pages for how referrals reach the agency.

Two steps without JavaScript: which way and which format, then what these two ask for.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from adapters.contract import DocumentKind
from referral_hub.domain.codes import MessagesBack
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.reached import (
    OPTION,
    Choice,
    choices,
    choose_digest,
    choose_inbox,
    choose_system,
    read_reach,
    stop_mails,
    takes_messages_back,
    tell_by_mail,
)
from referral_hub.web.deliveries import SwitchPage
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.links import MailPage
from referral_hub.web.forms.reached import system_page

_FIRST = ("https_push", "hub_json")


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
    return redirect(url_for("reached.show", done="no-mail"))


def digest(hub: Hub, actor: Actor) -> Response:
    """Send the daily mail."""
    read_form(SwitchPage())
    choose_digest(hub, actor, wanted=True)
    return redirect(url_for("reached.show", done="digest"))


def no_digest(hub: Hub, actor: Actor) -> Response:
    """Send no daily mail."""
    read_form(SwitchPage())
    choose_digest(hub, actor, wanted=False)
    return redirect(url_for("reached.show", done="no-digest"))


def system_form(hub: Hub, actor: Actor) -> str:
    """Ask for what a way and a format need; what is registered is filled in."""
    own = read_reach(hub, actor).own
    raw = {OPTION + name: value for name, value in own.addressing.items()}
    raw["back"] = own.messages_back
    if own.transport == _asked()[0]:
        raw["address"] = own.url or ""
    return _system(hub, actor, Filled(raw))


def choose(hub: Hub, actor: Actor) -> Any:
    """Let documents leave for the agency's own system."""
    transport, format_ = _asked()
    about = choices(hub)[0].get(format_)
    if about is None:
        raise NotFound
    form = read_form(system_page(about))
    if not form.ok:
        return _system(hub, actor, form), 422
    given = form.values
    choice = Choice(
        transport,
        format_,
        given["address"],
        key=given["key"],
        plain=bool(given["plain"]),
        back=given["back"],
        addressing={one.name: given[OPTION + one.name] for one in about.options},
    )
    try:
        choose_system(hub, actor, choice)
    except InvalidInput as wrong:
        told = {name: texts[0] for name, texts in wrong.fields.items()}
        return _system(hub, actor, form.with_errors(**told)), 422
    return redirect(url_for("reached.show", done="chosen"))


def inbox(hub: Hub, actor: Actor) -> Response:
    """Let everything go to the inbox."""
    read_form(SwitchPage())
    choose_inbox(hub, actor)
    return redirect(url_for("reached.show", done="inbox"))


def _asked() -> tuple[str, str]:
    asked = request.args
    return asked.get("transport", _FIRST[0]), asked.get("format", _FIRST[1])


def _system(hub: Hub, actor: Actor, form: Filled) -> str:
    (transport, format_), (formats, transports) = _asked(), choices(hub)
    if transport not in transports or format_ not in formats:
        raise NotFound
    return render_template(
        "reached/system.html",
        form=form,
        transport=(transport, transports[transport]),
        format=(format_, formats[format_]),
        says={kind.value: kind in formats[format_].kinds for kind in DocumentKind},
        plain=formats[format_].plain and transports[transport].plain,
        option=OPTION,
        backs=list(MessagesBack) if takes_messages_back(format_) else (),
        key=read_reach(hub, actor).key,
        back=url_for("reached.show"),
    )


def _page(hub: Hub, actor: Actor, form: Filled) -> str:
    return render_template(
        "reached/show.html",
        reach=read_reach(hub, actor),
        choices=choices(hub),
        first=_FIRST,
        mail_server=hub.settings.smtp_url is not None,
        form=form,
        done=request.args.get("done"),
    )
