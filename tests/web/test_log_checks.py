"""An officer makes the decisions again, and takes away the proof between any two checkpoints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from consent.evidence.compare import main
from referral_hub.services import replay_ours
from tests.web.mereford import Mereford


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def page(town: Any, path: str, data: dict[str, str] | None = None, who: str = "surgery-dpo") -> Any:
    browser = town.browser(who)
    browser.get("/log/verify")
    return browser.client.post(path, data={"csrf_token": browser.token, **(data or {})})


def kept(town: Any, folder: Path, name: str) -> tuple[Path, int]:
    town.hub.integrator.run()
    answer = town.browser("surgery-dpo").client.get("/log/checkpoint")
    path = folder / name
    path.write_bytes(answer.data)
    return path, int(answer.data.splitlines()[1])


def test_the_proof_between_any_two_checkpoints_verifies_without_the_hub(
    town: Any, mereford: Mereford, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = []
    for name in "abc":
        mereford.offered()
        notes.append(kept(town, tmp_path, name))
    for older, newer in ((0, 1), (0, 2), (1, 2), (2, 2)):
        (old, first), (new, second) = notes[older], notes[newer]
        data = {"older": str(first), "newer": str(second)}
        answer = page(town, "/log/consistency", data)
        assert answer.status_code == 200
        disposition = f'attachment; filename="consistency-{first}-{second}.txt"'
        assert answer.headers["Content-Disposition"] == disposition
        assert answer.headers["Cache-Control"] == "no-store"
        proof = tmp_path / "proof"
        proof.write_bytes(answer.data)
        key = ("--log-key", town.hub.log_vkey)
        assert main([str(old), str(new), str(proof), *key]) == 0
        assert capsys.readouterr().out.startswith("ONE LOG\n")


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({}, "older", "Enter the second line of the older checkpoint"),
        ({"older": "1"}, "newer", "Enter the second line of the newer checkpoint"),
        ({"older": "one", "newer": "2"}, "older", "a whole number"),
        ({"older": "-1", "newer": "2"}, "older", "a whole number"),
        ({"older": "2", "newer": "1"}, "older", "1 to 1"),
        ({"older": "0", "newer": "1"}, "older", "1 to 1"),
        ({"older": "1", "newer": "999999999"}, "newer", "a number of entries that this log has"),
        ({"older": "1", "newer": "9" * 400}, "newer", "Number of entries must be"),
    ],
)
def test_a_size_that_the_log_never_had_is_told_at_its_field(
    town: Any, mereford: Mereford, data: dict[str, str], field: str, said: str
) -> None:
    mereford.offered()
    town.hub.integrator.run()
    answer = page(town, "/log/consistency", data)
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert said in answer.text


def test_an_officer_makes_their_agency_s_decisions_again(town: Any, mereford: Mereford) -> None:
    mereford.offered()
    town.hub.integrator.run()
    before = mereford.entries("access")
    answer = page(town, "/log/replay")
    assert answer.status_code == 200
    assert "The decisions come out the same" in answer.text
    assert re.search(r"Made again, and the same\s*</dt>\s*<dd[^>]*>\s*[1-9]", answer.text)
    assert mereford.entries("access") == before + 1


def test_a_decision_that_was_logged_otherwise_is_shown_at_its_place(own_town: Any) -> None:
    mereford = Mereford(own_town.hub, own_town.url)
    mereford.offered()
    own_town.hub.integrator.run()
    with own_town.hub.database.working() as connection:
        at = connection.exec_driver_sql(
            "SELECT seq FROM log_entry WHERE type = 'decision' AND outcome = 'permit'"
        ).scalar()
    mereford.as_owner(
        "UPDATE log_entry SET entry = convert_to(replace(convert_from(entry, 'UTF8'),"
        " '\"permit\"', '\"refuse\"'), 'UTF8') WHERE seq = :at",
        at=at,
    )
    answer = page(own_town, "/log/replay")
    assert "Decisions do not come out the same" in answer.text
    assert f"Entry {at}" in answer.text
    assert "Made again, and different" in answer.text


def test_a_long_log_is_replayed_from_its_end_and_the_page_says_so(
    town: Any, mereford: Mereford, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        mereford.offered()
    town.hub.integrator.run()
    monkeypatch.setattr(replay_ours, "MOST", 1)
    answer = page(town, "/log/replay")
    assert "1 decision looked at" in answer.text
    assert "These are the newest." in answer.text


def test_nobody_but_an_officer_asks_for_either(town: Any) -> None:
    for who in ("gp", "neighbours", "council", "surgery-admin"):
        browser = town.browser(who)
        for path in ("/log/consistency", "/log/replay"):
            data = {"csrf_token": browser.token, "older": "1", "newer": "1"}
            assert browser.client.post(path, data=data).status_code == 403
