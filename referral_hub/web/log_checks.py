"""Two more checks that an officer asks for: that one checkpoint continues another, and that the
decisions about the agency's own people come out again as the log has them.
"""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, url_for

from referral_hub.clock import monotonic
from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.log_files import prove_consistency
from referral_hub.services.replay_ours import replay_ours
from referral_hub.web.forms import read_form
from referral_hub.web.forms.officer import ConsistencyPage, VerifyPage
from referral_hub.web.officer import state_page


def consistency(hub: Hub, actor: Actor) -> Any:
    """Hand over the proof that one checkpoint continues another, as a file."""
    form = read_form(ConsistencyPage())
    if form.ok:
        try:
            older, newer = int(form.values["older"]), int(form.values["newer"])
            found = prove_consistency(hub, actor, older, newer)
        except InvalidInput as problem:
            told = {name: messages[0] for name, messages in problem.fields.items()}
            form = form.with_errors(**told)
        else:
            name = f"consistency-{found.older}-{found.newer}.txt"
            answer = Response(found.proof, mimetype="text/plain")
            answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return answer
    return state_page(hub, actor, form), 400


def replay(hub: Hub, actor: Actor) -> Any:
    """Make the decisions about this agency's people again, and say what came of it."""
    form = read_form(VerifyPage())
    if not form.ok:
        return state_page(hub, actor, form), 400
    began = monotonic()
    outcome = replay_ours(hub, actor)
    return render_template(
        "officer/replayed.html",
        outcome=outcome,
        seconds=monotonic() - began,
        back=url_for("officer.state"),
    )
