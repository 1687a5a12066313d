"""The FHIR door for messages: a new referral, a change of it, and a recipient's answer.

The same use cases as behind every other door: a message is read (`adapters.formats.fhir`), checked
by the hub's own schema (`web.fhir_intake`) and accepted by `services.receive_referral` with one
read and one write. What is FHIR's own is here: a message that was handled already is 409, and that
outcome is the proof of receipt; one that is being handled is 425; a cancelled request withdraws.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

from adapters.formats.fhir import codes
from adapters.formats.fhir.answer import answer_of_task
from adapters.formats.fhir.message import Found, Message, read_message, read_single
from adapters.formats.fhir.outcome import FhirProblem, Issue, bad, operation_outcome, unsupported
from adapters.formats.fhir.referral import Incoming, own_id, read_referral
from adapters.formats.fhir.writing import (
    Envelope,
    Party,
    TaskView,
    response_message,
    returned,
    service_request,
    task,
)
from consent.model import EventState
from referral_hub.domain.codes import Scope
from referral_hub.domain.ids import new_id
from referral_hub.domain.staging import StagedSource, StagedState
from referral_hub.domain.transitions import TaskState
from referral_hub.errors import InvalidInput
from referral_hub.services.api_access import Caller, Credential, authenticate
from referral_hub.services.fhir_exchange import draft_of, referral_named
from referral_hub.services.fhir_views import BASE, base_url, hub_party, request_view, task_view
from referral_hub.services.hub import Hub
from referral_hub.services.put_right import record_agreement
from referral_hub.services.read_referrals import read_referral as read_own
from referral_hub.services.receive_referral import (
    AlreadySent,
    InFlight,
    KeyReused,
    Knock,
    Written,
    answered_before,
    receive_referral,
)
from referral_hub.services.release import open_kept
from referral_hub.services.stage_incoming import incomplete, stage_incoming
from referral_hub.services.submit_referral import Submitted
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store.staging import StagedRow
from referral_hub.web import fhir_wire as wire
from referral_hub.web.api_referrals import written_response
from referral_hub.web.api_staged import LENIENT, lenient
from referral_hub.web.fhir_intake import (
    agreement_said,
    as_text,
    place_of,
    plain_referral,
)
from referral_hub.web.fhir_tasks import answered, uuid_of
from referral_hub.web.rendering import today

MESSAGES, REQUESTS = f"{BASE}/$process-message", f"{BASE}/ServiceRequest"
_CANCELLED = frozenset({"revoked", "entered-in-error"})
_DUPLICATE = "This message has been handled already."
_HANDLING = "This message is being handled at this moment. Send it again in a second."
_WAITS = (
    "It is not complete and waits for your agency's staff as item {}. GET /api/v1/staged says what "
    "becomes of it."
)
_BECAME = "This message waited as item {}, and your agency's staff made it ServiceRequest/{}."
_TURNED_DOWN = "This message waited as item {}, and your agency's staff turned it down: {}."
_REUSED = "These identifiers were used for another message. Use new ones."


def process_message(hub: Hub, shown: Credential) -> Response:
    """Take one message, and answer with a message or an outcome."""
    try:
        wire.check_exchange()
        document, body = wire.read_resource()
        message = read_message(document)
        if message.event == codes.REQUEST and _is_new(message):
            return _take_on(hub, shown, message, body)
    except (FhirProblem, InvalidInput, HTTPException):
        authenticate(hub, shown, Scope.FHIR)  # a caller without a token learns nothing else
        raise
    caller = authenticate(hub, shown, Scope.FHIR)
    if message.event == codes.RESPONSE:
        return _recipient_says(hub, caller, message)
    return _change(hub, caller, message)


def create_request(hub: Hub, shown: Credential) -> Response:
    """Take on one ServiceRequest that comes alone; 201 with its address."""
    try:
        wire.check_accept()
        document, body = wire.read_resource()
        return _take_on(hub, shown, read_single(document), body)
    except (FhirProblem, InvalidInput, HTTPException):
        authenticate(hub, shown, Scope.FHIR)
        raise


def _is_new(message: Message) -> bool:
    status = message.focus.resource.get("status")
    return message.reason == codes.NEW and status not in _CANCELLED


def _take_on(hub: Hub, shown: Credential, message: Message, body: bytes) -> Response:
    """Accept a referral. The token is asked about in the same read as everything else."""
    alone, named = not message.header, own_id(message.focus)
    knock = Knock(
        shown,
        Scope.FHIR,
        f"POST {MESSAGES}",
        _own_key(named),
        content=body,
        audience=base_url(hub),
        telling=_of_item,
        draft_id=draft_of(hub, shown.issued.agency_id, named),
    )
    incoming = None
    try:
        incoming = read_referral(message)
        plain, told = plain_referral(
            incoming, today(hub.clock()), leave_out_number=hub.settings.fhir_leaves_out_nhs_number
        )
    except FhirProblem:
        before = _handled_before(hub, knock, message)
        if before is not None:
            return before
        if incoming is None or not lenient() or not incomplete(incoming.document):
            raise
        return _waiting(hub, knock, message, incoming)

    def answering(submitted: Submitted, at: datetime) -> Written:
        sent = _Sent(message, incoming, told)
        found = _accepted_view(sent, submitted, shown=shown, at=at)
        if alone:
            made = json.dumps(service_request(found, own_id=incoming.own_id)).encode()
            here = f"{base_url(hub)}/ServiceRequest/{submitted.referral_id}"
            return Written(201, codes.CONTENT_TYPE, made, location=here)
        bundle = _acceptance(hub, sent, submitted, view=found, at=at)
        return Written(200, codes.CONTENT_TYPE, json.dumps(bundle).encode())

    try:
        written = receive_referral(hub, knock, plain, answering)
    except InFlight:
        return wire.outcome(425, [Issue("transient", _HANDLING)])
    except (AlreadySent, KeyReused):
        return _reused(message)
    except InvalidInput as wrong:
        elsewhere = incoming.places["person/area"]
        issues = [
            Issue("value", text, place_of(name, incoming.places) or elsewhere)
            for name, found in wrong.fields.items()
            for text in found
        ]
        raise FhirProblem(400, issues) from None
    if written.repeated:
        return _repeated(written)
    return written_response(replace(written, body=_with_kept(written.body, incoming.kept)))


def _handled_before(hub: Hub, knock: Knock, message: Message) -> Response | None:
    """The answer to a message that was handled already, whatever its checks would find now."""
    try:
        _, written = answered_before(hub, knock)
    except (AlreadySent, KeyReused):
        return _reused(message)
    return None if written is None else _repeated(written)


def _repeated(written: Written) -> Response:
    """What waited is told again; what was taken on has its proof of receipt."""
    if written.status in {202, 409}:
        return written_response(written)
    return wire.outcome(409, [Issue("duplicate", _DUPLICATE)])


def _waiting(hub: Hub, knock: Knock, message: Message, incoming: Incoming) -> Response:
    """What a person can complete waits for one, where the sender would rather have that."""
    try:
        written = stage_incoming(
            hub,
            knock,
            incoming.document,
            source=StagedSource.FHIR,
            kept=as_text(incoming.kept),
        )
    except (AlreadySent, KeyReused):
        return _reused(message)
    if written.status != 202:
        return _repeated(written)
    answer = written_response(written)
    answer.headers["Preference-Applied"] = LENIENT
    return answer


def _of_item(row: StagedRow) -> Written:
    """What is answered about an item: that it waits, or what it has become since."""
    status, issue = 202, Issue("incomplete", _WAITS.format(row.id))
    if row.state == StagedState.IMPORTED:
        status, issue = 409, Issue("duplicate", _BECAME.format(row.id, row.referral_id))
    elif row.state == StagedState.REJECTED:
        status, issue = 409, Issue("duplicate", _TURNED_DOWN.format(row.id, row.reason))
    severity = "error" if status == 409 else "information"
    told = operation_outcome(status, [issue], severity=severity)
    return Written(status, codes.CONTENT_TYPE, json.dumps(told).encode())


def _reused(message: Message) -> Response:
    return wire.outcome(422, [Issue("duplicate", _REUSED, f"{message.focus.path}.identifier")])


def _with_kept(body: bytes, kept: Mapping[str, Any]) -> bytes:
    """The answer with what the sender said beside the referral.

    It is put in on the way out: the answer that is stored beside the idempotency key is not sealed
    and holds ids and codes alone.
    """
    answer = json.loads(body)
    for one in [answer, *(entry["resource"] for entry in answer.get("entry", ()))]:
        if one["resourceType"] == "ServiceRequest":
            one.update(returned(kept, one["subject"]))
    return json.dumps(answer).encode()


class _Sent:
    """A message that was read: what it said, and what its sender should know."""

    def __init__(self, message: Message, incoming: Incoming, told: Sequence[Issue]) -> None:
        self.message, self.incoming, self.told = message, incoming, told


def _accepted_view(
    sent: _Sent, submitted: Submitted, *, shown: Credential, at: datetime
) -> TaskView:
    """The request as it stands when it has just been taken on."""
    party = Party(str(shown.issued.agency_id), "")
    waits = all(slot.state is TaskState.HELD for slot in submitted.slots)
    status = "draft" if waits else "requested"
    return TaskView(
        id=str(submitted.referral_id),
        referral_id=str(submitted.referral_id),
        reference=submitted.reference,
        fhir_status=status,
        state=(TaskState.HELD if waits else TaskState.ROUTED).value,
        state_words="",
        requester=party,
        owner=party,
        authored_on=at,
        modified_at=at,
        version="1",
        priority=sent.incoming.document.get("priority") or "routine",
    )


def _acceptance(
    hub: Hub, sent: _Sent, submitted: Submitted, *, view: TaskView, at: datetime
) -> dict[str, Any]:
    """The message back about a referral that was taken on: its request, and why a part waits."""
    held = [slot for slot in submitted.slots if slot.state is TaskState.HELD]
    why = [
        Issue("business-rule", " ".join(filter(None, (row.get("missing"), row.get("fix")))))
        for slot in held
        for _, row in slot.considered[:1]
        if row.get("missing") or row.get("fix")
    ]
    issues = [*sent.told, *why]
    beside = [operation_outcome(200, issues, severity="warning")] if issues else []
    return response_message(
        _envelope(hub, sent.message, receiver=view.requester, at=at),
        reason=codes.NEW,
        focus=service_request(view, own_id=sent.incoming.own_id),
        others=[{**one, "id": str(new_id(at))} for one in beside],
    )


def _change(hub: Hub, caller: Caller, message: Message) -> Response:
    """Withdraw a referral that its sender cancels, or record what the person has said since."""
    request = message.focus
    if request.resource["resourceType"] != "ServiceRequest":
        raise bad("The focus of a request is a ServiceRequest.", request.path)
    view = referral_named(hub, caller.actor, own_id(request))
    cancels = message.reason == codes.DELETE or request.resource["status"] in _CANCELLED
    kept = open_kept(hub, caller.actor, view.referral.id)
    if cancels:
        withdraw_agreement(hub, caller.actor, view.referral.id)
    else:
        _say(hub, caller, message, view.referral.id)
    now = read_own(hub, caller.actor, view.referral.id)
    tasks = [task(task_view(row)) for row in now.current]
    at = hub.clock()
    party = Party(str(caller.actor.agency_id), "")
    return wire.answer(
        response_message(
            _envelope(hub, message, receiver=party, at=at),
            reason=message.reason,
            focus=service_request(request_view(now), kept=kept, own_id=own_id(request)),
            others=tasks,
        )
    )


def _say(hub: Hub, caller: Caller, message: Message, referral_id: Any) -> None:
    incoming = read_referral(message)
    said = incoming.document["agreement"]
    if said is None:
        raise unsupported(
            "An update carries a Consent, or cancels. Put a wrong fact right on the hub's pages.",
            message.focus.path,
        )
    taken = agreement_said(said, incoming.places, today(hub.clock()))
    if taken.state is EventState.REFUSED:
        withdraw_agreement(hub, caller.actor, referral_id)
    else:
        record_agreement(hub, caller.actor, referral_id, taken)


def _recipient_says(hub: Hub, caller: Caller, message: Message) -> Response:
    """A recipient's answer to a task, as a message."""
    focus: Found = message.focus
    if focus.resource["resourceType"] != "Task":
        raise bad("The focus of a response is the Task that it answers.", focus.path)
    answer = answer_of_task(focus.resource)
    found = answered(hub, caller.actor, uuid_of(focus.resource.get("id")), answer)
    at = hub.clock()
    return wire.answer(
        response_message(
            _envelope(hub, message, receiver=Party(str(caller.actor.agency_id), ""), at=at),
            reason=codes.UPDATE,
            focus=task(found),
        )
    )


def _envelope(hub: Hub, message: Message, *, receiver: Party, at: datetime) -> Envelope:
    return Envelope(
        bundle_id=str(new_id(at)),
        header_id=str(new_id(at)),
        at=at,
        endpoint=base_url(hub),
        sender=hub_party(hub),
        receiver=receiver,
        answers=message.header.get("id") or message.bundle_id,
    )


def _own_key(named: tuple[str, str]) -> str:
    """The sender's own identifier is the key, whatever message it comes in."""
    return hashlib.sha256("\0".join(named).encode("utf-8", "surrogatepass")).hexdigest()
