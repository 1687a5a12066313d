"""The code that a sender gives the patient: on the page after sending, and again when it was lost.

It is made when the page after sending is first shown, in the browser that has just sent, and is on
that page alone: neither the address nor the cookie has it, and looking again makes no other.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.services.person_codes import (
    CodeStanding,
    GivenCode,
    code_standing,
    end_code,
    give_code,
)
from referral_hub.web.forms import read_form
from referral_hub.web.forms.links import AgainPage

_JUST_SENT = "just_sent"


def show(hub: Hub, actor: Actor, referral_id: UUID) -> str:
    """Whether there is a code, since when, and what a new one does."""
    standing = code_standing(hub, actor, referral_id)
    return render_template(
        "referrals/code.html",
        standing=standing,
        referral_id=referral_id,
        done=request.args.get("done"),
    )


def make(hub: Hub, actor: Actor, referral_id: UUID) -> Any:
    """Make a new code and show it this once."""
    read_form(AgainPage())
    given = give_code(hub, actor, referral_id)
    return render_template(
        "referrals/code_given.html", given=given, referral_id=referral_id, address=address(hub)
    )


def end(hub: Hub, actor: Actor, referral_id: UUID) -> Response:
    """End the code: the person's page closes, and no message goes out any more."""
    read_form(AgainPage())
    end_code(hub, actor, referral_id)
    return redirect(url_for("person_codes.show", referral_id=referral_id, done="ended"))


def note_sent(referral_id: UUID) -> None:
    """Remember in this browser that a referral has just been sent."""
    session[_JUST_SENT] = str(referral_id)


def code_once_sent(hub: Hub, actor: Actor, referral_id: UUID) -> GivenCode | CodeStanding | None:
    """Return a fresh code where this browser has just sent the referral, or why there is none."""
    if session.pop(_JUST_SENT, None) != str(referral_id):
        return None
    try:
        return give_code(hub, actor, referral_id)
    except Conflict:
        return code_standing(hub, actor, referral_id)


def address(hub: Hub) -> str:
    """Return the address that the person types."""
    return f"{hub.settings.public_url.rstrip('/')}/my"
