"""What an earlier release sealed still opens: the stored formats are promises."""

import tomllib
from pathlib import Path

import pytest

from referral_hub.crypto import unseal
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import SealedNote, StoredRecord, hash_ciphertexts
from tests.crypto.samples import FIELDS, SURGERY, TIME_BANK, context, release_of
from tests.crypto.test_agency_envelopes import PART, STATEMENT, WORDS
from tests.crypto.test_envelopes import ENTRY, NOTE, OPENINGS, TEXT

GOLDEN = tomllib.loads((Path(__file__).parent / "golden.toml").read_text())
SEALED = {name: bytes.fromhex(value) for name, value in GOLDEN["sealed"].items()}


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyService:
    directory = tmp_path / "keys"
    directory.mkdir(mode=0o700)
    for name, value in GOLDEN["keys"].items():
        (directory / name).touch(mode=0o600)
        (directory / name).write_bytes(bytes.fromhex(value))
    return FileKeyService(directory)


@pytest.fixture
def record() -> StoredRecord:
    return StoredRecord(
        context(),
        SEALED["wrapped_subject_key"],
        SEALED["wrapped_record_key"],
        SEALED["key_commitment"],
        {name: SEALED[f"field {name}"] for name in FIELDS},
    )


def test_a_stored_record_and_its_hash(keys: FileKeyService, record: StoredRecord) -> None:
    assert unseal.open_fields(keys, record, FIELDS) == FIELDS
    found = hash_ciphertexts(record.key_commitment, record.ciphertexts)
    assert found == SEALED["ciphertext_hash"]


def test_a_stored_release(keys: FileKeyService, record: StoredRecord) -> None:
    opened = unseal.open_released(
        keys,
        TIME_BANK,
        SEALED["release"],
        ciphertexts=record.ciphertexts,
        context=release_of(record),
    )
    assert set(opened) == {"identity.first_name", "need.needs"}


def test_stored_openings(keys: FileKeyService) -> None:
    subject = SEALED["openings_subject_key"]
    assert (
        unseal.open_openings(
            keys, wrapped_subject_key=subject, context=ENTRY, sealed=SEALED["openings"]
        )
        == OPENINGS
    )
    agency = SEALED["agency_openings"]
    assert (
        unseal.open_agency_openings(keys, agency_id=SURGERY, entry_id="entry-1", sealed=agency)
        == OPENINGS
    )


def test_a_stored_note(keys: FileKeyService) -> None:
    note = SealedNote(
        SEALED["note_for_origin"],
        SEALED["note_for_recipient"],
        SEALED["note_commitment"],
        SEALED["note"],
    )
    for agency in NOTE.readers():
        assert unseal.open_note(keys, agency_id=agency, context=NOTE, note=note) == TEXT


def test_a_stored_draft_and_a_stored_secret(keys: FileKeyService) -> None:
    draft, secret = SEALED["draft"], SEALED["secret"]
    assert unseal.open_draft(keys, user_id="u1", draft_id="d1", sealed=draft) == TEXT
    assert unseal.open_secret(keys, user_id="u1", sealed=secret) == TEXT


def test_a_stored_blind_index(keys: FileKeyService) -> None:
    index = keys.blind_index("nhs_number", SURGERY, b"9990000018")
    assert index == SEALED["blind_index"]


def test_both_root_versions_are_among_the_stored_things(keys: FileKeyService) -> None:
    assert keys.version_of(SEALED["wrapped_subject_key"]) == 1
    assert keys.version_of(SEALED["release"]) == 2


def test_a_stored_statement_and_what_agencies_keep(keys: FileKeyService) -> None:
    wrapped = SEALED["openings_subject_key"]
    statement = SEALED["statement"]
    assert (
        unseal.open_statement(
            keys, wrapped_subject_key=wrapped, context=STATEMENT, sealed=statement
        )
        == TEXT
    )
    assert unseal.open_matter_words(keys, context=WORDS, sealed=SEALED["matter_words"]) == TEXT
    assert unseal.open_import_part(keys, context=PART, sealed=SEALED["import_part"]) == TEXT
    staged = SEALED["staged"]
    assert unseal.open_staged(keys, agency_id=SURGERY, item_id="item-1", sealed=staged) == TEXT
