"""The administrator's pages for where the directory comes from: feeds, and how reading them went.

Files are brought in at the command line (`hub directory import`), where their size does not matter.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services import directory_sources as service
from referral_hub.services.hub import Hub
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.fields import Line
from referral_hub.web.forms.retention import NothingPage


class FeedPage(FormPage):
    """A feed to read."""

    name = Line(
        "The name", longest=80, required=True, error_messages={"required": "Enter a name for it"}
    )
    url = Line(
        "The address",
        longest=500,
        required=True,
        error_messages={"required": "Enter the address of the feed"},
    )


def list_all(hub: Hub, actor: Actor) -> str:
    """The agency's sources, and a form for another."""
    return _list(hub, actor, Filled())


def add(hub: Hub, actor: Actor) -> Any:
    """Add a feed; the worker reads it."""
    form = read_form(FeedPage())
    if form.ok:
        try:
            values = form.values
            source_id = service.add_source(hub, actor, values["name"], values["url"])
        except InvalidInput as problem:
            form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        else:
            return redirect(url_for("directory_sources.show", source_id=source_id))
    return _list(hub, actor, form), 422


def show(hub: Hub, actor: Actor, source_id: UUID) -> str:
    """One source, and the reports of its newest runs."""
    source, runs = service.read_source(hub, actor, source_id)
    back = url_for("directory_sources.list_all")
    return render_template("directory/source.html", source=source, runs=runs, back=back)


def read_now(hub: Hub, actor: Actor, source_id: UUID) -> Response:
    """Have a feed read as soon as the worker gets to it."""
    read_form(NothingPage())
    service.ask_again(hub, actor, source_id)
    return redirect(url_for("directory_sources.show", source_id=source_id))


def stop(hub: Hub, actor: Actor, source_id: UUID) -> Response:
    """Read it no more."""
    read_form(NothingPage())
    service.stop_source(hub, actor, source_id)
    return redirect(url_for("directory_sources.show", source_id=source_id))


def _list(hub: Hub, actor: Actor, form: Filled) -> str:
    sources = service.list_sources(hub, actor)
    return render_template("directory/sources.html", sources=sources, form=form)
