"""Withdrawal stops everything unsent at once, tells who was told, and lists what went."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from consent.model import EventState
from referral_hub.domain.codes import DeclineReason, NeedCode
from referral_hub.domain.commands import AnswerTask
from referral_hub.errors import Conflict, HubError, NotFound
from referral_hub.services.acknowledge import acknowledge
from referral_hub.services.advance import advance_slot
from referral_hub.services.answer_task import answer_task
from referral_hub.services.put_right import record_agreement
from referral_hub.services.release import open_task
from referral_hub.services.withdraw import Withdrawn, withdraw_agreement
from referral_hub.store import outbox, withdrawals
from tests.hub_bench import GARDEN, Bench, nhs_number, only
from tests.services.partners import PartnerSystem

WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
SECOND = timedelta(seconds=1)
LEASE = timedelta(seconds=90)


def withdraw(bench: Bench, referral_id: UUID, by: str = "gp") -> Withdrawn:
    return withdraw_agreement(bench.hub, bench.staff[by], referral_id)


def test_what_was_not_sent_is_never_sent(bench: Bench) -> None:
    sent = bench.refer(needs=(NeedCode.LONELY, NeedCode.EQUIPMENT), to=("mentors", "council"))
    withdrawn = withdraw(bench, sent.referral_id)
    assert sorted(withdrawn.stopped) == ["Common Ground Peer Mentors", "Mereford Council"]
    assert withdrawn.told == withdrawn.already_disclosed == ()
    bench.deliver()
    assert bench.table("release") == []
    assert {state for _, state in bench.states()} == {"withdrawn"}
    assert set(bench.outbox()) == {("offer", "cancelled", "withdrawn")}


def test_who_has_it_is_told_and_can_no_longer_open_it(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    task_id = only(bench.tasks())["id"]
    withdrawn = withdraw(bench, sent.referral_id)
    assert withdrawn.told == ("Common Ground Peer Mentors",)
    assert withdrawn.stopped == ()
    (went,) = withdrawn.already_disclosed
    assert went.stage == "offer"
    assert "identity.first_name" in went.field_ids
    with pytest.raises(HubError):
        open_task(bench.hub, bench.staff["mentors"], task_id)
    bench.deliver()
    assert bench.outbox()[-1] == ("notification", "delivered", None)
    told = bench.rows("SELECT outcome, seq FROM log_entry WHERE type = 'withdrawal' ORDER BY id")
    assert [row["outcome"] for row in told] == ["withdrawn", "told"]
    assert all(row["seq"] is not None for row in told)


def test_further_fields_do_not_follow_an_accept_that_was_overtaken(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    mentors, task_id = bench.staff["mentors"], only(bench.tasks())["id"]
    answer_task(bench.hub, mentors, AnswerTask(task_id, True, None, None))
    withdraw(bench, sent.referral_id)
    bench.deliver()
    assert [row["stage"] for row in bench.table("release")] == ["offer"]


def test_a_plan_that_was_about_to_move_on_stops(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    no = AnswerTask(only(bench.tasks())["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff["mentors"], no)
    withdraw(bench, sent.referral_id)
    bench.deliver()
    assert bench.states() == [("mentors", "declined")]


def test_whoever_declined_or_has_finished_is_told_as_well(bench: Bench) -> None:
    sent = bench.refer()
    bench.deliver()
    no = AnswerTask(only(bench.tasks())["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff["mentors"], no)
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("neighbours", "offered")]
    withdrawn = withdraw(bench, sent.referral_id)
    assert len(withdrawn.told) == 2
    assert withdrawn.stopped == ()
    bench.deliver()
    told = {row["recipient_agency_id"] for row in bench.table("notification") if row["told_at"]}
    assert told == {bench.agencies["mentors"], bench.agencies["neighbours"]}
    assert bench.states() == [("mentors", "declined"), ("neighbours", "withdrawn")]
    for row in bench.table("notification"):
        by = next(key for key, one in bench.agencies.items() if one == row["recipient_agency_id"])
        acknowledge(bench.hub, bench.staff[by], row["id"])
    assert {row["state"] for row in bench.table("notification")} == {"acknowledged"}


def test_withdrawing_twice_or_from_elsewhere_is_refused(bench: Bench) -> None:
    sent = bench.refer()
    with pytest.raises(NotFound):
        withdraw(bench, sent.referral_id, by="hill-gp")
    withdraw(bench, sent.referral_id, by="nurse")
    with pytest.raises(Conflict, match="withdrawn already"):
        withdraw(bench, sent.referral_id)


def test_of_withdrawals_at_once_one_is_recorded_and_the_others_are_told_so(bench: Bench) -> None:
    for _ in range(4):
        sent = bench.refer()
        with ThreadPoolExecutor(4) as pool:
            presses = [pool.submit(withdraw, bench, sent.referral_id) for _ in range(4)]
        refused = [isinstance(press.exception(), Conflict) for press in presses]
        assert sorted(refused) == [False, True, True, True]
        said = bench.rows(
            "SELECT id FROM consent_event WHERE referral_id = %s AND state = 'withdrawn'",
            sent.referral_id,
        )
        assert len(said) == 1


def test_nothing_put_right_revives_a_withdrawn_referral(bench: Bench) -> None:
    sent = bench.refer(to=())
    withdraw(bench, sent.referral_id)
    with pytest.raises(Conflict, match="Start a new referral"):
        record_agreement(bench.hub, bench.staff["gp"], sent.referral_id, bench.agreed(("mentors",)))


def test_a_new_agreement_for_the_same_person_does_not_send_the_withdrawn_referral(
    bench: Bench,
) -> None:
    person = {"nhs_number": nhs_number(3)}
    old = bench.refer(person=person)
    withdraw(bench, old.referral_id)
    bench.clock.forward(SECOND)
    new = bench.refer(person=person)
    bench.deliver()
    assert bench.states(old.referral_id) == [("mentors", "withdrawn")]
    assert bench.states(new.referral_id) == [("mentors", "offered")]
    assert {row["referral_id"] for row in bench.table("release")} == {new.referral_id}


def test_a_slot_that_moves_on_while_the_person_withdraws_is_withdrawn_as_well(
    bench: Bench,
) -> None:
    """The worker has the slot in its hands; whichever commits first, nothing is left on its way."""
    person, deadlocks = {"nhs_number": nhs_number(4)}, bench.one(DEADLOCKS)
    for _ in range(4):
        sent = bench.refer(person=person)
        bench.deliver()
        task = bench.tasks(sent.referral_id)[0]
        no = AnswerTask(task["id"], False, DeclineReason.NO_CAPACITY, None)
        answer_task(bench.hub, bench.staff["mentors"], no)
        with bench.hub.database.one_worker_statement() as connection:
            (claim,) = outbox.claim(connection, at=bench.clock(), most=1, lease=LEASE)
        with ThreadPoolExecutor(2) as pool:
            moving = pool.submit(advance_slot, bench.hub, claim)
            withdrawing = pool.submit(withdraw, bench, sent.referral_id)
            moving.result()
            withdrawing.result()
        bench.clock.forward(SECOND)
        bench.refer(person=person)
        bench.deliver()
        active = {"routed", "offered", "held"}
        assert not [s for _, s in bench.states(sent.referral_id) if s in active]
    assert bench.one(DEADLOCKS) == deadlocks


def test_a_delivery_and_a_withdrawal_take_their_locks_in_one_order(bench: Bench) -> None:
    """The withdrawal has its tasks, the worker arrives, the withdrawal goes on to the outbox."""
    sent = bench.refer()
    with ThreadPoolExecutor(1) as pool:
        with bench.hub.database.acting_for(bench.agencies["surgery"]) as connection:
            withdrawals.lock_tasks(connection, sent.referral_id)
            delivering = pool.submit(bench.deliver)
            while not bench.one(WAITING):
                assert not delivering.done()
            withdrawals.cancel_unsent(connection, sent.referral_id, bench.clock())
        delivering.result()
    assert bench.outbox() == [("offer", "cancelled", "withdrawn")]
    assert bench.table("release") == []


def test_withdrawing_while_a_worker_delivers_never_deadlocks_and_leaves_nothing_half_done(
    bench: Bench,
) -> None:
    deadlocks = bench.one(DEADLOCKS)
    for _ in range(8):
        sent = bench.refer(needs=(NeedCode.LONELY, NeedCode.EQUIPMENT, NeedCode.CANNOT_GET_OUT))
        with ThreadPoolExecutor(2) as pool:
            delivering = pool.submit(bench.deliver)
            withdrawing = pool.submit(withdraw, bench, sent.referral_id)
            delivering.result()
            withdrawn = withdrawing.result()
        bench.clock.forward(LEASE + SECOND)
        bench.deliver()
        rows = bench.rows(
            "SELECT t.id, t.state, t.released_at, count(r.id) AS releases FROM task t"
            " LEFT JOIN release r ON r.task_id = t.id WHERE t.referral_id = %s GROUP BY t.id",
            sent.referral_id,
        )
        assert {row["state"] for row in rows} == {"withdrawn"}
        went = sum(row["releases"] for row in rows)
        assert went == len(withdrawn.already_disclosed)
    assert bench.one(DEADLOCKS) == deadlocks
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


def test_bytes_that_left_as_the_person_withdrew_are_recorded_and_the_recipient_is_told(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    sent = bench.refer(needs=GARDEN, to=("time_bank",))
    result: list[Withdrawn] = []
    time_bank.during = lambda: (
        result.append(withdraw(bench, sent.referral_id)) if not result else None
    )
    bench.deliver()
    assert result[0].told == ("Mereford Time Bank",)
    assert len(bench.table("release")) == 1
    assert bench.states() == [("time_bank", "withdrawn")]
    bench.clock.forward(LEASE + SECOND)
    bench.deliver()
    kinds = [document["kind"] for document in time_bank.documents]
    assert kinds[0] == "offer"
    assert set(kinds[1:]) == {"withdrawal"}
    assert time_bank.documents[-1]["fields"] == {}
    assert bench.disclosures_without_entry() == []


def test_the_telling_of_a_withdrawal_does_not_overtake_the_referral(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    """A worker holds the delivery and is asleep; until its lease is over nothing is said."""
    sent = bench.refer(needs=GARDEN, to=("time_bank",))
    with bench.hub.database.one_worker_statement() as connection:
        assert outbox.claim(connection, at=bench.clock(), most=1, lease=LEASE)
    assert withdraw(bench, sent.referral_id).told == ("Mereford Time Bank",)
    bench.deliver()
    assert time_bank.documents == []
    bench.clock.forward(LEASE + SECOND)
    bench.deliver()
    assert [document["kind"] for document in time_bank.documents] == ["withdrawal"]


def test_the_message_about_a_withdrawal_holds_a_reference_and_nothing_of_the_person(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    sent = bench.refer(needs=GARDEN, to=("time_bank",))
    bench.deliver()
    withdraw(bench, sent.referral_id)
    bench.deliver()
    offer, withdrawal = time_bank.documents
    assert offer["fields"]
    assert withdrawal["fields"] == {}
    assert withdrawal["reference"] == sent.reference
    text = str(withdrawal)
    assert not [word for word in ("Zebedee", "MF-HAR", "garden") if word in text]


EXPIRY = [
    pytest.param(-SECOND, "offered", id="a second before"),
    pytest.param(timedelta(0), "withheld", id="at the very instant"),
    pytest.param(SECOND, "withheld", id="a second after"),
]


def _ends_at(bench: Bench, what: str) -> datetime:
    ends = bench.clock() + timedelta(hours=1)
    table = {
        "the person's agreement": "consent_event",
        "the agencies' agreement": "sharing_agreement",
    }
    for name in (table[what],):
        bench.rows(f"UPDATE {name} SET valid_until = %s", ends)  # noqa: S608 - a name from this file
    return ends


@pytest.mark.parametrize(("off", "state"), EXPIRY)
@pytest.mark.parametrize("what", ["the person's agreement", "the agencies' agreement"])
def test_what_ends_between_accepting_and_sending_is_decided_by_the_second(
    bench: Bench, what: str, off: timedelta, state: str
) -> None:
    bench.refer(to=("mentors",))
    bench.clock.stop_at(_ends_at(bench, what) + off)
    bench.deliver()
    assert bench.states()[0] == ("mentors", state)
    assert len(bench.table("release")) == (state == "offered")
    if state == "withheld":
        assert bench.states()[1:] == [("mentors", "held")]
        reason = bench.tasks()[0]["reason"]
        assert reason in {"consent_expired", "agreement_out_of_date"}


@pytest.mark.parametrize(("off", "state"), EXPIRY)
def test_what_ends_before_a_look_is_not_shown(bench: Bench, off: timedelta, state: str) -> None:
    bench.refer(to=("mentors",))
    bench.deliver()
    ends = _ends_at(bench, "the person's agreement")
    bench.clock.stop_at(ends + off)
    mentors, task_id = bench.staff["mentors"], only(bench.tasks())["id"]
    if state == "offered":
        assert open_task(bench.hub, mentors, task_id).until == ends
    else:
        with pytest.raises(HubError, match=r"\w"):
            open_task(bench.hub, mentors, task_id)
        last = bench.rows("SELECT type, outcome FROM log_entry ORDER BY id DESC LIMIT 1")
        assert only(last) == {"type": "decision", "outcome": "refuse"}


def test_a_refusal_recorded_after_accepting_stops_the_sending(bench: Bench) -> None:
    sent = bench.refer(to=("mentors", "neighbours"))
    bench.clock.forward(SECOND)
    no = bench.agreed(("mentors",), state=EventState.REFUSED)
    record_agreement(bench.hub, bench.staff["gp"], sent.referral_id, no)
    bench.deliver()
    assert bench.states() == [("mentors", "withheld"), ("neighbours", "offered")]


def test_a_recipient_that_left_between_accepting_and_sending_gets_nothing(bench: Bench) -> None:
    bench.refer(to=("mentors", "neighbours"))
    bench.rows("UPDATE agency SET active = false WHERE id = %s", bench.agencies["mentors"])
    bench.deliver()
    assert bench.states() == [("mentors", "withheld"), ("neighbours", "offered")]
