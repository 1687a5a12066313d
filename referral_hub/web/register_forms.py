"""Writing into the registers: an agreement, words in use, a processing activity, the own address.

A revision begins with what it would replace, and becomes an item of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.registers import Register
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.activity_register import Activity, record_activity
from referral_hub.services.agreement_register import (
    FOR_THE_ORGANISATION,
    AgreementTerms,
    propose_agreement,
)
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import Adoption, propose_notice
from referral_hub.services.own_notices import every_text
from referral_hub.services.registers import (
    Details,
    Item,
    other_agencies,
    own_details,
    read_item,
    record_details,
)
from referral_hub.web.forms import Filled, Raw, read_form
from referral_hub.web.forms.registers import (
    AGREED_PURPOSES,
    ActivityPage,
    AgreementPage,
    Choices,
    DetailsPage,
    Direction,
    NoticePage,
)
from referral_hub.web.rendering import LONDON, today, words

_PAGES = {
    Register.AGREEMENTS: AgreementPage,
    Register.NOTICES: NoticePage,
    Register.ACTIVITIES: ActivityPage,
}
_ACTIVITY_TEXTS = (
    *("name", "role", "purposes", "lawful_basis", "people", "information"),
    *("recipients", "transfers", "retention", "security", "document"),
)


def add_form(hub: Hub, actor: Actor, register: str) -> str:
    """An empty page."""
    return _page(hub, actor, Register(register), Filled())


def add(hub: Hub, actor: Actor, register: str) -> Any:
    """Add what was written."""
    return _written(hub, actor, Register(register), None)


def revise_form(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> str:
    """The page with what it would replace."""
    item = read_item(hub, actor, Register(register), item_id)
    form = Filled(raw=_as_typed(item, actor))
    return _page(hub, actor, Register(register), form, replacing=item_id)


def revise(hub: Hub, actor: Actor, *, register: str, item_id: UUID) -> Any:
    """Add a revision."""
    return _written(hub, actor, Register(register), item_id)


def details_form(hub: Hub, actor: Actor) -> str:
    """The agency's address and contacts."""
    found = own_details(hub, actor)
    raw = {name: getattr(found, name) for name in ("address", "contact", "officer_contact")}
    return render_template("registers/details.html", form=Filled(raw=raw), back=_back())


def details(hub: Hub, actor: Actor) -> Any:
    """Record them."""
    form = read_form(DetailsPage(Choices(today(hub.clock()))))
    if not form.ok:
        return render_template("registers/details.html", form=form, back=_back()), 422
    record_details(hub, actor, Details(**form.values))
    return redirect(_back())


def _written(hub: Hub, actor: Actor, register: Register, replacing: UUID | None) -> Any:
    form = read_form(_PAGES[register](_choices(hub, actor, register)))
    if form.ok:
        try:
            item_id = _write(hub, actor, register, form.values, replacing=replacing)
        except InvalidInput as problem:
            form = form.with_errors(**{name: told[0] for name, told in problem.fields.items()})
        except Conflict as refused:
            form = form.with_errors(document=str(refused))
            return _page(hub, actor, register, form, replacing=replacing), 409
        else:
            return redirect(url_for("registers.show", register=register, item_id=item_id))
    return _page(hub, actor, register, form, replacing=replacing), 422


def _write(
    hub: Hub,
    actor: Actor,
    register: Register,
    values: Mapping[str, Any],
    *,
    replacing: UUID | None,
) -> UUID:
    match register:
        case Register.AGREEMENTS:
            return propose_agreement(hub, actor, _terms(values), supersedes=replacing)
        case Register.NOTICES:
            adoption = Adoption(
                every_text(hub, actor)[values["words"]],
                since=values["since"],
                until=values["until"],
                review_on=values["review_on"],
                document=values["document"],
            )
            return propose_notice(hub, actor, adoption, supersedes=replacing)
        case Register.ACTIVITIES:
            return record_activity(hub, actor, Activity(**values), supersedes=replacing)


def _terms(values: Mapping[str, Any]) -> AgreementTerms:
    return AgreementTerms(
        other=UUID(values["other"]),
        sending=values["direction"] is Direction.SENDING,
        purposes=values["purposes"],
        classes=values["classes"],
        article6=values["article6"],
        article9=values["article9"],
        evidence={name: values[name] for name in FOR_THE_ORGANISATION if values[name]},
        since=values["since"],
        until=values["until"],
        review_on=values["review_on"],
        document=values["document"],
    )


def _page(
    hub: Hub,
    actor: Actor,
    register: Register,
    form: Filled,
    *,
    replacing: UUID | None = None,
) -> str:
    return render_template(
        f"registers/{register}.html",
        form=form,
        choices=_choices(hub, actor, register),
        directions=Direction,
        purposes=AGREED_PURPOSES,
        evidence=FOR_THE_ORGANISATION,
        replacing=replacing,
        back=url_for("registers.show", register=register, item_id=replacing)
        if replacing
        else _back(),
    )


def _choices(hub: Hub, actor: Actor, register: Register) -> Choices:
    choices = Choices(today(hub.clock()))
    match register:
        case Register.AGREEMENTS:
            named = other_agencies(hub, actor)
            return replace(choices, agencies={str(one): name for one, name in named.items()})
        case Register.NOTICES:
            languages = words().languages()
            told = {
                key: f"{one.id}, version {one.version}, {languages.get(one.language, one.language)}"
                for key, one in every_text(hub, actor).items()
            }
            return replace(choices, words=told)
        case Register.ACTIVITIES:
            return choices


def _as_typed(item: Item, actor: Actor) -> Raw:
    """What a revision begins with: the item as somebody would have typed it, without its review."""
    row = item.row
    raw: Raw = {}
    match item.register:
        case Register.AGREEMENTS:
            sending = row["sender_agency_id"] == actor.agency_id
            other = row["recipient_agency_id"] if sending else row["sender_agency_id"]
            raw |= {
                "other": str(other),
                "direction": Direction.SENDING if sending else Direction.RECEIVING,
                "purposes": list(row["purposes"]),
                "classes": list(row["classes"]),
                "article6": row["article6"],
                "article9": row["article9"] or "",
                "document": row["document"] or "",
            }
            raw |= {name: row["evidence"].get(name, "") for name in FOR_THE_ORGANISATION}
            raw |= _parts("until", row["valid_until"])
        case Register.NOTICES:
            named = ("notice_id", "notice_version", "notice_language")
            raw["words"] = "/".join(row[name] for name in named)
            raw |= _parts("until", row["valid_until"]) if row["valid_until"] else {}
        case Register.ACTIVITIES:
            raw |= {name: row[name] or "" for name in _ACTIVITY_TEXTS}
    return raw


def _parts(name: str, end: datetime) -> Raw:
    """The last whole day before an exclusive end, in the three boxes of a date."""
    last: date = end.astimezone(LONDON).date()
    if end.astimezone(LONDON).time() == datetime.min.time():
        last = date.fromordinal(last.toordinal() - 1)
    return {
        f"{name}-day": str(last.day),
        f"{name}-month": str(last.month),
        f"{name}-year": str(last.year),
    }


def _back() -> str:
    return url_for("registers.show_all")
