"""A GP refers somebody: the pages in their order, and what a change, a no and a second press do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.services.answer_task import ask
from referral_hub.services.deliver import drain
from referral_hub.services.read_referrals import read_referral

Begin = Callable[[Any], Any]


def _entries(town: Any, kind: str) -> int:
    query = text("SELECT count(*) FROM log_entry WHERE type = :kind")
    with town.hub.database.working() as connection:
        return int(connection.execute(query, {"kind": kind}).scalar_one())


def test_the_pages_lead_from_the_danger_check_to_a_confirmation(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    assert journey.fill_until("why").headers["Location"] == journey.path("check")

    referral = journey.send()

    assert gp.get(f"/referrals/{referral}/sent").status_code == 200
    assert "Referral sent" in gp.text
    assert "RH-" in gp.text
    assert "What happens next" in gp.text


def test_immediate_danger_stops_the_form_says_999_and_is_recorded(
    town: Any, gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    shown_before = _entries(town, "access")

    answer = journey.fill("danger", {"danger": "yes"})

    assert "Call 999" in gp.follow(answer).get_data(as_text=True)
    assert _entries(town, "access") == shown_before + 1
    skipped = gp.get(journey.path("person"))
    assert skipped.headers["Location"] == f"/refer/{journey.draft}/danger-advice"


def test_what_was_typed_comes_back_when_a_field_is_wrong(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill("danger")

    answer = journey.fill("person", {"first_name": "Zoë", "date_of_birth-month": "13"})

    assert answer.status_code == 422
    assert "<title>Error: Who are you referring?" in gp.text
    assert 'href="#date_of_birth-day"' in gp.text
    assert 'value="Zoë"' in gp.text


def test_a_page_cannot_be_skipped(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill("danger")

    for later in ("needs", "why"):
        assert gp.get(journey.path(later)).headers["Location"] == journey.path("person")
    assert gp.get(journey.path("check")).headers["Location"].startswith(journey.path("person"))
    assert gp.post(journey.path("check")).headers["Location"].startswith(journey.path("person"))


def test_a_change_returns_to_the_answers_and_keeps_the_rest(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    changed = {"address": "", "postcode": "", "area": "MF-HAR"}

    gp.get(journey.path("address") + "?change=1")
    answer = gp.post(journey.path("address") + "?change=1", changed)

    assert answer.headers["Location"] == journey.path("check")
    assert "Edith Quayle" in gp.follow(answer).get_data(as_text=True)


def test_a_change_that_needs_another_page_leads_there_first(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why", agreement={"agreed": "no"})
    gp.get(journey.path("agreement") + "?change=1")

    answer = gp.post(
        journey.path("agreement") + "?change=1",
        {"agreed": "yes", "notice": gp.hidden("notice")},
    )

    assert answer.headers["Location"] == journey.path("sharing")


def test_an_agency_that_is_no_longer_proposed_must_be_named_again(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    gp.get(journey.path("needs") + "?change=1")
    gp.post(journey.path("needs") + "?change=1", {"needs": ["home_safety"]})

    answer = gp.get(journey.path("check"))

    assert answer.headers["Location"] == journey.path("sharing") + "?fix=1"
    assert "Select who the patient agreed to" in gp.follow(answer).get_data(as_text=True)


def test_the_answers_say_which_words_were_heard_and_who_is_asked_for_what(
    gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    journey.fill_until("recipients")
    gp.get(journey.path("agreement"))
    gp.post(journey.path("agreement"), {"agreed": "yes", "notice": gp.hidden("notice")})
    gp.get(journey.path("sharing"))
    only = gp.agencies()["Mereford Good Neighbours"]
    for name in ("sharing", "taken", "terms", "why"):
        journey.fill(name, {"agencies": [only]} if name == "sharing" else None)
    gp.get(journey.path("needs") + "?change=1")
    gp.post(journey.path("needs") + "?change=1", {"needs": ["lonely", "garden_home_jobs"]})

    gp.get(journey.path("check"))

    assert "After version 2 of the words, in English" in gp.text
    asked = gp.text.partition("Who is asked")[2].partition("Send it")[0]
    assert "Mereford Good Neighbours" in asked
    assert "Nobody yet: on hold until the patient agrees to Mereford Time Bank" in asked


def test_a_no_keeps_the_referral_on_hold_and_says_how_to_put_it_right(
    gp: Any, begin: Begin
) -> None:
    journey = begin(gp)
    journey.fill_until("why", agreement={"agreed": "no"})
    referral = journey.send()

    gp.get(f"/referrals/{referral}")

    assert "On hold: not shared" in gp.text
    assert "What is missing" in gp.text
    assert "Nobody has been told anything" in gp.text


def test_recorded_agreement_lets_a_held_referral_go_on(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why", agreement={"agreed": "no"})
    referral = journey.send()
    gp.get(f"/referrals/{referral}/agreement")
    form = {
        "notice": gp.hidden("notice"),
        "agencies": list(gp.agencies().values()),
        "classes": ["identity", "contact", "need", "access_needs"],
        "method": "phone",
        "given_by": "self",
        "service": "yes",
        "until": "12_months",
    }

    answer = gp.post(f"/referrals/{referral}/agreement", form)

    assert answer.headers["Location"] == f"/referrals/{referral}?done=agreed"
    assert "What it puts right goes on by itself" in gp.follow(answer).get_data(as_text=True)


def test_pressing_send_twice_makes_one_referral(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    first = journey.send()

    again = gp.post(journey.path("check"))

    assert again.headers["Location"] == f"/referrals/{first}/sent"
    assert gp.get(journey.path("person")).headers["Location"] == f"/referrals/{first}/sent"


def test_withdrawing_says_what_stopped_and_what_had_gone(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    referral = journey.send()
    assert gp.get(f"/referrals/{referral}/withdraw").status_code == 200

    answer = gp.post(f"/referrals/{referral}/withdraw")

    assert answer.status_code == 200
    assert "Agreement withdrawn" in gp.text
    assert "What had already gone" in gp.text
    gp.get(f"/referrals/{referral}")
    assert "Nothing more is shared" in gp.text
    assert gp.post(f"/referrals/{referral}/withdraw").status_code == 409


def test_opening_what_was_sent_is_a_button_that_shows_everything(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    referral = journey.send()
    gp.get(f"/referrals/{referral}")
    assert "Quayle" not in gp.text

    answer = gp.post(f"/referrals/{referral}/opened")

    assert answer.status_code == 200
    for word in ("Edith", "Quayle", "1 Quay Street", "Widowed in spring", "Never: text message"):
        assert word in gp.text


def test_a_recipients_question_is_read_and_answered(town: Any, gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("recipients")
    gp.get(journey.path("agreement"))
    gp.post(journey.path("agreement"), {"agreed": "yes", "notice": gp.hidden("notice")})
    gp.get(journey.path("sharing"))
    only = gp.agencies()["Mereford Good Neighbours"]
    for name in ("sharing", "taken", "terms", "why"):
        journey.fill(name, {"agencies": [only]} if name == "sharing" else None)
    referral = journey.send()
    drain(town.hub)
    gp.get(f"/referrals/{referral}")
    assert "Waiting for an answer" in gp.text
    assert "First name" in gp.text.partition("Who was told what")[2]
    task = read_referral(town.hub, town.actor("gp"), referral).current[0]
    ask(town.hub, town.actor("neighbours"), task.id, "Is there a dog in the house?")

    gp.get(f"/referrals/{referral}")
    assert "Mereford Good Neighbours asked you something before deciding" in gp.text
    assert "dog" not in gp.text
    gp.post(f"/referrals/{referral}/opened")
    assert "Is there a dog in the house?" in gp.text
    reply = f"/referrals/{referral}/reply/{task.id}"
    assert gp.post(reply, {"reply": " "}).status_code == 422
    assert "Enter your answer" in gp.text
    answer = gp.post(reply, {"reply": "A small one, and friendly"})

    assert answer.headers["Location"] == f"/referrals/{referral}?done=answered"
    gp.post(f"/referrals/{referral}/opened")
    assert "A small one, and friendly" in gp.text
    gp.post(f"/referrals/{referral}/withdraw")
    told = gp.text.partition("Who is being told")[2]
    assert "Mereford Good Neighbours" in told
    assert "First name" in told.partition("What had already gone")[2]


def test_the_list_shows_references_and_states_and_no_name(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    journey.send()

    assert gp.get("/referrals").status_code == 200

    assert "RH-" in gp.text
    assert "Quayle" not in gp.text
    assert gp.get("/referrals?after=nonsense&at=ended").status_code == 404


def test_an_unfinished_referral_is_offered_again_and_can_be_deleted(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill("danger")
    gp.get("/refer")
    assert str(journey.draft) in gp.text
    gp.get(journey.path("delete"))

    gp.post(journey.path("delete"))

    assert gp.get(journey.path("person")).status_code == 404
    gp.get("/refer")
    assert str(journey.draft) not in gp.text


def test_the_words_are_told_in_the_patients_language(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("recipients", access={"language": "cy"})
    gp.get(journey.path("agreement"))
    assert gp.hidden("notice").endswith("/cy")
    assert "The same words in English" in gp.text


@pytest.mark.parametrize("notice", ["", "support-referral/1/en", "other/2/en", "x"])
def test_words_that_are_not_in_use_are_refused(gp: Any, begin: Begin, notice: str) -> None:
    journey = begin(gp)
    journey.fill_until("recipients")
    gp.get(journey.path("agreement"))

    answer = gp.post(journey.path("agreement"), {"agreed": "yes", "notice": notice})

    assert answer.status_code == 422
    assert "words to say have changed" in gp.text


def test_nothing_that_was_typed_stands_in_any_address(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    answers = [journey.fill("danger"), journey.fill("person"), journey.fill("address")]

    for answer in answers:
        assert "Quayle" not in answer.headers["Location"]
        assert UUID(answer.headers["Location"].split("/")[2]) == journey.draft


def test_the_page_after_sending_shows_a_code_for_the_patient_once(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    journey.fill_until("why")
    referral = journey.send()

    first = gp.get(f"/referrals/{referral}/sent").get_data(as_text=True)
    code = re.search(r'<strong class="hub-code">(\w{4}-\w{4})</strong>', first)
    assert code
    assert "/my</span>" in first
    again = gp.get(f"/referrals/{referral}/sent").get_data(as_text=True)
    assert code[1] not in again
    assert "was shown once" in again

    made = gp.post(f"/referrals/{referral}/code").get_data(as_text=True)
    assert "does not work any more" in made
    assert "A code was given on" in gp.get(f"/referrals/{referral}/code").text
    ended = gp.follow(gp.post(f"/referrals/{referral}/code/end"))
    assert "The code is ended" in ended.text
    assert "There is no code now" in ended.text


def test_nobody_gets_a_code_whom_it_is_not_safe_to_contact(gp: Any, begin: Begin) -> None:
    journey = begin(gp)
    for page in ("danger", "person", "address"):
        journey.fill(page)
    both = journey.fill("contact", {"unsafe": ["yes"]})
    assert both.status_code == 422
    assert "cannot be both preferred and ruled out" in gp.text

    journey = begin(gp)
    journey.fill_until("why", contact={"preferred": [], "never": [], "unsafe": ["yes"]})
    assert "Phone call, " in gp.get(journey.path("check")).get_data(as_text=True)
    referral = journey.send()

    assert "It is not safe to contact the patient" in gp.get(f"/referrals/{referral}/sent").text
    assert gp.post(f"/referrals/{referral}/code").status_code == 409
