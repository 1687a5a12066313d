"""A page that arrived after its session had timed out is kept, sealed, and offered again.

The form token is checked first, by the same rule as ever, so another site cannot make the hub keep
anything. What was typed is sealed for the user whose session it was and shown only after that same
person has signed in again, as a form that continues to where it was going. Anybody else who signs
in on the same machine is sent to their own start, whether or not there was anything.
"""

from __future__ import annotations

from uuid import UUID

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.errors import NotFound
from referral_hub.services.drafts import KeptPage, keep_page, kept_page
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import timed_out
from referral_hub.web.session import current_token


def ask_to_sign_in(hub: Hub) -> Response:
    """Answer a request that nobody is signed in for: keep what was sent, and lead to sign-in."""
    if request.method == "GET":
        return redirect(url_for("sign_in.page", next=request.full_path.rstrip("?")))
    if request.mimetype == "multipart/form-data":
        return redirect(url_for("sign_in.page"))
    token = current_token()
    actor = timed_out(hub, token) if token else None
    if actor is None:
        return redirect(url_for("sign_in.page"))
    fields = tuple(
        (name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"
    )
    kept = keep_page(hub, actor, KeptPage(request.full_path.rstrip("?"), fields))
    return redirect(url_for("sign_in.page", next=url_for("kept.show", draft_id=kept)))


def show(hub: Hub, actor: Actor, draft_id: UUID) -> str | Response:
    """Offer a kept page to the person who sent it."""
    try:
        page = kept_page(hub, actor, draft_id)
    except NotFound:
        return redirect(url_for("pages.home"))
    return render_template("kept.html", page=page)


def is_page(address: str, method: str = "GET") -> bool:
    """Tell whether `address` is a path of this hub that answers `method`."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or not address.isascii():
        return False
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(address.partition("?")[0], method=method))
    except HTTPException:
        return False
