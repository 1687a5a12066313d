"""The ways out of the hub, and how far along one delivery is, in words that staff read. Pure.

A receipt state says what is known and no more: a mail that our server took is sent and not
delivered, and what lies in the inbox is delivered and not seen. Expected outcomes:
`tests/tables/receipt_states.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from referral_hub.domain.codes import OutboxState
from referral_hub.domain.transitions import TaskState

NO_ANSWER = "no_answer"


class Way(StrEnum):
    """How something leaves the hub; each can be stopped as a whole."""

    INBOX = "inbox"
    HTTPS_PUSH = "https_push"
    EMAIL_LINK = "email_link"
    CALLBACK = "callback"
    SEALED_MAIL = "sealed_mail"
    OTHER = "other"


def way_of(transport: str) -> Way:
    """Return the way out of a transport; what an installed package added is `OTHER`."""
    return Way(transport) if transport in {way.value for way in Way} else Way.OTHER


class ReceiptState(StrEnum):
    """How far along a delivery is."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    SEEN = "seen"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a delivery: its task, whether anybody opened it, and the newest row of the
    outbox that carries it, if there is one: its state and last code. `by_mail`: that row is a mail.
    """

    task_state: TaskState
    seen: bool
    outbox_state: OutboxState | None = None
    last_code: str | None = None
    by_mail: bool = False


_ANSWERED = {
    TaskState.ACCEPTED: ReceiptState.ACCEPTED,
    TaskState.IN_PROGRESS: ReceiptState.ACCEPTED,
    TaskState.ON_HOLD: ReceiptState.ACCEPTED,
    TaskState.CLOSED: ReceiptState.ACCEPTED,
    TaskState.DECLINED: ReceiptState.DECLINED,
}
_WITH_RECIPIENT = frozenset(
    {
        TaskState.OFFERED,
        TaskState.INFORMATION_ASKED,
        TaskState.NO_ANSWER,
        TaskState.RETURNED,
        TaskState.WITHDRAWN,
    }
)
_GAVE_UP = frozenset({OutboxState.DEAD, OutboxState.REFUSED})


def receipt_state(known: Progress) -> ReceiptState | None:
    """Return how far along the delivery is; None where nothing was to be delivered."""
    if known.task_state in _ANSWERED:
        return _ANSWERED[known.task_state]
    if known.seen or known.task_state is TaskState.INFORMATION_ASKED:
        return ReceiptState.SEEN
    if known.outbox_state in _GAVE_UP:
        return ReceiptState.FAILED
    if known.outbox_state is OutboxState.DUE:
        return ReceiptState.SENT if known.last_code == NO_ANSWER else ReceiptState.QUEUED
    if known.task_state in _WITH_RECIPIENT and known.outbox_state is OutboxState.DELIVERED:
        return ReceiptState.SENT if known.by_mail else ReceiptState.DELIVERED
    return None
