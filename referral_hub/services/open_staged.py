"""Look into the staged intake, complete an item or turn it down: for the staff it waits for.

The list and an item's page hold codes alone. Opening one is a look that stands in the log before
anything is shown. Completing it starts an ordinary draft with everything that is known already
filled in; the referral is then sent as any other, and only that settles the item. If the machine
stops between the two, the next look at the item finds the referral by its draft.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.audit.integrate import ensure_integrated
from referral_hub.crypto.unseal import open_staged
from referral_hub.domain.channels import looked_by
from referral_hub.domain.commands import Actor
from referral_hub.domain.staging import StagedRejection, StagedState
from referral_hub.errors import Conflict, Forbidden
from referral_hub.services import drafts
from referral_hub.services.hub import Hub
from referral_hub.services.log_reports import append
from referral_hub.services.stage import PURPOSE
from referral_hub.store import change, staging
from referral_hub.store.engine import Connection
from referral_hub.store.staging import Settled, StagedRow

PAGE = 25
STAGED, KEPT = "staged", "kept"
_DONE = "A colleague has dealt with this since you opened it."


@dataclass(frozen=True, slots=True)
class StagedPage:
    """What waits, oldest first; `next` continues it."""

    rows: Sequence[StagedRow]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class StagedView:
    """One item without its content, and hints that the agency knows this person already.

    `waiting_alike` counts other items about the same person; `references` are their referrals.
    """

    row: StagedRow
    waiting_alike: int
    references: Sequence[str]

    @property
    def waits(self) -> bool:
        """Whether somebody must still deal with it."""
        return self.row.state == StagedState.WAITING


@dataclass(frozen=True, slots=True, repr=False)
class StagedContent:
    """What an item says: raw pages of the referral's form, facts beside them, and what is kept for
    its sender.
    """

    pages: Mapping[str, Mapping[str, Any]]
    beside: Mapping[str, str]
    kept: str | None = None

    def __repr__(self) -> str:
        return "<StagedContent (redacted)>"


def list_staged(hub: Hub, actor: Actor, after: UUID | None = None) -> StagedPage:
    """Return what waits for the actor's agency. One statement. Raises Forbidden."""
    if not access.allowed(actor.role, Permission.HANDLE_STAGED):
        raise Forbidden("Your role does not include this.")
    with hub.database.acting_for(actor.agency_id) as connection:
        rows = staging.waiting(connection, actor.agency_id, after=after, most=PAGE + 1)
    return StagedPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def read_staged(hub: Hub, actor: Actor, item_id: UUID) -> StagedView:
    """Return an item that waits, or waited, for the actor's agency. Raises NotFound."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _ours(connection, actor, item_id)
        row = _settled_by_its_draft(hub, actor, connection, row)
        count, references = staging.alike(connection, actor.agency_id, item_id)
    return StagedView(row, count, references)


def look_into(hub: Hub, actor: Actor, item_id: UUID) -> StagedContent:
    """Open an item; the look is in the log first. Raises NotFound, Conflict, LogUnavailable."""
    hub = hub.for_one_use_case()
    view = read_staged(hub, actor, item_id)
    if not view.waits:
        raise Conflict(_DONE)
    event = _event(actor, view.row, "opened", kind=EntryType.VIEW)
    look = append(hub, actor, event)
    ensure_integrated(hub.database, hub.integrator, [look])
    with hub.database.working() as connection:
        sealed = staging.sealed(connection, item_id)
    if sealed is None:
        raise Conflict(_DONE)
    data = open_staged(
        hub.keys, agency_id=str(actor.agency_id), item_id=str(item_id), sealed=sealed
    )
    content = json.loads(data)
    return StagedContent(content["pages"], content["beside"], content.get("kept"))


def complete_staged(hub: Hub, actor: Actor, item_id: UUID) -> UUID:
    """Start a draft of everything an item says and return its id; pressed again, a fresh one.

    Raises NotFound, Conflict, LogUnavailable.
    """
    access.require(actor, Permission.REFER)
    content = look_into(hub, actor, item_id)
    draft_id = drafts.start_draft(hub, actor)
    filled = {**content.pages, STAGED: {"id": str(item_id), KEPT: content.kept}}
    drafts.save_draft(hub, actor, draft_id, pages=filled)
    with hub.database.acting_for(actor.agency_id) as connection:
        if not staging.take(connection, item_id, draft_id):
            raise Conflict(_DONE)
    return draft_id


def staged_behind(draft: Mapping[str, Any]) -> UUID | None:
    """Return the item that a draft completes, if it completes one."""
    marked = draft.get(STAGED)
    return UUID(marked["id"]) if isinstance(marked, Mapping) else None


def kept_behind(draft: Mapping[str, Any]) -> str | None:
    """Return what goes with the referral for whoever sent the item, unread."""
    marked = draft.get(STAGED)
    return marked.get(KEPT) if isinstance(marked, Mapping) else None


def require_waiting(hub: Hub, actor: Actor, item_id: UUID, draft_id: UUID) -> None:
    """Raise Conflict unless the item still waits and this draft is the one that completes it."""
    row = read_staged(hub, actor, item_id).row
    if row.draft_id != draft_id or row.state == StagedState.REJECTED:
        raise Conflict(_DONE)


def settle_imported(hub: Hub, actor: Actor, item_id: UUID, *, referral_id: UUID) -> None:
    """Record that an item became a referral; saying it twice is harmless."""
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _ours(connection, actor, item_id)
        _settle(hub, actor, row, connection=connection, how=_imported(hub, actor, referral_id))


def reject_staged(hub: Hub, actor: Actor, item_id: UUID, reason: StagedRejection) -> None:
    """Turn an item down and forget what it said; the reason reaches its sender.

    Raises NotFound, Conflict (a colleague has dealt with it).
    """
    with hub.database.acting_for(actor.agency_id) as connection:
        row = _settled_by_its_draft(hub, actor, connection, _ours(connection, actor, item_id))
        rejected = Settled(
            StagedState.REJECTED.value, actor.user_id, hub.clock(), reason=reason.value
        )
        if not _settle(hub, actor, row, connection=connection, how=rejected):
            raise Conflict(_DONE)


def _ours(connection: Connection, actor: Actor, item_id: UUID) -> StagedRow:
    row = staging.one(connection, item_id)
    access.require(actor, Permission.HANDLE_STAGED, Situation(recipient=row.agency_id))
    return row


def _settled_by_its_draft(
    hub: Hub, actor: Actor, connection: Connection, row: StagedRow
) -> StagedRow:
    """Settle an item whose referral was sent by a process that stopped before saying so."""
    if row.state != StagedState.WAITING or row.draft_id is None:
        return row
    referral_id = staging.referral_of_draft(connection, row.draft_id)
    if referral_id is None:
        return row
    _settle(hub, actor, row, connection=connection, how=_imported(hub, actor, referral_id))
    return staging.one(connection, row.id)


def _imported(hub: Hub, actor: Actor, referral_id: UUID) -> Settled:
    return Settled(StagedState.IMPORTED.value, actor.user_id, hub.clock(), referral_id=referral_id)


def _settle(
    hub: Hub, actor: Actor, row: StagedRow, *, connection: Connection, how: Settled
) -> bool:
    if not staging.settle(connection, row.id, how):
        return False
    event = replace(_event(actor, row, how.state), referral_id=how.referral_id)
    if how.reason:
        event = replace(event, details={**event.details, "reason": how.reason})
    change.write(connection, change.Change([prepare(event, hub.keys, how.at)]))
    return True


def _event(
    actor: Actor, row: StagedRow, outcome: str, *, kind: EntryType = EntryType.ACCESS
) -> Event:
    details: dict[str, str | int | tuple[str, ...]] = {
        "source": row.source,
        "item": str(row.id),
        "why": row.why,
        **looked_by(actor.role),
    }
    if row.batch_id:
        details["batch"] = str(row.batch_id)
    return Event(
        type=kind,
        sender=row.sender_agency_id,
        recipient=row.agency_id if row.agency_id != row.sender_agency_id else None,
        actor_agency=actor.agency_id,
        actor_user=actor.user_id,
        purpose=PURPOSE,
        outcome=outcome,
        details=details,
    )
