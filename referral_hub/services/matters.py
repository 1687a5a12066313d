"""Requests, breaches and complaints of an agency: the list by what is due, one of them, its steps.

Lists and pages show codes, references and days. What somebody wrote (who asked, why a decision was
taken) is opened by a logged look. The limit: the hub counts the time; whether an answer was good
enough is for the officer and the regulator to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.audit.events import EntryType, Event
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.unseal import open_matter_words
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import Clock, clock, local_day
from referral_hub.domain.matter_commands import TakeStep
from referral_hub.domain.matters import (
    ASKS,
    MatterEvent,
    MatterKind,
    MatterState,
    advance,
    possible,
)
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import append
from referral_hub.services.matter_steps import Taken, happened, moment, words_context, write_step
from referral_hub.store import matters as store
from referral_hub.store.matters import MatterRow, StepRow

CLOSED_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Listed:
    """A matter in a list, and whether its time is over."""

    matter: MatterRow
    overdue: bool


@dataclass(frozen=True, slots=True)
class Register:
    """What is open, overdue first, and what was closed last."""

    open: Sequence[Listed]
    closed: Sequence[MatterRow]


@dataclass(frozen=True, slots=True)
class MatterView:
    """A matter with its clock, its history, and the steps that can follow."""

    matter: MatterRow
    clock: Clock
    overdue: bool
    steps: Sequence[StepRow]
    next: Sequence[MatterEvent]


@dataclass(frozen=True, slots=True, repr=False)
class Written:
    """What was written with one step: words by what they are (`name`, `what`, `words` …)."""

    step_id: UUID
    kind: str
    words: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Written {self.kind}>"


def register(hub: Hub, actor: Actor) -> Register:
    """Return the agency's matters. Raises Forbidden."""
    access.require(actor, Permission.HANDLE_MATTERS)
    at, us = hub.clock(), actor.agency_id
    with hub.database.acting_for(us) as connection:
        found = store.open_ones(connection, us)
        closed = store.closed_ones(connection, us, most=CLOSED_SHOWN)
    return Register([listed(row, at) for row in found], closed)


def listed(row: MatterRow, at: datetime) -> Listed:
    """Return a matter with whether its time is over at `at`."""
    return Listed(row, row.clock == "running" and row.due_at is not None and at > row.due_at)


def read_matter(hub: Hub, actor: Actor, matter_id: UUID) -> MatterView:
    """Return one matter. Raises NotFound, also for another agency's."""
    access.require(actor, Permission.HANDLE_MATTERS)
    with hub.database.acting_for(actor.agency_id) as connection:
        found = store.one(connection, matter_id)
        steps = store.steps(connection, matter_id)
    kind = MatterKind(found.kind)
    stands = clock(kind, happened(steps))
    return MatterView(
        matter=found,
        clock=stands,
        overdue=stands.overdue(hub.clock()),
        steps=steps,
        next=possible(kind, MatterState(found.state)),
    )


def take_step(hub: Hub, actor: Actor, step: TakeStep) -> None:
    """Take the next step of a matter; it is logged with it.

    Raises NotFound, Conflict (it does not fit where the matter stands), InvalidInput.
    """
    view = read_matter(hub, actor, step.matter_id)
    kind, before = MatterKind(view.matter.kind), MatterState(view.matter.state)
    state = advance(kind, before, step.event)
    if step.event not in view.next:
        raise Conflict("The hub itself writes this step.")
    now = hub.clock()
    _check_fields(kind, step)
    _check_day(view, step, now)
    at = moment(step.on, now)
    _check_order(view, step.event, at)
    taken = Taken(
        event=step.event,
        state=state,
        at=at,
        reason=step.reason,
        words={"step": {"words": step.words}} if step.words else {},
    )
    write_step(hub, actor, view.matter, history=view.steps, taken=taken)


def open_written(hub: Hub, actor: Actor, matter_id: UUID) -> list[Written]:
    """Open what was written about a matter; the look is in the log first.

    Raises NotFound, LogUnavailable.
    """
    access.require(actor, Permission.HANDLE_MATTERS)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        found = store.one(connection, matter_id)
    event = Event(
        type=EntryType.VIEW,
        sender=us,
        recipient=us,
        actor_agency=us,
        actor_user=actor.user_id,
        referral_id=found.referral_id,
        cites=(f"person:{found.subject_id}",) if found.subject_id else (),
        purpose="oversight",
        outcome="opened",
        details={"matter": str(matter_id), "duty": found.kind} | looked_by(actor.role),
    )
    look = append(hub, actor, event)
    ensure_integrated(hub.database, hub.integrator, [look])
    with hub.database.working() as connection:
        rows = store.words(connection, matter_id)
    opened = []
    for row in rows:
        context = words_context(row.id, matter_id, us, row.kind)
        words = open_matter_words(hub.keys, context=context, sealed=row.sealed_words)
        opened.append(Written(row.step_id, row.kind, json.loads(words)))
    return [one for one in opened if one.kind != "hidden"]


def _check_fields(kind: MatterKind, step: TakeStep) -> None:
    asks = ASKS[kind, step.event]
    wrong: dict[str, tuple[str, ...]] = {}
    if asks.reasons is not None and step.reason not in set(asks.reasons):
        wrong["reason"] = ("Select one from the list",)
    if asks.reasons is None and step.reason is not None:
        wrong["reason"] = ("This step asks for no reason from a list",)
    if asks.words and not step.words:
        wrong["words"] = ("Write this down, so that it can be shown later",)
    if asks.words is None and step.words:
        wrong["words"] = ("This step asks for no words",)
    if wrong:
        raise InvalidInput(wrong)


def _check_day(view: MatterView, step: TakeStep, now: datetime) -> None:
    if step.on > local_day(now):
        raise InvalidInput({"on": ("The day must be today or in the past",)})
    if step.on < local_day(view.steps[-1].happened_at):
        raise InvalidInput({"on": ("The day must not be before the step before it",)})


def _check_order(view: MatterView, event: MatterEvent, at: datetime) -> None:
    """What no table of moves can say: an extension in time, and an answer that was prepared."""
    if event is MatterEvent.EXTEND:
        if view.clock.extended:
            raise Conflict("The time has been extended already; that is possible once.")
        if view.clock.due_at is None or at > view.clock.due_at:
            raise Conflict("An extension has to be told to the person within the first month.")
    if event is MatterEvent.ANSWER and view.matter.kind == MatterKind.ACCESS_REQUEST:
        made = [one.event for one in view.steps if one.event in {"review", "export"}]
        if made[-1:] != ["export"]:
            raise Conflict("Look through the records and download the answer first.")
