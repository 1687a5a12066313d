"""Emergency accesses for officers: what waits for a review, one of them, and the review itself.

Every page that an officer opens counts what waits, straight from the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask_login import current_user

from referral_hub.domain.commands import Actor, ReviewEmergencyAccess
from referral_hub.errors import Conflict
from referral_hub.services.emergency_review import (
    Written,
    count_alerts,
    list_alerts,
    open_reason,
    read_alert,
    review_emergency_access,
)
from referral_hub.services.hub import Hub
from referral_hub.services.release import Withheld
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.emergency import ReviewPage


def counter(hub: Hub) -> Callable[[], int]:
    """Return what templates ask for the number of alerts of whoever is signed in."""

    def alerts_waiting() -> int:
        return count_alerts(hub, current_user.actor) if current_user.is_authenticated else 0

    return alerts_waiting


def list_all(hub: Hub, actor: Actor) -> str:
    """What waits for a review, oldest first, and what was reviewed."""
    return render_template(
        "emergency/list.html", alerts=list_alerts(hub, actor), done="done" in request.args
    )


def show(hub: Hub, actor: Actor, alert_id: UUID) -> str:
    """One emergency access, the button that opens why, and the review."""
    return _page(hub, actor, alert_id, form=Filled())


def reason(hub: Hub, actor: Actor, alert_id: UUID) -> str:
    """What was written about it; the look is in the log first."""
    written = open_reason(hub, actor, alert_id)
    return _page(hub, actor, alert_id, form=Filled(), written=written)


def review(hub: Hub, actor: Actor, alert_id: UUID) -> Any:
    """Record what was found."""
    form = read_form(ReviewPage())
    if not form.ok:
        return _page(hub, actor, alert_id, form=form), 422
    finding = ReviewEmergencyAccess(alert_id, form.values["outcome"], form.values["words"])
    back = url_for("emergency_reviews.list_all")
    try:
        review_emergency_access(hub, actor, finding)
    except Withheld as withheld:
        return render_template("emergency/refused.html", told=str(withheld), back=back), 403
    except Conflict as conflict:
        return render_template("emergency/refused.html", told=str(conflict), back=back), 409
    return redirect(url_for("emergency_reviews.list_all", done=1))


def _page(
    hub: Hub,
    actor: Actor,
    alert_id: UUID,
    *,
    form: Filled,
    written: list[Written] | None = None,
) -> str:
    return render_template(
        "emergency/review.html",
        alert=read_alert(hub, actor, alert_id),
        form=form,
        written=written,
        back=url_for("emergency_reviews.list_all"),
    )
