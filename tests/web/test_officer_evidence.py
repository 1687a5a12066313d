"""What an officer downloads verifies on a machine that has `consent`, `cryptography` and no hub."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import cryptography
import pytest

import referral_hub
from consent.evidence.bundle import Failure
from referral_hub.errors import InvalidInput
from referral_hub.services import evidence_bundle
from referral_hub.services.audit_filters import Filters
from referral_hub.services.evidence_bundle import write_bundle
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, TASK_NOTE, WHY, Mereford

ROOT = Path(referral_hub.__file__).parents[1]
PERSONAL = (FIRST_NAME, FAMILY_NAME, WHY, TASK_NOTE, "Amara Osei", "Pat Okafor")
Verify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    made.accepted()
    made.refer(to=("council",))
    return made


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """Run the verifier where only `consent` and what `cryptography` needs can be imported."""
    place = tmp_path_factory.mktemp("outside")
    shutil.copytree(ROOT / "consent", place / "consent")
    packages = Path(cryptography.__file__).parents[1]
    for name in ("cryptography", "cffi", "pycparser"):
        (place / name).symlink_to(packages / name)
    for module in packages.glob("_cffi_backend*"):
        (place / module.name).symlink_to(module)

    def verify(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-S", "-m", "consent.evidence.verify", *map(str, arguments)],
            cwd=place,
            env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return verify


def download(town: Any, path: Path, form: dict[str, str] | None = None) -> Path:
    officer = town.browser("surgery-dpo")
    officer.get("/log/evidence")
    data = {"csrf_token": officer.token, **(form or {})}
    answer = officer.client.post("/log/evidence", data=data)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == "attachment; filename=evidence.zip"
    path.write_bytes(answer.data)
    answer.close()
    return path


def test_a_bundle_verifies_on_a_machine_without_the_hub(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    looks = mereford.entries("access")
    file = download(town, tmp_path / "evidence.zip")
    assert mereford.entries("access") == looks + 1
    done = outside(file, "--log-key", town.hub.log_vkey, "--save", tmp_path / "checkpoint")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("VERIFIED\n")
    assert re.search(r"openings    [1-9]\d* commitments", done.stdout)
    assert not re.search(r"referral_hub", done.stdout + done.stderr)
    held = b"".join(read(file).values()).decode()
    assert not [fact for fact in PERSONAL if fact in held]
    assert str(mereford.actor("gp").user_id) in held
    assert str(mereford.actor("neighbours").user_id) not in held


def test_the_officer_s_next_bundle_continues_the_last_checkpoint(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint"
    key = ("--log-key", town.hub.log_vkey)
    first = download(town, tmp_path / "first.zip")
    assert outside(first, *key, "--save", kept).returncode == 0
    mereford.offered()
    size = kept.read_text().splitlines()[1]
    second = download(town, tmp_path / "second.zip", {"checkpoint_size": size})
    done = outside(second, *key, "--previous", kept, "--save", kept)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"your checkpoint of {size} entries: none was changed" in done.stdout


def test_a_bundle_without_the_proof_that_it_continues_is_told_from_one_with_it(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint"
    key = ("--log-key", town.hub.log_vkey)
    assert outside(download(town, tmp_path / "a.zip"), *key, "--save", kept).returncode == 0
    mereford.offered()
    done = outside(download(town, tmp_path / "b.zip"), *key, "--previous", kept)
    assert done.returncode == 1
    assert Failure.CONSISTENCY_MISSING in done.stdout


def test_a_bundle_that_was_altered_does_not_verify(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    assert mereford.entries("release")
    files = read(download(town, tmp_path / "evidence.zip"))
    name = next(name for name in files if name.startswith("entries/"))
    files[name] = files[name].replace(b'"version":1', b'"version": 1')
    with zipfile.ZipFile(tmp_path / "altered.zip", "w") as archive:
        for other, data in files.items():
            archive.writestr(other, data)
    done = outside(tmp_path / "altered.zip", "--log-key", town.hub.log_vkey)
    assert done.returncode == 1
    assert "NOT VERIFIED  entry 0" in done.stdout


def test_the_bundle_of_a_search_holds_what_the_search_found(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    task = mereford.offered()
    town.hub.integrator.run()
    form = {"reference": task.reference, "type": "release"}
    file = download(town, tmp_path / "evidence.zip", form)
    assert outside(file, "--log-key", town.hub.log_vkey).returncode == 0
    names = [name for name in read(file) if name.startswith("entries/")]
    assert len(names) == 1


def test_one_entry_can_be_taken_away_alone(
    town: Any, mereford: Mereford, outside: Verify, tmp_path: Path
) -> None:
    mereford.offered()
    officer = town.browser("surgery-dpo")
    listed = officer.get("/log?type=release").text
    entry_id = re.findall(r"/log/entries/([0-9a-f-]{36})", listed)[0]
    page = officer.get(f"/log/evidence?entry={entry_id}").text
    assert "It holds the one entry that you chose." in page
    file = download(town, tmp_path / "one.zip", {"entry": entry_id})
    assert outside(file, "--log-key", town.hub.log_vkey).returncode == 0
    (name,) = [name for name in read(file) if name.startswith("entries/")]
    assert entry_id.encode() in read(file)[name]


def test_the_page_says_what_the_file_holds_and_how_to_check_it(town: Any) -> None:
    officer = town.browser("surgery-dpo")
    page = officer.get("/log/evidence?type=release").text
    assert "<strong>What:</strong> Disclosure" in page
    assert f"--log-key {town.hub.log_vkey}" in page
    assert "python -m consent.evidence.verify" in page


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"reference": "RH-2222-2222"}, "No entry in the log fits these filters yet"),
        ({"checkpoint_size": "999999"}, "Enter a number of entries that this log has had"),
        ({"checkpoint_size": "minus one"}, "Enter the second line of your checkpoint"),
        ({"entry": "nonsense"}, "Go back to the entry"),
        ({"type": "gossip"}, "Select a kind from the list"),
    ],
)
def test_a_bundle_that_cannot_be_made_says_why(
    town: Any, mereford: Mereford, form: dict[str, str], told: str
) -> None:
    assert mereford.entries("release")
    officer = town.browser("surgery-dpo")
    officer.get("/log/evidence")
    answer = officer.post("/log/evidence", form)
    assert answer.status_code == 400
    assert told in answer.text
    assert "<title>Error:" in answer.text


def test_a_bundle_is_bounded(
    town: Any, mereford: Mereford, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_bundle, "MOST", 2)
    looks = mereford.entries("access")
    with pytest.raises(InvalidInput):
        write_bundle(town.hub, mereford.actor("surgery-dpo"), Filters(), io.BytesIO())
    assert mereford.entries("access") == looks


def test_an_erased_person_s_entries_are_proved_and_no_longer_opened(
    own_town: Any, outside: Verify, tmp_path: Path
) -> None:
    mereford = Mereford(own_town.hub, own_town.url)
    task = mereford.accepted()
    mereford.about_the_person(
        task, {"wrapped_key": None, "erased_at": own_town.clock() + timedelta()}
    )
    file = download(own_town, tmp_path / "evidence.zip", {"reference": task.reference})
    assert outside(file, "--log-key", own_town.hub.log_vkey).returncode == 0
    held = read(file)
    person = subject_of(own_town, task.referral_id)
    assert str(person).encode() not in b"".join(held.values())
    officer = own_town.browser("surgery-dpo")
    listed = officer.get("/log?type=release").text
    entry_id = re.findall(r"/log/entries/([0-9a-f-]{36})", listed)[0]
    officer.get(f"/log/entries/{entry_id}")
    opened = officer.post(f"/log/entries/{entry_id}/opened")
    assert "The person has been erased" in opened.text


def subject_of(town: Any, referral_id: UUID) -> UUID:
    with town.hub.database.working() as connection:
        found: UUID = connection.exec_driver_sql(
            "SELECT subject_id FROM referral WHERE id = %s", (referral_id,)
        ).scalar_one()
    return found


def read(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
