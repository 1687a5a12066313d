"""The rest of what the API answers, as marshmallow schemas and the functions that fill them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from consent.model import DataClass, EventState
from referral_hub.domain.codes import AgencyKind, NeedCode, Priority
from referral_hub.domain.staging import StagedRejection, StagedState, WaitsBecause
from referral_hub.domain.transitions import FHIR_STATUS, TaskState
from referral_hub.services.read_referrals import ReferralSummary, ReferralView
from referral_hub.services.task_inbox import TaskView
from referral_hub.store.api_reads import ConsentRow, EventRow
from referral_hub.store.referrals import HistoryRow, ReferralRow, TaskRow
from referral_hub.web.api_answers import code, instant


class PartyShape(Schema):
    """An agency by id and name."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)


class TaskShape(Schema):
    """Whose turn it is for one part of a referral, and where that stands."""

    id = fields.UUID(required=True)
    slot = fields.Integer(required=True)
    state = code(*TaskState, required=True)
    fhir_status = fields.String(required=True)
    recipient = fields.Nested(PartyShape, required=True)
    reason = fields.String()
    outcome = fields.String()
    moved_at = fields.DateTime(required=True)
    due_at = fields.DateTime()


class SummaryShape(Schema):
    """A line of the list."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True)
    priority = code(*Priority, required=True)
    received_at = fields.DateTime(required=True)
    withdrawn_at = fields.DateTime()
    tasks = fields.List(fields.Nested(TaskShape), required=True)


class ReferralPageShape(Schema):
    """Referrals, newest first; `next` is the address of older ones."""

    referrals = fields.List(fields.Nested(SummaryShape), required=True)
    next = fields.Url()


class HistoryShape(Schema):
    """One step; `entry` is its entry in the log."""

    id = fields.UUID(required=True)
    task = fields.UUID(required=True)
    event = fields.String(required=True)
    state = code(*TaskState, required=True)
    recipient = fields.String(required=True)
    at = fields.DateTime(required=True)
    entry = fields.UUID(required=True)
    reason = fields.String()


class ConsentShape(Schema):
    """One thing that the person said."""

    id = fields.UUID(required=True)
    state = code(*EventState, required=True)
    classes = fields.List(code(*DataClass), required=True)
    recipients = fields.List(fields.UUID(), required=True)
    valid_until = fields.DateTime()
    recorded_at = fields.DateTime(required=True)


class ReferralShape(SummaryShape):
    """One referral: where each part stands, what happened, what was said."""

    history = fields.List(fields.Nested(HistoryShape), required=True)
    consents = fields.List(fields.Nested(ConsentShape), required=True)


class EventShape(Schema):
    """One step of something that your agency sent or received."""

    id = fields.UUID(required=True)
    referral = fields.UUID(required=True)
    task = fields.UUID(required=True)
    slot = fields.Integer(required=True)
    event = fields.String(required=True)
    state = code(*TaskState, required=True)
    recipient = fields.UUID(required=True)
    entry = fields.UUID(required=True)
    at = fields.DateTime(required=True)
    reason = fields.String()


class EventPageShape(Schema):
    """Events, oldest first; ask again at `next`, also when the list is empty."""

    events = fields.List(fields.Nested(EventShape), required=True)
    next = fields.Url(required=True)


class StagedShape(Schema):
    """Something that waits for a person, or what became of it; `reason` why it was turned down."""

    id = fields.UUID(required=True)
    state = code(*StagedState, required=True)
    why = code(*WaitsBecause, required=True)
    received_at = fields.DateTime(required=True)
    settled_at = fields.DateTime()
    referral = fields.UUID()
    reason = code(*StagedRejection)


class StagedPageShape(Schema):
    """What had to wait, newest first; `next` is the address of older ones."""

    staged = fields.List(fields.Nested(StagedShape), required=True)
    next = fields.Url()


class ReceiptLinkShape(Schema):
    """An entry of the log that your agency may keep a receipt of."""

    entry = fields.UUID(required=True)
    event = fields.String(required=True)
    recipient = fields.String(required=True)
    at = fields.DateTime(required=True)
    proof = fields.Url(required=True)


class ReceiptShape(Schema):
    """The receipts of a referral, each a file at its own address."""

    receipts = fields.List(fields.Nested(ReceiptLinkShape), required=True)


class WithdrawnShape(Schema):
    """What stopped, who is being told, and what had gone already."""

    stopped = fields.List(fields.String(), required=True)
    told = fields.List(fields.String(), required=True)
    already_disclosed = fields.List(fields.Dict(), required=True)


class ConsentGivenShape(Schema):
    """That it was recorded, and how many held parts are looked at again."""

    id = fields.UUID(required=True)
    referral = fields.UUID(required=True)
    looked_at_again = fields.Integer(required=True)


class ReceivedTaskShape(Schema):
    """A task that reached your agency, without what the referral says."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True)
    priority = code(*Priority, required=True)
    state = code(*TaskState, required=True)
    fhir_status = fields.String(required=True)
    sender = fields.Nested(PartyShape, required=True)
    received_at = fields.DateTime()
    due_at = fields.DateTime()


class TaskPageShape(Schema):
    """Tasks, newest first; `next` is the address of older ones."""

    tasks = fields.List(fields.Nested(ReceivedTaskShape), required=True)
    next = fields.Url()


class OneTaskShape(ReceivedTaskShape):
    """One task, its history, and what your agency may do now."""

    moves = fields.List(fields.String(), required=True)
    history = fields.List(fields.Nested(HistoryShape), required=True)


class TaskStateShape(Schema):
    """Where a task stands after what you did."""

    task = fields.UUID(required=True)
    state = code(*TaskState, required=True)
    fhir_status = fields.String(required=True)


class AreaShape(Schema):
    """A place, and the council that is accountable for its people."""

    code = fields.String(required=True)
    name = fields.String(required=True)
    owner = fields.UUID(required=True)


class AgencyShape(Schema):
    """An agency that takes part."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    kind = code(*AgencyKind, required=True)


class NoticeShape(Schema):
    """Words in use, to be told before asking."""

    id = fields.String(required=True)
    version = fields.String(required=True)
    language = fields.String(required=True)
    text = fields.String(required=True)
    sha256 = fields.String(required=True)


class DirectoryShape(Schema):
    """What a referral may name."""

    areas = fields.List(fields.Nested(AreaShape), required=True)
    agencies = fields.List(fields.Nested(AgencyShape), required=True)
    notices = fields.List(fields.Nested(NoticeShape), required=True)
    needs = fields.List(code(*NeedCode), required=True)


def summary(found: ReferralSummary) -> dict[str, Any]:
    """A referral as a line of the list."""
    return _head(found.referral) | {"tasks": [_task(task) for task in found.tasks]}


def whole(view: ReferralView, consents: Sequence[ConsentRow]) -> dict[str, Any]:
    """A referral with all that became of it."""
    return _head(view.referral) | {
        "tasks": [_task(task) for task in view.current],
        "history": [_step(row, ours=True) for row in view.history],
        "consents": [_consent(row) for row in consents],
    }


def received(task: TaskRow) -> dict[str, Any]:
    """A task as its recipient sees it."""
    shown: dict[str, Any] = {
        "id": str(task.id),
        "reference": task.reference,
        "priority": task.priority,
        "state": task.state,
        "fhir_status": FHIR_STATUS[TaskState(task.state)],
        "sender": {"id": str(task.origin_agency_id), "name": task.origin_name},
    }
    return shown | _set(received_at=task.released_at, due_at=task.due_at)


def one_task(view: TaskView) -> dict[str, Any]:
    """A task with its history, without the reasons of decisions about the person."""
    return received(view.task) | {
        "moves": [move.value for move in view.moves],
        "history": [_step(row, ours=False) for row in view.history],
    }


def event(row: EventRow) -> dict[str, Any]:
    """An event as either party sees it."""
    shown: dict[str, Any] = {
        "id": str(row.id),
        "referral": str(row.referral_id),
        "task": str(row.task_id),
        "slot": row.slot,
        "event": row.event,
        "state": row.state,
        "recipient": str(row.recipient_agency_id),
        "entry": str(row.entry_id),
        "at": instant(row.at),
    }
    return shown | _set(reason=row.reason)


def _head(row: ReferralRow) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row.id),
        "reference": row.reference,
        "priority": row.priority,
        "received_at": instant(row.created_at),
    }
    return shown | _set(withdrawn_at=row.withdrawn_at)


def _task(task: TaskRow) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(task.id),
        "slot": task.slot,
        "state": task.state,
        "fhir_status": FHIR_STATUS[TaskState(task.state)],
        "recipient": {"id": str(task.recipient_agency_id), "name": task.recipient_name},
        "moved_at": instant(task.moved_at),
    }
    return shown | _set(reason=task.reason, outcome=task.outcome, due_at=task.due_at)


def _step(row: HistoryRow, *, ours: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row.id),
        "task": str(row.task_id),
        "event": row.event,
        "state": row.state,
        "recipient": row.recipient_name,
        "at": instant(row.at),
        "entry": str(row.entry_id),
    }
    return shown | (_set(reason=row.reason) if ours else {})


def _consent(row: ConsentRow) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": str(row.id),
        "state": row.state,
        "classes": list(row.classes),
        "recipients": [str(one) for one in row.recipients],
        "recorded_at": instant(row.recorded_at),
    }
    return shown | _set(valid_until=row.valid_until)


def _set(**values: Any) -> dict[str, Any]:
    """Those values that there are; instants as text."""
    return {
        name: value if isinstance(value, str) else instant(value)
        for name, value in values.items()
        if value is not None
    }
