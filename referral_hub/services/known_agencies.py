"""Whether agencies that a partner's system names are agencies of this hub at all.

Asked only where a referral names agencies beyond its agreement: an unknown one in an agreement is
simply nobody's, but one that somebody never wants to be asked would be kept and mean nothing.
"""

from __future__ import annotations

from referral_hub.domain.commands import Wishes
from referral_hub.services.hub import Hub
from referral_hub.store.directory import known_agencies


def unknown_wishes(hub: Hub, wishes: Wishes) -> tuple[str, ...]:
    """Return the fields of `wishes` that name an agency which the hub does not know."""
    named = wishes.first | wishes.never
    if not named:
        return ()
    with hub.database.working() as connection:
        known = known_agencies(connection, named)
    return tuple(
        name for name, ids in (("first", wishes.first), ("never", wishes.never)) if ids - known
    )
