"""What is available near this person: the same routing that will place the referral, shown before
anybody is named.

Nothing personal is stored or logged; the seeker is what the form knows so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain import routing
from referral_hub.domain.codes import AgencyKind, Capacity, Circumstance, NeedCode
from referral_hub.domain.commands import Actor
from referral_hub.domain.nhs_number import NhsNumber
from referral_hub.services import facts
from referral_hub.services.directory_facts import listed_in
from referral_hub.services.draw_up import never_before, nhs_index
from referral_hub.services.hub import Hub
from referral_hub.services.plan import MOST_CANDIDATES, MOST_EXCLUDED
from referral_hub.store import directory
from referral_hub.store.intake import Home, gather


@dataclass(frozen=True, slots=True)
class Choice:
    """A service that could help, in the order of the plan, with why."""

    agency_id: UUID
    agency_name: str
    agency_kind: AgencyKind
    service_name: str
    reasons: tuple[routing.RouteReason, ...]
    wait_days: int | None
    capacity: Capacity | None
    service_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class NotChosen:
    """A service that meets the need but cannot be proposed, and why not."""

    agency_id: UUID
    agency_name: str
    service_name: str
    reason: routing.RouteReason


@dataclass(frozen=True, slots=True)
class ProposedSlot:
    """Needs that the same services can meet. The last choice is the accountable owner.

    `stated` are the circumstances that any service for these needs requires or rules out; `timed`
    says that some of them state on which days they are open.
    """

    needs: tuple[NeedCode, ...]
    choices: tuple[Choice, ...]
    excluded: tuple[NotChosen, ...]
    more_excluded: int = 0
    stated: frozenset[Circumstance] = frozenset()
    timed: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Whose:
    """What finds somebody's place, and whom they ruled out before, where it was typed."""

    postcode: str | None = None
    nhs_number: NhsNumber | None = None

    def __repr__(self) -> str:
        return "<Whose>"


NOBODY_KNOWN = Whose()


def areas(hub: Hub, actor: Actor) -> Sequence[directory.AreaRow]:
    """Return the areas that councils of this hub look after, by name."""
    access.require(actor, Permission.REFER)
    with hub.database.acting_for(actor.agency_id) as connection:
        return directory.areas(connection)


def propose_recipients(
    hub: Hub,
    actor: Actor,
    *,
    needs: Iterable[NeedCode],
    seeker: routing.Seeker,
    whose: Whose = NOBODY_KNOWN,
) -> tuple[ProposedSlot, ...]:
    """Return the plan for `needs` as a person reads it; distances are from the postcode.

    Whom a known person ruled out before is left out. Raises Forbidden.
    """
    access.require(actor, Permission.REFER)
    at, needs = hub.clock(), tuple(needs)
    with hub.database.direct() as link:
        home, index = Home(seeker.area, whose.postcode), nhs_index(hub, actor, whose.nhs_number)
        known = gather(link, actor.agency_id, home=home, needs=list(needs), nhs_index=index)
    seeker = replace(seeker, point=known.point, never=seeker.never | never_before(known))
    listed = listed_in(known.services, known.standing)
    services = [one.service for one in listed]
    slots = routing.propose(needs, seeker, services, at=at, most=MOST_CANDIDATES)
    if known.owner_agency_id is not None:
        slots = routing.with_owner(slots, known.owner_agency_id)
    standings = facts.standings_in(known.standing)
    agency_names = {agency_id: row["name"] for agency_id, row in standings.items()}
    names = {one.service.id: one.name for one in listed}
    kinds = {agency_id: AgencyKind(row["kind"]) for agency_id, row in standings.items()}
    by_id = {service.id: service for service in services}

    def choice(candidate: routing.Candidate) -> Choice:
        service = by_id.get(candidate.service_id) if candidate.service_id else None
        return Choice(
            agency_id=candidate.agency_id,
            agency_name=agency_names[candidate.agency_id],
            agency_kind=kinds[candidate.agency_id],
            service_name=names[service.id] if service else "",
            reasons=candidate.reasons,
            wait_days=service.wait_days if service else None,
            capacity=service.capacity if service else None,
            service_id=candidate.service_id,
        )

    return tuple(
        ProposedSlot(
            needs=slot.needs,
            choices=tuple(choice(candidate) for candidate in slot.candidates),
            excluded=tuple(
                NotChosen(
                    row.agency_id, agency_names[row.agency_id], names[row.service_id], row.reason
                )
                for row in slot.excluded[:MOST_EXCLUDED]
            ),
            more_excluded=max(0, len(slot.excluded) - MOST_EXCLUDED),
            stated=_stated(slot, services),
            timed=any(one.open_days for one in services if not one.needs.isdisjoint(slot.needs)),
        )
        for slot in slots
    )


def _stated(slot: routing.Slot, services: Iterable[routing.Service]) -> frozenset[Circumstance]:
    meeting = [service for service in services if not service.needs.isdisjoint(slot.needs)]
    return frozenset[Circumstance]().union(
        *(service.eligibility | service.exclusions for service in meeting)
    )
