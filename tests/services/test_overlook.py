"""The overlooking board shows what may go wrong, each for its reason, and to nobody else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import ClosingOutcome, DeclineReason, NeedCode, Role
from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.overlooking import LookReason, Worry
from referral_hub.errors import Forbidden, HubError
from referral_hub.services import overlook as module
from referral_hub.services.answer_task import answer_task, close_task
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.overlook import must_say_why, read_board, say_why
from referral_hub.services.read_referrals import read_referral
from tests.hub_bench import Bench, only
from tests.statements import counting

MONDAY = datetime(2027, 2, 1, 10, tzinfo=UTC)
DAY = timedelta(days=1)
TO = ("mentors", "neighbours", "council")


@pytest.fixture
def monday(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr("referral_hub.domain.ids._ORDER", itertools.count())
    bench.clock.stop_at(MONDAY)
    return bench


def worries(bench: Bench, by: str = "council") -> list[set[Worry]]:
    return [set(map(Worry, row.worries)) for row in read_board(bench.hub, bench.staff[by]).rows]


def refer(bench: Bench, to: tuple[str, ...] = TO, **changes: object) -> UUID:
    sent = bench.refer(to=to, **changes)
    bench.deliver()
    return sent.referral_id


def answer(bench: Bench, by: str, *, accept: bool, reason: DeclineReason | None = None) -> None:
    task = bench.tasks()[-1]["id"]
    answer_task(bench.hub, bench.staff[by], AnswerTask(task, accept, reason, None))
    bench.deliver()


def test_what_goes_as_it_should_worries_nobody(monday: Bench) -> None:
    refer(monday)
    assert worries(monday) == []
    assert set(read_board(monday.hub, monday.staff["council"]).counts.values()) == {0}


def test_an_overdue_answer_of_the_councils_own(monday: Bench) -> None:
    refer(monday, to=("council",), needs=(NeedCode.MONEY_BENEFITS,))
    monday.clock.forward(30 * DAY)
    keep_clocks(monday.hub)
    assert worries(monday) == [{Worry.OVERDUE}]


def test_refusals_and_persons_who_could_not_be_contacted(monday: Bench) -> None:
    refer(monday)
    answer(monday, "mentors", accept=False, reason=DeclineReason.CANNOT_CONTACT)
    assert worries(monday) == [{Worry.COULD_NOT_CONTACT}]
    answer(monday, "neighbours", accept=False, reason=DeclineReason.NO_CAPACITY)
    assert worries(monday) == [{Worry.COULD_NOT_CONTACT, Worry.REFUSED}]


def test_a_part_that_was_closed_because_nobody_was_reached_stays_for_a_month(monday: Bench) -> None:
    refer(monday)
    answer(monday, "mentors", accept=True)
    task = monday.tasks()[-1]["id"]
    ended = CloseTask(task, ClosingOutcome.COULD_NOT_CONTACT, False, "Three calls, no answer")
    close_task(monday.hub, monday.staff["mentors"], ended)
    assert worries(monday) == [{Worry.COULD_NOT_CONTACT}]
    monday.clock.forward(31 * DAY)
    assert worries(monday) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE agency SET insured_until = '2027-01-31' WHERE id = %s",
        "UPDATE agency SET active = false WHERE id = %s",
        "UPDATE service SET active = false WHERE agency_id = %s",
        "UPDATE service SET paused_until = '2027-02-01' WHERE agency_id = %s",
        "UPDATE service SET status = 'temporarily closed' WHERE agency_id = %s",
    ],
)
def test_a_provider_that_lapsed_while_it_helps(monday: Bench, change: str) -> None:
    refer(monday)
    answer(monday, "mentors", accept=True)
    monday.rows(change, monday.agencies["mentors"])
    assert Worry.PROVIDER_LAPSED in only(worries(monday))


def test_the_only_helper_and_something_essential_without_a_backup(monday: Bench) -> None:
    monday.rows("UPDATE service SET backup_service_id = NULL, missed_visit_alarm = false")
    refer(monday, ("neighbours", "council"), needs=(NeedCode.SHOPPING_MEALS,))
    while monday.states()[-1][0] != "neighbours":
        monday.rows("UPDATE service SET active = false WHERE agency_id = %s",
                    monday.tasks()[-1]["recipient_agency_id"])  # fmt: skip
        keep_clocks(monday.hub)
        monday.deliver()
    answer(monday, "neighbours", accept=True)
    assert Worry.NO_BACKUP in only(worries(monday))
    row = only(monday.table("referral"))
    plan = row["plan"]
    council = str(monday.agencies["council"])
    plan[0]["candidates"] = [
        one
        for one in plan[0]["candidates"]
        if one["agency"] in {str(monday.agencies["neighbours"]), council}
    ]
    import json

    monday.rows("UPDATE referral SET plan = %s", json.dumps(plan))
    assert {Worry.NO_BACKUP, Worry.SOLE_HELPER} <= only(worries(monday))


def test_what_is_on_hold_and_what_nobody_has(monday: Bench) -> None:
    refer(monday, ("library",))
    assert worries(monday) == [{Worry.HOLD}]
    refer(monday)
    task = monday.tasks()[-1]["id"]
    no = AnswerTask(task, False, DeclineReason.NO_CAPACITY, None)
    answer_task(monday.hub, monday.staff["mentors"], no)
    assert worries(monday) == [{Worry.HOLD}]
    monday.clock.forward(DAY)
    assert worries(monday) == [{Worry.HOLD}, {Worry.NOBODY}]
    monday.rows("UPDATE outbox SET state = 'dead' WHERE kind = 'advance'")
    assert worries(monday) == [{Worry.HOLD}, {Worry.NOBODY}]


def test_pages_follow_each_other_and_cost_two_statements(
    monday: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for _ in range(5):
        refer(monday, ("library",))
    council, seen, after = monday.staff["council"], [], None
    while True:
        with counting(monday.hub.database) as statements:
            found = read_board(monday.hub, council, worry=Worry.HOLD, after=after)
        assert len(statements) <= 3, "the agency, the page, the counts"
        seen += [row.task_id for row in found.rows]
        after = found.next
        if after is None:
            break
    assert seen == [row["id"] for row in monday.tasks()]
    assert found.counts[Worry.HOLD] == 5
    assert read_board(monday.hub, council, worry=Worry.OVERDUE).rows == []


def test_only_the_accountable_council_sees_it(monday: Bench) -> None:
    refer(monday, ("library",))
    for who in ("gp", "mentors", "council-dpo", "council-admin"):
        with pytest.raises(Forbidden):
            read_board(monday.hub, monday.staff[who])
    elsewhere = Actor(uuid4(), monday.agencies["fire"], Role.COUNCIL_OFFICER)
    assert read_board(monday.hub, elsewhere).rows == []


def test_whoever_looks_beyond_its_own_cases_says_why_and_it_is_logged(monday: Bench) -> None:
    sent = refer(monday)
    council = monday.staff["council"]
    view = read_referral(monday.hub, council, sent)
    assert must_say_why(monday.hub, council, view)
    say_why(monday.hub, council, sent, LookReason.PERSON_ASKED)
    assert not must_say_why(monday.hub, council, view)
    colleague = Actor(uuid4(), council.agency_id, Role.COUNCIL_OFFICER)
    assert must_say_why(monday.hub, colleague, view), "each says it for herself"
    monday.clock.forward(timedelta(minutes=61))
    assert must_say_why(monday.hub, council, view)
    logged = only(monday.rows("SELECT entry FROM log_entry WHERE type = 'view'"))
    assert b'"reason":"person_asked"' in bytes(logged["entry"])
    for who in ("gp", "mentors", "hill-gp"):
        with pytest.raises(HubError):
            say_why(monday.hub, monday.staff[who], sent, LookReason.SAMPLE)
    assert monday.verify().ok


def test_what_is_with_the_council_or_was_sent_by_it_is_its_own(monday: Bench) -> None:
    sent = refer(monday, ("council",), needs=(NeedCode.MONEY_BENEFITS,))
    council = monday.staff["council"]
    assert not must_say_why(monday.hub, council, read_referral(monday.hub, council, sent))
    own = refer(monday, ("neighbours", "council"), by="council")
    assert not must_say_why(monday.hub, council, read_referral(monday.hub, council, own))
