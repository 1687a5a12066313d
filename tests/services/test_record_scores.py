"""How somebody is doing: sealed for two agencies, counted as well or not, once for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any
from uuid import UUID

import pytest

from referral_hub.domain.commands import AnswerTask
from referral_hub.domain.measures import ScoreStage, built_in, read_measures, scores
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task
from referral_hub.services.measures import GROUP, with_installed
from referral_hub.services.record_scores import Scores, record_scores
from referral_hub.services.release import open_task
from tests.hub_bench import Bench

START, END = ScoreStage.START, ScoreStage.END
TOLD = Scores(START, {"ons4_happiness": 7, "ons4_anxiety": 4, "own_goal_reached": 2}, "Walk again")
LICENSED = {
    "warmth": {
        "name": "Warmth scale",
        "questions": [
            {
                "code": "score",
                "asks": "Score",
                "short": "Warmth",
                "range": [7, 35],
                "well": [28, 35],
            }
        ],
    }
}


@pytest.fixture
def task_id(bench: Bench) -> UUID:
    """A task that the mentors accepted."""
    bench.refer()
    bench.deliver()
    found: UUID = bench.tasks()[0]["id"]
    answer_task(bench.hub, bench.staff["mentors"], AnswerTask(found, True, None, None))
    bench.deliver()
    return found


def test_answers_are_sealed_for_both_agencies_and_counted_as_well_or_not(
    bench: Bench, task_id: UUID
) -> None:
    record_scores(bench.hub, bench.staff["mentors"], task_id, TOLD)
    opened = open_task(bench.hub, bench.staff["mentors"], task_id)
    assert "Walk again" in str(opened.messages[-1].text)
    (note,) = bench.table("message")
    assert note["kind"] == "scores_start"
    assert b"Walk" not in bytes(note["ciphertext"])
    counted = [row for row in bench.table("figure_note") if row["scores"]]
    assert [sorted(row["scores"]) for row in counted] == [
        ["ons4_anxiety|start_other", "ons4_happiness|start_well", "own_goal_reached|start_other"]
    ]
    assert str(task_id) not in str(counted)
    assert bench.verify().ok


def test_a_stage_is_recorded_once(bench: Bench, task_id: UUID) -> None:
    mentors = bench.staff["mentors"]
    record_scores(bench.hub, mentors, task_id, TOLD)
    with pytest.raises(Conflict):
        record_scores(bench.hub, mentors, task_id, TOLD)
    record_scores(bench.hub, mentors, task_id, Scores(END, {"ons4_happiness": 3}))
    assert [row["kind"] for row in bench.table("message")] == ["scores_start", "scores_end"]


def test_a_stage_is_recorded_once_within_one_agency_too(bench: Bench, task_id: UUID) -> None:
    bench.rows("UPDATE task SET origin_agency_id = recipient_agency_id WHERE id = %s", task_id)
    mentors = bench.staff["mentors"]
    record_scores(bench.hub, mentors, task_id, TOLD)
    with pytest.raises(Conflict):
        record_scores(bench.hub, mentors, task_id, TOLD)
    record_scores(bench.hub, mentors, task_id, Scores(END, {"ons4_happiness": 3}))
    assert bench.table("message") == []
    assert len([row for row in bench.table("figure_note") if row["scores"]]) == 2


@pytest.mark.parametrize(
    "answers", [{}, {"ons4_happiness": 11}, {"ons4_happiness": -1}, {"nothing": 3}], ids=str
)
def test_what_cannot_be_an_answer_is_refused(
    bench: Bench, task_id: UUID, answers: Mapping[str, int]
) -> None:
    with pytest.raises(InvalidInput):
        record_scores(bench.hub, bench.staff["mentors"], task_id, Scores(START, answers))


def test_only_who_helps_records_and_only_while_they_do(bench: Bench, task_id: UUID) -> None:
    with pytest.raises(Forbidden):
        record_scores(bench.hub, bench.staff["gp"], task_id, TOLD)
    with pytest.raises(NotFound):
        record_scores(bench.hub, bench.staff["neighbours"], task_id, TOLD)
    bench.rows("UPDATE task SET state = 'offered' WHERE id = %s", task_id)
    with pytest.raises(Conflict):
        record_scores(bench.hub, bench.staff["mentors"], task_id, TOLD)


def test_an_installed_measure_joins_and_one_that_clashes_or_is_wrong_does_not() -> None:
    def point(table: Any) -> Any:
        return type("Point", (EntryPoint,), {"load": lambda _self: table})("warmth", "x:y", GROUP)

    known = with_installed(built_in(), [point(LICENSED)])
    assert [code for code, _ in scores(known)][-1] == "warmth_score"
    for wrong in (
        {"ons4": LICENSED["warmth"]},
        {"warmth": {"name": "No questions", "questions": []}},
        {"warmth": {"name": "No range", "questions": [{"code": "score"}]}},
        {"Warmth!": LICENSED["warmth"]},
    ):
        with pytest.raises(ValueError, match="measure"):
            with_installed(built_in(), [point(wrong)])


def test_anxiety_is_the_only_built_in_question_where_little_is_well() -> None:
    low = [code for code, question in scores(built_in()) if question.well[0] == 0]
    assert low == ["ons4_anxiety"]
    assert len(list(scores(built_in()))) == 5
    assert read_measures({}) == ()
