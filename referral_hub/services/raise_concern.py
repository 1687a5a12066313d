"""A concern from a doorstep, staged for the council that looks after the place.

Whoever raises it is not known and is not asked: the record says through which employer's link it
came. Nothing is looked up and nothing is read back. It waits for a council officer, who finds out
who the person is and asks them; without that it never becomes a referral.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.concerns import NEEDS, Noticed, Said
from referral_hub.domain.staging import StagedSource, WaitsBecause
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.stage import Parties, Staged, stage
from referral_hub.store import change, directory
from referral_hub.store.concern_links import OpenLink
from referral_hub.store.directory import AreaRow


@dataclass(frozen=True, slots=True, repr=False)
class ConcernSeen:
    """What was noticed, in which area, where in words, and whether the person said yes.

    `id` comes from the form, so that sending it twice stores it once.
    """

    id: UUID
    noticed: Noticed
    area: str
    place: str | None
    said: Said

    def __repr__(self) -> str:
        return "<ConcernSeen (redacted)>"


def areas_for(hub: Hub, link: OpenLink) -> list[AreaRow]:
    """Return the areas that somebody may choose from."""
    with hub.database.acting_for(link.agency_id) as connection:
        return directory.areas(connection)


def raise_concern(hub: Hub, link: OpenLink, seen: ConcernSeen) -> None:
    """Stage a concern for the area's council; sent twice, it is staged once.

    Raises InvalidInput for an area that nobody looks after, and for a person who said no: then
    nothing may be passed on.
    """
    if seen.said is Said.NO:
        raise InvalidInput({"said": ("The person said no, so nothing is sent.",)})
    owners = {area.code: area.owner_agency_id for area in areas_for(hub, link)}
    if seen.area not in owners:
        raise InvalidInput({"area": ("Choose one of the areas.",)})
    need = NEEDS.get(seen.noticed)
    pages: dict[str, dict[str, Any]] = {
        "address": {"area": seen.area, "address": seen.place or "", "postcode": ""},
        "needs": {"needs": [need.value] if need else []},
    }
    beside = {"noticed": seen.noticed.value, "place": seen.place or "", "said": seen.said.value}
    parties = Parties(owners[seen.area], link.agency_id, StagedSource.CONCERN, link.id)
    item = Staged(seen.id, WaitsBecause.PERSON_NOT_KNOWN, pages, beside)
    try:
        stage(hub, parties, item)
    except change.AlreadyThere:
        return


def record_doorstep_danger(hub: Hub, link: OpenLink) -> None:
    """Record that somebody at a door was shown 999; who and where is not known."""
    event = Event(
        type=EntryType.ACCESS,
        sender=link.agency_id,
        actor_agency=link.agency_id,
        purpose="danger_advice",
        outcome="shown",
        details={"link": str(link.id)},
    )
    entry = prepare(event, hub.keys, hub.clock())
    with hub.database.acting_for(link.agency_id) as connection:
        change.write(connection, change.Change([entry]))
