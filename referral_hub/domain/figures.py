"""What a commissioner is told: kinds of figures, and every cell that each of them has.

A fact (a need, a yes, a no, an end) is counted in one cell of each figure that is about it. The
cells of a month are known before anything is counted, so that a cell in which nothing happened is
published like any other: that a cell is there tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import product

from referral_hub.domain.codes import AgencyKind, ClosingOutcome, DeclineReason, GiveHelp, NeedCode
from referral_hub.domain.measures import TALLIES
from referral_hub.domain.months import months_later
from referral_hub.domain.working_hours import LONDON

WAIT_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 28, 42, 63, 91)
_ALONE = ("",)
ALL = "all"
NO_ANSWER = "no_answer"
SETTLES_AFTER = timedelta(days=2)
SENDERS = tuple(AgencyKind)
RECEIVERS = tuple(kind for kind in AgencyKind if kind is not AgencyKind.EMPLOYER)


class Figure(StrEnum):
    """One table of counts."""

    VOLUMES = "volumes"
    REFERRALS = "referrals"
    NEEDS = "needs"
    NEED_AREAS = "need_areas"
    GAPS = "gaps"
    GAP_AREAS = "gap_areas"
    GAP_PAIRS = "gap_pairs"
    ACCEPT_WAITS = "accept_waits"
    CONTACT_WAITS = "contact_waits"
    REFUSALS = "refusals"
    OUTCOMES = "outcomes"
    GIVE_HELP = "give_help"
    SCORES = "scores"
    FLOWS = "flows"


QUARTERLY = frozenset({Figure.GAP_PAIRS})


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One place of a figure: its codes, of which the second may be empty."""

    figure: Figure
    first: str
    second: str = ""


def cells(figure: Figure, areas: Iterable[str], scores: Iterable[str] = ()) -> Iterator[Cell]:
    """Yield every cell of `figure` for a council that looks after `areas` (their codes); `scores`
    are the codes of questions.
    """
    bands = [str(band) for band in range(len(WAIT_DAYS) + 1)]
    codes: Mapping[Figure, tuple[Iterable[str], Iterable[str]]] = {
        Figure.VOLUMES: ((ALL,), _ALONE),
        Figure.REFERRALS: (SENDERS, _ALONE),
        Figure.NEEDS: (NeedCode, _ALONE),
        Figure.NEED_AREAS: (areas, _ALONE),
        Figure.GAPS: (NeedCode, _ALONE),
        Figure.GAP_AREAS: (areas, _ALONE),
        Figure.GAP_PAIRS: (NeedCode, areas),
        Figure.ACCEPT_WAITS: (bands, _ALONE),
        Figure.CONTACT_WAITS: (bands, _ALONE),
        Figure.REFUSALS: ((*DeclineReason, NO_ANSWER), _ALONE),
        Figure.OUTCOMES: (ClosingOutcome, _ALONE),
        Figure.GIVE_HELP: (GiveHelp, _ALONE),
        Figure.SCORES: (scores, TALLIES),
        Figure.FLOWS: (SENDERS, RECEIVERS),
    }
    return (Cell(figure, str(first), str(second)) for first, second in product(*codes[figure]))


def published_with(month: date) -> tuple[Figure, ...]:
    """Return the figures that come out with a month (its first day): some only with a quarter."""
    return tuple(f for f in Figure if f not in QUARTERLY or month.month % 3 == 0)


def begins(figure: Figure, month: date) -> date:
    """Return the first day of what a figure that comes out with `month` covers."""
    return months_later(month, -2) if figure in QUARTERLY else month


def month_of(at: datetime) -> date:
    """Return the first day of the month in London at `at`."""
    return at.astimezone(LONDON).date().replace(day=1)


def begin_of(month: date) -> datetime:
    """Return the first instant of a month in London."""
    return datetime.combine(month, time(), LONDON)


def last_complete(at: datetime) -> date:
    """Return the newest month that is over at `at`, and has settled."""
    return months_later(month_of(at - SETTLES_AFTER), -1)
