"""What a commissioner reads: published counts of the council's own area, and nothing else.

Everything here is made from `figure`, whose counts were moved by chance when their month was
published. So any sum, difference or choice of months is as safe as the published counts are
(`domain.small_numbers`). No personal data is read, and looking is not logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.commands import Actor
from referral_hub.domain.figures import QUARTERLY, WAIT_DAYS, Cell, Figure, cells, last_complete
from referral_hub.domain.measures import ScoreStage, scores, tally
from referral_hub.domain.months import months_later
from referral_hub.domain.small_numbers import share, within
from referral_hub.services.hub import Hub
from referral_hub.services.measures import measures
from referral_hub.store import directory
from referral_hub.store import figures as store

PERIODS = (3, 12, 24)


@dataclass(frozen=True, slots=True)
class Wait:
    """Days within which half and nine in ten were reached; None: too few, -1: beyond the bands."""

    half: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A council's published counts of `months` months up to `until`; moved, and not rounded yet."""

    months: int
    since: date
    until: date
    volumes: Mapping[date, int]
    counts: Mapping[Cell, int]
    areas: Mapping[str, str]
    scores: Mapping[str, str]

    @property
    def empty(self) -> bool:
        """Whether nothing has been published for this time."""
        return not self.counts

    def of(self, figure: Figure) -> Sequence[tuple[Cell, int]]:
        """Return every cell of a figure with its moved count, in the order of its codes."""
        return [(cell, self.counts.get(cell, 0)) for cell in cells(figure, self.areas, self.scores)]

    def summed(self, figure: Figure) -> int:
        """Return how many published counts each cell of a figure is the sum of."""
        months = len(self.volumes)
        return ceil(months / 3) if figure in QUARTERLY else months

    def wait(self, figure: Figure) -> Wait:
        """Return a wait's median and 90th percentile, as the bands allow."""
        bands = [count for _, count in self.of(figure)]
        half, most = (
            within(bands, WAIT_DAYS, part, summed=self.summed(figure)) for part in (0.5, 0.9)
        )
        return Wait(half, most)

    def doing_well(self, code: str, stage: ScoreStage) -> int | None:
        """Return how many in a hundred did well, to the nearest ten; None: too few to say."""
        well, other = (
            self.counts.get(Cell(Figure.SCORES, code, tally(stage, well=one)), 0)
            for one in (True, False)
        )
        return share(well, well + other, 2 * self.summed(Figure.SCORES))


def read_figures(hub: Hub, actor: Actor, months: int) -> Figures:
    """Return what was published of the last `months` complete months. Raises Forbidden."""
    access.require(actor, Permission.READ_FIGURES)
    until = last_complete(hub.clock())
    since = months_later(until, 1 - months)
    us = actor.agency_id
    with hub.database.acting_for(us) as connection:
        found = store.published(connection, us, since)
        areas = {
            row.code: row.name for row in directory.areas(connection) if row.owner_agency_id == us
        }
    asked = {code: question.short for code, question in scores(measures())}
    volumes: dict[date, int] = {}
    counts: dict[Cell, int] = {}
    for row in found:
        counts[row.cell] = counts.get(row.cell, 0) + row.count
        if row.month is not None:
            volumes[row.month] = row.count
    return Figures(months, since, until, dict(sorted(volumes.items())), counts, areas, asked)
