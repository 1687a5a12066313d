"""The page behind a one-time link: it asks for the group's code, or says why the link is over.

A look changes nothing, whoever looks: scanners, previews, the back button and a second tab. A
browser that has begun the visit already is led to it. Nothing here says whom a referral is about,
or even that there is one, beyond what the mail itself said.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, session, url_for

from referral_hub.domain.links import LinkState
from referral_hub.errors import Conflict, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.visits import (
    Link,
    Opened,
    WrongCode,
    ask_again,
    open_link,
    read_link,
)
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.links import AgainPage, CodePage

VISITS = "visits"
_MOST_VISITS = 5
_STATUS = {LinkState.USABLE: 200, LinkState.MOVED_ON: 410, LinkState.EXPIRED: 410}


def show(hub: Hub, token: str) -> Any:
    """Ask for the code; or lead on, or say why the link does not work any more."""
    try:
        link = read_link(hub, token)
    except NotFound:
        return _unknown()
    if str(link.id) in kept_visits():
        return redirect(url_for("visits.show", invitation_id=link.id))
    return _page(link, token, Filled())


def enter(hub: Hub, token: str) -> Any:
    """Hold the code against the group's; the right one begins the visit."""
    form = read_form(CodePage())
    try:
        link = read_link(hub, token)
        if str(link.id) in kept_visits():
            return redirect(url_for("visits.show", invitation_id=link.id))
        if not form.ok:
            return _page(link, token, form, status=422)
        match open_link(hub, token, form.values["code"]):
            case Opened(visit_id=visit_id, token=visit):
                keep_visit(visit_id, visit)
                return redirect(url_for("visits.show", invitation_id=visit_id))
            case WrongCode(left=left):
                tries = f"{left} more {'try' if left == 1 else 'tries'}"
                wrong = form.with_errors(code=f"The code is wrong. You have {tries}")
                return _page(link, token, wrong, status=422)
            case LinkState() as state:
                return _page(Link(link.id, link.agency_name, state), token, Filled())
    except NotFound:
        return _unknown()


def again(hub: Hub, token: str) -> Any:
    """Send a new link to the registered address, and say so."""
    read_form(AgainPage())
    try:
        state = ask_again(hub, token)
        if state is not None:
            return _page(read_link(hub, token), token, Filled())
    except NotFound:
        return _unknown()
    except Conflict as conflict:
        return render_template("links/sent.html", told=str(conflict)), 409
    return redirect(url_for("links.sent"))


def sent(_hub: Hub) -> str:
    """Say that a new link is on its way."""
    return render_template("links/sent.html", told=None)


def kept_visits() -> dict[str, str]:
    """Return the visits that this browser has begun: token by invitation id."""
    kept = session.get(VISITS)
    if not isinstance(kept, dict):
        return {}
    return {str(one): str(token) for one, token in kept.items()}


def keep_visit(invitation_id: UUID, token: str) -> None:
    """Keep a visit in this browser's cookie, and the few before it."""
    older = list(kept_visits().items())[-(_MOST_VISITS - 1) :]
    session[VISITS] = dict([*older, (str(invitation_id), token)])


def forget_visit(invitation_id: UUID) -> None:
    """Forget a visit in this browser."""
    kept = kept_visits()
    kept.pop(str(invitation_id), None)
    session[VISITS] = kept


def _page(link: Link, token: str, form: Filled, *, status: int | None = None) -> Any:
    name = "code" if link.state is LinkState.USABLE else "over"
    shown = render_template(f"links/{name}.html", link=link, token_in_link=token, form=form)
    return shown, status or _STATUS.get(link.state, 409)


def _unknown() -> tuple[str, int]:
    """The same for a link that was cut off, was never ours or is long gone."""
    return render_template("links/unknown.html"), 404
