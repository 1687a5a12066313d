"""Tasks and requests over FHIR: reading, searching, and answering by JSON Patch.

A recipient's client finds what reached its agency, and answers; a sender's client reads its own
requests and, with `focus`, the tasks of one. "Not yours" and "not there" are the same outcome.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, request

from adapters.formats.fhir.answer import Answer, answer_of_patch
from adapters.formats.fhir.capability import capability_statement
from adapters.formats.fhir.outcome import FhirProblem, Issue, bad
from adapters.formats.fhir.writing import TaskView, searchset, service_request, task
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.transitions import FHIR_STATUS
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.answer_task import answer_task, ask, close_task, record_contact
from referral_hub.services.api_access import Caller
from referral_hub.services.fhir_exchange import search_tasks
from referral_hub.services.fhir_views import base_url, request_view, task_view
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.release import open_kept
from referral_hub.services.task_inbox import read_task
from referral_hub.web import fhir_wire as wire

_PARAMETERS = frozenset({"status", "focus", "page", "_format", "_id"})
_STATUSES = frozenset(FHIR_STATUS.values())


def metadata(hub: Hub) -> Response:
    """What this server does."""
    wire.check_accept()
    statement = capability_statement(
        base=base_url(hub), software_version=version("referral-hub"), date=hub.clock()
    )
    return wire.answer(statement)


def read_request(hub: Hub, caller: Caller, referral_id: UUID) -> Response:
    """One request that the caller's agency sent."""
    wire.check_accept()
    view = request_view(read_referral(hub, caller.actor, referral_id))
    kept = open_kept(hub, caller.actor, referral_id)
    return wire.answer(service_request(view, kept=kept), ETag=wire.entity_tag(view.version))


def read_one(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """One task that reached the caller's agency."""
    wire.check_accept()
    row = read_task(hub, caller.actor, task_id).task
    return wire.answer(task(task_view(row)), ETag=wire.entity_tag(row.version))


def search(hub: Hub, caller: Caller) -> Response:
    """A page of tasks: those that reached the agency or, with `focus`, those of its request."""
    wire.check_accept()
    unknown = sorted(request.args.keys() - _PARAMETERS)
    if unknown:
        raise bad(f"Search by {', '.join(sorted(_PARAMETERS))}.", code="not-supported")
    statuses = _statuses()
    focus, one = request.args.get("focus"), request.args.get("_id")
    if focus is not None:
        rows = read_referral(hub, caller.actor, uuid_of(focus.rpartition("/")[2])).current
        rows = [row for row in rows if statuses is None or _status(row.state) in statuses]
        following = None
    elif one is not None:
        rows, following = [read_task(hub, caller.actor, uuid_of(one)).task], None
    else:
        before = uuid_of(request.args["page"]) if "page" in request.args else None
        page = search_tasks(hub, caller.actor, statuses=statuses, before=before)
        rows, following = list(page.rows), page.next
    here = f"{base_url(hub)}/Task"
    kept = {name: value for name, value in request.args.items() if name != "page"}
    return wire.answer(
        searchset(
            [task(task_view(row)) for row in rows],
            base=base_url(hub),
            self_url=_address(here, request.args.to_dict()),
            next_url=_address(here, {**kept, "page": str(following)}) if following else None,
        )
    )


def patch(hub: Hub, caller: Caller, task_id: UUID) -> Response:
    """A recipient's answer."""
    answer = answer_of_patch(wire.read_patch())
    row = read_task(hub, caller.actor, task_id).task
    wire.check_version(row.version)
    if answer.expected is not None and answer.expected != _status(row.state):
        raise FhirProblem(
            412,
            [Issue("conflict", "The status is another one by now. Read it again, then answer.")],
        )
    view = answered(hub, caller.actor, task_id, answer)
    return wire.answer(task(view), ETag=wire.entity_tag(view.version))


def answered(hub: Hub, actor: Actor, task_id: UUID, answer: Answer) -> TaskView:
    """The task after a recipient's answer. Raises FhirProblem, NotFound, Conflict."""
    try:
        _answer(hub, actor, task_id, answer)
    except InvalidInput as wrong:
        texts = [text for found in wrong.fields.values() for text in found]
        raise FhirProblem(
            400, [Issue("required", text, "Task.statusReason") for text in texts]
        ) from None
    return task_view(read_task(hub, actor, task_id).task)


def _answer(hub: Hub, actor: Actor, task_id: UUID, answer: Answer) -> None:
    match answer.verb:
        case "accept":
            answer_task(hub, actor, AnswerTask(task_id, True, None, answer.note))
        case "decline":
            reason = DeclineReason(_code(answer.reason, DeclineReason, "Task.statusReason"))
            answer_task(hub, actor, AnswerTask(task_id, False, reason, answer.note))
        case "contact":
            record_contact(hub, actor, task_id)
        case "ask":
            if not answer.note:
                raise bad("Ask in a note or in statusReason.text.", "Task.note", code="required")
            ask(hub, actor, task_id, answer.note)
        case _:
            outcome = ClosingOutcome(_code(answer.outcome, ClosingOutcome, "Task.output"))
            if not answer.note:
                raise bad("Say in a note what happens next.", "Task.note", code="required")
            close_task(hub, actor, CloseTask(task_id, outcome, answer.person_told, answer.note))


def uuid_of(value: object) -> UUID:
    """An id of the hub's. Raises NotFound for anything else: nothing has that id."""
    try:
        return UUID(str(value))
    except ValueError:
        raise NotFound from None


def _statuses() -> frozenset[str] | None:
    given = request.args.get("status")
    if given is None:
        return None
    statuses = frozenset(one.rpartition("|")[2] for one in given.split(","))
    if not statuses <= _STATUSES:
        raise bad(f"The status is one of {', '.join(sorted(_STATUSES))}.", "Task.status")
    return statuses


def _status(state: str) -> str:
    return next(status for known, status in FHIR_STATUS.items() if known.value == state)


def _code(value: str | None, known: Any, expression: str) -> str:
    if value is None or value not in set(known):
        raise bad(f"Give one of {', '.join(known)}.", expression, code="required")
    return value


def _address(here: str, parameters: dict[str, str]) -> str:
    return f"{here}?{urlencode(parameters)}" if parameters else here
