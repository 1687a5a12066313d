"""What must hold for every case, whatever the facts: the properties the law is built on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from consent.codes import DataClass, EventState, GivenBy, RefusalReason, RuleId
from consent.decide import decide
from consent.model import ConsentEvent, DisclosureRequest, Facts, Hold, Permit, Refuse
from consent.policy import current_policy
from tests.consent import examples, reference, worlds
from tests.consent.examples import NOON

World = tuple[DisclosureRequest, Facts]

law = settings(
    max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def permitted(request: DisclosureRequest, facts: Facts) -> frozenset[DataClass]:
    """Return the classes of the permit; none for a hold or a refusal."""
    outcome = decide(request, facts, NOON)
    if isinstance(outcome, Refuse):
        assert outcome.reason != RefusalReason.NOT_DECIDABLE
    return outcome.classes if isinstance(outcome, Permit) else frozenset()


@given(worlds.worlds())
@settings(law, max_examples=800)
def test_the_rules_permit_exactly_what_the_law_written_naively_permits(world: World) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    event(type(outcome).__name__)
    assert permitted(request, facts) == reference.permitted(request, facts, NOON, current_policy())


@given(worlds.worlds())
@law
def test_nothing_is_permitted_without_consent_or_agreement_or_records(world: World) -> None:
    request, facts = world
    for emptied in (
        replace(facts, consent_events=()),
        replace(facts, agreements=()),
        replace(facts, person=None),
        replace(facts, recipient=None),
    ):
        assert not isinstance(decide(request, emptied, NOON), Permit)


@given(worlds.worlds(), st.sampled_from(("never_share_with", "conflicts")))
@law
def test_a_forbid_trumps_every_permit(world: World, kind: str) -> None:
    request, facts = world
    forbidding = replace(facts.person, **{kind: frozenset({request.recipient_id})})
    outcome = decide(request, replace(facts, person=forbidding), NOON)
    assert isinstance(outcome, Refuse)
    assert RuleId.R07 in outcome.rules


@given(
    worlds.worlds(),
    worlds.events(id="added"),
    st.sampled_from(("never_share_with", "conflicts", "deceased", "active", "key_registered")),
)
@settings(law, max_examples=150)
def test_adding_a_consent_never_removes_a_forbid(
    world: World, added: ConsentEvent, forbid: str
) -> None:
    request, facts = world
    us = frozenset({request.recipient_id})
    if forbid in {"active", "key_registered"}:
        forbidden = replace(facts, recipient=replace(facts.recipient, **{forbid: False}))
    else:
        said: Any = {forbid: True if forbid == "deceased" else us}
        forbidden = replace(facts, person=replace(facts.person, **said))
    yes = replace(added, state=EventState.GIVEN, recipients=us)
    for more in (added, yes):
        events = (*facts.consent_events, more)
        assert not permitted(request, replace(forbidden, consent_events=events))


@given(worlds.worlds(), st.randoms(use_true_random=False))
@law
def test_order_and_copies_change_nothing(world: World, random: Any) -> None:
    request, facts = world

    def shuffled(records: Sequence[Any]) -> tuple[Any, ...]:
        copies = [replace(record) for record in records if random.random() < 0.5]
        mixed = [*records, *copies]
        random.shuffle(mixed)
        return tuple(mixed)

    mixed = replace(
        facts,
        consent_events=shuffled(facts.consent_events),
        agreements=shuffled(facts.agreements),
        proxies=shuffled(facts.proxies),
    )
    assert decide(request, mixed, NOON) == decide(request, facts, NOON)


@given(worlds.worlds(), worlds.endings)
@law
def test_a_withdrawal_never_widens(world: World, ending: ConsentEvent) -> None:
    request, facts = world
    after = replace(facts, consent_events=(*facts.consent_events, ending))
    assert permitted(request, after) <= permitted(request, facts)


@given(worlds.worlds())
@law
def test_withdrawing_everything_leaves_nothing(world: World) -> None:
    request, facts = world
    everything = examples.an_ending(purpose=request.purpose, recorded_at=NOON)
    after = replace(facts, consent_events=(*facts.consent_events, everything))
    assert not permitted(request, after)


@given(worlds.worlds(), st.data())
@law
def test_removing_a_basis_never_adds_to_what_is_permitted(
    world: World, data: st.DataObject
) -> None:
    request, facts = world
    before = permitted(request, facts)
    bases = [
        *facts.agreements,
        *facts.proxies,
        *(e for e in facts.consent_events if e.state in reference.YES and e.supersedes is None),
    ]
    if bases:
        gone = data.draw(st.sampled_from(bases))
        fewer = replace(
            facts,
            agreements=tuple(a for a in facts.agreements if a is not gone),
            proxies=tuple(p for p in facts.proxies if p is not gone),
            consent_events=tuple(e for e in facts.consent_events if e is not gone),
        )
        assert permitted(request, fewer) <= before
    for agreement in facts.agreements:
        for code in agreement.evidence:
            less = {k: v for k, v in agreement.evidence.items() if k != code}
            weaker = tuple(
                replace(a, evidence=less) if a is agreement else a for a in facts.agreements
            )
            assert permitted(request, replace(facts, agreements=weaker)) <= before


@given(worlds.worlds(), worlds.events(id="added", supersedes=None))
@law
def test_adding_a_yes_that_replaces_nothing_never_narrows(
    world: World, added: ConsentEvent
) -> None:
    request, facts = world
    yes = replace(added, state=EventState.GIVEN)
    more = replace(facts, consent_events=(*facts.consent_events, yes))
    assert permitted(request, facts) <= permitted(request, more)


@given(worlds.worlds(), worlds.classes)
@law
def test_a_narrower_request_gets_the_same_answer_for_what_it_still_asks(
    world: World, fewer: frozenset[DataClass]
) -> None:
    request, facts = world
    narrower = replace(request, classes=request.classes & fewer)
    assert permitted(narrower, facts) == permitted(request, facts) & fewer


@given(worlds.worlds())
@law
def test_a_permit_stays_within_what_was_asked_granted_and_agreed(world: World) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    if not isinstance(outcome, Permit):
        return
    granted = frozenset[DataClass]().union(*(e.classes for e in facts.consent_events))
    agreed = frozenset[DataClass]().union(*(a.classes for a in facts.agreements))
    minimum = current_policy().minimum[request.recipient_type, request.stage]
    assert outcome.classes
    assert outcome.classes <= request.classes & granted & agreed & minimum.classes
    assert outcome.fields == {
        field for data_class in outcome.classes for field in minimum.fields[data_class]
    }
    assert set(outcome.withheld) == request.classes - outcome.classes
    assert outcome.until > NOON
    assert decide(request, facts, outcome.until) != outcome
    for ground in outcome.grounds:
        agreement = next(a for a in facts.agreements if a.id == ground.cites[0])
        said = next(e for e in facts.consent_events if e.id == ground.cites[1])
        assert request.purpose in agreement.purposes & {said.purpose}
        assert ground.classes <= agreement.classes & said.classes
        assert request.recipient_id in said.recipients & {agreement.recipient_id}


@given(worlds.worlds())
@law
def test_a_recipient_that_no_consent_names_gets_nothing(world: World) -> None:
    request, facts = world
    unnamed = tuple(
        replace(e, recipients=e.recipients - {request.recipient_id}) for e in facts.consent_events
    )
    assert not permitted(request, replace(facts, consent_events=unnamed))


@given(worlds.worlds())
@law
def test_a_recipient_that_joined_after_every_consent_gets_nothing(world: World) -> None:
    request, facts = world
    newcomer = replace(facts.recipient, joined_at=NOON + worlds.HOUR * 4)
    assert not permitted(request, replace(facts, recipient=newcomer))


@given(worlds.worlds())
@law
def test_every_ground_of_a_permit_carries_its_complete_evidence(world: World) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    if not isinstance(outcome, Permit):
        return
    policy = current_policy()
    assert outcome.basis == outcome.grounds[0].basis
    assert outcome.classes == frozenset().union(*(g.classes for g in outcome.grounds))
    for ground in outcome.grounds:
        basis = ground.basis
        needed = [policy.article6[basis.article6], policy.confidentiality[basis.confidentiality]]
        if ground.classes & policy.special:
            assert basis.article9 is not None
            needed.append(policy.article9[basis.article9])
        else:
            assert basis.article9 is None
        for one in (getattr(terms, "evidence", terms) for terms in needed):
            assert all(basis.evidence[code].strip() for code in one.all_of)
            assert not one.any_of or any(code in basis.evidence for code in one.any_of)
        assert set(ground.cites) <= set(outcome.cites)


@given(worlds.worlds(), worlds.events(id="of another"), worlds.agreements)
@law
def test_facts_about_others_change_nothing(
    world: World, other_event: ConsentEvent, other_agreement: Any
) -> None:
    request, facts = world
    more = replace(
        facts,
        consent_events=(*facts.consent_events, replace(other_event, subject_id="stranger")),
        agreements=(
            *facts.agreements,
            replace(other_agreement, id="of others", sender_id="a stranger's surgery"),
        ),
        proxies=(*facts.proxies, examples.an_authority(id="unused")),
        overrides=(examples.an_override(subject_id="stranger"),),
    )
    assert decide(request, more, NOON) == decide(request, facts, NOON)


@given(worlds.worlds(), worlds.events(id="later", recorded_at=NOON + worlds.HOUR / 3600))
@law
def test_what_is_recorded_later_changes_nothing_when_a_decision_is_replayed(
    world: World, later: ConsentEvent
) -> None:
    request, facts = world
    more = replace(facts, consent_events=(*facts.consent_events, later))
    assert decide(request, more, NOON) == decide(request, facts, NOON)


@given(worlds.worlds(), st.sampled_from(("Europe/London", "Asia/Kolkata", "America/New_York")))
@law
def test_the_same_instant_in_another_time_zone_gets_the_same_decision(
    world: World, zone: str
) -> None:
    request, facts = world
    local = ZoneInfo(zone)
    moved = replace(
        facts,
        consent_events=tuple(
            replace(e, recorded_at=e.recorded_at.astimezone(local)) for e in facts.consent_events
        ),
    )
    assert decide(request, moved, NOON.astimezone(local)) == decide(request, facts, NOON)


@given(worlds.worlds(), st.sampled_from(tuple(GivenBy)))
@law
def test_a_proxy_without_authority_never_helps(world: World, by: GivenBy) -> None:
    request, facts = world
    if by == GivenBy.SELF:
        return
    by_proxy = tuple(replace(e, given_by=by) for e in facts.consent_events)
    assert not permitted(request, replace(facts, consent_events=by_proxy, proxies=()))


@given(worlds.worlds())
@law
def test_a_decision_is_the_same_each_time_and_says_which_law_made_it(world: World) -> None:
    request, facts = world
    first, again = decide(request, facts, NOON), decide(request, facts, NOON)
    assert first == again
    assert first.policy_hash == current_policy().hash
    match first:
        case Permit():
            assert RuleId.R15 not in first.rules
        case Hold() | Refuse():
            assert RuleId.R15 in first.rules


@given(worlds.worlds(), st.sampled_from(("consent_events", "agreements", "proxies", "capacity")))
@law
def test_facts_that_make_no_sense_are_refused_and_nothing_is_raised(
    world: World, name: str
) -> None:
    request, facts = world
    outcome = decide(request, replace(facts, **{name: 7}), NOON)
    assert not isinstance(outcome, Permit) or name == "proxies"
