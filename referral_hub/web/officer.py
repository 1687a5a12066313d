"""The data protection officer's pages: the log as a list, one entry, the whole log verified, and
evidence to take away.

Filters stand in the address, as codes, days and ids. Searching changes nothing but the log itself,
so it is a GET that can be kept as a bookmark; opening an entry, verifying and taking evidence away
are buttons. A bundle is written to a spooled file, so its size costs disk and not memory.
"""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import current_app, render_template, request, send_file, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.exceptions import BadRequest

from consent.evidence.entry import EntryType
from consent.model import RuleId
from referral_hub.clock import monotonic
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.audit_entry import entry, open_entry
from referral_hub.services.audit_filters import DecisionOutcome, Filters
from referral_hub.services.audit_log import is_doubted, log_state, parties, search, verify_log
from referral_hub.services.evidence_bundle import write_bundle
from referral_hub.services.explain_entry import EXPLAINED, explain
from referral_hub.services.hub import Hub
from referral_hub.services.log_table import write_table
from referral_hub.services.saved_searches import saved_searches
from referral_hub.services.table_forms import TableForm
from referral_hub.web.explanation import asked, explanation
from referral_hub.web.forms import Filled, FormPage, Raw, fill, read_form
from referral_hub.web.forms.officer import (
    BundlePage,
    Offered,
    SearchPage,
    VerifyPage,
    filters_of,
)
from referral_hub.web.known import page_before
from referral_hub.web.officer_words import bases, reasons, shown
from referral_hub.web.rendering import words

IN_MEMORY = 4 * 1024 * 1024
_OF_AGREEMENTS = frozenset({EntryType.CONSENT, EntryType.WITHDRAWAL})
_PAGING = frozenset({"before"})
_BESIDE = frozenset({"checkpoint_size", "form"})
FORMS_KEPT = 64
MEDIA_TYPES = {
    TableForm.CSV: "text/csv; charset=utf-8",
    TableForm.JSON: "application/json",
    TableForm.PDF: "application/pdf",
}
Choices = dict[str, list[dict[str, str]]]


def list_entries(hub: Hub, actor: Actor) -> str:
    """What the filters in the address ask for, newest first."""
    offered = offered_to(hub, actor)
    form = read_query(SearchPage(offered))
    choices = choices_of(offered)
    page = None
    if form.ok:
        page = search(hub, actor, filters_of(form.values), page_before(request.args))
    return render_template(
        "officer/list.html",
        form=form,
        choices=choices,
        filters=Markup(_filter_form(form, choices)),  # noqa: S704 - a template escaped it
        search_of=_search_of(form),
        filtered=any(form.raw.values()),
        rows=[shown(row, actor.agency_id, words()) for row in page.rows] if page else [],
        saved=saved_searches(hub, actor),
        us=actor.user_id,
        older=page.next if page else None,
        looked_to=page.looked_to if page else None,
    )


def show(hub: Hub, actor: Actor, entry_id: UUID) -> str:
    """One entry: what happened, why, the proof that it is in the log, and its exact bytes."""
    logged, inclusion = entry(hub, actor, entry_id)
    return render_template(
        "officer/entry.html",
        one=shown(logged, actor.agency_id, words()),
        inclusion=inclusion,
        text=logged.row.entry.decode("utf-8", "replace") if logged.whole else None,
        sealed=bool(logged.entry and logged.entry.commitments),
        explained=logged.row.type in EXPLAINED and logged.entry is not None,
        agreement=logged.row.type in _OF_AGREEMENTS
        and logged.row.sender_agency_id == actor.agency_id,
        changeable=logged.row.referral_id is not None
        and logged.row.reference is not None
        and logged.row.sender_agency_id == actor.agency_id,
        back=url_for("officer.list_entries"),
    )


def why(hub: Hub, actor: Actor, entry_id: UUID) -> str:
    """One decision, disclosure or look, explained in plain words."""
    found = explain(hub, actor, entry_id)
    one = shown(found.logged, actor.agency_id, words())
    return render_template(
        "officer/why.html",
        one=one,
        inclusion=found.inclusion,
        heading=asked(one, found.logged.entry),
        parts=explanation(found, one, words()),
        replayed=found.replayed,
        back=url_for("officer.show", entry_id=entry_id),
    )


def open_commitments(hub: Hub, actor: Actor, entry_id: UUID) -> str:
    """Who and what an entry is about; the look is in the log before anything is shown."""
    opened = open_entry(hub, actor, entry_id)
    return render_template(
        "officer/opened.html",
        one=shown(opened.logged, actor.agency_id, words()),
        opened=opened,
        back=url_for("officer.show", entry_id=entry_id),
    )


def doubt(hub: Hub) -> Callable[[], bool]:
    """Return what templates ask whether to warn an officer; only where there are witnesses."""

    def log_doubted() -> bool:
        if hub.witness_policy is None or not current_user.is_authenticated:
            return False
        return is_doubted(hub, current_user.actor)

    return log_doubted


def state(hub: Hub, actor: Actor) -> str:
    """The log's key and newest checkpoint, and the button that verifies everything."""
    return state_page(hub, actor, Filled())


def verify(hub: Hub, actor: Actor) -> Any:
    """Verify the whole log and say what was found."""
    form = read_form(VerifyPage())
    if not form.ok:
        return state_page(hub, actor, form), 400
    pasted = form.values["checkpoint"]
    previous = f"{pasted}\n".encode() if pasted else None
    began = monotonic()
    try:
        outcome = verify_log(hub, actor, previous)
    except InvalidInput as problem:
        return state_page(hub, actor, _told(form, problem)), 400
    return render_template(
        "officer/verified.html",
        outcome=outcome,
        seconds=monotonic() - began,
        compared=previous is not None,
        back=url_for("officer.state"),
    )


def bundle_form(hub: Hub, actor: Actor) -> str:
    """What will be in the bundle, how to check it elsewhere, and the button."""
    offered = offered_to(hub, actor)
    return _bundle_page(hub, actor, offered, read_query(BundlePage(offered)))


def bundle(hub: Hub, actor: Actor) -> Any:
    """Hand over the evidence, as a file."""

    def write(form: Filled, file: BinaryIO) -> None:
        size = int(form.values["checkpoint_size"] or 0)
        write_bundle(hub, actor, _filters(form), file, since=size)

    return _file(hub, actor, write, kind=("application/zip", "evidence.zip"))


def table(hub: Hub, actor: Actor) -> Any:
    """Hand over the same entries as a table, each row with its proof."""

    chosen = (
        TableForm(one) if (one := request.form.get("form")) in set(TableForm) else TableForm.CSV
    )

    def write(form: Filled, file: BinaryIO) -> None:
        write_table(hub, actor, _filters(form), file, form=chosen)

    return _file(hub, actor, write, kind=(MEDIA_TYPES[chosen], f"log.{chosen}"))


def _file(
    hub: Hub, actor: Actor, write: Callable[[Filled, BinaryIO], None], *, kind: tuple[str, str]
) -> Any:
    """Answer with what `write` writes, or with the page again; `kind` is media type and name."""
    offered = offered_to(hub, actor)
    form = read_form(BundlePage(offered))
    if not form.ok:
        return _bundle_page(hub, actor, offered, form), 400
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        write(form, cast("BinaryIO", file))
    except InvalidInput as problem:
        file.close()
        return _bundle_page(hub, actor, offered, _told(form, problem)), 400
    file.seek(0)
    return send_file(file, kind[0], as_attachment=True, download_name=kind[1])


def _filters(form: Filled) -> Filters:
    """One entry is wanted whatever else is in the address; else what the filters ask for."""
    found = filters_of(form.values)
    return Filters(entry=found.entry) if found.entry else found


def state_page(hub: Hub, actor: Actor, form: Filled) -> str:
    return render_template("officer/state.html", state=log_state(hub, actor), form=form)


def _bundle_page(hub: Hub, actor: Actor, offered: Offered, form: Filled) -> str:
    return render_template(
        "officer/bundle.html",
        form=form,
        choices=choices_of(offered),
        state=log_state(hub, actor),
        kept={name: value for name, value in form.raw.items() if name not in _BESIDE},
        back=url_for("officer.list_entries", **_search_of(form)),
    )


def _search_of(form: Filled) -> dict[str, Any]:
    beside = _BESIDE | {"entry"}
    return {name: value for name, value in form.raw.items() if value and name not in beside}


def offered_to(hub: Hub, actor: Actor) -> Offered:
    """Return what the filters offer this officer."""
    agencies, staff = parties(hub, actor)
    return Offered(
        agencies={str(key): name for key, name in agencies.items()},
        staff={str(key): name for key, name in staff.items()},
        reasons=reasons(words()),
        bases=bases(words()),
    )


def choices_of(offered: Offered) -> Choices:
    """What each filter offers, in the shape that GOV.UK selects take; the first is any."""

    def named(any_: str, items: Mapping[str, str]) -> list[dict[str, str]]:
        listed = [{"value": value, "text": text} for value, text in items.items()]
        return [{"value": "", "text": any_}, *listed]

    label = words().label
    return {
        "type": named("Anything", {code.value: label(code) for code in EntryType}),
        "outcome": named("Any outcome", {code.value: label(code) for code in DecisionOutcome}),
        "agency": named("Any agency", offered.agencies),
        "user": named("Anybody", offered.staff),
        "basis": named("Any basis", offered.bases),
        "rule": named("Any rule", {code.value: f"{code}: {label(code)}" for code in RuleId}),
        "reason": named("Any reason", offered.reasons),
    }


def _filter_form(form: Filled, choices: Choices) -> str:
    """The form's fields as HTML: the macros behind nine of them cost more than a page of entries,
    and give the same for the same choices.
    """
    if form.errors:
        return render_template("officer/_filter_form.html", form=form, choices=choices)
    key = (tuple(sorted(form.raw.items())), repr(choices))
    kept: OrderedDict[object, str] = current_app.extensions.setdefault("filters", OrderedDict())
    html = kept.pop(key, None) or render_template(
        "officer/_filter_form.html", form=form, choices=choices
    )
    kept[key] = html
    while len(kept) > FORMS_KEPT:
        kept.popitem(last=False)
    return html


def read_query(schema: FormPage) -> Filled:
    """Check the address's filters as `read_form` does a form's fields."""
    names = schema.names()
    raw: Raw = {}
    for name in request.args:
        if name in _PAGING:
            continue
        given = request.args.getlist(name)
        if name not in names or len(given) > 1:
            raise BadRequest("The address has a filter that this page does not have.")
        raw[name] = given[0]
    return fill(schema, raw)


def _told(form: Filled, problem: InvalidInput) -> Filled:
    """The page again, with what the service said about its fields, or about the whole of it."""
    names = {"since": "checkpoint_size"}
    return form.with_errors(
        **{names.get(name, name): told[0] for name, told in problem.fields.items()}
    )
