"""The daily mail: a number and the way in, once a working day, and off when the agency says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.contract import Delivery, DeliveryOutcome
from referral_hub.domain.codes import DeclineReason
from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.own_daily_mail import count_own, counts_own
from referral_hub.services.reached import choose_digest
from referral_hub.services.send_digests import send_digests
from tests.hub_bench import Bench, NewBench
from tests.mail import Mailbox, mail_room

FRIDAY = datetime(2027, 2, 5, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_room() as box:
        yield box


@pytest.fixture
def friday(new_bench: NewBench, mailbox: Mailbox) -> Bench:
    bench = new_bench(HUB_SMTP_URL=mailbox.url)
    bench.clock.stop_at(FRIDAY)
    bench.rows(
        "INSERT INTO agency_mail (agency_id, mail_address, code_hash, updated_at)"
        " VALUES (%s, 'surgery@example.org', '', %s)",
        bench.agencies["surgery"],
        FRIDAY,
    )
    return bench


def _answered(bench: Bench, many: int) -> list[str]:
    bench.clock.forward(HOUR)
    sent = [bench.refer(to=("mentors", "council")).reference for _ in range(many)]
    bench.deliver()
    for task in bench.tasks():
        if task["to"] == "mentors" and task["state"] == "offered":
            no = AnswerTask(task["id"], False, DeclineReason.NO_CAPACITY, None)
            answer_task(bench.hub, bench.staff["mentors"], no)
    bench.deliver()
    bench.clock.forward(HOUR)
    return sent


def _subjects(mailbox: Mailbox) -> list[str]:
    return [str(mail["Subject"]) for mail in mailbox.mails if "changed" in str(mail["Subject"])]


def test_a_number_once_a_working_day_and_nobody_s_name(friday: Bench, mailbox: Mailbox) -> None:
    bench = friday
    assert send_digests(bench.hub) == 0, "nothing has happened"
    references = _answered(bench, 3)
    assert send_digests(bench.hub) == 0, "it had its turn today"
    for days in (1, 1):
        bench.clock.forward(days * DAY)
        assert send_digests(bench.hub) == 0, "it is the weekend"
    bench.clock.stop_at(datetime(2027, 2, 8, 7, 59, tzinfo=UTC))
    assert send_digests(bench.hub) == 0, "it is too early"
    bench.clock.stop_at(datetime(2027, 2, 8, 8, 1, tzinfo=UTC))
    assert [send_digests(bench.hub), send_digests(bench.hub)] == [1, 0]
    bench.clock.forward(DAY)
    assert send_digests(bench.hub) == 0, "nothing is told twice"
    _answered(bench, 1)
    bench.clock.forward(DAY)
    assert send_digests(bench.hub) == 1
    assert _subjects(mailbox) == ["3 of your referrals changed", "One of your referrals changed"]
    for raw in mailbox.raw:
        for word in ("Quillfeather", "Zebedee", "Peer Mentors", *references):
            assert word.encode() not in raw


def test_what_the_mail_server_lost_is_counted_the_next_day(
    friday: Bench, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = friday
    _answered(bench, 1)
    with monkeypatch.context() as away:
        away.setattr("referral_hub.services.send_digests.post", _no_connection)
        assert send_digests(bench.hub) == 0, "it had its turn"
    bench.clock.forward(3 * DAY)
    assert send_digests(bench.hub) == 1
    assert _subjects(mailbox) == ["One of your referrals changed"]


def test_an_agency_that_says_so_gets_none_and_may_have_it_again(friday: Bench) -> None:
    bench = friday
    _answered(bench, 1)
    admin = bench.staff["surgery-admin"]
    choose_digest(bench.hub, admin, wanted=False)
    assert send_digests(bench.hub) == 0
    choose_digest(bench.hub, admin, wanted=True)
    assert send_digests(bench.hub) == 1
    assert bench.verify().ok


def test_what_the_sender_did_itself_is_no_news(friday: Bench) -> None:
    bench = friday
    bench.refer(to=("mentors", "council"))
    bench.deliver()
    bench.clock.forward(HOUR)
    assert send_digests(bench.hub) == 0


def _no_connection(*_arguments: object) -> DeliveryOutcome:
    return DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")


def test_whoever_leaves_their_own_out_is_not_counted_and_their_colleague_is(
    friday: Bench, mailbox: Mailbox
) -> None:
    bench = friday
    gp = bench.staff["gp"]
    assert counts_own(bench.hub, gp)
    for _ in range(2):
        count_own(bench.hub, gp, wanted=False)
    assert not counts_own(bench.hub, gp)
    assert counts_own(bench.hub, bench.staff["nurse"])
    _answered(bench, 2)
    last = bench.one("SELECT id FROM referral ORDER BY id DESC LIMIT 1")
    bench.rows(
        "UPDATE referral SET author_user_id = %s WHERE id = %s", bench.staff["nurse"].user_id, last
    )
    bench.clock.stop_at(datetime(2027, 2, 8, 9, tzinfo=UTC))
    assert send_digests(bench.hub) == 1
    assert _subjects(mailbox) == ["One of your referrals changed"]
    said = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'daily%%'")
    assert [row["outcome"] for row in said] == ["daily_mail_leaves_own_out"]
