"""A second either side of every instant in a generated case, on days when the clocks do something.

The expected answer is the law written naively (`tests.consent.reference`), which shares no code
with the rules; worlds are moved so that their noon is a change of the clocks, a leap day or the
turn of a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from consent.decide import decide
from consent.model import DisclosureRequest, Facts, Permit, RefusalReason, Refuse
from consent.policy import current_policy
from tests.consent import reference, worlds
from tests.consent.examples import NOON
from tests.consent.test_decide_properties import law as fewer_cases

World = tuple[DisclosureRequest, Facts]
law = settings(fewer_cases, max_examples=300)
SECOND = timedelta(seconds=1)
LONDON = ZoneInfo("Europe/London")
NOONS = {
    "an ordinary day": NOON,
    "the clocks go forward": datetime(2026, 3, 29, 1, tzinfo=UTC),
    "the clocks go back": datetime(2026, 10, 25, 1, tzinfo=UTC),
    "midnight in London in summer": datetime(2026, 7, 1, 23, tzinfo=UTC),
    "a leap day begins": datetime(2028, 2, 29, tzinfo=UTC),
    "a leap day ends": datetime(2028, 3, 1, tzinfo=UTC),
    "a year begins": datetime(2027, 1, 1, tzinfo=UTC),
}


def instants(record: Any) -> Iterator[datetime]:
    """Every instant of a record."""
    for column in fields(record):
        value = getattr(record, column.name)
        if isinstance(value, datetime):
            yield value


def records(facts: Facts) -> list[Any]:
    """What of the facts has instants."""
    dated = [*facts.consent_events, *facts.agreements, *facts.proxies]
    return [*dated, facts.recipient] if facts.recipient else dated


def moved(record: Any, by: timedelta) -> Any:
    """The record with every instant moved, and written in London's time."""
    later = {
        column.name: (value + by).astimezone(LONDON)
        for column in fields(record)
        if isinstance(value := getattr(record, column.name), datetime)
    }
    return replace(record, **later)


def moved_facts(facts: Facts, by: timedelta) -> Facts:
    """Facts with every instant moved."""
    return replace(
        facts,
        consent_events=tuple(moved(one, by) for one in facts.consent_events),
        agreements=tuple(moved(one, by) for one in facts.agreements),
        proxies=tuple(moved(one, by) for one in facts.proxies),
        recipient=facts.recipient and moved(facts.recipient, by),
    )


@given(worlds.worlds(), st.sampled_from(sorted(NOONS)))
@law
def test_a_second_before_at_and_after_every_instant_the_rules_permit_what_the_law_does(
    world: World, day: str
) -> None:
    request, facts = world
    facts = moved_facts(facts, NOONS[day] - NOON)
    edges = sorted({one for record in records(facts) for one in instants(record)})
    for edge in edges:
        for at in (edge - SECOND, edge, edge + SECOND):
            outcome = decide(request, facts, at.astimezone(LONDON))
            classes = outcome.classes if isinstance(outcome, Permit) else frozenset()
            expected = reference.permitted(request, facts, at.astimezone(UTC), current_policy())
            assert classes == expected, (day, edge, at - edge)
            if isinstance(outcome, Refuse):
                assert outcome.reason is not RefusalReason.NOT_DECIDABLE
            if isinstance(outcome, Permit):
                assert outcome.until in edges
                assert outcome.until > at


@given(worlds.worlds(), st.sampled_from(sorted(NOONS)))
@law
def test_a_permit_lasts_to_its_last_second_and_is_another_or_none_from_its_end(
    world: World, day: str
) -> None:
    request, facts = world
    by = NOONS[day] - NOON
    facts = moved_facts(facts, by)
    outcome = decide(request, facts, NOON + by)
    if not isinstance(outcome, Permit):
        return
    recorded = [one.recorded_at for one in facts.consent_events if one.recorded_at > NOON + by]
    if not any(at < outcome.until for at in recorded):
        last = decide(request, facts, outcome.until - SECOND)
        assert isinstance(last, Permit)
        assert last.classes >= outcome.classes
    assert decide(request, facts, outcome.until) != outcome
