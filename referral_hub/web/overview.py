"""The data protection officer's first page: counts, what waits, what ends soon, who reads much.

The period stands in the address as whole days. Each chart is a table whose bars repeat the numbers
beside them, so that nothing is said by a picture alone and no script is needed. Each number leads
to what it counts; a list that is cut off says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import render_template, request, url_for

from referral_hub.domain.commands import Actor
from referral_hub.services.hub import Hub
from referral_hub.services.overview import MOST_ROWS, PERIODS, Overview, overview
from referral_hub.web.forms.fields import DateParts
from referral_hub.web.history import consent_words, owners_reason
from referral_hub.web.rendering import words

_USUAL = 30


def show(hub: Hub, actor: Actor) -> str:
    """What happened lately and what needs attention, for the officer's own agency."""
    found = overview(hub, actor, _days())
    labels = words()
    return render_template(
        "officer/overview.html",
        found=found,
        periods=PERIODS,
        decided=[
            (
                labels.words(row.outcome, "DecisionOutcome"),
                owners_reason(row.reason, labels),
                row.count,
                share,
                _entries(found, type="decision", outcome=row.outcome, reason=_known(row.reason)),
            )
            for row, share in zip(found.decided, _shares(found.decided), strict=True)
        ],
        disclosed=[
            (row, share, _entries(found, type="release", agency=row.other))
            for row, share in zip(found.disclosed, _shares(found.disclosed), strict=True)
        ],
        overrides=_entries(found, type="override"),
        readers={
            row.user_id: _entries(found, type="view", user=row.user_id) for row in found.reading
        },
        most=MOST_ROWS,
        held=[
            (owners_reason(row.reason, labels), row.count, row.since, share)
            for row, share in zip(found.held, _shares(found.held), strict=True)
        ],
        refusals=[
            (labels.words(row.finding, "Finding") if row.finding else None, row.count, share)
            for row, share in zip(found.refusals, _shares(found.refusals), strict=True)
        ],
        looks=_looks(found),
        attention=_attention(found),
    )


def _days() -> int:
    asked = request.args.get("days", "")
    return int(asked) if asked in map(str, PERIODS) else _USUAL


def _entries(found: Overview, **filters: object) -> str:
    """The search for the entries that a number counts, from the first day of the page on."""
    day = dict(
        zip(DateParts.part_names("since"), reversed(found.since.timetuple()[:3]), strict=True)
    )
    return url_for("officer.list_entries", **{**filters, **day})


def _known(reason: str | None) -> str | None:
    """A reason that the search offers."""
    return reason if reason in consent_words() else None


def _shares(rows: Sequence[object]) -> list[int]:
    """Each count as a part of the largest, in hundredths, for the length of a bar."""
    counts = [int(getattr(row, "count", 0)) for row in rows]
    most = max(counts, default=0) or 1
    return [max(1, round(100 * count / most)) for count in counts]


def _looks(found: Overview) -> list[tuple[object, int]]:
    """Who opened records, and each one's part of the most in hundredths."""
    most = max((row.looks for row in found.reading), default=0) or 1
    return [(row, max(1, round(100 * row.looks / most))) for row in found.reading]


def _attention(found: Overview) -> list[tuple[str, int, str, bool]]:
    """What an officer should look at, as (name, number, anchor, whether there may be more); what is
    none is left out.
    """
    unusual = sum(found.unusual(row) for row in found.reading)
    overdue = sum(one.overdue for one in found.due)
    listed = [
        ("Requests, breaches and complaints that are overdue", overdue, "due"),
        ("Times consent was overridden", found.overrides, "overrides"),
        ("Refusals and holds that nobody has reviewed", found.unreviewed, "refusals"),
        ("Referrals on hold", sum(row.count for row in found.held), "holds"),
        ("Agreements of people that end soon", len(found.consents), "consents"),
        ("Sharing agreements that end soon", len(found.agreements), "agreements"),
        ("Register items due for review", len(found.review), "review"),
        ("Proposals that wait for a second person", found.waiting, "review"),
        ("Staff whose reading is unusual", unusual, "reading"),
    ]
    cut = {"consents": found.consents, "agreements": found.agreements, "review": found.review}
    return [(*one, len(cut.get(one[2], ())) == MOST_ROWS) for one in listed if one[1]]
