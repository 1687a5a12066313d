"""What an agency keeps and what is said about a person: who opens it, and who must not."""

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest

from referral_hub.crypto import contexts, rotation, seal, unseal
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    StatementContext,
    StoredRecord,
)
from referral_hub.crypto.rotation import Shape, WrappedRow
from referral_hub.crypto.subject import new_subject_key
from referral_hub.errors import CryptoError
from tests.crypto.samples import MENTORS, SURGERY, TIME_BANK, release_of

STATEMENT = StatementContext("statement-1", "capacity", SURGERY, "subject-1")
WORDS = MatterWordsContext("words-1", "matter-1", SURGERY, "complaint")
PART = ImportPartContext(SURGERY, "import-1", "rows", 2)
NOTE = NoteContext("note-1", "task-1", SURGERY, TIME_BANK)
TEXT = "Her daughter Zoë decides: she holds the power of attorney.".encode()
# For each part of a context, one value that is another's.
ELSEWHERE: dict[type, dict[str, object]] = {
    StatementContext: {
        "statement_id": "statement-2",
        "kind": "best_interests",
        "owner": MENTORS,
        "subject_key_id": "subject-2",
    },
    MatterWordsContext: {
        "words_id": "words-2",
        "matter_id": "matter-2",
        "agency_id": MENTORS,
        "kind": "breach",
    },
    ImportPartContext: {
        "agency_id": MENTORS,
        "import_id": "import-2",
        "part": "file",
        "number": 3,
    },
}


def others(of: type) -> list[dict[str, object]]:
    return [{name: value} for name, value in ELSEWHERE[of].items()]


@pytest.fixture
def subject(keys: FileKeyService) -> bytes:
    return new_subject_key(keys, subject_key_id="subject-1", owner=SURGERY)


def test_every_part_of_a_context_has_a_value_that_is_another_s() -> None:
    for kind, values in ELSEWHERE.items():
        assert set(values) == {field.name for field in fields(kind)}


def test_a_statement_opens_in_its_own_place_and_shows_nothing(
    keys: FileKeyService, subject: bytes
) -> None:
    blob = seal.seal_statement(keys, wrapped_subject_key=subject, context=STATEMENT, words=TEXT)
    assert b"daughter" not in blob
    assert len(blob) == 12 + 64 + 16
    opened = unseal.open_statement(
        keys, wrapped_subject_key=subject, context=STATEMENT, sealed=blob
    )
    assert opened == TEXT


@pytest.mark.parametrize("change", others(StatementContext), ids=lambda change: next(iter(change)))
def test_a_statement_of_another_person_owner_kind_or_place_does_not_open(
    keys: FileKeyService, subject: bytes, change: dict[str, object]
) -> None:
    """The other person's key is theirs indeed: what fails is then the statement itself."""
    there = replace(STATEMENT, **change)  # type: ignore[arg-type]  # a test's keywords
    key = new_subject_key(keys, subject_key_id=there.subject_key_id, owner=there.owner)
    blob = seal.seal_statement(keys, wrapped_subject_key=subject, context=STATEMENT, words=TEXT)
    for wrapped in (subject, key):
        with pytest.raises(CryptoError, match="did not open"):
            unseal.open_statement(keys, wrapped_subject_key=wrapped, context=there, sealed=blob)
    assert contexts.statement_binding(there) != contexts.statement_binding(STATEMENT)


def test_a_statement_does_not_open_under_a_later_key_of_the_same_person_nor_as_openings(
    keys: FileKeyService, subject: bytes
) -> None:
    blob = seal.seal_statement(keys, wrapped_subject_key=subject, context=STATEMENT, words=TEXT)
    later = new_subject_key(keys, subject_key_id="subject-1", owner=SURGERY)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_statement(keys, wrapped_subject_key=later, context=STATEMENT, sealed=blob)
    with pytest.raises(CryptoError, match="did not open"):
        seal.seal_statement(
            keys,
            wrapped_subject_key=subject,
            context=replace(STATEMENT, subject_key_id="subject-2"),
            words=TEXT,
        )


def test_words_about_a_matter_open_for_the_agency_that_keeps_them(keys: FileKeyService) -> None:
    blob = seal.seal_matter_words(keys, context=WORDS, words=TEXT)
    assert b"daughter" not in blob
    assert unseal.open_matter_words(keys, context=WORDS, sealed=blob) == TEXT


@pytest.mark.parametrize(
    "change", others(MatterWordsContext), ids=lambda change: next(iter(change))
)
def test_words_moved_to_another_agency_matter_kind_or_row_do_not_open(
    keys: FileKeyService, change: dict[str, object]
) -> None:
    blob = seal.seal_matter_words(keys, context=WORDS, words=TEXT)
    there = replace(WORDS, **change)  # type: ignore[arg-type]  # a test's keywords
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_matter_words(keys, context=there, sealed=blob)


def test_a_part_of_a_file_opens_for_the_agency_that_sent_it(keys: FileKeyService) -> None:
    blob = seal.seal_import_part(keys, context=PART, data=TEXT)
    assert b"daughter" not in blob
    assert unseal.open_import_part(keys, context=PART, sealed=blob) == TEXT


@pytest.mark.parametrize("change", others(ImportPartContext), ids=lambda change: next(iter(change)))
def test_a_part_in_another_s_place_does_not_open(
    keys: FileKeyService, change: dict[str, object]
) -> None:
    blob = seal.seal_import_part(keys, context=PART, data=TEXT)
    there = replace(PART, **change)  # type: ignore[arg-type]  # a test's keywords
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_import_part(keys, context=there, sealed=blob)


def test_a_staged_item_opens_for_the_agency_and_item_alone(keys: FileKeyService) -> None:
    blob = seal.seal_staged(keys, agency_id=SURGERY, item_id="item-1", data=TEXT)
    assert b"daughter" not in blob
    assert unseal.open_staged(keys, agency_id=SURGERY, item_id="item-1", sealed=blob) == TEXT
    for agency, item in [(MENTORS, "item-1"), (SURGERY, "item-2"), ("item-1", SURGERY)]:
        with pytest.raises(CryptoError, match="did not open"):
            unseal.open_staged(keys, agency_id=agency, item_id=item, sealed=blob)


def test_one_kind_of_an_agency_s_things_does_not_open_as_another(keys: FileKeyService) -> None:
    staged = seal.seal_staged(keys, agency_id=SURGERY, item_id="words-1", data=TEXT)
    words = seal.seal_matter_words(keys, context=WORDS, words=TEXT)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_matter_words(keys, context=WORDS, sealed=staged)
    with pytest.raises(CryptoError, match="did not open"):
        unseal.open_import_part(keys, context=PART, sealed=words)
    with pytest.raises(CryptoError, match="another kind"):
        unseal.open_draft(keys, user_id=SURGERY, draft_id="words-1", sealed=staged)


CONTEXTS: list[tuple[Mapping[str, str], dict[str, str]]] = [
    (
        contexts.staged_context(SURGERY, "item-1"),
        {"purpose": "staged", "agency_id": SURGERY, "item_id": "item-1"},
    ),
    (
        contexts.import_part_context(PART),
        {
            "purpose": "import",
            "agency_id": SURGERY,
            "import_id": "import-1",
            "part": "rows",
            "number": "2",
        },
    ),
    (
        contexts.matter_words_context(WORDS),
        {
            "purpose": "matter-words",
            "words_id": "words-1",
            "matter_id": "matter-1",
            "agency_id": SURGERY,
            "kind": "complaint",
        },
    ),
]


@pytest.mark.parametrize(("found", "wanted"), CONTEXTS, ids=["staged", "import", "matter words"])
def test_a_context_names_everything_it_is_about(
    found: Mapping[str, str], wanted: dict[str, str]
) -> None:
    assert found == wanted


def test_a_row_to_rewrap_knows_its_context_its_shape_and_its_agency(record: StoredRecord) -> None:
    """Row by row what a rotation is told: a wrong shape or agency would leave the row behind."""
    release, person = release_of(record), record.context
    envelope, key = Shape.ENVELOPE, Shape.WRAPPED_KEY
    rows = [
        (
            rotation.subject_key_row(
                row_id="1", subject_key_id="s", owner=person.owner, wrapped=b"b"
            ),
            ({"purpose": "subject-key", "subject_key_id": "s", "owner": SURGERY}, key, None),
        ),
        (
            rotation.release_row(row_id="1", agency_id=TIME_BANK, context=release, blob=b"b"),
            (contexts.release_context(release), envelope, TIME_BANK),
        ),
        (
            rotation.note_row(row_id="1", agency_id=SURGERY, context=NOTE, wrapped=b"b"),
            (contexts.note_context(NOTE), key, SURGERY),
        ),
        (
            rotation.agency_openings_row(row_id="1", agency_id=SURGERY, entry_id="e", sealed=b"b"),
            (contexts.agency_openings_context(SURGERY, "e"), envelope, SURGERY),
        ),
        (
            rotation.matter_words_row(row_id="1", context=WORDS, sealed=b"b"),
            (CONTEXTS[2][1], envelope, SURGERY),
        ),
        (
            rotation.draft_row(row_id="1", user_id="u", draft_id="d", sealed=b"b"),
            ({"purpose": "draft", "user_id": "u", "draft_id": "d"}, envelope, None),
        ),
        (
            rotation.staged_row(row_id="1", agency_id=SURGERY, item_id="item-1", sealed=b"b"),
            (CONTEXTS[0][1], envelope, SURGERY),
        ),
        (
            rotation.import_part_row(row_id="1", context=PART, sealed=b"b"),
            (CONTEXTS[1][1], envelope, SURGERY),
        ),
        (
            rotation.secret_row(row_id="1", user_id="u", sealed=b"b"),
            ({"purpose": "sign-in-secret", "user_id": "u"}, envelope, None),
        ),
    ]
    for row, (context, shape, agency) in rows:
        assert row == WrappedRow("1", b"b", context, shape, agency)


def test_a_rotation_moves_what_agencies_keep_and_the_old_root_is_then_not_needed(
    keys: FileKeyService, tmp_path: Path
) -> None:
    rows = [
        rotation.matter_words_row(
            row_id="words",
            context=WORDS,
            sealed=seal.seal_matter_words(keys, context=WORDS, words=TEXT),
        ),
        rotation.import_part_row(
            row_id="part",
            context=PART,
            sealed=seal.seal_import_part(keys, context=PART, data=TEXT),
        ),
        rotation.staged_row(
            row_id="staged",
            agency_id=SURGERY,
            item_id="item-1",
            sealed=seal.seal_staged(keys, agency_id=SURGERY, item_id="item-1", data=TEXT),
        ),
    ]
    assert rotation.rewrap_batch(keys, rows) == {}
    keys.rotate()
    new = rotation.rewrap_batch(keys, rows)
    assert {name: keys.version_of(blob) for name, blob in new.items()} == {
        "words": 2,
        "part": 2,
        "staged": 2,
    }
    (tmp_path / "keys" / "root-1.key").unlink()
    fresh = FileKeyService(tmp_path / "keys")
    assert unseal.open_matter_words(fresh, context=WORDS, sealed=new["words"]) == TEXT
    assert unseal.open_import_part(fresh, context=PART, sealed=new["part"]) == TEXT
    staged = unseal.open_staged(fresh, agency_id=SURGERY, item_id="item-1", sealed=new["staged"])
    assert staged == TEXT
    for row in rows:
        with pytest.raises(CryptoError, match="did not open"):
            rotation.rewrap_batch(keys, [replace(row, agency_id=MENTORS)])
