"""Each key that was wrapped for a recipient has a release entry of its own, shown without a hub."""

from pathlib import Path
from typing import Any

import pytest

from consent.evidence.bundle import BundleError, Failure, WrappedKeys, wrapped_bytes, write_bundle
from consent.evidence.entry import EntryType
from consent.evidence.verify import Report, verify_bundle
from consent.evidence.wrapped import Kept, is_release
from tests.consent.evidence.sample_log import SURGERY, SampleLog, make_entry, wrapped_by
from tests.consent.evidence.tampering import files_of, pack

LOG = SampleLog(40)
RELEASES = [index for index in range(40) if is_release(make_entry(index))]
FIRST, SECOND = RELEASES[:2]
DECISION = next(index for index in range(40) if make_entry(index).type is EntryType.DECISION)


def verified(path: Path, *wrapped: WrappedKeys, indexes: Any = range(40)) -> Report:
    items = [LOG.item(index) for index in indexes]
    file = path / "bundle.zip"
    write_bundle(file, checkpoint=LOG.note(), entries=items, wrapped=wrapped)
    return verify_bundle(file, log_keys=[LOG.key.vkey], complete=len(items) == 40)


def refused(path: Path, *wrapped: WrappedKeys) -> tuple[Failure, str]:
    with pytest.raises(BundleError) as caught:
        verified(path, *wrapped)
    return caught.value.kind, str(caught.value)


NO_ENTRY = "a key was wrapped for a recipient without a release entry"
OTHER_ENTRY = f"entry {FIRST}: a key was wrapped for a recipient that this entry is not about"


def test_the_wrapped_keys_equal_the_release_entries(tmp_path: Path) -> None:
    report = verified(tmp_path, *map(wrapped_by, RELEASES))
    assert report.kept == Kept(len(RELEASES), 0)
    said = f"keys        {len(RELEASES)} handed out, each by a release entry of its own"
    assert said in list(report.lines())


def test_a_release_that_handed_nothing_out_is_counted(tmp_path: Path) -> None:
    report = verified(tmp_path, *map(wrapped_by, RELEASES[1:]))
    assert report.kept == Kept(len(RELEASES) - 1, 1)
    assert "; 1 release entries handed nothing out" in report.kept.line()


@pytest.mark.parametrize(
    ("index", "said"),
    [
        (None, NO_ENTRY),
        (DECISION, f"entry {DECISION}: {NO_ENTRY}"),
        (40, f"entry 40: {NO_ENTRY}"),
    ],
)
def test_a_key_without_a_release_entry_is_named(
    tmp_path: Path, index: int | None, said: str
) -> None:
    good = map(wrapped_by, RELEASES)
    bad = wrapped_by(FIRST, index=index)
    assert refused(tmp_path, *good, bad) == (Failure.KEY_WITHOUT_ENTRY, said)


def test_two_keys_by_one_entry_are_named(tmp_path: Path) -> None:
    one = wrapped_by(FIRST)
    assert refused(tmp_path, one, one) == (Failure.KEY_OF_OTHER_ENTRY, OTHER_ENTRY)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": SURGERY},
        {"task": f"task-{SECOND}"},
        {"stage": "accepted"},
        {"effect": f"effect-{SECOND}"},
        {"fields": ("identity.first_name", "health.why")},
        {"fields": ()},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_key_that_its_entry_does_not_cover_is_named(tmp_path: Path, changes: Any) -> None:
    bad = wrapped_by(FIRST, **changes)
    assert refused(tmp_path, bad) == (Failure.KEY_OF_OTHER_ENTRY, OTHER_ENTRY)


def test_a_key_may_open_all_that_its_entry_released(tmp_path: Path) -> None:
    everything = wrapped_by(FIRST, fields=make_entry(FIRST).fields)
    assert verified(tmp_path, everything).kept.keys == 1


def test_a_bundle_with_releases_must_say_which_keys_were_wrapped(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        Failure.KEYS_MISSING,
        "nothing says which keys were wrapped",
    )
    none_there = verified(tmp_path, indexes=[DECISION])
    assert none_there.kept == Kept(0, 0)


def test_keys_that_were_erased_or_sent_sealed_have_no_hash(tmp_path: Path) -> None:
    assert verified(tmp_path, wrapped_by(FIRST, sha256=None)).kept.keys == 1


GOOD = wrapped_bytes([wrapped_by(FIRST)])
LINES = "must be lines, each with its end"
PARTS = "a line does not have what each must have"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", LINES),
        (GOOD[:-1], LINES),
        (GOOD + b"\n", "not JSON in UTF-8, or nested too deeply"),
        (GOOD.replace(b",", b", ", 1), "not in canonical form (RFC 8785)"),
        (b"[]\n", PARTS),
        (b"{}\n", PARTS),
        (GOOD.replace(f'"entry":{FIRST}'.encode(), b'"entry":-1'), PARTS),
        (GOOD.replace(f'"entry":{FIRST}'.encode(), b'"entry":true'), PARTS),
        (GOOD.replace(f'"entry":{FIRST}'.encode(), b'"entry":"1"'), PARTS),
        (GOOD.replace(b'["identity.first_name"]', b'"identity.first_name"'), PARTS),
        (GOOD.replace(b'["identity.first_name"]', b"[1]"), PARTS),
        (GOOD.replace(b'"stage":"offer"', b'"stage":null'), PARTS),
        (GOOD.replace(b'"sha256":"', b'"sha256":"0'), PARTS),
        (GOOD.replace(b'"recipient":', b'"other":1,"recipient":'), PARTS),
    ],
)
def test_a_list_that_is_not_well_formed_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    files = files_of(LOG.bundle(tmp_path / "whole.zip", range(40)))
    assert files["wrapped-keys"] == wrapped_bytes(map(wrapped_by, RELEASES))
    assert data != GOOD
    files["wrapped-keys"] = data
    with pytest.raises(BundleError) as caught:
        verify_bundle(pack(tmp_path / "changed.zip", files), log_keys=[LOG.key.vkey])
    assert caught.value.kind is Failure.KEYS_MALFORMED
    assert str(caught.value) == f"wrapped-keys: {said}"
