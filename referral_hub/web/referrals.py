"""What became of the referrals that somebody's agency sent.

Lists and pages show references, dates and states, never a name: opening what was sent is a button
of its own, because every look stands in the log. What may be done is asked of `access` for showing
a button, and again by the service when it is pressed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from adapters.formats.message_back import as_text
from referral_hub.access import Permission, Situation, permits
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import NotFound
from referral_hub.services.answer_task import reply
from referral_hub.services.area_names import area_names
from referral_hub.services.hub import Hub
from referral_hub.services.message_back import message_of_view
from referral_hub.services.plan_agencies import plan_agencies
from referral_hub.services.put_right import record_agreement
from referral_hub.services.read_referrals import ReferralView, read_referral
from referral_hub.services.record_death import has_died, record_death
from referral_hub.services.referrer_board import Key, Shelf, read_shelves
from referral_hub.services.release import view_own
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.web.assemble import agreed_now
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.deciding import AgreementPage, DeathPage, Died
from referral_hub.web.forms.referral import Known, ReplyPage
from referral_hub.web.history import owners_history, senders_history
from referral_hub.web.known import notice_key, notices, page_before
from referral_hub.web.looking import ask_why, home_of
from referral_hub.web.opened import sections
from referral_hub.web.person_codes import address, code_once_sent
from referral_hub.web.rendering import today, words


def list_own(hub: Hub, actor: Actor) -> str:
    """The agency's referrals, open ones first, or one shelf of them."""
    shelf, own = _shelf(request.args.get("show")), request.args.get("whose") == "mine"
    page = read_shelves(hub, actor, shelf=shelf, own=own, after=_after())
    return render_template(
        "referrals/list.html", page=page, shelf=shelf, shelves=list(Shelf), own=own
    )


def show(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """One referral: where each part stands, what went to whom, what is missing."""
    view = read_referral(hub, actor, referral_id)
    ours = view.referral.origin_agency_id == actor.agency_id
    message = message_of_view(view, hub.clock())
    return ask_why(hub, actor, view) or render_template(
        "referrals/show.html",
        view=view,
        to_file=(message.snomed, as_text(message)) if ours else None,
        may=_buttons(actor, view),
        history=(senders_history if ours else owners_history)(view.history, words()),
        done=request.args.get("done"),
    )


def sent(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Confirm that the referral was accepted, and say what happens next."""
    view = read_referral(hub, actor, referral_id)
    return ask_why(hub, actor, view) or render_template(
        "referrals/sent.html",
        view=view,
        ours=view.referral.origin_agency_id == actor.agency_id,
        code=code_once_sent(hub, actor, referral_id),
        address=address(hub),
    )


def open_own(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Open what was sent; the look is in the log before anything is shown."""
    view = read_referral(hub, actor, referral_id)
    return _opened(hub, actor, view, form=Filled())


def agreement_form(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Ask what the person has now agreed to."""
    view = read_referral(hub, actor, referral_id, to=Permission.RECORD_AGREEMENT)
    return _agreement(view, _known(hub, actor, view), Filled())


def agree(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Record the person's agreement; what was held goes on by itself."""
    view = read_referral(hub, actor, referral_id, to=Permission.RECORD_AGREEMENT)
    known = _known(hub, actor, view)
    form = read_form(AgreementPage(known))
    if not form.ok:
        return _agreement(view, known, form), 422
    taken = agreed_now(form.values, today=known.today)
    record_agreement(hub, actor, referral_id, taken)
    return redirect(url_for("referrals.show", referral_id=referral_id, done="agreed"))


def death_form(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Say what recording a death does, or offer to put a mistake right."""
    return _death(hub, actor, referral_id)


def record_death_of(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Record that the patient has died, or that this was a mistake."""
    form = read_form(DeathPage())
    if not form.ok:
        return _death(hub, actor, referral_id), 422
    record_death(hub, actor, referral_id, died=form.values["died"] is Died.DIED)
    return redirect(url_for("referrals.show", referral_id=referral_id))


def confirm_withdraw(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Say what withdrawing does before it is done."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    home = home_of(actor, view)
    return render_template("referrals/withdraw.html", view=view, home=home)


def withdraw(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Withdraw, and show what stopped, who is being told and what had already gone."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    done = withdraw_agreement(hub, actor, referral_id)
    home = home_of(actor, view)
    return render_template("referrals/withdrawn.html", view=view, done=done, home=home)


def answer(hub: Hub, actor: Actor, *, referral_id: UUID, task_id: UUID) -> Any:
    """Answer a recipient's question."""
    form = read_form(ReplyPage())
    if not form.ok:
        view = read_referral(hub, actor, referral_id)
        return _opened(hub, actor, view, form=form), 422
    reply(hub, actor, task_id, form.values["reply"])
    return redirect(url_for("referrals.show", referral_id=referral_id, done="answered"))


def _shelf(given: str | None) -> Shelf | None:
    if not given:
        return None
    try:
        return Shelf(given)
    except ValueError:
        raise NotFound from None


def _after() -> Key | None:
    """Where the list continues: a shelf and a referral."""
    shelf, after = _shelf(request.args.get("at")), request.args.get("after")
    if after is None:
        return None
    found = page_before({"before": after})
    if shelf is None or found is None:
        raise NotFound
    return Key(shelf.value, found)


def _opened(hub: Hub, actor: Actor, view: ReferralView, *, form: Filled) -> str:
    opened = view_own(hub, actor, view.referral.id)
    needs = {code for codes in opened.needs_by_slot.values() for code in codes}
    fields = {**opened.fields, "need.needs": [code for code in NeedCode if code in needs]}
    tasks = [task for slot in view.slots.values() for task in slot]
    return render_template(
        "referrals/opened.html",
        view=view,
        opened=opened,
        sections=sections(fields, words(), area_names(hub, actor)),
        names={task.recipient_agency_id: task.recipient_name for task in tasks},
        asked=[task for task in view.current if task.state == TaskState.INFORMATION_ASKED],
        form=form,
    )


def _death(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    died = has_died(hub, actor, referral_id)
    view = read_referral(hub, actor, referral_id)
    return render_template("referrals/death.html", view=view, died=died)


def _agreement(view: ReferralView, known: Known, form: Filled) -> str:
    return render_template(
        "referrals/agreement.html",
        view=view,
        known=known,
        form=form,
        told=notice_key(known.notices, request.args.get("language", "en")),
        held=[task.reason for task in view.current if task.state == TaskState.HELD],
        back=url_for("referrals.show", referral_id=view.referral.id),
    )


def _known(hub: Hub, actor: Actor, view: ReferralView) -> Known:
    agencies = {str(one): name for one, name in plan_agencies(hub, actor, view).items()}
    return Known(today(hub.clock()), agencies=agencies, notices=notices(hub, actor))


def _buttons(actor: Actor, view: ReferralView) -> dict[str, bool]:
    row = view.referral
    situation = Situation(
        author=row.author_user_id, origin=row.origin_agency_id, owner=row.owner_agency_id
    )
    wanted = (
        Permission.VIEW_SENT,
        Permission.RECORD_AGREEMENT,
        Permission.WITHDRAW_AGREEMENT,
        Permission.RECORD_DEATH,
        Permission.GIVE_CODE,
    )
    return {permission.value: permits(actor, permission, situation) for permission in wanted}
