"""The referrer's board: open ones first, one thing to do next, shelves, pages, what to file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from consent.model import DataClass
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact
from referral_hub.services.deliver import drain
from referral_hub.services.hub import Hub
from referral_hub.services.referrer_board import PAGE, Shelf, read_shelves
from referral_hub.services.submit_referral import submit_referral
from tests.statements import counting
from tests.web.mereford import NEEDS, Mereford, personal, referral

SESSION = 1
_LINE = re.compile(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}(?=</a>)")
Move = Callable[[Hub, Actor, UUID], object]


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


@pytest.fixture
def gp(town: Any) -> Any:
    return town.browser("gp")


def _accept(hub: Hub, actor: Actor, task: UUID) -> object:
    return answer_task(hub, actor, AnswerTask(task, True, None, None))


def _decline(hub: Hub, actor: Actor, task: UUID) -> object:
    return answer_task(hub, actor, AnswerTask(task, False, DeclineReason.NO_CAPACITY, None))


def _end(outcome: ClosingOutcome) -> Move:
    def close(hub: Hub, actor: Actor, task: UUID) -> object:
        _accept(hub, actor, task)
        return close_task(hub, actor, CloseTask(task, outcome, True, "Nothing"))

    return close


def _work(hub: Hub, actor: Actor, task: UUID) -> object:
    _accept(hub, actor, task)
    return record_contact(hub, actor, task)


CASES: dict[str, tuple[Move | None, Shelf, str]] = {
    "offered": (None, Shelf.WAITING, "They answer"),
    "asked": (lambda h, a, t: ask(h, a, t, "Is there a dog?"), Shelf.YOURS, "’s question"),
    "declined, and not passed on yet": (_decline, Shelf.WAITING, "The hub asks the next service"),
    "accepted": (_accept, Shelf.HELPED, "They contact the patient"),
    "in progress": (_work, Shelf.HELPED, "They help, and close it"),
    "closed": (_end(ClosingOutcome.PARTLY_HELPED), Shelf.ENDED, "Partly helped"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_referral_stands_on_one_shelf_with_the_one_thing_to_do_next(
    mereford: Mereford, gp: Any, case: str
) -> None:
    move, shelf, told = CASES[case]
    task = mereford.offered()
    if move:
        move(mereford.hub, mereford.actor("neighbours"), task.id)
    found = [one.value for one in Shelf if task.reference in _all_of(gp, one.value)]
    assert found == [shelf.value]
    gp.get(f"/referrals?show={shelf.value}")
    line = gp.text.partition(task.reference)[2].partition("</tr>")[0]
    assert told in html.unescape(line)
    assert not personal(gp.text)


def test_what_the_sender_must_put_right_is_the_senders_and_what_the_council_must_is_not(
    mereford: Mereford, gp: Any
) -> None:
    held = mereford.task(mereford.refer(to=()))
    assert held.state == "held"
    cases = {
        "sender_agency": ("yours", "Put right what is missing"),
        "council_owner": ("waiting", "The council must put this right"),
        "recipient_agency": ("waiting", "The recipient must put this right"),
    }
    for clearer, (shelf, told) in cases.items():
        mereford.as_owner(
            "UPDATE task SET decision = decision || CAST(:clearer AS jsonb) WHERE id = :id",
            clearer=f'{{"clearer": "{clearer}"}}',
            id=held.id,
        )
        assert held.reference in _all_of(gp, shelf)
        gp.get(f"/referrals?show={shelf}")
        assert told in gp.text.partition(held.reference)[2].partition("</tr>")[0]


def _all_of(browser: Any, shelf: str = "", whose: str = "") -> list[str]:
    """The references of a shelf, page by page."""
    path, found = f"/referrals?show={shelf}&whose={whose}", []
    while path:
        text = browser.get(path).text
        assert not personal(text)
        found += _LINE.findall(text)
        more = re.search(r'href="(/referrals\?[^"]+)" rel="next"', text)
        path = html.unescape(more[1]) if more else ""
    return found


def test_pages_show_each_referral_once_open_ones_first_and_cost_the_same(
    mereford: Mereford, gp: Any, town: Any
) -> None:
    with counting(town.hub.database) as few:
        gp.get("/referrals")
    ours = [mereford.refer(deliver=False) for _ in range(PAGE + 2)]
    drain(town.hub)
    for one in ours[:3]:
        _end(ClosingOutcome.HELPED)(town.hub, mereford.actor("neighbours"), mereford.task(one).id)
    with counting(town.hub.database) as many:
        gp.get("/referrals")
    assert len(many) == len(few) <= SESSION + 3, "\n".join(many)
    listed = _all_of(gp)
    assert len(listed) == len(set(listed))
    assert {mereford.task(one).reference for one in ours} <= set(listed)
    shelves = [_all_of(gp, shelf.value) for shelf in Shelf]
    assert listed == [reference for shelf in shelves for reference in shelf]


def test_one_may_look_at_the_own_alone(mereford: Mereford, gp: Any, town: Any) -> None:
    named = frozenset({mereford.agencies["neighbours"]})
    classes = frozenset(DataClass)
    command = referral(5_000, named, needs=NEEDS, classes=classes, at=town.hub.clock())
    theirs = submit_referral(town.hub, town.actor("nurse"), command)
    ours = mereford.task(mereford.refer()).reference
    mine = _all_of(gp, whose="mine")
    assert ours in mine
    assert theirs.reference not in mine
    assert {ours, theirs.reference} <= set(_all_of(gp))


def test_another_practice_sees_none_of_it(mereford: Mereford, town: Any) -> None:
    sent = mereford.task(mereford.refer()).reference
    assert sent not in _all_of(town.browser("hill-gp"))
    assert read_shelves(town.hub, town.actor("hill-gp")).rows == []


@pytest.mark.parametrize(
    "asked", ["show=x", "after=x&at=yours", "after=&at=ended", f"after={UUID(int=0)}", "at=x"]
)
def test_what_no_page_of_ours_asks_for_is_not_there(gp: Any, asked: str) -> None:
    assert gp.get(f"/referrals?{asked}").status_code == 404


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (ClosingOutcome.HELPED, "871731000000106"),
        (ClosingOutcome.DECLINED_BY_PERSON, "871711000000103"),
    ],
)
def test_the_code_to_file_and_words_to_copy_name_nobody(
    mereford: Mereford, gp: Any, outcome: ClosingOutcome, code: str
) -> None:
    task = mereford.offered()
    _end(outcome)(mereford.hub, mereford.actor("neighbours"), task.id)
    page = gp.get(f"/referrals/{task.referral_id}").text
    assert f'Code to file: <span class="hub-code">{code}</span>' in page
    copied = page.partition('id="record-text"')[2].partition("</textarea>")[0]
    assert code in copied
    assert task.reference in copied
    assert not personal(copied)
    assert "The patient has been told." in page
