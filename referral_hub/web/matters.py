"""An officer's requests, breaches and complaints: what is due when, one of them, and its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import TakeStep
from referral_hub.domain.matters import ASKS, MatterEvent, MatterKind
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.matters import (
    MatterView,
    Written,
    open_written,
    read_matter,
    register,
    take_step,
)
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.matters import Offered, PackPage, StepPage
from referral_hub.web.matter_words import facts, prepared, step_url
from referral_hub.web.rendering import words


def list_all(hub: Hub, actor: Actor) -> str:
    """What is open, overdue first, and what was closed last."""
    return render_template("officer/matters/list.html", found=register(hub, actor))


def show(hub: Hub, actor: Actor, matter_id: UUID) -> str:
    """One matter: its clock, the next steps, its history."""
    return _page(hub, actor, read_matter(hub, actor, matter_id))


def written(hub: Hub, actor: Actor, matter_id: UUID) -> str:
    """The same with what was written; the look is in the log first."""
    opened = open_written(hub, actor, matter_id)
    return _page(hub, actor, read_matter(hub, actor, matter_id), opened=opened)


def step_form(hub: Hub, actor: Actor, matter_id: UUID, event: str) -> str:
    """What the step means, and what it asks for."""
    view, step = _step(hub, actor, matter_id, event)
    return _step_page(hub, view, step, form=Filled())


def take(hub: Hub, actor: Actor, matter_id: UUID, event: str) -> Any:
    """Take the step."""
    view, step = _step(hub, actor, matter_id, event)
    form = read_form(StepPage(Offered(reasons=_reasons(view, step))))
    if not form.ok:
        return _step_page(hub, view, step, form=form), 422
    given = form.values
    try:
        take_step(
            hub, actor, TakeStep(matter_id, step, given["on"], given["reason"], given["words"])
        )
    except InvalidInput as problem:
        told = {name: said[0] for name, said in problem.fields.items()}
        return _step_page(hub, view, step, form=form.with_errors(**told)), 422
    except Conflict as refused:
        return _step_page(hub, view, step, form=form.with_errors(on=str(refused))), 409
    return redirect(url_for("matters.show", matter_id=matter_id))


def _step(hub: Hub, actor: Actor, matter_id: UUID, event: str) -> tuple[MatterView, MatterEvent]:
    view = read_matter(hub, actor, matter_id)
    if event not in set(MatterEvent):
        raise NotFound
    step = MatterEvent(event)
    if (MatterKind(view.matter.kind), step) not in ASKS:
        raise NotFound
    return view, step


def _reasons(view: MatterView, step: MatterEvent) -> dict[str, str]:
    asks = ASKS[MatterKind(view.matter.kind), step]
    return {code.value: words().label(code) for code in asks.reasons or ()}


def _step_page(hub: Hub, view: MatterView, step: MatterEvent, *, form: Filled) -> str:
    return render_template(
        "officer/matters/step.html",
        view=view,
        step=step,
        asks=ASKS[MatterKind(view.matter.kind), step],
        fits=step in view.next,
        today=local_day(hub.clock()),
        form=form,
        back=url_for("matters.show", matter_id=view.matter.id),
    )


def _page(hub: Hub, actor: Actor, view: MatterView, *, opened: list[Written] | None = None) -> str:
    by_step: dict[UUID, list[tuple[str, str]]] = {}
    for one in opened or ():
        said: Mapping[str, Any] = one.words
        lines = [(words().words(name, "MatterWords"), str(told)) for name, told in said.items()]
        by_step.setdefault(one.step_id, []).extend(lines)
    return render_template(
        "officer/matters/show.html",
        view=view,
        facts=facts(hub, actor, view, words()),
        prepared=prepared(view),
        step_url=step_url,
        opened=by_step if opened is not None else None,
        names=list(PackPage(Offered()).names()),
        back=url_for("matters.list_all"),
    )
