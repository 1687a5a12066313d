"""A recipient's pages: what it sees before and after opening, and what it can say."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from consent.model import DataClass
from referral_hub.domain.codes import NeedCode
from referral_hub.domain.ids import new_id
from referral_hub.services.answer_task import reply
from referral_hub.services.deliver import drain
from referral_hub.services.withdraw import withdraw_agreement
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, TASK_NOTE, WHY, Mereford, personal

PER_REQUEST = {"X-Request-Id", "Date"}
CLOSING = {"outcome": "helped", "person_told": "yes", "next_step": "Nothing more is needed"}
FORMS: dict[str, dict[str, str]] = {
    "accept": {},
    "decline": {"reason": "no_capacity"},
    "ask": {"question": "Is there a dog?"},
    "contact": {},
    "close": CLOSING,
}


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def neighbours(town: Any) -> Any:
    return town.browser("neighbours")


def _all_of(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


def _ask(browser: Any, method: str, path: str) -> Any:
    name = path.rpartition("/")[2]
    return browser.get(path) if method == "GET" else browser.post(path, FORMS.get(name))


# Before opening


def test_the_inbox_shows_what_to_do_and_nobody_s_facts(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    page = neighbours.get("/tasks").text
    assert task.reference in page
    assert "Harbour Street Surgery" in page
    assert ">New (" in page
    assert f'href="/tasks/{task.id}/accept"' in page
    assert f'href="/tasks/{task.id}/decline"' in page
    assert not personal(page)


def test_a_task_s_page_shows_nobody_s_facts_and_says_that_opening_is_recorded(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    before = mereford.entries("view")
    page = neighbours.get(f"/tasks/{task.id}").text
    assert "Opening is recorded" in page
    assert not personal(page)
    assert mereford.entries("view") == before


@pytest.mark.parametrize("key", ["x", "", "1", "' OR 1=1"])
def test_a_page_key_that_is_no_id_is_not_found(neighbours: Any, key: str) -> None:
    answer = neighbours.get("/tasks", query_string={"show": "new", "after": key})
    assert answer.status_code == 404


def test_what_is_not_delivered_yet_has_not_reached_anybody(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.task(mereford.refer(deliver=False))
    assert task.reference not in neighbours.get("/tasks").text
    assert neighbours.get(f"/tasks/{task.id}").status_code == 404


# Opening


def test_opening_shows_the_offer_s_fields_by_class_and_nothing_else(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    before = mereford.entries("view")
    answer = neighbours.post(f"/tasks/{task.id}/open")
    page = answer.text
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert personal(page) == [FIRST_NAME, TASK_NOTE, "Shopping"]
    for heading in ("Who they are", "How to contact them", "What they need"):
        assert f">{heading}<" in page
    for absent in ("Why they were referred", "NHS number", "Date of birth", "Address", "999"):
        assert absent not in page.partition("<main")[2].partition("</main>")[0], absent
    assert ">Harbour<" in page
    assert mereford.entries("view") == before + 1


def test_each_opening_is_a_look_of_its_own(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    before = mereford.entries("view")
    neighbours.post(f"/tasks/{task.id}/open")
    neighbours.post(f"/tasks/{task.id}/open")
    assert mereford.entries("view") == before + 2


def test_following_a_link_never_opens_anything(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    assert neighbours.get(f"/tasks/{task.id}/open").status_code == 405


def test_accepting_brings_how_to_reach_the_person_but_no_diagnosis(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.accepted()
    page = neighbours.post(f"/tasks/{task.id}/open").text
    assert personal(page) == [FIRST_NAME, FAMILY_NAME, TASK_NOTE, "Gannet", "07700", "Shopping"]
    assert "Prefers: phone call" in page
    assert "Never: letter" in page
    assert "After ten" in page


def test_the_council_s_own_task_opens_with_everything_the_person_agreed_to(
    mereford: Mereford, town: Any
) -> None:
    task = mereford.offered(to=("council",), needs=frozenset({NeedCode.MONEY_BENEFITS}))
    page = town.browser("council").post(f"/tasks/{task.id}/open").text
    assert "Why they were referred" in page
    assert WHY in page
    assert "27 March 1948" in page


def test_a_class_that_the_person_did_not_agree_to_leaves_no_gap_to_be_seen(
    mereford: Mereford, town: Any
) -> None:
    agreed = frozenset({DataClass.IDENTITY, DataClass.CONTACT, DataClass.NEED})
    task = mereford.offered(
        to=("council",), needs=frozenset({NeedCode.MONEY_BENEFITS}), classes=agreed
    )
    page = town.browser("council").post(f"/tasks/{task.id}/open").text
    assert FAMILY_NAME in page
    assert WHY not in page
    assert "Why they were referred" not in page
    assert "Language" not in page


# What may not be seen now


def test_withdrawn_agreement_shows_nothing_and_says_so(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    withdraw_agreement(mereford.hub, mereford.actor("gp"), task.referral_id)
    page = neighbours.get(f"/tasks/{task.id}").text
    assert "Agreement withdrawn" in page
    assert "Open the referral" not in page
    answer = neighbours.post(f"/tasks/{task.id}/open")
    assert answer.status_code == 409
    assert "The person withdrew their agreement" in answer.text
    assert not personal(answer.text)


@pytest.mark.parametrize("state", ["declined", "no_answer", "withdrawn", "withheld", "closed"])
def test_what_is_no_longer_the_agency_s_is_not_opened(
    mereford: Mereford, neighbours: Any, state: str
) -> None:
    task = mereford.offered()
    mereford.as_owner("UPDATE task SET state = :state WHERE id = :id", state=state, id=task.id)
    before = mereford.entries("view")
    answer = neighbours.post(f"/tasks/{task.id}/open")
    assert answer.status_code == 409
    assert not personal(answer.text)
    assert mereford.entries("view") == before


def test_an_arrangement_that_ended_is_said_with_who_can_put_it_right(
    mereford: Mereford, neighbours: Any, town: Any
) -> None:
    task = mereford.offered()
    change = "UPDATE sharing_agreement SET valid_until = :until WHERE recipient_agency_id = :to"
    us = mereford.agencies["neighbours"]
    before = mereford.entries("decision")
    mereford.as_owner(change, until=town.clock.now, to=us)
    try:
        answer = neighbours.post(f"/tasks/{task.id}/open")
    finally:
        mereford.as_owner(change, until=town.clock.now + timedelta(days=999), to=us)
    assert answer.status_code == 403
    assert "This cannot be shown now" in answer.text
    assert mereford.entries("decision") == before + 1
    assert "does not cover it at the moment" in answer.text
    assert "data protection officer" in answer.text
    assert not personal(answer.text)


def test_a_recipient_s_own_omission_is_told_to_it(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    change = "UPDATE agency SET insured_until = :until WHERE id = :us"
    us = mereford.agencies["neighbours"]
    mereford.as_owner(change, until="2020-01-01T00:00:00Z", us=us)
    try:
        answer = neighbours.post(f"/tasks/{task.id}/open")
    finally:
        mereford.as_owner(change, until="2036-01-01T00:00:00Z", us=us)
    assert "no insurance in date" in answer.text
    assert "Your agency’s administrator" in answer.text


@pytest.mark.parametrize(
    ("column", "secret"),
    [("conflicts", "must not learn"), ("never_share_with", "never"), ("deceased", "died")],
)
def test_a_reason_that_is_the_person_s_is_not_told_to_the_recipient(
    mereford: Mereford, neighbours: Any, column: str, secret: str
) -> None:
    task = mereford.offered()
    us = mereford.agencies["neighbours"]
    mereford.about_the_person(task, {column: True if column == "deceased" else [us]})
    answer = neighbours.post(f"/tasks/{task.id}/open")
    assert answer.status_code == 403
    main = answer.text.partition("<main")[2]
    assert secret not in main
    assert "The agency that sent the referral" in main
    assert secret not in neighbours.get(f"/tasks/{task.id}").text


def test_what_went_to_the_agency_s_own_system_is_not_opened_here(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    mereford.as_owner("UPDATE release SET wrapped_keys = NULL WHERE task_id = :id", id=task.id)
    answer = neighbours.post(f"/tasks/{task.id}/open")
    assert answer.status_code == 409
    assert "delivered to your own system" in answer.text


# Answering


def test_accepting_leads_back_to_the_task_and_says_so(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    answer = neighbours.post(f"/tasks/{task.id}/accept", {"note": "We will ring on Tuesday"})
    assert answer.status_code == 302
    page = neighbours.follow(answer).text
    assert "You accepted it" in page
    assert "Accepted by you" in page
    assert mereford.reread(task).state == "accepted"


def test_accepting_twice_is_accepting_once(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    first = neighbours.post(f"/tasks/{task.id}/accept", {"note": "Once"})
    second = neighbours.post(f"/tasks/{task.id}/accept", {"note": "Once"})
    assert first.headers["Location"] == second.headers["Location"]
    assert mereford.notes(task) == 1


def test_declining_needs_a_reason_and_keeps_what_was_typed(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    answer = neighbours.post(f"/tasks/{task.id}/decline", {"note": "We are two people"})
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'href="#reason"' in answer.text
    assert "We are two people" in answer.text
    assert mereford.reread(task).state == "offered"


def test_a_page_to_decline_that_is_older_than_an_acceptance_gives_nothing_back(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    page = neighbours.get(f"/tasks/{task.id}/decline").text
    shown = re.search(r'name="version" value="([0-9]+)"', page)
    assert shown
    neighbours.post(f"/tasks/{task.id}/accept", {"note": ""})
    no = {"reason": "no_capacity", "note": "", "version": shown.group(1)}
    answer = neighbours.post(f"/tasks/{task.id}/decline", no)
    assert answer.status_code == 409
    assert mereford.reread(task).state == "accepted"


def test_another_reason_needs_words(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    answer = neighbours.post(f"/tasks/{task.id}/decline", {"reason": "other", "note": "  "})
    assert answer.status_code == 422
    assert 'href="#note"' in answer.text


def test_declining_moves_the_referral_on_by_itself(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.offered()
    page = neighbours.follow(
        neighbours.post(f"/tasks/{task.id}/decline", {"reason": "out_of_area"})
    ).text
    assert "Outside our area" in page
    assert "Open the referral" not in page
    drain(mereford.hub)
    assert mereford.task(task.referral_id).recipient_agency_id == mereford.agencies["council"]


def test_a_question_is_asked_once_however_often_it_is_sent(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    form = {"question": "Is there a dog?", "version": str(task.version)}
    assert neighbours.post(f"/tasks/{task.id}/ask", form).status_code == 302
    second = neighbours.post(f"/tasks/{task.id}/ask", form)
    assert second.status_code == 409
    assert "Question asked" in second.text
    assert mereford.notes(task) == 1


def test_question_and_answer_are_read_where_the_referral_is_opened(
    mereford: Mereford, neighbours: Any
) -> None:
    task = mereford.offered()
    question = "Is there a <script>dog</script>?\nWe have an allergy."
    form = {"question": question, "version": str(task.version)}
    neighbours.post(f"/tasks/{task.id}/ask", form)
    reply(mereford.hub, mereford.actor("gp"), task.id, "No dog, one cat.")
    waiting = neighbours.get(f"/tasks/{task.id}").text
    assert "No dog" not in waiting
    assert "has answered your question" in waiting
    page = neighbours.post(f"/tasks/{task.id}/open").text
    assert "Question from you" in page
    assert "Answer from Harbour Street Surgery" in page
    assert "No dog, one cat." in page
    assert "&lt;script&gt;dog" in page
    assert "<script>dog" not in page


def test_the_way_from_accepted_to_closed(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.accepted()
    page = neighbours.follow(neighbours.post(f"/tasks/{task.id}/contact")).text
    assert "First contact is recorded" in page
    again = neighbours.follow(neighbours.post(f"/tasks/{task.id}/contact")).text
    assert "In progress" in again
    assert again.count("First contact with the person") == 1
    missing = neighbours.post(f"/tasks/{task.id}/close", {"outcome": "helped"})
    assert missing.status_code == 422
    assert 'href="#person_told"' in missing.text
    assert 'href="#next_step"' in missing.text
    page = neighbours.follow(neighbours.post(f"/tasks/{task.id}/close", CLOSING)).text
    assert "You closed it" in page
    assert "The person was told" in page
    assert mereford.reread(task).outcome == "helped"
    page = neighbours.follow(neighbours.post(f"/tasks/{task.id}/close", CLOSING)).text
    assert "You closed it" in page
    other = neighbours.post(f"/tasks/{task.id}/close", {**CLOSING, "outcome": "moved"})
    assert other.status_code == 409


def test_a_place_can_be_given_back_after_accepting(mereford: Mereford, neighbours: Any) -> None:
    task = mereford.accepted()
    assert "Give it back" in neighbours.get(f"/tasks/{task.id}").text
    neighbours.post(f"/tasks/{task.id}/decline", {"reason": "cannot_contact"})
    drain(mereford.hub)
    assert mereford.task(task.referral_id).recipient_agency_id == mereford.agencies["council"]


def test_the_accountable_council_cannot_pass_its_own_task_on(mereford: Mereford, town: Any) -> None:
    task = mereford.offered(to=("council",), needs=frozenset({NeedCode.MONEY_BENEFITS}))
    council = town.browser("council")
    page = council.get(f"/tasks/{task.id}").text
    assert "/decline" not in page
    answer = council.post(f"/tasks/{task.id}/decline", {"reason": "no_capacity"})
    assert answer.status_code == 409
    assert mereford.reread(task).state == "offered"


@pytest.mark.parametrize(
    ("state", "impossible"),
    [
        ("offered", ("contact", "close")),
        ("accepted", ("ask",)),
        ("closed", ("accept", "decline", "ask", "contact", "close")),
        ("withdrawn", ("accept", "decline", "ask", "contact", "close")),
        ("no_answer", ("accept", "decline", "ask", "contact", "close")),
    ],
)
def test_what_is_not_possible_any_more_is_explained_and_changes_nothing(
    mereford: Mereford, neighbours: Any, state: str, impossible: tuple[str, ...]
) -> None:
    task = mereford.offered()
    mereford.as_owner("UPDATE task SET state = :state WHERE id = :id", state=state, id=task.id)
    before = mereford.entries("task")
    for name in impossible:
        assert f"/{name}" not in neighbours.get(f"/tasks/{task.id}").text
        for answer in (
            neighbours.get(f"/tasks/{task.id}/{name}"),
            neighbours.post(f"/tasks/{task.id}/{name}", FORMS[name]),
        ):
            assert answer.status_code == 409, name
            assert "moved this on" in answer.text
            assert "See the referral as it is now" in answer.text
    assert mereford.reread(task).state == state
    assert mereford.entries("task") == before


# Who may not


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("POST", "/open"),
        *((method, f"/{name}") for name in FORMS for method in ("GET", "POST")),
    ],
)
def test_another_agency_s_task_is_not_there(
    mereford: Mereford, town: Any, method: str, rest: str
) -> None:
    task = mereford.offered()
    never = new_id(town.clock())
    before = mereford.entries("view"), mereford.entries("task")
    other = town.browser("library")
    theirs = _ask(other, method, f"/tasks/{task.id}{rest}")
    unknown = _ask(other, method, f"/tasks/{never}{rest}")
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(unknown)
    assert (mereford.entries("view"), mereford.entries("task")) == before


def test_the_owner_does_not_open_or_answer_what_went_to_somebody_else(
    mereford: Mereford, town: Any
) -> None:
    task = mereford.offered()
    council = town.browser("council")
    assert council.post(f"/tasks/{task.id}/open").status_code == 404
    assert council.post(f"/tasks/{task.id}/accept").status_code == 404
    assert mereford.reread(task).state == "offered"


@pytest.mark.parametrize("name", FORMS)
def test_a_form_without_its_token_moves_nothing(
    mereford: Mereford, neighbours: Any, name: str
) -> None:
    task = mereford.accepted() if name in {"contact", "close"} else mereford.offered()
    answer = neighbours.client.post(
        f"/tasks/{task.id}/{name}", data={"csrf_token": "", **FORMS[name]}
    )
    assert answer.status_code == 400
    assert mereford.reread(task).state == task.state


@pytest.mark.parametrize("extra", ["task_id", "state", "agency_id", "recipient_agency_id"])
def test_a_field_that_the_page_does_not_have_is_refused(
    mereford: Mereford, neighbours: Any, extra: str
) -> None:
    task = mereford.offered()
    answer = neighbours.post(f"/tasks/{task.id}/accept", {extra: "accepted"})
    assert answer.status_code == 400
    assert mereford.reread(task).state == "offered"
