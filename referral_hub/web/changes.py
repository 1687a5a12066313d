"""What has changed? One question from the referral, and a page for each answer.

A withdrawal and a new agreement have their pages already; what remains is who must stop or use
nothing for now, and which fact was wrong. What recipients are told follows from the answer.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for

from referral_hub.access import Permission, allowed
from referral_hub.domain.codes import NotificationKind
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.change_of_mind import KINDS, change_of_mind
from referral_hub.services.correct_fact import CORRECTABLE, Correction, correct_fact
from referral_hub.services.hub import Hub
from referral_hub.services.never_ask import never_asked, rule_out
from referral_hub.services.plan_agencies import plan_agencies
from referral_hub.services.read_referrals import ReferralView, read_referral
from referral_hub.services.stop_sharing import Said
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.changes import (
    Change,
    ChangedPage,
    CorrectionPage,
    Facts,
    NeverPage,
    StopPage,
    one_fact,
)
from referral_hub.web.forms.referral import Known
from referral_hub.web.looking import home_of
from referral_hub.web.rendering import today, words

PAGES = {
    Change.WITHDRAWN: "referrals.confirm_withdraw",
    Change.RENEWED: "referrals.agreement_form",
    Change.CORRECTED: "changes.correction_form",
    Change.NEVER: "changes.never_form",
}


def ask(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Ask what has changed."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    return _asked(actor, view, Filled())


def choose(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Lead to the page of what was chosen."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    form = read_form(ChangedPage())
    if not form.ok:
        return _asked(actor, view, form), 422
    chosen: Change = form.values["change"]
    if chosen in PAGES:
        return redirect(url_for(PAGES[chosen], referral_id=referral_id))
    return redirect(url_for("changes.stop_form", referral_id=referral_id, what=chosen.value))


def stop_form(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Ask whom it is about, and how the person said so."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    what = request.args.get("what", "")
    if what not in {kind.value for kind in KINDS}:
        return redirect(url_for("changes.ask", referral_id=referral_id))
    return _stop(view, _known(hub, actor, view), Filled({"what": what}))


def stop(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Record it; what is unsent stops, and whoever has the referral is told."""
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    known = _known(hub, actor, view)
    form = read_form(StopPage(known))
    if not form.ok:
        return _stop(view, known, form), 422
    given = form.values
    agencies = frozenset(UUID(one) for one in given["agencies"])
    said = Said(given["what"], agencies, given["method"], given["given_by"])
    change_of_mind(hub, actor, referral_id, said)
    return _back(actor, view, said.kind.value)


def correction_form(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Ask which fact was wrong, and what is right."""
    view = read_referral(hub, actor, referral_id, to=Permission.CORRECT_FACT)
    return _correction(hub, view, Filled())


def correct(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Put the fact right, and let those who have it know."""
    view = read_referral(hub, actor, referral_id, to=Permission.CORRECT_FACT)
    form = read_form(CorrectionPage(_facts(hub)))
    if not form.ok:
        return _correction(hub, view, form), 422
    wanted = Correction(referral_id, form.values["fact"], one_fact(form.values))
    try:
        correct_fact(hub, actor, wanted)
    except InvalidInput as problem:
        wrong = {name: messages[0] for name, messages in problem.fields.items()}
        return _correction(hub, view, form.with_errors(**wrong)), 422
    return _back(actor, view, NotificationKind.CORRECTED.value)


def never_form(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Ask whom the patient never wants to be asked, as it is recorded now."""
    asked = never_asked(hub, actor, referral_id)
    return _never(hub, actor, referral_id, Filled({"never": list(map(str, asked.ruled_out))}))


def never(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Remember it for this referral and every later one."""
    form = read_form(NeverPage(_could_be_ruled_out(hub, actor, referral_id)))
    if not form.ok:
        return _never(hub, actor, referral_id, form), 422
    rule_out(hub, actor, referral_id, frozenset(map(UUID, form.values["never"])))
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    return _back(actor, view, Change.NEVER.value)


def _asked(actor: Actor, view: ReferralView, form: Filled) -> str:
    agrees = allowed(actor.role, Permission.RECORD_AGREEMENT)
    return render_template(
        "changes/ask.html",
        view=view,
        form=form,
        changes=[one for one in Change if agrees or one is not Change.RENEWED],
        home=home_of(actor, view),
    )


def _stop(view: ReferralView, known: Known, form: Filled) -> str:
    return render_template("changes/stop.html", view=view, form=form, known=known)


def _correction(hub: Hub, view: ReferralView, form: Filled) -> str:
    return render_template("changes/correction.html", view=view, form=form, facts=_facts(hub).facts)


def _never(hub: Hub, actor: Actor, referral_id: UUID, form: Filled) -> str:
    view = read_referral(hub, actor, referral_id, to=Permission.WITHDRAW_AGREEMENT)
    known = _could_be_ruled_out(hub, actor, referral_id)
    return render_template("changes/never.html", view=view, form=form, known=known)


def _could_be_ruled_out(hub: Hub, actor: Actor, referral_id: UUID) -> Known:
    asked = never_asked(hub, actor, referral_id)
    agencies = {str(one): name for one, name in (asked.ruled_out | asked.others).items()}
    return Known(today(hub.clock()), agencies=agencies)


def _known(hub: Hub, actor: Actor, view: ReferralView) -> Known:
    agencies = {str(one): name for one, name in plan_agencies(hub, actor, view).items()}
    return Known(today(hub.clock()), agencies=agencies)


def _facts(hub: Hub) -> Facts:
    return Facts(today(hub.clock()), {name: words().field(name) for name in CORRECTABLE})


def _back(actor: Actor, view: ReferralView, done: str) -> Any:
    return redirect(home_of(actor, view, done))
