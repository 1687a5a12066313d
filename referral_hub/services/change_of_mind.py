"""The person says less than a withdrawal: no to some recipients, an objection, or a restriction.

A refusal and an objection end the turns of the recipients they name, and the plan goes on with
those that the person still agrees to. A restriction (UK GDPR Article 18) lets recipients keep what
they have and use none of it: nothing more is sent, nobody can open it, and recording a new
agreement lifts it, which is what Article 18(2) allows. All three are refusals in the ledger, so
that every later decision refuses by the same rule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from consent.model import EventState, Purpose
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import SubjectKey
from referral_hub.domain.codes import NotificationKind
from referral_hub.domain.commands import Actor
from referral_hub.domain.notifications import rule_of
from referral_hub.domain.transitions import ACTIVE, TaskState
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services import plan
from referral_hub.services.hub import Hub
from referral_hub.services.stop_elsewhere import stop_elsewhere
from referral_hub.services.stop_sharing import Said, Stop, stop_sharing
from referral_hub.store import referrals, withdrawals
from referral_hub.store.engine import Connection

KINDS = (NotificationKind.REFUSED, NotificationKind.OBJECTED, NotificationKind.RESTRICTED)


@dataclass(frozen=True, slots=True)
class Changed:
    """What was stopped before it went, and who is being told."""

    stopped: tuple[str, ...]
    told: tuple[str, ...]


def change_of_mind(hub: Hub, actor: Actor, referral_id: UUID, said: Said) -> Changed:
    """Record a refusal, an objection or a restriction for the recipients that `said` names.

    Raises NotFound; InvalidInput for a recipient that is not of this referral; Conflict when the
    agreement was withdrawn, or when this was the last thing recorded.
    """
    if said.kind not in KINDS:
        raise ValueError("a withdrawal and an agreement have use cases of their own")
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        withdrawals.lock_tasks_of_person(connection, referral_id)
        referral = referrals.one(connection, referral_id)
        situation = Situation(origin=referral.origin_agency_id, author=referral.author_user_id)
        access.require(actor, Permission.WITHDRAW_AGREEMENT, situation)
        if referral.withdrawn_at is not None:
            raise Conflict("The agreement was withdrawn, so nothing is shared any more.")
        if referral.purpose == Purpose.SAFEGUARDING:
            raise Conflict("A safeguarding concern does not rest on the person's agreement.")
        _require_named(referral, said)
        _require_new(connection, referral, said)
        subject = withdrawals.subject_key(connection, referral.subject_id)
        key = SubjectKey(subject.id, referral.origin_agency_id, subject.wrapped_key)
        tasks = _theirs(referrals.tasks_of(connection, [referral_id]), said.recipients)
        active = [task for task in tasks if task.state in ACTIVE]
        whole = rule_of(said.kind).stops
        ends = [task for task in active if whole or task.state == TaskState.ROUTED]
        in_flight = withdrawals.cancel_unsent(
            connection, referral_id, at, tasks=[task.id for task in ends]
        )
        told = [t for t in active if t.released_at is not None or t.id in in_flight]
        held = [task for task in tasks if task.state == TaskState.HELD]
        also = stop_elsewhere(connection, referral, said.kind, said.recipients, at=at)
        stop = Stop(
            referral,
            key,
            said,
            at,
            ends=[*ends, *also.ends],
            told=[*told, *also.told],
            again=[*ends, *held, *also.again],
            in_flight={**in_flight, **also.in_flight},
            elsewhere=also.referral_ids,
        )
        stop_sharing(hub, connection, actor, stop)
    hub.doorbell.ring()
    return Changed(
        stopped=tuple(t.recipient_name for t in stop.ends if t not in stop.told),
        told=tuple(t.recipient_name for t in stop.told),
    )


def _theirs(
    tasks: Sequence[referrals.TaskRow], recipients: Collection[UUID]
) -> list[referrals.TaskRow]:
    return [task for task in tasks if task.recipient_agency_id in recipients]


def _require_named(referral: referrals.ReferralRow, said: Said) -> None:
    planned = {
        candidate.agency_id
        for slot in plan.from_json(referral.plan)
        for candidate in slot.candidates
    }
    if not said.recipients or not said.recipients <= planned:
        raise InvalidInput({"agencies": ("Select who it is about",)})


def _require_new(connection: Connection, referral: referrals.ReferralRow, said: Said) -> None:
    last = withdrawals.last_said(connection, referral.subject_id)
    if last is None:
        return
    state, recipients, evidence = last
    same = state == EventState.REFUSED and evidence.get("said") == said.kind.value
    if same and recipients >= said.recipients:
        raise Conflict("This has been recorded already.")
