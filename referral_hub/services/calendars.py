"""The working days of each nation as this installation counts them.

An administrator may name a file of single days (`HUB_BANK_HOLIDAYS`) and add a day to it while the
hub runs: clocks look at it again within a minute, and one that would run out on the new day does
not. A file that became unreadable is said in the log, and the packaged days count meanwhile: a
clock that runs out a day early is safe, one that stands still is not.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from referral_hub.domain.working_days import Calendar, Nation, packaged, with_days
from referral_hub.services.hub import Hub

log = logging.getLogger(__name__)


def calendars(hub: Hub) -> Mapping[Nation, Calendar]:
    """Return the calendar of each nation, the administrator's file as it is now."""
    path = hub.settings.bank_holidays
    if path is None:
        return packaged()
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        log.warning("bank_holidays_not_read", extra={"kind": "missing"})
        return packaged()


@lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Mapping[Nation, Calendar]:
    try:
        return with_days(packaged(), path.read_text(encoding="utf-8"))
    except ValueError:
        log.warning("bank_holidays_not_read", extra={"kind": "unreadable"})
        return packaged()
