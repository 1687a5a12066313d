"""Keeping a search of the log under a name, and removing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.saved_searches import remove_search, save_search
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.officer import SearchPage
from referral_hub.web.forms.oversight import SavePage
from referral_hub.web.officer import choices_of, offered_to, read_query

_BESIDE = frozenset({"name", "shared"})


def save_form(hub: Hub, actor: Actor) -> str:
    """The filters in the address, and the name to keep them under."""
    return _page(hub, actor, read_query(SearchPage(offered_to(hub, actor))))


def save(hub: Hub, actor: Actor) -> Any:
    """Keep it, and show what it finds."""
    form = read_form(SavePage(offered_to(hub, actor)))
    if not form.ok:
        return _page(hub, actor, form), 422
    filters = _filters(form)
    try:
        save_search(hub, actor, form.values["name"], filters, shared=bool(form.values["shared"]))
    except InvalidInput as problem:
        told = {name: says[0] for name, says in problem.fields.items()}
        return _page(hub, actor, form.with_errors(**told)), 422
    except Conflict as refused:
        return _page(hub, actor, form.with_errors(name=str(refused))), 409
    return redirect(url_for("officer.list_entries", **filters))


def remove(hub: Hub, actor: Actor, search_id: UUID) -> Any:
    """Remove an own search."""
    remove_search(hub, actor, search_id)
    return redirect(url_for("officer.list_entries"))


def _filters(form: Filled) -> dict[str, Any]:
    return {name: value for name, value in form.raw.items() if value and name not in _BESIDE}


def _page(hub: Hub, actor: Actor, form: Filled) -> str:
    return render_template(
        "officer/save_search.html",
        form=form,
        choices=choices_of(offered_to(hub, actor)),
        kept=_filters(form),
        fits=form.errors.keys() <= _BESIDE,
        back=url_for("officer.list_entries", **_filters(form)),
    )
