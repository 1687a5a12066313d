"""Named tests of a situation: whose thing is it, seen from the actor's chair.

A situation holds only ids. A party that is not given is nobody, and nobody is never equal to the
actor: a forgotten argument refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from referral_hub.domain.commands import Actor


@dataclass(frozen=True, slots=True)
class Situation:
    """The parties of a thing: a user who wrote it, and agencies that sent, own or received it."""

    author: UUID | None = None
    origin: UUID | None = None
    owner: UUID | None = None
    recipient: UUID | None = None


Predicate = Callable[[Actor, Situation], bool]


def always(_actor: Actor, _situation: Situation) -> bool:
    """The thing is the actor's own agency's by construction: a list, or something new."""
    return True


def is_author(actor: Actor, situation: Situation) -> bool:
    """The actor wrote it."""
    return situation.author == actor.user_id


def is_origin(actor: Actor, situation: Situation) -> bool:
    """The actor's agency sent the referral."""
    return situation.origin == actor.agency_id


def is_owner(actor: Actor, situation: Situation) -> bool:
    """The actor's agency is accountable for the referral."""
    return situation.owner == actor.agency_id


def is_recipient(actor: Actor, situation: Situation) -> bool:
    """The task was given to the actor's agency."""
    return situation.recipient == actor.agency_id


def is_origin_or_owner(actor: Actor, situation: Situation) -> bool:
    """The actor's agency sent the referral, or is accountable for it."""
    return is_origin(actor, situation) or is_owner(actor, situation)


def is_owner_or_recipient(actor: Actor, situation: Situation) -> bool:
    """The task was given to the actor's agency, or its referral is that agency's responsibility."""
    return is_owner(actor, situation) or is_recipient(actor, situation)
