"""Referring a person, one question or one small group to a page.

Each page is saved, sealed, before the next one is shown. The address carries the draft's id and the
page's name, never anything that was typed. A page is open once everything before it has been
answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services import drafts
from referral_hub.services.hub import Hub
from referral_hub.services.open_staged import (
    kept_behind,
    require_waiting,
    settle_imported,
    staged_behind,
)
from referral_hub.services.record_danger_advice import record_danger_advice
from referral_hub.services.submit_referral import submit_referral
from referral_hub.web import journey
from referral_hub.web.assemble import Unfinished, check_pages, command
from referral_hub.web.forms import Filled, fill, read_form
from referral_hub.web.forms.referral import Known, StartPage
from referral_hub.web.known import known_for, notice_key
from referral_hub.web.person_codes import note_sent
from referral_hub.web.recipients import AGAIN, asks
from referral_hub.web.rendering import today, words
from referral_hub.web.summary import summarise

CARER = "carer"


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """A page of a draft that is being shown."""

    id: UUID
    name: str
    draft: journey.Draft


def start(hub: Hub, actor: Actor) -> str:
    """Say what is needed, and offer to go on with an unfinished referral."""
    unfinished = drafts.latest_draft(hub, actor)
    carer = request.args.get("for") == CARER
    return render_template("refer/start.html", unfinished=unfinished, carer=carer)


def begin(hub: Hub, actor: Actor) -> Response:
    """Start a draft; a carer's begins with their own need and with nothing of anybody else's."""
    form = read_form(StartPage())
    draft_id = drafts.start_draft(hub, actor)
    if form.ok and form.values["carer"]:
        needs = {"needs": {"needs": [NeedCode.CARING_TOO_MUCH.value]}}
        drafts.save_draft(hub, actor, draft_id, pages=needs)
    return _to("danger", draft_id)


def page(hub: Hub, actor: Actor, *, draft_id: UUID, name: str) -> str | Response:
    """Show one page as it was last saved."""
    draft, day = _load(hub, actor, draft_id), today(hub.clock())
    if not journey.reachable(name, draft, day):
        return _to(journey.missing(draft, day) or journey.CHECK, draft_id)
    raw = draft.get(name, {})
    known = known_for(hub, actor, draft, page=name)
    fixing = "fix" in request.args and name in draft
    form = fill(journey.step(name).schema(known), raw) if fixing else Filled(raw)
    return _show(Opened(draft_id, name, draft), form=form, known=known)


def save(hub: Hub, actor: Actor, *, draft_id: UUID, name: str) -> Any:
    """Save one page, or show what is wrong with it and lose nothing."""
    draft, day = _load(hub, actor, draft_id), today(hub.clock())
    if not journey.reachable(name, draft, day):
        return _to(journey.missing(draft, day) or journey.CHECK, draft_id)
    known = known_for(hub, actor, draft, page=name)
    form = read_form(journey.step(name).schema(known))
    if not form.ok:
        opened = Opened(draft_id, name, draft)
        return _show(opened, form=form, known=known), 422
    kept = {field: given for field, given in form.raw.items() if field != AGAIN}
    draft = drafts.save_draft(hub, actor, draft_id, pages={name: kept})
    if AGAIN in form.raw:
        return _to(name, draft_id, **({"change": "1"} if "change" in request.args else {}))
    if journey.in_danger(draft):
        record_danger_advice(hub, actor)
        return _to(journey.ADVICE, draft_id)
    return _to(journey.after(name, draft, day, changing="change" in request.args), draft_id)


def danger_advice(hub: Hub, actor: Actor, draft_id: UUID) -> str:
    """Stop here and call 999."""
    _load(hub, actor, draft_id)
    return render_template("refer/danger_advice.html", draft_id=draft_id)


def check(hub: Hub, actor: Actor, draft_id: UUID) -> str | Response:
    """Show all answers, each with a link that changes it and returns here."""
    draft = _load(hub, actor, draft_id)
    known = known_for(hub, actor, draft, page=journey.CHECK)
    match check_pages(draft, known):
        case Unfinished(page=name):
            return _to(name, draft_id, fix="1")
        case pages:
            return render_template(
                "refer/check.html",
                sections=summarise(pages, known, words()),
                draft_id=draft_id,
                agreed=journey.agreed(draft),
                concern=journey.concern(draft),
                back=_address(journey.before(journey.CHECK, draft, known.today), draft_id),
            )


def send(hub: Hub, actor: Actor, draft_id: UUID) -> Response:
    """Submit the referral once, however often the button is pressed."""
    draft = _load(hub, actor, draft_id)
    known = known_for(hub, actor, draft, page=journey.CHECK)
    pages = check_pages(draft, known)
    if isinstance(pages, Unfinished):
        return _to(pages.page, draft_id, fix="1")
    item_id = staged_behind(draft)
    if item_id:
        require_waiting(hub, actor, item_id, draft_id)
    made = command(draft_id, pages, today=known.today)
    sent = submit_referral(hub, actor, replace(made, kept=kept_behind(draft)))
    if item_id:
        settle_imported(hub, actor, item_id, referral_id=sent.referral_id)
    drafts.finish_draft(hub, actor, draft_id, referral_id=sent.referral_id)
    if sent.slots:
        note_sent(sent.referral_id)
    return redirect(url_for("referrals.sent", referral_id=sent.referral_id))


def confirm_discard(hub: Hub, actor: Actor, draft_id: UUID) -> str:
    """Ask before deleting what was typed."""
    _load(hub, actor, draft_id)
    return render_template("refer/discard.html", draft_id=draft_id)


def discard(hub: Hub, actor: Actor, draft_id: UUID) -> Response:
    """Delete an unfinished referral."""
    drafts.discard_draft(hub, actor, draft_id)
    return redirect(url_for("refer.start"))


def _load(hub: Hub, actor: Actor, draft_id: UUID) -> journey.Draft:
    """Return the draft; somebody who has sent it already is taken to what it became."""
    try:
        return drafts.load_draft(hub, actor, draft_id)
    except NotFound:
        sent = drafts.sent_as(hub, actor, draft_id)
        abort(redirect(url_for("referrals.sent", referral_id=sent)))


def _show(opened: Opened, *, form: Filled, known: Known) -> str:
    name, draft = opened.name, opened.draft
    previous = journey.before(name, draft, known.today)
    changing = "change" in request.args
    extra: dict[str, Any] = {}
    if name == "recipients":
        extra |= asks(known)
    if name == "agreement":
        extra["told"] = notice_key(known.notices, journey.answered(draft, "access", "language"))
    return render_template(
        f"refer/{name}.html",
        form=form,
        known=known,
        draft=draft,
        draft_id=opened.id,
        title=journey.step(name).title,
        action=_address(name, opened.id, **({"change": "1"} if changing else {})),
        back=_address(journey.CHECK if changing else previous, opened.id),
        **extra,
    )


def _address(name: str | None, draft_id: UUID, **query: str) -> str:
    if name is None:
        return url_for("refer.start")
    if name in {journey.CHECK, journey.ADVICE}:
        return url_for(f"refer.{name.replace('-', '_')}", draft_id=draft_id)
    values: dict[str, Any] = {"draft_id": draft_id, "name": name, **query}
    return url_for("refer.page", **values)


def _to(name: str, draft_id: UUID, **query: str) -> Response:
    return redirect(_address(name, draft_id, **query))
