"""What recipients and senders do with a task, and that the plan goes on by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent.model import DataClass, EventState
from referral_hub.domain.codes import ClosingOutcome, DeclineReason, NeedCode, Role
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import Conflict, Forbidden, HubError, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact, reply
from referral_hub.services.keep_clocks import keep_clocks
from referral_hub.services.oversee import open_referrals
from referral_hub.services.put_right import record_agreement
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.release import Withheld, open_task, view_own
from referral_hub.services.task_inbox import list_tasks, read_task
from tests.hub_bench import GARDEN, Bench, only


def offered(bench: Bench, to: tuple[str, ...] = ("mentors", "neighbours", "council")) -> UUID:
    """A task that has just reached the first of `to`."""
    bench.refer(to=to)
    bench.deliver()
    task = bench.tasks()[-1]
    assert task["state"] == "offered"
    return UUID(str(task["id"]))


def accept(bench: Bench, task_id: UUID, by: str = "mentors", note: str | None = None) -> TaskState:
    return answer_task(bench.hub, bench.staff[by], AnswerTask(task_id, True, None, note))


def decline(
    bench: Bench,
    task_id: UUID,
    by: str = "mentors",
    reason: DeclineReason | None = DeclineReason.NO_CAPACITY,
    note: str | None = None,
) -> TaskState:
    return answer_task(bench.hub, bench.staff[by], AnswerTask(task_id, False, reason, note))


def close(bench: Bench, task_id: UUID, by: str = "mentors", **changes: Any) -> TaskState:
    closing = CloseTask(task_id, ClosingOutcome.HELPED, True, "Nothing more is needed")
    return close_task(bench.hub, bench.staff[by], replace(closing, **changes))


def test_a_delivered_referral_is_in_the_recipients_inbox_and_nobody_elses(bench: Bench) -> None:
    task_id = offered(bench)
    assert [row.id for row in list_tasks(bench.hub, bench.staff["mentors"]).rows] == [task_id]
    for other in ("neighbours", "library", "fire"):
        assert list_tasks(bench.hub, bench.staff[other]).rows == []
        with pytest.raises(NotFound):
            read_task(bench.hub, bench.staff[other], task_id)
        with pytest.raises(NotFound):
            open_task(bench.hub, bench.staff[other], task_id)


def test_before_delivery_the_recipient_knows_of_nothing(bench: Bench) -> None:
    bench.refer()
    task_id = only(bench.tasks())["id"]
    assert list_tasks(bench.hub, bench.staff["mentors"]).rows == []
    for move in (
        lambda: accept(bench, task_id),
        lambda: read_task(bench.hub, bench.staff["mentors"], task_id),
    ):
        with pytest.raises(NotFound):
            move()


def test_an_offer_shows_only_what_is_needed_to_answer_it(bench: Bench) -> None:
    opened = open_task(bench.hub, bench.staff["mentors"], offered(bench))
    assert set(opened.fields) == {
        "identity.first_name",
        "contact.area",
        "need.needs",
        "need.task_note",
        "access_needs.language",
        "access_needs.access",
    }
    assert opened.fields["need.needs"] == ["lonely"]


def test_accepting_releases_further_fields_under_a_decision_of_its_own(bench: Bench) -> None:
    task_id = offered(bench)
    assert accept(bench, task_id, note="Gladly") is TaskState.ACCEPTED
    before = open_task(bench.hub, bench.staff["mentors"], task_id)
    assert "contact.phone" not in before.fields
    bench.deliver()
    after = open_task(bench.hub, bench.staff["mentors"], task_id)
    assert after.fields["contact.phone"] == "07700 900123"
    assert after.fields["identity.family_name"] == "Quillfeather"
    assert not {name for name in after.fields if name.startswith("health")}
    assert "identity.nhs_number" not in after.fields
    stages = bench.rows("SELECT stage, entry_id FROM release ORDER BY id")
    assert [row["stage"] for row in stages] == ["offer", "accepted"]
    assert len({row["entry_id"] for row in stages}) == 2
    assert bench.disclosures_without_entry() == []


def test_further_fields_are_not_released_when_the_agreement_has_ended_meanwhile(
    bench: Bench,
) -> None:
    task_id = offered(bench)
    accept(bench, task_id)
    bench.rows("UPDATE sharing_agreement SET valid_until = %s", bench.clock())
    bench.deliver()
    assert [row["stage"] for row in bench.table("release")] == ["offer"]
    assert bench.outbox()[-1] == ("acceptance", "refused", "agreement_out_of_date")
    with pytest.raises(Withheld):
        open_task(bench.hub, bench.staff["mentors"], task_id)


def test_the_recipient_of_one_slot_does_not_learn_the_needs_of_another(bench: Bench) -> None:
    bench.refer(needs=(NeedCode.DRINK_DRUGS, NeedCode.CANNOT_GET_OUT), to=("mentors", "library"))
    bench.deliver()
    seen = {
        name: open_task(bench.hub, bench.staff[name], row.id).fields["need.needs"]
        for name in ("mentors", "library")
        for row in list_tasks(bench.hub, bench.staff[name]).rows
    }
    assert seen == {"mentors": ["drink_drugs"], "library": ["cannot_get_out"]}


def test_a_decline_moves_on_by_itself_with_a_fresh_decision(bench: Bench) -> None:
    task_id = offered(bench)
    assert decline(bench, task_id) is TaskState.DECLINED
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("neighbours", "offered")]
    decisions = bench.rows(
        "SELECT at FROM log_entry WHERE type = 'decision' AND recipient_agency_id = %s",
        bench.agencies["neighbours"],
    )
    declined_at = bench.tasks()[0]["moved_at"]
    assert [row["at"] > declined_at for row in decisions] == [True]
    with pytest.raises(HubError):
        open_task(bench.hub, bench.staff["mentors"], task_id)


def test_the_next_recipient_is_asked_about_with_the_facts_of_that_moment(bench: Bench) -> None:
    task_id = offered(bench)
    bench.rows(
        "UPDATE service SET active = false WHERE agency_id = %s", bench.agencies["neighbours"]
    )
    decline(bench, task_id)
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("council", "offered")]


def test_a_refusal_along_the_way_passes_over_that_recipient_only(bench: Bench) -> None:
    task_id = offered(bench, to=("mentors", "council"))
    decline(bench, task_id)
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("council", "offered")]
    refused = bench.rows(
        "SELECT outcome FROM log_entry WHERE type = 'decision' AND recipient_agency_id = %s",
        bench.agencies["neighbours"],
    )
    assert only(refused)["outcome"] == "refuse"


def test_after_the_last_permitted_recipient_the_slot_is_held_for_the_sender(bench: Bench) -> None:
    task_id = offered(bench, to=("mentors",))
    decline(bench, task_id)
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("neighbours", "held")]
    held = bench.tasks()[-1]
    assert held["decision"]["reason"] == "recipient_not_named"
    shown = open_referrals(bench.hub, bench.staff["council"]).rows
    assert [row.task.id for row in shown] == [held["id"]]


def test_the_accountable_council_cannot_decline(bench: Bench) -> None:
    bench.refer(to=("council",), needs=(NeedCode.EQUIPMENT,))
    bench.deliver()
    task_id = only(bench.tasks())["id"]
    with pytest.raises(Conflict, match="accountable for this referral and cannot pass it on"):
        decline(bench, task_id, by="council")
    assert accept(bench, task_id, by="council") is TaskState.ACCEPTED


def test_a_council_service_that_came_first_is_asked_again_when_everyone_else_declined(
    bench: Bench,
) -> None:
    bench.rows(
        "UPDATE service SET needs = needs || '{lonely}', wait_days = 1 WHERE agency_id = %s",
        bench.agencies["council"],
    )
    submitted = bench.refer(agreement=bench.agreed(("mentors",)))
    bench.deliver()
    decline(bench, bench.tasks()[-1]["id"])
    gp = bench.staff["gp"]
    record_agreement(bench.hub, gp, submitted.referral_id, bench.agreed(("council",)))
    bench.deliver()
    assert bench.states()[-1] == ("council", "offered")


def test_the_council_takes_it_even_when_its_own_service_is_paused(bench: Bench) -> None:
    bench.rows("UPDATE service SET areas = '{}' WHERE agency_id <> %s", bench.agencies["council"])
    held = bench.refer(needs=(NeedCode.EQUIPMENT,), to=())
    bench.rows("UPDATE service SET active = false")
    record_agreement(bench.hub, bench.staff["gp"], held.referral_id, bench.agreed(("council",)))
    bench.deliver()
    assert bench.states() == [("council", "offered")]


def test_question_and_answer_stop_and_start_the_offer_and_reach_only_the_two(bench: Bench) -> None:
    task_id = offered(bench)
    mentors, gp = bench.staff["mentors"], bench.staff["gp"]
    assert ask(bench.hub, mentors, task_id, "Any stairs?") is TaskState.INFORMATION_ASKED
    assert only(bench.tasks())["due_at"] is None
    assert reply(bench.hub, gp, task_id, "Two steps.") is TaskState.OFFERED
    seen = [(m.kind, m.text) for m in open_task(bench.hub, mentors, task_id).messages]
    assert seen == [("question", "Any stairs?"), ("answer", "Two steps.")]
    mine = view_own(bench.hub, gp, only(bench.tasks())["referral_id"])
    assert [(m.kind, m.text) for m in mine.messages] == seen
    for row in bench.table("message"):
        assert b"stairs" not in bytes(row["ciphertext"])


def test_a_reply_gives_the_recipient_time_again(bench: Bench) -> None:
    task_id = offered(bench)
    ask(bench.hub, bench.staff["mentors"], task_id, "Any stairs?")
    reply(bench.hub, bench.staff["gp"], task_id, "Two steps.")
    keep_clocks(bench.hub)
    due = only(bench.tasks())["due_at"]
    assert due is not None
    assert due > bench.clock() + timedelta(days=1)


def test_first_contact_and_closing_are_recorded_and_shown_to_the_sender(bench: Bench) -> None:
    task_id = offered(bench)
    accept(bench, task_id)
    bench.deliver()
    assert record_contact(bench.hub, bench.staff["mentors"], task_id) is TaskState.IN_PROGRESS
    assert close(bench, task_id) is TaskState.CLOSED
    task = only(bench.tasks())
    assert (task["outcome"], task["reason"]) == ("helped", "told")
    view = read_referral(bench.hub, bench.staff["gp"], task["referral_id"])
    assert [row.event for row in view.history] == [
        "place",
        "deliver",
        "accept",
        "deliver_accepted",
        "contact",
        "close",
    ]
    assert all(row.entry_id for row in view.history)
    notes = view_own(bench.hub, bench.staff["gp"], task["referral_id"]).messages
    assert [(note.kind, note.text) for note in notes] == [("outcome", "Nothing more is needed")]
    assert open_referrals(bench.hub, bench.staff["council"]).rows == []
    assert bench.verify().ok


@pytest.mark.parametrize("next_step", ["", "   ", "\n"])
def test_closing_needs_the_next_step(bench: Bench, next_step: str) -> None:
    task_id = offered(bench)
    accept(bench, task_id)
    with pytest.raises(InvalidInput) as refusal:
        close(bench, task_id, next_step=next_step)
    assert list(refusal.value.fields) == ["next_step"]


def test_the_council_may_close_what_is_held_and_whatever_it_is_about(bench: Bench) -> None:
    for needs in ((NeedCode.LONELY,), (NeedCode.EQUIPMENT,)):
        bench.refer(needs=needs, to=())
        assert close(bench, bench.tasks()[-1]["id"], by="council") is TaskState.CLOSED


def test_answering_again_with_the_same_answer_changes_nothing(bench: Bench) -> None:
    task_id = offered(bench)
    assert accept(bench, task_id) is TaskState.ACCEPTED
    once = (bench.tasks(), bench.outbox(), len(bench.table("log_entry")))
    assert accept(bench, task_id) is TaskState.ACCEPTED
    assert (bench.tasks(), bench.outbox(), len(bench.table("log_entry"))) == once
    bench.deliver()
    assert decline(bench, task_id) is TaskState.DECLINED
    assert decline(bench, task_id) is TaskState.DECLINED
    with pytest.raises(Conflict):
        accept(bench, task_id)
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("neighbours", "offered")]


def test_a_colleague_who_says_the_same_later_is_told_and_not_silently_dropped(
    bench: Bench,
) -> None:
    task_id = offered(bench)
    accept(bench, task_id)
    bench.deliver()
    lee = bench.staff["mentors"]
    bench.staff["mentors"] = replace(lee, user_id=uuid4())
    with pytest.raises(Conflict, match="A colleague"):
        accept(bench, task_id)
    bench.staff["mentors"] = lee
    assert accept(bench, task_id) is TaskState.ACCEPTED
    close(bench, task_id)
    bench.staff["mentors"] = replace(lee, user_id=uuid4())
    with pytest.raises(Conflict, match="A colleague"):
        close(bench, task_id)


def test_two_members_of_staff_answering_at_once_give_one_answer(bench: Bench) -> None:
    task_id = offered(bench)

    def answer(yes: bool) -> str:
        try:
            return (accept(bench, task_id) if yes else decline(bench, task_id)).value
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(answer, [True, False, True, False]))
    bench.deliver()
    first = bench.tasks()[0]["state"]
    assert first in {"accepted", "declined"}
    assert first in answers
    moves = bench.rows("SELECT event FROM task_event WHERE event IN ('accept', 'decline')")
    assert len(moves) == (2 if {"accepted", "declined"} <= set(answers) else 1)
    assert bench.verify().ok


@pytest.mark.parametrize(
    ("reason", "note", "field"),
    [
        (None, None, "reason"),
        (DeclineReason.OTHER, None, "note"),
        (DeclineReason.OTHER, "", "note"),
    ],
)
def test_a_decline_says_why(
    bench: Bench, reason: DeclineReason | None, note: str | None, field: str
) -> None:
    task_id = offered(bench)
    with pytest.raises(InvalidInput) as refusal:
        decline(bench, task_id, reason=reason, note=note)
    assert list(refusal.value.fields) == [field]


@pytest.mark.parametrize("reason", DeclineReason)
def test_every_reason_to_decline_moves_on(bench: Bench, reason: DeclineReason) -> None:
    task_id = offered(bench, to=("mentors", "council"))
    decline(bench, task_id, reason=reason, note="In words")
    bench.deliver()
    assert bench.states() == [("mentors", "declined"), ("council", "offered")]
    assert bench.tasks()[0]["reason"] == reason


@pytest.mark.parametrize("outcome", ClosingOutcome)
def test_every_outcome_closes(bench: Bench, outcome: ClosingOutcome) -> None:
    task_id = offered(bench)
    accept(bench, task_id)
    assert close(bench, task_id, outcome=outcome, person_told=False) is TaskState.CLOSED
    assert (only(bench.tasks())["outcome"], only(bench.tasks())["reason"]) == (outcome, "not_told")


@pytest.mark.parametrize("role", [Role.REFERRER, Role.DATA_PROTECTION_OFFICER, Role.AGENCY_ADMIN])
def test_only_a_coordinator_answers_and_opens(bench: Bench, role: Role) -> None:
    task_id = offered(bench)
    someone = replace(bench.staff["mentors"], role=role)
    with pytest.raises((Forbidden, NotFound)):
        answer_task(bench.hub, someone, AnswerTask(task_id, True, None, None))
    with pytest.raises((Forbidden, NotFound)):
        open_task(bench.hub, someone, task_id)
    assert only(bench.tasks())["state"] == "offered"


def test_a_held_referral_that_is_put_right_goes_on_by_itself(bench: Bench) -> None:
    held = bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))
    before = only(bench.tasks())
    gp = bench.staff["gp"]
    bench.clock.forward(timedelta(seconds=1))
    assert record_agreement(bench.hub, gp, held.referral_id, bench.agreed(("mentors",))) == 1
    bench.deliver()
    after = only(bench.tasks())
    assert (after["id"], after["state"]) == (before["id"], "offered")
    assert after["decision"]["outcome"] == "permit"
    assert open_task(bench.hub, bench.staff["mentors"], after["id"]).fields
    with pytest.raises(HubError):
        record_agreement(
            bench.hub, bench.staff["hill-gp"], held.referral_id, bench.agreed(("mentors",))
        )


def test_a_held_referral_goes_to_another_when_the_person_names_another(bench: Bench) -> None:
    held = bench.refer(to=())
    record_agreement(bench.hub, bench.staff["gp"], held.referral_id, bench.agreed(("council",)))
    bench.deliver()
    assert bench.states() == [("mentors", "withheld"), ("council", "offered")]


def test_an_agreement_that_is_not_enough_leaves_it_held_with_the_new_reason(bench: Bench) -> None:
    held = bench.refer(agreement=bench.agreed(("mentors",), state=EventState.REFUSED))
    none = bench.agreed(("mentors",), classes=frozenset({DataClass.FINANCE}))
    bench.clock.forward(timedelta(seconds=1))
    record_agreement(bench.hub, bench.staff["gp"], held.referral_id, none)
    bench.deliver()
    task = only(bench.tasks())
    assert task["state"] == "held"
    assert task["reason"] == task["decision"]["reason"] != "consent_refused"
    assert bench.outbox() == [("advance", "delivered", None)]


def test_a_time_bank_without_a_registered_key_is_passed_over_and_said_to_be(bench: Bench) -> None:
    submitted = bench.refer(needs=GARDEN, to=("time_bank",))
    decision = only(submitted.slots).decision
    assert (decision["outcome"], decision["reason"]) == ("refuse", "recipient_key_missing")
