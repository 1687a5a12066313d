"""The key service and its files: contexts, agencies, versions, permissions and first runs."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.crypto import keyfiles
from referral_hub.crypto import keys as key_service
from referral_hub.crypto.keys import FileKeyService, KeyServiceDescription
from referral_hub.errors import CryptoError, KeyUnavailable
from tests.crypto.samples import MENTORS, TIME_BANK

KEY = bytes(range(32))
WHERE = {"purpose": "test", "id": "1"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> FileKeyService:
    return FileKeyService(tmp_path_factory.mktemp("shared") / "keys")


def test_a_wrapped_key_opens_in_its_own_context_and_is_not_in_the_bytes(
    keys: FileKeyService,
) -> None:
    wrapped = keys.wrap(WHERE, KEY)
    assert keys.unwrap(WHERE, wrapped) == KEY
    assert KEY not in wrapped
    assert wrapped != keys.wrap(WHERE, KEY)


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "test", "id": "2"},
        {"purpose": "other", "id": "1"},
        {"purpose": "test"},
        {**WHERE, "more": ""},
    ],
)
def test_a_wrapped_key_does_not_open_in_another_context(
    keys: FileKeyService, other: dict[str, str]
) -> None:
    with pytest.raises(CryptoError, match="did not open"):
        keys.unwrap(other, keys.wrap(WHERE, KEY))


def test_a_wrapped_key_does_not_open_under_another_installation_s_root(
    keys: FileKeyService, shared: FileKeyService
) -> None:
    with pytest.raises(CryptoError, match="did not open"):
        shared.unwrap(WHERE, keys.wrap(WHERE, KEY))


def test_an_empty_context_is_refused_at_every_door(keys: FileKeyService) -> None:
    wrapped = keys.wrap(WHERE, KEY)
    for attempt in (
        lambda: keys.wrap({}, KEY),
        lambda: keys.unwrap({}, wrapped),
        lambda: keys.wrap_for_agency(TIME_BANK, {}, KEY),
    ):
        with pytest.raises(CryptoError, match="context is empty"):
            attempt()


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_only_256_bit_keys_are_wrapped(keys: FileKeyService, size: int) -> None:
    with pytest.raises(CryptoError, match="32 bytes"):
        keys.wrap(WHERE, b"k" * size)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_wrapped_key_never_opens(data: st.DataObject, shared: FileKeyService) -> None:
    wrapped = bytearray(shared.wrap(WHERE, KEY))
    at = data.draw(st.integers(0, len(wrapped) - 1))
    wrapped[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((CryptoError, KeyUnavailable)):
        shared.unwrap(WHERE, bytes(wrapped))


@pytest.mark.parametrize("size", [0, 1, 5, 6, 7, 18, 33, 65])
def test_a_truncated_wrapped_key_never_opens(keys: FileKeyService, size: int) -> None:
    with pytest.raises(CryptoError):
        keys.unwrap(WHERE, keys.wrap(WHERE, KEY)[:size])


def test_a_key_wrapped_for_an_agency_opens_for_that_agency_alone(keys: FileKeyService) -> None:
    wrapped = keys.wrap_for_agency(TIME_BANK, WHERE, KEY)
    assert keys.unwrap_for_agency(TIME_BANK, WHERE, wrapped) == KEY
    with pytest.raises(CryptoError, match="did not open"):
        keys.unwrap_for_agency(MENTORS, WHERE, wrapped)
    with pytest.raises(CryptoError, match="did not open"):
        keys.unwrap_for_agency(TIME_BANK, {"purpose": "other"}, wrapped)


def test_hub_keys_and_agency_keys_do_not_mix(keys: FileKeyService) -> None:
    with pytest.raises(CryptoError, match="another kind"):
        keys.unwrap(WHERE, keys.wrap_for_agency(TIME_BANK, WHERE, KEY))
    with pytest.raises(CryptoError, match="another kind"):
        keys.unwrap_for_agency(TIME_BANK, WHERE, keys.wrap(WHERE, KEY))


def test_a_forged_kind_byte_does_not_turn_one_kind_into_the_other(keys: FileKeyService) -> None:
    wrapped = bytearray(keys.wrap_for_agency(TIME_BANK, WHERE, KEY))
    wrapped[1] = 1
    with pytest.raises(CryptoError, match="did not open"):
        keys.unwrap(WHERE, bytes(wrapped))


def test_the_version_stands_in_the_first_six_bytes(keys: FileKeyService) -> None:
    header = keys.wrap(WHERE, KEY)[:6]
    assert keys.version_of(header) == 1
    with pytest.raises(CryptoError, match=r"^wrapped key is truncated$"):
        keys.version_of(header[:5])


def test_an_unknown_format_is_named_as_such(keys: FileKeyService) -> None:
    with pytest.raises(CryptoError, match="unknown format"):
        keys.version_of(b"\x02" + keys.wrap(WHERE, KEY)[1:])


def test_rotation_keeps_old_keys_readable_and_wraps_under_the_new_version(
    keys: FileKeyService,
) -> None:
    old = keys.wrap(WHERE, KEY)
    assert keys.rotate() == 2
    new = keys.rewrap(WHERE, old)
    assert (keys.version_of(old), keys.version_of(new)) == (1, 2)
    assert keys.unwrap(WHERE, old) == keys.unwrap(WHERE, new) == KEY
    assert keys.version_of(keys.wrap(WHERE, KEY)) == 2


def test_rewrapping_what_is_newest_already_returns_the_same_object(keys: FileKeyService) -> None:
    wrapped = keys.wrap(WHERE, KEY)
    for_agency = keys.wrap_for_agency(TIME_BANK, WHERE, KEY)
    assert keys.rewrap(WHERE, wrapped) is wrapped
    assert keys.rewrap_for_agency(TIME_BANK, WHERE, for_agency) is for_agency


def test_rewrapping_needs_the_right_context_and_agency(keys: FileKeyService) -> None:
    wrapped = keys.wrap(WHERE, KEY)
    for_agency = keys.wrap_for_agency(TIME_BANK, WHERE, KEY)
    keys.rotate()
    with pytest.raises(CryptoError):
        keys.rewrap({"purpose": "other"}, wrapped)
    with pytest.raises(CryptoError):
        keys.rewrap_for_agency(MENTORS, WHERE, for_agency)
    moved = keys.rewrap_for_agency(TIME_BANK, WHERE, for_agency)
    assert keys.version_of(moved) == 2
    assert keys.unwrap_for_agency(TIME_BANK, WHERE, moved) == KEY


def test_a_running_process_sees_another_s_rotation_without_a_restart(tmp_path: Path) -> None:
    web = FileKeyService(tmp_path / "keys")
    worker = FileKeyService(tmp_path / "keys")
    old = web.wrap(WHERE, KEY)
    worker.rotate()
    assert web.unwrap(WHERE, worker.rewrap(WHERE, old)) == KEY
    assert web.version_of(web.wrap(WHERE, KEY)) == 2
    assert web.describe().versions == (1, 2)


def test_a_key_of_a_root_version_that_is_gone_is_said_to_need_it(keys: FileKeyService) -> None:
    wrapped = keys.wrap(WHERE, KEY)
    future = wrapped[:2] + (9).to_bytes(4, "big") + wrapped[6:]
    with pytest.raises(KeyUnavailable, match="root key version 9"):
        keys.unwrap(WHERE, future)


def test_a_later_start_reads_all_versions(tmp_path: Path) -> None:
    first = FileKeyService(tmp_path / "keys")
    old = first.wrap(WHERE, KEY)
    for expected in range(2, 12):
        assert first.rotate() == expected
    again = FileKeyService(tmp_path / "keys")
    assert again.unwrap(WHERE, old) == KEY
    assert again.version_of(again.wrap(WHERE, KEY)) == 11


def test_the_description_holds_versions_and_no_key(keys: FileKeyService) -> None:
    keys.rotate()
    assert keys.describe() == KeyServiceDescription("file", 2, (1, 2), 1, fit_for_production=False)
    assert repr(keys) == "<FileKeyService>"


def test_a_blind_index_is_stable_and_differs_by_field_agency_value_and_installation(
    keys: FileKeyService, shared: FileKeyService
) -> None:
    index = keys.blind_index("nhs_number", TIME_BANK, b"9990000018")
    assert len(index) == 32
    assert index == keys.blind_index("nhs_number", TIME_BANK, b"9990000018")
    others = [
        keys.blind_index("phone", TIME_BANK, b"9990000018"),
        keys.blind_index("nhs_number", MENTORS, b"9990000018"),
        keys.blind_index("nhs_number", TIME_BANK, b"999 000 0018"),
        shared.blind_index("nhs_number", TIME_BANK, b"9990000018"),
    ]
    assert index not in others
    assert len(set(others)) == 4


def test_rotation_and_a_restart_leave_blind_indexes_alone(tmp_path: Path) -> None:
    keys = FileKeyService(tmp_path / "keys")
    before = keys.blind_index("nhs_number", TIME_BANK, b"1")
    keys.rotate()
    assert keys.blind_index("nhs_number", TIME_BANK, b"1") == before
    assert FileKeyService(tmp_path / "keys").blind_index("nhs_number", TIME_BANK, b"1") == before


def test_the_caches_of_derived_keys_are_bounded(
    keys: FileKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full cache is emptied before the next key: it never holds more than its limit."""
    assert key_service._MOST_CACHED == 4096
    monkeypatch.setattr(key_service, "_MOST_CACHED", 3)
    sizes = []
    for number in range(7):
        keys.blind_index("f", str(number), b"")
        keys.wrap_for_agency(str(number), WHERE, KEY)
        sizes.append((len(keys._index_keys), len(keys._agency_roots)))
    assert sizes == [(size, size) for size in (1, 2, 3, 1, 2, 3, 1)]


def test_a_first_run_makes_a_closed_directory_of_closed_files(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        FileKeyService(tmp_path / "deep" / "keys").rotate()
    finally:
        os.umask(old)
    directory = tmp_path / "deep" / "keys"
    assert directory.stat().st_mode & 0o777 == 0o700
    files = sorted(path.name for path in directory.iterdir())
    assert files == ["index-1.key", "root-1.key", "root-2.key"]
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    assert [path.name for path in directory.parent.iterdir()] == ["keys"]


def test_production_mode_is_refused_before_any_key_is_made(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="development only"):
        FileKeyService(tmp_path / "keys", production=True)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o704, 0o750, 0o755, 0o777])
def test_a_directory_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    FileKeyService(tmp_path / "keys")
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        FileKeyService(tmp_path / "keys")


def test_an_empty_directory_open_to_others_is_refused_and_left_empty(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        FileKeyService(tmp_path / "keys")
    assert not list((tmp_path / "keys").iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_an_empty_closed_directory_is_filled(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    assert FileKeyService(tmp_path / "keys").describe().versions == (1,)


@pytest.mark.parametrize("name", ["root-1.key", "index-1.key"])
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660, 0o644, 0o666])
def test_a_key_file_open_to_others_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    FileKeyService(tmp_path / "keys")
    (tmp_path / "keys" / name).chmod(mode)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        FileKeyService(tmp_path / "keys")


def test_a_lost_root_key_is_reported_and_never_replaced(tmp_path: Path) -> None:
    FileKeyService(tmp_path / "keys")
    (tmp_path / "keys" / "root-1.key").unlink()
    with pytest.raises(KeyUnavailable, match="no root key"):
        FileKeyService(tmp_path / "keys")
    assert not (tmp_path / "keys" / "root-1.key").exists()


def test_a_directory_that_went_away_is_reported_as_keys_out_of_reach(tmp_path: Path) -> None:
    keys = FileKeyService(tmp_path / "keys")
    (tmp_path / "keys").rename(tmp_path / "away")
    with pytest.raises(KeyUnavailable, match="cannot be read: No such file"):
        keys.describe()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_file_of_another_size_is_refused(tmp_path: Path, size: int) -> None:
    FileKeyService(tmp_path / "keys")
    (tmp_path / "keys" / "root-1.key").write_bytes(b"k" * size)
    with pytest.raises(KeyUnavailable, match="32 bytes"):
        FileKeyService(tmp_path / "keys")


def test_links_and_directories_are_not_key_files(tmp_path: Path) -> None:
    FileKeyService(tmp_path / "keys")
    root = tmp_path / "keys" / "root-1.key"
    root.rename(tmp_path / "elsewhere")
    root.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyUnavailable, match="cannot be opened"):
        FileKeyService(tmp_path / "keys")
    root.unlink()
    root.mkdir(mode=0o700)
    with pytest.raises(KeyUnavailable, match="not a regular file"):
        FileKeyService(tmp_path / "keys")
    root.rmdir()
    os.mkfifo(root, mode=0o600)
    with pytest.raises(KeyUnavailable, match="not a regular file"):
        FileKeyService(tmp_path / "keys")


def test_a_link_to_a_directory_is_not_a_key_directory(tmp_path: Path) -> None:
    FileKeyService(tmp_path / "keys")
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    with pytest.raises(KeyUnavailable, match="not a directory"):
        FileKeyService(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_somebody_else_s_files_are_refused(tmp_path: Path) -> None:
    FileKeyService(tmp_path / "keys")
    os.chown(tmp_path / "keys" / "root-1.key", 12345, 12345)
    with pytest.raises(KeyUnavailable, match="another user"):
        FileKeyService(tmp_path / "keys")


def test_a_secret_file_is_written_once_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    assert keyfiles.create_private(path, b"first")
    assert not keyfiles.create_private(path, b"other")
    assert path.read_bytes() == b"first"
    assert [item.name for item in tmp_path.iterdir()] == ["one.key"]


def test_a_whole_directory_appears_once_and_the_loser_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = tmp_path / "one" / "two" / "keys"
    assert keyfiles.create_private_directory(directory, {"a": b"first"})
    assert not keyfiles.create_private_directory(directory, {"a": b"other"})
    assert (directory / "a").read_bytes() == b"first"
    assert [path.name for path in directory.parent.iterdir()] == ["keys"]
    assert directory.parent.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable, match="cannot be created for keys: File name too long"):
        keyfiles.create_private_directory(tmp_path / ("x" * 256), {})
    (tmp_path / "file").touch()
    with pytest.raises(KeyUnavailable, match="cannot be created for keys: "):
        FileKeyService(tmp_path / "file" / "keys")
    with pytest.raises(KeyUnavailable, match="is not a directory"):
        FileKeyService(tmp_path / "file")


def test_secrets_never_pass_through_the_temporary_directory_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    FileKeyService(tmp_path / "keys").rotate()
    keyfiles.read_or_create(tmp_path / "one" / "two" / "hub.key", bytes(32))


def test_keys_are_derived_once_and_roots_read_once(
    keys: FileKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def use() -> None:
        keys.blind_index("f", "a", b"v")
        keys.wrap_for_agency("a", WHERE, KEY)
        keys.wrap(WHERE, KEY)

    use()
    held = (keys._index_keys[("f", "a")], keys._agency_roots[(1, "a")], keys._roots[1])
    monkeypatch.setattr(keyfiles, "read_private", None)
    use()
    assert list(keys._index_keys) == [("f", "a")]
    assert list(keys._agency_roots) == [(1, "a")]
    after = (keys._index_keys[("f", "a")], keys._agency_roots[(1, "a")], keys._roots[1])
    assert all(one is other for one, other in zip(held, after, strict=True))


FIRST_RUN = """
import sys
from pathlib import Path
from referral_hub.crypto.keys import FileKeyService
sys.stdin.readline()
keys = FileKeyService(Path(sys.argv[1]))
print(keys.blind_index("f", "a", b"v").hex(), keys.wrap({"p": "x"}, bytes(32)).hex())
"""


def test_processes_that_start_together_agree_on_one_set_of_keys(tmp_path: Path) -> None:
    for attempt in range(3):
        directory = tmp_path / str(attempt) / "keys"
        starters = [
            subprocess.Popen(
                [sys.executable, "-c", FIRST_RUN, str(directory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(8)
        ]
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
            starter.stdin.flush()
        answers = [starter.communicate(timeout=60)[0].split() for starter in starters]
        assert [starter.returncode for starter in starters] == [0] * 8
        assert len({index for index, _ in answers}) == 1
        keys = FileKeyService(directory)
        assert all(
            keys.unwrap({"p": "x"}, bytes.fromhex(wrapped)) == bytes(32) for _, wrapped in answers
        )
        assert [path.name for path in directory.parent.iterdir()] == ["keys"]


def test_rotations_at_the_same_time_lose_no_version(tmp_path: Path) -> None:
    services = [FileKeyService(tmp_path / "keys") for _ in range(4)]
    threads = [threading.Thread(target=service.rotate) for service in services]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = {service.describe().newest_version for service in services}
    assert len(newest) == 1
    assert 2 <= newest.pop() <= 5
    wrapped = services[0].wrap(WHERE, KEY)
    assert all(service.unwrap(WHERE, wrapped) == KEY for service in services)
