"""Fold a person's append-only consent events into the grants in force at an instant.

An event grants when it gives or renews, names the recipient and is inside its dates, and nothing
later has ended or replaced it. The fold is over a set: the order of the events and copies of one
event change nothing, because events are compared by when they were recorded, never by position.

How one event acts on another, always towards sharing less:

- An event that ends (refused, withdrawn, expired, terminated, invalidated) acts from the moment it
  is recorded, whatever its dates say. It ends, for its purpose or for the event that it supersedes,
  every grant recorded up to then: for the recipients and classes it names, or for all if it names
  none. At the same instant the ending wins.
- Any other event that supersedes a grant replaces it entirely, also when it grants less or later.
- Only a newer grant can follow an ending. Superseding an ending does not bring a grant back.

An event recorded after the instant asked about does not exist yet, so a decision can be replayed.
Two different events under one id are a fault in the record and raise `ConsentError`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from consent.codes import DataClass, EventState, RefusalReason
from consent.model import (
    Concern,
    ConsentError,
    ConsentEvent,
    Override,
    ProxyAuthority,
    SharingAgreement,
)

FOREVER = datetime.max.replace(tzinfo=UTC)

GRANTING = frozenset({EventState.GIVEN, EventState.RENEWED})

ENDING = {
    EventState.REFUSED: RefusalReason.CONSENT_REFUSED,
    EventState.WITHDRAWN: RefusalReason.CONSENT_WITHDRAWN,
    EventState.EXPIRED: RefusalReason.CONSENT_EXPIRED,
    EventState.TERMINATED: RefusalReason.CONSENT_TERMINATED,
    EventState.INVALIDATED: RefusalReason.CONSENT_INVALIDATED,
}

Identified = TypeVar(
    "Identified", ConsentEvent, ProxyAuthority, SharingAgreement, Override, Concern
)


class Grant(NamedTuple):
    """What is left of a consent event for one recipient, until `until` (exclusive)."""

    event: ConsentEvent
    classes: frozenset[DataClass]
    until: datetime
    cites: tuple[str, ...]


class Lapse(NamedTuple):
    """Why a consent event gives nothing to a recipient; `cites` are the events that say so."""

    reason: RefusalReason
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The events that exist at an instant, by what they do.

    Each event is in one of the first three; those that replace another are also in the last.
    """

    granting: tuple[ConsentEvent, ...]
    ending: tuple[ConsentEvent, ...]
    requested: tuple[ConsentEvent, ...]
    superseding: tuple[ConsentEvent, ...]

    def stands(self, event: ConsentEvent, recipient_id: str, at: datetime) -> Grant | Lapse:
        """Return what `event` grants to a recipient that it names, or why it grants nothing.

        Where several endings end all of it, the newest gives the reason: somebody who withdrew and
        then refused has refused.
        """
        for other in self.superseding:
            if other.supersedes == event.id:
                return Lapse(RefusalReason.CONSENT_SUPERSEDED, (event.id, other.id))
        endings = [one for one in self.ending if _ends(one, event, recipient_id)]
        for ending in reversed(endings):
            if _whole(ending, event):
                return Lapse(ENDING[ending.state], (event.id, ending.id))
        classes = event.classes
        cites: tuple[str, ...] = (event.id,)
        for ending in endings:
            left = classes - ending.classes
            if left != classes:
                classes, cites = left, (*cites, ending.id)
            if not classes:
                return Lapse(ENDING[ending.state], cites)
        if at < event.valid_from:
            return Lapse(RefusalReason.CONSENT_NOT_YET_VALID, cites)
        until = event.valid_until or FOREVER
        if at >= until:
            return Lapse(RefusalReason.CONSENT_EXPIRED, cites)
        return Grant(event, classes, until, cites)


def fold(events: Iterable[ConsentEvent], subject_id: str, at: datetime) -> Ledger:
    """Return the person's ledger as it stood at `at`; events about others are left out."""
    granting: list[ConsentEvent] = []
    ending: list[ConsentEvent] = []
    requested: list[ConsentEvent] = []
    superseding: list[ConsentEvent] = []
    for event in distinct(events):
        if event.subject_id != subject_id or event.recorded_at > at:
            continue
        if event.state in ENDING:
            ending.append(event)
            continue
        if event.supersedes is not None:
            superseding.append(event)
        (granting if event.state in GRANTING else requested).append(event)
    ending.sort(key=when_recorded)
    superseding.sort(key=when_recorded)
    return Ledger(tuple(granting), tuple(ending), tuple(requested), tuple(superseding))


def grants_in_force(
    events: Iterable[ConsentEvent], subject_id: str, at: datetime
) -> dict[tuple[str, str], Grant]:
    """Return the grants in force at `at`, by event id and recipient id.

    This is the ledger alone, as a person or an officer would read it. Whether a grant is enough
    to disclose anything is for `consent.decide`.
    """
    ledger = fold(events, subject_id, at)
    return {
        (event.id, recipient_id): grant
        for event in ledger.granting
        for recipient_id in event.recipients
        if isinstance(grant := ledger.stands(event, recipient_id, at), Grant) and grant.classes
    }


def distinct(records: Iterable[Identified]) -> tuple[Identified, ...]:
    """Return the records without copies; raise `ConsentError` if one id has two contents."""
    by_id: dict[str, Identified] = {}
    for record in records:
        known = by_id.setdefault(record.id, record)
        if known is not record and known != record:
            raise ConsentError(f"two different {type(record).__name__} records share one id")
    return tuple(by_id.values())


def when_recorded(event: ConsentEvent) -> tuple[datetime, str]:
    """Return the key that puts events in the order they were recorded, ties by id."""
    return event.recorded_at, event.id


def _ends(ending: ConsentEvent, event: ConsentEvent, recipient_id: str) -> bool:
    """Say whether an ending is about a grant and this recipient: it names them, or means all."""
    if ending.recipients and recipient_id not in ending.recipients:
        return False
    return ending.supersedes == event.id or (
        ending.purpose == event.purpose and ending.recorded_at >= event.recorded_at
    )


def _whole(ending: ConsentEvent, event: ConsentEvent) -> bool:
    """Say whether an ending alone leaves nothing of what an event gave."""
    return bool(event.classes) and (not ending.classes or event.classes <= ending.classes)
