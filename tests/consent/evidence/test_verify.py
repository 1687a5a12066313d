"""Every way to tamper with a bundle is refused by its kind and first bad index."""

import json
from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure, consistency_bytes
from consent.evidence.canonical import canonical
from consent.evidence.checkpoint import Checkpoint, signature_line
from consent.evidence.entry import EntryType
from consent.evidence.merkle import EMPTY_ROOT
from consent.evidence.verify import verify_bundle
from tests.consent.evidence.sample_log import SampleLog
from tests.consent.evidence.tampering import (
    BODY,
    CHOSEN,
    FOREIGN,
    IMPOSTOR,
    LATER,
    LOG,
    OTHER,
    RIGHT,
    SEEN,
    VKEY,
    Change,
    Files,
    as_bundle,
    both,
    bundle_files,
    copy,
    drop,
    edit,
    everywhere,
    files_of,
    in_proofs,
    nothing,
    opening,
    pack,
    put,
    swap,
    tampered,
    told_anew,
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return bundle_files(tmp_path_factory.mktemp("original"))


TYPES = {EntryType.OVERRIDE: 2, EntryType.ACCESS: 1, EntryType.KEY: 1}


def test_an_untouched_bundle_verifies(tmp_path: Path, original: Files) -> None:
    path = tampered(tmp_path, original, nothing)
    report = verify_bundle(path, log_keys=[VKEY], previous=LOG.note(SEEN))
    assert report.note == LOG.note()
    assert report.checkpoint == LOG.checkpoint()
    assert report.previous == LOG.checkpoint(SEEN)
    assert (report.entries, report.openings) == (4, 20)
    assert report.types == TYPES
    assert [signer.verifier for signer in report.signers] == [LOG.key.verifier]
    assert not report.complete
    assert verify_bundle(path, log_keys=[VKEY]).previous is None


@pytest.mark.parametrize(
    ("change", "kind", "index"),
    [
        pytest.param(put("entries/7.json", OTHER), Failure.NOT_INCLUDED, 7, id="edited"),
        pytest.param(
            edit("entries/8.json", b"permit", b"refuse"), Failure.NOT_INCLUDED, 8, id="edited text"
        ),
        pytest.param(
            edit("entries/3.json", b'"version":1', b'"version": 1'),
            Failure.NOT_INCLUDED,
            3,
            id="reformatted",
        ),
        pytest.param(put("entries/3.json", b""), Failure.NOT_INCLUDED, 3, id="emptied"),
        pytest.param(
            both(put("entries/39.json", OTHER), put("entries/8.json", OTHER)),
            Failure.NOT_INCLUDED,
            8,
            id="two edited, the first is named",
        ),
        pytest.param(drop("entries/7.json"), Failure.ENTRY_MISSING, 7, id="entry deleted"),
        pytest.param(
            drop(*(f"entries/{index}.json" for index in CHOSEN)),
            Failure.ENTRY_MISSING,
            3,
            id="all entries deleted",
        ),
        pytest.param(drop("proofs/8.tlog-proof"), Failure.PROOF_MISSING, 8, id="proof deleted"),
        pytest.param(
            drop("entries/7.json", "proofs/7.tlog-proof"),
            Failure.ENTRY_MISSING,
            7,
            id="opening alone",
        ),
        pytest.param(
            swap("entries/7.json", "entries/8.json"), Failure.NOT_INCLUDED, 7, id="reordered"
        ),
        pytest.param(
            swap("proofs/7.tlog-proof", "proofs/8.tlog-proof"),
            Failure.PROOF_OF_OTHER_INDEX,
            7,
            id="proofs swapped",
        ),
        pytest.param(
            both(
                swap("entries/7.json", "entries/8.json"),
                swap("proofs/7.tlog-proof", "proofs/8.tlog-proof"),
            ),
            Failure.PROOF_OF_OTHER_INDEX,
            7,
            id="entries and proofs swapped",
        ),
        pytest.param(
            both(
                copy("entries/7.json", "entries/9.json"),
                copy("proofs/7.tlog-proof", "proofs/9.tlog-proof"),
                edit("proofs/9.tlog-proof", b"index 7", b"index 9"),
            ),
            Failure.NOT_INCLUDED,
            9,
            id="an entry told twice",
        ),
        pytest.param(
            both(
                copy("entries/39.json", "entries/40.json"),
                copy("proofs/39.tlog-proof", "proofs/40.tlog-proof"),
                edit("proofs/40.tlog-proof", b"index 39", b"index 40"),
            ),
            Failure.NOT_INCLUDED,
            40,
            id="an entry beyond the tree",
        ),
        pytest.param(
            put("proofs/7.tlog-proof", b"nonsense"), Failure.PROOF_MALFORMED, 7, id="no proof"
        ),
        pytest.param(
            edit("proofs/7.tlog-proof", b"index 7", b"index 07"),
            Failure.PROOF_MALFORMED,
            7,
            id="proof misspelt",
        ),
        pytest.param(
            edit("proofs/7.tlog-proof", b"=\n", b"=\nAAAA", times=1),
            Failure.PROOF_MALFORMED,
            7,
            id="proof hash broken",
        ),
        pytest.param(
            edit("proofs/7.tlog-proof", b"\n\n", b"\n" + b"A" * 43 + b"=\n\n"),
            Failure.NOT_INCLUDED,
            7,
            id="proof too long",
        ),
        pytest.param(
            edit("proofs/7.tlog-proof", b"example", b"exbmple"),
            Failure.PROOF_OF_OTHER_CHECKPOINT,
            7,
            id="proof's checkpoint altered",
        ),
        pytest.param(
            in_proofs(lambda data: data.partition(b"\n\n")[0] + b"\n\n" + LOG.note(39)),
            Failure.PROOF_OF_OTHER_CHECKPOINT,
            3,
            id="proofs of another checkpoint",
        ),
        pytest.param(
            put("proofs/8.tlog-proof", b"x" * 700_000), Failure.TOO_LARGE, 8, id="proof too large"
        ),
        pytest.param(drop("checkpoint"), Failure.CHECKPOINT_MISSING, None, id="no checkpoint"),
        pytest.param(
            put("checkpoint", b"x"), Failure.CHECKPOINT_MALFORMED, None, id="checkpoint nonsense"
        ),
        pytest.param(
            put("checkpoint", BODY), Failure.CHECKPOINT_MALFORMED, None, id="checkpoint unsigned"
        ),
        pytest.param(
            edit("checkpoint", b"\n40\n", b"\n41\n"),
            Failure.CHECKPOINT_FORGED,
            None,
            id="checkpoint size altered",
        ),
        pytest.param(
            everywhere(told_anew().checkpoint().body() + b"\n" + LOG.key.line(BODY)),
            Failure.CHECKPOINT_FORGED,
            None,
            id="signature moved to another checkpoint",
        ),
        pytest.param(
            everywhere(IMPOSTOR.sign(BODY)),
            Failure.CHECKPOINT_UNSIGNED,
            None,
            id="other key of the same name",
        ),
        pytest.param(
            everywhere(
                BODY
                + b"\n"
                + signature_line(
                    LOG.key.verifier.name, LOG.key.verifier.key_id, IMPOSTOR._private.sign(BODY)
                )
            ),
            Failure.CHECKPOINT_FORGED,
            None,
            id="other key under the log's key id",
        ),
        pytest.param(
            everywhere(LOG.key.sign(Checkpoint("other.example/log", 40, EMPTY_ROOT).body())),
            Failure.CHECKPOINT_ORIGIN,
            None,
            id="the log's key under another origin",
        ),
        pytest.param(
            everywhere(FOREIGN.sign(Checkpoint("other.example/log", 40, EMPTY_ROOT).body())),
            Failure.CHECKPOINT_UNSIGNED,
            None,
            id="another log",
        ),
        pytest.param(
            everywhere(LOG.key.sign(b"any other text\n")),
            Failure.CHECKPOINT_MALFORMED,
            None,
            id="a signed text that is no checkpoint",
        ),
        pytest.param(everywhere(LATER.note()), Failure.NOT_INCLUDED, 3, id="a later checkpoint"),
        pytest.param(put("entries/9.json", OTHER), Failure.PROOF_MISSING, 9, id="extra entry"),
        pytest.param(put("notes.txt", b"hello"), Failure.UNEXPECTED_FILE, None, id="extra file"),
        pytest.param(put("../x", b"hello"), Failure.UNSAFE_NAME, None, id="path traversal"),
        pytest.param(
            put("openings/9.json", opening(subject=RIGHT)),
            Failure.ENTRY_MISSING,
            9,
            id="extra opening",
        ),
        pytest.param(
            put("openings/7.json", opening(subject=RIGHT | {"value": "somebody else"})),
            Failure.OPENING_MISMATCH,
            7,
            id="other value",
        ),
        pytest.param(
            put("openings/7.json", opening(subject=RIGHT | {"salt": "0" * 64})),
            Failure.OPENING_MISMATCH,
            7,
            id="other salt",
        ),
        pytest.param(
            put("openings/7.json", opening(actor=RIGHT)),
            Failure.OPENING_MISMATCH,
            7,
            id="opening of another field",
        ),
        pytest.param(
            put("openings/7.json", opening(nobody=RIGHT)),
            Failure.OPENING_MISMATCH,
            7,
            id="opening of no field",
        ),
        pytest.param(
            swap("openings/7.json", "openings/8.json"),
            Failure.OPENING_MISMATCH,
            7,
            id="openings swapped",
        ),
    ]
    + [
        pytest.param(
            put("openings/7.json", data), Failure.OPENING_MALFORMED, 7, id=f"opening {number}"
        )
        for number, data in enumerate(
            [
                b"",
                b"[]",
                b"{}",
                b"null",
                b" " + opening(subject=RIGHT),
                json.dumps({"subject": RIGHT}, indent=1).encode(),
                opening(subject=RIGHT | {"more": ""}),
                opening(subject={"salt": RIGHT["salt"]}),
                opening(subject=RIGHT | {"value": 7}),
                opening(subject=RIGHT | {"value": None}),
                opening(subject=RIGHT | {"salt": 7}),
                opening(subject=RIGHT | {"salt": RIGHT["salt"].upper()}),
                opening(subject=RIGHT | {"salt": RIGHT["salt"][:-2]}),
                opening(subject=RIGHT | {"salt": RIGHT["salt"] + "\n"}),
                canonical({"subject": "open"}),
                b"[" * 50_000,
            ]
        )
    ],
)
def test_a_tampered_bundle_is_refused_by_its_kind_and_first_bad_index(
    tmp_path: Path, original: Files, change: Change, kind: Failure, index: int | None
) -> None:
    path = tampered(tmp_path, original, change)
    for previous in (None, LOG.note(SEEN)) if kind is not Failure.NOT_INCLUDED else (None,):
        with pytest.raises(BundleError) as refused:
            verify_bundle(path, log_keys=[VKEY], previous=previous)
        assert (refused.value.kind, refused.value.index) == (kind, index)
        if index is not None:
            assert str(refused.value).startswith(f"entry {index}: ")
        assert "somebody" not in str(refused.value)


SHORT = SampleLog(19)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        pytest.param(as_bundle(SHORT), Failure.STALE, id="an older checkpoint"),
        pytest.param(as_bundle(told_anew()), Failure.INCONSISTENT, id="a rewritten past"),
        pytest.param(drop("consistency"), Failure.CONSISTENCY_MISSING, id="no consistency"),
        pytest.param(
            put("consistency", consistency_bytes(19, LOG.tiles.consistency_proof(19, 40))),
            Failure.CONSISTENCY_MISSING,
            id="consistency from another size",
        ),
        pytest.param(
            put("consistency", consistency_bytes(20, LOG.tiles.consistency_proof(19, 40))),
            Failure.INCONSISTENT,
            id="another proof of consistency",
        ),
        pytest.param(
            put("consistency", consistency_bytes(20, [])), Failure.INCONSISTENT, id="empty proof"
        ),
        pytest.param(
            put("consistency", consistency_bytes(20, [b"short"])),
            Failure.CONSISTENCY_MALFORMED,
            id="short hash",
        ),
    ]
    + [
        pytest.param(
            put("consistency", data), Failure.CONSISTENCY_MALFORMED, id=f"consistency {number}"
        )
        for number, data in enumerate(
            [
                b"",
                b"old 20",
                b"20\n",
                b"old 020\n",
                b"old +20\n",
                b"old 20 \n",
                b"old 20\n\n",
                b"old 20\nx\n",
                b"old 20\nAB==\n",
                b"old 20\r\n",
                "old ２0\n".encode(),
                b"\xff\n",
            ]
        )
    ],
)
def test_a_log_that_does_not_continue_the_officers_own_checkpoint_is_refused(
    tmp_path: Path, original: Files, change: Change, kind: Failure
) -> None:
    path = tampered(tmp_path, original, change)
    with pytest.raises(BundleError) as refused:
        verify_bundle(path, log_keys=[VKEY], previous=LOG.note(SEEN))
    assert (refused.value.kind, refused.value.index) == (kind, None)


def test_the_same_bundles_verify_for_whom_they_contradict_nothing(
    tmp_path: Path, original: Files
) -> None:
    for number, change in enumerate(
        (as_bundle(SHORT), as_bundle(told_anew()), drop("consistency"))
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert verify_bundle(tampered(folder, original, change), log_keys=[VKEY])


def test_another_tree_of_the_same_size_is_refused(tmp_path: Path, original: Files) -> None:
    path = tampered(tmp_path, original, as_bundle(told_anew(), None))
    with pytest.raises(BundleError, match="two different trees of size 40") as refused:
        verify_bundle(path, log_keys=[VKEY], previous=LOG.note())
    assert refused.value.kind is Failure.INCONSISTENT


@pytest.mark.parametrize("seen", [1, 2, 3, 31, 32, 33, 39])
def test_whatever_was_seen_before_must_be_continued(
    tmp_path: Path, original: Files, seen: int
) -> None:
    path = LOG.bundle(tmp_path / "bundle.zip", [39], previous=seen)
    report = verify_bundle(path, log_keys=[VKEY], previous=LOG.note(seen))
    assert report.previous == LOG.checkpoint(seen)
    with pytest.raises(BundleError) as refused:
        verify_bundle(
            tampered(tmp_path, original, drop("consistency")),
            log_keys=[VKEY],
            previous=LOG.note(seen),
        )
    assert refused.value.kind is Failure.CONSISTENCY_MISSING


def test_the_very_checkpoint_seen_before_needs_no_proof(tmp_path: Path, original: Files) -> None:
    path = tampered(tmp_path, original, drop("consistency"))
    assert verify_bundle(path, log_keys=[VKEY], previous=LOG.note()).previous == LOG.checkpoint()


def test_every_log_continues_an_empty_one(tmp_path: Path, original: Files) -> None:
    path = tampered(tmp_path, original, drop("consistency"))
    empty = LOG.key.sign(Checkpoint(LOG.key.verifier.name, 0, EMPTY_ROOT).body())
    assert verify_bundle(path, log_keys=[VKEY], previous=empty).previous is not None


def test_an_entry_that_was_logged_malformed_is_refused(tmp_path: Path) -> None:
    log = SampleLog(3)
    log.extend([b'{"made":"elsewhere"}'])
    path = log.bundle(tmp_path / "bundle.zip", [2])
    assert verify_bundle(path, log_keys=[VKEY]).entries == 1
    log.bundle(path, [2, 3])
    with pytest.raises(BundleError, match="entry 3: entry: must have exactly") as refused:
        verify_bundle(path, log_keys=[VKEY])
    assert (refused.value.kind, refused.value.index) == (Failure.ENTRY_MALFORMED, 3)


def test_a_bundle_of_nothing_proves_nothing(tmp_path: Path) -> None:
    path = LOG.bundle(tmp_path / "bundle.zip", [], previous=SEEN)
    with pytest.raises(BundleError) as refused:
        verify_bundle(path, log_keys=[VKEY])
    assert refused.value.kind is Failure.EMPTY
    assert verify_bundle(path, log_keys=[VKEY], previous=LOG.note(SEEN)).entries == 0


@pytest.mark.parametrize(
    ("indexes", "seen", "missing"),
    [
        (range(40), None, None),
        (range(20, 40), 20, None),
        ([3, *range(20, 40)], 20, None),
        (range(40), 20, None),
        ([], 40, None),
        ([5], 40, None),
        (range(1, 40), None, 0),
        (range(39), None, 39),
        ([*range(17), *range(18, 40)], None, 17),
        (range(21, 40), 20, 20),
        ([3, *range(20, 31), *range(32, 40)], 20, 31),
        ([3], 20, 20),
        ([], 39, 39),
    ],
)
def test_with_complete_no_entry_may_be_left_out(
    tmp_path: Path, indexes: range | list[int], seen: int | None, missing: int | None
) -> None:
    path = LOG.bundle(tmp_path / "bundle.zip", indexes, previous=seen)
    previous = None if seen is None else LOG.note(seen)
    loose = verify_bundle(path, log_keys=[VKEY], previous=previous)
    assert loose.complete == (missing is None)
    if missing is None:
        assert verify_bundle(path, log_keys=[VKEY], previous=previous, complete=True) == loose
        return
    with pytest.raises(BundleError) as refused:
        verify_bundle(path, log_keys=[VKEY], previous=previous, complete=True)
    assert (refused.value.kind, refused.value.index) == (Failure.INCOMPLETE, missing)


def test_with_complete_the_first_of_several_faults_is_named(tmp_path: Path) -> None:
    path = LOG.bundle(tmp_path / "whole.zip", range(40))
    files = files_of(path)
    drop("entries/9.json", "proofs/9.tlog-proof", "openings/9.json")(files)
    for bad, named, kind in ((5, 5, Failure.NOT_INCLUDED), (12, 9, Failure.INCOMPLETE)):
        damaged = files | {f"entries/{bad}.json": OTHER}
        with pytest.raises(BundleError) as refused:
            verify_bundle(pack(path, damaged), log_keys=[VKEY], complete=True)
        assert (refused.value.index, refused.value.kind) == (named, kind)


def test_openings_may_be_fewer_than_commitments_as_after_an_erasure(
    tmp_path: Path, original: Files
) -> None:
    path = tampered(tmp_path, original, put("openings/7.json", opening(subject=RIGHT)))
    assert verify_bundle(path, log_keys=[VKEY]).openings == 16
    path = tampered(tmp_path, original, drop("openings/7.json"))
    assert verify_bundle(path, log_keys=[VKEY]).openings == 15
