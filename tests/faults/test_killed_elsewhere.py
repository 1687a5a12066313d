"""Accepting, answering and rotating killed at every statement; workers side by side or asleep."""

from __future__ import annotations

import signal
from collections import Counter
from uuid import uuid4

import pytest

from referral_hub.services.deliver import drain
from referral_hub.services.release import open_task, view_own
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.submit_referral import submit_referral
from tests.faults.aftermath import (
    everything_arrived_once,
    give_the_worker_something_of_everything,
    nothing_left_without_its_entry,
    recover,
)
from tests.faults.example_partner import ExamplePartner
from tests.faults.nursery import Nursery
from tests.faults.striking import Strike
from tests.hub_bench import Bench, NewBench, only

pytestmark = pytest.mark.faults

KILLED = -signal.SIGKILL
STOPPED = -signal.SIGSTOP
WORKERS, REFERRALS = 4, 300


@pytest.mark.parametrize("at", ["before statement", "after statement"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_referral_whose_sending_was_killed_is_there_once_after_it_is_sent_again(
    bench: Bench, nursery: Nursery, at: str, count: int
) -> None:
    draft = uuid4()
    assert nursery.run(bench, "submit", draft=str(draft), strike=Strike(at, "", count)) == KILLED
    stored = len(bench.table("referral"))
    assert stored == (at == "after statement" and count == 2)
    again = submit_referral(bench.hub, bench.staff["gp"], bench.command(draft_id=draft))
    assert only(bench.table("referral"))["reference"] == again.reference
    bench.deliver()
    assert bench.states() == [("mentors", "offered")]
    assert bench.verify().ok


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_answer_that_was_killed_happened_entirely_or_not_at_all(
    bench: Bench, nursery: Nursery, count: int
) -> None:
    bench.refer(to=("mentors", "council"))
    bench.deliver()
    task_id = only(bench.tasks())["id"]
    strike = Strike("after statement", "", count)
    assert nursery.run(bench, "accept", task=str(task_id), strike=strike) == KILLED
    assert bench.states() == [("mentors", "offered")]
    assert bench.table("message") == []
    assert nursery.run(bench, "accept", task=str(task_id)) == 0
    assert nursery.run(bench, "accept", task=str(task_id)) == 0
    bench.deliver()
    opened = open_task(bench.hub, bench.staff["mentors"], task_id)
    assert [note.text for note in opened.messages] == ["Gladly"]
    assert opened.fields["contact.phone"] == "07700 900123"
    assert bench.verify().ok


@pytest.mark.parametrize("count", [2, 5, 9, 14])
def test_a_rotation_that_was_killed_goes_on_and_needs_no_old_root(
    new_bench: NewBench, nursery: Nursery, count: int
) -> None:
    bench = new_bench()
    for _ in range(3):
        bench.refer()
    bench.deliver()
    strike = Strike("after statement", "", count)
    assert nursery.run(bench, "rotate", fresh=True, strike=strike) == KILLED
    for referral in bench.table("referral"):
        assert view_own(bench.hub, bench.staff["gp"], referral["id"]).fields
    rotate_keys(bench.hub, fresh_root=False)
    (bench.directory / "keys" / "roots" / "root-1.key").unlink()
    assert nursery.run(bench, "drain") == 0
    for task in bench.tasks():
        assert open_task(bench.hub, bench.staff["mentors"], task["id"]).fields
    assert bench.verify().ok


def test_several_workers_drain_hundreds_of_deliveries_and_each_happens_once(
    bench: Bench, nursery: Nursery
) -> None:
    for _ in range(REFERRALS):
        bench.refer(to=("mentors", "council"))
    started = [nursery.start(bench, batch=7) for _ in range(WORKERS)]
    assert [nursery.ended(pid) for pid in started] == [0] * WORKERS
    assert Counter(bench.states()) == {("mentors", "offered"): REFERRALS}
    effects = Counter(row["effect_id"] for row in bench.table("release"))
    assert len(effects) == REFERRALS
    assert set(effects.values()) == {1}
    assert set(bench.outbox()) == {("offer", "delivered", None)}
    assert {row["attempts"] for row in bench.table("outbox")} == {1}
    released = bench.one("SELECT count(*) FROM log_entry WHERE type = 'release'")
    assert released == REFERRALS
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


@pytest.mark.parametrize(
    "where",
    [
        ("after call", "adapters.transports.https_push:HttpsPush.send", 1),
        ("before call", "referral_hub.store.disclosures:record", 1),
        ("after call", "referral_hub.services.disclose:_log", 1),
        ("after statement", "FOR UPDATE OF o SKIP LOCKED", 1),
    ],
    ids=["after a send", "before it stores", "after it logs", "after it claims"],
)
def test_a_worker_that_wakes_after_its_lease_is_over_changes_nothing(
    bench: Bench, partner: ExamplePartner, nursery: Nursery, where: tuple[str, str, int]
) -> None:
    give_the_worker_something_of_everything(bench)
    sleeper = nursery.start(bench, strike=Strike(*where, signal.SIGSTOP))
    assert nursery.ended(sleeper) == STOPPED
    recover(bench)
    everything_arrived_once(bench, partner)
    before = (bench.states(), bench.outbox())
    nursery.go_on(sleeper)
    assert nursery.ended(sleeper) == 0
    assert (bench.states(), bench.outbox()) == before
    nothing_left_without_its_entry(bench, partner)
    everything_arrived_once(bench, partner)


def test_a_dead_integrator_holds_nobody_up(bench: Bench, nursery: Nursery) -> None:
    bench.refer(to=("mentors", "council"))
    strike = Strike("after statement", "pg_advisory_lock(", 1)
    assert nursery.run(bench, strike=strike) == KILLED
    bench.refer(to=("mentors", "council"))
    drain(bench.hub)
    assert sorted(bench.states()) == [("mentors", "offered"), ("mentors", "routed")]
    assert bench.verify().ok
