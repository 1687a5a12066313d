"""The words of each refusal: callers log them and operators read them, so they are pinned whole."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from referral_hub.crypto import aead, seal, unseal
from referral_hub.crypto.binding import Reader, bind_mapping
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import NoteContext, StoredRecord
from referral_hub.crypto.subject import new_subject_key
from referral_hub.errors import CryptoError, KeyUnavailable
from tests.crypto.samples import FIELDS, MENTORS, SURGERY, TIME_BANK, context, release_of

KEY = bytes(32)
WHERE = {"purpose": "test"}
NOTE = NoteContext("note-1", "task-1", SURGERY, TIME_BANK)
Act = Callable[[FileKeyService, StoredRecord], object]


def _release(keys: FileKeyService, record: StoredRecord, names: list[str], of: str) -> bytes:
    where = replace(release_of(record), record=replace(record.context, id=of))
    return unseal.release_fields(keys, record, names, recipient_agency_id=TIME_BANK, context=where)


def _read_as_a_third(keys: FileKeyService, _: StoredRecord) -> bytes:
    note = seal.seal_note(keys, context=NOTE, text=b"x")
    return unseal.open_note(keys, agency_id=MENTORS, context=NOTE, note=note)


def _seal_nothing(keys: FileKeyService, _: StoredRecord) -> object:
    wrapped = new_subject_key(keys, subject_key_id=context().subject_key_id, owner=SURGERY)
    return seal.seal_record(keys, wrapped_subject_key=wrapped, context=context(), fields={})


REFUSALS: dict[str, Act] = {
    "sealed bytes are truncated": lambda *_: aead.decrypt(KEY, bytes(27), b""),
    "sealed bytes did not open: altered, or bound to another context": (
        lambda *_: aead.decrypt(KEY, bytes(28), b"")
    ),
    "key commitment does not match: this key did not seal these bytes": (
        lambda *_: aead.check_commitment(KEY, bytes(32))
    ),
    "sealed bytes have broken padding": lambda *_: aead.unpad(b"x"),
    "context is empty: name what the key is for, such as {'purpose': …}": (
        lambda *_: bind_mapping("x/v1", {})
    ),
    "only keys of 32 bytes are wrapped: seal data instead": (
        lambda keys, _: keys.wrap(WHERE, b"k" * 31)
    ),
    "wrapped key is of another kind: hub and agency keys do not mix": (
        lambda keys, _: keys.unwrap(WHERE, keys.wrap_for_agency(SURGERY, WHERE, KEY))
    ),
    "wrapped key is truncated": lambda keys, _: keys.unwrap(WHERE, bytes(5)),
    "wrapped key has an unknown format: a newer release wrote it": (
        lambda keys, _: keys.version_of(b"\x02" + bytes(5))
    ),
    "release context names another record than the one given": (
        lambda keys, record: _release(keys, record, list(FIELDS), "another")
    ),
    "no fields are named: a release of nothing is not made": (
        lambda keys, record: _release(keys, record, [], record.context.id)
    ),
    "field finance.note is not in the record": (
        lambda keys, record: _release(keys, record, ["finance.note"], record.context.id)
    ),
    "this agency is not a party to the note": _read_as_a_third,
    "fields are empty: a record without fields is not sealed": _seal_nothing,
    "a note needs two different agencies: origin and recipient": lambda keys, _: seal.seal_note(
        keys, context=replace(NOTE, recipient_agency=SURGERY), text=b"x"
    ),
    "openings are empty: an entry without commitments has nothing to seal": (
        lambda keys, _: seal.seal_agency_openings(
            keys, agency_id=SURGERY, entry_id="e", openings={}
        )
    ),
}


@pytest.mark.parametrize("words", REFUSALS)
def test_a_refusal_says_exactly_this(
    keys: FileKeyService, record: StoredRecord, words: str
) -> None:
    with pytest.raises(CryptoError) as refused:
        REFUSALS[words](keys, record)
    assert str(refused.value) == words


def test_bytes_that_end_early_are_said_to_be_truncated() -> None:
    for data in (b"", b"\0\0\0\x02a"):
        with pytest.raises(CryptoError) as refused:
            Reader(data).part()
        assert str(refused.value) == "sealed bytes are truncated"


def test_a_key_service_out_of_reach_says_exactly_why(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable) as refused:
        FileKeyService(tmp_path / "keys", production=True)
    assert str(refused.value) == (
        "the file-backed key service is for development only: "
        "configure a managed key service for production"
    )
