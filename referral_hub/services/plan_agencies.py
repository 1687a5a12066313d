"""Whom a person can be asked about once a referral exists: the agencies of its plan, in order."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import ReferralView
from referral_hub.store.plan_agencies import names_of


def plan_agencies(hub: Hub, actor: Actor, view: ReferralView) -> Mapping[UUID, str]:
    """Return id and name of each agency in the plan of a referral that the actor may read."""
    ids = [
        UUID(candidate["agency"]) for slot in view.referral.plan for candidate in slot["candidates"]
    ]
    with hub.database.acting_for(actor.agency_id) as connection:
        names = names_of(connection, set(ids))
    return {one: names[one] for one in dict.fromkeys(ids) if one in names}
