"""An officer answers a request, a breach and a complaint in a real browser, also without script."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.officer_duties import (
    decide_all,
    record_breach,
    record_complaint,
    record_request,
    take,
)
from tests.journeys.people import Person, refer

MENTORS = "Common Ground Peer Mentors"
SECRET = "Breathless since the winter"
Sign = Callable[..., Person]


@pytest.mark.parametrize("script", [True, False])
def test_a_request_is_recorded_looked_through_and_answered(
    person: Sign, tmp_path: Path, script: bool
) -> None:
    gp, officer = person("gp"), person("surgery-dpo", script=script)
    reference = refer(
        gp, name="Ada Fernley", needs=("Someone who has been there",), agencies=(MENTORS,)
    )
    record_request(officer, reference)
    officer.see("Answer due")
    officer.never_see("Margaret Ellison", "Fernley")
    officer.press("Show what was written")
    officer.see("Margaret Ellison")
    take(officer, "Prepare the answer")
    officer.follow("Look through the records and make the answer")
    officer.never_see("Fernley", SECRET)
    decide_all(officer)
    officer.press("See what would be handed over")
    officer.see(SECRET, "What is withheld")
    officer.page.get_by_label("I have read what is given").check()
    officer.choose("No, their role only", "For a program (JSON)")
    with officer.page.expect_download() as download:
        officer.page.get_by_role("button", name="Download the answer").click()
    file = tmp_path / "answer.json"
    download.value.save_as(file)
    answer = json.loads(file.read_text(encoding="utf-8"))
    assert SECRET in json.dumps(answer["given"])
    assert answer["access_report"]
    officer.follow("Back")
    officer.follow("Back")
    take(officer, "Record the answer", None, "By post")
    officer.see("Answered")


def test_a_breach_and_a_complaint_stand_among_what_is_due(person: Sign) -> None:
    officer = person("surgery-dpo")
    record_breach(officer)
    officer.see("ICO to be told by")
    officer.follow("Who was exposed: the breach pack")
    officer.press("Show the numbers")
    officer.see("Kinds of information")
    officer.follow("Back")
    take(officer, "Record that the ICO was told", "IC-1234")
    record_complaint(officer)
    officer.see("Acknowledgement due")
    take(officer, "Record the acknowledgement")
    officer.follow("Overview")
    officer.see("Requests, breaches and complaints", "Decide whether the people are told")
