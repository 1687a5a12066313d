"""The commissioner's page: numbers of the council's own area, as tables with bars, a picture of
flows, and a file.

Every number goes through `_shown`: below five it is hidden, from five on rounded. Each chart is a
table whose bars repeat its numbers, so that nothing is said by a picture alone.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from referral_hub.domain.commands import Actor
from referral_hub.domain.figures import NO_ANSWER, WAIT_DAYS, Cell, Figure
from referral_hub.domain.measures import ScoreStage
from referral_hub.domain.small_numbers import hidden_below, rounded
from referral_hub.services.figures import PERIODS, Figures, Wait, read_figures
from referral_hub.services.hub import Hub
from referral_hub.services.table_forms import safe
from referral_hub.web.flow_picture import WIDTH, Flow, draw
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import words

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
    Figure.GIVE_HELP: ("GiveHelp", ""),
    Figure.SCORES: ("", "Tally"),
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
        few=lambda figure: few(found.summed(Figure(figure))),
        most_rows=MOST_ROWS,
        volumes=_lines((_month(at), count, 1) for at, count in found.volumes.items()),
        senders=_named(found, labels, Figure.REFERRALS),
        waits=[(name, _days(wait.half), _days(wait.most)) for name, wait in _waits(found, labels)],
        flows=[(flow.source, flow.destination, flow.count) for flow in flows],
        picture=draw(flows),
        width=WIDTH,
        needs=_asked_and_unmet(found, labels, Figure.NEEDS, Figure.GAPS),
        areas=_asked_and_unmet(found, labels, Figure.NEED_AREAS, Figure.GAP_AREAS),
        pairs=_most(found, labels),
        refusals=_named(found, labels, Figure.REFUSALS),
        outcomes=_named(found, labels, Figure.OUTCOMES),
        give_help=_named(found, labels, Figure.GIVE_HELP),
        scores=_scores(found),
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
    for at, count in found.volumes.items():
        month = (f"{at:%Y-%m}", f"{at:%Y-%m}")
        yield (labels.label(Figure.VOLUMES), *month, "", "", _shown(count, 1))
    for figure in _KINDS:
        for cell, count in found.of(figure):
            name = _name(cell, labels, found)
            yield (labels.label(figure), *whole, *name, _shown(count, found.summed(figure)))
    for told, wait in _waits(found, labels):
        for part, days in (("half", wait.half), ("nine in ten", wait.most)):
            yield (told, *whole, part, "", _days(days))


def _months() -> int:
    asked = request.args.get("months", "")
    return int(asked) if asked in map(str, PERIODS) else _USUAL


def few(summed: int) -> str:
    """What stands for a number that is not shown, in a sum of so many months."""
    return f"Fewer than {hidden_below(summed)}"


def _shown(count: int, summed: int) -> str:
    told = rounded(count, summed)
    return few(summed) if told is None else f"{told:,}"


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
    return (
        labels.words(code, kind)
        if kind and code
        else found.areas.get(code) or found.scores.get(code, code)
    )


def _lines(counts: Iterable[tuple[str, int, int]]) -> list[Line]:
    """Names with what is shown of their counts, and a bar's length in hundredths of the longest;
    each count with how many it is the sum of.
    """
    told = [(name, rounded(count, summed), few(summed)) for name, count, summed in counts]
    most = max((count or 0 for _, count, _ in told), default=0) or 1
    return [
        (name, hidden if count is None else f"{count:,}", round(100 * (count or 0) / most))
        for name, count, hidden in told
    ]


def _tellable(found: Figures, figure: Figure) -> list[tuple[Cell, int, int]]:
    """The cells of which a number can be told, the most first."""
    summed = found.summed(figure)
    told = [(cell, count, summed) for cell, count in found.of(figure) if rounded(count, summed)]
    return sorted(told, key=lambda one: -one[1])


def _named(found: Figures, labels: Labels, figure: Figure) -> list[Line]:
    return _lines(
        (_name(cell, labels, found)[0], count, summed)
        for cell, count, summed in _tellable(found, figure)
    )


def _asked_and_unmet(
    found: Figures, labels: Labels, asked: Figure, unmet: Figure
) -> list[tuple[Line, Line]]:
    """Each need or area: how often it was asked for, and how often nobody took it on."""
    summed = found.summed(asked)
    both = [
        (_name(cell, labels, found)[0], count, gap)
        for (cell, count), (_, gap) in zip(found.of(asked), found.of(unmet), strict=True)
        if rounded(count, summed) or rounded(gap, summed)
    ]
    lines = _lines(
        line for name, count, gap in both for line in ((name, count, summed), (name, gap, summed))
    )
    pairs = list(zip(lines[::2], lines[1::2], strict=True))
    return sorted(pairs, key=lambda pair: (-pair[1][2], -pair[0][2]))[:MOST_ROWS]


def _most(found: Figures, labels: Labels) -> list[tuple[str, str, str, int]]:
    """Needs in areas where there was nobody to ask, as far as a number can be told."""
    told = _tellable(found, Figure.GAP_PAIRS)[:MOST_ROWS]
    names = [_name(cell, labels, found) for cell, _, _ in told]
    lines = _lines(("", count, summed) for _, count, summed in told)
    return [(*name, *line[1:]) for name, line in zip(names, lines, strict=True)]


def _flows(found: Figures, labels: Labels) -> list[Flow]:
    """What can be told of who came to whom, the most first."""
    return [
        Flow(*_name(cell, labels, found), rounded(count, summed) or 0)
        for cell, count, summed in _tellable(found, Figure.FLOWS)[:MOST_ROWS]
    ]


def _scores(found: Figures) -> list[tuple[str, tuple[str, int], tuple[str, int]]]:
    """Questions of which anything can be told, with the share that did well at each stage."""
    first, last = ScoreStage.START, ScoreStage.END
    told = [
        (short, found.doing_well(code, first), found.doing_well(code, last))
        for code, short in found.scores.items()
    ]
    return [
        (short, _share(start), _share(end))
        for short, start, end in told
        if start is not None or end is not None
    ]


def _share(share: int | None) -> tuple[str, int]:
    return ("Too few to say", 0) if share is None else (f"About {share}%", share)


def _waits(found: Figures, labels: Labels) -> list[tuple[str, Wait]]:
    kinds: Any = (Figure.ACCEPT_WAITS, Figure.CONTACT_WAITS)
    return [(labels.label(figure), found.wait(figure)) for figure in kinds]
