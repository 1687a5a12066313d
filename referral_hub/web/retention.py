"""Records that are due, what waits for a second person, and legal holds. References, no names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.retention import Appraisal, KeepReason, LegalHoldReason, Schedule
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.retention import (
    decide,
    keep_by,
    lift_hold,
    place_hold,
    propose,
    require_destruction,
    require_person,
    work_list,
)
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.retention import HoldPage, NothingPage, ProposePage, SchedulePage
from referral_hub.web.people import found_or_told


def show(hub: Hub, actor: Actor) -> str:
    """The work list."""
    return _page(hub, actor, Filled())


def put_forward(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Propose what becomes of one person's records."""
    form = read_form(ProposePage())

    def step() -> None:
        propose(hub, actor, subject_id, form.values["outcome"], reason=form.values["reason"])

    return _taken(hub, actor, form, step)


def approve(hub: Hub, actor: Actor, appraisal_id: UUID) -> Any:
    """Approve what somebody else proposed; a destruction leads to its certificate."""
    form = read_form(NothingPage())
    try:
        erased = decide(hub, actor, appraisal_id, approve=True)
    except Conflict as refused:
        return _page(hub, actor, form.with_errors(outcome=str(refused))), 409
    if erased is None:
        return redirect(url_for("retention.show"))
    return redirect(url_for("retention.destroyed", entry_id=erased.entry_id))


def turn_down(hub: Hub, actor: Actor, appraisal_id: UUID) -> Any:
    """Turn down what somebody else proposed."""
    form = read_form(NothingPage())
    return _taken(hub, actor, form, lambda: decide(hub, actor, appraisal_id, approve=False))


def destroyed(hub: Hub, actor: Actor, entry_id: UUID) -> str:
    """Say that it is done, and where the certificate is."""
    require_destruction(hub, actor, entry_id)
    return render_template("officer/retention/destroyed.html", entry_id=entry_id)


def hold_form(hub: Hub, actor: Actor, subject_id: UUID) -> str:
    """Ask why the records are held."""
    require_person(hub, actor, subject_id)
    return _hold_page(subject_id, Filled())


def hold(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Place a legal hold."""
    form = read_form(HoldPage())
    if not form.ok:
        return _hold_page(subject_id, form), 422
    reason = form.values["reason"]
    return _taken(hub, actor, form, lambda: place_hold(hub, actor, subject_id, reason))


def schedule(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Say by which schedule the records are kept."""
    form = read_form(SchedulePage())
    if not form.ok:
        return _hold_page(subject_id, form), 422
    return _taken(
        hub, actor, form, lambda: keep_by(hub, actor, subject_id, form.values["schedule"])
    )


def lift(hub: Hub, actor: Actor, hold_id: UUID) -> Any:
    """Ask for a hold to be lifted, or lift it as the second person."""
    form = read_form(NothingPage())
    return _taken(hub, actor, form, lambda: lift_hold(hub, actor, hold_id))


def find_form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """Whose records are to be held."""
    return render_template("officer/retention/find.html", form=Filled())


def find(hub: Hub, actor: Actor) -> Any:
    """Go on to the hold's reason."""
    found = found_or_told(hub, actor)
    if isinstance(found, Filled):
        return render_template("officer/retention/find.html", form=found), 422
    return redirect(url_for("retention.hold_form", subject_id=found))


def _taken(hub: Hub, actor: Actor, form: Filled, step: Callable[[], object]) -> Any:
    """Take a step and show the list again, or say on it why not."""
    if form.ok:
        try:
            step()
        except InvalidInput as problem:
            form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        except Conflict as refused:
            return _page(hub, actor, form.with_errors(outcome=str(refused))), 409
        else:
            return redirect(url_for("retention.show"))
    return _page(hub, actor, form), 422


def _hold_page(subject_id: UUID, form: Filled) -> str:
    return render_template(
        "officer/retention/hold.html",
        subject_id=subject_id,
        reasons=LegalHoldReason,
        schedules=Schedule,
        form=form,
    )


def _page(hub: Hub, actor: Actor, form: Filled) -> str:
    return render_template(
        "officer/retention/list.html",
        work=work_list(hub, actor),
        us=actor.user_id,
        may_hold=access.allowed(actor.role, Permission.READ_AUDIT),
        outcomes=Appraisal,
        reasons=KeepReason,
        form=form,
    )
