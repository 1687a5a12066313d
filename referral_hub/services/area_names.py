"""The names of areas, for pages that show somebody who opened a referral where it is."""

from __future__ import annotations

from collections.abc import Mapping

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import directory


def area_names(hub: Hub, actor: Actor) -> Mapping[str, str]:
    """Return every area's name by its code; shared reference data, so no permission is asked."""
    with hub.database.acting_for(actor.agency_id) as connection:
        return {row.code: row.name for row in directory.areas(connection)}
