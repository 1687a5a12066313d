"""Time that counts only while agencies work: from nine to five on working days, in London. Pure.

A clock that runs out of hours would remind nobody and move a referral on over a bank holiday. Hours
are local wall hours, so a working day has the same length on both sides of a change of the clocks
(which happens on a Sunday, outside of them). A span of days is that many whole working days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from referral_hub.domain.working_days import DAY, Calendar

LONDON = ZoneInfo("Europe/London")
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Hours:
    """A nation's working days, and from when to when a clock runs on them."""

    calendar: Calendar
    opens: time
    closes: time

    @property
    def length(self) -> timedelta:
        """How long a working day is."""
        minutes = (self.closes.hour - self.opens.hour) * 60 + self.closes.minute - self.opens.minute
        return timedelta(minutes=minutes)

    def after(self, start: datetime, span: timedelta) -> datetime:
        """Return the instant (UTC) at which `span` of working time has passed since `start`.

        A span of nothing is the start itself, or the next opening where it lies out of hours.
        """
        day = _local(start).date()
        opens, closes = self._of(day)
        at = max(start, opens)
        while not self.calendar.is_working_day(day) or at >= closes or at + span > closes:
            if self.calendar.is_working_day(day) and at < closes:
                span -= closes - at
            day += DAY
            opens, closes = self._of(day)
            at = opens
        return (at + span).astimezone(UTC)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; nothing where `end` is not later."""
        day, last, total = _local(start).date(), _local(end).date(), NOTHING
        while day <= last:
            if self.calendar.is_working_day(day):
                opens, closes = self._of(day)
                total += max(min(end, closes) - max(start, opens), NOTHING)
            day += DAY
        return total

    def _of(self, day: date) -> tuple[datetime, datetime]:
        return (
            datetime.combine(day, self.opens, LONDON).astimezone(UTC),
            datetime.combine(day, self.closes, LONDON).astimezone(UTC),
        )


def _local(at: datetime) -> datetime:
    return at.astimezone(LONDON)
