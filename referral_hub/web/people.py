"""Find a person of the officer's agency and show what the log has about them.

The form is posted, so that an NHS number never stands in an address; the search that it leads to
holds the person's random id.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.errors import InvalidInput
from referral_hub.services.find_person import find_person
from referral_hub.services.hub import Hub
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.erasures import FindPage


def found_or_told(hub: Hub, actor: Actor) -> UUID | Filled:
    """Return the person that the posted form names, or the form with what is wrong."""
    form = read_form(FindPage())
    if not form.ok:
        return form
    try:
        return find_person(
            hub, actor, reference=form.values["reference"], nhs_number=form.values["nhs_number"]
        )
    except InvalidInput as problem:
        return form.with_errors(**{name: told[0] for name, told in problem.fields.items()})


def find_form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """Ask for a reference or an NHS number."""
    return render_template("officer/person.html", form=Filled())


def find(hub: Hub, actor: Actor) -> Any:
    """Go on to the person's entries."""
    found = found_or_told(hub, actor)
    if isinstance(found, Filled):
        return render_template("officer/person.html", form=found), 422
    return redirect(url_for("officer.list_entries", person=found))
