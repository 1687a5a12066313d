"""What a referrer sees beside the plan: each service's own figures, and help outside the hub.

The directory knows more than the hub can refer to. What lies near the patient and could help is
shown so that it can be named to them; nothing is sent there. The patient's place is used for the
distance alone, and is neither kept nor logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.search_directory import Search, search_beside
from referral_hub.store import assurance
from referral_hub.store.assurance import Figures
from referral_hub.store.directory_search import Found

MOST_BESIDE = 5


@dataclass(frozen=True, slots=True)
class Beside:
    """Figures by service, and listings of the public directory, nearest first."""

    figures: Mapping[UUID, Figures]
    listings: Sequence[Found]


def beside_plan(hub: Hub, actor: Actor, services: Iterable[UUID], *, near: Search) -> Beside:
    """Return what stands beside a plan, `near` the patient. Raises Forbidden."""
    access.require(actor, Permission.REFER)
    with hub.database.acting_for(actor.agency_id) as connection:
        figures = assurance.of_services(connection, list(services))
    listings = search_beside(hub, near, most=MOST_BESIDE) if near.place else ()
    return Beside(figures, listings)
