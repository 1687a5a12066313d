"""A recipient's system: what reached its agency, and its answers.

What the referral says is delivered to the agency's registered address or shown in its inbox; here
are states and moves only. Saying the same again changes nothing, so an answer may be sent twice.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import Schema

from referral_hub.domain.commands import AnswerTask, CloseTask
from referral_hub.domain.transitions import FHIR_STATUS, TaskState
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact
from referral_hub.services.api_access import Caller
from referral_hub.services.hub import Hub
from referral_hub.services.open_for_system import open_for_system
from referral_hub.services.task_inbox import list_tasks, read_task
from referral_hub.web import api_shapes
from referral_hub.web.api_reading import (
    conditional,
    cursor,
    no_parameters,
    readable,
    require_match,
)
from referral_hub.web.forms.api_bodies import (
    AcceptTaskBody,
    AskTaskBody,
    CloseTaskBody,
    DeclineTaskBody,
    NothingBody,
)
from referral_hub.web.json_body import read_body, read_document, require_json

PATH = "/api/v1/tasks"


def tasks(hub: Hub, caller: Caller) -> Response:
    """What reached the agency, newest first."""
    page = list_tasks(hub, caller.actor, before=cursor("before"))
    shown: dict[str, Any] = {"tasks": [api_shapes.received(row) for row in page.rows]}
    if page.next is not None:
        shown["next"] = f"{hub.settings.public_url}{PATH}?before={page.next}"
    return readable(shown)


def task(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """One task, its history, and what the agency may do now."""
    no_parameters()
    return readable(api_shapes.one_task(read_task(hub, caller.actor, task_id)))


def open_content(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """What the referral says, as far as the agency may be told now; the look is in the log."""
    _read(hub, caller, task_id, schema=NothingBody())
    kind, body = open_for_system(hub, caller, task_id)
    return Response(body, content_type=kind)


def accept(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """Take the task on."""
    given = _read(hub, caller, task_id, schema=AcceptTaskBody())
    answer = AnswerTask(task_id, True, None, **given)
    return _now(task_id, answer_task(hub, caller.actor, answer))


def decline(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """Say no, with a reason; the plan goes on with the next."""
    given = _read(hub, caller, task_id, schema=DeclineTaskBody())
    answer = AnswerTask(task_id, False, given["reason"], given["note"])
    return _now(task_id, answer_task(hub, caller.actor, answer))


def ask_sender(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """Ask the sender something."""
    given = _read(hub, caller, task_id, schema=AskTaskBody())
    return _now(task_id, ask(hub, caller.actor, task_id, given["question"]))


def contact(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """Record that the person was reached."""
    _read(hub, caller, task_id, schema=NothingBody())
    return _now(task_id, record_contact(hub, caller.actor, task_id))


def close(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """Close the task with its outcome."""
    given = _read(hub, caller, task_id, schema=CloseTaskBody())
    told, step = given["person_told"], given["next_step"]
    closing = CloseTask(task_id, given["outcome"], told, step, given["give_help"])
    return _now(task_id, close_task(hub, caller.actor, closing))


def _read(hub: Hub, caller: Caller, task_id: UUID, *, schema: Schema) -> dict[str, Any]:
    no_parameters()
    require_json()
    given: dict[str, Any] = read_document(schema, read_body())
    if conditional():
        require_match(api_shapes.one_task(read_task(hub, caller.actor, task_id)))
    return given


def _now(task_id: UUID, state: TaskState) -> Response:
    return readable({"task": str(task_id), "state": state.value, "fhir_status": FHIR_STATUS[state]})
