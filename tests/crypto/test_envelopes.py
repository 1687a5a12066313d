"""Openings, notes, drafts, secrets, and their rotation: each with the party that must fail."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from referral_hub.crypto import rotation, seal, unseal
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import NoteContext, OpeningsContext, StoredRecord
from referral_hub.crypto.subject import new_subject_key, open_subject_key
from referral_hub.errors import CryptoError, KeyUnavailable
from tests.crypto.samples import MENTORS, SURGERY, TIME_BANK, release_of

OPENINGS = {"actor": (b"s" * 32, b"user-7"), "record": (b"t" * 32, b""), "facts": (b"u" * 32, b"f")}
ENTRY = OpeningsContext("entry-1", SURGERY, "subject-1")
NOTE = NoteContext("note-1", "task-1", SURGERY, TIME_BANK)
TEXT = "Is the key safe by the side door? — Zoë".encode()


@pytest.fixture
def subject(keys: FileKeyService) -> bytes:
    return new_subject_key(keys, subject_key_id="subject-1", owner=SURGERY)


def test_openings_open_under_their_own_subject_key(keys: FileKeyService, subject: bytes) -> None:
    blob = seal.seal_openings(keys, wrapped_subject_key=subject, context=ENTRY, openings=OPENINGS)
    found = unseal.open_openings(keys, wrapped_subject_key=subject, context=ENTRY, sealed=blob)
    assert found == OPENINGS
    assert not any(part in blob for part in (b"s" * 32, b"user-7", b"actor"))


@pytest.mark.parametrize(
    "change", [{"entry_id": "entry-2"}, {"owner": MENTORS}, {"subject_key_id": "subject-2"}]
)
def test_openings_of_another_entry_owner_or_person_do_not_open(
    keys: FileKeyService, subject: bytes, change: dict[str, str]
) -> None:
    blob = seal.seal_openings(keys, wrapped_subject_key=subject, context=ENTRY, openings=OPENINGS)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_openings(
            keys, wrapped_subject_key=subject, context=replace(ENTRY, **change), sealed=blob
        )


def test_openings_do_not_open_under_another_key_for_the_same_person(
    keys: FileKeyService, subject: bytes
) -> None:
    blob = seal.seal_openings(keys, wrapped_subject_key=subject, context=ENTRY, openings=OPENINGS)
    later = new_subject_key(keys, subject_key_id="subject-1", owner=SURGERY)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_openings(keys, wrapped_subject_key=later, context=ENTRY, sealed=blob)


def test_openings_about_no_person_open_for_their_agency_and_entry_alone(
    keys: FileKeyService,
) -> None:
    blob = seal.seal_agency_openings(keys, agency_id=SURGERY, entry_id="entry-1", openings=OPENINGS)
    opened = unseal.open_agency_openings(keys, agency_id=SURGERY, entry_id="entry-1", sealed=blob)
    assert opened == OPENINGS
    for agency, entry in [(MENTORS, "entry-1"), (SURGERY, "entry-2")]:
        with pytest.raises(CryptoError, match="did not open"):
            unseal.open_agency_openings(keys, agency_id=agency, entry_id=entry, sealed=blob)


def test_empty_openings_are_refused(keys: FileKeyService, subject: bytes) -> None:
    with pytest.raises(CryptoError, match="openings are empty"):
        seal.seal_openings(keys, wrapped_subject_key=subject, context=ENTRY, openings={})


def test_a_note_opens_for_both_its_agencies_and_no_third(keys: FileKeyService) -> None:
    note = seal.seal_note(keys, context=NOTE, text=TEXT)
    for agency in (SURGERY, TIME_BANK):
        assert unseal.open_note(keys, agency_id=agency, context=NOTE, note=note) == TEXT
    with pytest.raises(CryptoError, match="not a party"):
        unseal.open_note(keys, agency_id=MENTORS, context=NOTE, note=note)
    claiming = replace(NOTE, recipient_agency=MENTORS)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_note(keys, agency_id=MENTORS, context=claiming, note=note)
    stored = note.wrapped_for_origin + note.wrapped_for_recipient + note.ciphertext
    assert b"key safe" not in stored
    assert repr(note) == "<SealedNote>"


@pytest.mark.parametrize("change", [{"note_id": "note-2"}, {"task_id": "task-2"}])
def test_a_note_moved_to_another_place_does_not_open(
    keys: FileKeyService, change: dict[str, str]
) -> None:
    note = seal.seal_note(keys, context=NOTE, text=TEXT)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_note(keys, agency_id=SURGERY, context=replace(NOTE, **change), note=note)


def test_a_note_whose_two_keys_differ_is_caught_by_the_commitment(keys: FileKeyService) -> None:
    note, other = (seal.seal_note(keys, context=NOTE, text=TEXT) for _ in range(2))
    mixed = replace(note, wrapped_for_recipient=other.wrapped_for_recipient)
    assert unseal.open_note(keys, agency_id=SURGERY, context=NOTE, note=mixed) == TEXT
    with pytest.raises(CryptoError, match="commitment"):
        unseal.open_note(keys, agency_id=TIME_BANK, context=NOTE, note=mixed)


def test_a_note_s_ciphertext_does_not_move_between_notes(keys: FileKeyService) -> None:
    note, other = (seal.seal_note(keys, context=NOTE, text=TEXT) for _ in range(2))
    mixed = replace(note, ciphertext=other.ciphertext)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_note(keys, agency_id=SURGERY, context=NOTE, note=mixed)


def test_a_note_to_oneself_is_refused(keys: FileKeyService) -> None:
    with pytest.raises(CryptoError, match="two different agencies"):
        seal.seal_note(keys, context=replace(NOTE, recipient_agency=SURGERY), text=TEXT)


def test_a_draft_opens_for_its_own_user_and_draft_alone(keys: FileKeyService) -> None:
    blob = seal.seal_draft(keys, user_id="u1", draft_id="d1", data=TEXT)
    assert unseal.open_draft(keys, user_id="u1", draft_id="d1", sealed=blob) == TEXT
    assert b"key safe" not in blob
    for user, draft in [("u2", "d1"), ("u1", "d2"), ("d1", "u1")]:
        with pytest.raises(CryptoError, match="did not open"):
            unseal.open_draft(keys, user_id=user, draft_id=draft, sealed=blob)


def test_a_secret_opens_for_its_own_user_alone_and_is_no_draft(keys: FileKeyService) -> None:
    blob = seal.seal_secret(keys, user_id="u1", secret=b"JBSWY3DPEHPK3PXP")
    assert unseal.open_secret(keys, user_id="u1", sealed=blob) == b"JBSWY3DPEHPK3PXP"
    assert b"JBSWY3DP" not in blob
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_secret(keys, user_id="u2", sealed=blob)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_draft(keys, user_id="u1", draft_id="", sealed=blob)


@pytest.mark.parametrize("size", [0, 3, 4, 69, 73, 105, 132])
def test_truncated_envelopes_do_not_open(keys: FileKeyService, size: int) -> None:
    blob = seal.seal_secret(keys, user_id="u1", secret=b"x")
    with pytest.raises(CryptoError):
        unseal.open_secret(keys, user_id="u1", sealed=blob[:size])


def test_the_root_version_of_an_envelope_is_read_as_that_of_a_key(keys: FileKeyService) -> None:
    keys.rotate()
    assert keys.version_of(seal.seal_secret(keys, user_id="u1", secret=b"x")) == 2


@pytest.mark.parametrize("at", range(0, 66 + 32 + 12 + 64 + 16 + 2, 5))
def test_a_changed_envelope_does_not_open(keys: FileKeyService, at: int) -> None:
    blob = bytearray(seal.seal_secret(keys, user_id="u1", secret=b"x"))
    blob[at] ^= 0x80
    with pytest.raises((CryptoError, KeyUnavailable)):
        unseal.open_secret(keys, user_id="u1", sealed=bytes(blob))


def test_an_envelope_whose_commitment_is_not_its_key_s_does_not_open(keys: FileKeyService) -> None:
    blob = bytearray(seal.seal_secret(keys, user_id="u1", secret=b"x"))
    blob[66] ^= 1
    with pytest.raises(CryptoError, match="commitment"):
        unseal.open_secret(keys, user_id="u1", sealed=bytes(blob))


Rows = list[rotation.WrappedRow]
Check = Callable[[dict[str, bytes]], None]


def _everything(keys: FileKeyService, record: StoredRecord) -> tuple[Rows, Check]:
    where, person = release_of(record), record.context
    blob = unseal.release_fields(
        keys, record, ["need.needs"], recipient_agency_id=TIME_BANK, context=where
    )
    note = seal.seal_note(keys, context=NOTE, text=TEXT)
    draft = seal.seal_draft(keys, user_id="u1", draft_id="d1", data=TEXT)
    secret = seal.seal_secret(keys, user_id="u1", secret=TEXT)
    openings = seal.seal_agency_openings(keys, agency_id=SURGERY, entry_id="e", openings=OPENINGS)
    rows = [
        rotation.subject_key_row(
            row_id="subject",
            subject_key_id=person.subject_key_id,
            owner=person.owner,
            wrapped=record.wrapped_subject_key,
        ),
        rotation.release_row(row_id="release", agency_id=TIME_BANK, context=where, blob=blob),
        rotation.note_row(
            row_id="note", agency_id=SURGERY, context=NOTE, wrapped=note.wrapped_for_origin
        ),
        rotation.draft_row(row_id="draft", user_id="u1", draft_id="d1", sealed=draft),
        rotation.secret_row(row_id="secret", user_id="u1", sealed=secret),
        rotation.agency_openings_row(
            row_id="openings", agency_id=SURGERY, entry_id="e", sealed=openings
        ),
    ]

    def check(new: dict[str, bytes]) -> None:
        moved = replace(record, wrapped_subject_key=new["subject"])
        assert unseal.open_fields(keys, moved, ["need.needs"])
        assert unseal.open_released(
            keys, TIME_BANK, new["release"], ciphertexts=record.ciphertexts, context=where
        )
        renewed = replace(note, wrapped_for_origin=new["note"])
        assert unseal.open_note(keys, agency_id=SURGERY, context=NOTE, note=renewed) == TEXT
        assert unseal.open_draft(keys, user_id="u1", draft_id="d1", sealed=new["draft"]) == TEXT
        assert unseal.open_secret(keys, user_id="u1", sealed=new["secret"]) == TEXT
        assert (
            unseal.open_agency_openings(
                keys, agency_id=SURGERY, entry_id="e", sealed=new["openings"]
            )
            == OPENINGS
        )

    return rows, check


def test_a_rotation_rewraps_every_kind_of_row_and_the_old_root_is_then_not_needed(
    keys: FileKeyService, record: StoredRecord, tmp_path: Path
) -> None:
    rows, check = _everything(keys, record)
    keys.rotate()
    new = rotation.rewrap_batch(keys, rows)
    assert set(new) == {row.row_id for row in rows}
    (tmp_path / "keys" / "root-1.key").unlink()
    fresh = FileKeyService(tmp_path / "keys")
    keys._roots.clear()
    keys._agency_roots.clear()
    check(new)
    assert fresh.describe().versions == (2,)


def test_a_batch_that_is_done_already_changes_nothing(
    keys: FileKeyService, record: StoredRecord
) -> None:
    rows, _ = _everything(keys, record)
    assert rotation.rewrap_batch(keys, rows) == {}
    keys.rotate()
    new = rotation.rewrap_batch(keys, rows)
    again = [replace(row, wrapped=new[row.row_id]) for row in rows]
    assert rotation.rewrap_batch(keys, again) == {}


def test_a_rotation_interrupted_half_way_is_finished_by_running_it_again(
    keys: FileKeyService, record: StoredRecord
) -> None:
    rows, check = _everything(keys, record)
    keys.rotate()
    half = rotation.rewrap_batch(keys, rows[:3])
    mixed = [replace(row, wrapped=half.get(row.row_id, row.wrapped)) for row in rows]
    rest = rotation.rewrap_batch(keys, mixed)
    assert set(rest) == {row.row_id for row in rows[3:]}
    check({**half, **rest})


def test_a_row_that_does_not_open_stops_its_batch(
    keys: FileKeyService, record: StoredRecord
) -> None:
    rows, _ = _everything(keys, record)
    keys.rotate()
    for number, row in enumerate(rows):
        spoiled = replace(row, context={"purpose": "other"})
        with pytest.raises(CryptoError, match="did not open"):
            rotation.rewrap_batch(keys, [*rows[:number], spoiled])


def test_the_repr_of_a_row_names_it_and_no_more(keys: FileKeyService, record: StoredRecord) -> None:
    rows, _ = _everything(keys, record)
    assert repr(rows[0]) == "<WrappedRow subject>"


def test_a_subject_key_opens_for_its_own_person_and_agency(
    keys: FileKeyService, subject: bytes
) -> None:
    opened = open_subject_key(keys, subject_key_id="subject-1", owner=SURGERY, wrapped=subject)
    assert len(opened) == 32
    for person, owner in [("subject-2", SURGERY), ("subject-1", MENTORS)]:
        with pytest.raises(CryptoError, match="did not open"):
            open_subject_key(keys, subject_key_id=person, owner=owner, wrapped=subject)
