"""Which check, insurance and training a task wants: computed from the task, never asked of anybody.

The table (`vetting.toml`) says for each task, and for adults and children apart, the lowest level
that a helper must hold and the highest that may lawfully be asked for. Both are joined over the
tasks of one helper: what two tasks want together is the higher level and both barred lists. As no
row asks for more than it allows, no join does either. The limit: the table is the law of England
and Wales; Scotland and Northern Ireland have schemes of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from referral_hub.domain.codes import InsuredBy, NeedCode, TaskType, Training, Vetting

ADULT_AT = 18

_RANK = {
    Vetting.NONE: 0,
    Vetting.BASIC: 1,
    Vetting.STANDARD: 2,
    Vetting.ENHANCED: 3,
    Vetting.ENHANCED_ADULTS: 3,
    Vetting.ENHANCED_CHILDREN: 3,
    Vetting.ENHANCED_BOTH: 3,
}
_LISTS = {
    Vetting.ENHANCED_ADULTS: frozenset({"adults"}),
    Vetting.ENHANCED_CHILDREN: frozenset({"children"}),
    Vetting.ENHANCED_BOTH: frozenset({"adults", "children"}),
}
_NO_LIST: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Required:
    """The lowest level that a helper must hold, and the highest that anybody may ask them for."""

    minimum: Vetting
    maximum: Vetting


@dataclass(frozen=True, slots=True)
class TaskRule:
    """One row of the table: what a task wants of whoever does it, and where that is written."""

    task: TaskType
    adult: Required
    child: Required
    training: frozenset[Training]
    source: str

    def of(self, *, child: bool) -> Required:
        """What the task wants when it is done for a child, or for an adult."""
        return self.child if child else self.adult


@dataclass(frozen=True, slots=True)
class NeedRule:
    """Which tasks may meet a need, which to prepare for when nobody said, and how it is met best.

    `essential`: a missed visit may leave somebody without food, medicine or care. `peers`: people
    who have been there come first where nothing else decides.
    """

    tasks: frozenset[TaskType]
    careful: frozenset[TaskType]
    essential: bool = False
    peers: bool = False


@dataclass(frozen=True, slots=True)
class Cover:
    """What a service states for one task: check, insurance and training, and until when.

    A date is the last day on which it holds; None where the provider states no date.
    """

    vetting: Vetting | None = None
    vetting_until: date | None = None
    insured_by: InsuredBy | None = None
    insured_until: date | None = None
    training: frozenset[Training] = frozenset()


def covers(held: Vetting, wanted: Vetting) -> bool:
    """Tell whether a check of level `held` is good for a task that wants `wanted`."""
    return _RANK[held] >= _RANK[wanted] and _lists(held) >= _lists(wanted)


def lawful(asked: Vetting, tasks: Iterable[TaskType], *, child: bool) -> bool:
    """Tell whether `asked` may be asked of somebody who does `tasks`; more is an offence."""
    return covers(required(frozenset(tasks), child).maximum, asked)


@cache
def required(tasks: frozenset[TaskType], child: bool) -> Required:
    """Return what all of `tasks` together want of one helper; nothing for no task."""
    rows = [rules()[task].of(child=child) for task in tasks]
    return Required(
        _join([row.minimum for row in rows]),
        _join([row.maximum for row in rows]),
    )


@cache
def training(tasks: frozenset[TaskType]) -> frozenset[Training]:
    """Return what somebody who does all of `tasks` must have been trained in."""
    return frozenset(item for task in tasks for item in rules()[task].training)


def _join(levels: Iterable[Vetting]) -> Vetting:
    levels = tuple(levels)
    rank = max((_RANK[level] for level in levels), default=0)
    lists = frozenset(name for level in levels for name in _lists(level))
    return next(level for level in Vetting if _RANK[level] == rank and _lists(level) == lists)


def _lists(level: Vetting) -> frozenset[str]:
    return _LISTS.get(level, _NO_LIST)


@cache
def rules() -> Mapping[TaskType, TaskRule]:
    """Return the table's row for each task. Raises KeyError and ValueError for a broken table."""
    rows = _table()["task"]
    return {
        task: TaskRule(
            task,
            _required(rows[task.value]["adult"]),
            _required(rows[task.value]["child"]),
            frozenset(map(Training, rows[task.value].get("training", ()))),
            rows[task.value]["source"],
        )
        for task in TaskType
    }


@cache
def need_rules() -> Mapping[NeedCode, NeedRule]:
    """Return the table's row for each need. Raises KeyError and ValueError for a broken table."""
    rows = _table()["need"]
    return {
        need: NeedRule(
            frozenset(map(TaskType, rows[need.value]["tasks"])),
            frozenset(map(TaskType, rows[need.value]["careful"])),
            essential=rows[need.value].get("essential", False),
            peers=rows[need.value].get("peers", False),
        )
        for need in NeedCode
    }


def task_words(task: TaskType) -> str:
    """Return what a helper reads of a task."""
    words: str = _table()["words"]["task"][task.value]
    return words


def vetting_words(level: Vetting) -> str:
    """Return what a helper reads of a check."""
    words: str = _table()["words"]["vetting"][level.value]
    return words


def _required(row: Mapping[str, str]) -> Required:
    return Required(Vetting(row["minimum"]), Vetting(row["maximum"]))


@cache
def _table() -> Mapping[str, Any]:
    text = files("referral_hub.domain").joinpath("vetting.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
