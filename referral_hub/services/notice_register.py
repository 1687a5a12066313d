"""Which words an agency uses, from when until when, approved by two people.

The texts come with a release (`consent.notices`), or an officer writes them
(`services.own_notices`); neither can ever be edited. As long as an agency has put none of a notice
in use, the newest installed version is; once it has, only those that two people approved are, and a
release that brings new words changes nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from consent.notices import Notice, current, installed_notices, is_own, languages, own_notice
from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.domain.registers import Register
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.agreement_register import SAME_PERSON
from referral_hub.services.facts import instant, required_instant
from referral_hub.services.hub import Hub
from referral_hub.services.registers import entry_of, one, require_revisable, start_of
from referral_hub.services.speaking_for import end_of_day
from referral_hub.store import change
from referral_hub.store import register_items as store
from referral_hub.store.register_items import InUse


@dataclass(frozen=True, slots=True)
class Adoption:
    """Which words, in whole days of London; `until` None has no end."""

    words: Notice
    since: date
    until: date | None
    review_on: date
    document: str | None


def words_in_use(hub: Hub, actor: Actor, notice_id: str) -> list[Notice]:
    """Return the words that the actor's agency uses now, English first. One statement."""
    with hub.database.one_statement() as connection:
        adopted = store.notices_in_use(connection, actor.agency_id)
    return readable(notice_id, adopted, hub.clock())


def readable(notice_id: str, adopted: Sequence[InUse], at: datetime) -> list[Notice]:
    """Return what is in use at `at` with its texts; own words need theirs in `adopted`."""
    return chosen(notice_id, [row for row in adopted if _has_text(row)], at)


def chosen(notice_id: str, adopted: Sequence[InUse], at: datetime) -> list[Notice]:
    """Return what is in use at `at`, given what an agency adopted: the newest in each language.

    Own words are without their text where `adopted` is.
    """
    ours = [row for row in adopted if row.notice_id == notice_id]
    if not ours:
        return [current(notice_id, language, at) for language in languages(notice_id, at)]
    found: dict[str, Notice] = {}
    for row in sorted(ours, key=lambda row: row.valid_from):
        if row.valid_from <= at and (row.valid_until is None or at < row.valid_until):
            words = _named(row)
            if words is not None:
                found[words.language] = words
    return [found[language] for language in sorted(found, key=lambda one: (one != "en", one))]


def from_json(rows: Iterable[Any]) -> list[InUse]:
    """Return rows of `notice_in_use` as they stand in JSON."""
    return [
        InUse(
            row["notice_id"],
            row["notice_version"],
            row["notice_language"],
            row["notice_hash"],
            required_instant(row["valid_from"]),
            instant(row["valid_until"]),
        )
        for row in rows
    ]


def require_in_use(told: tuple[str, str, str], adopted: Sequence[InUse], at: datetime) -> Notice:
    """Return the words that were told; raise InvalidInput where the agency does not use them."""
    for words in chosen(told[0], adopted, at):
        if (words.id, words.version, words.language) == told:
            return words
    message = "These words are not in use any more. Load the page again and read out the new"
    raise InvalidInput({"notice": (message,)})


def propose_notice(
    hub: Hub, actor: Actor, adoption: Adoption, *, supersedes: UUID | None = None
) -> UUID:
    """Propose to use some words; return the item's id. Raises Forbidden, NotFound, Conflict."""
    access.require(actor, Permission.KEEP_REGISTERS)
    at = hub.clock()
    with hub.database.acting_for(actor.agency_id) as connection:
        if supersedes is not None:
            found = one(connection, actor, Register.NOTICES, supersedes, at=at)
            require_revisable(connection, found)
        row = adoption_row(actor, adoption, at, supersedes=supersedes)
        entry = entry_of(hub, actor, row, register=Register.NOTICES, outcome="register_proposed")
        change.write(connection, change.Change([entry], {"notice_adoption": [row]}))
    return UUID(str(row["id"]))


def adoption_row(
    actor: Actor, adoption: Adoption, at: datetime, *, supersedes: UUID | None
) -> dict[str, Any]:
    """Return the row of a proposal to use some words."""
    words = adoption.words
    return {
        "id": new_id(at),
        "agency_id": actor.agency_id,
        "notice_id": words.id,
        "notice_version": words.version,
        "notice_language": words.language,
        "notice_hash": words.sha256,
        "document": adoption.document,
        "valid_from": max(start_of(adoption.since), at),
        "valid_until": end_of_day(adoption.until),
        "review_on": adoption.review_on,
        "supersedes": supersedes,
        "proposed_by": actor.user_id,
        "proposed_at": at,
    }


def words_of(row: Mapping[str, Any]) -> Notice | None:
    """Return the words of an item of the register; None where they are not there as recorded."""
    named = InUse(
        row["notice_id"],
        row["notice_version"],
        row["notice_language"],
        row["notice_hash"],
        row["valid_from"],
        row["valid_until"],
        row["words"],
    )
    return _named(named) if _has_text(named) else None


def decide_notice(hub: Hub, actor: Actor, item_id: UUID, *, approve: bool) -> None:
    """Approve or turn down what somebody else proposed. Raises NotFound, Conflict."""
    access.require(actor, Permission.KEEP_REGISTERS)
    at, decision = hub.clock(), "approved" if approve else "turned_down"
    with hub.database.acting_for(actor.agency_id) as connection:
        found = one(connection, actor, Register.NOTICES, item_id, at=at)
        if found.row["proposed_by"] == actor.user_id:
            raise Conflict(SAME_PERSON)
        settled = (decision, at)
        done = found.open and store.decide(
            connection, Register.NOTICES, item_id, by=actor.user_id, settled=settled
        )
        if not done:
            raise Conflict("This has been decided already.")
        entry = entry_of(
            hub, actor, found.row, register=Register.NOTICES, outcome=f"register_{decision}"
        )
        change.write(connection, change.Change([entry]))


def _has_text(row: InUse) -> bool:
    return row.words is not None or not is_own(row.notice_version)


def _named(row: InUse) -> Notice | None:
    """The words of a row; None where others stand under its name than those that were adopted."""
    named = (row.notice_id, row.notice_version, row.notice_language)
    if is_own(row.notice_version):
        if row.words is None:
            return Notice(*named, row.valid_from, "", row.notice_hash)
        words = own_notice(named, row.words, since=row.valid_from)
        return words if words.sha256 == row.notice_hash else None
    for words in installed_notices():
        if (words.id, words.version, words.language) == named:
            return words if words.sha256 == row.notice_hash else None
    return None
