"""All pages of a draft become one frozen command, or the name of the page in the way.

Pages are checked again here with today's facts, because an area may have gone or a proposed agency
may have changed since the page was saved. Only pages that apply are read: an answer that no longer
counts (agreed, then changed to no) never reaches the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from consent.model import EventState
from referral_hub.domain.commands import (
    NO_WISHES,
    AgreementTaken,
    Assessment,
    AuthorityTaken,
    BestInterestsDecision,
    ChildViews,
    ConcernRaised,
    SubmitReferral,
    Wishes,
)
from referral_hub.domain.months import months_later
from referral_hub.domain.routing import Seeker, age_on
from referral_hub.services.assemble_referral import PlainReferral, assemble
from referral_hub.web import journey
from referral_hub.web.forms import Filled, fill
from referral_hub.web.forms.deciding import PROXIES
from referral_hub.web.forms.referral import Answer, Known, Until, ruled_out

_MONTHS = {Until.THREE_MONTHS: 3, Until.SIX_MONTHS: 6, Until.TWELVE_MONTHS: 12}


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The first page that cannot be accepted as it stands."""

    page: str


Pages = Mapping[str, Filled]


def check_pages(draft: journey.Draft, known: Known) -> Pages | Unfinished:
    """Check every page that applies, in order."""
    if journey.in_danger(draft):
        return Unfinished(journey.ADVICE)
    pages: dict[str, Filled] = {}
    for step in journey.STEPS:
        if not step.applies(draft, known.today):
            continue
        filled = fill(step.schema(known), draft.get(step.name, {}))
        if step.name not in draft or not filled.ok:
            return Unfinished(step.name)
        pages[step.name] = filled
    return pages


def wishes(values: Mapping[str, Any]) -> Wishes:
    """Return how the person would like to be helped, from the fields of `RecipientsPage`."""
    return Wishes(
        first=frozenset(map(UUID, values["first"])),
        never=frozenset(map(UUID, values["never"])),
        prefers=values["prefers"],
        company=values["company"],
        tasks=values["tasks"],
        essential=values["essential"],
        is_so=values["is_so"],
        days=frozenset(day.value for day in values["days"]),
        person_chooses=Answer.YES in values["choose"],
    )


def seeker(pages: Pages, today: date, said: Wishes = NO_WISHES) -> Seeker:
    """Return what routing may know of the person, from the pages up to `needs` and the wishes."""
    person, access = pages["person"].values, pages["access"].values
    return Seeker(
        area=pages["address"].values["area"],
        age=age_on(person["date_of_birth"], today),
        language=access["language"],
        interpreter=Answer.YES in access["interpreter"],
        access=access["access"],
        wished=frozenset(),
        never=said.never,
        first=said.first,
        prefers=said.prefers,
        company=said.company,
        tasks=said.tasks,
        essential=said.essential,
        is_so=said.is_so,
        days=said.days,
    )


def command(draft_id: UUID, pages: Pages, *, today: date) -> SubmitReferral:
    """Return the command that `pages` add up to."""
    person, home = pages["person"].values, pages["address"].values
    contact, access, why = (pages[name].values for name in ("contact", "access", "why"))
    plain = PlainReferral(
        first_name=person["first_name"],
        family_name=person["family_name"],
        date_of_birth=person["date_of_birth"],
        nhs_number=person["nhs_number"],
        area=home["area"],
        address=home["address"],
        postcode=home["postcode"],
        phone=contact["phone"],
        email=contact["email"],
        preferred=contact["preferred"],
        never=ruled_out(contact),
        contact_note=contact["contact_note"],
        language=access["language"],
        interpreter=Answer.YES in access["interpreter"],
        access=access["access"],
        access_note=access["access_note"],
        needs=pages["needs"].values["needs"],
        why=why["why"],
        task_note=why["task_note"],
        priority=why["priority"],
        agreement=None if "safeguarding" in pages else agreement(pages, today=today),
        concern=_concern(pages),
        wishes=wishes(pages["recipients"].values) if "recipients" in pages else NO_WISHES,
    )
    return assemble(plain, draft_id)


def agreement(pages: Pages, *, today: date) -> AgreementTaken:
    """Return what the person said: a yes with its terms, or a no that names nobody."""
    said = {**pages["agreement"].values, **pages["taken"].values}
    if said["agreed"] is Answer.NO:
        return _said(said, EventState.REFUSED)
    further = ("sharing", "authority", "capacity", "child", "terms")
    for name in further:
        said |= pages[name].values if name in pages else {}
    return agreed_now(said, today=today)


def agreed_now(values: Mapping[str, Any], *, today: date) -> AgreementTaken:
    """Return a yes with its terms, from the fields of `AgreementPage`."""
    return replace(
        _said(values, EventState.GIVEN),
        recipients=frozenset(UUID(one) for one in values["agencies"]),
        classes=values["classes"],
        valid_until=until(values, today),
        service_agreement=values["service"] is Answer.YES,
        authority=_authority(values),
        assessment=_assessment(values),
        best_interests=_best_interests(values),
        child=_child(values),
    )


def _authority(values: Mapping[str, Any]) -> AuthorityTaken | None:
    if values["given_by"] not in PROXIES:
        return None
    return AuthorityTaken(
        seen=values["seen"],
        covers=values["covers"],
        until=values["authority_until"],
        risk=values["risk"] is Answer.YES,
    )


def _assessment(values: Mapping[str, Any]) -> Assessment | None:
    by, on = values.get("assessed_by"), values.get("assessed_on")
    return Assessment(by, on) if by and on else None


def _best_interests(values: Mapping[str, Any]) -> BestInterestsDecision | None:
    by, on, why = (values.get(f"decided_{part}") for part in ("by", "on", "why"))
    return BestInterestsDecision(by, on, why) if by and on and why else None


def _child(values: Mapping[str, Any]) -> ChildViews | None:
    child, parent = values.get("child_view"), values.get("parent_view")
    if child is None or parent is None:
        return None
    return ChildViews(child.agrees, parent.agrees, values["gillick"], values["parental"])


def _concern(pages: Pages) -> ConcernRaised | None:
    if "safeguarding" not in pages:
        return None
    raised = pages["safeguarding"].values
    return ConcernRaised(raised["reasons"], raised["told"] is Answer.YES)


def until(terms: Mapping[str, Any], today: date) -> date:
    """Return the day the agreement ends: so many months from `today`, or the date given."""
    if terms["until"] is Until.DATE:
        given: date = terms["until_date"]
        return given
    return months_later(today, _MONTHS[terms["until"]])


def _said(values: Mapping[str, Any], state: EventState) -> AgreementTaken:
    notice_id, version, language = values["notice"].split("/")
    return AgreementTaken(
        state=state,
        recipients=frozenset(),
        classes=frozenset(),
        notice_id=notice_id,
        notice_version=version,
        notice_language=language,
        method=values["method"],
        given_by=values["given_by"],
        valid_until=None,
        service_agreement=False,
    )
