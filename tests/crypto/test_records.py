"""Sealed records: what opens, and above all what does not."""

from dataclasses import fields, replace
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.crypto import aead, contexts
from referral_hub.crypto.kdf import Prk, extract
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import RecordContext, StoredRecord, hash_ciphertexts
from referral_hub.crypto.seal import RECORD_SALT, seal_record
from referral_hub.crypto.subject import new_subject_key, open_subject_key
from referral_hub.crypto.unseal import open_fields, open_released, release_fields
from referral_hub.errors import CryptoError, KeyUnavailable
from tests.crypto.samples import (
    FIELDS,
    MENTORS,
    SURGERY,
    TIME_BANK,
    context,
    release_of,
    sealed,
)

OFFERED = ["identity.first_name", "need.needs"]


def test_sealed_fields_open_to_what_was_sealed(keys: FileKeyService, record: StoredRecord) -> None:
    assert open_fields(keys, record, FIELDS) == FIELDS


def test_only_the_named_fields_are_opened(keys: FileKeyService, record: StoredRecord) -> None:
    assert open_fields(keys, record, ["need.needs"]) == {"need.needs": FIELDS["need.needs"]}
    assert open_fields(keys, record, []) == {}


def test_no_plaintext_and_no_key_is_among_the_stored_bytes(
    keys: FileKeyService, record: StoredRecord
) -> None:
    stored = b"".join(
        [
            record.wrapped_subject_key,
            record.wrapped_record_key,
            record.key_commitment,
            *record.ciphertexts.values(),
            release_fields(
                keys, record, FIELDS, recipient_agency_id=TIME_BANK, context=release_of(record)
            ),
        ]
    )
    subject = open_subject_key(
        keys,
        subject_key_id=record.context.subject_key_id,
        owner=SURGERY,
        wrapped=record.wrapped_subject_key,
    )
    record_key = _record_key(keys, record)
    field_keys = [_field_key(record_key, field_id) for field_id in FIELDS]
    for secret in [*filter(None, FIELDS.values()), subject, record_key, *field_keys]:
        assert secret not in stored


def test_sealing_twice_shares_no_key_and_no_ciphertext(keys: FileKeyService) -> None:
    one, other = sealed(keys, context()), sealed(keys, context())
    assert one.key_commitment != other.key_commitment
    assert not set(one.ciphertexts.values()) & set(other.ciphertexts.values())


def test_the_length_of_a_value_shows_only_in_steps(keys: FileKeyService) -> None:
    record = sealed(keys, context(), {"a.x": b"lifts", "a.y": b"drink_drugs", "a.z": b"x" * 61})
    sizes = {name: len(value) for name, value in record.ciphertexts.items()}
    assert sizes == {"a.x": 64 + 28, "a.y": 64 + 28, "a.z": 128 + 28}


def test_a_record_without_fields_is_not_sealed(keys: FileKeyService) -> None:
    with pytest.raises(CryptoError, match="fields are empty"):
        sealed(keys, context(), {})


def test_a_field_that_is_not_in_the_record_is_named(
    keys: FileKeyService, record: StoredRecord
) -> None:
    with pytest.raises(CryptoError, match=r"finance\.note is not in the record"):
        open_fields(keys, record, ["finance.note"])


CHANGED = {
    "schema": "hub/2",
    "type": "note",
    "id": "other",
    "version": 2,
    "owner": MENTORS,
    "subject_key_id": "other",
}


def test_every_part_of_the_context_has_a_changed_value_in_these_tests() -> None:
    assert set(CHANGED) == {field.name for field in fields(RecordContext)}


@pytest.mark.parametrize("part", CHANGED)
def test_a_record_does_not_open_in_another_context(
    keys: FileKeyService, record: StoredRecord, part: str
) -> None:
    moved = replace(record, context=replace(record.context, **{part: CHANGED[part]}))
    with pytest.raises(CryptoError, match="did not open"):
        open_fields(keys, moved, ["need.needs"])


@pytest.mark.parametrize("part", CHANGED)
def test_every_part_of_the_context_is_bound_to_each_field_by_itself(part: str) -> None:
    here, there = context(), context(**{part: CHANGED[part]})
    assert contexts.fields_binding(here, b"c") != contexts.fields_binding(there, b"c")
    assert contexts.record_binding(here) != contexts.record_binding(there)


@pytest.mark.parametrize(
    "part", ["wrapped_subject_key", "wrapped_record_key", "key_commitment", "ciphertexts"]
)
def test_a_part_swapped_in_from_another_row_does_not_open(
    keys: FileKeyService, record: StoredRecord, part: str
) -> None:
    other = sealed(keys, context(id="another-row", subject_key_id="another-person"))
    swapped = replace(record, **{part: getattr(other, part)})
    with pytest.raises(CryptoError):
        open_fields(keys, swapped, ["need.needs"])


def test_an_older_version_put_back_in_place_does_not_open(keys: FileKeyService) -> None:
    wrapped = new_subject_key(keys, subject_key_id="s", owner=SURGERY)
    versions = []
    for version in (1, 2):
        where = context(version=version, subject_key_id="s")
        made = seal_record(keys, wrapped_subject_key=wrapped, context=where, fields=FIELDS)
        versions.append(
            StoredRecord(
                where, wrapped, made.wrapped_record_key, made.key_commitment, made.ciphertexts
            )
        )
    rolled_back = replace(versions[0], context=versions[1].context)
    with pytest.raises(CryptoError, match="did not open"):
        open_fields(keys, rolled_back, ["need.needs"])


def test_two_fields_exchanged_do_not_open(keys: FileKeyService, record: StoredRecord) -> None:
    crossed = dict(record.ciphertexts)
    crossed["identity.first_name"] = record.ciphertexts["identity.nhs_number"]
    with pytest.raises(CryptoError, match="did not open"):
        open_fields(keys, replace(record, ciphertexts=crossed), ["identity.first_name"])


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_changed_byte_of_what_is_stored_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = FileKeyService(tmp_path_factory.getbasetemp() / "flip" / "keys")
    record = sealed(keys, context(), {"a.b": b"hello"})
    part = data.draw(
        st.sampled_from(["wrapped_subject_key", "wrapped_record_key", "key_commitment", "field"])
    )
    old = record.ciphertexts["a.b"] if part == "field" else getattr(record, part)
    new = bytearray(old)
    new[data.draw(st.integers(0, len(new) - 1))] ^= data.draw(st.integers(1, 255))
    change = {"ciphertexts": {"a.b": bytes(new)}} if part == "field" else {part: bytes(new)}
    # A changed root version asks for a root that is not there, which is not a CryptoError.
    with pytest.raises(Exception, match=r"did not open|commitment|root key version|kind|format"):
        open_fields(keys, replace(record, **change), ["a.b"])


@pytest.mark.parametrize("size", [0, 11, 12, 27, 28, 59, 91])
def test_truncated_ciphertexts_do_not_open(
    keys: FileKeyService, record: StoredRecord, size: int
) -> None:
    short = {name: value[:size] for name, value in record.ciphertexts.items()}
    with pytest.raises(CryptoError):
        open_fields(keys, replace(record, ciphertexts=short), ["need.needs"])


@pytest.mark.parametrize("size", [0, 12, 28, 59])
def test_a_truncated_record_key_does_not_open(
    keys: FileKeyService, record: StoredRecord, size: int
) -> None:
    cut = replace(record, wrapped_record_key=record.wrapped_record_key[:size])
    with pytest.raises(CryptoError):
        open_fields(keys, cut, ["need.needs"])


def test_a_second_key_for_the_same_row_is_caught_by_its_commitment_before_decrypting(
    keys: FileKeyService, record: StoredRecord
) -> None:
    """Two keys, one ciphertext: an insider wraps another key, which even opens its own field."""
    subject = Prk(
        open_subject_key(
            keys,
            subject_key_id=record.context.subject_key_id,
            owner=SURGERY,
            wrapped=record.wrapped_subject_key,
        )
    )
    bound = contexts.record_binding(record.context)
    second = aead.new_key()
    shared = contexts.fields_binding(record.context, record.key_commitment)
    planted = aead.encrypt(
        _field_key(second, "need.needs"),
        aead.pad(b"planted"),
        contexts.field_binding(shared, "need.needs"),
    )
    forged = replace(
        record,
        wrapped_record_key=aead.encrypt(subject.key(bound), second, bound),
        ciphertexts={**record.ciphertexts, "need.needs": planted},
    )
    with pytest.raises(CryptoError, match="key commitment does not match"):
        open_fields(keys, forged, ["need.needs"])


def test_another_installation_s_key_service_does_not_open_the_record(
    record: StoredRecord, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = FileKeyService(tmp_path_factory.mktemp("elsewhere") / "keys")
    with pytest.raises(CryptoError, match="did not open"):
        open_fields(elsewhere, record, ["need.needs"])


def test_sealing_under_another_person_s_subject_key_is_refused(keys: FileKeyService) -> None:
    wrapped = new_subject_key(keys, subject_key_id="someone-else", owner=SURGERY)
    with pytest.raises(CryptoError, match="did not open"):
        seal_record(keys, wrapped_subject_key=wrapped, context=context(), fields=FIELDS)


def test_the_ciphertext_hash_covers_the_commitment_every_name_and_every_byte() -> None:
    base = hash_ciphertexts(b"c", {"a": b"1", "b": b"2"})
    assert base == hash_ciphertexts(b"c", {"b": b"2", "a": b"1"})
    assert len(base) == sha256().digest_size
    others = [
        hash_ciphertexts(b"d", {"a": b"1", "b": b"2"}),
        hash_ciphertexts(b"c", {"a": b"1"}),
        hash_ciphertexts(b"c", {"a": b"2", "b": b"1"}),
        hash_ciphertexts(b"c", {"ab": b"1", "": b"2"}),
        hash_ciphertexts(b"c", {"a1": b"", "b": b"2"}),
    ]
    assert len({base, *others}) == 6


def test_the_hash_that_sealing_reports_is_that_of_what_is_stored(keys: FileKeyService) -> None:
    wrapped = new_subject_key(keys, subject_key_id=context().subject_key_id, owner=SURGERY)
    made = seal_record(keys, wrapped_subject_key=wrapped, context=context(), fields=FIELDS)
    assert made.ciphertext_hash == hash_ciphertexts(made.key_commitment, made.ciphertexts)


def test_a_release_opens_exactly_the_released_fields_for_its_agency(
    keys: FileKeyService, record: StoredRecord
) -> None:
    where = release_of(record)
    blob = release_fields(keys, record, OFFERED, recipient_agency_id=TIME_BANK, context=where)
    opened = open_released(keys, TIME_BANK, blob, ciphertexts=record.ciphertexts, context=where)
    assert opened == {name: FIELDS[name] for name in OFFERED}


def test_a_release_does_not_open_for_another_agency(
    keys: FileKeyService, record: StoredRecord
) -> None:
    where = release_of(record)
    blob = release_fields(keys, record, OFFERED, recipient_agency_id=TIME_BANK, context=where)
    for agency in (MENTORS, SURGERY, ""):
        with pytest.raises(CryptoError, match="did not open"):
            open_released(keys, agency, blob, ciphertexts=record.ciphertexts, context=where)


def test_a_release_does_not_open_for_another_task_stage_or_record(
    keys: FileKeyService, record: StoredRecord
) -> None:
    where = release_of(record)
    blob = release_fields(keys, record, OFFERED, recipient_agency_id=TIME_BANK, context=where)
    moved = [replace(where, task_id="task-2"), replace(where, stage="accepted")]
    moved += [
        replace(where, record=replace(record.context, **{part: value}))
        for part, value in CHANGED.items()
    ]
    for other in moved:
        with pytest.raises(CryptoError, match="did not open"):
            open_released(keys, TIME_BANK, blob, ciphertexts=record.ciphertexts, context=other)


def test_released_keys_do_not_open_other_fields_or_other_records(
    keys: FileKeyService, record: StoredRecord
) -> None:
    where = release_of(record)
    blob = release_fields(keys, record, OFFERED, recipient_agency_id=TIME_BANK, context=where)
    crossed = dict.fromkeys(OFFERED, record.ciphertexts["health.why"])
    other = sealed(keys, context(id="another")).ciphertexts
    for ciphertexts in (crossed, other):
        with pytest.raises(CryptoError, match="did not open"):
            open_released(keys, TIME_BANK, blob, ciphertexts=ciphertexts, context=where)
    with pytest.raises(CryptoError, match="is not in the record"):
        open_released(keys, TIME_BANK, blob, ciphertexts={}, context=where)


def test_a_release_of_nothing_of_missing_fields_or_of_another_record_is_not_made(
    keys: FileKeyService, record: StoredRecord
) -> None:
    where = release_of(record)
    elsewhere = release_of(sealed(keys, context(id="another")))
    for names, release, message in [
        ([], where, "no fields are named"),
        (["finance.note"], where, "is not in the record"),
        (OFFERED, elsewhere, "names another record"),
    ]:
        with pytest.raises(CryptoError, match=message):
            release_fields(keys, record, names, recipient_agency_id=TIME_BANK, context=release)


@pytest.mark.parametrize("at", [0, 4, 20, 72, 80, 110, 150, -1])
def test_a_changed_release_does_not_open(
    keys: FileKeyService, record: StoredRecord, at: int
) -> None:
    where = release_of(record)
    blob = bytearray(
        release_fields(keys, record, OFFERED, recipient_agency_id=TIME_BANK, context=where)
    )
    blob[at] ^= 1
    with pytest.raises((CryptoError, KeyUnavailable)):
        open_released(keys, TIME_BANK, bytes(blob), ciphertexts=record.ciphertexts, context=where)


def test_the_reprs_of_sealed_things_are_silent(keys: FileKeyService, record: StoredRecord) -> None:
    wrapped = record.wrapped_subject_key
    made = seal_record(keys, wrapped_subject_key=wrapped, context=context(), fields=FIELDS)
    assert (repr(record), repr(made)) == ("<StoredRecord>", "<SealedRecord>")


def _record_key(keys: FileKeyService, record: StoredRecord) -> bytes:
    subject = open_subject_key(
        keys,
        subject_key_id=record.context.subject_key_id,
        owner=record.context.owner,
        wrapped=record.wrapped_subject_key,
    )
    bound = contexts.record_binding(record.context)
    return aead.decrypt(Prk(subject).key(bound), record.wrapped_record_key, bound)


def _field_key(record_key: bytes, field_id: str) -> bytes:
    return Prk(extract(RECORD_SALT, record_key)).key(contexts.field_key_info(field_id))
