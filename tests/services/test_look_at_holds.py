"""A hold that somebody else clears goes on by itself, and what it waits for is always said."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from consent.codes import Article6, Article9, DataClass, Purpose
from referral_hub.domain.commands import AnswerTask, Wishes
from referral_hub.services import look_at_holds
from referral_hub.services.agreement_register import (
    AgreementTerms,
    decide_agreement,
    propose_agreement,
)
from referral_hub.services.answer_task import answer_task
from referral_hub.services.look_at_holds import Holds
from referral_hub.services.record_death import record_death
from referral_hub.services.withdraw import withdraw_agreement
from tests.hub_bench import Bench, only
from tests.statements import counting

DAY = timedelta(days=1)
NO_AGREEMENT = "UPDATE sharing_agreement SET valid_until = now() - interval '1 day'"
AGREED = "UPDATE sharing_agreement SET valid_until = now() + interval '300 days'"
EVIDENCE = {
    "public_task_reference": "Care Act 2014, section 1",
    "professional_secrecy": "Code of conduct, section 4",
}


def held(bench: Bench, reason: str) -> UUID:
    """A referral to the mentors that waits for `reason`."""
    sent = bench.refer(to=("mentors",))
    bench.deliver()
    task = only(bench.tasks(sent.referral_id))
    assert (task["state"], task["decision"]["reason"]) == ("held", reason)
    return sent.referral_id


def round_of(bench: Bench, holds: Holds | None = None) -> int:
    """A minute later."""
    found = (holds or Holds()).look(bench.hub)
    bench.deliver()
    return found


def agree(bench: Bench, *, since: date) -> None:
    """Two officers sign that the surgery may send to the mentors, from a day on."""
    day = bench.clock().date()
    terms = AgreementTerms(
        other=bench.agencies["mentors"],
        sending=True,
        purposes=frozenset({Purpose.SUPPORT}),
        classes=frozenset(DataClass),
        article6=Article6.PUBLIC_TASK,
        article9=Article9.HEALTH_OR_SOCIAL_CARE,
        evidence=EVIDENCE,
        since=since,
        until=day + 300 * DAY,
        review_on=day + 200 * DAY,
        document="Signed by both on paper",
    )
    item = propose_agreement(bench.hub, bench.staff["surgery-dpo"], terms)
    approver = bench.one("SELECT approver_agency_id FROM sharing_agreement WHERE id = %s", item)
    by = next(
        actor
        for name, actor in bench.staff.items()
        if actor.agency_id == approver
        and actor.user_id != bench.staff["surgery-dpo"].user_id
        and name.endswith(("dpo", "admin"))
    )
    decide_agreement(bench.hub, by, item, approve=True)


def test_an_agreement_that_two_officers_sign_lets_what_waited_for_it_go_on(bench: Bench) -> None:
    bench.rows(NO_AGREEMENT)
    waiting = held(bench, "agreement_out_of_date")
    assert round_of(bench) == 0
    decisions = bench.one("SELECT count(*) FROM log_entry WHERE type = 'decision'")
    agree(bench, since=bench.clock().date())
    assert round_of(bench) == 1
    assert bench.states(waiting) == [("mentors", "offered")]
    assert bench.one("SELECT count(*) FROM log_entry WHERE type = 'decision'") == decisions + 1
    assert round_of(bench) == 0
    assert bench.disclosures_without_entry() == []
    assert bench.verify().ok


def test_an_agreement_that_begins_later_lets_it_go_on_on_that_day(bench: Bench) -> None:
    bench.rows(NO_AGREEMENT)
    waiting = held(bench, "agreement_out_of_date")
    agree(bench, since=bench.clock().date() + 3 * DAY)
    assert round_of(bench) == 0
    assert bench.states(waiting) == [("mentors", "held")]
    bench.clock.forward(4 * DAY)
    assert round_of(bench) == 1
    assert bench.states(waiting) == [("mentors", "offered")]


@pytest.mark.parametrize(
    ("wreck", "reason", "repair"),
    [
        (
            "UPDATE agency SET insured_until = now() - interval '1 day'",
            "recipient_uninsured",
            "UPDATE agency SET insured_until = now() + interval '90 days'",
        ),
        (
            "UPDATE agency SET active = false WHERE kind = 'peer_mentoring'",
            "recipient_inactive",
            "UPDATE agency SET active = true",
        ),
    ],
    ids=["insurance", "agency"],
)
def test_what_the_recipient_or_the_operator_puts_right_lets_it_go_on(
    bench: Bench, wreck: str, reason: str, repair: str
) -> None:
    bench.rows(wreck)
    waiting = held(bench, reason)
    assert round_of(bench) == 0
    bench.rows(repair)
    assert round_of(bench) == 1
    assert bench.states(waiting) == [("mentors", "offered")]


def test_a_hold_that_waits_for_something_else_by_now_says_so(bench: Bench) -> None:
    bench.rows(NO_AGREEMENT)
    waiting = held(bench, "agreement_out_of_date")
    bench.rows("UPDATE agency SET insured_until = now() - interval '1 day'")
    bench.rows(AGREED)
    assert round_of(bench) == 1
    task = only(bench.tasks(waiting))
    assert (task["state"], task["decision"]["reason"]) == ("held", "recipient_uninsured")
    assert task["decision"]["clearer"] == "recipient_agency"
    assert round_of(bench) == 0


def test_the_rest_of_what_was_accepted_follows_when_it_may(bench: Bench) -> None:
    sent = bench.refer(to=("mentors",))
    bench.deliver()
    task_id = only(bench.tasks())["id"]
    answer_task(bench.hub, bench.staff["mentors"], AnswerTask(task_id, True, None, None))
    bench.rows(NO_AGREEMENT)
    bench.deliver()
    assert bench.outbox()[-1] == ("acceptance", "refused", "agreement_out_of_date")
    assert round_of(bench) == 0
    bench.rows(AGREED)
    assert round_of(bench) == 1
    stages = [row["stage"] for row in bench.table("release")]
    assert stages == ["offer", "accepted"]
    assert bench.states(sent.referral_id) == [("mentors", "accepted")]
    assert round_of(bench) == 0
    assert bench.disclosures_without_entry() == []


def test_nothing_goes_on_that_was_withdrawn_or_whose_person_died(bench: Bench) -> None:
    bench.rows(NO_AGREEMENT)
    withdrawn, died = held(bench, "agreement_out_of_date"), held(bench, "agreement_out_of_date")
    withdraw_agreement(bench.hub, bench.staff["gp"], withdrawn)
    record_death(bench.hub, bench.staff["gp"], died, died=True)
    bench.deliver()
    bench.rows(AGREED)
    assert round_of(bench) == 0
    assert bench.states(withdrawn) == [("mentors", "withdrawn")]
    assert bench.states(died) == [("mentors", "held")]
    assert bench.table("release") == []


def test_what_the_council_is_to_choose_stays_for_the_council(bench: Bench) -> None:
    sent = bench.refer(to=("mentors", "council"), wishes=Wishes(person_chooses=True))
    bench.deliver()
    assert round_of(bench) == 0
    assert [state for _, state in bench.states(sent.referral_id)] == ["held"]


def test_a_round_goes_on_where_the_last_one_ended_in_a_fixed_number_of_statements(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.rows(NO_AGREEMENT)
    first, *rest = [held(bench, "agreement_out_of_date") for _ in range(4)]
    monkeypatch.setattr(look_at_holds, "BATCH", 2)
    monkeypatch.setattr(look_at_holds, "MOST", 2)
    holds, costs = Holds(), []
    for _ in range(2):
        with counting(bench.hub.database) as statements:
            assert round_of(bench, holds) == 0
        costs.append(len(statements))
    assert costs[0] == costs[1]
    bench.rows(AGREED)
    went = [round_of(bench, holds) for _ in range(3)]
    assert sum(went) == 4, went
    assert max(went) == 2
    assert {state for _, state in bench.states(first)} == {"offered"}
    assert all(bench.states(one) == [("mentors", "offered")] for one in rest)
