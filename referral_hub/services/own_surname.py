"""A look at somebody of the reader's own surname is noted, so that an officer can ask about it.

Names are sealed and no index of them is kept, so the comparison is made at the one moment when both
names are in memory: after a record was opened for somebody. What is noted is an entry of the log
that only the reader's own agency sees. It names neither the person nor the referral; which look it
was is committed to, and opening that is a look of its own. Nothing is shown where it cannot be
written. The limit: a surname is the last word of a member of staff's name, and a common one says
little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.store import change, staff

OUTCOME = "own_surname"
FIELD = "identity.family_name"
_SHORTEST = 2


def note_own_surname(hub: Hub, actor: Actor, fields: Mapping[str, Any], view: UUID) -> None:
    """Note it where the opened `fields` hold a family name that the reader has too.

    `view` is the entry of the look. Raises ServiceUnavailable where it cannot be written.
    """
    family_name = fields.get(FIELD)
    if not isinstance(family_name, str):
        return
    with hub.database.acting_for(actor.agency_id) as connection:
        own = staff.display_name(connection, actor.user_id)
        if own is None or not same_surname(own, family_name):
            return
        event = Event(
            type=EntryType.ADMIN,
            sender=actor.agency_id,
            actor_agency=actor.agency_id,
            actor_user=actor.user_id,
            purpose="oversight",
            outcome=OUTCOME,
            cites=(f"view:{view}",),
        )
        change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))


def same_surname(display_name: str, family_name: str) -> bool:
    """Whether the last word of one name is among the parts of the other, however written."""
    own = _parts(display_name.rsplit(maxsplit=1)[-1] if display_name.split() else "")
    theirs = _parts(family_name)
    return any(len(part) >= _SHORTEST for part in own & theirs)


def _parts(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one))
    return {
        part for part in re.split(r"[\s‐-―-]+", letters.replace("’", "").replace("'", "")) if part
    }
