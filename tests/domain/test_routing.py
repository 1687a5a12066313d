"""Routing proposes what the reviewed tables say, and what holds for every town and person."""

from __future__ import annotations

import csv
from dataclasses import fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - the type of what hypothesis seeds
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from referral_hub.domain.codes import (
    AccessNeed,
    AgencyKind,
    Capacity,
    Circumstance,
    Manner,
    NeedCode,
)
from referral_hub.domain.routing import (
    CAUTIONS,
    FILTERS,
    RULES,
    STALE_AFTER,
    Candidate,
    RouteReason,
    Seeker,
    Service,
    Slot,
    age_on,
    for_concern,
    propose,
    question,
    with_owner,
)
from referral_hub.domain.routing_model import MOST_REASONS, PROTECTED
from tests.domain.town import AT, HERE, NEED, agency, read, seeker, service

PROPERTY = settings(max_examples=40, deadline=None)

TABLES = Path(__file__).parents[1] / "tables"
OWNER = UUID(int=999)

# What routing may know of a person. Name, sex, ethnicity, faith, disability, orientation, number:
# whoever adds a field here has to say why it is not one of them. `company` is what the person
# wishes for, and `Seeker` refuses a protected characteristic anywhere else.
MAY_KNOW = {"area", "age", "language", "interpreter", "access", "wished", "never", "first", "close"}
MAY_KNOW |= {"prefers", "company", "tasks", "essential", "is_so", "is_not", "days", "point"}


def _rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["case"]) for row in _rows("routing_filters.csv")]
)
def test_a_service_is_proposed_or_left_out_for_the_reviewed_reason(row: dict[str, str]) -> None:
    need = NeedCode(row["need"])
    (slot,) = propose([need], seeker(row["seeker"]), [service(1, row["service"])], at=AT)
    if row["expected"] in {"proposed", "not considered"}:
        assert len(slot.candidates) == (row["expected"] == "proposed")
        assert not slot.excluded
    else:
        assert not slot.candidates
        assert [left_out.reason for left_out in slot.excluded] == [RouteReason(row["expected"])]


def test_every_filter_has_a_row_of_its_own() -> None:
    listed = [reason for reason, _ in FILTERS]
    assert {*listed, RouteReason.NO_BACKUP} <= {
        row["expected"] for row in _rows("routing_filters.csv")
    }
    assert [RULES[reason] for reason in listed] == sorted(RULES[reason] for reason in listed)


def test_every_reason_has_a_rule_id_of_its_own_that_the_documents_name() -> None:
    assert set(RULES) == set(RouteReason)
    assert len(set(RULES.values())) == len(RULES)
    document = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
    assert [reason for reason, rule in RULES.items() if f"| {rule} |" not in document] == []


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row["case"]) for row in _rows("routing_order.csv")]
)
def test_the_order_and_its_reasons_are_the_reviewed_ones(row: dict[str, str]) -> None:
    wished = frozenset(
        agency(number)
        for number, name in ((1, "first"), (2, "second"))
        if read(row[name]).get("wished") == "yes"
    )
    need = NeedCode(row["need"])
    services = [service(1, row["first"]), service(2, row["second"])]
    for order in (services, services[::-1]):
        (slot,) = propose([need], seeker(row["seeker"], wished=wished), order, at=AT)
        assert [candidate.agency_id for candidate in slot.candidates] == [agency(1), agency(2)]
    expected = set(map(RouteReason, row["reasons"].split("|")))
    assert expected <= set(slot.candidates[0].reasons)


def test_every_reason_is_given_or_named_by_a_filter() -> None:
    given_reasons = set(
        map(RouteReason, "|".join(r["reasons"] for r in _rows("routing_order.csv")).split("|"))
    )
    given_reasons |= {reason for reason, _ in FILTERS} | {RouteReason.NO_BACKUP}
    given_reasons |= {RouteReason.OWNER_TAKES_IT, RouteReason.OWNER_CHOOSES}
    assert given_reasons | {RouteReason.SAFEGUARDING} == set(RouteReason)


def test_needs_that_the_same_services_meet_in_the_same_order_share_a_slot() -> None:
    both = service(1, "needs=lonely|home_safety")
    one = service(2, "needs=equipment")
    slots = propose(
        [NeedCode.HOME_SAFETY, NeedCode.EQUIPMENT, NeedCode.LONELY], seeker(), [both, one], at=AT
    )
    assert {slot.needs for slot in slots} == {
        (NeedCode.EQUIPMENT,),
        (NeedCode.HOME_SAFETY, NeedCode.LONELY),
    }


def test_needs_that_nobody_here_can_meet_say_of_each_service_why_not() -> None:
    town = [service(1, "needs=lonely;areas=elsewhere"), service(2, "needs=lifts;active=no")]
    (slot,) = propose([NeedCode.LIFTS, NeedCode.LONELY], seeker(), town, at=AT)
    assert slot.needs == (NeedCode.LIFTS, NeedCode.LONELY)
    assert [row.reason for row in slot.excluded] == [RouteReason.OUT_OF_AREA, RouteReason.PAUSED]


@pytest.mark.parametrize("first", ["", "wait=1;idle_days=2", "idle_days=5"])
def test_nobody_is_said_to_have_waited_longest_unless_that_decided(first: str) -> None:
    equal = first.replace("wait=1", "wait=2")
    (slot,) = propose([NEED], seeker(), [service(1, first), service(2, equal)], at=AT)
    assert all(RouteReason.LONGEST_IDLE not in one.reasons for one in slot.candidates)


def test_a_need_that_nobody_meets_is_a_slot_that_the_owner_must_take() -> None:
    (slot,) = with_owner(propose([NEED], seeker(), [], at=AT), OWNER)
    assert slot.candidates == (Candidate(None, OWNER, (RouteReason.OWNER_TAKES_IT,)),)


def test_an_owner_with_a_service_ahead_of_others_still_comes_last_as_well() -> None:
    services = [service(1, "wait=1"), service(2, "wait=5")]
    (slot,) = with_owner(propose([NEED], seeker(), services, at=AT), agency(1))
    assert [candidate.agency_id for candidate in slot.candidates] == [
        agency(1),
        agency(2),
        agency(1),
    ]
    assert slot.candidates[-1].service_id is None


def test_an_owner_whose_own_service_is_last_is_named_once() -> None:
    services = [service(1, "wait=9"), service(2, "wait=5")]
    (slot,) = with_owner(propose([NEED], seeker(), services, at=AT), agency(1))
    assert [candidate.agency_id for candidate in slot.candidates] == [agency(2), agency(1)]


def test_routing_knows_nothing_of_a_person_beyond_the_reviewed_list() -> None:
    assert {field.name for field in fields(Seeker)} == MAY_KNOW


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1944, 5, 6), date(2026, 5, 5), 81),
        (date(1944, 5, 6), date(2026, 5, 6), 82),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2026, 3, 2), date(2026, 3, 2), 0),
    ],
)
def test_age_is_completed_years_and_a_leap_day_is_reached_on_1_march(
    born: date, day: date, age: int
) -> None:
    assert age_on(born, day) == age


def _town() -> st.SearchStrategy[list[Service]]:
    moments = st.none() | st.integers(0, 60).map(lambda days: AT - timedelta(days=days))
    one = st.builds(
        Service,
        id=st.integers(1, 10**6).map(lambda n: UUID(int=n)),
        agency_id=st.integers(1, 4).map(agency),
        agency_kind=st.sampled_from(AgencyKind),
        needs=st.frozensets(st.sampled_from(list(NeedCode)[:4]), min_size=1),
        areas=st.sampled_from([{HERE, "north"}, {HERE, "north"}, {HERE}, set()]).map(frozenset),
        minimum_age=st.sampled_from([None, None, 18]),
        maximum_age=st.sampled_from([None, None, 65]),
        capacity=st.sampled_from([Capacity.CAPACITY, *Capacity]),
        capacity_as_of=moments,
        wait_days=st.none() | st.integers(0, 40),
        languages=st.sampled_from([{"en", "pl"}, {"en"}]).map(frozenset),
        access=st.sampled_from([set(AccessNeed), set()]).map(frozenset),
        active=st.sampled_from([True, True, True, False]),
        last_offered_at=moments,
        eligibility=st.sampled_from([frozenset(), frozenset(), frozenset({Circumstance.WOMEN})]),
        exclusions=st.sampled_from([frozenset(), frozenset({Circumstance.DOG_AT_HOME})]),
        manners=st.sampled_from([frozenset(), frozenset({Manner.GROUP}), frozenset({Manner.PEER})]),
        insured_until=st.sampled_from([None, date(2027, 1, 1), date(2027, 1, 1), date(2026, 1, 1)]),
        backup_id=st.none() | st.integers(1, 10**6).map(lambda n: UUID(int=n)),
        missed_visit_alarm=st.booleans(),
        at_limit=st.sampled_from([False, False, True]),
        point=st.sampled_from([None, (52.0, -3.0), (52.5, -3.0)]),
    )
    return st.lists(one, min_size=2, max_size=8, unique_by=lambda made: made.id)


def _person() -> st.SearchStrategy[Seeker]:
    wished = st.frozensets(st.integers(1, 4).map(agency), max_size=2)
    return st.builds(
        Seeker,
        area=st.just(HERE),
        age=st.integers(0, 100),
        language=st.sampled_from(["en", "pl"]),
        interpreter=st.booleans(),
        access=st.sampled_from([frozenset(), frozenset({AccessNeed.BSL})]),
        wished=wished,
        never=st.sampled_from([frozenset(), frozenset(), frozenset({agency(1)})]),
        first=st.sampled_from([frozenset(), frozenset(), frozenset({agency(2)})]),
        prefers=st.sampled_from([None, None, *Manner]),
        company=st.sampled_from([frozenset(), frozenset({Circumstance.WOMEN})]),
        essential=st.sampled_from([frozenset(), frozenset(), frozenset({NeedCode.LONELY})]),
        is_so=st.sampled_from([frozenset(), frozenset({Circumstance.DOG_AT_HOME})]),
        point=st.sampled_from([None, (52.0, -3.0)]),
    )


NEEDS = st.lists(st.sampled_from(list(NeedCode)[:4]), min_size=1, max_size=5)


@PROPERTY
@given(NEEDS, _person(), _town(), st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_plan(
    needs: list[NeedCode], person: Seeker, town: list[Service], chance: Random
) -> None:
    plan = propose(needs, person, town, at=AT)
    shuffled_needs, shuffled_town = needs * 2, list(town)
    chance.shuffle(shuffled_needs)
    chance.shuffle(shuffled_town)
    assert propose(shuffled_needs, person, shuffled_town, at=AT) == plan


@PROPERTY
@given(NEEDS, _person(), _town())
def test_every_candidate_passes_every_filter_and_every_other_names_the_one_it_failed(
    needs: list[NeedCode], person: Seeker, town: list[Service]
) -> None:
    by_id = {made.id: made for made in town}
    tests = dict(FILTERS)
    for slot in propose(needs, person, town, at=AT):
        for candidate in slot.candidates:
            assert candidate.service_id is not None
            found = by_id[candidate.service_id]
            for need in slot.needs:
                asked = question(person, need, AT)
                assert not any(fails(found, asked) for fails in tests.values())
            assert set(slot.needs) <= found.needs
        for left_out in slot.excluded:
            if left_out.reason is RouteReason.NO_BACKUP:
                assert set(slot.needs) & person.essential
                continue
            found, fails = by_id[left_out.service_id], tests[left_out.reason]
            assert any(fails(found, question(person, need, AT)) for need in slot.needs)


@PROPERTY
@given(NEEDS, _person(), _town())
def test_every_need_is_in_exactly_one_slot_and_each_service_that_meets_it_is_accounted_for(
    needs: list[NeedCode], person: Seeker, town: list[Service]
) -> None:
    slots = propose(needs, person, town, at=AT)
    assert sorted(need for slot in slots for need in slot.needs) == sorted(set(needs))
    for slot in slots:
        seen = [c.service_id for c in slot.candidates] + [x.service_id for x in slot.excluded]
        meeting = (s.id for s in town if s.needs & set(slot.needs))
        assert sorted(filter(None, seen)) == sorted(meeting)


@PROPERTY
@given(_person(), _town(), st.datetimes(datetime(2026, 3, 2), datetime(2027, 1, 1)))  # noqa: DTZ001 - made aware below
def test_stale_room_is_unknown_and_never_zero(
    person: Seeker, town: list[Service], later: datetime
) -> None:
    at = later.replace(tzinfo=AT.tzinfo)
    for slot in propose(NeedCode, person, town, at=at):
        by_id = {made.id: made for made in town}
        for left_out in slot.excluded:
            if left_out.reason is RouteReason.FULL:
                stated = by_id[left_out.service_id].capacity_as_of
                assert stated is not None
                assert at - stated <= STALE_AFTER
        for candidate in slot.candidates:
            assert candidate.service_id is not None
            found = by_id[candidate.service_id]
            known = found.capacity_as_of is not None and at - found.capacity_as_of <= STALE_AFTER
            assert (RouteReason.ROOM_UNKNOWN in candidate.reasons) is not known
            assert known or RouteReason.HAS_ROOM not in candidate.reasons


@PROPERTY
@given(NEEDS, _person(), _town())
def test_no_score_outranks_a_wish_and_a_wish_says_so(
    needs: list[NeedCode], person: Seeker, town: list[Service]
) -> None:
    by_id = {made.id: made for made in town}
    for slot in propose(needs, person, town, at=AT):
        found = [by_id[c.service_id] for c in slot.candidates if c.service_id]
        wishes = [
            (
                one.agency_id not in person.first,
                one.agency_id not in person.wished,
                person.prefers is not None and person.prefers not in one.manners,
                bool(person.company) and not person.company & one.eligibility,
            )
            for one in found
        ]
        assert wishes == sorted(wishes)
        for candidate, one in zip(slot.candidates, found, strict=True):
            wished = one.agency_id in person.wished
            assert (RouteReason.PERSONS_WISH in candidate.reasons) is wished


@PROPERTY
@given(NEEDS, _person(), _town())
def test_each_place_has_three_to_five_reasons_and_what_to_ask_comes_after_them(
    needs: list[NeedCode], person: Seeker, town: list[Service]
) -> None:
    for slot in propose(needs, person, town, at=AT):
        for candidate in slot.candidates:
            reasons = [one for one in candidate.reasons if one not in CAUTIONS]
            assert 3 <= len(reasons) <= MOST_REASONS
            assert candidate.reasons[: len(reasons)] == tuple(reasons)
            assert len(set(candidate.reasons)) == len(candidate.reasons)


@PROPERTY
@given(_person(), _town(), st.integers(0, 7), st.integers(0, 30))
def test_more_room_never_puts_a_service_further_back(
    person: Seeker, town: list[Service], which: int, days: int
) -> None:
    chosen = town[which % len(town)]
    at = AT - timedelta(days=days)
    places = []
    for capacity in (Capacity.NO_CAPACITY, Capacity.WAITLIST, Capacity.CAPACITY):
        changed = [replace(chosen, capacity=capacity, capacity_as_of=at)]
        others = [one for one in town if one.id != chosen.id]
        slots = propose([min(chosen.needs)], person, others + changed, at=AT)
        order = [c.service_id for slot in slots for c in slot.candidates]
        places.append(order.index(chosen.id) if chosen.id in order else len(town))
    assert places == sorted(places, reverse=True)


@PROPERTY
@given(NEEDS, _town(), st.integers(1, 5).map(agency))
def test_a_safeguarding_concern_goes_to_the_council_alone_and_to_no_group(
    needs: list[NeedCode], town: list[Service], owner: UUID
) -> None:
    (slot,) = for_concern(needs, town, owner)
    assert [(c.service_id, c.agency_id) for c in slot.candidates] == [(None, owner)]
    assert set(slot.needs) == set(needs)
    assert {row.reason for row in slot.excluded} <= {RouteReason.SAFEGUARDING}
    assert owner not in {row.agency_id for row in slot.excluded}


@PROPERTY
@given(NEEDS, _person(), _town(), st.integers(0, 3))
def test_a_short_list_is_the_beginning_of_the_long_one(
    needs: list[NeedCode], person: Seeker, town: list[Service], most: int
) -> None:
    short = {
        n: s.candidates for s in propose(needs, person, town, at=AT, most=most) for n in s.needs
    }
    for slot in propose(needs, person, town, at=AT):
        for need in slot.needs:
            ids = [candidate.service_id for candidate in short[need]]
            assert ids == [candidate.service_id for candidate in slot.candidates[:most]]


def test_a_protected_characteristic_is_a_wish_and_nothing_else() -> None:
    for one in PROTECTED:
        with pytest.raises(ValueError, match="wish"):
            replace(seeker(), is_so=frozenset({one}))
        with pytest.raises(ValueError, match="wish"):
            replace(seeker(), is_not=frozenset({one}))
        assert replace(seeker(), company=frozenset({one})).company == {one}
    with pytest.raises(ValueError, match="wish"):
        replace(seeker(), company=frozenset({Circumstance.BEREAVED}))


@PROPERTY
@given(NEEDS, _person(), _town(), st.integers(1, 5).map(agency))
def test_every_plan_ends_with_the_owner_and_is_otherwise_untouched(
    needs: list[NeedCode], person: Seeker, town: list[Service], owner: UUID
) -> None:
    slots = propose(needs, person, town, at=AT)
    for before, after in zip(slots, with_owner(slots, owner), strict=True):
        assert after.candidates[-1].agency_id == owner
        assert after.candidates[: len(before.candidates)] == before.candidates
        assert len(after.candidates) - len(before.candidates) in {0, 1}
        assert (after.needs, after.excluded) == (before.needs, before.excluded)
    assert with_owner(with_owner(slots, owner), owner) == with_owner(slots, owner)


@PROPERTY
@given(_person(), _town(), st.integers(0, 100), st.sampled_from(["en", "pl"]))
def test_who_somebody_is_may_rule_a_service_out_but_never_moves_one(
    person: Seeker, town: list[Service], age: int, language: str
) -> None:
    other = replace(
        person, age=age, language=language, access=frozenset(), interpreter=True, is_so=frozenset()
    )
    other, person = (replace(one, essential=frozenset()) for one in (other, person))

    def order(slots: tuple[Slot, ...]) -> dict[NeedCode, list[UUID | None]]:
        return {n: [c.service_id for c in s.candidates] for s in slots for n in s.needs}

    mine = order(propose(NeedCode, person, town, at=AT))
    theirs = order(propose(NeedCode, other, town, at=AT))
    for need, ids in mine.items():
        both = set(ids) & set(theirs[need])
        assert [i for i in ids if i in both] == [i for i in theirs[need] if i in both]
