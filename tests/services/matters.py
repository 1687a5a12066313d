"""Requests that tests record: somebody asks for their records, in one call."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from referral_hub.domain.duty_clocks import local_day
from referral_hub.domain.matter_commands import RecordRequest, TakeStep
from referral_hub.domain.matters import IdentityCheck, MatterEvent, ReceivedBy, Requester
from referral_hub.domain.third_parties import Handling
from referral_hub.services.access_review import Decided, Looked, look_at, parts_of, save_review
from referral_hub.services.matters import take_step
from referral_hub.services.record_matter import record_request
from tests.hub_bench import Bench

NAME, CONTACT = "Perpetua Quillfeather", "01632 960961"
WANTED = "Everything about the befriending"


def person_of(bench: Bench, referral: UUID) -> UUID:
    found: UUID = bench.one("SELECT subject_id FROM referral WHERE id = %s", referral)
    return found


def asked(bench: Bench, person: UUID, *, by: str = "surgery-dpo", **changes: Any) -> UUID:
    """Record that a person asked today, who is known to the agency; returns the matter's id."""
    given: dict[str, Any] = {
        "subject_id": person,
        "received_on": local_day(bench.clock()),
        "by": ReceivedBy.LETTER,
        "requester": Requester.SELF,
        "authority": None,
        "identity": IdentityCheck.KNOWN,
        "name": NAME,
        "contact": CONTACT,
        "wanted": WANTED,
    }
    return record_request(bench.hub, bench.staff[by], RecordRequest(**(given | changes)))


def step(
    bench: Bench,
    matter: UUID,
    event: MatterEvent,
    *,
    by: str = "surgery-dpo",
    on: date | None = None,
    reason: str | None = None,
    words: str | None = None,
) -> None:
    """Take a step today."""
    day = on or local_day(bench.clock())
    take_step(bench.hub, bench.staff[by], TakeStep(matter, event, day, reason, words))


def in_hand(bench: Bench, person: UUID, by: str = "surgery-dpo") -> UUID:
    """A request whose answer is being prepared."""
    matter = asked(bench, person, by=by)
    step(bench, matter, MatterEvent.PREPARE, by=by)
    return matter


def as_it_stands(looked: Iterable[Looked]) -> dict[str, Decided]:
    """What an officer sends who leaves every choice as it is shown."""
    return {one.item.short: one.stands for one in looked}


def reviewed(bench: Bench, matter: UUID, by: str = "surgery-dpo") -> None:
    """Look at every part and leave the choices as they are."""
    officer = bench.staff[by]
    for part in parts_of(bench.hub, officer, matter)[1]:
        _, looked, _ = look_at(bench.hub, officer, matter, part=part.id)
        save_review(bench.hub, officer, matter, part=part.id, decisions=as_it_stands(looked))


def withholding(one: Looked) -> bool:
    """Whether an item is shown as withheld."""
    return one.stands.handling is Handling.WITHHOLD
