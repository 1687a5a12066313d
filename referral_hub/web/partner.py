"""The partner endpoint: a partner system's answers about what was delivered to it.

The guard authenticates before anything is looked up, by a token that the partner signed for this
URL and this body (`services.partner_access`). The address and the codes are the ones of the
delivered document, so a partner needs no other document than the one it got.
`docs/partner-endpoint.md` is what partners read.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import jsonify, request

from referral_hub.domain.commands import Actor, AnswerTask, CloseTask
from referral_hub.domain.transitions import FHIR_STATUS, TaskState
from referral_hub.services.acknowledge import acknowledge
from referral_hub.services.answer_task import answer_task, close_task, record_contact
from referral_hub.services.hub import Hub
from referral_hub.services.partner_access import authenticate_partner
from referral_hub.web.forms.partner import (
    AcceptBody,
    AcknowledgeBody,
    CloseBody,
    ContactBody,
    DeclineBody,
)
from referral_hub.web.guards import Guard
from referral_hub.web.json_body import read_body, read_json

_SCHEME = "bearer"


def accept(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Take the task on; saying so again changes nothing."""
    given = read_json(AcceptBody())
    state = answer_task(hub, actor, AnswerTask(task_id, True, None, given["note"]))
    return _now(task_id, state)


def decline(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Say no, with a reason; saying so again changes nothing."""
    given = read_json(DeclineBody())
    answer = AnswerTask(task_id, False, given["reason"], given["note"])
    return _now(task_id, answer_task(hub, actor, answer))


def contact(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Record that the person was reached."""
    read_json(ContactBody())
    return _now(task_id, record_contact(hub, actor, task_id))


def close(hub: Hub, actor: Actor, task_id: UUID) -> Any:
    """Close the task with its outcome."""
    given = read_json(CloseBody())
    closing = CloseTask(task_id, given["outcome"], given["person_told"], given["next_step"])
    return _now(task_id, close_task(hub, actor, closing))


def acknowledge_told(hub: Hub, actor: Actor, notification_id: UUID) -> Any:
    """Record that the partner acted on what it was told; saying so again changes nothing."""
    read_json(AcknowledgeBody())
    state = acknowledge(hub, actor, notification_id)
    return jsonify(notification=str(notification_id), state=state.value)


def _now(task_id: UUID, state: TaskState) -> Any:
    return jsonify(task=str(task_id), state=state.value, fhir_status=FHIR_STATUS[state])


def _admit(hub: Hub) -> tuple[Actor]:
    audience = hub.settings.public_url.rstrip("/") + request.path
    return (authenticate_partner(hub, _token(), audience=audience, body=read_body()),)


def _token() -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == _SCHEME and token else None


PARTNER = Guard("partner: a token signed for this request", _admit, csrf=False)
