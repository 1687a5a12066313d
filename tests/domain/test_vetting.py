"""The check for a task is the reviewed one, within what the law allows, whatever the tasks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referral_hub.domain.codes import TaskType, Vetting
from referral_hub.domain.vetting import (
    Required,
    covers,
    lawful,
    need_rules,
    required,
    rules,
    task_words,
    training,
    vetting_words,
)
from referral_hub.web.labels import Labels

TABLES = Path(__file__).parents[1] / "tables"
TASKS = st.frozensets(st.sampled_from(TaskType), max_size=4)


def _rows() -> list[dict[str, str]]:
    with (TABLES / "vetting.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", [pytest.param(row, id=row["case"]) for row in _rows()])
def test_the_check_for_a_task_is_the_reviewed_one(row: dict[str, str]) -> None:
    tasks = frozenset(map(TaskType, row["tasks"].split("|")))
    wanted = required(tasks, row["person"] == "child")
    assert wanted == Required(Vetting(row["minimum"]), Vetting(row["maximum"]))


def test_every_task_is_reviewed_and_says_where_it_is_written() -> None:
    assert {row["tasks"] for row in _rows()} >= {task.value for task in TaskType}
    assert all(rule.source for rule in rules().values())


def test_every_need_is_met_by_tasks_and_read_carefully_where_nobody_says_which() -> None:
    for need, rule in need_rules().items():
        assert rule.careful
        assert rule.careful <= rule.tasks, need
    assert frozenset().union(*(rule.tasks for rule in need_rules().values())) == set(TaskType)


@given(TASKS, st.booleans())
def test_the_lowest_check_is_never_above_what_may_be_asked_for(
    tasks: frozenset[TaskType], child: bool
) -> None:
    wanted = required(tasks, child)
    assert covers(wanted.maximum, wanted.minimum)
    assert lawful(wanted.minimum, tasks, child=child)


@given(TASKS, TASKS, st.booleans(), st.sampled_from(Vetting))
def test_more_tasks_never_want_less_and_whoever_is_checked_for_all_is_checked_for_each(
    some: frozenset[TaskType], others: frozenset[TaskType], child: bool, held: Vetting
) -> None:
    both = required(some | others, child).minimum
    assert covers(both, required(some, child).minimum)
    assert training(some) <= training(some | others)
    if covers(held, both):
        assert covers(held, required(some, child).minimum)


@pytest.mark.parametrize(
    ("asked", "task", "allowed"),
    [
        (Vetting.ENHANCED_ADULTS, TaskType.SHOPPING_WITH_MONEY, True),
        (Vetting.ENHANCED_ADULTS, TaskType.HOME_JOBS, False),
        (Vetting.STANDARD, TaskType.HOME_JOBS, False),
        (Vetting.BASIC, TaskType.HOME_JOBS, True),
        (Vetting.ENHANCED_CHILDREN, TaskType.SHOPPING_WITH_MONEY, False),
        (Vetting.ENHANCED_BOTH, TaskType.PERSONAL_CARE, False),
    ],
    ids=str,
)
def test_a_check_above_the_task_may_not_be_asked_for(
    asked: Vetting, task: TaskType, allowed: bool
) -> None:
    assert lawful(asked, [task], child=False) is allowed


def test_helpers_read_the_words_of_the_pages() -> None:
    labels = Labels()
    assert {task: task_words(task) for task in TaskType} == {
        task: labels.label(task) for task in TaskType
    }
    assert {level: vetting_words(level) for level in Vetting} == {
        level: labels.label(level) for level in Vetting
    }
