"""Asking how somebody is doing: every question may be left out, and the whole page too."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from flask import redirect, render_template, url_for

from referral_hub.domain.commands import Actor
from referral_hub.domain.measures import ScoreStage, scores
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.record_scores import Scores, asked, record_scores, task_to_ask
from referral_hub.services.task_inbox import read_task
from referral_hub.web.answers import moved_on
from referral_hub.web.forms import Filled, FormPage, read_form
from referral_hub.web.forms.fields import Code, Paragraph, Whole

LONGEST_GOAL = 200
TWICE = "Answers for this stage have been recorded already."


@cache
def _schema() -> type[FormPage]:
    """A page with a field for each question of each measure."""
    fields: dict[str, Any] = {
        code: Whole(
            question.short, least=question.range[0], most=question.range[1], load_default=None
        )
        for code, question in scores(asked())
    }
    fields["stage"] = Code(ScoreStage, "Select when you asked", required=True)
    fields["goal"] = Paragraph("Goal", longest=LONGEST_GOAL, load_default=None)
    return type("ScoresPage", (FormPage,), fields)


def form(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """The questions, before anything is answered."""
    return _page(hub, actor, task_id, Filled())


def save(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Record the answers, once for each stage."""
    filled = read_form(_schema()())
    if not filled.ok:
        return _page(hub, actor, task_id, filled)
    given = filled.values
    answers = {code: given[code] for code, _ in scores(asked()) if given[code] is not None}
    try:
        record_scores(hub, actor, task_id, Scores(given["stage"], answers, given["goal"]))
    except InvalidInput as problem:
        messages = {name: words[0] for name, words in problem.fields.items()}
        return _page(hub, actor, task_id, filled.with_errors(**messages))
    except Conflict:
        return moved_on(read_task(hub, actor, task_id), TWICE), 409
    return redirect(url_for("tasks.show", task_id=task_id, done="scores"))


def _page(hub: Hub, actor: Actor, task_id: UUID, filled: Filled) -> Any:
    try:
        task = task_to_ask(hub, actor, task_id)
    except Conflict:
        return moved_on(read_task(hub, actor, task_id)), 409
    shown = render_template(
        "tasks/scores.html",
        task=task,
        measures=asked(),
        form=filled,
        stages=ScoreStage,
        back=url_for("tasks.show", task_id=task_id),
    )
    return (shown, 422) if filled.errors else shown
