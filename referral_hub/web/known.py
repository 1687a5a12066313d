"""What a page of the referral must know besides what was typed: areas, languages, proposals, words.

Each page asks only for what it needs, so most pages cost no read beyond the draft. Proposals are
made afresh every time they are shown: capacity changes, and nobody should be named from memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from consent.notices import Notice
from referral_hub.domain.commands import NO_WISHES, Actor, Wishes
from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.domain.routing_model import RouteReason
from referral_hub.errors import NotFound
from referral_hub.services.beside_plan import Beside, beside_plan
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import words_in_use
from referral_hub.services.propose_recipients import (
    ProposedSlot,
    Whose,
    areas,
    propose_recipients,
)
from referral_hub.services.search_directory import Search
from referral_hub.web import journey
from referral_hub.web.assemble import seeker, wishes
from referral_hub.web.forms import fill
from referral_hub.web.forms.referral import Known, RecipientsPage
from referral_hub.web.rendering import today, words

NOTICE = "support-referral"
_WITH_AREAS = frozenset({"address", "recipients", "sharing", journey.CHECK})
_WITH_AGENCIES = frozenset({"recipients", "sharing", journey.CHECK})
_WITH_NOTICES = frozenset({"agreement", journey.CHECK})
_WITH_AGE = frozenset({"taken", journey.CHECK})
_FOR_ROUTING = ("person", "address", "access", "needs")


def known_for(hub: Hub, actor: Actor, draft: journey.Draft, *, page: str) -> Known:
    """Return what `page` needs."""
    at = hub.clock()
    known = Known(
        today=today(at),
        areas={row.code: row.name for row in areas(hub, actor)} if page in _WITH_AREAS else {},
        languages=words().languages(),
        notices=notices(hub, actor) if page in _WITH_NOTICES else {},
        child=page in _WITH_AGE and journey.under_sixteen(draft, today(at)),
    )
    if page not in _WITH_AGENCIES:
        return known
    proposed = proposals_for(hub, actor, draft, known=known)
    plan = tuple(
        (slot.needs, tuple(str(choice.agency_id) for choice in slot.choices)) for slot in proposed
    )
    known = replace(
        known,
        agencies=agency_names(proposed),
        plan=plan,
        nearby=_nearby(proposed),
        proposed=proposed,
    )
    if page == "recipients":
        known = replace(known, beside=beside(hub, actor, draft, known=known))
    return known


def proposals_for(
    hub: Hub, actor: Actor, draft: journey.Draft, *, known: Known
) -> tuple[ProposedSlot, ...]:
    """Return who could help; nothing while a page that routing needs cannot be read."""
    pages = {
        name: fill(journey.step(name).schema(known), draft.get(name, {})) for name in _FOR_ROUTING
    }
    if not all(page.ok for page in pages.values()):
        return ()
    number = pages["person"].values["nhs_number"]
    return propose_recipients(
        hub,
        actor,
        needs=pages["needs"].values["needs"],
        seeker=seeker(pages, known.today, _said(draft, known)),
        whose=Whose(
            pages["address"].values["postcode"], parse_nhs_number(number) if number else None
        ),
    )


def _said(draft: journey.Draft, known: Known) -> Wishes:
    """What was said when the page was last saved, whoever can still be asked."""
    saved = draft.get("recipients", {})
    named = [one for field in ("first", "never") for one in saved.get(field, ())]
    page = fill(RecipientsPage(replace(known, nearby=dict.fromkeys(named, ""))), saved)
    return wishes(page.values) if page.ok else NO_WISHES


def _nearby(proposed: tuple[ProposedSlot, ...]) -> dict[str, str]:
    """Return whom the patient may want first or never: all but the owner as the last resort."""
    names = {
        str(choice.agency_id): choice.agency_name
        for slot in proposed
        for choice in slot.choices
        if choice.service_name
    }
    refused = {
        str(other.agency_id): other.agency_name
        for slot in proposed
        for other in slot.excluded
        if other.reason is RouteReason.NEVER_THIS_ONE
    }
    return names | refused


def beside(hub: Hub, actor: Actor, draft: journey.Draft, *, known: Known) -> Beside:
    """Return what a referrer sees beside the plan: figures, and help outside the hub."""
    address = fill(journey.step("address").schema(known), draft.get("address", {}))
    needs = fill(journey.step("needs").schema(known), draft.get("needs", {}))
    near = Search()
    if address.ok and needs.ok:
        place = address.values.get("postcode") or known.areas[address.values["area"]]
        near = Search(place=place, needs=needs.values["needs"])
    services = {one.service_id for slot in known.proposed for one in slot.choices}
    return beside_plan(hub, actor, filter(None, services), near=near)


def agency_names(proposed: tuple[ProposedSlot, ...]) -> dict[str, str]:
    """Return every proposed agency once, in the order of the plan, by id as text."""
    return {
        str(choice.agency_id): choice.agency_name for slot in proposed for choice in slot.choices
    }


def notices(hub: Hub, actor: Actor) -> dict[str, Notice]:
    """Return the words that the agency uses, by `id/version/language`, English first."""
    in_use = words_in_use(hub, actor, NOTICE)
    return {f"{one.id}/{one.version}/{one.language}": one for one in in_use}


def notice_key(offered: Mapping[str, Notice], language: object) -> str:
    """Return the key of the words in `language`, or in English where there are none."""
    return next(
        (key for key, one in offered.items() if one.language == language), next(iter(offered))
    )


def page_before(arguments: Mapping[str, str]) -> UUID | None:
    """Return where a list continues. Raises NotFound for anything that is not an id."""
    given = arguments.get("before")
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError:
        raise NotFound from None
