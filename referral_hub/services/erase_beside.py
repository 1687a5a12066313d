"""What was begun about a person, and goes with them when they are erased.

No record points to a half-filled form or to what waits, so the search of an access answer finds
them (`open_unfinished`). The officer is told of each what it is, who began it, when, and how it was
found, never what it says. What has the person's NHS number, or is a page of their own referral, is
about nobody else and goes. What has their last name and date of birth alone may be a twin's: the
officer says of which it is the person's. Where the list is not what was on the page any more,
nothing is erased.

The limit: records that two people destroy when their time is over leave it behind. A form that
somebody has just begun means that the person is about to be helped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import UUID

from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.commands import Actor
from referral_hub.domain.unfinished import UnfinishedKind
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import Report, append, report_event
from referral_hub.services.open_unfinished import Begun, about_person, find_unfinished
from referral_hub.store import audit_log, erasures
from referral_hub.store.engine import Connection

SINCE = (
    "Something about this person was begun, changed or finished since you opened the page, so"
    " nothing was erased. Look at the list again."
)
WHOSE = "Select those that are about this person, or that none of them is"


@dataclass(frozen=True, slots=True, repr=False)
class Offered:
    """Something begun, and the name of who began it: a member of staff or an agency."""

    begun: Begun
    who: str

    def __repr__(self) -> str:
        return f"<Offered {self.begun.name}>"


@dataclass(frozen=True, slots=True)
class Beside:
    """Everything that was found."""

    found: tuple[Offered, ...]

    @property
    def certain(self) -> tuple[Offered, ...]:
        """What is about nobody else."""
        return tuple(one for one in self.found if one.begun.by.certain)

    @property
    def asked(self) -> tuple[Offered, ...]:
        """What may be about somebody with the same name and birthday."""
        return tuple(one for one in self.found if not one.begun.by.certain)

    @property
    def seen(self) -> str:
        """A name for exactly this list, in 16 hex digits."""
        return _seen(str(one.begun.name) for one in self.found)


def _seen(names: Iterable[str]) -> str:
    return sha256("\n".join(sorted(names)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the officer confirmed: the list that was on the page, and which of `asked` go too.

    `also` are names; None where nothing was said.
    """

    seen: str = _seen(())
    also: frozenset[str] | None = None


def look_beside(hub: Hub, actor: Actor, subject_id: UUID) -> Beside:
    """Search for what was begun about a person of the actor's agency; logged before it is done.

    Raises Conflict where there is too much of it, LogUnavailable.
    """
    hub = hub.for_one_use_case()
    event = report_event(actor, Report.UNFINISHED, outcome="run", details={})
    look = append(hub, actor, replace(event, cites=(f"person:{subject_id}",)))
    ensure_integrated(hub.database, hub.integrator, [look])
    found = find_unfinished(hub, about_person(hub, actor.agency_id, subject_id))
    if not found:
        return Beside(())
    with hub.database.acting_for(actor.agency_id) as connection:
        staff, agencies = audit_log.staff(connection), audit_log.agencies(connection)
    who = {**agencies, **staff}
    return Beside(tuple(Offered(one, who.get(one.who, "")) for one in found))


def confirmed(beside: Beside, chosen: Chosen) -> list[Begun]:
    """Return what goes. Raises Conflict for another list, and InvalidInput (`also`)."""
    if chosen.seen != beside.seen:
        raise Conflict(SINCE)
    asked = {str(one.begun.name): one.begun for one in beside.asked}
    also = chosen.also
    if (also is None and asked) or not (also or frozenset()) <= asked.keys():
        raise InvalidInput({"also": (WHOSE,)})
    return [*(one.begun for one in beside.certain), *(asked[one] for one in sorted(also or ()))]


def lock_as_found(connection: Connection, us: UUID, begun: Sequence[Begun]) -> None:
    """Keep what goes from changing. Raises Conflict unless each is as it was found."""
    wanted = {one.id: one.version for one in begun}
    if wanted and erasures.lock_begun(connection, us, sorted(wanted)) != wanted:
        raise Conflict(SINCE)


def counted(kinds: Sequence[UnfinishedKind]) -> dict[str, int]:
    """Return how many of each kind go, as an entry says it."""
    return {kind.value: kinds.count(kind) for kind in UnfinishedKind}
