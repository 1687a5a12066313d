"""An officer finds a person of their own agency, confirms, erases, and keeps the certificate."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent.evidence.verify import main as verify
from referral_hub.errors import NotFound
from referral_hub.services.drafts import discard_draft, load_draft, save_draft, start_draft
from referral_hub.services.find_person import find_person
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, Mereford


@pytest.fixture
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture
def reference(town: Any, mereford: Mereford) -> str:
    """A referral's reference that nobody has taken up."""
    referral = mereford.refer(to=("council",))
    town.hub.integrator.run()
    with town.hub.database.working() as connection:
        row = connection.exec_driver_sql(
            "SELECT reference FROM referral WHERE id = %s", (referral,)
        ).one()
    return str(row[0])


def found(browser: Any, reference: str) -> str:
    browser.get("/erasures/find")
    answer = browser.post("/erasures/find", {"reference": reference})
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def test_the_officer_erases_and_keeps_a_certificate_that_names_nobody(
    town: Any, reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    officer = town.browser("surgery-dpo")
    assert "Erase a person" in officer.get("/log").text
    page = found(officer, reference)
    assert reference in officer.get(page).text
    answer = officer.post(page, {"sure": "erase"})
    assert answer.status_code == 302, answer.text
    shown = officer.follow(answer)
    assert "Certificate of erasure" in shown.text
    assert "It is entry" in shown.text
    saved = officer.get(f"{answer.headers['Location']}/certificate")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert town.hub.settings.log_origin in saved.text
    assert answer.headers["Location"].rpartition("/")[2] in saved.text
    assert not [word for word in (FIRST_NAME, FAMILY_NAME, reference) if word in saved.text]
    assert "was erased on" in officer.get(page).text
    file = tmp_path / "erasure.txt"
    file.write_bytes(saved.data)
    assert verify([str(file), "--log-key", town.hub.log_vkey]) == 0
    assert "erasure, erased" in capsys.readouterr().out
    file.write_bytes(re.sub(rb"(?m)^Referrals .*", b"Referrals        0", saved.data))
    assert verify([str(file), "--log-key", town.hub.log_vkey]) == 1


def test_nothing_is_erased_without_the_word(town: Any, reference: str) -> None:
    officer = town.browser("surgery-dpo")
    page = found(officer, reference)
    officer.get(page)
    answer = officer.post(page, {"sure": "yes"})
    assert answer.status_code == 422
    assert "Write the word ERASE" in answer.text
    assert find_person(town.hub, town.actor("surgery-dpo"), reference=reference)
    assert "was erased on" not in officer.get(page).text


def test_what_was_begun_is_listed_without_what_it_says_and_erased_as_was_ticked(
    town: Any, reference: str, tmp_path: Path
) -> None:
    gp, officer = town.actor("gp"), town.browser("surgery-dpo")
    birth = {"date_of_birth-day": "27", "date_of_birth-month": "3", "date_of_birth-year": "1948"}
    drafts = [start_draft(town.hub, gp) for _ in range(2)]
    for draft in drafts:
        pages = {"person": {"family_name": FAMILY_NAME, "first_name": "Ozias", **birth}}
        save_draft(town.hub, gp, draft, pages=pages)
    page = found(officer, reference)
    shown = officer.get(page).text
    assert "Which of these are about this person?" in shown
    assert not [word for word in (FAMILY_NAME, "Ozias") if word in shown]
    (seen,) = re.findall(r'name="seen" value="([0-9a-f]{16})"', shown)
    ticked = f"draft:{drafts[0]}"
    assert ticked in shown
    wrong = (
        ({}, "Select those", 422),
        ({"also": ["none", ticked]}, "not both", 422),
        ({"also": f"draft:{uuid4()}"}, "Select those", 422),
        ({"also": ticked, "seen": "0" * 16}, "since you opened", 409),
    )
    for given, said, status in wrong:
        answer = officer.post(page, {"sure": "ERASE", "seen": seen, **given})
        assert (answer.status_code, said in answer.text) == (status, True), given
    answer = officer.post(page, {"sure": "ERASE", "seen": seen, "also": ticked})
    assert answer.status_code == 302, answer.text
    assert str(drafts[0]) in officer.follow(answer).text
    saved = tmp_path / "certificate.txt"
    saved.write_bytes(officer.get(f"{answer.headers['Location']}/certificate").data)
    assert ticked in saved.read_text()
    assert verify([str(saved), "--log-key", town.hub.log_vkey]) == 0
    with pytest.raises(NotFound):
        load_draft(town.hub, gp, drafts[0])
    assert load_draft(town.hub, gp, drafts[1])
    discard_draft(town.hub, gp, drafts[1])


def test_the_page_says_who_is_helping_and_does_not_erase(town: Any, mereford: Mereford) -> None:
    task = mereford.accepted()
    officer = town.browser("surgery-dpo")
    page = found(officer, task.reference)
    assert "helping this person now" in officer.get(page).text
    answer = officer.post(page, {"sure": "ERASE"})
    assert answer.status_code == 409
    assert "Withdraw the agreement" in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"reference": "RH-0000-0000"},
        {"reference": "nonsense"},
        {"nhs_number": "999 000 0001"},
        {"nhs_number": "999 000 0000"},
        {"reference": "RH-0000-0000", "nhs_number": "999 000 0000"},
    ],
)
def test_who_is_not_found_is_said_at_the_field_and_no_number_stands_in_an_address(
    town: Any, form: dict[str, str]
) -> None:
    officer = town.browser("surgery-dpo")
    officer.get("/erasures/find")
    answer = officer.post("/erasures/find", form)
    assert answer.status_code == 422
    assert "govuk-error-message" in answer.text


@pytest.mark.parametrize("username", ["hill-dpo", "council-dpo"])
def test_another_agencys_officer_is_told_what_an_unknown_person_is_told(
    town: Any, reference: str, username: str
) -> None:
    page = found(town.browser("surgery-dpo"), reference)
    other = town.browser(username)
    unknown = f"/erasures/people/{uuid4()}"
    told = []
    for address in (page, unknown):
        other.get("/erasures/find")
        answers = (other.get(address), other.post(address, {"sure": "ERASE"}))
        assert [answer.status_code for answer in answers] == [404, 404]
        told.append([len(answer.data) for answer in answers])
    assert told[0] == told[1]
    other.get("/erasures/find")
    own, none = (
        other.post("/erasures/find", {"reference": named}) for named in (reference, "RH-0000-0000")
    )
    assert own.status_code == none.status_code == 422
    assert own.text.replace(reference, "").count("govuk-error-message") == none.text.count(
        "govuk-error-message"
    )


def test_a_certificate_is_of_an_erasure_and_of_no_other_entry(town: Any, reference: str) -> None:
    assert reference
    officer = town.browser("surgery-dpo")
    with town.hub.database.working() as connection:
        entry: UUID = connection.exec_driver_sql(
            "SELECT id FROM log_entry WHERE type = 'consent' ORDER BY id DESC LIMIT 1"
        ).scalar_one()
    assert officer.get(f"/erasures/{entry}").status_code == 404
    assert officer.get(f"/erasures/{uuid4()}").status_code == 404


def test_who_asked_to_be_erased_and_is_not_has_the_ground_in_the_log(
    town: Any, mereford: Mereford, reference: str
) -> None:
    officer = town.browser("surgery-dpo")
    page = found(officer, reference)
    officer.get(page)
    assert officer.post(f"{page}/refused", {}).status_code == 422
    assert "Select why they are not erased" in officer.text
    before = mereford.entries("erasure")
    town.hub.integrator.run()
    shown = officer.follow(officer.post(f"{page}/refused", {"ground": "health_or_care"}))
    assert "Article 17(3)(c)" in shown.text
    assert "Refused" in shown.text
    assert mereford.entries("erasure") == before + 1
    person = page.rpartition("/")[2]
    assert "Refused" in officer.get(f"/log?type=erasure&person={person}").text
    assert "was erased on" not in officer.get(page).text
    hill = town.browser("hill-dpo")
    hill.get("/erasures/find")
    theirs = hill.post(f"{page}/refused", {"ground": "health_or_care"})
    assert theirs.status_code == 404
    never = hill.post(f"/erasures/people/{uuid4()}/refused", {"ground": "health_or_care"})
    assert never.get_data() == theirs.get_data()
