"""Silence is reminded of, told to the council and moved on from, each once; nobody is forgotten.

The clock is moved; the database and the worker's rounds are real.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from referral_hub.domain.codes import (
    ClosingOutcome,
    ContactMethod,
    DeclineReason,
    NeedCode,
    Priority,
)
from referral_hub.domain.commands import AnswerTask, CloseTask, ContactDetails
from referral_hub.errors import Conflict
from referral_hub.services import keep_clocks as module
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact, reply
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.read_referrals import read_referral
from referral_hub.store import task_clocks
from tests.hub_bench import Bench, NewBench, only
from tests.mail import Mailbox, mail_room
from tests.services.partners import PartnerSystem
from tests.statements import counting

MONDAY = datetime(2027, 2, 1, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = ("remind", "escalate", "due", "expire")
TO = ("mentors", "neighbours", "council")


@pytest.fixture(autouse=True)
def ids_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of one instant are in order for 4,096 of them, and the clock stands still here."""
    monkeypatch.setattr("referral_hub.domain.ids._ORDER", itertools.count())


@pytest.fixture
def monday(bench: Bench) -> Bench:
    """A hub on a Monday without a bank holiday near."""
    bench.clock.stop_at(MONDAY)
    return bench


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server of the test's own."""
    with mail_room() as box:
        yield box


def settle(bench: Bench) -> int:
    """One round of the worker; returns how many tasks took a step."""
    taken = keep_clocks(bench.hub)
    bench.deliver()
    keep_clocks(bench.hub)
    return taken


def pass_days(bench: Bench, days: int) -> list[int]:
    """Let days pass, with a round on each; returns the days on which something happened."""
    happened = []
    for day in range(1, days + 1):
        bench.clock.forward(DAY)
        if keep_clocks(bench.hub):
            bench.deliver()
            keep_clocks(bench.hub)
            happened.append(day)
    return happened


def steps(bench: Bench, referral_id: UUID | None = None) -> list[tuple[str, str | None]]:
    rows = bench.rows(
        "SELECT event, reason FROM task_event WHERE cause_id IS NOT NULL"
        " AND coalesce(referral_id = %s, true) ORDER BY id",
        referral_id,
    )
    return [(row["event"], row["reason"]) for row in rows]


def decline(bench: Bench, by: str, task_id: UUID) -> None:
    no = AnswerTask(task_id, False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff[by], no)


def accept(bench: Bench, by: str, task_id: UUID) -> None:
    answer_task(bench.hub, bench.staff[by], AnswerTask(task_id, True, None, None))


def test_silence_is_reminded_of_told_and_moved_on_from_and_each_of_it_once(monday: Bench) -> None:
    bench = monday
    sent = bench.refer(to=TO)
    settle(bench)
    due = only(bench.tasks())["due_at"]
    assert due == datetime(2027, 2, 15, 10, tzinfo=UTC)
    assert pass_days(bench, 14) == [8, 11, 14], "six, nine and ten working days"
    assert bench.states() == [("mentors", "no_answer"), ("neighbours", "offered")]
    assert steps(bench) == [
        ("remind", "told_recipient_page"),
        ("escalate", "told_owner_page"),
        ("expire", None),
    ]
    for reader in ("gp", "council"):
        view = read_referral(bench.hub, bench.staff[reader], sent.referral_id)
        seen = [row.event for row in view.history]
        assert seen == ["place", "deliver", "remind", "escalate", "expire", "place", "deliver"]
        assert all(row.entry_id for row in view.history)
    with pytest.raises(Conflict):
        accept(bench, "mentors", bench.tasks()[0]["id"])
    assert bench.verify().ok


def test_the_last_of_the_list_is_the_council_and_its_silence_ends_nothing(monday: Bench) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    for days in (8, 3, 3, 8, 3, 3):
        bench.clock.forward(days * DAY)
        settle(bench)
    assert bench.states()[-1] == ("council", "offered")
    for days in (8, 3, 3, 30):
        bench.clock.forward(days * DAY)
        settle(bench)
    assert [state for _, state in bench.states()] == ["no_answer", "no_answer", "offered"]
    assert steps(bench)[-1] == ("due", "told_owner_page")
    council, task = bench.staff["council"], bench.tasks()[-1]
    assert task["due_at"] < bench.clock()
    with pytest.raises(Conflict, match="cannot pass it on"):
        decline(bench, "council", task["id"])
    accept(bench, "council", task["id"])
    closing = CloseTask(task["id"], ClosingOutcome.HELPED, True, "Nothing more is needed")
    close_task(bench.hub, council, closing)
    bench.clock.forward(30 * DAY)
    assert settle(bench) == 0


def test_after_enough_refusals_the_council_is_asked_whoever_is_left(
    monday: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = monday
    monkeypatch.setattr("referral_hub.domain.fallback.MOST_REFUSALS", 1)
    bench.refer(to=TO)
    settle(bench)
    decline(bench, "mentors", bench.tasks()[-1]["id"])
    settle(bench)
    assert bench.states() == [("mentors", "declined"), ("council", "offered")]


def test_a_question_stops_the_clock_once_and_the_senders_runs_meanwhile(monday: Bench) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    mentors, task_id = bench.staff["mentors"], only(bench.tasks())["id"]
    ask(bench.hub, mentors, task_id, "Any stairs?")
    assert pass_days(bench, 2) == [2]
    assert steps(bench) == [("remind", "told_origin_page")]
    reply(bench.hub, bench.staff["gp"], task_id, "Two steps.")
    settle(bench)
    assert only(bench.tasks())["due_at"] == datetime(2027, 2, 17, 10, tzinfo=UTC)
    ask(bench.hub, mentors, task_id, "And a dog?")
    settle(bench)
    assert only(bench.tasks())["due_at"] == datetime(2027, 2, 17, 10, tzinfo=UTC)
    pass_days(bench, 14)
    assert [event for event, _ in steps(bench)] == ["remind", "remind", "escalate", "expire"]
    assert bench.states() == [("mentors", "no_answer"), ("neighbours", "offered")]


def test_who_does_not_answer_a_question_is_passed_to_the_next_as_well(monday: Bench) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    ask(bench.hub, bench.staff["mentors"], only(bench.tasks())["id"], "Any stairs?")
    assert pass_days(bench, 7) == [2, 4, 7]
    assert bench.states() == [("mentors", "no_answer"), ("neighbours", "offered")]


def test_an_urgent_one_is_counted_in_working_hours(monday: Bench) -> None:
    bench = monday
    bench.refer(to=("council",), priority=Priority.URGENT)
    settle(bench)
    bench.clock.forward(2 * HOUR)
    assert settle(bench) == 1
    bench.clock.forward(HOUR)
    assert settle(bench) == 1
    assert [event for event, _ in steps(bench)] == ["remind", "escalate"]


def test_accepting_is_not_the_end_first_contact_help_and_pauses_are_waited_for(
    monday: Bench,
) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    task_id = only(bench.tasks())["id"]
    accept(bench, "mentors", task_id)
    assert pass_days(bench, 14) == [7, 10, 14]
    assert bench.states() == [("mentors", "accepted")], "a helper is not passed over"
    record_contact(bench.hub, bench.staff["mentors"], task_id)
    settle(bench)
    bench.clock.forward(90 * DAY)
    settle(bench)
    pass_days(bench, 20)
    assert [event for event, _ in steps(bench)] == ["remind", "escalate", "due"] * 2


def test_what_is_held_is_the_senders_to_put_right_and_the_council_sees_it(monday: Bench) -> None:
    bench = monday
    bench.refer(to=("library",))
    settle(bench)
    assert only(bench.states())[1] == "held"
    assert pass_days(bench, 12) == [2, 4, 10]
    assert steps(bench) == [
        ("remind", "told_origin_page"),
        ("escalate", "told_owner_page"),
        ("due", "told_owner_page"),
    ]


def test_a_hub_that_slept_passes_nobody_over_who_was_not_reminded(monday: Bench) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    bench.clock.forward(60 * DAY)
    assert [settle(bench), settle(bench)] == [1, 0]
    assert steps(bench) == [("remind", "told_recipient_page")]
    assert pass_days(bench, 6) == [5, 6], "three working days over a weekend, and one more"


def test_several_schedulers_share_the_work_and_each_step_happens_once(monday: Bench) -> None:
    bench = monday
    for _ in range(12):
        bench.refer(to=TO)
    settle(bench)
    bench.clock.forward(9 * DAY)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: keep_clocks(bench.hub), range(8)))
    assert sum(taken) == 12
    assert Counter(steps(bench)) == {("remind", "told_recipient_page"): 12}


def test_even_schedulers_that_hold_no_lock_take_a_step_once(
    monday: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = monday
    for _ in range(5):
        bench.refer(to=TO)
    settle(bench)
    bench.clock.forward(15 * DAY)
    unlocked = text("SELECT id FROM task WHERE step_at <= :at ORDER BY id LIMIT :most")
    monkeypatch.setattr(task_clocks, "_DUE", unlocked)

    def one(_: int) -> None:
        try:
            keep_clocks(bench.hub)
        except Conflict:
            return

    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(one, range(4)))
        bench.clock.forward(4 * DAY)
    per_task = bench.rows(
        "SELECT task_id, event, count(*) FROM task_event WHERE cause_id IS NOT NULL"
        " GROUP BY task_id, event"
    )
    assert {(row["event"], row["count"]) for row in per_task} == {
        ("remind", 1), ("escalate", 1), ("expire", 1)
    }  # fmt: skip
    assert len(per_task) == 15
    assert len(bench.rows("SELECT id FROM outbox WHERE kind = 'advance'")) == 5


def test_a_round_that_dies_before_its_commit_has_done_nothing(
    monday: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = monday
    bench.refer(to=TO)
    settle(bench)
    bench.clock.forward(9 * DAY)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module.task_clocks, "wind", dies)
        with pytest.raises(KeyboardInterrupt):
            keep_clocks(bench.hub)
    assert steps(bench) == []
    assert [settle(bench), settle(bench)] == [1, 0]
    assert len(steps(bench)) == 1


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE agency SET active = false WHERE id = %s", "agency_stopped"),
        ("UPDATE service SET status = 'defunct' WHERE agency_id = %s", "service_stopped"),
    ],
)
@pytest.mark.parametrize("state", ["offered", "accepted", "in_progress"])
def test_when_a_provider_stops_its_people_are_asked_for_elsewhere_by_themselves(
    monday: Bench, change: str, why: str, state: str
) -> None:
    bench = monday
    sent = [bench.refer(to=TO) for _ in range(4)]
    settle(bench)
    for task in bench.tasks():
        if state != "offered":
            accept(bench, "mentors", task["id"])
        if state == "in_progress":
            record_contact(bench.hub, bench.staff["mentors"], task["id"])
    bench.rows(change, bench.agencies["mentors"])
    assert [settle(bench), settle(bench)] == [4, 0]
    for one in sent:
        assert bench.states(one.referral_id) == [("mentors", "returned"), ("neighbours", "offered")]
    assert {row["reason"] for row in bench.tasks() if row["state"] == "returned"} == {why}
    assert bench.verify().ok


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE service SET active = false WHERE agency_id = %s", "service_paused"),
        ("UPDATE service SET status = 'inactive' WHERE agency_id = %s", "service_paused"),
        ("UPDATE service SET paused_until = '2027-02-01' WHERE agency_id = %s", "service_paused"),
        ("UPDATE agency SET insured_until = '2027-02-01' WHERE id = %s", "insurance_lapsed"),
    ],
)
def test_a_pause_or_a_lapse_moves_on_what_was_not_accepted_and_leaves_the_rest(
    monday: Bench, change: str, why: str
) -> None:
    bench = monday
    for _ in range(2):
        bench.refer(to=TO)
    settle(bench)
    accept(bench, "mentors", bench.tasks()[0]["id"])
    bench.deliver()
    bench.rows(change, bench.agencies["mentors"])
    assert [settle(bench), settle(bench)] == [1, 0]
    assert sorted(bench.states()) == [
        ("mentors", "accepted"),
        ("mentors", "returned"),
        ("neighbours", "offered"),
    ]
    assert bench.rows("SELECT reason FROM task WHERE state = 'returned'") == [{"reason": why}]


def test_what_does_not_arrive_for_a_week_goes_to_the_next(
    monday: Bench, time_bank: PartnerSystem
) -> None:
    bench = monday
    time_bank.answers = [(503, {})] * 500
    bench.refer(to=("time_bank", "neighbours", "council"), needs=(NeedCode.SHOPPING_MEALS,))
    settle(bench)
    assert bench.states() == [("time_bank", "routed")]
    assert pass_days(bench, 7) == [2, 7]
    assert bench.states() == [("time_bank", "no_answer"), ("neighbours", "offered")]
    kinds = bench.rows("SELECT state FROM outbox WHERE kind = 'offer' ORDER BY id")
    assert [row["state"] for row in kinds] == ["cancelled", "delivered"]


def test_an_offer_that_is_leaving_at_this_moment_is_not_moved_on(monday: Bench) -> None:
    bench = monday
    bench.refer(to=TO)
    keep_clocks(bench.hub)
    bench.rows("UPDATE outbox SET lease_until = %s", bench.clock() + 60 * DAY)
    bench.rows("UPDATE agency SET active = false WHERE id = %s", bench.agencies["mentors"])
    bench.clock.forward(20 * DAY)
    assert keep_clocks(bench.hub) == 1, "the council is told and nothing else"
    assert bench.states() == [("mentors", "routed")]
    bench.rows("UPDATE outbox SET lease_until = NULL")
    settle(bench)
    assert bench.states() == [("mentors", "returned"), ("neighbours", "offered")]


def test_a_bank_holiday_added_today_counts_at_once(new_bench: NewBench, tmp_path: Path) -> None:
    days = tmp_path / "days.toml"
    days.write_text("[england_and_wales]\nadded = []\n", encoding="utf-8")
    bench = new_bench(HUB_BANK_HOLIDAYS=str(days))
    bench.clock.stop_at(MONDAY)
    bench.refer(to=TO)
    settle(bench)
    bench.clock.forward(7 * DAY + 20 * HOUR)
    days.write_text("[england_and_wales]\nadded = [2027-02-09]\n", encoding="utf-8")
    bench.clock.forward(6 * HOUR)
    assert settle(bench) == 0
    assert only(bench.tasks())["step_at"] == datetime(2027, 2, 10, 10, tzinfo=UTC)
    days.write_text("added = [", encoding="utf-8")
    bench.clock.forward(DAY)
    assert settle(bench) == 1, "a file that became unreadable stops no clock"


def test_whose_bank_holidays_count_is_the_recipients(monday: Bench) -> None:
    bench = monday
    bench.rows(
        "UPDATE agency SET nation = 'northern_ireland' WHERE id = %s", bench.agencies["mentors"]
    )
    bench.clock.stop_at(datetime(2027, 3, 15, 10, tzinfo=UTC))
    bench.refer(to=TO)
    settle(bench)
    assert only(bench.tasks())["step_at"] == datetime(2027, 3, 24, 10, tzinfo=UTC)


def test_do_not_contact_the_person_silences_no_reminder_to_who_is_to_help(monday: Bench) -> None:
    bench = monday
    nobody = ContactDetails("07700 900123", None, frozenset(), frozenset(ContactMethod), None)
    for contact in (None, nobody):
        bench.refer(to=TO, **({"contact": contact} if contact else {}))
    settle(bench)
    pass_days(bench, 14)
    told = [steps(bench, row["id"]) for row in bench.table("referral")]
    assert told[0] == told[1]
    assert len(told[0]) == 3


def test_who_chose_mail_is_told_by_mail_without_a_word_about_anybody(
    new_bench: NewBench, mailbox: Mailbox
) -> None:
    bench = new_bench(HUB_SMTP_URL=mailbox.url)
    bench.clock.stop_at(MONDAY)
    for key in ("mentors", "surgery", "council"):
        bench.rows(
            "INSERT INTO agency_mail (agency_id, mail_address, code_hash, updated_at)"
            " VALUES (%s, %s, '', %s)",
            bench.agencies[key],
            f"{key}@example.org",
            MONDAY,
        )
    sent = bench.refer(to=("mentors", "council"))
    settle(bench)
    pass_days(bench, 11)
    bench.deliver()
    assert mailbox.to == ["mentors@example.org", "mentors@example.org", "council@example.org"]
    assert steps(bench) == [("remind", "told_recipient_mail"), ("escalate", "told_owner_mail")]
    for one, other in pairwise(mailbox.mails):
        assert one["Message-ID"] != other["Message-ID"]
    for raw in mailbox.raw:
        for word in (b"Quillfeather", b"Zebedee", sent.reference.encode()):
            assert word not in raw
    assert b"/link/" not in mailbox.raw[-1]
    assert mailbox.mails[-1]["Subject"] == "Something waits in the hub for you"
    pass_days(bench, 4)
    bench.deliver()
    told = [(to, mail["Subject"]) for to, mail in zip(mailbox.to, mailbox.mails, strict=True)]
    gone_on = "A referral that was with you has gone to somebody else"
    assert ("mentors@example.org", gone_on) in told[3:]
    assert ("council@example.org", "A referral is waiting for you") in told[3:]


def test_a_provider_that_closes_with_forty_open_people_leaves_none_of_them(monday: Bench) -> None:
    bench = monday
    for _ in range(40):
        bench.refer(to=TO)
    settle(bench)
    for task in bench.tasks()[:20]:
        accept(bench, "mentors", task["id"])
    bench.deliver()
    keep_clocks(bench.hub)
    bench.rows("UPDATE agency SET active = false WHERE id = %s", bench.agencies["mentors"])
    with counting(bench.hub.database) as statements:
        assert keep_clocks(bench.hub) == 40
    assert len(statements) <= 20, "as many statements as for one: no N+1"
    settle(bench)
    found = Counter(bench.states())
    assert found == {("mentors", "returned"): 40, ("neighbours", "offered"): 40}
