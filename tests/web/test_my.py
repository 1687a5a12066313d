"""The person's own page: reference and code open it, ten minutes keep it, one press withdraws."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.domain.codes import NotificationKind
from referral_hub.services.change_of_mind import change_of_mind
from referral_hub.services.deliver import drain
from referral_hub.services.erase_person import erase_person
from referral_hub.services.person_codes import GivenCode, end_code, give_code
from referral_hub.services.record_death import record_death
from referral_hub.services.stop_sharing import Said
from referral_hub.web.my import ELSEWHERE, SLOW_DOWN, WRONG
from tests.leaks import without_ids
from tests.statements import counting

Begin = Callable[[Any], Any]
PERSONAL = ("Edith", "Quayle", "Quay Street", "07700", "Widowed", "1942")


def _sent(town: Any, begin: Begin) -> UUID:
    journey = begin(town.browser("gp"))
    journey.fill_until("why")
    referral_id: UUID = journey.send()
    drain(town.hub)
    return referral_id


def _given(town: Any, referral_id: UUID) -> GivenCode:
    return give_code(town.hub, town.actor("gp"), referral_id)


def _open(town: Any, given: GivenCode, **changed: str) -> Any:
    person = town.browser()
    person.get("/my")
    form = {"reference": given.reference, "code": given.code, **changed}
    person.answer = person.post("/my", form)
    return person


def _log(town: Any, referral_id: UUID) -> list[tuple[str, str]]:
    query = text(
        "SELECT type, outcome FROM log_entry WHERE referral_id = :id"
        " AND actor_user_id IN (SELECT id FROM person_code) ORDER BY id"
    )
    with town.hub.database.working() as connection:
        return [(row.type, row.outcome) for row in connection.execute(query, {"id": referral_id})]


def _one(town: Any, query: str, **values: Any) -> Any:
    with town.hub.database.working() as connection:
        return connection.execute(text(query), values).scalar_one()


def test_reference_and_code_open_a_page_that_repeats_nobodys_words(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    given = _given(town, referral_id)
    spoken = given.reference.removeprefix("RH-").replace("-", " ").lower()
    person = _open(town, given, reference=spoken, code=given.code.lower())

    assert person.answer.headers["Location"] == "/my/page"
    cookie = person.answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = person.get("/my/page")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Harbour Street" in person.text
    assert "What help you would like" in person.text
    assert "They have received it" in person.text
    assert "If somebody calls and says that they are from" in person.text
    assert not [word for word in PERSONAL if word in without_ids(person.text)]
    assert _log(town, referral_id) == [("access", "own_page_opened"), ("view", "permit")]
    look = "SELECT convert_from(entry, 'UTF8') FROM log_entry WHERE type = 'view' ORDER BY id DESC"
    assert '"channel":"page"' in _one(town, f"{look} LIMIT 1")
    assert given.code not in person.text
    assert "<script" not in person.text.partition("<main")[2].partition("</main>")[0]


def test_changing_ones_mind_is_one_press_and_stops_everything(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    person = _open(town, _given(town, referral_id))
    person.get("/my/page")

    done = person.post("/my/withdraw")

    assert done.status_code == 200
    assert "Nothing more is shared" in person.text
    assert "will be told to stop" in person.text
    states = "SELECT count(*) FROM task WHERE referral_id = :id AND state <> 'withdrawn'"
    assert _one(town, states, id=referral_id) == 0
    said = (
        "SELECT method || ' ' || state FROM consent_event WHERE referral_id = :id AND state = :it"
    )
    assert _one(town, said, id=referral_id, it="withdrawn") == "digital withdrawn"
    assert ("withdrawal", "withdrawn") in _log(town, referral_id) or (
        "consent",
        "withdrawn",
    ) in _log(town, referral_id)
    assert "You changed your mind on" in person.get("/my/page").text
    assert person.post("/my/withdraw").headers["Location"] == "/my/page"
    gp = town.browser("gp")
    assert "Agreement was withdrawn" in gp.get(f"/referrals/{referral_id}").text
    assert "The patient has changed their mind" in gp.get("/work?what=changed").text
    seen = re.search(r"/people-to-tell/[0-9a-f-]{36}/told", gp.text)
    assert seen
    gp.follow(gp.post(seen.group()))
    assert "Nothing waits for you" in gp.get("/work?what=changed").text


def test_a_copy_and_a_correction_become_matters_with_their_clocks(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    person = _open(town, _given(town, referral_id))
    person.get("/my/page")

    asked = person.follow(person.post("/my/copy"))
    assert "You have asked for a copy" in asked.text
    assert "you have an answer by" in asked.text
    assert "asked for a copy already" in person.follow(person.post("/my/copy")).text
    person.get("/my/wrong")
    assert person.post("/my/wrong", {"what": " "}).status_code == 422
    person.follow(person.post("/my/wrong", {"what": "I live at number 2 now"}))
    assert "You said that something is wrong" in person.text
    assert "number 2" not in person.text
    matters = "SELECT string_agg(kind || ' ' || clock, ', ' ORDER BY id) FROM matter"
    assert _one(town, matters) == "access_request running, complaint running"
    officer = town.browser("surgery-dpo")
    assert "AR-" in officer.get("/duties").text
    officer.get("/log")
    assert "the person themselves" in officer.text.lower()


def test_whoever_could_help_others_is_shown_to_the_sender(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    person = _open(town, _given(town, referral_id))
    person.get("/my/page")

    offered = person.follow(person.post("/my/help"))

    assert "Thank you" in offered.text
    assert "/near-me" in offered.text
    gp = town.browser("gp")
    assert "They would like to give help" in gp.get(f"/referrals/{referral_id}").text
    assert ("access", "help_offered") in _log(town, referral_id)


def test_everything_that_is_not_right_gets_one_answer_after_the_same_statements(
    own_town: Any, begin: Begin
) -> None:
    town = own_town
    referral_id = _sent(town, begin)
    ended = _given(town, referral_id)
    given = _given(town, referral_id)
    nobodys = GivenCode("RH-2222-3333", given.code, given.given_to)
    answers, costs = set(), set()
    for tried in (
        nobodys,
        GivenCode(given.reference, "2222-3333", given.given_to),
        ended,
        GivenCode("or 1=1", "x", given.given_to),
    ):
        person = town.browser()
        person.get("/my")
        with counting(town.hub.database) as statements:
            form = {"reference": tried.reference, "code": tried.code}
            answer = person.post("/my", form)
        assert answer.status_code == 422
        body = re.sub(r'value="[^"]*"', "", answer.get_data(as_text=True))
        answers.add(body)
        costs.add(tuple(statements))
    assert len(answers) == 1
    assert WRONG in answers.pop()
    assert len(costs) == 1
    assert len(_log(town, referral_id)) == 0


def test_guesses_are_slowed_down_for_a_reference_from_anywhere(own_town: Any, begin: Begin) -> None:
    town = own_town
    given = _given(town, _sent(town, begin))
    person = _open(town, given, code="2222-2222")
    spelt = (given.reference, given.reference.lower(), given.reference.replace("-", " "))
    for number in range(7):
        assert person.post("/my", {"reference": spelt[number % 3], "code": "2222-2222"})
    answer = person.post("/my", {"reference": given.reference, "code": given.code})
    assert answer.status_code == 429
    assert SLOW_DOWN in answer.text
    other = GivenCode("RH-4444-4444", "2222-2222", given.given_to)
    assert WRONG in _open(town, other).text


def test_a_page_closes_after_ten_minutes_without_a_look_and_after_an_hour(
    own_town: Any, begin: Begin
) -> None:
    town = own_town
    given = _given(town, _sent(town, begin))
    person = _open(town, given)
    for _ in range(6):
        town.clock.pass_by(timedelta(minutes=9, seconds=50))
        assert person.get("/my/page").status_code == 200
    town.clock.pass_by(timedelta(minutes=5))
    assert person.get("/my/page").headers["Location"] == "/my?closed="
    assert "ten minutes" in person.get("/my?closed=").text

    person = _open(town, given)
    town.clock.pass_by(timedelta(minutes=10, seconds=5))
    assert person.get("/my/page").status_code == 302


def test_leaving_ends_the_visit_and_leads_away_at_once(town: Any, begin: Begin) -> None:
    given = _given(town, _sent(town, begin))
    for leave, where in (("/my/exit", ELSEWHERE), ("/my/close", "/my/left")):
        person = _open(town, given)
        kept = person.client.get_cookie("my")
        person.get("/my/page")
        left = person.get(leave) if leave == "/my/exit" else person.post(leave)
        assert left.status_code == 303
        assert left.headers["Location"] == where
        assert left.headers["Cache-Control"] == "no-store"
        person.client.set_cookie("my", kept.value)
        assert person.get("/my/page").status_code == 302
    assert town.browser().get("/my/exit").headers["Location"] == ELSEWHERE


def test_a_second_visit_a_new_code_and_an_end_close_the_first(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    given = _given(town, referral_id)
    first = _open(town, given)
    second = _open(town, given)
    assert first.get("/my/page").status_code == 302
    assert second.get("/my/page").status_code == 200
    fresh = _given(town, referral_id)
    assert second.get("/my/page").status_code == 302
    third = _open(town, fresh)
    end_code(town.hub, town.actor("gp"), referral_id)
    assert third.get("/my/page").status_code == 302
    assert third.post("/my/withdraw").status_code == 302


def test_a_death_and_an_erasure_close_the_page(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    gp, given = town.actor("gp"), _given(town, referral_id)
    person = _open(town, given)
    record_death(town.hub, gp, referral_id, died=True)
    assert person.get("/my/page").status_code == 302
    assert WRONG in _open(town, given).text
    record_death(town.hub, gp, referral_id, died=False)
    person = _open(town, given)
    person.get("/my/page")
    person.post("/my/withdraw")
    subject = _one(town, "SELECT subject_id FROM referral WHERE id = :id", id=referral_id)
    erase_person(town.hub, town.actor("surgery-dpo"), subject)
    assert person.get("/my/page").status_code == 302
    assert WRONG in _open(town, given).text


@pytest.mark.parametrize("path", ["/my/page", "/my/wrong"])
def test_staff_who_are_signed_in_have_no_page_of_a_person(town: Any, path: str) -> None:
    gp = town.browser("gp")
    assert gp.get(path).headers["Location"] == "/my?closed="


def test_a_code_opens_nothing_of_staff_and_no_other_referral(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    person = _open(town, _given(town, referral_id))
    for path in ("/referrals", f"/referrals/{referral_id}", "/tasks", "/log"):
        assert person.get(path).headers["Location"].startswith("/sign-in")


def test_a_restriction_is_told_on_the_page(town: Any, begin: Begin) -> None:
    referral_id = _sent(town, begin)
    given = _given(town, referral_id)
    mentors = town.actor("mentors").agency_id
    with town.hub.database.working() as connection:
        query = text("SELECT recipient_agency_id FROM task WHERE referral_id = :id LIMIT 1")
        recipient = connection.execute(query, {"id": referral_id}).scalar() or mentors
    said = Said(NotificationKind.RESTRICTED, recipients=frozenset({recipient}))
    change_of_mind(town.hub, town.actor("gp"), referral_id, said)
    assert "is not used for now" in _open(town, given).get("/my/page").text


def test_the_page_costs_so_many_statements_and_no_more(town: Any, begin: Begin) -> None:
    person = _open(town, _given(town, _sent(town, begin)))
    with counting(town.hub.database) as statements:
        assert person.get("/my/page").status_code == 200
    assert len(statements) <= 12, "\n".join(statements)
