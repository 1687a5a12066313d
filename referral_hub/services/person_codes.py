"""A code for the person: with the referral's reference it opens their own page.

It is shown once, to whoever made it, and goes from hand to hand on paper; the hub keeps a digest
under a key of the key service, so that a stolen table opens nothing. A guess costs the hub next to
nothing, so that nobody can wear it down with guesses; what stops them is counting
(`web.throttle`). A new code ends the one before it. The limit: whoever holds reference and code
is taken to be the person, or whoever agreed for them.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consent.codes import GivenBy
from consent.model import Purpose
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.crypto.tokens import new_short_code, tidy_short_code
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.person_codes import CodeFacts, NoCode, why_none
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.store import change, person_codes
from referral_hub.store.engine import Connection
from referral_hub.store.person_codes import CodeRow

NONE = "There can be no code for this referral now."


@dataclass(frozen=True, slots=True, repr=False)
class GivenCode:
    """A code that was just made, which is shown this once, and whose it is."""

    reference: str
    code: str
    given_to: GivenBy

    def __repr__(self) -> str:
        return "<GivenCode>"


@dataclass(frozen=True, slots=True)
class CodeStanding:
    """Whether there is a code, since when, and why there can be none."""

    reference: str
    made_at: datetime | None
    why_none: NoCode | None


def code_standing(hub: Hub, actor: Actor, referral_id: UUID) -> CodeStanding:
    """Return whether a referral of the actor's agency has a code. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _row(connection, actor, referral_id)
    reason = why_none(facts_of(row, hub.clock()))
    return CodeStanding(row.reference, row.made_at, reason)


def give_code(hub: Hub, actor: Actor, referral_id: UUID) -> GivenCode:
    """Make a code, which ends the one before it. Raises NotFound; Conflict where none may be."""
    at = hub.clock()
    code_id, code = new_id(at), new_short_code()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _row(connection, actor, referral_id)
        facts = facts_of(row, at)
        if why_none(facts) is not None or facts.given_by is None:
            raise Conflict(NONE)
        person_codes.end(connection, referral_id, at)
        entry = prepare(_event(actor, row, code_id, "code_given"), hub.keys, at)
        made = {
            "id": code_id,
            "referral_id": referral_id,
            "origin_agency_id": row.origin_agency_id,
            "given_by": facts.given_by.value,
            "code_digest": digest_of(hub, code_id, code),
            "made_by": actor.user_id,
            "made_at": at,
            "entry_id": entry.entry["id"],
        }
        change.write(connection, change.Change([entry], {"person_code": [made]}))
    return GivenCode(row.reference, code, facts.given_by)


def end_code(hub: Hub, actor: Actor, referral_id: UUID) -> None:
    """End the code and everything that goes with it; where there is none, nothing changes.

    Raises NotFound.
    """
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _row(connection, actor, referral_id)
        ended = person_codes.end(connection, referral_id, at)
        if ended is not None:
            entry = prepare(_event(actor, row, ended, "code_ended"), hub.keys, at)
            change.write(connection, change.Change([entry]))


def facts_of(row: CodeRow, at: datetime) -> CodeFacts:
    """Return what a code depends on at `at`."""
    return CodeFacts(
        given_by=GivenBy(row.given_by) if row.given_by else None,
        minor=row.minor_until is not None and at.date() < row.minor_until,
        unsafe=row.unsafe,
        concern=row.purpose == Purpose.SAFEGUARDING,
        deceased=row.deceased,
        erased=row.erased_at is not None or row.wrapped_key is None,
    )


def digest_of(hub: Hub, code_id: UUID, code: str) -> bytes:
    """Return what the hub keeps of a code; it is good for this code's row alone."""
    value = code_id.bytes + tidy_short_code(code).encode("utf-8", "surrogatepass")
    return hub.keys.blind_index("person.code", "hub", value)


def is_code(hub: Hub, code_id: UUID, code: str, digest: bytes) -> bool:
    """Tell whether `digest` is that of `code`, in constant time."""
    return hmac.compare_digest(digest_of(hub, code_id, code), digest)


def _row(connection: Connection, actor: Actor, referral_id: UUID) -> CodeRow:
    row = person_codes.of_referral(connection, referral_id)
    situation = Situation(origin=row.origin_agency_id, author=row.author_user_id)
    access.require(actor, Permission.GIVE_CODE, situation)
    return row


def _event(actor: Actor, row: CodeRow, code_id: UUID, outcome: str) -> Event:
    key = row.wrapped_key
    return Event(
        type=EntryType.ACCESS,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=SubjectKey(row.subject_id, row.origin_agency_id, key) if key else None,
        referral_id=row.referral_id,
        outcome=outcome,
        details={"code": str(code_id)},
    )
