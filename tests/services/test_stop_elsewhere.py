"""A change of mind reaches the person's other referrals with the same agencies, and no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest

from referral_hub.domain.codes import NotificationKind
from referral_hub.errors import HubError
from referral_hub.services.acknowledge import acknowledge
from referral_hub.services.change_of_mind import change_of_mind
from referral_hub.services.put_right import record_agreement
from referral_hub.services.release import Withheld, open_task
from referral_hub.services.stop_sharing import Said
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import Bench, Row, nhs_number, only

SECOND = timedelta(seconds=1)
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def refer(bench: Bench, person: int, *to: str, by: str = "gp") -> UUID:
    """A referral of the same person each time."""
    sent = bench.refer(to=to, person={"nhs_number": nhs_number(person)}, by=by)
    bench.clock.forward(SECOND)
    return sent.referral_id


def told(bench: Bench, referral_id: UUID) -> list[Row]:
    return bench.rows("SELECT * FROM notification WHERE referral_id = %s ORDER BY id", referral_id)


def newest(bench: Bench, referral_id: UUID) -> UUID:
    task_id: UUID = bench.tasks(referral_id)[-1]["id"]
    return task_id


def opened(bench: Bench, referral_id: UUID, by: str) -> bool:
    return bool(open_task(bench.hub, bench.staff[by], newest(bench, referral_id)).fields)


def test_a_withdrawal_stops_and_tells_of_what_the_same_agency_has_in_another_referral(
    shared_bench: Bench,
) -> None:
    bench = shared_bench
    withdrawn = refer(bench, 901, "neighbours")
    other = refer(bench, 901, "neighbours")
    apart = refer(bench, 901, "mentors")
    elsewhere = refer(bench, 901, "neighbours", by="hill-gp")
    bench.deliver()
    done = withdraw_agreement(bench.hub, bench.staff["gp"], withdrawn)
    assert done.told == ("Mereford Good Neighbours",) * 2
    bench.deliver()
    assert bench.states(other) == [("neighbours", "withdrawn"), ("mentors", "offered")]
    row = only(told(bench, other))
    assert (row["kind"], row["state"], row["task_id"]) == (
        "withdrawn",
        "waiting",
        bench.tasks(other)[0]["id"],
    )
    assert row["told_at"] is not None
    acknowledge(bench.hub, bench.staff["neighbours"], row["id"])
    assert only(told(bench, other))["state"] == "acknowledged"
    for untouched, by in ((apart, "mentors"), (other, "mentors"), (elsewhere, "neighbours")):
        assert opened(bench, untouched, by)
    assert told(bench, apart) == told(bench, elsewhere) == []
    assert bench.verify().ok


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (NotificationKind.REFUSED, "withdrawn"),
        (NotificationKind.OBJECTED, "withdrawn"),
        (NotificationKind.RESTRICTED, "offered"),
    ],
)
def test_what_stops_less_than_all_reaches_another_referral_as_well(
    shared_bench: Bench, kind: NotificationKind, state: str
) -> None:
    bench, person = shared_bench, 910 + list(NotificationKind).index(kind)
    first, other = refer(bench, person, "mentors"), refer(bench, person, "mentors", "neighbours")
    bench.deliver()
    said = Said(kind, frozenset({bench.agencies["mentors"]}))
    change_of_mind(bench.hub, bench.staff["gp"], first, said)
    bench.deliver()
    assert bench.states(other)[0] == ("mentors", state)
    assert only(told(bench, other))["kind"] == kind.value
    with pytest.raises(HubError):
        opened(bench, other, "mentors")


def test_what_another_referral_has_unsent_does_not_go_and_a_new_agreement_lets_it(
    shared_bench: Bench,
) -> None:
    bench = shared_bench
    first, other = refer(bench, 930, "mentors"), refer(bench, 930, "mentors")
    done = withdraw_agreement(bench.hub, bench.staff["gp"], first)
    assert done.stopped == ("Common Ground Peer Mentors",) * 2
    bench.deliver()
    assert {state for _, state in bench.states(first)} == {"withdrawn"}
    assert bench.states(other)[-1][1] == "held"
    went = bench.rows("SELECT id FROM release WHERE referral_id = ANY(%s)", [first, other])
    assert went == told(bench, other) == []
    bench.clock.forward(SECOND)
    again = bench.agreed(("mentors", "council"))
    record_agreement(bench.hub, bench.staff["gp"], other, again)
    bench.deliver()
    assert bench.states(other)[-1][1] == "offered"
    assert {state for _, state in bench.states(first)} == {"withdrawn"}


def test_a_restriction_of_another_referral_is_lifted_by_what_lifts_it_in_one(
    shared_bench: Bench,
) -> None:
    bench = shared_bench
    first, other = refer(bench, 940, "mentors"), refer(bench, 940, "mentors")
    bench.deliver()
    said = Said(NotificationKind.RESTRICTED, frozenset({bench.agencies["mentors"]}))
    change_of_mind(bench.hub, bench.staff["gp"], first, said)
    with pytest.raises(Withheld):
        opened(bench, other, "mentors")
    bench.clock.forward(SECOND)
    record_agreement(bench.hub, bench.staff["gp"], other, bench.agreed(("mentors",)))
    assert opened(bench, other, "mentors")


def test_withdrawing_two_referrals_of_one_person_at_once_never_waits_in_a_circle(
    bench: Bench,
) -> None:
    before = bench.one(DEADLOCKS)
    for number in range(3):
        both = [refer(bench, number + 1, "mentors", "neighbours") for _ in range(2)]
        bench.deliver()
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda one: withdraw_agreement(bench.hub, bench.staff["gp"], one), both))
            pool.submit(bench.deliver).result()
        bench.deliver()
        assert {state for one in both for _, state in bench.states(one)} == {"withdrawn"}
    assert bench.one(DEADLOCKS) == before
    assert bench.verify().ok
