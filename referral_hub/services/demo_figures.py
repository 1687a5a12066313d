"""An invented year of the demonstration town, so that a commissioner's page is not empty.

Made-up counts go through the same chance as real ones. Real months follow once they are over.
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Sequence
from datetime import date

from referral_hub.domain.codes import AgencyKind, ClosingOutcome, DeclineReason, GiveHelp, NeedCode
from referral_hub.domain.figures import (
    ALL,
    NO_ANSWER,
    QUARTERLY,
    Cell,
    Figure,
    begins,
    cells,
    last_complete,
    published_with,
)
from referral_hub.domain.measures import scores
from referral_hub.domain.months import months_later
from referral_hub.domain.small_numbers import moved
from referral_hub.errors import HubError
from referral_hub.services.hub import Hub
from referral_hub.services.measures import measures
from referral_hub.store import figures

MONTHS = 12
_NEED, _KIND, _NO, _END = NeedCode, AgencyKind, DeclineReason, ClosingOutcome

# how often in a usual month; what is not here does not happen
_USUAL = {
    Cell(Figure.VOLUMES, ALL): 106,
    Cell(Figure.REFERRALS, _KIND.GP_PRACTICE): 64,
    Cell(Figure.REFERRALS, _KIND.LIBRARY): 17,
    Cell(Figure.REFERRALS, _KIND.FIRE_SERVICE): 23,
    Cell(Figure.REFERRALS, _KIND.EMPLOYER): 2,
    Cell(Figure.NEEDS, _NEED.LONELY): 41,
    Cell(Figure.NEEDS, _NEED.SHOPPING_MEALS): 22,
    Cell(Figure.NEEDS, _NEED.LIFTS): 19,
    Cell(Figure.NEEDS, _NEED.HOME_SAFETY): 16,
    Cell(Figure.NEEDS, _NEED.MONEY_BENEFITS): 13,
    Cell(Figure.NEEDS, _NEED.GARDEN_HOME_JOBS): 9,
    Cell(Figure.NEEDS, _NEED.BEEN_THERE): 7,
    Cell(Figure.NEEDS, _NEED.DRINK_DRUGS): 1,
    Cell(Figure.GAPS, _NEED.LIFTS): 8,
    Cell(Figure.GAPS, _NEED.GARDEN_HOME_JOBS): 3,
    Cell(Figure.REFUSALS, _NO.NO_CAPACITY): 14,
    Cell(Figure.REFUSALS, _NO.NOT_SUITABLE): 5,
    Cell(Figure.REFUSALS, _NO.OUT_OF_AREA): 3,
    Cell(Figure.REFUSALS, NO_ANSWER): 6,
    Cell(Figure.OUTCOMES, _END.HELPED): 55,
    Cell(Figure.OUTCOMES, _END.PARTLY_HELPED): 18,
    Cell(Figure.OUTCOMES, _END.DECLINED_BY_PERSON): 9,
    Cell(Figure.OUTCOMES, _END.COULD_NOT_CONTACT): 6,
    Cell(Figure.OUTCOMES, _END.PASSED_TO_STATUTORY): 4,
    Cell(Figure.GIVE_HELP, GiveHelp.WOULD_LIKE_TO): 12,
    Cell(Figure.GIVE_HELP, GiveHelp.NOT_NOW): 24,
    Cell(Figure.GIVE_HELP, GiveHelp.NOT_ASKED): 56,
    Cell(Figure.FLOWS, _KIND.GP_PRACTICE, _KIND.VOLUNTARY_GROUP): 29,
    Cell(Figure.FLOWS, _KIND.GP_PRACTICE, _KIND.PEER_MENTORING): 11,
    Cell(Figure.FLOWS, _KIND.GP_PRACTICE, _KIND.TIME_BANK): 10,
    Cell(Figure.FLOWS, _KIND.GP_PRACTICE, _KIND.COUNCIL): 13,
    Cell(Figure.FLOWS, _KIND.LIBRARY, _KIND.VOLUNTARY_GROUP): 7,
    Cell(Figure.FLOWS, _KIND.LIBRARY, _KIND.COUNCIL): 4,
    Cell(Figure.FLOWS, _KIND.FIRE_SERVICE, _KIND.COUNCIL): 12,
    Cell(Figure.FLOWS, _KIND.FIRE_SERVICE, _KIND.LIBRARY): 6,
    Cell(Figure.FLOWS, _KIND.COUNCIL, _KIND.FIRE_SERVICE): 8,
}
_BANDS = {
    Figure.ACCEPT_WAITS: (9, 17, 21, 18, 12, 8, 5, 2, 1),
    Figure.CONTACT_WAITS: (6, 11, 19, 22, 15, 9, 6, 3, 1),
}
_AREAS = {Figure.NEED_AREAS: (58, 37, 22, 11), Figure.GAP_AREAS: (3, 2, 6, 1)}
_SCORED = {"start_well": 17, "start_other": 31, "end_well": 28, "end_other": 11}
_PAIRS = {Cell(Figure.GAP_PAIRS, _NEED.LIFTS): (4, 3, 15, 1)}


def seed_demo_figures(hub: Hub) -> None:
    """Publish twelve invented months for each council, unless something was published."""
    if not hub.settings.demo:
        raise HubError("Invented figures exist only in the demonstration (HUB_DEMO=1).")
    until = last_complete(hub.clock())
    asked = [code for code, _ in scores(measures())]
    with hub.database.working() as connection:
        if figures.newest(connection) is not None:
            return
        for council, areas in figures.councils(connection).items():
            figures.publish(
                connection,
                [
                    {
                        "agency_id": council,
                        "month": begins(figure, month),
                        "figure": figure.value,
                        "first": cell.first,
                        "second": cell.second,
                        "count": moved(_invented(cell, month, areas), _coin),
                    }
                    for month in (months_later(until, -back) for back in range(MONTHS))
                    for figure in published_with(month)
                    for cell in cells(figure, areas, asked)
                ],
            )


def _coin() -> bool:
    return bool(secrets.randbits(1))


def _invented(cell: Cell, month: date, areas: Sequence[str]) -> int:
    usual = _USUAL.get(cell, 0)
    if cell.figure in _BANDS:
        usual = dict(enumerate(_BANDS[cell.figure])).get(int(cell.first), 0)
    if cell.figure in _AREAS:
        usual = dict(zip(areas, _AREAS[cell.figure], strict=False)).get(cell.first, 0)
    if cell.figure in QUARTERLY:
        by_area = _PAIRS.get(Cell(cell.figure, cell.first), ())
        usual = dict(zip(areas, by_area, strict=False)).get(cell.second, 0)
    if cell.figure is Figure.SCORES:
        usual = _SCORED[cell.second]
    varied = zlib.crc32(f"{month} {cell.figure} {cell.first}".encode()) % 41 + 80
    return round(usual * varied / 100)
