"""The record and the receipt carry every field of ISO/IEC TS 27560 and tell the whole truth."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from consent.codes import Article6, DataClass, EventState
from consent.model import ConsentError, ConsentEvent
from consent.notices import nothing_told, notice, own_notice
from consent.receipt import Circumstances, Party, consent_receipt, consent_record
from tests.consent.examples import NOON, a_consent, an_agreement, an_ending

WORDS = notice("support-referral", "2", "en")
OTHER_WORDS = "consent record: these are not the words that the event names"
OTHER_HASH = "consent record: the words are not those of the event's hash"


def a_party(party_id: str, kind: str) -> Party:
    """Return a party with an address and a contact."""
    return Party(party_id, f"The {party_id}", "1 High Street", "01632 960000", kind)


AROUND = Circumstances(
    controllers=(a_party("surgery", "gp_practice"),),
    recipients=(a_party("time_bank", "time_bank"), a_party("library", "library")),
    authority=a_party("ico", "supervisory authority"),
    agreements=(
        an_agreement(),
        an_agreement(id="another", recipient_id="library"),
        an_agreement(id="earlier", article6=Article6.CONSENT, article9=None),
        an_agreement(id="other purpose", purposes=frozenset()),
    ),
    storage_locations=("United Kingdom",),
    processing_locations=("United Kingdom",),
    retention_period="P8Y",
    jurisdiction="England",
    withdrawal_method=("in person", "phone", "writing", "online"),
    privacy_rights=("access", "rectification", "erasure", "complaint"),
)

FIELDS = {
    "header": {"schema_version", "record_id", "pii_principal_id"},
    "processing": {
        "privacy_notice",
        "language",
        "purpose",
        "purpose_type",
        "lawful_basis",
        "pii_information",
        "pii_controllers",
        "collection_method",
        "storage_locations",
        "retention_period",
        "processing_locations",
        "jurisdiction",
        "recipient_third_parties",
        "withdrawal_method",
        "privacy_rights",
        "authority_party",
    },
    "event": {
        "event_time",
        "validity_duration",
        "entity_id",
        "event_type",
        "event_state",
        "method",
        "taken_by",
        "given_by",
        "proxy_id",
        "service_agreement",
        "supersedes",
    },
}


def a_record(event: ConsentEvent | None = None) -> dict[str, Any]:
    """Return the record of an event, the ordinary consent unless another is given."""
    return consent_record(event or a_consent(), WORDS, AROUND)


def test_a_record_has_every_field_and_no_other() -> None:
    record = a_record()
    assert set(record) == {*FIELDS, "party_identification"}
    for part, names in FIELDS.items():
        assert set(record[part]) == names
    for party in record["party_identification"]:
        assert set(party) == {"party_id", "name", "address", "contact", "type"}
    for pii in record["processing"]["pii_information"]:
        assert set(pii) == {"pii_type", "name", "sensitive_category", "special_category"}


def test_a_record_says_who_what_why_and_how() -> None:
    record = a_record(a_consent(classes=frozenset({DataClass.NEED, DataClass.HEALTH})))
    assert record["header"] == {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": "consent",
        "pii_principal_id": "person",
    }
    processing = record["processing"]
    assert processing["purpose"] == "support"
    assert processing["recipient_third_parties"] == ["time_bank"]
    assert processing["pii_controllers"] == ["surgery"]
    assert processing["authority_party"] == "ico"
    assert processing["privacy_notice"] == {
        "id": "support-referral",
        "version": "2",
        "sha256": WORDS.sha256,
    }
    assert [
        (pii["pii_type"], pii["special_category"], pii["sensitive_category"])
        for pii in processing["pii_information"]
    ] == [("need", False, False), ("health", True, True)]
    assert record["event"] == {
        "event_time": "2026-06-30T12:00:00Z",
        "validity_duration": "2026-06-30T12:00:00Z/2027-07-01T12:00:00Z",
        "entity_id": "nurse",
        "event_type": "explicit",
        "event_state": "given",
        "method": "in_person",
        "taken_by": "nurse",
        "given_by": "self",
        "proxy_id": None,
        "service_agreement": True,
        "supersedes": None,
    }


def test_a_record_keeps_the_legal_basis_and_the_confidence_apart_by_recipient() -> None:
    assert a_record()["processing"]["lawful_basis"] == [
        {
            "recipient": "time_bank",
            "agreement": "agreement",
            "article_6": "e",
            "article_9": "h",
            "confidentiality": "explicit_consent",
        },
        {
            "recipient": "time_bank",
            "agreement": "earlier",
            "article_6": "a",
            "article_9": None,
            "confidentiality": "explicit_consent",
        },
    ]


def test_a_record_identifies_only_the_parties_that_have_a_part_in_it() -> None:
    parties = a_record()["party_identification"]
    assert [party["party_id"] for party in parties] == ["ico", "surgery", "time_bank"]
    assert parties[2] == {
        "party_id": "time_bank",
        "name": "The time_bank",
        "address": "1 High Street",
        "contact": "01632 960000",
        "type": "time_bank",
    }


def test_an_open_end_and_a_withdrawal_are_written_as_such() -> None:
    withdrawal = a_record(an_ending(EventState.WITHDRAWN, supersedes="consent"))
    assert withdrawal["event"]["event_state"] == "withdrawn"
    assert withdrawal["event"]["validity_duration"] == "2026-07-01T11:00:00Z/.."
    assert withdrawal["event"]["supersedes"] == "consent"


def test_a_receipt_adds_the_words_that_were_told_and_changes_nothing() -> None:
    record = a_record()
    receipt = consent_receipt(record, WORDS, receipt_id="receipt-1", issued_at=NOON)
    assert receipt["receipt"] == {
        "receipt_id": "receipt-1",
        "issued_at": "2026-07-01T12:00:00Z",
        "privacy_notice_text": WORDS.text,
    }
    assert {part: receipt[part] for part in record} == record
    assert json.loads(json.dumps(receipt)) == receipt


@pytest.mark.usefixtures("far_from_greenwich")
def test_an_instant_is_written_in_utc() -> None:
    issued_at = datetime.fromisoformat("2026-07-01T13:00:00+01:00")
    receipt = consent_receipt(a_record(), WORDS, receipt_id="1", issued_at=issued_at)
    assert receipt["receipt"]["issued_at"] == "2026-07-01T12:00:00Z"
    assert issued_at.astimezone(UTC) == NOON


@pytest.mark.parametrize("other", [("1", "en"), ("2", "cy")])
def test_words_that_were_not_told_are_refused(other: tuple[str, str]) -> None:
    words = notice("support-referral", *other)
    with pytest.raises(ConsentError, match=f"^{OTHER_WORDS}$"):
        consent_record(a_consent(), words, AROUND)
    unlike_the_record = r"^consent receipt: these are not the words of the record$"
    with pytest.raises(ConsentError, match=unlike_the_record):
        consent_receipt(a_record(), words, receipt_id="1", issued_at=NOON)


def test_own_words_are_those_of_the_recorded_hash_and_no_others() -> None:
    names = ("support-referral", "own-1", "en")
    words = own_notice(names, "We tell nobody else.", since=NOON)
    event = a_consent(notice_version="own-1", own_words=words.sha256)
    record = consent_record(event, words, AROUND)
    assert record["processing"]["privacy_notice"] == {
        "id": "support-referral",
        "version": "own-1",
        "sha256": words.sha256,
    }
    elsewhere = ("support-referral", "own-2", "en")
    for other, refusal in (
        (WORDS, OTHER_WORDS),
        (own_notice(elsewhere, words.text, since=NOON), OTHER_WORDS),
        (own_notice(names, "We tell everybody.", since=NOON), OTHER_HASH),
    ):
        with pytest.raises(ConsentError, match=f"^{refusal}$"):
            consent_record(event, other, AROUND)


def test_a_recipient_without_a_party_is_refused() -> None:
    unknown = r"^consent record: a recipient of the event is not among the parties$"
    with pytest.raises(ConsentError, match=unknown):
        a_record(a_consent(recipients=frozenset({"time_bank", "stranger"})))


def test_an_ending_without_words_of_its_own_names_those_of_what_it_ends() -> None:
    ending = an_ending(EventState.WITHDRAWN, notice_id="withdrawal", notice_version="1")
    assert a_record(ending)["processing"]["privacy_notice"]["id"] == WORDS.id
    nothing = consent_record(ending, nothing_told(NOON), AROUND)
    assert nothing["processing"]["privacy_notice"]["id"] == "none"
    assert consent_receipt(nothing, nothing_told(NOON), receipt_id="1", issued_at=NOON)
