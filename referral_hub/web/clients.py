"""The administrator's pages for partner systems that call the hub: their keys and what they may do.

What a page shows is public: ids, scopes and public keys. Nothing secret is made here and nothing
secret is accepted; the partner's private key stays where it was made.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.codes import Scope
from referral_hub.domain.commands import Actor
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.clients import (
    ClientTerms,
    add_key,
    change_terms,
    list_clients,
    read_client,
    register_client,
    remove_key,
    set_enabled,
)
from referral_hub.services.hub import Hub
from referral_hub.services.token_endpoint import TOKEN_PATH
from referral_hub.web.forms import Filled, read_form
from referral_hub.web.forms.clients import KeyPage, NewClientPage, NoFields, Plain, TermsPage


def list_all(hub: Hub, actor: Actor) -> str:
    """Every system of the agency that may call the hub."""
    return render_template("clients/list.html", clients=list_clients(hub, actor))


def new_form(hub: Hub, actor: Actor) -> str:  # noqa: ARG001 - a view's signature
    """Ask for a name and what the system may do."""
    return _new(Filled())


def register(hub: Hub, actor: Actor) -> Any:
    """Register a system, which then needs its first key."""
    form = read_form(NewClientPage())
    if not form.ok:
        return _new(form), 422
    try:
        client_id = register_client(hub, actor, form.values["name"], _terms(form))
    except InvalidInput as wrong:
        return _new(form.with_errors(**{n: texts[0] for n, texts in wrong.fields.items()})), 422
    except Conflict as taken:
        return _new(form.with_errors(name=str(taken))), 409
    return redirect(url_for("clients.show", client_id=client_id))


def show(hub: Hub, actor: Actor, client_id: UUID) -> str:
    """One system: its id, its keys, what it may do."""
    return _show(hub, actor, client_id)


def change(hub: Hub, actor: Actor, client_id: UUID) -> Any:
    """Change what a system may do; tokens in force lose at once what is taken away."""
    form = read_form(TermsPage())
    if not form.ok:
        return _show(hub, actor, client_id, terms=form), 422
    change_terms(hub, actor, client_id, _terms(form))
    return redirect(url_for("clients.show", client_id=client_id))


def add(hub: Hub, actor: Actor, client_id: UUID) -> Any:
    """Add a public key beside those that are there."""
    form = read_form(KeyPage())
    if not form.ok:
        return _show(hub, actor, client_id, key=_unrepeated(form)), 422
    try:
        add_key(hub, actor, client_id, form.values["key"])
    except InvalidInput as wrong:
        told = Filled({}, {}, {"key": wrong.fields["key"][0]})
        return _show(hub, actor, client_id, key=told), 422
    except Conflict as full:
        return _show(hub, actor, client_id, key=form.with_errors(key=str(full))), 409
    return redirect(url_for("clients.show", client_id=client_id))


def remove(hub: Hub, actor: Actor, *, client_id: UUID, key_id: UUID) -> Any:
    """Remove a key, and end the tokens that were asked for with it."""
    read_form(NoFields())
    remove_key(hub, actor, client_id, key_id)
    return redirect(url_for("clients.show", client_id=client_id))


def disable(hub: Hub, actor: Actor, client_id: UUID) -> Any:
    """Switch a system off; its tokens end at once."""
    read_form(NoFields())
    set_enabled(hub, actor, client_id, enabled=False)
    return redirect(url_for("clients.show", client_id=client_id))


def enable(hub: Hub, actor: Actor, client_id: UUID) -> Any:
    """Switch a system on again; it asks for a new token."""
    read_form(NoFields())
    set_enabled(hub, actor, client_id, enabled=True)
    return redirect(url_for("clients.show", client_id=client_id))


def _terms(form: Filled) -> ClientTerms:
    return ClientTerms(form.values["scopes"], Plain.YES in form.values["plain"])


def _new(form: Filled) -> str:
    return render_template("clients/new.html", form=form, scopes=list(Scope))


def _show(
    hub: Hub,
    actor: Actor,
    client_id: UUID,
    *,
    terms: Filled | None = None,
    key: Filled | None = None,
) -> str:
    view = read_client(hub, actor, client_id)
    as_it_is = Filled(
        {"scopes": list(view.client.scopes), "plain": ["yes"] if view.client.plain_json else []}
    )
    return render_template(
        "clients/show.html",
        view=view,
        terms=terms or as_it_is,
        form=key or terms or Filled(),
        key=key or Filled(),
        scopes=list(Scope),
        token_url=hub.settings.public_url + TOKEN_PATH,
    )


def _unrepeated(form: Filled) -> Filled:
    """What was pasted may be a private key, which is not sent back into the page."""
    return Filled({}, {}, form.errors)
