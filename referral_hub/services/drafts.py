"""Half-filled forms, sealed at each step, so that nothing typed is lost and nothing lies in clear.

A draft opens only for the user who wrote it: its id and theirs are bound into the ciphertext. The
same drawer keeps a page that arrived after its session had timed out (`keep_page`), which becomes
readable again only once the same person has signed in. Drafts hold what somebody typed and nobody
has checked, so they are never shown to a colleague, and `services.work.tidy` ends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.crypto.seal import seal_draft
from referral_hub.crypto.unseal import open_draft
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.errors import NotFound
from referral_hub.services.hub import Hub
from referral_hub.store import drafts
from referral_hub.store.drafts import DraftKey, DraftKind, SealedForm

Form = dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class KeptPage:
    """A form that was sent after a time-out: its path in the hub, and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return "<KeptPage (redacted)>"


def start_draft(hub: Hub, actor: Actor) -> UUID:
    """Begin an empty referral and return its draft id. Raises Forbidden."""
    access.require(actor, Permission.REFER)
    return _store(hub, _key(actor, new_id(hub.clock())), {})


def load_draft(hub: Hub, actor: Actor, draft_id: UUID) -> Form:
    """Return the pages saved so far. Raises NotFound unless this user began the draft."""
    return _load(hub, _key(actor, draft_id))


def save_draft(hub: Hub, actor: Actor, draft_id: UUID, *, pages: Mapping[str, Any]) -> Form:
    """Replace the named pages, keep the others, and return them all.

    Two windows on one draft do not overwrite each other's pages. Raises NotFound.
    """
    key = _key(actor, draft_id)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        form = {**_open(hub, key, drafts.read_draft(connection, key, lock=True)), **pages}
        drafts.update_draft(connection, key, sealed=_seal(hub, key, form), at=at)
    return form


def latest_draft(hub: Hub, actor: Actor) -> UUID | None:
    """Return the id of this user's unfinished referral, if there is one."""
    with hub.database.acting_for(actor.agency_id) as connection:
        return drafts.latest(connection, actor.user_id)


def discard_draft(hub: Hub, actor: Actor, draft_id: UUID) -> None:
    """Delete a draft of this user; deleting what is gone is harmless."""
    with hub.database.acting_for(actor.agency_id) as connection:
        drafts.delete_draft(connection, _key(actor, draft_id))


def finish_draft(hub: Hub, actor: Actor, draft_id: UUID, *, referral_id: UUID) -> None:
    """Empty a draft that was sent, and remember as what, in case the button is pressed again.

    Pressed twice at once, both come here; the second changes nothing.
    """
    sent = _key(actor, draft_id, DraftKind.SENT)
    with hub.database.acting_for(actor.agency_id) as connection:
        drafts.delete_draft(connection, _key(actor, draft_id))
        sealed = _seal(hub, sent, {"referral_id": str(referral_id)})
        drafts.insert_draft(connection, sent, sealed=sealed, at=hub.clock())


def sent_as(hub: Hub, actor: Actor, draft_id: UUID) -> UUID:
    """Return the referral that a draft became. Raises NotFound unless this user sent it."""
    return UUID(_load(hub, _key(actor, draft_id, DraftKind.SENT))["referral_id"])


def keep_page(hub: Hub, actor: Actor, page: KeptPage) -> UUID:
    """Seal a page for the user whose session had timed out; replaces the one kept before."""
    key = _key(actor, new_id(hub.clock()), DraftKind.PAGE)
    return _store(hub, key, {"path": page.path, "fields": page.fields})


def kept_page(hub: Hub, actor: Actor, draft_id: UUID) -> KeptPage:
    """Return a kept page to the person who sent it. Raises NotFound for anybody else."""
    form = _load(hub, _key(actor, draft_id, DraftKind.PAGE))
    return KeptPage(form["path"], tuple((name, value) for name, value in form["fields"]))


def _store(hub: Hub, key: DraftKey, form: Form) -> UUID:
    with hub.database.acting_for(key.agency_id) as connection:
        if key.kind is DraftKind.PAGE:
            drafts.delete_kept_pages(connection, key.user_id)
        drafts.insert_draft(connection, key, sealed=_seal(hub, key, form), at=hub.clock())
    return key.id


def _load(hub: Hub, key: DraftKey) -> Form:
    with hub.database.acting_for(key.agency_id) as connection:
        return _open(hub, key, drafts.read_draft(connection, key))


def _open(hub: Hub, key: DraftKey, sealed: bytes | None) -> Form:
    if sealed is None:
        raise NotFound
    data = open_draft(hub.keys, user_id=str(key.user_id), draft_id=str(key.id), sealed=sealed)
    form: Form = json.loads(data)
    return form


def _seal(hub: Hub, key: DraftKey, form: Form) -> SealedForm:
    data = json.dumps(form, ensure_ascii=True, separators=(",", ":")).encode()
    sealed = seal_draft(hub.keys, user_id=str(key.user_id), draft_id=str(key.id), data=data)
    return SealedForm(sealed, hub.keys.describe().newest_version)


def _key(actor: Actor, draft_id: UUID, kind: DraftKind = DraftKind.REFERRAL) -> DraftKey:
    """Name a draft of the actor's own: there is no way to name somebody else's."""
    access.require(actor, Permission.KEEP_DRAFT, Situation(author=actor.user_id))
    return DraftKey(draft_id, kind, actor.user_id, actor.agency_id)
