"""An officer sees on the page that the log is not whole, and an altered entry breaks no page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from consent.evidence.entry import decode
from tests.consent.evidence.sample_log import SampleLog
from tests.web.mereford import Mereford


def test_an_altered_log_is_told_with_its_first_bad_entry_and_shown_all_the_same(
    own_town: Any,
) -> None:
    mereford = Mereford(own_town.hub, own_town.url)
    mereford.accepted()
    own_town.hub.integrator.run()
    with own_town.hub.database.working() as connection:
        at, entry_id = connection.exec_driver_sql(
            "SELECT seq, id FROM log_entry WHERE type = 'release' ORDER BY seq"
        ).first()
    mereford.as_owner("UPDATE log_entry SET entry = 'nothing' WHERE seq = :at", at=at)
    officer = own_town.browser("surgery-dpo")
    listed = officer.get("/log")
    assert listed.status_code == 200
    assert "The entry cannot be read" in listed.text
    shown = officer.get(f"/log/entries/{entry_id}")
    assert "Not as the log has it" in shown.text
    officer.get("/log/verify")
    answer = officer.post("/log/verify")
    assert answer.status_code == 200
    assert "The log is not whole" in answer.text
    assert re.search(rf"first bad entry is <strong>entry {at}</strong>", answer.text)
    assert "not_verified" in str(newest_entry(own_town))


def newest_entry(town: Any) -> bytes:
    with town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT entry FROM log_entry WHERE type = 'access' ORDER BY id DESC"
        ).first()
    return bytes(row[0])


@pytest.mark.parametrize("how", ["forged", "another log's", "no checkpoint"])
def test_a_checkpoint_that_this_log_never_signed_is_refused_with_its_reason_and_logged(
    own_town: Any, how: str
) -> None:
    mereford = Mereford(own_town.hub, own_town.url)
    mereford.offered()
    own_town.hub.integrator.run()
    officer = own_town.browser("surgery-dpo")
    real = officer.client.get("/log/checkpoint").text
    size = real.splitlines()[1]
    pasted = {
        "forged": real.replace(f"\n{size}\n", f"\n{int(size) + 1}\n"),
        "another log's": SampleLog(5).note().decode(),
        "no checkpoint": "this is not one",
    }[how]
    officer.get("/log/verify")
    answer = officer.post("/log/verify", {"checkpoint": pasted})
    assert answer.status_code == 400
    assert "Paste a whole checkpoint that this log has signed" in answer.text
    entry = decode(newest_entry(own_town))
    assert (entry.outcome, entry.details["reason"]) == ("refused", "checkpoint_not_signed")
