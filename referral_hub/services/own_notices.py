"""Words that an agency writes itself: proposed with their text, and used once two people agree.

A text is written once, under a version and a language that nothing else of the agency has, and is
proposed in the same transaction: words that nobody is asked to approve would be litter. A change of
words is a new version; a translation is another language of the same version. What is in use stays
until the second person approves, and old agreements keep the text and the hash that they were given
under. The log entry commits to the proposal, which holds the hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from consent.notices import Notice, installed_notices, own_notice
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.notice_words import fault, next_version, tidy
from referral_hub.domain.registers import ItemState, Register
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.hub import Hub
from referral_hub.services.notice_register import Adoption, adoption_row
from referral_hub.services.registers import as_item, entry_of
from referral_hub.store import change
from referral_hub.store import register_items as store
from referral_hub.store.engine import Connection
from referral_hub.store.register_items import MOST_TEXTS, OwnText

THERE_ALREADY = (
    "There are words of this version in this language already. Write a new version, or choose"
    " another language"
)
NO_VERSION = "Choose a new version, or one of your own to translate. The page has the list"
WAITS = (
    "New words in this language wait already, for a second person or for their day. Decide about"
    " those, or end them, first."
)
TOO_MANY = "Your agency has written as many texts as the hub keeps. Ask whoever runs it."


@dataclass(frozen=True, slots=True)
class Writing:
    """Words with their names, and from when until when, in whole days of London."""

    notice_id: str
    version: str
    language: str
    text: str
    since: date
    until: date | None
    review_on: date
    document: str | None


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What an agency wrote, newest first, and what its next version is called."""

    texts: Sequence[OwnText]
    next: str

    @property
    def versions(self) -> tuple[str, ...]:
        """Every version once, newest first."""
        return tuple(dict.fromkeys(text.version for text in self.texts))


def notice_ids() -> tuple[str, ...]:
    """Return the notices that the hub tells people."""
    return tuple(sorted({words.id for words in installed_notices()}))


def own_words(hub: Hub, actor: Actor) -> OwnWords:
    """Return what the actor's agency wrote. Raises Forbidden."""
    access.require(actor, Permission.KEEP_REGISTERS)
    with hub.database.acting_for(actor.agency_id) as connection:
        return _own(connection, actor)


def every_text(hub: Hub, actor: Actor) -> dict[str, Notice]:
    """Return all words that the agency may use, by `id/version/language`. Raises Forbidden."""
    ours = [
        own_notice(one.names, one.words, since=one.written_at)
        for one in own_words(hub, actor).texts
    ]
    return {f"{one.id}/{one.version}/{one.language}": one for one in (*installed_notices(), *ours)}


def propose_words(hub: Hub, actor: Actor, writing: Writing) -> UUID:
    """Write words down and propose to use them; return the register's item.

    Raises Forbidden, InvalidInput by field, Conflict (words in this language wait already).
    """
    access.require(actor, Permission.KEEP_REGISTERS)
    at, text = hub.clock(), tidy(writing.text)
    wrong = fault(text)
    if wrong:
        raise InvalidInput({"text": (wrong,)})
    named = (writing.notice_id, writing.version, writing.language)
    words = own_notice(named, text, since=at)
    adoption = Adoption(
        words, writing.since, writing.until, writing.review_on, document=writing.document
    )
    kept = {
        "agency_id": actor.agency_id,
        "notice_id": words.id,
        "version": words.version,
        "language": words.language,
        "words": words.text,
        "sha256": words.sha256,
        "written_by": actor.user_id,
        "written_at": at,
    }
    try:
        with hub.database.acting_for(actor.agency_id) as connection:
            _require_free(_own(connection, actor), writing)
            before = _in_force(connection, actor, writing, at)
            row = adoption_row(actor, adoption, at, supersedes=before)
            entry = entry_of(
                hub, actor, row, register=Register.NOTICES, outcome="register_proposed"
            )
            rows = {"notice_text": [kept], "notice_adoption": [row]}
            change.write(connection, change.Change([entry], rows))
    except change.AlreadyThere:
        raise InvalidInput({"language": (THERE_ALREADY,)}) from None
    return UUID(str(row["id"]))


def _own(connection: Connection, actor: Actor) -> OwnWords:
    texts = store.own_texts(connection, actor.agency_id)
    return OwnWords(texts, next_version(one.version for one in texts))


def _require_free(ours: OwnWords, writing: Writing) -> None:
    if writing.notice_id not in notice_ids():
        raise InvalidInput({"notice": ("Choose a notice from the list",)})
    if len(ours.texts) >= MOST_TEXTS:
        raise Conflict(TOO_MANY)
    named = (writing.notice_id, writing.version, writing.language)
    if named in {one.names for one in ours.texts}:
        raise InvalidInput({"language": (THERE_ALREADY,)})
    if writing.version not in {ours.next, *ours.versions}:
        raise InvalidInput({"version": (NO_VERSION,)})


def _in_force(connection: Connection, actor: Actor, writing: Writing, at: datetime) -> UUID | None:
    """The item that the new words take the place of, if the agency put any in use.

    Raises Conflict where others wait to take the same place.
    """
    same = [
        as_item(Register.NOTICES, row, at)
        for row in store.items(connection, Register.NOTICES, actor.agency_id)
        if (row["notice_id"], row["notice_language"]) == (writing.notice_id, writing.language)
    ]
    if any(item.state in {ItemState.WAITING, ItemState.NOT_YET} for item in same):
        raise Conflict(WAITS)
    used = [item for item in same if item.state is ItemState.IN_FORCE]
    newest = max(used, key=lambda item: item.row["valid_from"], default=None)
    return newest.id if newest else None
