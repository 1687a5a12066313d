"""A breach on pages: record it, and say from the log who was exposed."""

from __future__ import annotations

import tempfile
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import redirect, render_template, request, send_file, url_for

from referral_hub.domain.channels import Channel
from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import RecordBreach
from referral_hub.domain.matters import MatterKind
from referral_hub.errors import HubError, InvalidInput, NotFound
from referral_hub.services.audit_log import parties
from referral_hub.services.breach_pack import Exposed, Window, count_exposed, write_pack
from referral_hub.services.hub import Hub
from referral_hub.services.matters import read_matter
from referral_hub.services.record_matter import record_breach
from referral_hub.services.table_forms import TableForm
from referral_hub.store.matters import MatterRow
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.matters import BreachPage, Offered, PackPage, aware_at
from referral_hub.web.officer import IN_MEMORY, MEDIA_TYPES


def form(hub: Hub, actor: Actor) -> str:
    """What is asked about a suspected breach."""
    return _form(hub, _offered(hub, actor), Filled())


def record(hub: Hub, actor: Actor) -> Any:
    """Record it; the 72 hours run from when the agency became aware."""
    offered = _offered(hub, actor)
    filled = read_form(BreachPage(offered))
    if not filled.ok:
        return _form(hub, offered, filled), 422
    given = dict(filled.values)
    at = aware_at(given)
    for name in ("aware_on", "aware_time"):
        del given[name]
    for name in ("user", "agency"):
        given[name] = UUID(given[name]) if given[name] else None
    try:
        made = record_breach(hub, actor, RecordBreach(aware_at=at, **given))
    except InvalidInput as problem:
        return _form(hub, offered, _told(filled, problem)), 422
    return redirect(url_for("matters.show", matter_id=made))


def pack_form(hub: Hub, actor: Actor, matter_id: UUID) -> str:
    """Which exposures are looked for: what was recorded of the breach to begin with."""
    matter = _breach(hub, actor, matter_id)
    details = matter.details
    raw: dict[str, str | list[str]] = {
        f"{name}-{part}": str(int(value))
        for name in ("since", "until")
        for part, value in zip(("year", "month", "day"), details[name].split("-"), strict=True)
    }
    raw |= {name: details.get(name, "") for name in ("user", "agency")}
    raw["reference"] = matter.referral or ""
    return _pack_page(hub, actor, matter, Filled(raw=raw))


def pack(hub: Hub, actor: Actor, matter_id: UUID) -> Any:
    """Show the summary, or hand the pack over in a form."""
    matter = _breach(hub, actor, matter_id)
    filled = read_form(PackPage(_offered(hub, actor)))
    if not filled.ok:
        return _pack_page(hub, actor, matter, filled), 422
    given = filled.values
    window = Window(
        since=given["since"],
        until=given["until"],
        user=UUID(given["user"]) if given["user"] else None,
        agency=UUID(given["agency"]) if given["agency"] else None,
        reference=given["reference"],
        delivery=UUID(given["delivery"]) if given["delivery"] else None,
        channel=given["channel"],
    )
    chosen = request.form.get("form", "")
    try:
        if chosen not in set(TableForm):
            found = count_exposed(hub, actor, matter_id, window)
            return _pack_page(hub, actor, matter, filled, found=found)
        return _file(hub, actor, matter, window=window, form=TableForm(chosen))
    except InvalidInput as problem:
        return _pack_page(hub, actor, matter, _told(filled, problem)), 422


def _file(hub: Hub, actor: Actor, matter: MatterRow, *, window: Window, form: TableForm) -> Any:
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    try:
        write_pack(hub, actor, matter.id, window, to=(cast("BinaryIO", file), form))
    except HubError:
        file.close()
        raise
    file.seek(0)
    name = f"{matter.reference}.{form.value}"
    return send_file(file, MEDIA_TYPES[form], as_attachment=True, download_name=name)


def _breach(hub: Hub, actor: Actor, matter_id: UUID) -> MatterRow:
    matter = read_matter(hub, actor, matter_id).matter
    if matter.kind != MatterKind.BREACH:
        raise NotFound
    return matter


def _form(hub: Hub, offered: Offered, filled: Filled) -> str:
    return render_template(
        "officer/matters/breach.html",
        offered=offered,
        today=local_day(hub.clock()),
        form=filled,
        back=url_for("matters.list_all"),
    )


def _pack_page(
    hub: Hub, actor: Actor, matter: MatterRow, filled: Filled, *, found: Exposed | None = None
) -> str:
    return render_template(
        "officer/matters/pack.html",
        matter=matter,
        offered=_offered(hub, actor),
        channels=Channel,
        found=found,
        form=filled,
        back=url_for("matters.show", matter_id=matter.id),
    )


def _offered(hub: Hub, actor: Actor) -> Offered:
    agencies, staff = parties(hub, actor)
    return Offered(
        staff={str(key): name for key, name in staff.items()},
        agencies={str(key): name for key, name in agencies.items()},
    )


def _told(form: Filled, problem: InvalidInput) -> Filled:
    return form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
