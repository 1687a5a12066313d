"""What is there near me: public pages over the directory, for everybody and without an account.

The search is a form that is sent, never an address, so that no place and no need stands in a
browser's history, in a link that is passed on, or in a server's log. Nothing is kept of it. A sheet
for a waiting room is the same search, printed, with a code that leads back here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, render_template, url_for

from adapters.formats.opportunity import posting
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.routing import STALE_AFTER
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.search_directory import (
    DEFAULT_MILES,
    Results,
    Search,
    read_listing,
    search_directory,
)
from referral_hub.store.directory_search import Found
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.nearby import COSTS, MILES, NearbyKnown, NearbyPage, search_of
from referral_hub.web.qr_code import qr_code
from referral_hub.web.rendering import words

ON_A_SHEET = 40


def start(_hub: Hub) -> str:
    """The empty form."""
    return _page(Filled(raw={"miles": str(DEFAULT_MILES)}), None, None, at=None)


def find(hub: Hub) -> Any:
    """What fits."""
    form = read_form(NearbyPage(_known()))
    if not form.ok:
        return _page(form, None, None, at=None), 422
    asks_to_help = NeedCode.WANT_TO_HELP in form.values["needs"]
    try:
        found = search_directory(hub, search_of(form.values, helpers=None))
        helping = None
        if found.place and not form.values["after"] and not asks_to_help:
            near = Search(place=form.values["place"], miles=int(form.values["miles"]), helpers=True)
            helping = search_directory(hub, near, most=5)
    except InvalidInput as problem:
        form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        return _page(form, None, None, at=None), 422
    return _page(form, found, helping, at=hub.clock())


def sheet(hub: Hub) -> Any:
    """The same search as a sheet to print."""
    form = read_form(NearbyPage(_known()))
    if not form.ok:
        return _page(form, None, None, at=None), 422
    try:
        found = search_directory(hub, search_of(form.values, helpers=None), most=ON_A_SHEET)
    except InvalidInput as problem:
        form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        return _page(form, None, None, at=None), 422
    address = hub.settings.public_url.rstrip("/") + url_for("nearby.start")
    return render_template(
        "nearby/sheet.html",
        found=found,
        needs=form.values["needs"],
        address=address,
        code=qr_code(address),
        printed=hub.clock(),
        back=url_for("nearby.start"),
    )


def show(hub: Hub, entry_id: UUID) -> str:
    """One service with what it states."""
    found, record = read_listing(hub, entry_id)
    return render_template(
        "nearby/service.html",
        one=found,
        record=record,
        opening=opening_times(record),
        helping=found.asks_for_help,
        fresh=fresh(found, hub.clock()),
        back=url_for("nearby.start"),
    )


def opportunity(hub: Hub, entry_id: UUID) -> Response:
    """A volunteering opportunity as JSON-LD; any other service has none."""
    found, record = read_listing(hub, entry_id)
    if not found.asks_for_help:
        raise NotFound
    address = hub.settings.public_url.rstrip("/") + url_for("nearby.show", entry_id=entry_id)
    body = posting(record, url=found.url or address)
    return Response(body, mimetype="application/ld+json")


def fresh(found: Found, at: datetime) -> bool:
    """Whether the stated room can still be believed."""
    as_of = found.capacity_as_of
    return found.capacity is not None and as_of is not None and at - as_of <= STALE_AFTER


def opening_times(record: Mapping[str, Any]) -> list[str]:
    """Return a line for each schedule, in plain words."""
    lines = []
    for one in record.get("schedules", ()):
        days = [words().words(day.strip(), "Weekday") for day in one.get("byday", "").split(",")]
        times = " to ".join(_clock(one[name]) for name in ("opens_at", "closes_at") if name in one)
        told = [", ".join(day for day in days if day), times, one.get("description", "")]
        lines.append(". ".join(part for part in (" ".join(told[:2]).strip(), told[2]) if part))
    return [line for line in lines if line]


def _clock(time: str) -> str:
    hour, minute = int(time[:2]), time[3:5]
    return f"{hour % 12 or 12}:{minute}{'am' if hour < 12 else 'pm'}"


def _known() -> NearbyKnown:
    return NearbyKnown(words().languages(), MILES, COSTS)


def _page(form: Filled, found: Results | None, helping: Results | None, *, at: Any) -> str:
    known = _known()
    carried = [
        (name, value)
        for name, given in form.raw.items()
        if name != "after"
        for value in ([given] if isinstance(given, str) else given)
    ]
    return render_template(
        "nearby/search.html",
        form=form,
        found=found,
        helping=helping,
        carried=carried,
        known=known,
        is_fresh=lambda one: fresh(one, at),
    )
