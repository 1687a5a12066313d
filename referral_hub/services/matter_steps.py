"""Write one step of a matter: its line, where the matter then stands, what was written, the entry.

All of it is one transaction, so a step without its log entry is impossible. An entry names the
matter by its random id and the step by codes; whom it concerns is sealed under the person's key
where the person is the agency's own. What an officer writes is sealed for their agency.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.crypto.records import MatterWordsContext
from referral_hub.crypto.seal import seal_matter_words
from referral_hub.domain.commands import Actor
from referral_hub.domain.duty_clocks import LONDON, Happened, clock, local_day
from referral_hub.domain.ids import new_id
from referral_hub.domain.matters import MatterEvent, MatterKind, MatterState, is_over
from referral_hub.services.hub import Hub
from referral_hub.store import change
from referral_hub.store import matters as store
from referral_hub.store.engine import Connection
from referral_hub.store.matters import MatterRow, Standing, StepRow

NOON = time(12)
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Taken:
    """A step: what happened, when, why, what was written (by kind), and decisions on items.

    `said` are further codes for the entry.
    """

    event: MatterEvent
    state: MatterState
    at: datetime
    reason: str | None = None
    words: Mapping[str, Words] = field(default_factory=dict)
    items: Sequence[Mapping[str, str | None]] = ()
    said: Mapping[str, str | int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Taken {self.event.value}>"


def moment(on: date, now: datetime) -> datetime:
    """Return when something happened that an officer gives a day for: now, or noon of that day."""
    return now if on == local_day(now) else datetime.combine(on, NOON, LONDON)


def happened(steps: Sequence[StepRow]) -> list[Happened]:
    """Return a stored history as clocks read it."""
    return [Happened(MatterEvent(s.event), MatterState(s.state), s.happened_at) for s in steps]


def standing(kind: MatterKind, steps: Sequence[Happened], at: datetime) -> Standing:
    """Return where a matter stands after `steps`."""
    state = steps[-1].state
    found = clock(kind, steps)
    over = at if is_over(kind, state) else None
    return Standing(state.value, found.state.value, found.due_at, over)


def subject_key(connection: Connection, us: UUID, subject_id: UUID | None) -> SubjectKey | None:
    """Return the person's key row, None where there is none (any more); `hub_worker` only."""
    wrapped = store.key_of(connection, subject_id) if subject_id else None
    return SubjectKey(subject_id, us, wrapped) if subject_id and wrapped else None


def write_step(
    hub: Hub, actor: Actor, found: MatterRow, *, history: Sequence[StepRow], taken: Taken
) -> UUID:
    """Write a step and return its entry's id. Raises Conflict when somebody was quicker."""
    with hub.database.working() as connection:
        subject = subject_key(connection, actor.agency_id, found.subject_id)
    at = hub.clock()
    kind = MatterKind(found.kind)
    steps = [*happened(history), Happened(taken.event, taken.state, taken.at)]
    entry, rows = step_rows(hub, actor, found, subject=subject, taken=taken)
    with hub.database.acting_for(actor.agency_id) as connection:
        store.move(connection, found, standing(kind, steps, at))
        change.write(connection, change.Change([entry], rows))
    entry_id: UUID = entry.entry["id"]
    return entry_id


def step_rows(
    hub: Hub, actor: Actor, found: MatterRow, *, subject: SubjectKey | None, taken: Taken
) -> tuple[change.LogRow, dict[str, list[dict[str, Any]]]]:
    """Return a step's log row and the rows that go with it."""
    at = hub.clock()
    event = Event(
        type=EntryType.ADMIN,
        sender=actor.agency_id,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        subject=subject,
        referral_id=found.referral_id,
        outcome=taken.state.value,
        details={
            "matter": str(found.id),
            "duty": found.kind,
            "step": taken.event.value,
            **({"ground": taken.reason} if taken.reason else {}),
            **taken.said,
        },
    )
    entry = prepare(event, hub.keys, at)
    shared = {"matter_id": found.id, "agency_id": actor.agency_id}
    step = {
        **shared,
        "id": new_id(at),
        "event": taken.event.value,
        "state": taken.state.value,
        "reason": taken.reason,
        "happened_at": taken.at,
        "recorded_by": actor.user_id,
        "recorded_at": at,
        "entry_id": entry.entry["id"],
    }
    shared["step_id"] = step["id"]
    rows = {
        "matter_step": [step],
        "matter_words": [
            _words_row(hub, shared, kind=kind, words=said, at=at)
            for kind, said in taken.words.items()
            if any(said.values())
        ],
        "matter_item": [{**shared, "id": new_id(at), **item} for item in taken.items],
    }
    return entry, {name: listed for name, listed in rows.items() if listed}


def words_context(
    words_id: UUID, matter_id: UUID, agency_id: UUID, kind: str
) -> MatterWordsContext:
    """Return what words are bound to."""
    return MatterWordsContext(str(words_id), str(matter_id), str(agency_id), kind)


def _words_row(
    hub: Hub, shared: Mapping[str, Any], *, kind: str, words: Words, at: datetime
) -> dict[str, Any]:
    words_id = new_id(at)
    context = words_context(words_id, shared["matter_id"], shared["agency_id"], kind)
    told = {name: said for name, said in words.items() if said}
    sealed = seal_matter_words(
        hub.keys, context=context, words=json.dumps(told, ensure_ascii=False).encode()
    )
    version = hub.keys.version_of(sealed)
    return {
        **shared,
        "id": words_id,
        "kind": kind,
        "sealed_words": sealed,
        "key_version": version,
    }
