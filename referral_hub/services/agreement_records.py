"""The consent record of something a person said, the receipt of it, and whether it still stands.

A record is made when it is asked for, from the ledger's row and the words of its version, never
from memory: what the ledger says and what a record says cannot differ. A receipt has the id of the
log entry that proves it. Who may read one is who may record an agreement, and the sender's officer.
Reading one is no look, like a receipt of the log: it holds codes and ids, and opens nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from consent.ledger import Lapse, fold
from consent.model import ConsentEvent
from consent.notices import Notice, is_known, nothing_told, notice, own_notice
from consent.receipt import Circumstances, Content, Party, consent_receipt, consent_record
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.domain.codes import AgencyKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.retention import schedule_for, terms
from referral_hub.errors import NotFound
from referral_hub.services import facts
from referral_hub.services.hub import Hub
from referral_hub.store import agreement_records as store
from referral_hub.store.agreement_records import AgencyParty, LedgerEvent, Taken

NOT_KNOWN = "An agency that the hub does not know"


@dataclass(frozen=True, slots=True)
class Standing:
    """A recipient that was named, and since why it stands no more; None while it stands."""

    recipient: AgencyParty
    lapsed: str | None


@dataclass(frozen=True, slots=True, repr=False)
class AgreementRecord:
    """What a person said once: the event, the words they were told, and its record and receipt."""

    event: ConsentEvent
    reference: str | None
    taken_by: str | None
    words: Notice
    agency: AgencyParty
    standing: tuple[Standing, ...]
    record: Content
    receipt: Content

    def __repr__(self) -> str:
        return "<AgreementRecord>"


def agreement_record(hub: Hub, actor: Actor, event_id: UUID) -> AgreementRecord:
    """Return the record of one event of the actor's agency. Raises NotFound."""
    us, at = actor.agency_id, hub.clock()
    access.require(actor, Permission.READ_AGREEMENT, Situation(origin=us))
    with hub.database.acting_for(us) as connection:
        found = store.one(connection, us, event_id)
        events = store.of_person(connection, us, found.row["subject_id"])
        named = {UUID(str(one)) for one in found.row["recipients"]}
        parties = store.parties(connection, {us, *named})
        agreements = store.agreements(connection, us)
    parties |= {one: _not_known(one) for one in named - parties.keys()}
    event = facts.consent_event(found.row)
    ledger = tuple(map(facts.consent_event, events))
    words = _words(event, ledger, {str(row["id"]): row["own_text"] for row in events})
    around = _circumstances(found, parties, agreements, us)
    record = consent_record(event, words, around)
    issued = str(found.row["entry_id"] or event.id)
    return AgreementRecord(
        event=event,
        reference=found.reference,
        taken_by=found.taken_by,
        words=words,
        agency=parties[us],
        standing=_standing(event, ledger, parties, at=at),
        record=record,
        receipt=consent_receipt(record, words, receipt_id=issued, issued_at=at),
    )


def agreements_of(hub: Hub, actor: Actor, referral_id: UUID) -> Sequence[Taken]:
    """Return what was agreed with a referral of the agency, the newest first. Raises NotFound."""
    us = actor.agency_id
    access.require(actor, Permission.READ_AGREEMENT, Situation(origin=us))
    with hub.database.acting_for(us) as connection:
        if store.reference_of(connection, us, referral_id) is None:
            raise NotFound
        return store.of_referral(connection, us, referral_id)


def agreement_of_entry(hub: Hub, actor: Actor, entry_id: UUID) -> UUID:
    """Return the event that an entry of the log vouches for. Raises NotFound."""
    us = actor.agency_id
    access.require(actor, Permission.READ_AGREEMENT, Situation(origin=us))
    with hub.database.acting_for(us) as connection:
        return store.by_entry(connection, us, entry_id)


def _words(
    event: ConsentEvent, ledger: Sequence[ConsentEvent], own: Mapping[str, str | None]
) -> Notice:
    """The words of an event, or of the newest before it where it has none of its own.

    `own` are the texts that the agency wrote itself, by event.
    """
    before = [one for one in ledger if one.recorded_at <= event.recorded_at and one is not event]
    for one in (event, *sorted(before, key=lambda one: one.recorded_at, reverse=True)):
        told = (one.notice_id, one.notice_version, one.notice_language)
        text = own.get(one.id)
        if text is not None:
            return own_notice(told, text, since=one.recorded_at)
        if is_known(*told):
            return notice(*told)
    return nothing_told(event.recorded_at)


def _standing(
    event: ConsentEvent,
    events: Sequence[ConsentEvent],
    parties: Mapping[UUID, AgencyParty],
    *,
    at: datetime,
) -> tuple[Standing, ...]:
    ledger = fold(events, event.subject_id, at)
    listed = []
    for party in parties.values():
        if str(party.id) in event.recipients:
            stands = ledger.stands(event, str(party.id), at)
            lapsed = stands.reason.value if isinstance(stands, Lapse) else None
            listed.append(Standing(party, lapsed))
    return tuple(listed)


def _circumstances(
    found: LedgerEvent,
    parties: Mapping[UUID, AgencyParty],
    agreements: Sequence[Mapping[str, Any]],
    us: UUID,
) -> Circumstances:
    table = _table()
    schedule = schedule_for(AgencyKind(parties[us].kind), child=found.minor_until is not None)
    return Circumstances(
        controllers=(_party(parties[us]),),
        recipients=tuple(_party(one) for one in parties.values() if one.id != us),
        authority=Party(**table["authority"]),
        agreements=tuple(map(facts.agreement, agreements)),
        storage_locations=tuple(table["storage_locations"]),
        processing_locations=tuple(table["processing_locations"]),
        retention_period=f"P{terms()[schedule].years}Y",
        jurisdiction=table["jurisdiction"],
        withdrawal_method=tuple(table["withdrawal_method"]),
        privacy_rights=tuple(table["privacy_rights"]),
    )


def _not_known(agency_id: UUID) -> AgencyParty:
    """What stands for an agency that an event names and no register has: the record says so."""
    return AgencyParty(agency_id, NOT_KNOWN, "unknown", "", "", "")


def _party(party: AgencyParty) -> Party:
    return Party(str(party.id), party.name, party.address, party.contact, party.kind)


@cache
def _table() -> Mapping[str, Any]:
    text = files("referral_hub.services").joinpath("circumstances.toml").read_text("utf-8")
    return tomllib.loads(text)
