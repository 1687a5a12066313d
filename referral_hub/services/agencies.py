"""Who takes part: agencies and the areas that a council answers for, entered by an operator.

Joining is a contract between organisations and never a form on the web, so that no fault in a page
can add an agency: only the owner of the tables writes here (`store.registers`). Each step has its
entry in the log. Nothing is removed: an agency that leaves is closed, and its acts stay provable.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.domain.codes import AgencyKind
from referral_hub.domain.ids import new_id
from referral_hub.domain.working_days import Nation
from referral_hub.errors import Conflict, HubError, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.speaking_for import LONDON
from referral_hub.services.staff_accounts import LONGEST_NAME, is_name
from referral_hub.settings import Settings
from referral_hub.store import change, registers
from referral_hub.store.registers import AgencyLine

NOT_A_NAME = f"Use 1 to {LONGEST_NAME} characters that can be seen, with single spaces."
NO_AGENCY = "No agency is registered under exactly this name. `hub agencies list` shows them."
TAKEN = "An agency of this name is registered already."
ONLY_A_COUNCIL = "An area's people are looked after by a council; this agency is none."


def register_agency(
    hub: Hub,
    name: str,
    kind: AgencyKind,
    *,
    insured_until: date | None = None,
    nation: Nation = Nation.ENGLAND_AND_WALES,
) -> UUID:
    """Register an agency; returns its id. `insured_until` is the last day of its own insurance,
    `nation` whose bank holidays its clocks pause on.

    Raises InvalidInput (name) and Conflict (name taken).
    """
    if not is_name(name):
        raise InvalidInput({"name": (NOT_A_NAME,)})
    at = hub.clock()
    with registers.as_owner(owner_url(hub.settings)) as connection:
        if registers.agency_named(connection, name) is not None:
            raise Conflict(TAKEN)
        agency_id = new_id(at)
        row = {
            "id": agency_id,
            "name": name,
            "kind": kind.value,
            "active": True,
            "joined_at": at,
            "insured_until": _end_of(insured_until),
            "nation": nation.value,
        }
        registers.add(connection, "agency", [row])
        _log(hub, connection, agency_id, "agency_registered", kind=kind.value)
    return agency_id


def set_open(hub: Hub, name: str, *, active: bool) -> None:
    """Close an agency, or open it again. Raises InvalidInput (no such agency).

    A closed one is offered nothing, its staff and systems are refused, and its agreements are void.
    """
    agency_id = _named(hub, name).id
    with registers.as_owner(owner_url(hub.settings)) as connection:
        registers.set_active(connection, agency_id, active=active)
        _log(hub, connection, agency_id, "agency_opened" if active else "agency_closed")


def set_nation(hub: Hub, name: str, nation: Nation) -> None:
    """Say whose bank holidays count for an agency, from now. Raises InvalidInput (no such agency).

    Clocks that run are told anew from their history, so they follow at once.
    """
    agency_id = _named(hub, name).id
    with registers.as_owner(owner_url(hub.settings)) as connection:
        registers.set_nation(connection, agency_id, nation.value)
        _log(hub, connection, agency_id, "nation_set", nation=nation.value)


def register_area(hub: Hub, code: str, name: str, *, council: str) -> None:
    """Register an area and the council that is accountable for its people, or change either.

    Raises InvalidInput (code, name, council).
    """
    wrong = {
        field: (NOT_A_NAME,)
        for field, given in (("code", code), ("name", name))
        if not is_name(given)
    }
    if wrong:
        raise InvalidInput(wrong)
    owner = _named(hub, council, field="council")
    if owner.kind != AgencyKind.COUNCIL:
        raise InvalidInput({"council": (ONLY_A_COUNCIL,)})
    with registers.as_owner(owner_url(hub.settings)) as connection:
        registers.put_area(connection, code, name, owner.id)
        _log(hub, connection, owner.id, "area_registered", area=code)


def all_agencies(hub: Hub) -> Sequence[AgencyLine]:
    """Return every agency, by name."""
    with hub.database.one_statement() as connection:
        return registers.agencies(connection)


def owner_url(settings: Settings) -> str:
    """Return the address of the tables' owner. Raises HubError when there is none."""
    url = settings.migrate_database_url or settings.database_url
    if url is None:
        raise HubError("No database is configured.")
    return url


def _named(hub: Hub, name: str, *, field: str = "agency") -> AgencyLine:
    for line in all_agencies(hub):
        if line.name == name:
            return line
    raise InvalidInput({field: (NO_AGENCY,)})


def _log(
    hub: Hub, connection: change.Connection, agency_id: UUID, outcome: str, **details: str
) -> None:
    """Write the step's entry in the step's own transaction: neither stands without the other."""
    event = Event(
        type=EntryType.ADMIN,
        sender=agency_id,
        actor_agency=agency_id,
        outcome=outcome,
        details=dict(details),
    )
    change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=LONDON)
