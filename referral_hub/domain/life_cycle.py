"""The life cycle as a page: `python -m referral_hub.domain.life_cycle > docs/life-cycle.md`.

Written from the table of `transitions` and compared with the page by a test, so that what partners
and staff read is what the hub does. It decides nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta

from referral_hub.domain.codes import NotificationKind, Priority
from referral_hub.domain.notifications import Rule, rules
from referral_hub.domain.task_clocks import (
    CLOSES,
    OPENS,
    Step,
    Terms,
    WhenSilent,
    table_of_terms,
)
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
not. A held one goes on by itself, within about a minute, once what was missing is there, whoever
put it right. A task that ends declined, unanswered or withheld is followed by a task for the next
agency of the plan; the last of a plan is always the council that is accountable for the person.
"""


_CLOCKS = """\
## Who is waited for, and for how long

Each open state has a clock that runs from nine to five on working days of the recipient's nation; a
bank holiday does not count. `d` are working days and `h` working hours, first where it is routine,
then where it is urgent. Being asked for information stops the clock of an answer once.
"""
_STEPS = """\
Reminded is whoever is waited for, then the accountable council is told, both by a message without
content in the way that they chose. When the time is over the next in the plan is asked, with a
fresh decision about consent, or people must act: the council sees it on its overlooking board. Who
has begun to help is never passed over by a clock. Each step is a line of the referral's history.
"""
_AFTERWARDS = """\
## What becomes of an agreement afterwards

A person withdraws, says no to a service, objects, asks that something is not used for now, agrees
again, or an agreement ends by its date; or a fact turns out to be wrong. Whoever has the referral
is told: by a reference, never by a word about the person. Each of them must say that they acted on
it, with the button "I have acted on this" in the hub or from their own system
(`docs/partner-endpoint.md`). Who is silent is told once more. Who is silent even then is on the
work list of the sender and of the accountable council, and their data protection officers see it.
Every step (told, reminded, silent, acted on, settled in another way) has its entry in the log.
"""
_LIMITS = """\
Sharing **stops** means that the recipient's turn ends and the next service that the person agreed
to is asked; after a withdrawal nobody is. Where it does not stop, the turn stays, and every look
and every delivery is decided anew: restricted and ended agreements show nothing until the person
agrees again. A corrected fact reaches those who hold it as every fact does, by a fresh decision and
a logged release. What was agreed is agreed with an agency: what it has of the same person in
another referral of the sender's stops with it, and it is told of that one too.

An agreement that is about to end is announced to the sender once; on its last day it ends without
anybody doing anything. The days stand in `referral_hub/domain/notifications.toml`.
"""


def page() -> str:
    """Return the page: states, moves, clocks, and what becomes of an agreement afterwards."""
    states = (_HEAD, *_diagram(), "", *_moves(), "", *_states(), "")
    clocks = (_CLOCKS, *_terms(), "", _STEPS)
    return "\n".join((*states, *clocks, _AFTERWARDS, *_notifications(), "", _LIMITS))


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


def _terms() -> Iterable[str]:
    yield "| waited for | recipient | reminded after | council told after | over after | then |"
    yield "|---|---|---|---|---|---|"
    table = table_of_terms()
    for clock, recipient in dict.fromkeys((clock, one) for clock, one, _ in table):
        both = [table.get((clock, recipient, priority)) for priority in Priority]
        steps = " | ".join(_spans(both, step) for step in Step)
        then = next(one.then for one in both if one)
        asked = "the next is asked" if then is WhenSilent.NEXT else "people must act"
        yield f"| {_words(clock)} | {_words(recipient)} | {steps} | {asked} |"


def _spans(both: Sequence[Terms | None], step: Step) -> str:
    return ", ".join(_span(one.spans.get(step)) if one else "as anybody" for one in both)


def _span(span: timedelta | None) -> str:
    if span is None:
        return "not"
    days, rest = divmod(span, timedelta(hours=CLOSES.hour - OPENS.hour))
    return f"{span // timedelta(hours=1)} h" if rest or days < 2 else f"{days} d"


def _notifications() -> Iterable[str]:
    yield "| kind | answer within | reminded | then shown to people | sharing |"
    yield "|---|---|---|---|---|"
    yield from (_notification(kind, rules()[kind]) for kind in NotificationKind)


def _notification(kind: NotificationKind, rule: Rule) -> str:
    chased = f"once, {_days(rule.chase_within.days)} more" if rule.chase_within else "no"
    shown = "yes" if rule.escalates else "no"
    sharing = "stops" if rule.stops else "does not stop"
    ahead = f", {_days(rule.ahead.days)} ahead" if rule.ahead else ""
    within = _days(rule.answer_within.days)
    return f"| {_words(kind)}{ahead} | {within} | {chased} | {shown} | {sharing} |"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


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
