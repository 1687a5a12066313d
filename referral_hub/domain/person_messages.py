"""Whether the person is told of a step, and how: from a table, and never against what they said.

What they ruled out wins over what they prefer, and where it is not safe nothing is sent in any way.
Who prefers nothing is written to where they gave a mail address. Pure. Expected outcomes:
`tests/tables/person_messages.csv`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from referral_hub.domain.codes import ContactMethod
from referral_hub.domain.task_clocks import Step
from referral_hub.domain.transitions import TaskEvent, TaskState


class PersonStep(StrEnum):
    """What became of a part, or of the agreement."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    MOVED_ON = "moved_on"
    CONTACT_EXPECTED = "contact_expected"
    FINISHED = "finished"
    TAKEN_BACK = "taken_back"
    EXPIRING = "expiring"


class Telling(StrEnum):
    """How the person is told: by the hub's mail, by their sender in a way of theirs, not at all."""

    MAIL = "mail"
    PHONE = "phone"
    TEXT = "text"
    POST = "post"
    HOME_VISIT = "home_visit"
    NOBODY = "nobody"


_ORDER = (
    ContactMethod.EMAIL,
    ContactMethod.PHONE,
    ContactMethod.TEXT,
    ContactMethod.POST,
    ContactMethod.HOME_VISIT,
)
BY_SENDER = frozenset(Telling) - {Telling.MAIL, Telling.NOBODY}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reach:
    """How the person wishes to be reached, and how never; `mail`: the hub can write to them."""

    preferred: frozenset[ContactMethod]
    never: frozenset[ContactMethod]
    safe: bool
    mail: bool

    def __repr__(self) -> str:
        return "<Reach>"


def step_of(event: str, state: str) -> PersonStep | None:
    """Return the step that a line of a task's history is for the person; None for most.

    A reminder of whoever took a part on and has not been in touch is the person's to know, too.
    """
    if event == Step.REMIND:
        return PersonStep.CONTACT_EXPECTED if state == TaskState.ACCEPTED else None
    found = _table()["events"].get(event, "")
    return PersonStep(found) if found else None


def how(step: PersonStep, reach: Reach) -> Telling:
    """Return how the person is told of `step`."""
    if not reach.safe:
        return Telling.NOBODY
    possible = [
        way
        for way in _ORDER
        if way not in reach.never and (reach.mail or way is not ContactMethod.EMAIL)
    ]
    wanted = [way for way in possible if way in reach.preferred] or possible
    return Telling(_table()["tells"][step.value][wanted[0].value]) if wanted else Telling.NOBODY


def table_events() -> frozenset[str]:
    """Return the events that the table names, for the test that it names them all."""
    return frozenset(_table()["events"])


def telling_events() -> tuple[str, ...]:
    """Return the events of a task's history that can be a step for the person."""
    told = (event.value for event in TaskEvent if step_of(event.value, ""))
    return (*told, Step.REMIND.value)


@cache
def _table() -> Mapping[str, Any]:
    text = files("referral_hub.domain").joinpath("person_messages.toml").read_text("utf-8")
    return tomllib.loads(text)
