"""One fact put right: the next version has it, and nothing of the older version opens it."""

from dataclasses import replace

import pytest

from referral_hub.crypto.correct import correct_record
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import SealedRecord, StoredRecord, hash_ciphertexts
from referral_hub.crypto.unseal import open_fields, open_released, release_fields
from referral_hub.errors import CryptoError
from tests.crypto.samples import FIELDS, MENTORS, TIME_BANK, context, release_of, sealed

PHONE = "identity.phone"


def as_stored(record: StoredRecord, made: SealedRecord, version: int = 2) -> StoredRecord:
    return replace(
        record,
        context=replace(record.context, version=version),
        wrapped_record_key=made.wrapped_record_key,
        key_commitment=made.key_commitment,
        ciphertexts=made.ciphertexts,
    )


def corrected(keys: FileKeyService, record: StoredRecord, field: str, value: bytes) -> SealedRecord:
    made = correct_record(keys, record, field, value)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identity.first_name", b"Winefride"),
        ("identity.first_name", b""),
        ("risk.note", b"dog"),
        (PHONE, b"07700 900123"),
        (PHONE, b""),
    ],
)
def test_the_next_version_has_the_new_value_and_every_other_as_it_was(
    keys: FileKeyService, record: StoredRecord, field: str, value: bytes
) -> None:
    made = corrected(keys, record, field, value)
    found = as_stored(record, made)
    assert open_fields(keys, found, found.ciphertexts) == {**FIELDS, field: value}
    assert made.ciphertext_hash == hash_ciphertexts(made.key_commitment, made.ciphertexts)
    assert open_fields(keys, record, FIELDS) == FIELDS


@pytest.mark.parametrize("version", [1, 3])
def test_it_is_the_next_version_and_opens_as_no_other(
    keys: FileKeyService, record: StoredRecord, version: int
) -> None:
    made = corrected(keys, record, "risk.note", b"dog")
    with pytest.raises(CryptoError, match="did not open"):
        open_fields(keys, as_stored(record, made, version), ["risk.note"])


def test_a_seventh_version_is_followed_by_the_eighth(keys: FileKeyService) -> None:
    record = sealed(keys, context(version=7))
    made = corrected(keys, record, "risk.note", b"dog")
    assert open_fields(keys, as_stored(record, made, 8), ["risk.note"]) == {"risk.note": b"dog"}


@pytest.mark.parametrize("field", FIELDS)
def test_a_value_that_stands_already_makes_no_version(
    keys: FileKeyService, record: StoredRecord, field: str
) -> None:
    assert correct_record(keys, record, field, FIELDS[field]) is None


def test_every_field_has_a_fresh_key_that_an_older_release_does_not_open(
    keys: FileKeyService, record: StoredRecord
) -> None:
    made = corrected(keys, record, "risk.note", b"dog")
    assert made.key_commitment != record.key_commitment
    assert not set(made.ciphertexts.values()) & set(record.ciphertexts.values())
    where = release_of(record)
    blob = release_fields(keys, record, FIELDS, recipient_agency_id=TIME_BANK, context=where)
    with pytest.raises(CryptoError, match="did not open"):
        open_released(keys, TIME_BANK, blob, ciphertexts=made.ciphertexts, context=where)


def test_a_record_that_does_not_open_is_not_corrected(
    keys: FileKeyService, record: StoredRecord
) -> None:
    """Also where the one broken field is another than the one that is put right."""
    other = sealed(keys, context(id="another", subject_key_id="another-person"))
    broken = {**record.ciphertexts, "health.why": other.ciphertexts["health.why"]}
    for stored in (
        replace(record, context=replace(record.context, owner=MENTORS)),
        replace(record, context=replace(record.context, id="another")),
        replace(record, wrapped_subject_key=other.wrapped_subject_key),
        replace(record, key_commitment=other.key_commitment),
        replace(record, ciphertexts=broken),
    ):
        with pytest.raises(CryptoError):
            correct_record(keys, stored, "risk.note", b"dog")
