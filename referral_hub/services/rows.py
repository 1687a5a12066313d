"""Rows that more than one use case writes. Column names and nothing else is decided here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub.domain.codes import OutboxKind, OutboxState
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.transitions import TaskState

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn a task is: the parties and the place in the plan."""

    referral_id: UUID
    slot: int
    origin: UUID
    owner: UUID
    recipient: UUID


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a task's history: the event, the state it left, and the log entry behind it."""

    event: str
    state: TaskState
    entry_id: UUID
    actor: Actor | None = None
    reason: str | None = None


def task_row(
    turn: Turn,
    at: datetime,
    *,
    place: tuple[int, UUID | None],
    state: TaskState,
    decision: Mapping[str, Any],
) -> Row:
    """Return a new task for `turn`; `place` is the position in the plan and the service there."""
    position, service_id = place
    return {
        "id": new_id(at),
        "referral_id": turn.referral_id,
        "slot": turn.slot,
        "position": position,
        "service_id": service_id,
        "origin_agency_id": turn.origin,
        "owner_agency_id": turn.owner,
        "recipient_agency_id": turn.recipient,
        "state": state.value,
        "reason": decision.get("reason"),
        "decision": decision,
        "created_at": at,
        "moved_at": at,
        "version": 1,
    }


def task_event_row(turn: Turn, at: datetime, *, task_id: UUID, happened: Happened) -> Row:
    """Return one line of a task's history, bound to its log entry."""
    actor = happened.actor
    return {
        "id": new_id(at),
        "task_id": task_id,
        "referral_id": turn.referral_id,
        "origin_agency_id": turn.origin,
        "owner_agency_id": turn.owner,
        "recipient_agency_id": turn.recipient,
        "event": happened.event,
        "state": happened.state.value,
        "reason": happened.reason,
        "actor_user_id": actor.user_id if actor else None,
        "actor_agency_id": actor.agency_id if actor else None,
        "entry_id": happened.entry_id,
        "at": at,
    }


def outbox_row(
    turn: Turn,
    at: datetime,
    *,
    kind: OutboxKind,
    task_id: UUID | None,
    due_at: datetime | None = None,
) -> Row:
    """Return something for the worker to do; its id is the stable effect id."""
    return {
        "id": new_id(at),
        "kind": kind.value,
        "task_id": task_id,
        "referral_id": turn.referral_id,
        "slot": turn.slot,
        "origin_agency_id": turn.origin,
        "owner_agency_id": turn.owner,
        "recipient_agency_id": turn.recipient,
        "state": OutboxState.DUE.value,
        "attempts": 0,
        "fence": 0,
        "due_at": due_at or at,
        "created_at": at,
    }
