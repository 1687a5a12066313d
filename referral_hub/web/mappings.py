"""The page on which an agency's administrator says what the columns of its files mean.

What "agreed" stands for is on the same page, because it decides what may be shared: the words that
are read out, the agencies that are named, and which information.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.csv_mapping import NEED_IF_YES, every_field
from referral_hub.services.hub import Hub
from referral_hub.services.import_mapping import MappingView, save_mapping, view_mapping
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.mapping import (
    COLUMNS,
    MappingKnown,
    MappingPage,
    mapping_from,
    raw_of,
)
from referral_hub.web.known import notices
from referral_hub.web.rendering import words

SPARE = 5


def show(hub: Hub, actor: Actor) -> str:
    """The mapping that holds, or a first one to begin with."""
    view = view_mapping(hub, actor)
    return _page(hub, actor, view, Filled(raw_of(view.mapping, view.version)))


def save(hub: Hub, actor: Actor) -> Any:
    """Save another version."""
    view = view_mapping(hub, actor)
    form = read_form(MappingPage(_known(hub, actor, view)))
    if not form.ok:
        return _page(hub, actor, view, form), 422
    mapping = mapping_from(form.values)
    faults = mapping.faults()
    if len(mapping.columns) < sum(bool(form.values[f"column_{n}"]) for n in COLUMNS):
        form = form.with_errors(column_1=words().words("column_twice", "MappingFault"))
    elif faults:
        form = form.with_errors(column_1=words().words(faults[0].value, "MappingFault"))
    if form.errors:
        return _page(hub, actor, view, form), 422
    given = form.values["version"]
    save_mapping(hub, actor, mapping, over=int(given) if given.isdecimal() else -1)
    return redirect(url_for("mappings.show", done=1))


def _known(hub: Hub, actor: Actor, view: MappingView) -> MappingKnown:
    return MappingKnown(
        areas=view.areas,
        agencies={str(agency_id): name for agency_id, name in view.agencies.items()},
        notices=notices(hub, actor),
    )


def _page(hub: Hub, actor: Actor, view: MappingView, form: Filled) -> str:
    known = _known(hub, actor, view)
    filled = max((n for n in COLUMNS if form.value(f"column_{n}")), default=0)
    return render_template(
        "imports/mapping.html",
        form=form,
        view=view,
        known=known,
        columns=[n for n in COLUMNS if n <= filled + SPARE],
        field_items=_items({code: _field_words(code) for code in every_field()}),
        notice_items=_items({"": "None", **{key: key for key in known.notices}}),
        area_items=_items({"": "None: somebody must say", **known.areas}),
        agency_items=_items(known.agencies),
        done="done" in request.args,
    )


def _items(words_by_value: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": value, "text": text} for value, text in words_by_value.items()]


def _field_words(code: str) -> str:
    if code.startswith(NEED_IF_YES):
        need = words().words(code.removeprefix(NEED_IF_YES), "NeedCode")
        return f"If yes, a need: {need}"
    return words().words(code, "RowField")
