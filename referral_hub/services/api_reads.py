"""What a partner's system may read beside the pages' own reads, and what it says of consents.

Events come in the order of their ids. An id is given before its transaction commits, so an event
is shown once it is older than any statement may run: a client that asks again from the last id it
saw then misses none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from consent.notices import Notice
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor, AgreementTaken
from referral_hub.errors import InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.idempotency import Keyed, Written, again
from referral_hub.services.notice_register import readable
from referral_hub.services.put_right import record_agreement
from referral_hub.services.receive_referral import NO_SUCH_AGENCY
from referral_hub.services.withdraw import Withdrawn, withdraw_agreement
from referral_hub.store import (
    agreement_records,
    answers,
    api_reads,
    change,
    directory,
    referrals,
    register_items,
)
from referral_hub.store.api_reads import AgencyRow, ConsentRow, EventRow
from referral_hub.store.directory import AreaRow

SETTLED = timedelta(seconds=20)
MOST_EVENTS = 100
NOTICE = "support-referral"


@dataclass(frozen=True, slots=True)
class Directory:
    """Reference data that a referral names: areas, agencies, and the words that the agency uses."""

    areas: Sequence[AreaRow]
    agencies: Sequence[AgencyRow]
    notices: Sequence[Notice]


def events(hub: Hub, actor: Actor, since: UUID | None) -> Sequence[EventRow]:
    """Return what happened to the agency's referrals and tasks after the event `since`."""
    access.require(actor, Permission.LIST_REFERRALS)
    settled = hub.clock() - SETTLED
    with hub.database.acting_for(actor.agency_id) as connection:
        return api_reads.events_since(
            connection, actor.agency_id, since=since, settled=settled, most=MOST_EVENTS
        )


def consents(hub: Hub, actor: Actor, referral_id: UUID) -> Sequence[ConsentRow]:
    """Return what the person has said about a referral that the agency sent. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = referrals.one(connection, referral_id)
        situation = Situation(origin=row.origin_agency_id, author=row.author_user_id)
        access.require(actor, Permission.RECORD_AGREEMENT, situation)
        return api_reads.consents_of(connection, referral_id)


def look_up(hub: Hub, actor: Actor) -> Directory:
    """Return the hub's reference data; everybody may read it."""
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        areas = directory.areas(connection)
        agencies = api_reads.agencies(connection)
        adopted = register_items.notices_in_use(connection, actor.agency_id)
    return Directory(areas, agencies, readable(NOTICE, adopted, at))


def give_consent(
    hub: Hub,
    keyed: Keyed,
    referral_id: UUID,
    *,
    agreement: AgreementTaken,
    answering: Callable[[UUID, int], Written],
) -> Written:
    """Record what the person has said since, once for each idempotency key.

    Raises NotFound, KeyReused, Conflict, InvalidInput (an agency that the hub does not have).
    """
    actor = Actor(keyed.client_id, keyed.agency_id, Role.PARTNER_SYSTEM)
    written: list[Written] = []

    def beside(event_id: UUID, slots: int) -> Mapping[str, Sequence[Any]]:
        written.append(answering(event_id, slots))
        return {"idempotency_key": [keyed.row(hub, written[-1], hub.clock())]}

    found = answered_before(hub, keyed)
    if found is not None:
        return found
    with hub.database.acting_for(actor.agency_id) as connection:
        known = agreement_records.parties(connection, agreement.recipients)
    if agreement.recipients - known.keys():
        raise InvalidInput({"recipients": (NO_SUCH_AGENCY,)})
    try:
        record_agreement(hub, actor, referral_id, agreement, beside=beside)
    except change.AlreadyThere:
        first = answered_before(hub, keyed)
        if first is None:
            raise
        return first
    return written[-1]


def withdraw_consent(hub: Hub, actor: Actor, consent_id: UUID) -> Withdrawn:
    """Withdraw the agreement to the referral that a consent is about. Raises NotFound, Conflict."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = api_reads.consent(connection, consent_id)
    return withdraw_agreement(hub, actor, row.referral_id)


def answered_before(hub: Hub, keyed: Keyed) -> Written | None:
    """Return what this request was answered the first time; None if there was no first time.

    Raises KeyReused.
    """
    with hub.database.acting_for(keyed.agency_id) as connection:
        found = answers.earlier(
            connection, keyed.client_id, endpoint=keyed.endpoint, key_hash=keyed.key_hash
        )
    return None if found is None else again(hub, keyed, found)
