"""Whether a person is told of a step, and how: the reviewed table, and what holds always."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from referral_hub.domain.codes import ContactMethod
from referral_hub.domain.person_messages import (
    PersonStep,
    Reach,
    Telling,
    how,
    step_of,
    table_events,
    telling_events,
)
from referral_hub.domain.task_clocks import Step
from referral_hub.domain.transitions import TaskEvent, TaskState

TABLE = Path(__file__).parents[1] / "tables" / "person_messages.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
METHODS = some.frozensets(some.sampled_from(ContactMethod))
WAYS = {
    Telling.MAIL: ContactMethod.EMAIL,
    Telling.PHONE: ContactMethod.PHONE,
    Telling.TEXT: ContactMethod.TEXT,
    Telling.POST: ContactMethod.POST,
    Telling.HOME_VISIT: ContactMethod.HOME_VISIT,
}
STEPS = {
    "deliver": PersonStep.RECEIVED,
    "accept": PersonStep.ACCEPTED,
    "decline": PersonStep.MOVED_ON,
    "expire": PersonStep.MOVED_ON,
    "stop": PersonStep.MOVED_ON,
    "close": PersonStep.FINISHED,
    "take_back": PersonStep.TAKEN_BACK,
}


def _methods(words: str) -> frozenset[ContactMethod]:
    return frozenset(map(ContactMethod, words.split()))


def _case(row: dict[str, str]) -> str:
    said = "-".join(f"{name}={row[name] or 'none'}" for name in ("preferred", "never", "safe"))
    return f"{row['step']}-{said}-{row['mail_address']}".replace(" ", "+")


@pytest.mark.parametrize("row", ROWS, ids=_case)
def test_the_person_is_told_as_the_table_says(row: dict[str, str]) -> None:
    reach = Reach(
        preferred=_methods(row["preferred"]),
        never=_methods(row["never"]),
        safe=row["safe"] == "yes",
        mail=row["mail_address"] == "yes",
    )
    assert how(PersonStep(row["step"]), reach) is Telling(row["told"])


def test_every_step_way_and_method_has_its_rows() -> None:
    assert {row["told"] for row in ROWS} == {way.value for way in Telling}
    for step in PersonStep:
        for column in ("preferred", "never"):
            named = {one for row in ROWS if row["step"] == step for one in row[column].split()}
            assert named == {method.value for method in ContactMethod}, (step, column)
        assert {row["safe"] for row in ROWS if row["step"] == step} == {"yes", "no"}


@given(
    step=some.sampled_from(PersonStep),
    preferred=METHODS,
    never=METHODS,
    safe=some.booleans(),
    mail=some.booleans(),
)
def test_nobody_is_told_where_it_is_not_safe_or_in_a_way_that_was_ruled_out(
    step: PersonStep,
    preferred: frozenset[ContactMethod],
    never: frozenset[ContactMethod],
    safe: bool,
    mail: bool,
) -> None:
    told = how(step, Reach(preferred=preferred, never=never, safe=safe, mail=mail))
    if not safe or never == frozenset(ContactMethod):
        assert told is Telling.NOBODY
    if told is not Telling.NOBODY:
        assert WAYS[told] not in never
    if told is Telling.MAIL:
        assert mail


def test_every_event_of_a_task_is_decided_about() -> None:
    assert table_events() == {event.value for event in TaskEvent}
    assert {event.value: step for event in TaskEvent if (step := step_of(event, ""))} == STEPS
    assert set(telling_events()) == {*STEPS, Step.REMIND}


def test_a_reminder_is_news_only_while_the_first_contact_is_awaited() -> None:
    told = {state: step_of(Step.REMIND, state) for state in TaskState}
    assert {state for state, step in told.items() if step} == {TaskState.ACCEPTED}
    assert told[TaskState.ACCEPTED] is PersonStep.CONTACT_EXPECTED
    assert step_of(Step.ESCALATE, TaskState.ACCEPTED) is None
