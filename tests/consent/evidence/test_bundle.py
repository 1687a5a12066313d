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
    MAX_EXTRA_BYTES,
    Bundle,
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


def words(error: BundleError) -> tuple[Failure, str]:
    return error.kind, str(error)


ELSEWHERE = (Failure.UNSAFE_NAME, "a file's name leads out of the bundle")
NO_FILE = (Failure.UNSAFE_NAME, "a link, a folder or a device, where a file belongs")
UNKNOWN = (Failure.UNEXPECTED_FILE, "a file that the format does not know")
UNREADABLE = (Failure.NOT_A_BUNDLE, "a file is packed in a way we do not read")


def add(path: Path, name: str, data: bytes = b"x", **attributes: object) -> Path:
    info = zipfile.ZipInfo(name)
    for attribute, given in attributes.items():
        setattr(info, attribute, given)
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
    for info in zipfile.ZipFile(first).infolist():
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert info.compress_type == zipfile.ZIP_DEFLATED


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
        assert "Opening(redacted)" in shown
    assert repr(item.openings["subject"]) == "Opening(redacted)"
    assert value(2, "subject").decode() in openings_bytes(item.openings).decode()


def test_an_opening_that_is_no_text_is_not_written() -> None:
    with pytest.raises(EvidenceError, match=r"^openings: a value is not UTF-8$"):
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


@pytest.mark.parametrize("mode", [0o100777, 0o100001, 0o000777])
def test_a_bundle_packed_where_files_have_modes_verifies_too(
    good: Path, tmp_path: Path, mode: int
) -> None:
    again = tmp_path / "again.zip"
    with zipfile.ZipFile(good) as old:
        for name in old.namelist():
            add(again, name, old.read(name), external_attr=mode << 16)
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
    assert words(refusal(add(good, name))) == ELSEWHERE


def test_a_name_with_a_hidden_end_is_refused(good: Path) -> None:
    add(good, "entries/9.json@hidden")
    good.write_bytes(good.read_bytes().replace(b"entries/9.json@hidden", b"entries/9.json\0hidden"))
    assert words(refusal(good)) == ELSEWHERE


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
    assert words(refusal(add(good, name))) == UNKNOWN


def test_a_folder_that_carries_bytes_is_refused(good: Path) -> None:
    assert words(refusal(add(good, "entries/", b"x"))) == UNKNOWN


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["checkpoint", "entries/0.json", "proofs/4.tlog-proof"])
def test_two_files_of_one_name_are_refused(good: Path, name: str) -> None:
    assert words(refusal(add(good, name))) == (Failure.DUPLICATE_FILE, "two files have one name")


@pytest.mark.parametrize("mode", [0o120777, 0o060600, 0o010600, 0o040700])
def test_a_packed_link_or_device_is_refused(good: Path, mode: int) -> None:
    add(good, "entries/9.json", b"/etc/passwd", external_attr=mode << 16)
    said = "a link, a folder or a device among the files"
    assert words(refusal(good)) == (Failure.UNSAFE_NAME, said)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_packed_in_a_way_we_do_not_read_is_refused(good: Path, method: int) -> None:
    assert words(refusal(add(good, "entries/9.json", compress_type=method))) == UNREADABLE


def extra(length: int) -> bytes:
    """An extra field of that many bytes in all, of a kind that nobody reads."""
    return struct.pack("<HH", 0xCAFE, length - 4) + bytes(length - 4)


@pytest.mark.parametrize("hidden", [{"comment": b"x"}, {"extra": extra(MAX_EXTRA_BYTES + 1)}])
def test_a_file_with_room_to_hide_others_is_refused(good: Path, hidden: dict[str, bytes]) -> None:
    assert words(refusal(add(good, "entries/9.json", **hidden))) == UNREADABLE


def test_an_extra_field_of_the_greatest_length_is_let_through(good: Path) -> None:
    add(good, "entries/9.json", extra=extra(MAX_EXTRA_BYTES))
    assert words(refusal(good)) == (Failure.PROOF_MISSING, "entry 9: there is no proof")


def test_an_encrypted_file_is_refused(good: Path) -> None:
    add(good, "entries/9.json")
    data = bytearray(good.read_bytes())
    record = data.rindex(b"PK\x01\x02")
    data[record + 8] |= 1
    good.write_bytes(data)
    assert words(refusal(good)) == UNREADABLE


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
    folder, inside, _ = name.partition("/")
    said = f"entry 0: {folder}: longer than allowed" if inside else f"{name}: longer than allowed"
    assert words(error) == (Failure.TOO_LARGE, said)
    assert error.index == (0 if inside else None)
    assert peak < 8 * 2**20


def test_a_file_may_be_as_long_as_its_kind_allows_and_is_read_no_further() -> None:
    asked: dict[str, int] = {}

    def read(name: str, limit: int) -> bytes:
        asked[name] = limit
        return bytes(limit - spare)

    kinds = [("checkpoint", None), ("consistency", None), ("wrapped-keys", None)]
    for kind, index in [*kinds, ("entries", 3), ("proofs", 3), ("openings", 3)]:
        spare = 1
        allowed = len(Bundle({}, set(), read).read(kind, index))
        spare = 0
        with pytest.raises(BundleError, match="longer than allowed"):
            Bundle({}, set(), read).read(kind, index)
        assert allowed + 1 in asked.values()
    assert asked == {
        "checkpoint": 2**19 + 1,
        "consistency": 2**12 + 1,
        "wrapped-keys": 2**25 + 1,
        "entries/3.json": 2**16,
        "proofs/3.tlog-proof": 2**19 + 2**17 + 1,
        "openings/3.json": 2**20 + 1,
    }


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
    assert words(error) == (Failure.TOO_LARGE, "the archive's directory is too long")
    assert peak < 3 * MAX_DIRECTORY_BYTES


class Recorded(io.BytesIO):
    """A file that knows how much was asked of it."""

    def __init__(self, length: int) -> None:
        super().__init__(bytes(length))
        self.asked: list[int | None] = []

    def read(self, size: int | None = -1, /) -> bytes:
        self.asked.append(size)
        return super().read(size)


@pytest.mark.parametrize(
    ("length", "size", "asked", "given"),
    [
        (20, 0, 0, 0),
        (20, 1, 1, 1),
        (20, 8, 8, 8),
        (20, 9, 9, None),
        (20, 10, 9, None),
        (8, 10, 9, 8),
        (4, -1, 5, 4),
        (5, -1, 5, None),
        (20, -1, 5, None),
    ],
)
def test_no_more_of_an_archive_is_read_at_once_than_is_allowed(
    monkeypatch: pytest.MonkeyPatch, length: int, size: int, asked: int, given: int | None
) -> None:
    monkeypatch.setattr(bundle_module, "MAX_TAIL_BYTES", 4)
    monkeypatch.setattr(bundle_module, "MAX_DIRECTORY_BYTES", 8)
    file = Recorded(length)
    if given is None:
        with pytest.raises(BundleError, match=r"^the archive's directory is too long$"):
            bundle_module._Capped(file).read(size)
    else:
        assert bundle_module._Capped(file).read(size) == bytes(given)
    assert file.asked == [asked]


def test_what_is_read_without_a_length_is_the_tail_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MAX_TAIL_BYTES", 4)
    file = Recorded(4)
    assert bundle_module._Capped(file).read() == bytes(4)
    assert file.asked == [5]


def test_more_files_than_allowed_are_refused(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module, "MAX_FILES", 18)
    assert verify_bundle(good, log_keys=[LOG.key.vkey]).entries == 5
    monkeypatch.setattr(bundle_module, "MAX_FILES", 17)
    assert words(refusal(good)) == (Failure.TOO_LARGE, "more than 17 files")


def test_files_too_long_in_sum_are_refused(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(good) as archive:
        total = sum(info.file_size for info in archive.infolist())
    monkeypatch.setattr(bundle_module, "MAX_TOTAL_BYTES", total)
    assert verify_bundle(good, log_keys=[LOG.key.vkey]).entries == 5
    monkeypatch.setattr(bundle_module, "MAX_TOTAL_BYTES", total - 1)
    assert words(refusal(good)) == (Failure.TOO_LARGE, "the files are too long in sum")


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


TOO_LONG = (Failure.TOO_LARGE, "entry 0: entries: longer than allowed")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (link, NO_FILE),
        (linked_folder, NO_FILE),
        (pipe, NO_FILE),
        (lambda root: (root / "entries" / "deeper").mkdir(), NO_FILE),
        (lambda root: (root / "other").mkdir(), NO_FILE),
        (lambda root: (root / "README").write_text("hello"), UNKNOWN),
        (lambda root: (root / "entries" / "x").write_text("hello"), UNKNOWN),
        (
            lambda root: (root / "checkpoint").unlink(),
            (Failure.CHECKPOINT_MISSING, "there is no checkpoint"),
        ),
        (lambda root: os.truncate(root / "entries" / "0.json", 2**26), TOO_LONG),
    ],
)
def test_an_unpacked_bundle_is_read_as_strictly(
    unpacked: Path, change: Callable[[Path], object], said: tuple[Failure, str]
) -> None:
    change(unpacked)
    error, peak = measured(unpacked)
    assert words(error) == said
    assert peak < 8 * 2**20


def test_a_bundle_that_is_not_there_is_an_ordinary_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify_bundle(tmp_path / "nowhere.zip", log_keys=[LOG.key.vkey])
