"""Staged intake: what waits for a person of this agency, and what they do with it.

The list shows codes. Opening an item is a button, because it is a look that stands in the log;
completing it leads into the referral's own pages with everything filled in that is known.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.services.area_names import area_names
from referral_hub.services.hub import Hub
from referral_hub.services.open_staged import (
    complete_staged,
    list_staged,
    look_into,
    read_staged,
    reject_staged,
)
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.intake import RejectPage
from referral_hub.web.known import page_before
from referral_hub.web.opened import OpenedSection
from referral_hub.web.rendering import words
from referral_hub.web.staged_lines import staged_sections


def list_all(hub: Hub, actor: Actor) -> str:
    """What waits, oldest first."""
    after = request.args.get("after")
    page = list_staged(hub, actor, after=page_before({"before": after}) if after else None)
    return render_template("intake/list.html", page=page, done=request.args.get("done"))


def show(hub: Hub, actor: Actor, item_id: UUID) -> str:
    """One item: where it came from and why it waits, or how it ended."""
    return _page(hub, actor, item_id)


def open_item(hub: Hub, actor: Actor, item_id: UUID) -> str:
    """Show what it says, once the look is in the log."""
    content = look_into(hub, actor, item_id)
    areas = area_names(hub, actor)
    return _page(hub, actor, item_id, sections=staged_sections(content, words(), areas))


def complete(hub: Hub, actor: Actor, item_id: UUID) -> Response:
    """Go on to the referral's pages, filled in as far as possible."""
    draft_id = complete_staged(hub, actor, item_id)
    return redirect(url_for("refer.page", draft_id=draft_id, name="danger"))


def reject(hub: Hub, actor: Actor, item_id: UUID) -> Any:
    """Turn it down with a reason."""
    form = read_form(RejectPage())
    if not form.ok:
        return _page(hub, actor, item_id, form=form), 422
    reject_staged(hub, actor, item_id, form.values["reason"])
    return redirect(url_for("intake.list_all", done="rejected"))


def _page(
    hub: Hub,
    actor: Actor,
    item_id: UUID,
    *,
    form: Filled | None = None,
    sections: tuple[OpenedSection, ...] = (),
) -> str:
    return render_template(
        "intake/show.html",
        view=read_staged(hub, actor, item_id),
        form=form or Filled(),
        sections=sections,
        back=url_for("intake.list_all"),
    )
