"""Needs that reach one agency are one part of a referral, and go on separately after its no; where
somebody is to choose, the council does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from referral_hub.domain.codes import DeclineReason, NeedCode, TaskType
from referral_hub.domain.commands import AnswerTask, Wishes
from referral_hub.errors import Conflict, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task
from referral_hub.services.never_ask import never_asked, rule_out
from referral_hub.services.read_referrals import list_referrals, read_referral
from referral_hub.services.release import open_task
from referral_hub.services.submit_many import accept_many
from referral_hub.services.submit_referral import Submitted
from referral_hub.store import change
from tests.hub_bench import Bench, nhs_number
from tests.statements import counting

TWO = (NeedCode.CANNOT_GET_OUT, NeedCode.LONELY)


def test_two_needs_that_one_agency_takes_are_one_part_and_one_task(bench: Bench) -> None:
    sent = bench.refer(needs=TWO, to=("neighbours", "council"))
    assert [slot.needs for slot in sent.slots] == [TWO]
    assert [(task["to"], task["state"]) for task in bench.tasks()] == [("neighbours", "routed")]
    bench.deliver()
    assert [(task["to"], task["state"]) for task in bench.tasks()] == [("neighbours", "offered")]


def test_a_need_whose_agency_another_need_refuses_is_logged_and_kept_for_later(
    bench: Bench,
) -> None:
    wishes = Wishes(first=frozenset({bench.agencies["mentors"]}))
    sent = bench.refer(needs=TWO, to=("neighbours", "council"), wishes=wishes)
    (slot,) = sent.slots
    asked = {str(agency_id): row["outcome"] for agency_id, row in slot.considered}
    assert asked[str(bench.agencies["neighbours"])] == "permit"
    assert asked[str(bench.agencies["mentors"])] == "refuse"
    assert bench.one("SELECT count(*) FROM log_entry WHERE type = 'decision'") == len(asked)


def test_after_a_no_each_need_goes_on_and_what_went_before_is_seen(bench: Bench) -> None:
    sent = bench.refer(needs=TWO, to=("neighbours", "council"))
    bench.deliver()
    (task,) = bench.tasks(sent.referral_id)
    no = AnswerTask(task["id"], False, DeclineReason.NO_CAPACITY, None)
    answer_task(bench.hub, bench.staff["neighbours"], no)
    bench.deliver()
    later = [task for task in bench.tasks(sent.referral_id) if task["slot"]]
    assert [(task["to"], task["slot"]) for task in later] == [("council", 1), ("council", 2)]
    view = read_referral(bench.hub, bench.staff["gp"], sent.referral_id)
    names = [[turn.recipient_name for turn in turns] for turns in view.slots.values()]
    assert names == [["Mereford Good Neighbours", "Mereford Council"]] * 2
    assert {task.state for task in view.current} == {"offered"}
    summary = list_referrals(bench.hub, bench.staff["gp"]).rows[0]
    assert [task.recipient_name for task in summary.tasks] == ["Mereford Council"] * 2


def test_where_somebody_is_to_choose_the_council_has_it_and_nobody_is_asked(bench: Bench) -> None:
    sent = bench.refer(needs=TWO, wishes=Wishes(person_chooses=True))
    assert {(task["to"], task["state"], task["reason"]) for task in bench.tasks()} == {
        ("council", "held", "owner_chooses")
    }
    bench.deliver()
    assert {task["state"] for task in bench.tasks()} == {"held"}
    assert sent.reference


def test_wishes_decide_who_is_asked_and_what_they_tell_is_not_kept_in_the_plan(
    bench: Bench,
) -> None:
    wishes = Wishes(first=frozenset({bench.agencies["neighbours"]}))
    bench.refer(wishes=wishes)
    assert [task["to"] for task in bench.tasks()] == ["neighbours"]
    never = replace(wishes, never=frozenset({bench.agencies["neighbours"]}))
    bench.refer(wishes=never)
    assert [task["to"] for task in bench.tasks()] == ["neighbours", "mentors"]
    (kept,) = bench.rows("SELECT never_share_with FROM subject ORDER BY id DESC LIMIT 1")
    assert kept["never_share_with"] == [bench.agencies["neighbours"]]


def test_a_helper_reads_what_exactly_is_needed_of_their_part_and_of_no_other(bench: Bench) -> None:
    wishes = Wishes(
        tasks=frozenset({TaskType.SHOPPING_WITH_MONEY, TaskType.COMPANY, TaskType.LIFT_TO_CARE}),
    )
    both = (NeedCode.SHOPPING_MEALS, NeedCode.BEEN_THERE)
    bench.refer(needs=both, to=("neighbours", "mentors", "council"), wishes=wishes)
    bench.deliver()
    said = {}
    for task in bench.tasks():
        who = bench.staff[task["to"]]
        said[task["to"]] = open_task(bench.hub, who, task["id"]).fields.get("need.help")
    assert said["neighbours"].split("\n") == [
        "Shopping with the person’s money or card",
        "Helper’s check: Enhanced check with the adults’ barred list",
    ]
    assert said["mentors"] is None


def test_who_was_ruled_out_once_is_left_out_of_every_later_referral_until_that_is_lifted(
    bench: Bench,
) -> None:
    person, gp = {"nhs_number": nhs_number(41)}, bench.staff["gp"]
    mentors, neighbours = bench.agencies["mentors"], bench.agencies["neighbours"]

    def sent(**wishes: Any) -> tuple[Submitted, str]:
        made = bench.refer(person=person, wishes=Wishes(**wishes))
        return made, bench.tasks(made.referral_id)[0]["to"]

    assert sent()[1] == "mentors"
    with counting(bench.hub.database) as seen:
        assert sent(never=frozenset({mentors}))[1] == "neighbours"
    assert len(seen) == 2  # one read and one write, as ever
    latest, to = sent(never=frozenset({neighbours}))
    assert to == "council"
    assert bench.one("SELECT never_share_with FROM subject") == sorted([mentors, neighbours])
    assert set(never_asked(bench.hub, gp, latest.referral_id).ruled_out) == {mentors, neighbours}

    rule_out(bench.hub, gp, latest.referral_id, {neighbours})
    assert bench.one("SELECT never_share_with FROM subject") == [neighbours]
    assert sent()[1] == "mentors"
    with pytest.raises(Conflict):
        rule_out(bench.hub, gp, latest.referral_id, {neighbours})
    with pytest.raises(InvalidInput):
        rule_out(bench.hub, gp, latest.referral_id, {bench.agencies["fire"]})
    with pytest.raises(NotFound):
        rule_out(bench.hub, bench.staff["hill-gp"], latest.referral_id, ())
    said = bench.rows("SELECT outcome FROM log_entry WHERE outcome LIKE 'never%%' ORDER BY id")
    assert [row["outcome"] for row in said] == ["never_recorded"] * 2 + ["never_lifted"]
    assert bench.verify().ok


def test_rows_of_a_file_rule_somebody_out_for_a_known_person_as_well(bench: Bench) -> None:
    person, gp = {"nhs_number": nhs_number(42)}, bench.staff["gp"]
    bench.refer(person=person)
    wishes = Wishes(never=frozenset({bench.agencies["mentors"]}))
    with bench.hub.database.acting_for(gp.agency_id) as connection:
        command = bench.command(person=person, wishes=wishes)
        made, _ = accept_many(bench.hub, gp, connection, commands=[command], at=bench.clock())
        assert made is not None
        change.write(connection, made)
    assert bench.one("SELECT never_share_with FROM subject") == [bench.agencies["mentors"]]
    assert bench.tasks()[-1]["to"] == "neighbours"


def test_what_waits_unsent_for_somebody_who_is_now_ruled_out_goes_on_without_them(
    bench: Bench,
) -> None:
    sent = bench.refer()
    assert bench.states() == [("mentors", "routed")]
    rule_out(bench.hub, bench.staff["gp"], sent.referral_id, {bench.agencies["mentors"]})
    bench.deliver()
    assert bench.states() == [("mentors", "withheld"), ("neighbours", "offered")]


def test_a_plan_goes_round_once_and_ends_with_the_council_that_cannot_pass_it_on(
    bench: Bench,
) -> None:
    bench.rows(
        "UPDATE service s SET backup_service_id = o.id FROM service o"
        " WHERE o.id <> s.id AND o.needs && s.needs"
    )
    sent = bench.refer(to=("mentors", "neighbours", "council"))
    bench.deliver()
    for key in ("mentors", "neighbours"):
        last = bench.tasks(sent.referral_id)[-1]
        assert last["to"] == key
        no = AnswerTask(last["id"], False, DeclineReason.NO_CAPACITY, None)
        answer_task(bench.hub, bench.staff[key], no)
        bench.deliver()
    last = bench.tasks(sent.referral_id)[-1]
    with pytest.raises(Conflict, match="accountable"):
        answer_task(bench.hub, bench.staff["council"], replace(no, task_id=last["id"]))
    bench.deliver()
    assert bench.states(sent.referral_id) == [
        ("mentors", "declined"),
        ("neighbours", "declined"),
        ("council", "offered"),
    ]
