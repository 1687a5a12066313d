"""How many statements a use case costs, and that lists do not cost more for more rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from referral_hub.domain.codes import DeclineReason, NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.services.answer_task import answer_task
from referral_hub.services.oversee import list_undelivered, open_referrals
from referral_hub.services.read_referrals import list_referrals, read_referral
from referral_hub.services.release import open_task, view_own
from referral_hub.services.task_inbox import list_tasks, read_task
from referral_hub.store.direct import Link
from tests.hub_bench import Bench, nhs_number
from tests.statements import counting

EVERY_NEED = tuple(NeedCode)


def _count(bench: Bench, work: Callable[[], object]) -> int:
    with counting(bench.hub.database) as seen:
        work()
    return len(seen)


def test_accepting_a_referral_is_one_read_and_one_write(bench: Bench) -> None:
    bench.refer()
    for needs in ((NeedCode.LONELY,), EVERY_NEED):
        with counting(bench.hub.database) as seen:
            bench.refer(needs=needs)
        assert len(seen) == 2
        read, write = seen
        assert "INSERT" not in read
        assert write.count("INSERT INTO") >= 8


def test_accepting_about_a_known_person_is_one_read_and_one_write(bench: Bench) -> None:
    person = {"nhs_number": nhs_number(77)}
    bench.refer(person=person)
    assert _count(bench, lambda: bench.refer(person=person)) == 2
    assert bench.one("SELECT count(*) FROM subject") == 1


def test_accepting_is_two_transactions_of_one_statement_each(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.refer()
    counted = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
    flush = "SELECT pg_stat_force_next_flush()"
    bench.rows(flush)
    before = bench.one(counted)
    statuses = []
    run = Link.run

    def noting(link: Link, *arguments: Any) -> Any:
        statuses.append((link._connection.autocommit, link.in_transaction))
        return run(link, *arguments)

    monkeypatch.setattr(Link, "run", noting)
    bench.refer()
    assert statuses == [(True, False), (True, False)]
    assert bench.one(counted) >= before


LISTS: dict[str, Callable[[Bench], object]] = {
    "a sender's referrals": lambda b: list_referrals(b.hub, b.staff["gp"]),
    "a recipient's tasks": lambda b: list_tasks(b.hub, b.staff["neighbours"]),
    "what the council looks after": lambda b: open_referrals(b.hub, b.staff["council"]),
    "what could not be delivered": lambda b: list_undelivered(b.hub, b.staff["council"]),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_many_rows_it_shows(bench: Bench, name: str) -> None:
    listed = LISTS[name]
    bench.refer(to=("neighbours", "council"))
    bench.deliver()
    few = _count(bench, lambda: listed(bench))
    for _ in range(12):
        bench.refer(needs=EVERY_NEED, to=("neighbours", "council", "mentors"))
    bench.rows("UPDATE outbox SET state = 'dead' WHERE kind = 'offer' AND slot = 3")
    bench.deliver()
    assert _count(bench, lambda: listed(bench)) == few <= 4


def test_a_referral_costs_the_same_however_many_slots_it_has(bench: Bench) -> None:
    gp = bench.staff["gp"]
    small = bench.refer(to=("mentors", "council")).referral_id
    large = bench.refer(needs=EVERY_NEED, to=("mentors", "council", "neighbours")).referral_id
    bench.deliver()
    assert _count(bench, lambda: read_referral(bench.hub, gp, small)) == _count(
        bench, lambda: read_referral(bench.hub, gp, large)
    )
    assert _count(bench, lambda: view_own(bench.hub, gp, small)) == _count(
        bench, lambda: view_own(bench.hub, gp, large)
    )


def test_opening_and_reading_a_task_cost_a_fixed_number(bench: Bench) -> None:
    bench.refer(to=("mentors", "council"))
    bench.deliver()
    mentors, task_id = bench.staff["mentors"], bench.tasks()[0]["id"]
    assert _count(bench, lambda: read_task(bench.hub, mentors, task_id)) <= 4
    open_task(bench.hub, mentors, task_id)  # the first look also notes that it is one
    opened = _count(bench, lambda: open_task(bench.hub, mentors, task_id))
    bench.refer(needs=EVERY_NEED, to=("mentors", "council"))
    bench.deliver()
    assert _count(bench, lambda: open_task(bench.hub, mentors, task_id)) == opened


def test_draining_a_batch_costs_the_same_for_one_delivery_and_for_forty(bench: Bench) -> None:
    bench.refer(to=("mentors", "council"))
    one = _count(bench, bench.deliver)
    for _ in range(40):
        bench.refer(to=("mentors", "council"))
    assert _count(bench, bench.deliver) == one


def test_moving_on_costs_the_same_for_each_slot(bench: Bench) -> None:
    neighbours = bench.staff["neighbours"]
    costs = []
    for _ in range(3):
        bench.refer(to=("neighbours", "council"))
        bench.deliver()
        task = bench.tasks()[-1]
        no = AnswerTask(task["id"], False, DeclineReason.OUT_OF_AREA, None)
        answer_task(bench.hub, neighbours, no)
        bench.clock.forward(timedelta(seconds=1))
        costs.append(_count(bench, bench.deliver))
    assert len(set(costs)) == 1
