"""The accountable council takes, routes, asks, holds, closes and takes back; nobody else does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from referral_hub.domain.codes import ClosingOutcome
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict, Forbidden, HubError, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task, close_task
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.release import open_task, view_own
from referral_hub.services.rotate_keys import rotate_keys
from referral_hub.services.steer import Steer, Steering, possible_for_owner, steer
from referral_hub.store import referrals
from tests.hub_bench import GARDEN, Bench, only
from tests.services.partners import PartnerSystem

MONDAY = datetime(2027, 2, 1, 10, tzinfo=UTC)
TO = ("mentors", "neighbours", "council")
WHY = "They have not answered the telephone for a week"


@pytest.fixture
def offered(bench: Bench) -> Bench:
    bench.clock.stop_at(MONDAY)
    bench.refer(to=TO)
    bench.deliver()
    return bench


def task_of(bench: Bench, number: int = -1) -> UUID:
    return UUID(str(bench.tasks()[number]["id"]))


def wanted(bench: Bench, why: str = WHY, position: int | None = None) -> Steer:
    row = bench.tasks()[-1]
    return Steer(row["id"], row["version"], why, position)


def do(bench: Bench, what: Steering, by: str = "council", **changes: object) -> TaskState:
    made = wanted(bench, **changes)  # type: ignore[arg-type]  # handed on as they came
    return steer(bench.hub, bench.staff[by], what, made)


def accept(bench: Bench) -> None:
    answer_task(bench.hub, bench.staff["mentors"], AnswerTask(task_of(bench), True, None, None))
    bench.deliver()


def possible(bench: Bench) -> set[Steering]:
    with bench.hub.database.acting_for(bench.agencies["council"]) as connection:
        return set(possible_for_owner(referrals.task(connection, task_of(bench))))


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize(
    ("what", "position", "then"),
    [
        (Steering.TAKE, None, "council"),
        (Steering.TAKE_BACK, None, "neighbours"),
        (Steering.ROUTE, 1, "neighbours"),
        (Steering.ROUTE, 2, "council"),
    ],
)
def test_the_turn_ends_and_whom_the_council_chose_is_asked_by_a_fresh_decision(
    offered: Bench, accepted: bool, what: Steering, position: int | None, then: str
) -> None:
    bench = offered
    if accepted:
        accept(bench)
    first = task_of(bench)
    assert do(bench, what, position=position) is TaskState.RETURNED
    bench.deliver()
    assert bench.states() == [("mentors", "returned"), (then, "offered")]
    with pytest.raises(HubError):
        open_task(bench.hub, bench.staff["mentors"], first)
    with pytest.raises(Conflict):
        answer_task(bench.hub, bench.staff["mentors"], AnswerTask(first, True, None, None))
    sent = only(bench.table("referral"))["id"]
    notes = view_own(bench.hub, bench.staff["gp"], sent).messages
    assert [(note.kind, note.text) for note in notes] == [("steered", WHY)]
    decisions = bench.rows("SELECT id FROM log_entry WHERE type = 'decision'")
    assert len(decisions) == 2, "consent was asked anew for whoever comes next"
    assert bench.verify().ok


def test_whom_consent_does_not_permit_the_council_cannot_choose(bench: Bench) -> None:
    bench.clock.stop_at(MONDAY)
    bench.refer(to=("mentors", "council"))
    bench.deliver()
    do(bench, Steering.ROUTE, position=1)
    bench.deliver()
    assert bench.states() == [("mentors", "returned"), ("council", "offered")]
    names = bench.rows("SELECT id FROM release WHERE recipient_agency_id = %s",
                       bench.agencies["neighbours"])  # fmt: skip
    assert names == []


def test_what_is_held_can_be_taken_asked_about_and_closed(bench: Bench) -> None:
    bench.clock.stop_at(MONDAY)
    bench.refer(to=("library", "council"))
    bench.deliver()
    if bench.states() == [("council", "offered")]:
        return
    assert possible(bench) == {Steering.TAKE, Steering.ROUTE, Steering.ASK, Steering.CLOSE}
    do(bench, Steering.TAKE)
    bench.deliver()
    assert bench.states()[-1][0] == "council"


def test_a_pause_by_the_council_and_going_on(offered: Bench) -> None:
    bench = offered
    accept(bench)
    assert do(bench, Steering.HOLD) is TaskState.ON_HOLD
    assert do(bench, Steering.RESUME) is TaskState.IN_PROGRESS


def test_asking_is_a_message_without_content_once_a_day(offered: Bench) -> None:
    bench = offered
    assert do(bench, Steering.ASK, why="") is TaskState.OFFERED
    with pytest.raises(Conflict, match="less than a day"):
        do(bench, Steering.ASK, why="")
    bench.clock.forward(timedelta(hours=21))
    do(bench, Steering.ASK, why="")
    asked = bench.rows("SELECT reason, entry_id FROM task_event WHERE event = 'inquire'")
    assert [row["reason"] for row in asked] == ["asked_recipient"] * 2
    keep_clocks(bench.hub)
    assert only(bench.tasks())["step_at"] == MONDAY + timedelta(days=8), "its clock is as it was"
    assert bench.verify().ok


def test_of_questions_at_once_one_is_asked(offered: Bench) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(do, offered, Steering.ASK, why="") for _ in range(4)]
    assert sorted(isinstance(one.exception(), Conflict) for one in asked) == [False, *[True] * 3]


@pytest.mark.parametrize("what", [Steering.TAKE, Steering.TAKE_BACK])
def test_what_is_being_sent_stays_and_what_is_unsent_is_not_sent_any_more(
    bench: Bench, time_bank: PartnerSystem, what: Steering
) -> None:
    bench.clock.stop_at(MONDAY)
    bench.refer(needs=GARDEN, to=("time_bank", "council"))
    bench.rows("UPDATE outbox SET lease_until = %s", MONDAY + timedelta(minutes=1))
    with pytest.raises(Conflict, match="being sent"):
        do(bench, what)
    assert bench.states() == [("time_bank", "routed")]
    bench.rows("UPDATE outbox SET lease_until = NULL")
    assert do(bench, what) is TaskState.RETURNED
    bench.deliver()
    assert time_bank.documents == []
    assert bench.states() == [("time_bank", "returned"), ("council", "offered")]


def test_whom_it_reached_after_it_was_taken_back_is_told_to_stop(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    bench.refer(needs=GARDEN, to=("time_bank", "council"))

    def lease_ends_and_it_is_taken_back() -> None:
        time_bank.during = None
        bench.rows("UPDATE outbox SET lease_until = NULL")
        do(bench, Steering.TAKE_BACK)

    time_bank.during = lease_ends_and_it_is_taken_back
    bench.deliver()
    assert bench.states()[0] == ("time_bank", "returned")
    assert [one["kind"] for one in time_bank.documents] == ["offer", "refusal"]
    assert bench.disclosures_without_entry() == []


def test_whom_it_did_not_reach_gets_no_mail_and_no_key_to_the_words(bench: Bench) -> None:
    sent = bench.refer(to=TO)
    assert do(bench, Steering.TAKE) is TaskState.RETURNED
    note = only(bench.table("message"))
    assert bytes(note["wrapped_for_recipient"]) == b""
    assert "reminder" not in {kind for kind, _, _ in bench.outbox()}
    rotate_keys(bench.hub, fresh_root=True)
    notes = view_own(bench.hub, bench.staff["gp"], sent.referral_id).messages
    assert [one.text for one in notes] == [WHY]


def test_closing_keeps_the_written_reason_for_the_sender(offered: Bench) -> None:
    bench = offered
    accept(bench)
    closing = CloseTask(task_of(bench), ClosingOutcome.COULD_NOT_CONTACT, False, WHY)
    assert close_task(bench.hub, bench.staff["council"], closing) is TaskState.CLOSED
    sent = only(bench.table("referral"))["id"]
    notes = view_own(bench.hub, bench.staff["gp"], sent).messages
    assert [(note.kind, note.text) for note in notes] == [("outcome", WHY)]


def test_what_is_the_councils_own_is_neither_taken_back_nor_passed_on(offered: Bench) -> None:
    bench = offered
    do(bench, Steering.TAKE)
    bench.deliver()
    assert possible(bench) == set()
    for what in Steering:
        with pytest.raises(Conflict):
            do(bench, what, position=0)


def test_words_and_a_place_are_asked_for(offered: Bench) -> None:
    for why in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput, match="why"):
            do(offered, Steering.TAKE, why=why)
    for position in (None, -1, 0, 9):
        with pytest.raises(InvalidInput, match="position"):
            do(offered, Steering.ROUTE, position=position)


def test_a_page_that_is_out_of_date_changes_nothing(offered: Bench) -> None:
    stale = wanted(offered)
    accept(offered)
    with pytest.raises(Conflict, match="moved on"):
        steer(offered.hub, offered.staff["council"], Steering.TAKE, stale)


@pytest.mark.parametrize("what", Steering)
def test_only_the_accountable_council_steers(offered: Bench, what: Steering) -> None:
    for who in ("gp", "mentors", "neighbours", "council-admin", "council-dpo"):
        with pytest.raises((Forbidden, NotFound)):
            do(offered, what, by=who, position=1)
    with pytest.raises((Forbidden, NotFound)):
        do(offered, what, by="hill-gp", position=1)
