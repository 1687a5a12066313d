"""Refusals and holds for an officer to review (rule R15): what was not shared, why, a finding."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.refusals import Finding
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.refusals import record_finding, to_review
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.oversight import FindingPage
from referral_hub.web.known import page_before
from referral_hub.web.officer_words import shown
from referral_hub.web.rendering import words


def list_open(hub: Hub, actor: Actor) -> str:
    """What has no finding yet, the newest first."""
    return _page(hub, actor, Filled(), page_before(request.args))


def review(hub: Hub, actor: Actor) -> Any:
    """Record what was found about those that were ticked."""
    form = read_form(FindingPage())
    if not form.ok:
        return _page(hub, actor, form, None), 422
    try:
        record_finding(hub, actor, form.values["entries"], form.values["finding"])
    except Conflict as refused:
        return _page(hub, actor, form.with_errors(entries=str(refused)), None), 409
    return redirect(url_for("refusals.list_open"))


def _page(hub: Hub, actor: Actor, form: Filled, before: UUID | None) -> str:
    page = to_review(hub, actor, before)
    return render_template(
        "officer/refusals.html",
        rows=[shown(row, actor.agency_id, words()) for row in page.rows],
        older=page.next,
        findings=Finding,
        form=form,
    )
