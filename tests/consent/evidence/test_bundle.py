"""Reading bundles from strangers: bounded, and only what the format names."""

import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from consent.evidence import bundle as bundle_module
from consent.evidence.bundle import (
    MAX_DIRECTORY_BYTES,
    BundleEntry,
    BundleError,
    Failure,
    Opening,
    consistency_bytes,
    open_bundle,
    openings_bytes,
    write_bundle,
)
from consent.evidence.errors import EvidenceError
from consent.evidence.proof import parse_proof
from consent.evidence.verify import verify_bundle
from tests.consent.evidence.sample_log import SampleLog, value

LOG = SampleLog(5)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return LOG.bundle(tmp_path / "bundle.zip", range(5), previous=2)


def refusal(path: Path, previous: bytes | None = None) -> BundleError:
    with pytest.raises(BundleError) as refused:
        verify_bundle(path, log_keys=[LOG.key.vkey], previous=previous)
    return refused.value


def add(path: Path, name: str, data: bytes = b"x", **attributes: int) -> Path:
    info = zipfile.ZipInfo(name)
    for attribute, number in attributes.items():
        setattr(info, attribute, number)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, data)
    return path


def test_a_bundle_holds_the_files_that_its_format_names(good: Path) -> None:
    with zipfile.ZipFile(good) as archive:
        names = archive.namelist()
        assert names[:3] == ["checkpoint", "consistency", "wrapped-keys"]
        assert archive.read("entries/3.json") == LOG.entries[3]
        proof = parse_proof(archive.read("proofs/3.tlog-proof"))
        assert archive.read("checkpoint") == LOG.note() == proof.checkpoint
        assert archive.read("consistency") == consistency_bytes(
            2, LOG.tiles.consistency_proof(2, 5)
        )
    assert len(names) == 3 + 3 * 5
    assert proof.index == 3


def test_equal_input_gives_equal_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()
    for target in (first, second):
        write_bundle(target, checkpoint=LOG.note(), entries=[LOG.item(1)])
    assert first.getvalue() == second.getvalue()


def test_an_entry_without_openings_has_no_openings_file() -> None:
    target = io.BytesIO()
    item = BundleEntry(0, LOG.entries[0], LOG.tiles.inclusion_proof(0, 5))
    write_bundle(target, checkpoint=LOG.note(), entries=[item])
    assert zipfile.ZipFile(target).namelist() == [
        "checkpoint",
        "entries/0.json",
        "proofs/0.tlog-proof",
    ]


def test_openings_show_nothing_of_themselves() -> None:
    item = LOG.item(2)
    for shown in (repr(item), repr(item.openings), str(item.openings["subject"])):
        assert "Zo" not in shown
        assert "redacted" in shown
    assert value(2, "subject").decode() in openings_bytes(item.openings).decode()


def test_an_opening_that_is_no_text_is_not_written() -> None:
    with pytest.raises(EvidenceError, match="not UTF-8"):
        openings_bytes({"subject": Opening(bytes(32), b"\xff")})


def test_a_bundle_that_was_unpacked_verifies_too(good: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(good) as archive:
        archive.extractall(tmp_path / "unpacked")
    assert verify_bundle(tmp_path / "unpacked", log_keys=[LOG.key.vkey]).entries == 5


def test_a_bundle_that_was_packed_again_with_its_folders_verifies_too(
    good: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(again, "w") as new:
        for folder in ("entries/", "proofs/", "openings/"):
            new.mkdir(folder)
        for name in old.namelist():
            new.writestr(name, old.read(name), compress_type=zipfile.ZIP_STORED)
    assert verify_bundle(again, log_keys=[LOG.key.vkey]).entries == 5


@pytest.mark.parametrize(
    "name",
    [
        "../checkpoint",
        "..",
        "entries/../../checkpoint",
        "entries/./0.json",
        "/checkpoint",
        "//checkpoint",
        "entries//0.json",
        "entries\\0.json",
        "C:/checkpoint",
        "C:checkpoint",
        "entries/0.json\x1b[2J",
        "entries/0.json\x7f",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(good: Path, name: str) -> None:
    assert refusal(add(good, name)).kind is Failure.UNSAFE_NAME


def test_a_name_with_a_hidden_end_is_refused(good: Path) -> None:
    add(good, "entries/9.json@hidden")
    good.write_bytes(good.read_bytes().replace(b"entries/9.json@hidden", b"entries/9.json\0hidden"))
    assert refusal(good).kind is Failure.UNSAFE_NAME


@pytest.mark.parametrize(
    "name",
    [
        "README",
        "checkpoint.txt",
        "Checkpoint",
        "entries/0",
        "entries/00.json",
        "entries/01.json",
        "entries/-1.json",
        "entries/0.tlog-proof",
        "entries/x.json",
        "entries/٣.json",
        "entries/10000000000000000000.json",
        "proofs/0.json",
        "openings/0.tlog-proof",
        "entries/deeper/0.json",
        "other/",
        "entries/0.json/",
        "checkpoint ",
    ],
)
def test_a_file_that_the_format_does_not_name_is_refused(good: Path, name: str) -> None:
    assert refusal(add(good, name)).kind is Failure.UNEXPECTED_FILE


def test_a_folder_that_carries_bytes_is_refused(good: Path) -> None:
    assert refusal(add(good, "entries/", b"x")).kind is Failure.UNEXPECTED_FILE


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["checkpoint", "entries/0.json", "proofs/4.tlog-proof"])
def test_two_files_of_one_name_are_refused(good: Path, name: str) -> None:
    assert refusal(add(good, name)).kind is Failure.DUPLICATE_FILE


@pytest.mark.parametrize("mode", [0o120777, 0o060600, 0o010600, 0o040700])
def test_a_packed_link_or_device_is_refused(good: Path, mode: int) -> None:
    add(good, "entries/9.json", b"/etc/passwd", external_attr=mode << 16)
    assert refusal(good).kind is Failure.UNSAFE_NAME


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_packed_in_a_way_we_do_not_read_is_refused(good: Path, method: int) -> None:
    assert refusal(add(good, "entries/9.json", compress_type=method)).kind is Failure.NOT_A_BUNDLE


def test_an_encrypted_file_is_refused(good: Path) -> None:
    add(good, "entries/9.json")
    data = bytearray(good.read_bytes())
    record = data.rindex(b"PK\x01\x02")
    data[record + 8] |= 1
    good.write_bytes(data)
    assert refusal(good).kind is Failure.NOT_A_BUNDLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"not a zip at all" * 100,
        b"PK\x05\x06" + bytes(18),
        b"PK\x05\x06" + b"\xff" * 18,
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(data)
    assert refusal(path).kind in {Failure.NOT_A_BUNDLE, Failure.CHECKPOINT_MISSING}


def test_an_archive_cut_short_anywhere_is_refused(good: Path, tmp_path: Path) -> None:
    whole = good.read_bytes()
    path = tmp_path / "short.zip"
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        assert refusal(path).kind is Failure.NOT_A_BUNDLE


def test_an_archive_with_any_byte_changed_is_refused_or_says_the_same(
    good: Path, tmp_path: Path
) -> None:
    whole = good.read_bytes()
    expected = verify_bundle(good, log_keys=[LOG.key.vkey])
    path = tmp_path / "changed.zip"
    for at in range(0, len(whole), 11):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 0x55,)) + whole[at + 1 :])
        try:
            found = verify_bundle(path, log_keys=[LOG.key.vkey])
        except BundleError:
            continue
        assert found == expected


def measured(path: Path, previous: bytes | None = None) -> tuple[BundleError, int]:
    tracemalloc.start()
    try:
        return refusal(path, previous), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "name",
    ["checkpoint", "consistency", "entries/0.json", "proofs/0.tlog-proof", "openings/0.json"],
)
def test_a_file_that_inflates_beyond_its_kind_is_refused_in_little_memory(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "bomb.zip"
    good = LOG.bundle(tmp_path / "good.zip", range(5), previous=2)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            data = bytes(2**26) if member == name else old.read(member)
            new.writestr(member, data, compress_type=zipfile.ZIP_DEFLATED)
    error, peak = measured(path, previous=LOG.note(2))
    assert error.kind is Failure.TOO_LARGE
    assert error.index == (0 if "/" in name else None)
    assert peak < 8 * 2**20


def test_a_file_that_lies_about_its_length_is_refused_in_little_memory(good: Path) -> None:
    add(good, "entries/9.json", bytes(2**26), compress_type=zipfile.ZIP_DEFLATED)
    length = struct.pack("<I", 2**26)
    good.write_bytes(good.read_bytes().replace(length, struct.pack("<I", 100)))
    with open_bundle(good) as found:
        tracemalloc.start()
        with pytest.raises(BundleError) as refused:
            found.read("entries", 9)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert refused.value.kind is Failure.NOT_A_BUNDLE
    assert peak < 2**20


def test_a_directory_longer_than_allowed_is_not_even_loaded(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    length = MAX_DIRECTORY_BYTES + 1
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, length, 0, 0)
    path.write_bytes(bytes(length) + end)
    error, peak = measured(path)
    assert error.kind is Failure.TOO_LARGE
    assert peak < 3 * MAX_DIRECTORY_BYTES


def test_more_files_than_allowed_are_refused(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MAX_FILES", 18)
    assert verify_bundle(good, log_keys=[LOG.key.vkey]).entries == 5
    monkeypatch.setattr(bundle_module, "MAX_FILES", 17)
    assert refusal(good).kind is Failure.TOO_LARGE


def test_files_too_long_in_sum_are_refused(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(good) as archive:
        total = sum(info.file_size for info in archive.infolist())
    monkeypatch.setattr(bundle_module, "MAX_TOTAL_BYTES", total)
    assert verify_bundle(good, log_keys=[LOG.key.vkey]).entries == 5
    monkeypatch.setattr(bundle_module, "MAX_TOTAL_BYTES", total - 1)
    assert refusal(good).kind is Failure.TOO_LARGE


@pytest.fixture
def unpacked(good: Path, tmp_path: Path) -> Path:
    with zipfile.ZipFile(good) as archive:
        archive.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def link(root: Path) -> None:
    (root / "entries" / "0.json").unlink()
    (root / "entries" / "0.json").symlink_to("/etc/passwd")


def linked_folder(root: Path) -> None:
    (root / "openings").rename(root.parent / "elsewhere")
    (root / "openings").symlink_to(root.parent / "elsewhere")


def pipe(root: Path) -> None:
    (root / "checkpoint").unlink()
    os.mkfifo(root / "checkpoint")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (link, Failure.UNSAFE_NAME),
        (linked_folder, Failure.UNSAFE_NAME),
        (pipe, Failure.UNSAFE_NAME),
        (lambda root: (root / "entries" / "deeper").mkdir(), Failure.UNSAFE_NAME),
        (lambda root: (root / "other").mkdir(), Failure.UNSAFE_NAME),
        (lambda root: (root / "README").write_text("hello"), Failure.UNEXPECTED_FILE),
        (lambda root: (root / "entries" / "x").write_text("hello"), Failure.UNEXPECTED_FILE),
        (lambda root: (root / "checkpoint").unlink(), Failure.CHECKPOINT_MISSING),
        (lambda root: (root / "entries" / "0.json").write_bytes(bytes(2**17)), Failure.TOO_LARGE),
    ],
)
def test_an_unpacked_bundle_is_read_as_strictly(
    unpacked: Path, change: Callable[[Path], object], kind: Failure
) -> None:
    change(unpacked)
    assert refusal(unpacked).kind is kind


def test_a_bundle_that_is_not_there_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify_bundle(tmp_path / "nowhere.zip", log_keys=[LOG.key.vkey])
