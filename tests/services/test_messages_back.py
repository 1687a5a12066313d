"""A sender is told what became of its referral, as deep as its administrator chose."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

from adapters.formats.message_back import SCHEMA
from referral_hub.domain.codes import ClosingOutcome, DeclineReason, MessagesBack
from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.errors import NotFound
from referral_hub.services.answer_task import answer_task, close_task, record_contact
from referral_hub.services.message_back import read_message_back
from referral_hub.services.reached import Choice, choose_inbox, choose_system
from tests.hub_bench import Bench, NewBench
from tests.services.partners import unsealed
from tests.services.test_chosen_ways import KEY, PERSON, PUBLIC
from tests.taking import taking


@pytest.fixture
def here(new_bench: NewBench) -> Bench:
    return new_bench(HUB_CALLBACKS_HERE="1")


def live_through(bench: Bench) -> UUID:
    """Mentors decline; neighbours accept, make contact and close. Delivers after each step."""
    sent = bench.refer(to=("neighbours", "mentors"))
    bench.deliver()
    while not any(row["to"] == "neighbours" for row in bench.tasks()):
        task = bench.tasks()[-1]
        no = AnswerTask(task["id"], False, DeclineReason.NO_CAPACITY, None)
        answer_task(bench.hub, bench.staff[task["to"]], no)
        bench.deliver()
    task_id = next(row["id"] for row in bench.tasks() if row["to"] == "neighbours")
    staff = bench.staff["neighbours"]
    for step in (
        lambda: answer_task(bench.hub, staff, AnswerTask(task_id, True, None, "We ring Zebedee")),
        lambda: record_contact(bench.hub, staff, task_id),
        lambda: close_task(
            bench.hub, staff, CloseTask(task_id, ClosingOutcome.HELPED, True, "Zebedee comes on")
        ),
    ):
        step()
        bench.deliver()
    return sent.referral_id


def choose(bench: Bench, url: str, back: MessagesBack, **changes: Any) -> None:
    choice = Choice("https_push", "fhir_message", url, plain=True, back=back)
    choose_system(bench.hub, bench.staff["surgery-admin"], replace(choice, **changes))


def test_each_step_comes_as_a_fhir_message_that_names_nobody(
    here: Bench, external_data: Path
) -> None:
    schema = json.loads((external_data / "fhir-r4" / "fhir.schema.json").read_text())
    valid = Draft7Validator(schema)
    with taking() as surgery:
        choose(here, surgery.url, MessagesBack.STEPS)
        live_through(here)
        bundles = [json.loads(asked.body) for asked in surgery.asked]
    tasks = []
    for bundle in bundles:
        assert not list(valid.iter_errors(bundle))
        header, task = (entry["resource"] for entry in bundle["entry"][:2])
        assert header["eventCoding"]["code"] == "servicerequest-response"
        assert header["focus"] == [{"reference": f"urn:uuid:{task['id']}"}]
        assert not [word for word in PERSON if word in json.dumps(bundle)]
        tasks.append(task)
    assert [task["status"] for task in tasks][-3:] == ["accepted", "in-progress", "completed"]
    letter = tasks[-1]["note"][0]["text"]
    for said in ("PLAN AND REQUESTED ACTIONS", "Mereford Good Neighbours", "Outcome: Helped"):
        assert said in letter, said
    logged = here.rows("SELECT seq FROM log_entry WHERE outcome = 'message_back'")
    assert len(logged) == len(bundles)
    assert all(row["seq"] is not None for row in logged)
    assert len({asked.headers["idempotency-key"] for asked in surgery.asked}) == len(bundles)


def test_the_end_alone_comes_sealed_as_json(here: Bench) -> None:
    with taking() as surgery:
        choose(here, surgery.url, MessagesBack.ENDS, format="hub_json", plain=False, key=PUBLIC)
        live_through(here)
        (asked,) = surgery.asked
    told = unsealed(KEY, asked.body)
    assert told["schema"] == SCHEMA
    plan = next(one for one in told["sections"] if one["heading"] == "Plan and requested actions")
    assert plan["entries"][-1]["Status"].startswith("Closed, since")


@pytest.mark.parametrize("back", [MessagesBack.NONE, MessagesBack.STEPS])
def test_nobody_is_told_who_did_not_ask_or_chose_the_inbox(here: Bench, back: MessagesBack) -> None:
    with taking() as surgery:
        choose(here, surgery.url, back)
        if back is not MessagesBack.NONE:
            choose_inbox(here.hub, here.staff["surgery-admin"])
        live_through(here)
        assert surgery.asked == []
    assert here.rows("SELECT id FROM outbox WHERE kind = 'message_back'") == []


def test_who_wants_no_more_of_them_is_sent_none_that_was_waiting(here: Bench) -> None:
    with taking() as surgery:
        choose(here, surgery.url, MessagesBack.STEPS)
        here.refer(to=("neighbours",))
        here.deliver()
        task_id = here.tasks()[-1]["id"]
        surgery.asked.clear()
        answer_task(here.hub, here.staff["neighbours"], AnswerTask(task_id, True, None, None))
        choose(here, surgery.url, MessagesBack.NONE)
        here.deliver()
        assert surgery.asked == []
    states = here.rows("SELECT state, last_code FROM outbox WHERE kind = 'message_back'")
    assert {"state": "cancelled", "last_code": "nobody_to_write_to"} in states


def test_who_then_wants_the_end_alone_is_sent_that_and_no_step_that_was_waiting(
    here: Bench,
) -> None:
    with taking() as surgery:
        choose(here, surgery.url, MessagesBack.STEPS)
        here.refer(to=("neighbours",))
        here.deliver()
        task_id, staff = here.tasks()[-1]["id"], here.staff["neighbours"]
        answer_task(here.hub, staff, AnswerTask(task_id, True, None, None))
        close_task(here.hub, staff, CloseTask(task_id, ClosingOutcome.HELPED, True, "She rings"))
        choose(here, surgery.url, MessagesBack.ENDS)
        here.deliver()
        (asked,) = surgery.asked
    assert json.loads(asked.body)["entry"][1]["resource"]["status"] == "completed"
    (end,) = here.rows("SELECT id FROM task_event WHERE event = 'close'")
    sent = here.rows("SELECT id, state FROM outbox WHERE kind = 'message_back' ORDER BY id")
    assert [row["state"] for row in sent] == ["cancelled", "delivered"]
    assert str(sent[-1]["id"])[:18] == str(end["id"])[:18]


def test_what_fails_waits_like_everything_else_and_says_the_newest_state(here: Bench) -> None:
    with taking() as surgery:
        choose(here, surgery.url, MessagesBack.STEPS)
        surgery.answers = [(503, {})] * 9
        live_through(here)
        surgery.answers = []
        surgery.asked.clear()
        here.rows("UPDATE delivery_breaker SET opened_at = NULL, failures = 0")
        here.rows("UPDATE outbox SET due_at = created_at WHERE state = 'due'")
        here.deliver()
        statuses = {
            json.loads(asked.body)["entry"][1]["resource"]["status"] for asked in surgery.asked
        }
    assert "completed" in statuses
    assert "accepted" not in statuses
    states = here.rows("SELECT DISTINCT state FROM outbox WHERE kind = 'message_back'")
    assert [row["state"] for row in states] == ["delivered"]


def test_a_sender_reads_it_in_the_hub_and_nobody_else_does(here: Bench) -> None:
    referral_id = live_through(here)
    message = read_message_back(here.hub, here.staff["gp"], referral_id)
    assert message.services[-1].outcome == "Helped"
    with pytest.raises(NotFound):
        read_message_back(here.hub, here.staff["hill-gp"], referral_id)
