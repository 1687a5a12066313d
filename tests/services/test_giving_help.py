"""Two households help each other only when both said yes; who was helped may want to give help."""

from __future__ import annotations

from uuid import UUID

import pytest

from referral_hub.domain.codes import ClosingOutcome, GiveHelp
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import InvalidInput
from referral_hub.services.answer_task import answer_task, close_task, record_contact
from referral_hub.services.read_referrals import read_referral
from tests.hub_bench import Bench


def _offered(bench: Bench, *, household: bool) -> UUID:
    if household:
        bench.rows("UPDATE service SET manners = '{household}' WHERE name = 'Friendly visits'")
    bench.refer(to=("neighbours", "council"))
    bench.deliver()
    (task,) = bench.tasks()
    task_id: UUID = task["id"]
    return task_id


def test_a_match_of_two_households_is_not_accepted_before_the_helping_one_said_yes(
    bench: Bench,
) -> None:
    task_id = _offered(bench, household=True)
    neighbours = bench.staff["neighbours"]
    with pytest.raises(InvalidInput) as refused:
        answer_task(bench.hub, neighbours, AnswerTask(task_id, True, None, None))
    assert list(refused.value.fields) == ["helper_agreed"]
    assert bench.tasks()[0]["helper_agreed_at"] is None
    both = AnswerTask(task_id, True, None, None, helper_agreed=True)
    assert answer_task(bench.hub, neighbours, both) is TaskState.ACCEPTED
    assert bench.tasks()[0]["helper_agreed_at"] is not None
    entry = "SELECT convert_from(entry, 'UTF8') FROM log_entry WHERE outcome = 'accepted'"
    assert '"helper_agreed":1' in bench.one(entry)


def test_the_person_has_agreed_first_or_nothing_of_theirs_goes_to_the_other_household(
    bench: Bench,
) -> None:
    bench.rows("UPDATE service SET manners = '{household}' WHERE name = 'Friendly visits'")
    bench.refer(to=())
    bench.deliver()
    assert {task["state"] for task in bench.tasks()} == {"held"}


def test_whoever_was_helped_may_want_to_help_and_the_sender_sees_it(bench: Bench) -> None:
    task_id = _offered(bench, household=False)
    neighbours = bench.staff["neighbours"]
    answer_task(bench.hub, neighbours, AnswerTask(task_id, True, None, None))
    record_contact(bench.hub, neighbours, task_id)
    closing = CloseTask(
        task_id, ClosingOutcome.HELPED, True, "Nothing more", GiveHelp.WOULD_LIKE_TO
    )
    close_task(bench.hub, neighbours, closing)
    (task,) = bench.tasks()
    view = read_referral(bench.hub, bench.staff["gp"], task["referral_id"])
    assert [one.give_help for one in view.current] == ["would_like_to"]
