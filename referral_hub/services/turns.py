"""A placement as rows: its decisions in the log, the task, its first line of history, its outbox
row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from referral_hub.audit.events import prepare
from referral_hub.domain.codes import OutboxKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.transitions import TaskState
from referral_hub.services import rows
from referral_hub.services.hub import Hub
from referral_hub.services.place import Case, Placement, decision_event
from referral_hub.store.change import LogRow


def log_considered(
    hub: Hub,
    case: Case,
    placement: Placement,
    *,
    actor: Actor | None,
    at: datetime,
) -> dict[int, LogRow]:
    """Return a log row for every candidate that was asked about, by its position in the plan."""
    who = (actor.agency_id, actor.user_id) if actor else (None, None)
    return {
        found.position: prepare(
            decision_event(
                case,
                (found.candidate.agency_id, found.decided),
                actor=who,
                details={"position": found.position},
            ),
            hub.keys,
            at,
        )
        for found in placement.considered
    }


def task_rows(
    turn: rows.Turn,
    placement: Placement,
    entries: Mapping[int, LogRow],
    *,
    actor: Actor | None,
    at: datetime,
) -> dict[str, Mapping[str, Any]]:
    """Return the new task and what goes with it; a held one has no outbox row."""
    state = TaskState.ROUTED if placement.permitted else TaskState.HELD
    chosen = placement.chosen
    task = rows.task_row(
        turn,
        at,
        place=(chosen.position, chosen.candidate.service_id),
        state=state,
        decision=placement.decision,
    )
    history = rows.task_event_row(
        turn,
        at,
        task_id=task["id"],
        happened=rows.Happened(
            event="place" if placement.permitted else "hold",
            state=state,
            entry_id=entries[chosen.position].entry["id"],
            actor=actor,
            reason=task["reason"],
        ),
    )
    made: dict[str, Mapping[str, Any]] = {"task": task, "task_event": history}
    if placement.permitted:
        made["outbox"] = rows.outbox_row(turn, at, kind=OutboxKind.OFFER, task_id=task["id"])
    return made
