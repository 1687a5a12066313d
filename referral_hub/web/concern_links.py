"""An employer's links for concerns: make, print, replace, stop, and see how many came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services.concern_links import (
    list_links,
    make_link,
    read_link,
    replace_link,
    secret_of,
    stop_link,
)
from referral_hub.services.hub import Hub
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.concern import LinkPage
from referral_hub.web.qr_code import qr_code


def list_all(hub: Hub, actor: Actor) -> str:
    """The employer's links, those in use first."""
    return _list(hub, actor, Filled())


def make(hub: Hub, actor: Actor) -> Any:
    """Make a link and show its sheet."""
    form = read_form(LinkPage())
    if not form.ok:
        return _list(hub, actor, form), 422
    link_id = make_link(hub, actor, form.values["label"])
    return redirect(url_for("concern_links.sheet", link_id=link_id))


def sheet(hub: Hub, actor: Actor, link_id: UUID) -> str:
    """A sheet to print: the code to scan, the address, and what it is for."""
    link = read_link(hub, actor, link_id)
    if link.revoked_at:
        raise NotFound
    path = url_for("concern.begin", secret=secret_of(hub, actor.agency_id, link_id))
    address = hub.settings.public_url.rstrip("/") + path
    return render_template(
        "concern_links/sheet.html",
        link=link,
        address=address,
        code=qr_code(address),
        back=url_for("concern_links.list_all"),
    )


def replace(hub: Hub, actor: Actor, link_id: UUID) -> Response:
    """Make a new link in this one's place, and show its sheet."""
    fresh = replace_link(hub, actor, link_id)
    return redirect(url_for("concern_links.sheet", link_id=fresh))


def stop(hub: Hub, actor: Actor, link_id: UUID) -> Response:
    """Stop a link."""
    stop_link(hub, actor, link_id)
    return redirect(url_for("concern_links.list_all", done="stopped"))


def _list(hub: Hub, actor: Actor, form: Filled) -> str:
    rows = list_links(hub, actor)
    done = request.args.get("done")
    return render_template("concern_links/list.html", rows=rows, form=form, done=done)
