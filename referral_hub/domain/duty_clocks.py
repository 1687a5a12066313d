"""How long an agency has to answer, told from what happened: pure, with the terms as data.

A clock is computed anew from all steps each time, so that it cannot drift from the history that an
officer reads. While clarification is awaited it stands still; the day on which the answer comes
counts again (the statute leaves that day out too: ours is a day stricter). Proof of identity that
was asked for starts the clock again from the day on which it came. A breach is counted in elapsed
hours, in UTC, so the change of the clocks neither adds an hour nor takes one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from referral_hub.domain.matters import ClockState, MatterEvent, MatterKind, MatterState
from referral_hub.domain.working_days import months_after, next_working_day

LONDON = ZoneInfo("Europe/London")
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A duty's time, in one of months, days and hours, and which steps move its clock."""

    months: int = 0
    days: int = 0
    hours: int = 0
    extended_by_months: int = 0
    to_working_day: bool = False
    restarts: frozenset[MatterEvent] = frozenset()
    not_started_in: frozenset[MatterState] = frozenset()
    pauses: frozenset[MatterEvent] = frozenset()
    resumes: frozenset[MatterEvent] = frozenset()
    extends: frozenset[MatterEvent] = frozenset()
    stops: frozenset[MatterEvent] = frozenset()


@dataclass(frozen=True, slots=True)
class Happened:
    """A step that was taken: what, the state it led to, and when (aware)."""

    event: MatterEvent
    state: MatterState
    at: datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a clock stands. `due_at` is the last second in time; None while it does not run.

    `paused_days` have been added so far. A clock that stopped keeps the time it had.
    """

    state: ClockState
    due_at: datetime | None
    paused_days: int = 0
    extended: bool = False

    def overdue(self, at: datetime) -> bool:
        """Whether it still runs and its time is over."""
        return self.state is ClockState.RUNNING and self.due_at is not None and at > self.due_at


def clock(kind: MatterKind, steps: Sequence[Happened]) -> Clock:
    """Return the clock of a duty after `steps`, in order; the first is how it began.

    Raises ValueError for no step at all.
    """
    if not steps:
        raise ValueError("a clock needs the step that began it")
    rule, last = terms()[kind], steps[-1]
    began, extended = steps[0].at, False
    asked: date | None = None
    paused = 0
    for step in steps:
        if step.event in rule.stops:
            return Clock(ClockState.STOPPED, _due(rule, began, paused, extended), paused, extended)
        if step.event in rule.restarts:
            began, paused = step.at, 0
        elif step.event in rule.pauses:
            asked = local_day(step.at)
        elif step.event in rule.resumes and asked is not None:
            paused, asked = paused + (local_day(step.at) - asked).days, None
        extended = extended or step.event in rule.extends
    if last.state in rule.not_started_in:
        return Clock(ClockState.NOT_STARTED, None, paused, extended)
    if asked is not None:
        return Clock(ClockState.PAUSED, None, paused, extended)
    return Clock(ClockState.RUNNING, _due(rule, began, paused, extended), paused, extended)


@cache
def terms() -> Mapping[MatterKind, Terms]:
    """Return the packaged terms. Raises ValueError where a kind or a unit of time is missing."""
    text = files("referral_hub.domain").joinpath("duty_clocks.toml").read_text(encoding="utf-8")
    table = {name: row for name, row in tomllib.loads(text).items() if name != "version"}
    if set(table) != {kind.value for kind in MatterKind}:
        raise ValueError("duty_clocks.toml: each kind needs exactly one row")
    return MappingProxyType({MatterKind(name): _terms(name, row) for name, row in table.items()})


def local_day(at: datetime) -> date:
    """Return the day in London."""
    return at.astimezone(LONDON).date()


def end_of(day: date) -> datetime:
    """Return the last second of a day in London, in UTC."""
    return datetime.combine(day, _LAST_SECOND, LONDON).astimezone(UTC)


def _due(rule: Terms, began: datetime, paused: int, extended: bool) -> datetime:
    if rule.hours:
        return began.astimezone(UTC) + timedelta(hours=rule.hours)
    months = rule.months + (rule.extended_by_months if extended else 0)
    day = months_after(local_day(began), months) + timedelta(days=rule.days + paused)
    return end_of(next_working_day(day) if rule.to_working_day else day)


def _terms(name: str, row: Mapping[str, Any]) -> Terms:
    if sum(unit in row for unit in ("months", "days", "hours")) != 1:
        raise ValueError(f"{name}: exactly one of months, days and hours")
    units: dict[str, Any] = {
        column: row[column]
        for column in ("months", "days", "hours", "extended_by_months", "to_working_day")
        if column in row
    }
    events: dict[str, Any] = {
        column: frozenset(map(MatterEvent, _codes(row, column)))
        for column in ("restarts", "pauses", "resumes", "extends", "stops")
    }
    waiting = frozenset(map(MatterState, _codes(row, "not_started_in")))
    return Terms(**units, **events, not_started_in=waiting)


def _codes(row: Mapping[str, Any], column: str) -> Iterable[str]:
    found: Iterable[str] = row.get(column, ())
    return found
