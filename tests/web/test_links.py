"""The pages of a one-time link, for the group's own people and for everybody else who has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import NeedCode
from referral_hub.services.register_mail import register_mail
from referral_hub.services.withdraw import withdraw_agreement
from tests.leaks import without_ids
from tests.mail import Mailbox, mail_room
from tests.web.mereford import Mereford, personal

BOOKS = frozenset({NeedCode.CANNOT_GET_OUT})
ANSWERS = ("accept", "decline", "ask", "contact", "close")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_room() as room:
        yield room


@pytest.fixture
def more_settings(mailbox: Mailbox) -> dict[str, str]:
    return {"HUB_SMTP_URL": mailbox.url}


@pytest.fixture
def mailed(own_town: Any) -> tuple[Mereford, str]:
    """The town with its libraries told by mail, and their code."""
    mereford = Mereford(own_town.hub, own_town.url)
    code = register_mail(own_town.hub, mereford.agencies["library"], "duty@library.example")
    return mereford, code


def enter(browser: Any, mailbox: Mailbox, code: str) -> Any:
    """Open the newest link with a code and follow to the visit."""
    browser.get(mailbox.link())
    return browser.follow(browser.post(mailbox.link(), {"code": code}))


def visit_path(answer: Any) -> str:
    return str(answer.request.path)


def test_a_referral_is_read_and_accepted_without_an_account(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    task = mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    assert browser.get(mailbox.link()).status_code == 200
    assert "Type your group’s code" in browser.text
    assert personal(browser.text) == []
    assert task.reference not in browser.text
    visit = visit_path(enter(browser, mailbox, code))
    assert task.reference in browser.text
    assert personal(browser.text) == []
    assert browser.post(f"{visit}/open").status_code == 200
    assert "Zebedee" in browser.text
    assert "07700" not in without_ids(browser.text)
    browser.get(f"{visit}/accept")
    done = browser.follow(browser.post(f"{visit}/accept", {"note": "Gladly"}))
    assert done.status_code == 200
    assert "You accepted it" in browser.text
    assert mereford.reread(task).state == "accepted"


def test_not_for_us_and_a_question_go_the_same_way(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    task = mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    visit = visit_path(enter(browser, mailbox, code))
    browser.get(f"{visit}/ask")
    version = browser.text.partition('name="version" value="')[2].partition('"')[0]
    sent = browser.post(f"{visit}/ask", {"question": "Is there a step?", "version": version})
    assert sent.status_code == 302
    assert mereford.reread(task).state == "information_asked"
    assert browser.post(f"{visit}/decline", {"note": ""}).status_code == 422
    assert browser.post(f"{visit}/decline", {"reason": "no_capacity"}).status_code == 302
    assert mereford.reread(task).state == "declined"
    assert browser.get(f"{visit}/accept").status_code == 409
    assert browser.post(f"{visit}/open").status_code == 409


def test_a_second_tab_and_the_back_button_lead_to_the_visit(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    visit = visit_path(enter(browser, mailbox, code))
    for answer in (browser.get(mailbox.link()), browser.post(mailbox.link(), {"code": code})):
        assert answer.status_code == 302
        assert answer.headers["Location"] == visit


def test_a_forwarded_link_shows_another_browser_nothing(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    task = mereford.offered(to=("library",), needs=BOOKS)
    ours, theirs = own_town.browser(), own_town.browser()
    visit = visit_path(enter(ours, mailbox, code))
    assert theirs.get(mailbox.link()).status_code == 409
    assert "This link has been used" in theirs.text
    assert theirs.post(mailbox.link(), {"code": code}).status_code == 409
    assert task.reference not in theirs.text
    for path in (visit, *(f"{visit}/{name}" for name in ANSWERS)):
        assert theirs.get(path).status_code == 404
        assert theirs.get(path).get_data() == theirs.get(f"/visits/{uuid4()}").get_data()
    theirs.get("/sign-in")
    for path in ("open", "accept", "leave", f"told/{uuid4()}"):
        assert theirs.post(f"{visit}/{path}").status_code == 404


def test_signed_in_staff_of_another_agency_are_no_visitors(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    visit = visit_path(enter(own_town.browser(), mailbox, code))
    assert own_town.browser("neighbours").get(visit).status_code == 404


def test_wrong_codes_are_counted_down_and_then_the_link_is_closed(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    browser.get(mailbox.link())
    assert browser.post(mailbox.link(), {"code": ""}).status_code == 422
    for left in ("4 more tries", "3 more tries", "2 more tries", "1 more try"):
        assert browser.post(mailbox.link(), {"code": "2222 2222"}).status_code == 422
        assert left in browser.text
    assert browser.post(mailbox.link(), {"code": "2222 2222"}).status_code == 409
    assert "This link is closed" in browser.text
    assert browser.post(mailbox.link(), {"code": code}).status_code == 409


def test_an_expired_link_offers_a_new_one_to_the_registered_address(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, _ = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    own_town.clock.pass_by(timedelta(days=8))
    browser = own_town.browser()
    assert browser.get(mailbox.link()).status_code == 410
    assert "Send us a new link" in browser.text
    answer = browser.follow(browser.post(f"{mailbox.link()}/again"))
    assert answer.status_code == 200
    assert "A new link is on its way" in browser.text
    browser.get(mailbox.link())
    assert browser.post(f"{mailbox.link()}/again").status_code == 409
    assert "A link was sent already" in browser.text


def test_a_referral_withdrawn_meanwhile_leaves_nothing_behind_the_link(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    task = mereford.offered(to=("library",), needs=BOOKS)
    visited = own_town.browser()
    visit = visit_path(enter(visited, mailbox, code))
    withdraw_agreement(own_town.hub, mereford.actor("gp"), task.referral_id)
    assert visited.post(f"{visit}/open").status_code == 409
    assert "Zebedee" not in visited.text
    other = own_town.browser()
    assert other.get(mailbox.link()).status_code == 410
    assert "There is nothing to do any more" in other.text
    assert "Send us a new link" not in other.text


def test_a_visit_ends_after_an_hour_or_when_left(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    visit = visit_path(enter(browser, mailbox, code))
    own_town.clock.pass_by(timedelta(minutes=61))
    assert browser.get(visit).status_code == 410
    assert "Your hour is over" in browser.text
    assert browser.post(f"{visit}/accept").status_code == 410


def test_leaving_ends_the_visit_in_this_browser(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    visit = visit_path(enter(browser, mailbox, code))
    assert browser.follow(browser.post(f"{visit}/leave")).status_code == 200
    assert "You have left" in browser.text
    assert browser.get(visit).status_code == 404


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00", "ÄÖ", "a" * 2000])
def test_a_link_that_was_cut_off_is_told_so(own_town: Any, token: str) -> None:
    browser = own_town.browser()
    browser.get("/sign-in")
    assert browser.get(f"/link/{token}").status_code == 404
    assert "This link does not work" in browser.text or "Page not found" in browser.text
    for path in (f"/link/{token}", f"/link/{token}/again"):
        assert (
            browser.post(path, {"code": "x"} if path.endswith(token) else None).status_code == 404
        )


def test_another_task_of_the_agency_is_out_of_a_visitors_reach(
    own_town: Any, mailed: tuple[Mereford, str], mailbox: Mailbox
) -> None:
    mereford, code = mailed
    other = mereford.offered(to=("library",), needs=BOOKS)
    mereford.offered(to=("library",), needs=BOOKS)
    browser = own_town.browser()
    visit = visit_path(enter(browser, mailbox, code))
    withdraw_agreement(own_town.hub, mereford.actor("gp"), other.referral_id)
    with own_town.hub.database.working() as connection:
        told: UUID = connection.exec_driver_sql("SELECT id FROM notification").scalar_one()
    assert browser.post(f"{visit}/told/{told}").status_code == 404
    assert browser.get(f"/tasks/{other.id}").status_code == 302
