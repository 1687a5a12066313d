"""The officer's pages for erasing a person: find, look and confirm, and the certificate.

The person is looked for with a form that is posted, so that an NHS number never stands in an
address; afterwards the address holds the person's random id. What was begun about them is listed by
reference, never by what it says.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.retention import KeptBecause
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.erase_beside import Chosen
from referral_hub.services.erase_person import (
    erase_person,
    look_before_erasing,
    refuse_erasure,
)
from referral_hub.services.erasure_certificate import certificate, certificate_text
from referral_hub.services.hub import Hub
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.erasures import ConfirmPage, RefusalPage
from referral_hub.web.people import found_or_told


def find_form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """Ask for a reference or an NHS number."""
    return render_template("officer/erasures/find.html", form=Filled())


def find(hub: Hub, actor: Actor) -> Any:
    """Find the person and go on to what erasing would do."""
    found = found_or_told(hub, actor)
    if isinstance(found, Filled):
        return render_template("officer/erasures/find.html", form=found), 422
    return redirect(url_for("erasures.confirm", subject_id=found))


def confirm(hub: Hub, actor: Actor, subject_id: UUID) -> str:
    """Say what erasing does before it is done."""
    return _confirm(hub, actor, subject_id, form=Filled())


def erase(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Erase, and show the certificate."""
    form = read_form(ConfirmPage())
    if not form.ok:
        return _confirm(hub, actor, subject_id, form=form), 422
    seen, also = form.values["seen"], form.values["also"]
    try:
        done = erase_person(hub, actor, subject_id, Chosen(seen, also) if seen else None)
    except InvalidInput as problem:
        form = form.with_errors(**{name: said[0] for name, said in problem.fields.items()})
        return _confirm(hub, actor, subject_id, form=form), 422
    except Conflict as refused:
        form = form.with_errors(sure=str(refused))
        return _confirm(hub, actor, subject_id, form=form), 409
    return redirect(url_for("erasures.show", entry_id=done.entry_id))


def refuse(hub: Hub, actor: Actor, subject_id: UUID) -> Any:
    """Record that the person is not erased, and why; show its entry, which has a receipt."""
    form = read_form(RefusalPage())
    if not form.ok:
        return _confirm(hub, actor, subject_id, form=form), 422
    try:
        entry_id = refuse_erasure(hub, actor, subject_id, form.values["ground"])
    except Conflict as refused:
        form = form.with_errors(ground=str(refused))
        return _confirm(hub, actor, subject_id, form=form), 409
    return redirect(url_for("officer.show", entry_id=entry_id))


def show(hub: Hub, actor: Actor, entry_id: UUID) -> str:
    """The certificate of an erasure."""
    return render_template(
        "officer/erasures/certificate.html", found=certificate(hub, actor, entry_id)
    )


def download(hub: Hub, actor: Actor, entry_id: UUID) -> Response:
    """The certificate as a text file."""
    answer = Response(certificate_text(certificate(hub, actor, entry_id)), mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="erasure-{entry_id}.txt"'
    return answer


def _confirm(hub: Hub, actor: Actor, subject_id: UUID, *, form: Filled) -> str:
    looked = look_before_erasing(hub, actor, subject_id)
    return render_template(
        "officer/erasures/confirm.html", looked=looked, form=form, grounds=KeptBecause
    )
