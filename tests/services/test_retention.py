"""Two people appraise what is due; a hold stops every destroying; nothing happens by itself."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from referral_hub.domain.retention import Appraisal, KeepReason, LegalHoldReason, Schedule
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services.erase_person import erase_person
from referral_hub.services.erasure_certificate import certificate
from referral_hub.services.retention import (
    decide,
    keep_by,
    lift_hold,
    place_hold,
    propose,
    work_list,
)
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import Bench, only

EIGHT_YEARS = timedelta(days=8 * 366)


def person_of(bench: Bench, referral: UUID) -> UUID:
    found: UUID = bench.one("SELECT subject_id FROM referral WHERE id = %s", referral)
    return found


@pytest.fixture
def closed(bench: Bench) -> UUID:
    """Somebody whose only referral was withdrawn eight years ago."""
    sent = bench.refer()
    bench.deliver()
    withdraw_agreement(bench.hub, bench.staff["gp"], sent.referral_id)
    bench.deliver()
    bench.clock.forward(EIGHT_YEARS)
    return person_of(bench, sent.referral_id)


def due(bench: Bench, by: str = "surgery-dpo") -> list[UUID]:
    return [one.person.subject_id for one in work_list(bench.hub, bench.staff[by]).due]


def proposed(bench: Bench) -> UUID:
    return only(work_list(bench.hub, bench.staff["surgery-dpo"]).proposed).id


def erased(bench: Bench, person: UUID) -> bool:
    return bench.one("SELECT wrapped_key IS NULL FROM subject WHERE id = %s", person) is True


def test_what_closed_long_enough_ago_is_due_and_nothing_else(bench: Bench, closed: UUID) -> None:
    bench.refer()
    one = only(work_list(bench.hub, bench.staff["surgery-dpo"]).due)
    assert (one.person.subject_id, one.schedule) == (closed, Schedule.ADULT_HEALTH)
    assert due(bench, "hill-dpo") == []
    assert due(bench, "council-dpo") == []
    assert not erased(bench, closed)


def test_an_open_referral_or_a_later_one_keeps_the_person_off_the_list(
    bench: Bench, closed: UUID
) -> None:
    bench.rows("UPDATE task SET moved_at = moved_at + interval '30 days'")
    assert due(bench) == []
    bench.rows("UPDATE task SET moved_at = moved_at - interval '30 days', state = 'on_hold'")
    assert due(bench) == []
    bench.rows("UPDATE task SET state = 'closed'")
    assert due(bench) == [closed]


def test_a_child_s_records_are_due_at_the_25th_birthday(bench: Bench, closed: UUID) -> None:
    at = bench.clock().date()
    bench.rows("UPDATE subject SET minor_until = %s", date(at.year - 6, 1, 1))
    assert due(bench) == []
    bench.rows("UPDATE subject SET minor_until = %s", date(at.year - 7, 1, 1))
    one = only(work_list(bench.hub, bench.staff["surgery-dpo"]).due)
    assert (one.person.subject_id, one.schedule) == (closed, Schedule.CHILDREN)


def test_mental_health_records_are_kept_for_twenty_years_once_somebody_says_so(
    bench: Bench, closed: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    keep_by(bench.hub, officer, closed, Schedule.MENTAL_HEALTH)
    assert due(bench) == []
    with pytest.raises(NotFound):
        propose(bench.hub, officer, closed, Appraisal.DESTROY)
    bench.clock.forward(timedelta(days=12 * 365 - 60))
    assert due(bench) == []
    bench.clock.forward(timedelta(days=90))
    one = only(work_list(bench.hub, officer).due)
    assert (one.person.subject_id, one.schedule) == (closed, Schedule.MENTAL_HEALTH)
    assert bench.verify().ok


def test_no_schedule_that_is_said_makes_a_time_shorter(bench: Bench, closed: UUID) -> None:
    at = bench.clock().date()
    bench.rows("UPDATE subject SET minor_until = %s", date(at.year - 6, 1, 1))
    keep_by(bench.hub, bench.staff["surgery-admin"], closed, Schedule.ADULT_HEALTH)
    assert due(bench) == []
    keep_by(bench.hub, bench.staff["surgery-dpo"], closed, None)
    assert due(bench) == []
    bench.rows("UPDATE subject SET minor_until = NULL")
    assert due(bench) == [closed]


def test_a_schedule_is_the_agency_s_own_to_say_once_and_it_is_in_the_log(
    bench: Bench, closed: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    keep_by(bench.hub, officer, closed, Schedule.MENTAL_HEALTH)
    with pytest.raises(Conflict, match="by this schedule already"):
        keep_by(bench.hub, officer, closed, Schedule.MENTAL_HEALTH)
    for by in ("hill-dpo", "council-dpo"):
        with pytest.raises(NotFound):
            keep_by(bench.hub, bench.staff[by], closed, None)
    with pytest.raises(Forbidden):
        keep_by(bench.hub, bench.staff["gp"], closed, None)
    entries = bench.rows("SELECT entry FROM log_entry WHERE outcome = 'schedule_set'")
    assert [b'"schedule":"mental_health"' in row["entry"] for row in entries] == [True]
    erase_person(bench.hub, officer, closed)
    with pytest.raises(Conflict, match="erased already"):
        keep_by(bench.hub, officer, closed, None)


def test_two_people_destroy_and_the_certificate_is_an_erasure_s(bench: Bench, closed: UUID) -> None:
    officer, second = bench.staff["surgery-dpo"], bench.staff["surgery-admin"]
    propose(bench.hub, officer, closed, Appraisal.DESTROY)
    assert due(bench) == []
    assert not erased(bench, closed)
    with pytest.raises(Conflict, match="Somebody else"):
        decide(bench.hub, officer, proposed(bench), approve=True)
    assert not erased(bench, closed)
    done = decide(bench.hub, second, proposed(bench), approve=True)
    assert done is not None
    assert erased(bench, closed)
    found = certificate(bench.hub, officer, done.entry_id)
    assert found.position is not None
    assert bench.verify().ok
    assert due(bench) == []


def test_one_account_cannot_be_both_people_even_past_the_service(
    bench: Bench, closed: UUID
) -> None:
    officer = bench.staff["surgery-dpo"]
    propose(bench.hub, officer, closed, Appraisal.DESTROY)
    with pytest.raises(psycopg.errors.CheckViolation):
        bench.rows("UPDATE appraisal SET decided_by = proposed_by, decided_at = now()")


def test_what_is_turned_down_is_due_again(bench: Bench, closed: UUID) -> None:
    propose(bench.hub, bench.staff["surgery-dpo"], closed, Appraisal.DESTROY)
    decide(bench.hub, bench.staff["surgery-admin"], proposed(bench), approve=False)
    assert due(bench) == [closed]
    assert not erased(bench, closed)


@pytest.mark.parametrize(
    ("reason", "years"), [(KeepReason.STILL_NEEDED, 2), (KeepReason.MENTAL_HEALTH, 12)]
)
def test_what_is_kept_comes_back_when_its_time_is_over(
    bench: Bench, closed: UUID, reason: KeepReason, years: int
) -> None:
    propose(bench.hub, bench.staff["surgery-dpo"], closed, Appraisal.KEEP, reason=reason)
    decide(bench.hub, bench.staff["surgery-admin"], proposed(bench), approve=True)
    assert due(bench) == []
    bench.clock.forward(timedelta(days=years * 365 - 30))
    assert due(bench) == []
    bench.clock.forward(timedelta(days=60))
    assert due(bench) == [closed]


def test_what_is_preserved_never_comes_back(bench: Bench, closed: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    propose(bench.hub, officer, closed, Appraisal.PRESERVE, reason=KeepReason.HISTORICAL_VALUE)
    decide(bench.hub, bench.staff["surgery-admin"], proposed(bench), approve=True)
    bench.clock.forward(timedelta(days=30 * 366))
    assert due(bench) == []


def test_a_hold_stops_erasing_and_destroying_until_two_people_lift_it(
    bench: Bench, closed: UUID
) -> None:
    officer, second = bench.staff["surgery-dpo"], bench.staff["surgery-admin"]
    propose(bench.hub, officer, closed, Appraisal.DESTROY)
    place_hold(bench.hub, officer, closed, LegalHoldReason.COURT_PROCEEDINGS)
    with pytest.raises(Conflict, match="keeps these records already"):
        place_hold(bench.hub, officer, closed, LegalHoldReason.COMPLAINT)
    with pytest.raises(Conflict, match="legal hold keeps"):
        decide(bench.hub, second, proposed(bench), approve=True)
    with pytest.raises(Conflict, match="legal hold keeps"):
        erase_person(bench.hub, officer, closed)
    refused = bench.rows("SELECT entry FROM log_entry WHERE type = 'erasure' ORDER BY id")
    assert b'"hold":"court_proceedings"' in refused[-1]["entry"]
    assert not erased(bench, closed)
    (held,) = work_list(bench.hub, officer).holds
    assert lift_hold(bench.hub, officer, held.id) is False
    with pytest.raises(Conflict, match="Somebody else"):
        lift_hold(bench.hub, officer, held.id)
    assert lift_hold(bench.hub, second, held.id) is True
    assert work_list(bench.hub, officer).holds == []
    assert decide(bench.hub, second, proposed(bench), approve=True) is not None
    assert erased(bench, closed)


def test_while_somebody_helps_again_an_approved_destruction_is_refused(
    bench: Bench, closed: UUID
) -> None:
    propose(bench.hub, bench.staff["surgery-dpo"], closed, Appraisal.DESTROY)
    bench.rows("UPDATE task SET state = 'in_progress'")
    with pytest.raises(Conflict, match="is helping this person now"):
        decide(bench.hub, bench.staff["surgery-admin"], proposed(bench), approve=True)
    assert not erased(bench, closed)
    assert proposed(bench)


def test_keeping_needs_a_reason_and_destroying_none(bench: Bench, closed: UUID) -> None:
    officer = bench.staff["surgery-dpo"]
    for outcome, reason in (
        (Appraisal.KEEP, None),
        (Appraisal.PRESERVE, None),
        (Appraisal.DESTROY, KeepReason.STILL_NEEDED),
    ):
        with pytest.raises(InvalidInput, match="reason"):
            propose(bench.hub, officer, closed, outcome, reason=reason)


def test_what_is_not_due_or_not_ours_is_not_there(bench: Bench, closed: UUID) -> None:
    young = person_of(bench, bench.refer().referral_id)
    for by, person in (
        ("surgery-dpo", young),
        ("hill-dpo", closed),
        ("council-dpo", closed),
        ("surgery-dpo", uuid4()),
    ):
        with pytest.raises(NotFound):
            propose(bench.hub, bench.staff[by], person, Appraisal.DESTROY)
    propose(bench.hub, bench.staff["surgery-dpo"], closed, Appraisal.DESTROY)
    place_hold(bench.hub, bench.staff["surgery-dpo"], closed, LegalHoldReason.COMPLAINT)
    (held,) = work_list(bench.hub, bench.staff["surgery-dpo"]).holds
    for by in ("hill-dpo", "council-dpo"):
        with pytest.raises(NotFound):
            decide(bench.hub, bench.staff[by], proposed(bench), approve=True)
        with pytest.raises(NotFound):
            lift_hold(bench.hub, bench.staff[by], held.id)
        with pytest.raises(NotFound):
            place_hold(bench.hub, bench.staff[by], closed, LegalHoldReason.COMPLAINT)


@pytest.mark.parametrize("by", ["gp", "mentors", "council"])
def test_nobody_else_appraises(bench: Bench, closed: UUID, by: str) -> None:
    actor = bench.staff[by]
    for attempt in (
        lambda: work_list(bench.hub, actor),
        lambda: propose(bench.hub, actor, closed, Appraisal.DESTROY),
        lambda: place_hold(bench.hub, actor, closed, LegalHoldReason.COMPLAINT),
        lambda: decide(bench.hub, actor, uuid4(), approve=True),
        lambda: lift_hold(bench.hub, actor, uuid4()),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_every_step_is_in_the_log_in_codes(bench: Bench, closed: UUID) -> None:
    officer, second = bench.staff["surgery-dpo"], bench.staff["surgery-admin"]
    propose(bench.hub, officer, closed, Appraisal.KEEP, reason=KeepReason.STILL_NEEDED)
    decide(bench.hub, second, proposed(bench), approve=True)
    place_hold(bench.hub, officer, closed, LegalHoldReason.COMPLAINT)
    (held,) = work_list(bench.hub, officer).holds
    lift_hold(bench.hub, officer, held.id)
    lift_hold(bench.hub, second, held.id)
    rows = bench.rows(
        "SELECT outcome, entry FROM log_entry WHERE type = 'admin' AND actor_user_id = ANY(%s)"
        " ORDER BY id",
        [officer.user_id, second.user_id],
    )
    steps = ["appraisal_proposed", "appraisal_approved", "hold_placed", "lift_asked", "hold_lifted"]
    assert [row["outcome"] for row in rows][-5:] == steps
    assert not [row for row in rows if str(closed).encode() in row["entry"]]
    assert bench.verify().ok
