"""Rows of the store as the resources that FHIR clients read: states in words, never content."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

from adapters.formats.fhir.writing import Party, TaskView
from adapters.formats.message_words import OUTCOMES, REASONS, STATES
from referral_hub.domain.transitions import FHIR_STATUS, TaskState
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import ReferralView
from referral_hub.store.referrals import ReferralRow, TaskRow

BASE = "/fhir/R4"


def base_url(hub: Hub) -> str:
    """The address of the FHIR server."""
    return hub.settings.public_url.rstrip("/") + BASE


def hub_party(hub: Hub) -> Party:
    """The hub itself, as a sender of messages back."""
    return Party(str(uuid5(NAMESPACE_URL, base_url(hub))), "Referral Hub")


def task_view(row: TaskRow) -> TaskView:
    """A task as FHIR says it."""
    state = TaskState(row.state)
    declined = row.reason if state is TaskState.DECLINED else None
    words = OUTCOMES.get(row.outcome, row.outcome) if row.outcome else None
    if declined:
        words = REASONS.get(declined, declined)
    return TaskView(
        id=str(row.id),
        referral_id=str(row.referral_id),
        reference=row.reference,
        fhir_status=FHIR_STATUS[state],
        state=state.value,
        state_words=STATES[state.value],
        requester=Party(str(row.origin_agency_id), row.origin_name),
        owner=Party(str(row.recipient_agency_id), row.recipient_name),
        authored_on=row.created_at,
        modified_at=row.moved_at,
        version=str(row.version),
        priority=row.priority,
        decline_reason=declined,
        outcome=row.outcome,
        words=words,
        respond_by=row.due_at,
    )


def request_view(view: ReferralView) -> TaskView:
    """A whole referral as one request: its state is the one of the part that has got least far."""
    return request_of(view.referral, [row for tasks in view.slots.values() for row in tasks])


def request_of(referral: ReferralRow, tasks: Sequence[TaskRow]) -> TaskView:
    """The same of a referral and all of its tasks, by slot and age."""
    newest = {row.slot: row for row in tasks}
    current = sorted(newest.values(), key=lambda row: row.moved_at)
    furthest = current[0]
    shown = task_view(furthest)
    status = "cancelled" if referral.withdrawn_at is not None else shown.fhir_status
    if status in {"rejected", "failed"}:
        status = "requested"  # the plan goes on to the next recipient by itself
    return TaskView(
        id=shown.id,
        referral_id=str(referral.id),
        reference=referral.reference,
        fhir_status=status,
        state=shown.state,
        state_words=shown.state_words,
        requester=shown.requester,
        owner=shown.owner,
        authored_on=referral.created_at,
        modified_at=current[-1].moved_at,
        version=str(sum(row.version for row in tasks)),
        priority=referral.priority,
    )
