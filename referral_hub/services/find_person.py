"""An officer finds a person of their own agency, by a referral's reference or by NHS number.

What is found is a random id: it may stand in an address, an NHS number never does. Each look-up is
in the log, also one that found nobody: who looks up numbers one after another shows.
"""

from __future__ import annotations

from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event
from referral_hub.domain.commands import Actor
from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append
from referral_hub.store import erasures

NOBODY = "Your agency has sent no referral with this, or the person has been erased"


def find_person(
    hub: Hub, actor: Actor, *, reference: str | None = None, nhs_number: str | None = None
) -> UUID:
    """Return the agency's person by a referral's reference or by NHS number; the look-up is logged.

    Raises InvalidInput for nobody, whatever the reason, and for no NHS number.
    """
    access.require(actor, Permission.READ_AUDIT)
    index = None if nhs_number is None else _index(hub, actor, nhs_number)
    with hub.database.acting_for(actor.agency_id) as connection:
        found: UUID | None = None
        if reference is not None:
            found = erasures.sent_as(connection, actor.agency_id, reference.upper())
        elif index is not None:
            found = erasures.indexed(connection, index)
    by = "reference" if reference else "nhs_number"
    append(hub, actor, _look_up(actor, by, found))
    if found is None:
        raise InvalidInput({by: (NOBODY,)})
    return found


def _index(hub: Hub, actor: Actor, typed: str) -> bytes:
    try:
        number = parse_nhs_number(typed)
    except InvalidNhsNumber as problem:
        raise InvalidInput({"nhs_number": (str(problem),)}) from None
    return hub.keys.blind_index("identity.nhs_number", str(actor.agency_id), number.encode())


def _look_up(actor: Actor, by: str, found: UUID | None) -> Event:
    """The person is committed to among the facts: nothing in clear joins look-ups of one person."""
    return Event(
        type=EntryType.ACCESS,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose="oversight",
        outcome="found" if found else "not_found",
        cites=(f"person:{found}",) if found else (),
        details={"report": Report.PERSON.value, "by": by},
    )
