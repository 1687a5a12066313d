"""Whoever looks at a case beyond its own says why first, on whichever page the look would begin;
and where somebody goes on from a form about a referral.
"""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.overlook import must_say_why
from referral_hub.services.read_referrals import ReferralView


def ask_why(hub: Hub, actor: Actor, view: ReferralView) -> Response | None:
    """Return the way to the page that asks why, or None where nothing needs to be asked."""
    if not must_say_why(hub, actor, view):
        return None
    return redirect(url_for("overlook.why_form", referral_id=view.referral.id))


def home_of(actor: Actor, view: ReferralView, done: str | None = None) -> str:
    """Return where somebody goes on from a form about a referral: its page, or for an officer, who
    does not read referrals, its entries in the log. `done` is what the page says was recorded.
    """
    if access.allowed(actor.role, Permission.READ_REFERRAL):
        return url_for("referrals.show", referral_id=view.referral.id, done=done)
    return url_for("officer.list_entries", reference=view.referral.reference)
