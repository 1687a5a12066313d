"""Accept many referrals of one agency in one transaction that belongs to the caller.

Each is decided, sealed and logged exactly as `submit_referral` does it for one; only the reading
and the writing are shared, so that a file of a thousand agreed rows costs two statements for each
batch instead of two for each row. The limit: no two commands of a batch may name the same new
person, because neither would find the other; the caller starts a new batch there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor, SubmitReferral
from referral_hub.domain.ids import new_reference
from referral_hub.services.draw_up import draw_up, nhs_index
from referral_hub.services.hub import Hub
from referral_hub.services.submit_referral import accepting
from referral_hub.store.change import Change, LogRow
from referral_hub.store.engine import Connection
from referral_hub.store.intake_many import Asked, gather_many


@dataclass(frozen=True, slots=True)
class Accepted:
    """A referral of the batch: its id, and whether any part of it is held."""

    referral_id: UUID
    held: bool


def accept_many(
    hub: Hub,
    actor: Actor,
    connection: Connection,
    *,
    commands: Sequence[SubmitReferral],
    at: datetime,
) -> tuple[Change | None, list[Accepted]]:
    """Return one change for all of `commands`, and what each becomes, in their order.

    `connection` acts for the actor's agency. Nothing is written yet. Raises Forbidden,
    InvalidInput, KeyUnavailable.
    """
    access.require(actor, Permission.REFER)
    if not commands:
        return None, []
    asked = [
        Asked(
            command.person.area,
            frozenset(need.value for need in command.needs),
            nhs_index(hub, actor, command.person.nhs_number),
        )
        for command in commands
    ]
    changes, accepted = [], []
    for command, known in zip(
        commands, gather_many(connection, actor.agency_id, asked), strict=True
    ):
        drawn = draw_up(hub, actor, command, known=known, at=at)
        stamp = (new_reference(), at)
        changes.append(accepting(hub, actor, command, drawn=drawn, stamp=stamp))
        held = not all(placement.permitted for placement in drawn.placements)
        accepted.append(Accepted(drawn.referral_id, held))
    return together(changes), accepted


def together(changes: Sequence[Change]) -> Change:
    """Return the changes as one, for one statement."""
    evidence: list[LogRow] = []
    inserts: dict[str, list[Mapping[str, Any]]] = {}
    ruled_out: list[tuple[UUID, Collection[UUID]]] = []
    for one in changes:
        evidence += one.evidence
        ruled_out += one.ruled_out
        for table, rows in one.inserts.items():
            inserts.setdefault(table, []).extend(rows)
    return Change(evidence, inserts, ruled_out=ruled_out)
