"""The life cycle as a page: `python -m referral_hub.domain.life_cycle > docs/life-cycle.md`.

Written from the table of `transitions` and compared with the page by a test, so that what partners
and staff read is what the hub does. It decides nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from referral_hub.domain.transitions import (
    ACTIVE,
    FHIR_STATUS,
    TRANSITIONS,
    Party,
    TaskState,
    Transition,
)

BEGINNINGS = (TaskState.ROUTED, TaskState.HELD)
_ORDER = list(TaskState)

_HEAD = """\
# The life of a task

A referral asks for help with one or more groups of needs. For each group one agency at a time is
asked, and its turn is a task. This page is written from the hub's own table
(`python -m referral_hub.domain.life_cycle > docs/life-cycle.md`), and a test compares the two.

A task begins **routed** when the person's agreement covers the agency, and **held** when it does
not. A task that ends declined, unanswered or withheld is followed by a task for the next agency of
the plan; the last of a plan is always the council that is accountable for the person.
"""


def page() -> str:
    """Return the page: a diagram, the moves with whose they are, and each state's FHIR status."""
    return "\n".join((_HEAD, *_diagram(), "", *_moves(), "", *_states(), ""))


def _diagram() -> Iterable[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield from (f"    [*] --> {state}" for state in BEGINNINGS)
    yield from (f"    {row.source} --> {row.target}: {row.event}" for row in _rows())
    yield from (f"    {state} --> [*]" for state in TaskState if _ends(state))
    yield "```"


def _moves() -> Iterable[str]:
    yield "## Who may do what"
    yield ""
    yield "Everything that is not in this list is refused."
    yield ""
    yield "| in state | event | leads to | by |"
    yield "|---|---|---|---|"
    yield from (
        f"| {_words(row.source)} | {_words(row.event)} | {_words(row.target)} | {_parties(row)} |"
        for row in _rows()
    )


def _states() -> Iterable[str]:
    yield "## States, and what other systems are told"
    yield ""
    yield "| state | FHIR R4 Task.status | whose turn it is |"
    yield "|---|---|---|"
    for state in TaskState:
        turn = "taken" if state in ACTIVE else "over" if _ends(state) else "not taken"
        yield f"| {_words(state)} | {FHIR_STATUS[state]} | {turn} |"


def _rows() -> list[Transition]:
    return sorted(TRANSITIONS, key=lambda row: _ORDER.index(row.source))


def _ends(state: TaskState) -> bool:
    return all(row.source is not state for row in TRANSITIONS)


def _parties(row: Transition) -> str:
    return ", ".join(party for party in Party if party in row.parties)


def _words(code: str) -> str:
    return code.replace("_", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
