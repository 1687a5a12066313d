"""The consent record kept by the hub and the receipt given to the person, as plain dictionaries.

The field names are those of ISO/IEC TS 27560:2023, with what that specification leaves open and an
officer needs: the hash of the exact words, how the answer was given, who took it and who gave it.
Times are ISO 8601 in UTC; an open end is "..", as in ISO 8601-2.

The limit: this is content only. Signing, printing and JSON-LD are for others, and so is deciding
who may read it: a record names the person by the hub's opaque id and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from consent.model import ConsentError, ConsentEvent, SharingAgreement
from consent.notices import Notice, is_known
from consent.policy import Policy, current_policy

SCHEMA_VERSION = "ISO/IEC TS 27560:2023"

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation that has a part in it. `type` is its kind, `contact` how to reach it."""

    party_id: str
    name: str
    address: str
    contact: str
    type: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a record says about the organisations and places around a consent event.

    `recipients` must hold a party for each recipient that the event names, and `agreements` may
    hold more than concern it. `retention_period` is an ISO 8601 duration such as "P2Y".
    `authority` is the supervisory authority.
    """

    controllers: tuple[Party, ...]
    recipients: tuple[Party, ...]
    authority: Party
    agreements: tuple[SharingAgreement, ...]
    storage_locations: tuple[str, ...]
    processing_locations: tuple[str, ...]
    retention_period: str
    jurisdiction: str
    withdrawal_method: tuple[str, ...]
    privacy_rights: tuple[str, ...]


def consent_record(
    event: ConsentEvent,
    words: Notice,
    around: Circumstances,
    *,
    policy: Policy | None = None,
) -> Content:
    """Return the record of one consent event; raise `ConsentError` if a part does not fit it.

    An event that ends is recorded without words of its own; `words` are then those of what it ends.
    """
    told = (event.notice_id, event.notice_version, event.notice_language)
    kept = bool(event.own_words) or is_known(*told)
    if kept and told != (words.id, words.version, words.language):
        raise ConsentError("consent record: these are not the words that the event names")
    if event.own_words and event.own_words != words.sha256:
        raise ConsentError("consent record: the words are not those of the event's hash")
    unknown = event.recipients - {party.party_id for party in around.recipients}
    if unknown:
        raise ConsentError("consent record: a recipient of the event is not among the parties")
    return {
        "header": {
            "schema_version": SCHEMA_VERSION,
            "record_id": event.id,
            "pii_principal_id": event.subject_id,
        },
        "processing": _processing(event, words, around) | _pii(event, policy or current_policy()),
        "party_identification": [_party(party) for party in _parties(event, around)],
        "event": _event(event),
    }


def consent_receipt(
    record: Mapping[str, Any], words: Notice, *, receipt_id: str, issued_at: datetime
) -> Content:
    """Return what the person is given: the record, the words themselves, and when it was issued."""
    if record["processing"]["privacy_notice"]["sha256"] != words.sha256:
        raise ConsentError("consent receipt: these are not the words of the record")
    return {
        **record,
        "receipt": {
            "receipt_id": receipt_id,
            "issued_at": _instant(issued_at),
            "privacy_notice_text": words.text,
        },
    }


def _processing(event: ConsentEvent, words: Notice, around: Circumstances) -> Content:
    return {
        "privacy_notice": {"id": words.id, "version": words.version, "sha256": words.sha256},
        "language": words.language,
        "purpose": event.purpose.value,
        "purpose_type": "sharing",
        "lawful_basis": _lawful_basis(event, around),
        "pii_controllers": [party.party_id for party in around.controllers],
        "collection_method": event.method.value,
        "storage_locations": list(around.storage_locations),
        "retention_period": around.retention_period,
        "processing_locations": list(around.processing_locations),
        "jurisdiction": around.jurisdiction,
        "recipient_third_parties": sorted(event.recipients),
        "withdrawal_method": list(around.withdrawal_method),
        "privacy_rights": list(around.privacy_rights),
        "authority_party": around.authority.party_id,
    }


def _lawful_basis(event: ConsentEvent, around: Circumstances) -> list[Content]:
    """Return the bases by recipient: Articles 6 and 9 and, apart from them, confidentiality."""
    return [
        {
            "recipient": agreement.recipient_id,
            "agreement": agreement.id,
            "article_6": agreement.article6.value,
            "article_9": agreement.article9 and agreement.article9.value,
            "confidentiality": event.confidentiality.value,
        }
        for agreement in sorted(around.agreements, key=lambda a: (a.recipient_id, a.id))
        if agreement.recipient_id in event.recipients and event.purpose in agreement.purposes
    ]


def _pii(event: ConsentEvent, policy: Policy) -> Content:
    return {
        "pii_information": [
            {
                "pii_type": data_class.value,
                "name": policy.class_names[data_class],
                "sensitive_category": data_class in policy.sensitive,
                "special_category": data_class in policy.special,
            }
            for data_class in policy.fields
            if data_class in event.classes
        ]
    }


def _parties(event: ConsentEvent, around: Circumstances) -> list[Party]:
    named = [party for party in around.recipients if party.party_id in event.recipients]
    by_id = {party.party_id: party for party in (*around.controllers, *named, around.authority)}
    return [by_id[party_id] for party_id in sorted(by_id)]


def _party(party: Party) -> Content:
    return {
        "party_id": party.party_id,
        "name": party.name,
        "address": party.address,
        "contact": party.contact,
        "type": party.type,
    }


def _event(event: ConsentEvent) -> Content:
    until = _instant(event.valid_until) if event.valid_until else ".."
    return {
        "event_time": _instant(event.recorded_at),
        "validity_duration": f"{_instant(event.valid_from)}/{until}",
        "entity_id": event.taken_by,
        "event_type": event.event_type.value,
        "event_state": event.state.value,
        "method": event.method.value,
        "taken_by": event.taken_by,
        "given_by": event.given_by.value,
        "proxy_id": event.proxy_id,
        "service_agreement": event.service_agreement,
        "supersedes": event.supersedes,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
