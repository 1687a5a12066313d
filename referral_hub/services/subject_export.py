"""The answer to an access request: what is given, what is withheld and why, and who saw what.

Nothing is handed over that nobody looked at. Making the file is a step of the request in the log,
integrated before the file exists; opening what goes into it is logged besides. The access report
holds codes and, for each row, the proof that it stands in the log. Staff of other agencies are
never named in it: the log does not tell an agency who they are. However long it is, and whatever is
held about the person, lines and items are read while they are written and never stand in memory
together. So everything is gone through twice: once to see that each item was decided about, and
once to write it; what was added in between is no less refused. How it is written down is for the
web to say, which has the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from consent.evidence.tiles import Tiles
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.domain.commands import Actor
from referral_hub.domain.matters import MatterEvent, MatterState
from referral_hub.domain.third_parties import Handling
from referral_hub.errors import Conflict
from referral_hub.services.access_review import Looked, everything
from referral_hub.services.audit_log import Logged, logged
from referral_hub.services.hub import Hub
from referral_hub.services.log_table import proved_rows
from referral_hub.services.matter_steps import Taken, write_step
from referral_hub.services.witnesses import proving_checkpoint
from referral_hub.store import audit_log, log
from referral_hub.store import matters as store
from referral_hub.store.exposures import Sought, exposures
from referral_hub.store.log import StoredCheckpoint
from referral_hub.store.matters import MatterRow

Proved = Mapping[str, object]


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """One line of the access report: the entry as an officer reads it, and as a row with proof."""

    logged: Logged
    proved: Proved

    def __repr__(self) -> str:
        return "<Access>"


@dataclass(frozen=True, slots=True, repr=False)
class Accesses:
    """The access report under one checkpoint: read anew each time somebody goes through it."""

    hub: Hub
    us: UUID
    sought: Sought
    newest: StoredCheckpoint

    def __repr__(self) -> str:
        return "<Accesses>"

    def __iter__(self) -> Iterator[Access]:
        with self.hub.database.acting_for(self.us) as connection:
            tiles = Tiles(lambda level, index: log.read_tile(connection, level, index))
            names = audit_log.agencies(connection)
            for rows in exposures(connection, self.us, self.sought, size=self.newest.size):
                entries = [logged(row, names, self.us) for row in rows]
                proved = proved_rows(entries, tiles, self.newest)
                yield from (Access(*pair) for pair in zip(entries, proved, strict=True))

    def count(self) -> int:
        """Return how many lines there are."""
        with self.hub.database.acting_for(self.us) as connection:
            found = exposures(connection, self.us, self.sought, size=self.newest.size)
            return sum(len(rows) for rows in found)


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """The items that are given. Raises Conflict at one that nobody looked at."""

    looked: Iterable[Looked]

    def __repr__(self) -> str:
        return "<Given>"

    def __iter__(self) -> Iterator[Looked]:
        for one in self.looked:
            if one.decided is None:
                raise Conflict(_unseen(1))
            if one.decided.handling is not Handling.WITHHOLD:
                yield one


@dataclass(frozen=True, slots=True, repr=False)
class _Gone:
    """What going through everything once has shown, without what any item says."""

    looked: Iterable[Looked]
    handled: Mapping[Handling, int]
    references: Mapping[UUID, str]
    withheld: Sequence[Looked]
    parts: frozenset[UUID]

    def __repr__(self) -> str:
        return "<_Gone>"


@dataclass(frozen=True, slots=True, repr=False)
class SubjectExport:
    """What is handed over. `given` are items given whole or in part, read anew each time.

    `withheld` are the others, without what they say; `references` are the referrals by id;
    `checkpoint` is what the proofs lead to.
    """

    request: MatterRow
    references: Mapping[UUID, str]
    given: Given
    withheld: Sequence[Looked]
    accesses: Accesses
    checkpoint: str
    log_key: str

    def __repr__(self) -> str:
        return "<SubjectExport>"


def preview(hub: Hub, actor: Actor, matter_id: UUID) -> SubjectExport:
    """Return what would be handed over, for a second look; each opening is logged.

    Raises NotFound, Conflict (not being prepared, or something was not looked at), LogUnavailable.
    """
    request, gone = _decided(hub, actor, matter_id)
    return _export(hub, actor, request, gone, ask=False)


def make_export(
    hub: Hub, actor: Actor, matter_id: UUID, form: str, *, named: bool = False
) -> SubjectExport:
    """Return what is handed over in `form`; that it was made is a step of the request.

    `named` says whether the agency's own staff are named in it.

    Raises as `preview` does.
    """
    request, gone = _decided(hub, actor, matter_id)
    with hub.database.acting_for(actor.agency_id) as connection:
        history = store.steps(connection, matter_id)
    taken = Taken(
        event=MatterEvent.EXPORT,
        state=MatterState.BEING_PREPARED,
        at=hub.clock(),
        said={"form": form, "staff": "named" if named else "by_role"}
        | {one.value: gone.handled.get(one, 0) for one in Handling},
    )
    entry_id = write_step(hub, actor, request, history=history, taken=taken)
    ensure_integrated(hub.database, hub.integrator, [entry_id])
    return _export(hub, actor, request, gone, ask=True)


def _decided(hub: Hub, actor: Actor, matter_id: UUID) -> tuple[MatterRow, _Gone]:
    request, looked = everything(hub, actor, matter_id)
    handled, references, parts = Counter[Handling](), dict[UUID, str](), set[UUID]()
    withheld, missing = [], 0
    for one in looked:
        missing += one.decided is None
        handled[one.stands.handling] += 1
        parts.add(one.item.part)
        if one.item.what == "referral":
            references[one.item.part] = one.item.value["reference"]
        if one.stands.handling is Handling.WITHHOLD:
            withheld.append(replace(one, item=replace(one.item, value=None)))
    if missing:
        raise Conflict(_unseen(missing))
    return request, _Gone(looked, handled, references, withheld, frozenset(parts))


def _unseen(missing: int) -> str:
    return (
        f"{missing} {'item has' if missing == 1 else 'items have'} not been looked at yet. Open"
        " each part of the records and save what you decide."
    )


def _export(hub: Hub, actor: Actor, request: MatterRow, gone: _Gone, *, ask: bool) -> SubjectExport:
    us = actor.agency_id
    referrals = gone.parts - {request.subject_id, request.id}
    sought = Sought(subject=request.subject_id, referrals=sorted(referrals))
    newest = proving_checkpoint(hub, us, ask=ask)
    return SubjectExport(
        request=request,
        references=gone.references,
        given=Given(gone.looked),
        withheld=gone.withheld,
        accesses=Accesses(hub, us, sought, newest),
        checkpoint=newest.note.decode(),
        log_key=hub.log_vkey,
    )
