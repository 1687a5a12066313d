"""The commissioner's page: numbers of the council's own area, as tables with bars, a picture of
flows, and a file.

Every number goes through `_shown`: below five it is hidden, from five on rounded. Each chart is a
table whose bars repeat its numbers, so that nothing is said by a picture alone.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.domain.figures import NO_ANSWER, WAIT_DAYS, Cell, Figure
from referral_hub.domain.small_numbers import HIDDEN_BELOW, rounded
from referral_hub.services.figures import PERIODS, Figures, Wait, read_figures
from referral_hub.services.hub import Hub
from referral_hub.services.table_forms import safe
from referral_hub.web.flow_picture import WIDTH, Flow, draw
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import words

FEW = f"Fewer than {HIDDEN_BELOW}"
MOST_ROWS = 20
_USUAL = 12
_KINDS = {
    Figure.REFERRALS: ("AgencyKind", ""),
    Figure.NEEDS: ("NeedCode", ""),
    Figure.GAPS: ("NeedCode", ""),
    Figure.NEED_AREAS: ("", ""),
    Figure.GAP_AREAS: ("", ""),
    Figure.GAP_PAIRS: ("NeedCode", ""),
    Figure.REFUSALS: ("DeclineReason", ""),
    Figure.OUTCOMES: ("ClosingOutcome", ""),
    Figure.FLOWS: ("AgencyKind", "AgencyKind"),
}
Line = tuple[str, str, int]


def show(hub: Hub, actor: Actor) -> str:
    """What was asked for, how long it took, what was missing and how it ended."""
    found = read_figures(hub, actor, _months())
    labels = words()
    flows = _flows(found, labels)
    return render_template(
        "figures/show.html",
        found=found,
        periods=PERIODS,
        few=FEW,
        most_rows=MOST_ROWS,
        volumes=_lines((_month(at), sum(row.values())) for at, row in found.volumes.items()),
        waits=[(name, _days(wait.half), _days(wait.most)) for name, wait in _waits(found, labels)],
        flows=[(flow.source, flow.destination, flow.count) for flow in flows],
        picture=draw(flows),
        width=WIDTH,
        needs=_asked_and_unmet(found, labels, Figure.NEEDS, Figure.GAPS),
        areas=_asked_and_unmet(found, labels, Figure.NEED_AREAS, Figure.GAP_AREAS),
        pairs=_most(found, labels),
        refusals=_named(found, labels, Figure.REFUSALS),
        outcomes=_named(found, labels, Figure.OUTCOMES),
    )


def table(hub: Hub, actor: Actor) -> Response:
    """The same numbers as a file for a spreadsheet, hidden and rounded alike."""
    found = read_figures(hub, actor, _months())
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Figure", "From", "To", "What", "Where to", "Number"])
    for row in _rows(found, words()):
        writer.writerow([safe(cell) for cell in row])
    answer = Response(codecs.BOM_UTF8 + text.getvalue().encode(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="figures.csv"'
    return answer


def _rows(found: Figures, labels: Labels) -> Iterator[tuple[str, ...]]:
    """Every published cell, the volumes month by month."""
    whole = (f"{found.since:%Y-%m}", f"{found.until:%Y-%m}")
    for at, volumes in found.volumes.items():
        for kind, count in volumes.items():
            source = _name(Cell(Figure.REFERRALS, kind), labels, found)
            month = (f"{at:%Y-%m}", f"{at:%Y-%m}")
            yield (labels.label(Figure.REFERRALS), *month, *source, _shown(count))
    for figure in (one for one in Figure if one in _KINDS and one is not Figure.REFERRALS):
        for cell, count in found.of(figure):
            name = _name(cell, labels, found)
            yield (labels.label(figure), *whole, *name, _shown(count))
    for told, wait in _waits(found, labels):
        for part, days in (("half", wait.half), ("nine in ten", wait.most)):
            yield (told, *whole, part, "", _days(days))


def _months() -> int:
    asked = request.args.get("months", "")
    return int(asked) if asked in map(str, PERIODS) else _USUAL


def _shown(count: int) -> str:
    told = rounded(count)
    return FEW if told is None else f"{told:,}"


def _days(days: int | None) -> str:
    if days is None:
        return "Too few to say"
    if days < 0:
        return f"More than {WAIT_DAYS[-1]} days"
    return f"Within {days} day{'' if days == 1 else 's'}"


def _month(at: date) -> str:
    return f"{at:%B %Y}"


def _name(cell: Cell, labels: Labels, found: Figures) -> tuple[str, str]:
    first, second = _KINDS[cell.figure]
    return _words(cell.first, first, labels, found), _words(cell.second, second, labels, found)


def _words(code: str, kind: str, labels: Labels, found: Figures) -> str:
    if code == NO_ANSWER:
        return labels.words(code, "TaskState")
    return labels.words(code, kind) if kind and code else found.areas.get(code, code)


def _lines(counts: Iterable[tuple[str, int]]) -> list[Line]:
    """Names with what is shown of their counts, and a bar's length in hundredths of the longest."""
    told = [(name, rounded(count)) for name, count in counts]
    most = max((count or 0 for _, count in told), default=0) or 1
    return [
        (name, FEW if count is None else f"{count:,}", round(100 * (count or 0) / most))
        for name, count in told
    ]


def _named(found: Figures, labels: Labels, figure: Figure) -> list[Line]:
    """The cells of which a number can be told, the most first."""
    told = [(cell, count) for cell, count in found.of(figure) if rounded(count)]
    told.sort(key=lambda one: -one[1])
    return _lines((_name(cell, labels, found)[0], count) for cell, count in told)


def _asked_and_unmet(
    found: Figures, labels: Labels, asked: Figure, unmet: Figure
) -> list[tuple[Line, Line]]:
    """Each need or area: how often it was asked for, and how often there was nobody to ask."""
    one = [(_name(cell, labels, found)[0], count) for cell, count in found.of(asked)]
    other = [(_name(cell, labels, found)[0], count) for cell, count in found.of(unmet)]
    most = max((rounded(count) or 0 for _, count in one), default=0) or 1
    pairs = zip(_against(one, most), _against(other, most), strict=True)
    told = [pair for pair in pairs if any(line[1] != FEW for line in pair)]
    return sorted(told, key=lambda pair: (-pair[1][2], -pair[0][2]))[:MOST_ROWS]


def _against(counts: Sequence[tuple[str, int]], most: int) -> list[Line]:
    return [
        (name, _shown(count), min(100, round(100 * (rounded(count) or 0) / most)))
        for name, count in counts
    ]


def _most(found: Figures, labels: Labels) -> list[tuple[str, str, str, int]]:
    """Needs in areas where there was nobody to ask, as far as a number can be told."""
    told = [(cell, count) for cell, count in found.of(Figure.GAP_PAIRS) if rounded(count)]
    told.sort(key=lambda one: -one[1])
    named = [(_name(cell, labels, found), count) for cell, count in told[:MOST_ROWS]]
    lines = _lines((need, count) for (need, _), count in named)
    return [(need, area, *line[1:]) for ((need, area), _), line in zip(named, lines, strict=True)]


def _flows(found: Figures, labels: Labels) -> list[Flow]:
    """What can be told of who came to whom, the most first."""
    told = [(cell, rounded(count)) for cell, count in found.of(Figure.FLOWS)]
    flows = [Flow(*_name(cell, labels, found), count) for cell, count in told if count]
    flows.sort(key=lambda flow: (-flow.count, flow.source, flow.destination))
    return flows[:MOST_ROWS]


def _waits(found: Figures, labels: Labels) -> list[tuple[str, Wait]]:
    kinds: Any = (Figure.ACCEPT_WAITS, Figure.CONTACT_WAITS)
    return [(labels.label(figure), found.wait(figure)) for figure in kinds]
