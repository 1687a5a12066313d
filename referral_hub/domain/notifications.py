"""The rules of telling recipients what became of an agreement, as data: `notifications.toml`.

A notification waits for an acknowledgement; who is silent past its day is told once more, and then
people see it. Which kinds do so and how soon is the table's to say. Pure: nothing here reads a
clock or a database.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from referral_hub.domain.codes import NotificationKind, NotificationState

OPEN = (NotificationState.WAITING, NotificationState.CHASED)
UNACKNOWLEDGED = (*OPEN, NotificationState.UNANSWERED)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of notification is told, chased and shown. `ahead` is for announcements."""

    kind: NotificationKind
    answer_within: timedelta
    chase_within: timedelta
    escalates: bool
    stops: bool
    supersedes: frozenset[NotificationKind]
    ahead: timedelta

    def when_silent(self, state: NotificationState) -> NotificationState:
        """Return what follows when the day has passed in `state`, which is an open one."""
        if state is NotificationState.WAITING and self.chase_within:
            return NotificationState.CHASED
        return NotificationState.UNANSWERED if self.escalates else NotificationState.SUPERSEDED


def rule_of(kind: NotificationKind) -> Rule:
    """Return the rule of `kind`."""
    return rules()[kind]


@cache
def rules() -> Mapping[NotificationKind, Rule]:
    """Return every rule. Raises ValueError when the table lacks a kind or has another."""
    table = files("referral_hub.domain").joinpath("notifications.toml").read_text(encoding="utf-8")
    return load_rules(tomllib.loads(table))


def load_rules(table: Mapping[str, Mapping[str, Any]]) -> Mapping[NotificationKind, Rule]:
    """Return the rules of a parsed table. Raises ValueError, naming the kind and the column."""
    kinds = {kind.value for kind in NotificationKind}
    if set(table) != kinds:
        raise ValueError(f"kinds: exactly {', '.join(sorted(kinds))}")
    read = (_rule(name, row) for name, row in table.items())
    return MappingProxyType({rule.kind: rule for rule in read})


def _rule(name: str, row: Mapping[str, Any]) -> Rule:
    known = {"answer_days", "chase_days", "escalates", "stops", "supersedes"}
    if set(row) - {"ahead_days"} != known:
        raise ValueError(f"{name}: columns must be {', '.join(sorted(known))}")
    days = {column: row[column] for column in row if column.endswith("_days")}
    if any(type(value) is not int or not 0 <= value <= 366 for value in days.values()):
        raise ValueError(f"{name}: days must be whole numbers from 0 to 366")
    if not row["answer_days"]:
        raise ValueError(f"{name}: answer_days must be at least 1")
    return Rule(
        kind=NotificationKind(name),
        answer_within=timedelta(days=row["answer_days"]),
        chase_within=timedelta(days=row["chase_days"]),
        escalates=row["escalates"],
        stops=row["stops"],
        supersedes=frozenset(map(NotificationKind, row["supersedes"])),
        ahead=timedelta(days=row.get("ahead_days", 0)),
    )
