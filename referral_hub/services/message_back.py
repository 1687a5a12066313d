"""Tell a sender what became of its referral: to its own system, or on a page to copy from.

What is told comes from states and closed lists and names nobody, so that nothing sealed is opened
for it: not what the person needs, and not the recipient's note, which the sender reads in the hub
under an entry of its own. It says how things stand when it leaves, not when the step happened, so
that messages which overtake each other end with the same truth. Whether its sender still wants it
is decided when it leaves as well: what waited for one who has changed its mind is dropped. The
telling stands in the log before anything leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.formats.fhir import back as fhir_back
from adapters.formats.fhir import codes
from adapters.formats.filing import code_to_file
from adapters.formats.message_back import CONTENT_TYPE, MessageBack, Service, as_json
from adapters.formats.message_words import OUTCOMES, REASONS, STATES
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.codes import MessagesBack, OutboxState
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import TaskEvent, TaskState
from referral_hub.errors import NotFound
from referral_hub.services.fhir_views import base_url, hub_party, request_of, task_view
from referral_hub.services.hub import Hub
from referral_hub.services.outward import Letter
from referral_hub.services.push import Message, send_and_settle
from referral_hub.services.read_referrals import ReferralView, read_referral
from referral_hub.store import change, outbox, referrals
from referral_hub.store.cases import Row, endpoints_of
from referral_hub.store.outbox import Claimed, Settlement
from referral_hub.store.referrals import ReferralRow, TaskRow

WRITABLE = frozenset({"hub_json", "referral_sheet", "fhir_message"})
_PASSED_ON = frozenset(
    {TaskState.DECLINED, TaskState.NO_ANSWER, TaskState.WITHHELD, TaskState.RETURNED}
)
_UNTOUCHED = frozenset({TaskState.HELD, TaskState.ROUTED, TaskState.WITHHELD})


@dataclass(frozen=True, slots=True)
class _Case:
    """A referral and all of its tasks, by slot and age."""

    referral: ReferralRow
    tasks: Sequence[TaskRow]


def send_messages_back(hub: Hub, claims: Sequence[Claimed], *, until: datetime) -> None:
    """Tell a batch and settle each row. `until` ends the lease. Raises LogUnavailable."""
    at = hub.clock()
    with hub.database.working() as connection:
        registered = endpoints_of(connection, {claim.recipient_agency_id for claim in claims})
        cases = _cases(connection, {claim.referral_id for claim in claims})
        steps = outbox.steps_told_back(connection, [claim.id for claim in claims])
        wanted = [
            claim
            for claim in claims
            if claim.task_id is not None
            and _wants(registered.get(claim.recipient_agency_id), steps.get(claim.id))
        ]
        ids = {claim.id for claim in wanted}
        outbox.settle(connection, [_dropped(c, at) for c in claims if c.id not in ids])
        if not wanted:
            return
        logged = [prepare(_telling(claim), hub.keys, at) for claim in wanted]
        change.write(connection, change.Change(logged))
    ensure_integrated(hub.database, hub.integrator, [row.entry["id"] for row in logged])
    messages = [
        Message(claim, _letter(hub, claim, cases[claim.referral_id], at)) for claim in wanted
    ]
    send_and_settle(hub, messages, until=until)


def _wants(endpoint: Row | None, step: str | None) -> bool:
    """Whether a sender wants to be told of a step, as it is registered now."""
    if endpoint is None or endpoint["format"] not in WRITABLE:
        return False
    match MessagesBack(endpoint["messages_back"]):
        case MessagesBack.STEPS:
            return True
        case MessagesBack.ENDS:
            return step == TaskEvent.CLOSE
        case MessagesBack.NONE:
            return False


def read_message_back(hub: Hub, actor: Actor, referral_id: UUID) -> MessageBack:
    """Return the message of a referral that the actor's agency sent. Raises NotFound."""
    view = read_referral(hub, actor, referral_id)
    if view.referral.origin_agency_id != actor.agency_id:
        raise NotFound
    return message_of_view(view, hub.clock())


def message_of_view(view: ReferralView, at: datetime) -> MessageBack:
    """Return the message of a referral that was read."""
    tasks = [row for rows in view.slots.values() for row in rows]
    return message_of(view.referral, tasks, at)


def message_of(referral: ReferralRow, tasks: Sequence[TaskRow], at: datetime) -> MessageBack:
    """Return the message, of every recipient that the referral has reached, by slot and age."""
    first = tasks[0]
    return MessageBack(
        reference=referral.reference,
        sent_at=referral.created_at,
        written_at=at,
        referrer=first.origin_name,
        owner=first.owner_name,
        services=tuple(_service(row) for row in tasks if TaskState(row.state) not in _UNTOUCHED),
        snomed=code_to_file(_outcomes(tasks)),
        distribution=tuple(dict.fromkeys((first.origin_name, first.owner_name))),
    )


def _outcomes(tasks: Sequence[TaskRow]) -> list[str | None]:
    """How each part ended; None for one that goes on. What was passed on is not how it ended."""
    return [task.outcome for task in tasks if TaskState(task.state) not in _PASSED_ON]


def _service(row: TaskRow) -> Service:
    declined = row.state == TaskState.DECLINED and row.reason
    return Service(
        name=": ".join(filter(None, (row.recipient_name, row.service_name))),
        needs="",
        state=STATES[row.state],
        since=row.moved_at,
        reason=REASONS.get(row.reason, row.reason) if declined and row.reason else None,
        outcome=OUTCOMES.get(row.outcome, row.outcome) if row.outcome else None,
    )


def _cases(connection: change.Connection, ids: set[UUID]) -> Mapping[UUID, _Case]:
    by_referral: dict[UUID, list[TaskRow]] = {}
    for row in referrals.tasks_of(connection, list(ids)):
        by_referral.setdefault(row.referral_id, []).append(row)
    found = referrals.several(connection, list(ids))
    return {row.id: _Case(row, by_referral[row.id]) for row in found}


def _letter(hub: Hub, claim: Claimed, case: _Case, at: datetime) -> Letter:
    message = message_of(case.referral, case.tasks, at)

    def as_fhir() -> bytes:
        moved = next(task_view(row) for row in case.tasks if row.id == claim.task_id)
        ours, to = hub_party(hub), moved.requester
        envelope = fhir_back.envelope_of(str(claim.id), at, hub=ours, endpoint=base_url(hub), to=to)
        request = request_of(case.referral, case.tasks)
        return fhir_back.as_fhir(message, moved=moved, request=request, envelope=envelope)

    def as_sections() -> bytes:
        return as_json(message)

    ways: dict[str, tuple[str, Callable[[], bytes]]] = dict.fromkeys(
        WRITABLE, (CONTENT_TYPE, as_sections)
    )
    return Letter(str(claim.task_id), ways | {"fhir_message": (codes.CONTENT_TYPE, as_fhir)})


def _telling(claim: Claimed) -> Event:
    return Event(
        type=EntryType.ACCESS,
        sender=claim.origin_agency_id,
        recipient=claim.recipient_agency_id,
        referral_id=claim.referral_id,
        outcome="message_back",
        details={"effect": str(claim.id), "task": str(claim.task_id)},
    )


def _dropped(claim: Claimed, at: datetime) -> Settlement:
    """Their way or format takes no such messages any more, or they want none."""
    state = OutboxState.CANCELLED.value
    return Settlement(claim.id, claim.fence, state, "nobody_to_write_to", at, at)
