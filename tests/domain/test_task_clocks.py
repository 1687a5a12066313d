"""Where a task's clock stands: case by case from a table, and what must hold for any history."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.codes import AgencyKind, Priority
from referral_hub.domain.task_clocks import (
    CLOCKS,
    WAITED_FOR,
    Happened,
    Step,
    TaskClock,
    WhenSilent,
    answer_due,
    load_terms,
    running,
    table_of_terms,
)
from referral_hub.domain.transitions import OPEN, Party, TaskState
from referral_hub.domain.working_days import Nation, packaged
from referral_hub.domain.working_hours import LONDON

TABLE = Path(__file__).parents[1] / "tables" / "task_clocks.csv"
TERMS = Path(__file__).parents[2] / "referral_hub" / "domain" / "task_clocks.csv"
HERE = UUID(int=7)
CALENDAR = packaged()[Nation.ENGLAND_AND_WALES]
ANY = AgencyKind.VOLUNTARY_GROUP


def _rows() -> list[dict[str, str]]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _history(steps: str) -> list[Happened]:
    """`state@when` lines; a step of the clock stands between them and is of the state before."""
    found: list[Happened] = []
    for number, text in enumerate(steps.split()):
        name, _, when = text.partition("@")
        at = datetime.fromisoformat(when).replace(tzinfo=LONDON).astimezone(UTC)
        line = uuid5(HERE, str(number))
        if name in set(Step):
            began = [h for h in found if h.step is None][-1]
            found.append(Happened(line, began.state, at, Step(name), began.id))
        else:
            found.append(Happened(line, TaskState(name), at))
    return found


@pytest.mark.parametrize("row", _rows(), ids=lambda row: row["why"])
def test_a_clock_stands_where_the_reviewed_table_says(row: dict[str, str]) -> None:
    found = running(
        _history(row["steps"]),
        recipient=AgencyKind(row["recipient"]),
        priority=Priority(row["priority"]),
        calendar=packaged()[Nation(row["nation"])],
    )
    assert (found.clock if found else "") == row["clock"]
    step, at = found.next if found and found.next else ("", None)
    assert step == row["step"]
    assert (at.astimezone(LONDON).strftime("%Y-%m-%dT%H:%M") if at else "") == row["at"]


def test_every_clock_and_every_step_has_a_case() -> None:
    rows = _rows()
    assert {row["clock"] for row in rows} >= set(TaskClock)
    assert {row["step"] for row in rows} >= set(Step)
    assert {row["nation"] for row in rows} == set(Nation)


@pytest.mark.parametrize("state", TaskState)
def test_each_open_state_has_a_clock_and_somebody_it_waits_for(state: TaskState) -> None:
    assert (state in CLOCKS) is (state in OPEN)
    assert set(WAITED_FOR) == set(TaskClock) == set(CLOCKS.values())
    assert Party.OWNER not in WAITED_FOR.values()


def test_an_urgent_answer_is_never_given_more_time_than_a_routine_one() -> None:
    table = table_of_terms()
    for (clock, recipient, priority), terms in table.items():
        if priority is Priority.URGENT:
            routine = table.get((clock, recipient, Priority.ROUTINE))
            routine = routine or table[clock, "any", Priority.ROUTINE]
            assert terms.spans[Step.DUE] <= routine.spans[Step.DUE]


def test_silence_moves_on_by_itself_where_nobody_has_begun_to_help() -> None:
    moving = {TaskClock.DELIVER, TaskClock.ANSWER, TaskClock.INFORMATION}
    for (clock, recipient, _), terms in table_of_terms().items():
        if recipient != "council":
            assert (terms.then is WhenSilent.NEXT) is (clock in moving)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("answer,any,routine,days,6,9,10", "answer,any,routine,days,9,6,10"), "one after the"),
        (("answer,any,routine,days,6,9,10", "answer,any,routine,days,6,9,"), "one after the"),
        (("answer,any,routine,days", "answer,any,routine,weeks"), "days or hours"),
        (("answer,any,routine,days,6", "answer,any,routine,days,six"), "remind must be"),
        (("answer,any,routine,days,6,9,10,next\n", ""), "answer, any, routine: the row is missing"),
        (("information,any,routine", "answer,any,routine"), "there twice"),
        (("answer,council,urgent", "answer,parish,urgent"), "parish"),
    ],
)
def test_a_table_with_a_mistake_is_refused(change: tuple[str, str], why: str) -> None:
    text = TERMS.read_text(encoding="utf-8").replace(*change)
    with pytest.raises(ValueError, match=why):
        load_terms(csv.DictReader(text.splitlines()))


INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda at: at.replace(tzinfo=UTC)
)


@given(INSTANTS, st.sampled_from(sorted(OPEN)), st.sampled_from(Priority), st.data())
def test_a_silent_task_takes_every_step_once_and_in_order_however_late_the_hub_is(
    began: datetime, state: TaskState, priority: Priority, data: st.DataObject
) -> None:
    history = [Happened(uuid5(HERE, "began"), state, began)]
    taken: list[Step] = []
    while True:
        found = running(history, recipient=ANY, priority=priority, calendar=CALENDAR)
        assert found is not None
        if found.next is None:
            break
        step, planned = found.next
        late = timedelta(hours=data.draw(st.integers(0, 24 * 20)))
        at = max(planned, history[-1].at) + late
        assert at >= history[-1].at
        assert len(history) == 1 or planned > history[-1].at
        history.append(Happened(uuid5(HERE, step), state, at, step, history[0].id))
        taken.append(step)
    steps = [Step.ESCALATE, Step.DUE] if state is TaskState.ROUTED else list(Step)
    assert taken == steps


@given(INSTANTS, st.integers(0, 30), st.integers(0, 30))
def test_a_question_never_costs_the_recipient_time(
    offered: datetime, before: int, waited: int
) -> None:
    asked = offered + timedelta(hours=before)
    history = [
        Happened(uuid5(HERE, "offered"), TaskState.OFFERED, offered),
        Happened(uuid5(HERE, "asked"), TaskState.INFORMATION_ASKED, asked),
        Happened(uuid5(HERE, "again"), TaskState.OFFERED, asked + timedelta(days=waited)),
    ]
    plain = answer_due(offered, recipient=ANY, priority=Priority.ROUTINE, calendar=CALENDAR)
    found = running(history, recipient=ANY, priority=Priority.ROUTINE, calendar=CALENDAR)
    assert found is not None
    assert found.due_at >= plain
    assert found.began == history[0].id
