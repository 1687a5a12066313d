"""A provider's pages for its own services: a list, one of them, four forms, and one-click steps.

What is entered here is what the public reads and what routing knows, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services import own_services as service
from referral_hub.services.hub import Hub
from referral_hub.web.forms import Filled, FormPage, Raw, read_form
from referral_hub.web.forms.own_services import (
    AboutPage,
    CoverPage,
    RoomPage,
    RulesPage,
    ServiceKnown,
    about_columns,
    about_typed,
)
from referral_hub.web.forms.retention import NothingPage
from referral_hub.web.nearby import opening_times
from referral_hub.web.rendering import today, words

PARTS: dict[str, Callable[[ServiceKnown], FormPage]] = {
    "about": AboutPage,
    "room": RoomPage,
    "rules": RulesPage,
    "cover": CoverPage,
}
Row = Mapping[str, Any]


def list_all(hub: Hub, actor: Actor) -> str:
    """The agency's services."""
    return render_template("own_services/list.html", services=service.list_own(hub, actor))


def new_form(hub: Hub, actor: Actor) -> str:
    """An empty first page."""
    return _about(hub, actor, Filled(raw={"languages": ["en"]}), None)


def add(hub: Hub, actor: Actor) -> Any:
    """Add a service."""
    form = read_form(AboutPage(_known(hub, actor)))
    if not form.ok:
        return _about(hub, actor, form, None), 422
    service_id = service.add_service(hub, actor, about_columns(form.values))
    return redirect(url_for("own_services.edit_form", service_id=service_id, part="room"))


def show(hub: Hub, actor: Actor, service_id: UUID) -> str:
    """One service: what it states, its figures, and what can be done."""
    one = service.read_own(hub, actor, service_id)
    return render_template(
        "own_services/service.html",
        one=one,
        opening=opening_times({"schedules": one.row["opening"]}),
        fewest=service.FEWEST,
        today=today(hub.clock()),
        done=request.args.get("done"),
        back=url_for("own_services.list_all"),
    )


def edit_form(hub: Hub, actor: Actor, *, service_id: UUID, part: str) -> str:
    """One of the four forms with what is stated now."""
    row = service.read_own(hub, actor, service_id).row
    return _form(hub, actor, Filled(raw=_typed(part, row)), row=row, part=part)


def edit(hub: Hub, actor: Actor, *, service_id: UUID, part: str) -> Any:
    """Take one of the four forms."""
    row = service.read_own(hub, actor, service_id).row
    form = read_form(PARTS[part](_known(hub, actor, but=service_id)))
    if form.ok:
        try:
            _state(hub, actor, service_id, part=part, values=form.values)
        except InvalidInput as problem:
            form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        else:
            if part == "cover":
                again = url_for("own_services.edit_form", service_id=service_id, part=part)
            else:
                again = url_for("own_services.show", service_id=service_id, done=part)
            return redirect(again)
    return _form(hub, actor, form, row=row, part=part), 422


def pause(hub: Hub, actor: Actor, service_id: UUID) -> Response:
    """Stop it for now."""
    read_form(NothingPage())
    service.pause(hub, actor, service_id, running=False)
    return redirect(url_for("own_services.show", service_id=service_id, done="paused"))


def resume(hub: Hub, actor: Actor, service_id: UUID) -> Response:
    """Let it run again."""
    read_form(NothingPage())
    service.pause(hub, actor, service_id, running=True)
    return redirect(url_for("own_services.show", service_id=service_id, done="running"))


def check(hub: Hub, actor: Actor, service_id: UUID) -> Response:
    """Say that everything is right."""
    read_form(NothingPage())
    service.check_service(hub, actor, service_id)
    return redirect(url_for("own_services.show", service_id=service_id, done="checked"))


def _state(hub: Hub, actor: Actor, service_id: UUID, *, part: str, values: Row) -> None:
    match part:
        case "about":
            service.edit_service(hub, actor, service_id, about_columns(values), part=part)
        case "room":
            service.edit_service(hub, actor, service_id, dict(values), part=part)
        case "rules":
            many = ("tasks", "manners", "eligibility", "exclusions")
            changes = {name: sorted(values[name]) for name in many} | {
                "backup_service_id": UUID(values["backup"]) if values["backup"] else None,
                "missed_visit_alarm": bool(values["alarm"]),
            }
            service.edit_service(hub, actor, service_id, changes, part=part)
        case _:
            cover = {
                "vetting": values["vetting"],
                "vetting_until": service.day_text(values["vetting_until"]),
                "insurance": values["insurance"],
                "insured_until": service.day_text(values["insured_until"]),
                "training": sorted(values["training"]),
            }
            service.state_cover(hub, actor, service_id, task=values["task"], cover=cover)


def _typed(part: str, row: Row) -> Raw:
    match part:
        case "about":
            return about_typed(row)
        case "room":
            names = (
                *("capacity_note", "wait_days", "open_people_limit", "rest_days"),
                *("minutes_limit", "minutes_per", "usual_minutes", "hard_cases_limit"),
            )
            return {name: str(row[name]) for name in names if row[name] is not None}
        case "rules":
            many = ("tasks", "manners", "eligibility", "exclusions")
            raw: Raw = {name: list(row[name]) for name in many}
            if row["backup_service_id"]:
                raw["backup"] = str(row["backup_service_id"])
            return raw | ({"alarm": ["yes"]} if row["missed_visit_alarm"] else {})
        case _:
            return {}


def _known(hub: Hub, actor: Actor, *, but: UUID | None = None) -> ServiceKnown:
    others = service.list_own(hub, actor)
    return ServiceKnown(
        today=today(hub.clock()),
        areas=service.offered_areas(hub, actor),
        languages=words().languages(),
        backups={str(one.id): one.row["name"] for one in others if one.id != but},
    )


def _about(hub: Hub, actor: Actor, form: Filled, row: Row | None) -> str:
    service_id = row["id"] if row else None
    return render_template(
        "own_services/about.html",
        form=form,
        row=row,
        known=_known(hub, actor, but=service_id),
        back=url_for("own_services.show", service_id=service_id)
        if service_id
        else url_for("own_services.list_all"),
    )


def _form(hub: Hub, actor: Actor, form: Filled, *, row: Row, part: str) -> str:
    if part == "about":
        return _about(hub, actor, form, row)
    return render_template(
        f"own_services/{part}.html",
        form=form,
        row=row,
        known=_known(hub, actor, but=row["id"]),
        action=url_for("own_services.edit", service_id=row["id"], part=part),
        back=url_for("own_services.show", service_id=row["id"]),
    )
