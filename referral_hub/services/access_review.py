"""Third-party redaction: an officer decides about each item of a person's records.

Every item is given, given without some words, or withheld under an exemption. What is about other
people or was written by another agency is withheld until the officer says otherwise
(`domain/third_parties.toml`). An item that nobody decided about is never handed over. Decisions are
added and never changed; the last one counts. Words to be blacked out are sealed like all words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from referral_hub.domain.commands import Actor
from referral_hub.domain.matters import MatterEvent, MatterState
from referral_hub.domain.third_parties import Exemption, Handling, by_default
from referral_hub.errors import InvalidInput, NotFound
from referral_hub.services.hub import Hub
from referral_hub.services.matter_steps import Taken, write_step
from referral_hub.services.open_person import (
    HIDDEN,
    hidden_words,
    open_items,
    outline,
    request_in_hand,
)
from referral_hub.services.open_unfinished import is_unfinished
from referral_hub.services.person_items import HeldItem
from referral_hub.store import matters as store
from referral_hub.store.matters import ItemRow, MatterRow

AT_ONCE = 50
BLACKED_OUT = "[withheld]"
NOT_IN_IT = "Write words that are in it, exactly as they stand, one line for each"


@dataclass(frozen=True, slots=True, repr=False)
class Decided:
    """What becomes of an item. `words` are blacked out where it is given in part."""

    handling: Handling
    exemption: Exemption | None = None
    words: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"<Decided {self.handling.value}>"


@dataclass(frozen=True, slots=True)
class Part:
    """A referral (or the person, where `reference` is None): how many items, how many decided.

    `unfinished` is what was begun about the person and not finished: how much there is of it shows
    only when it is opened.
    """

    id: UUID
    reference: str | None
    items: int
    decided: int
    unfinished: bool = False

    @property
    def pages(self) -> int:
        """How many pages of `AT_ONCE` items it takes."""
        return -(-self.items // AT_ONCE)


@dataclass(frozen=True, slots=True, repr=False)
class Looked:
    """An opened item, what was decided about it (None: nothing yet), and the default."""

    item: HeldItem
    decided: Decided | None
    default: Exemption | None

    def __repr__(self) -> str:
        return "<Looked>"

    @property
    def stands(self) -> Decided:
        """What is shown as chosen: the decision, or the default."""
        if self.decided is not None:
            return self.decided
        if self.default is not None:
            return Decided(Handling.WITHHOLD, self.default)
        return Decided(Handling.GIVE)


def parts_of(hub: Hub, actor: Actor, matter_id: UUID) -> tuple[MatterRow, list[Part]]:
    """Return the request and its parts, none of them opened. Raises NotFound, Conflict.

    What a field was before it was corrected is counted once it has been decided about: whether it
    differs shows only when it is opened.
    """
    request = request_in_hand(hub, actor, matter_id)
    held, items = outline(hub, actor, request)
    decided = _decided_in(hub, actor, matter_id)
    references: dict[UUID, str | None] = {held.person["id"]: None}
    references |= {row["id"]: row["reference"] for row in held.of("referrals")}
    begun = sum(map(is_unfinished, decided))
    return request, [
        *_known(items, decided, references),
        Part(request.id, None, begun, begun, unfinished=True),
    ]


def _known(
    items: Iterable[HeldItem], decided: Collection[str], references: Mapping[UUID, str | None]
) -> list[Part]:
    there, done = Counter[UUID](), Counter[UUID]()
    for item in items:
        there[item.part] += not item.earlier or item.key in decided
        done[item.part] += item.key in decided
    return [Part(one, named, there[one], done[one]) for one, named in references.items()]


def look_at(
    hub: Hub, actor: Actor, matter_id: UUID, *, part: UUID, page: int = 1
) -> tuple[MatterRow, list[Looked], int]:
    """Open one page of a part and return its items and how many pages there are; logged first.

    Raises NotFound, Conflict, LogUnavailable.
    """
    request = request_in_hand(hub, actor, matter_id)
    shown, count = [], 0
    for one in _looked(hub, actor, request, open_items(hub, actor, request, [part])):
        if (page - 1) * AT_ONCE <= count < page * AT_ONCE:
            shown.append(one)
        count += 1
    pages = max(1, -(-count // AT_ONCE))
    if not 1 <= page <= pages:
        raise NotFound
    return request, shown, pages


def everything(hub: Hub, actor: Actor, matter_id: UUID) -> tuple[MatterRow, Iterable[Looked]]:
    """Open every item; each referral is a look in the log. Raises NotFound, Conflict.

    They are read anew each time somebody goes through them.
    """
    request = request_in_hand(hub, actor, matter_id)
    return request, _looked(hub, actor, request, open_items(hub, actor, request))


def save_review(
    hub: Hub, actor: Actor, matter_id: UUID, *, part: UUID, decisions: Mapping[str, Decided]
) -> None:
    """Keep what was decided about items of a part, by their short names; one step of the matter.

    Raises NotFound, Conflict, and InvalidInput by short name: no exemption, or words that are not
    in the item. Where words are blacked out, and for what was not finished, the part is opened for
    that (logged).
    """
    request = request_in_hand(hub, actor, matter_id)
    hiding = any(one.words for one in decisions.values())
    opening = hiding or part == request.id
    reading = open_items if opening else lambda *which: outline(*which)[1]
    items = reading(hub, actor, request, [part])
    known = {item.short: item for item in items if item.short in decisions}
    wrong = {
        short: (fault,)
        for short, one in decisions.items()
        if (fault := _fault(known.get(short), one)) is not None
    }
    if wrong:
        raise InvalidInput(wrong)
    with hub.database.acting_for(actor.agency_id) as connection:
        history = store.steps(connection, matter_id)
    handled = [one.handling for one in decisions.values()]
    taken = Taken(
        event=MatterEvent.REVIEW,
        state=MatterState.BEING_PREPARED,
        at=hub.clock(),
        words={HIDDEN: {s: list(one.words) for s, one in decisions.items() if one.words}},
        items=[
            {
                "item": known[short].key,
                "handling": one.handling.value,
                "exemption": one.exemption.value if one.exemption else None,
            }
            for short, one in decisions.items()
        ],
        said={handling.value: handled.count(handling) for handling in Handling},
    )
    write_step(hub, actor, request, history=history, taken=taken)


def given_value(looked: Looked) -> Any:
    """Return an item's value as it is handed over, with words blacked out."""
    words = looked.stands.words
    return _without(looked.item.value, words) if words else looked.item.value


def _fault(item: HeldItem | None, decided: Decided) -> str | None:
    if item is None:
        return "This is not in the records any more; open the page again"
    if (decided.handling is Handling.GIVE) is not (decided.exemption is None):
        return "Select why it is withheld"
    if any(not _contains(item.value, word) for word in decided.words):
        return NOT_IN_IT
    return None


@dataclass(frozen=True, slots=True, repr=False)
class _Looking:
    """Items with what was decided about each when this was made."""

    items: Iterable[HeldItem]
    decided: Mapping[str, ItemRow]
    hidden: Mapping[UUID, Mapping[str, Sequence[str]]]

    def __repr__(self) -> str:
        return "<_Looking>"

    def __iter__(self) -> Iterator[Looked]:
        return (Looked(one, self._of(one), by_default(one.what)) for one in self.items)

    def _of(self, item: HeldItem) -> Decided | None:
        row = self.decided.get(item.key)
        if row is None:
            return None
        words = self.hidden.get(row.step_id, {}).get(item.short, ())
        reason = Exemption(row.exemption) if row.exemption else None
        return Decided(Handling(row.handling), reason, words)


def _looked(hub: Hub, actor: Actor, request: MatterRow, items: Iterable[HeldItem]) -> _Looking:
    decided = _decided_in(hub, actor, request.id)
    return _Looking(items, decided, hidden_words(hub, actor, request.id))


def _decided_in(hub: Hub, actor: Actor, matter_id: UUID) -> Mapping[str, ItemRow]:
    with hub.database.acting_for(actor.agency_id) as connection:
        return store.items(connection, matter_id)


def _contains(value: Any, word: str) -> bool:
    if isinstance(value, str):
        return _any_of([word]).search(value) is not None
    if isinstance(value, Mapping):
        return any(_contains(one, word) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(_contains(one, word) for one in value)
    return False


def _without(value: Any, words: Sequence[str]) -> Any:
    """Every occurrence, whatever its case; the length of what is gone does not show."""
    if isinstance(value, str):
        return _any_of(words).sub(BLACKED_OUT, value)
    if isinstance(value, Mapping):
        return {name: _without(one, words) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(one, words) for one in value]
    return value


def _any_of(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
