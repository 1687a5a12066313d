"""Deliveries that are held back, by people or by a breaker: they wait, and nothing is lost.

The partner's system is a real server on this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from referral_hub.domain.deliveries import Way
from referral_hub.errors import Conflict, Forbidden, NotFound
from referral_hub.outbox.breaker import OPENS_AFTER, BreakerState
from referral_hub.services.deliver import drain
from referral_hub.services.deliveries import (
    Destination,
    overview,
    replay_agency,
    start_agency,
    start_way,
    stop_agency,
    stop_way,
    whole_overview,
)
from referral_hub.services.oversee import list_undelivered
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.release import open_task
from tests.hub_bench import GARDEN, Bench, only
from tests.services.partners import PartnerSystem, partner_system

A_REST = timedelta(seconds=31)
LONG = timedelta(hours=5)


@pytest.fixture
def time_bank(bench: Bench) -> Iterator[PartnerSystem]:
    with partner_system() as partner:
        partner.register(bench)
        yield partner


def refer(bench: Bench, count: int = 1) -> None:
    for _ in range(count):
        bench.refer(needs=GARDEN, to=("time_bank",))


def fail(partner: PartnerSystem, times: int, status: int = 503) -> None:
    partner.answers.extend((status, {}) for _ in range(times))


def open_breaker(bench: Bench, partner: PartnerSystem) -> None:
    """Let the time bank fail until it is left alone; one delivery waits for it."""
    fail(partner, OPENS_AFTER)
    refer(bench)
    for _ in range(OPENS_AFTER):
        bench.deliver()
        bench.rows("UPDATE outbox SET due_at = now() WHERE state = 'due'")
        bench.clock.forward(timedelta(seconds=1))
    assert row_of(bench).breaker is BreakerState.OPEN


def row_of(bench: Bench, name: str = "time_bank") -> Destination:
    found = overview(bench.hub, bench.staff["council-admin"]).destinations
    return only([row for row in found if row.agency.agency_id == bench.agencies[name]])


def attempts(bench: Bench) -> list[int]:
    return [row["attempts"] for row in bench.rows("SELECT attempts FROM outbox ORDER BY id")]


def admin_entries(bench: Bench) -> list[str]:
    rows = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'deliveries%%' ORDER BY id")
    return [row["outcome"] for row in rows]


def test_five_failures_leave_a_destination_alone_and_its_deliveries_keep_their_tries(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    open_breaker(bench, time_bank)
    refer(bench, 3)
    before = attempts(bench)
    assert drain(bench.hub) == 0
    assert attempts(bench) == before
    assert time_bank.documents == []
    assert row_of(bench).waiting == 4


def test_one_probe_goes_out_after_the_rest_and_success_brings_all_the_others(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    open_breaker(bench, time_bank)
    refer(bench, 3)
    bench.clock.forward(A_REST)
    bench.deliver()
    assert len(time_bank.documents) == 4
    assert row_of(bench).breaker is BreakerState.CLOSED
    assert row_of(bench).waiting == 0


def test_a_failed_probe_costs_one_try_of_one_delivery(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    open_breaker(bench, time_bank)
    refer(bench, 3)
    before = attempts(bench)
    fail(time_bank, 1)
    bench.clock.forward(A_REST)
    bench.deliver()
    assert sum(attempts(bench)) == sum(before) + 1
    assert row_of(bench).breaker is BreakerState.OPEN
    assert bench.one("SELECT failures FROM delivery_breaker") == OPENS_AFTER + 1


def test_two_workers_do_not_probe_at_once(bench: Bench, time_bank: PartnerSystem) -> None:
    from referral_hub.services.deliver import LEASE
    from referral_hub.store import outbox

    open_breaker(bench, time_bank)
    refer(bench, 3)
    bench.clock.forward(A_REST)
    at = bench.clock()
    with bench.hub.database.one_worker_statement() as connection:
        first = outbox.claim_probes(connection, at=at, lease=LEASE)
        second = outbox.claim_probes(connection, at=at, lease=LEASE)
    assert (len(first), len(second)) == (1, 0)


def test_other_destinations_are_served_while_one_is_left_alone(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    open_breaker(bench, time_bank)
    bench.refer(to=("neighbours",))
    bench.deliver()
    assert bench.states()[-1] == ("neighbours", "offered")


def test_a_refusal_is_an_answer_and_opens_nothing(bench: Bench, time_bank: PartnerSystem) -> None:
    fail(time_bank, OPENS_AFTER + 1, status=422)
    refer(bench, OPENS_AFTER + 1)
    bench.deliver()
    assert row_of(bench).breaker is BreakerState.CLOSED
    assert row_of(bench).need_a_person == OPENS_AFTER + 1


@pytest.mark.usefixtures("time_bank")
@pytest.mark.parametrize("transport", ["time_bank", "neighbours"])
def test_a_stopped_agency_gets_nothing_until_it_is_started(bench: Bench, transport: str) -> None:
    admin, agency = bench.staff["council-admin"], bench.agencies[transport]
    stop_agency(bench.hub, admin, agency)
    stop_agency(bench.hub, admin, agency)
    bench.refer(needs=GARDEN, to=("time_bank",))
    bench.refer(to=("neighbours",))
    bench.deliver()
    bench.clock.forward(LONG)
    bench.deliver()
    states = dict(bench.states())
    assert states[transport] == "routed"
    assert sorted(states.values()) == ["offered", "routed"]
    assert row_of(bench, transport).stopped_by_us
    start_agency(bench.hub, admin, agency)
    bench.deliver()
    assert set(dict(bench.states()).values()) == {"offered"}
    assert admin_entries(bench) == ["deliveries_stopped", "deliveries_started"]
    assert bench.verify().ok


def test_a_stopped_way_holds_back_all_that_leaves_on_it(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    admin = bench.staff["council-admin"]
    stop_way(bench.hub, admin, Way.HTTPS_PUSH)
    refer(bench)
    bench.refer(to=("neighbours",))
    bench.deliver()
    assert dict(bench.states()) == {"time_bank": "routed", "neighbours": "offered"}
    start_way(bench.hub, admin, Way.HTTPS_PUSH)
    stop_way(bench.hub, admin, Way.INBOX)
    bench.refer(to=("mentors",))
    bench.deliver()
    assert dict(bench.states())["mentors"] == "routed"
    assert dict(bench.states())["time_bank"] == "offered"
    assert time_bank.documents


def test_an_agency_stops_what_comes_to_itself_and_nothing_else(bench: Bench) -> None:
    surgery, hill = bench.staff["surgery-admin"], bench.agencies["hill"]
    stop_agency(bench.hub, surgery, bench.agencies["surgery"])
    for refused in (
        lambda: stop_agency(bench.hub, surgery, hill),
        lambda: stop_way(bench.hub, surgery, Way.INBOX),
        lambda: replay_agency(bench.hub, surgery, hill),
    ):
        with pytest.raises(NotFound):
            refused()
    seen = overview(bench.hub, surgery)
    assert [row.agency.agency_id for row in seen.destinations] == [bench.agencies["surgery"]]
    assert seen.ways == ()


def test_what_somebody_else_stopped_is_theirs_to_start(bench: Bench) -> None:
    stop_agency(bench.hub, bench.staff["council-admin"], bench.agencies["surgery"])
    with pytest.raises(Conflict):
        start_agency(bench.hub, bench.staff["surgery-admin"], bench.agencies["surgery"])
    seen = only(list(overview(bench.hub, bench.staff["surgery-admin"]).destinations))
    assert (seen.stopped_by_us, seen.stopped_by_others) == (False, True)


def test_only_administrators_operate(bench: Bench) -> None:
    for username in ("gp", "council", "neighbours", "council-dpo"):
        with pytest.raises(Forbidden):
            overview(bench.hub, bench.staff[username])


def test_everything_that_gave_up_on_an_agency_can_be_tried_again_at_once(
    bench: Bench, time_bank: PartnerSystem
) -> None:
    fail(time_bank, 2, status=400)
    refer(bench, 2)
    bench.deliver()
    assert len(list_undelivered(bench.hub, bench.staff["council"])) == 2
    admin = bench.staff["council-admin"]
    assert replay_agency(bench.hub, admin, bench.agencies["time_bank"]) == 2
    bench.deliver()
    assert len(time_bank.documents) == 2
    assert replay_agency(bench.hub, admin, bench.agencies["time_bank"]) == 0


def test_the_whole_overview_counts_and_names_nobody(bench: Bench, time_bank: PartnerSystem) -> None:
    open_breaker(bench, time_bank)
    shown = str(whole_overview(bench.hub))
    assert "Zebedee" not in shown
    row = only([r for r in whole_overview(bench.hub).destinations if r.waiting])
    assert row.last_codes == ["http_503"]
    assert row.breaker is BreakerState.OPEN


def test_the_sender_sees_how_far_along_a_delivery_is(bench: Bench) -> None:
    sent = bench.refer(to=("neighbours",))

    def receipts() -> set[Any]:
        view = read_referral(bench.hub, bench.staff["gp"], sent.referral_id)
        return set(view.receipts.values())

    assert receipts() == {"queued"}
    bench.deliver()
    assert receipts() == {"delivered"}
    open_task(bench.hub, bench.staff["neighbours"], bench.tasks()[0]["id"])
    assert receipts() == {"seen"}
