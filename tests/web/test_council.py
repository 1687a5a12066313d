"""The accountable council's pages: what is open, its age and next step, and nobody's facts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.domain.codes import AgencyKind, ClosingOutcome, DeclineReason, NeedCode, Role
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.ids import new_id
from referral_hub.services.answer_task import answer_task, close_task
from referral_hub.services.deliver import drain
from referral_hub.services.demo import demo_password
from referral_hub.services.staff_accounts import NewMember, add_account
from referral_hub.store import registers
from referral_hub.store.referrals import TaskRow
from tests.web.mereford import Mereford, personal, say_why

PER_REQUEST = {"X-Request-Id", "Date"}
REFERENCE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture(scope="module")
def council(town: Any) -> Any:
    return town.browser("council")


@pytest.fixture(scope="module")
def elsewhere(town: Any) -> Any:
    """An officer of another council, to which nothing was ever referred."""
    at = town.clock()
    name = "Elsewhere Council"
    row = {"id": new_id(at), "name": name, "kind": AgencyKind.COUNCIL.value, "joined_at": at}
    with registers.as_owner(town.url) as connection:
        registers.add(connection, "agency", [row])
    member = NewMember("elsewhere", "Ada Elsewhere", Role.COUNCIL_OFFICER)
    add_account(town.hub, name, member, demo_password(town.hub.settings))
    return town.browser("elsewhere")


def row_of(page: str, reference: str) -> str:
    """The list's row of a referral."""
    rows = [row for row in page.split("<tr")[1:] if reference in row]
    assert len(rows) == 1
    return rows[0].partition("</tr>")[0]


def everything(council: Any) -> str:
    """Every page of the list, one after another."""
    pages, path = "", "/council"
    while path:
        page = council.get(path).text
        pages += page
        path = page.partition('href="/council?after=')[2].partition('"')[0]
        path = path and f"/council?after={path}"
    return pages


def _all_of(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


def stuck(mereford: Mereford, state: str = "dead") -> tuple[TaskRow, UUID]:
    """A task whose delivery gave up, and the delivery's id."""
    task = mereford.task(mereford.refer(deliver=False))
    mereford.as_owner(
        "UPDATE outbox SET state = :state, last_code = 'http_503', attempts = 12"
        " WHERE task_id = :id",
        state=state,
        id=task.id,
    )
    with mereford.hub.database.working() as connection:
        found = connection.execute(
            text("SELECT id FROM outbox WHERE task_id = :id"), {"id": task.id}
        )
        return task, found.scalar_one()


# The list


def test_an_open_referral_stands_with_state_age_recipient_next_step_and_owner(
    mereford: Mereford, council: Any
) -> None:
    task = mereford.offered()
    row = row_of(everything(council), task.reference)
    for words in (
        "Today",
        "Awaiting answer",
        "Mereford Good Neighbours",
        "The recipient answers",
        "Mereford Council",
    ):
        assert words in row
    assert "Overdue" not in row


def test_what_nobody_answered_in_time_is_marked(
    mereford: Mereford, council: Any, town: Any
) -> None:
    task = mereford.offered()
    at = town.clock.now
    mereford.as_owner(
        "UPDATE task SET created_at = :created, due_at = :due WHERE id = :id",
        created=at - timedelta(days=17),
        due=at - timedelta(days=3),
        id=task.id,
    )
    row = row_of(everything(council), task.reference)
    assert "17 days" in row
    assert "Overdue" in row


def test_what_is_finished_leaves_the_list(mereford: Mereford, council: Any) -> None:
    task = mereford.accepted()
    assert task.reference in everything(council)
    closing = CloseTask(task.id, ClosingOutcome.HELPED, True, "Nothing more")
    close_task(mereford.hub, mereford.actor("neighbours"), closing)
    assert task.reference not in everything(council)


def test_the_list_goes_on_after_fifty_and_shows_everything_once(
    mereford: Mereford, council: Any
) -> None:
    sent = [mereford.refer(deliver=False) for _ in range(55)]
    drain(mereford.hub)
    wanted = {mereford.task(referral).reference for referral in sent}
    first = council.get("/council").text
    assert len(set(REFERENCE.findall(first))) == 50
    listed = re.findall(r">(RH-[0-9A-Z]{4}-[0-9A-Z]{4})</a>", everything(council))
    assert wanted <= set(listed)
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize("after", ["x", "", "' OR 1=1"])
def test_a_page_key_that_is_no_id_is_not_found(council: Any, after: str) -> None:
    assert council.get("/council", query_string={"after": after}).status_code == 404


def test_a_task_of_the_council_itself_leads_to_where_it_is_answered(
    mereford: Mereford, council: Any
) -> None:
    task = mereford.offered(to=("council",), needs=frozenset({NeedCode.MONEY_BENEFITS}))
    assert f'href="/tasks/{task.id}"' in row_of(everything(council), task.reference)
    assert f'href="/tasks/{task.id}"' in council.get(f"/council/referrals/{task.referral_id}").text
    assert council.get(f"/tasks/{task.id}").status_code == 200


def test_a_task_of_somebody_else_does_not(mereford: Mereford, council: Any) -> None:
    task = mereford.offered()
    assert f"/tasks/{task.id}" not in everything(council)
    assert f'/tasks/{task.id}"' not in council.get(f"/council/referrals/{task.referral_id}").text


def test_another_council_sees_none_of_it(mereford: Mereford, elsewhere: Any) -> None:
    task = mereford.offered()
    page = elsewhere.get("/council").text
    assert "There are no open referrals" in page
    theirs = elsewhere.get(f"/council/referrals/{task.referral_id}")
    never = elsewhere.get(f"/council/referrals/{new_id(mereford.hub.clock())}")
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(never)


# One referral


def test_a_held_referral_says_what_is_missing_how_to_put_it_right_and_who_can(
    mereford: Mereford, council: Any
) -> None:
    task = mereford.offered(to=("library",), needs=frozenset({NeedCode.LONELY}))
    assert task.state == "held"
    say_why(council, task.referral_id)
    page = council.get(f"/council/referrals/{task.referral_id}").text
    assert "On hold" in page
    assert "This agency was not named to the person when they agreed." in page
    assert "Tell the person the name of the agency" in page
    assert "The agency that sent the referral" in page
    assert "The referrer puts it right" in row_of(everything(council), task.reference)


def test_the_history_says_who_declined_and_why(mereford: Mereford, council: Any) -> None:
    task = mereford.offered()
    answer = AnswerTask(task.id, False, DeclineReason.OUT_OF_AREA, None)
    answer_task(mereford.hub, mereford.actor("neighbours"), answer)
    drain(mereford.hub)
    say_why(council, task.referral_id)
    page = council.get(f"/council/referrals/{task.referral_id}").text
    assert "Mereford Good Neighbours: Declined (Outside our area)" in page
    assert page.count("Chosen as the next recipient") == 2
    assert "Asked before" in page


def test_no_page_of_the_council_shows_a_person_s_facts(mereford: Mereford, council: Any) -> None:
    task = mereford.accepted()
    held = mereford.refer(to=("fire",))
    stuck(mereford)
    for one in (task.referral_id, held):
        say_why(council, one)
    pages = [
        everything(council),
        council.get(f"/council/referrals/{task.referral_id}").text,
        council.get(f"/council/referrals/{held}").text,
        council.get("/council/undelivered").text,
    ]
    assert not [fact for page in pages for fact in personal(page)]


# Deliveries that need a person


@pytest.mark.parametrize(
    ("state", "words"),
    [("dead", "Could not be sent"), ("refused", "Refused by the recipient")],
)
def test_a_delivery_that_gave_up_is_shown_with_its_reason(
    mereford: Mereford, council: Any, state: str, words: str
) -> None:
    task, _ = stuck(mereford, state)
    page = council.get("/council/undelivered").text
    card = page[page.index(task.reference) :]
    assert words in card
    assert "Their system answered with an error (503)" in card
    assert "12 times" in card
    assert "/council/undelivered" in council.get("/council").text


def test_trying_again_delivers_it_under_its_old_number_and_is_logged(
    mereford: Mereford, council: Any
) -> None:
    task, outbox_id = stuck(mereford)
    before = mereford.entries("admin")
    page = council.follow(council.post(f"/council/undelivered/{outbox_id}")).text
    assert "It is being tried again now" in page
    assert task.reference not in page
    assert mereford.entries("admin") == before + 1
    drain(mereford.hub)
    assert mereford.reread(task).state == "offered"


def test_trying_again_twice_tries_once(mereford: Mereford, council: Any) -> None:
    _, outbox_id = stuck(mereford)
    assert council.post(f"/council/undelivered/{outbox_id}").status_code == 302
    before = mereford.entries("admin")
    assert council.post(f"/council/undelivered/{outbox_id}").status_code == 404
    assert mereford.entries("admin") == before


def test_another_council_cannot_try_again(mereford: Mereford, elsewhere: Any) -> None:
    task, outbox_id = stuck(mereford)
    theirs = elsewhere.post(f"/council/undelivered/{outbox_id}")
    never = elsewhere.post(f"/council/undelivered/{new_id(mereford.hub.clock())}")
    assert theirs.status_code == 404
    assert _all_of(theirs) == _all_of(never)
    assert task.reference not in elsewhere.get("/council/undelivered").text
    drain(mereford.hub)
    assert mereford.reread(task).state == "routed"
