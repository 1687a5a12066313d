"""Claims are leases with a fence: whoever lost the lease changes nothing, and nobody waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.ids import new_id
from referral_hub.store import outbox
from referral_hub.store.outbox import Claimed, Settlement
from tests.hub_bench import Bench

LEASE = timedelta(seconds=90)
SECOND = timedelta(seconds=1)
Put = Callable[..., UUID]


@pytest.fixture
def now(bench: Bench) -> datetime:
    return bench.clock()


@pytest.fixture
def put(bench: Bench, now: datetime) -> Put:
    """A function that puts a row into the outbox, due now unless it says when."""

    def put(due_at: datetime = now, state: str = "due") -> UUID:
        made, agency = new_id(now), bench.agencies["surgery"]
        bench.rows(
            "INSERT INTO outbox (id, kind, referral_id, slot, origin_agency_id, owner_agency_id,"
            " recipient_agency_id, state, due_at, created_at)"
            " VALUES (%s, 'advance', %s, 0, %s, %s, %s, %s, %s, %s)",
            *(made, uuid4(), agency, agency, agency, state, due_at, now),
        )
        return made

    return put


def _claim(bench: Bench, at: datetime, most: int = 10) -> tuple[Claimed, ...]:
    with bench.hub.database.one_worker_statement() as connection:
        return outbox.claim(connection, at=at, most=most, lease=LEASE)


def _settle(bench: Bench, claim: Claimed, state: str, at: datetime) -> bool:
    with bench.hub.database.one_worker_statement() as connection:
        done = outbox.settle(connection, [Settlement(claim.id, claim.fence, state, "c", at, at)])
    return claim.id in done


def test_only_what_is_due_is_claimed_and_the_oldest_first(
    bench: Bench, put: Put, now: datetime
) -> None:
    second, third, first = put(now - SECOND), put(now), put(now - 2 * SECOND)
    put(now + SECOND)
    for state in ("delivered", "refused", "dead", "cancelled"):
        put(now - SECOND, state)
    assert {claim.id for claim in _claim(bench, now, 2)} == {first, second}
    assert [claim.id for claim in _claim(bench, now)] == [third]


def test_a_claim_carries_its_attempt_its_fence_and_its_kind(
    bench: Bench, put: Put, now: datetime
) -> None:
    put()
    for expected in (1, 2, 3):
        (claim,) = _claim(bench, now + expected * 2 * LEASE)
        assert (claim.attempts, claim.fence) == (expected, expected)
        assert claim.kind is OutboxKind.ADVANCE


def test_a_lease_keeps_others_away_until_it_has_run_out_and_no_longer(
    bench: Bench, put: Put, now: datetime
) -> None:
    put()
    assert _claim(bench, now)
    assert not _claim(bench, now + LEASE)
    assert _claim(bench, now + LEASE + timedelta(microseconds=1))


def test_whoever_lost_the_lease_settles_nothing(bench: Bench, put: Put, now: datetime) -> None:
    put()
    (slept,) = _claim(bench, now)
    (took_over,) = _claim(bench, now + 2 * LEASE)
    assert not _settle(bench, slept, "delivered", now)
    assert bench.outbox() == [("advance", "due", None)]
    assert _settle(bench, took_over, "dead", now)
    assert not _settle(bench, slept, "delivered", now)
    assert bench.outbox() == [("advance", "dead", "c")]


def test_what_was_settled_is_not_settled_again(bench: Bench, put: Put, now: datetime) -> None:
    put()
    (claim,) = _claim(bench, now)
    assert _settle(bench, claim, "cancelled", now)
    assert not _settle(bench, claim, "delivered", now)
    assert bench.outbox() == [("advance", "cancelled", "c")]


def test_what_is_put_off_comes_back_when_it_is_due_and_not_before(
    bench: Bench, put: Put, now: datetime
) -> None:
    put()
    (claim,) = _claim(bench, now)
    later = now + timedelta(minutes=3)
    with bench.hub.database.one_worker_statement() as connection:
        outbox.settle(connection, [Settlement(claim.id, claim.fence, "due", "away", later, None)])
        assert outbox.next_due(connection) == later
    assert not _claim(bench, later - SECOND)
    assert [again.id for again in _claim(bench, later)] == [claim.id]


def test_two_workers_claiming_at_once_never_share_a_row_and_never_wait(
    bench: Bench, put: Put, now: datetime
) -> None:
    made = {put() for _ in range(20)}
    database = bench.hub.database
    with database.working() as one, database.working() as other:
        first = outbox.claim(one, at=now, most=12, lease=LEASE)
        second = outbox.claim(other, at=now, most=12, lease=LEASE)
        assert (len(first), len(second)) == (12, 8)
        assert {claim.id for claim in (*first, *second)} == made


def test_a_worker_that_dies_before_its_commit_has_claimed_nothing(
    bench: Bench, put: Put, now: datetime
) -> None:
    put()
    connection = bench.hub.database.worker.connect()
    connection.begin()
    assert outbox.claim(connection, at=now, most=1, lease=LEASE)
    connection.invalidate()
    connection.close()
    (claim,) = _claim(bench, now)
    assert claim.attempts == 1


def test_an_empty_outbox_has_nothing_due(bench: Bench) -> None:
    with bench.hub.database.one_worker_statement() as connection:
        assert outbox.next_due(connection) is None
        assert outbox.settle(connection, []) == frozenset()
