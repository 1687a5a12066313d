"""The properties of the law where no consent is asked: emergencies (R12) and concerns (R13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import event, given, settings
from hypothesis import strategies as st

from consent.codes import DataClass, EmergencyCause, Purpose, RecipientType, RuleId
from consent.decide import decide
from consent.model import DisclosureRequest, Facts, Hold, Permit, Refuse
from consent.policy import current_policy
from tests.consent import examples, worlds
from tests.consent.examples import NOON
from tests.consent.test_decide_properties import law as fewer_cases

World = tuple[DisclosureRequest, Facts]
LAW = current_policy()
law = settings(fewer_cases, max_examples=120)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
ROLES = ("coordinator",) * 6 + ("council_officer", "referrer")


ABOUT_AN_OVERRIDE = {
    "recipient_id": st.just("other"),
    "subject_id": st.just("someone else"),
    "actor_role": st.sampled_from(ROLES),
    "reasons_id": st.just(" "),
    "opened_at": st.sampled_from((-16, -15, -1, 0, 1)).map(lambda late: NOON + late * MINUTE),
    "closes_at": st.sampled_from((-1, 0, 1, 13, 14)).map(lambda late: NOON + late * MINUTE),
    "used_at": st.just(NOON - SECOND),
}
ABOUT_A_CONCERN = {
    "subject_id": st.just("someone else"),
    "reasons_id": st.just(" "),
    "raised_at": st.sampled_from((-1, 0, 1, 364, 365)).map(lambda days: NOON - days * DAY),
}


@st.composite
def overrides(draw: st.DrawFn, id: str = "override") -> Any:  # noqa: A002 - a field of the record
    """An override in order, often with something wrong about it."""
    cause = draw(st.sampled_from(EmergencyCause))
    made = examples.an_override(id=id, recipient_id="recipient", cause=cause)
    return draw(worlds.disturbed(made, ABOUT_AN_OVERRIDE, 4))


@st.composite
def concerns(draw: st.DrawFn, id: str = "concern") -> Any:  # noqa: A002 - a field of the record
    """A concern in order, often with something wrong about it."""
    return draw(worlds.disturbed(examples.a_concern(id=id), ABOUT_A_CONCERN, 4))


@st.composite
def urgent(draw: st.DrawFn) -> World:
    """A world whose request is an emergency or a safeguarding concern."""
    request, facts = draw(worlds.worlds())
    purpose = draw(st.sampled_from((Purpose.EMERGENCY, Purpose.SAFEGUARDING)))
    kind = request.recipient_type
    if purpose is Purpose.SAFEGUARDING and draw(st.integers(0, 3)):
        kind = RecipientType.COUNCIL
    request = replace(
        request,
        purpose=purpose,
        recipient_type=kind,
        actor_role=draw(st.sampled_from(ROLES)),
        classes=request.classes or frozenset(DataClass),
        safeguarding=purpose is Purpose.SAFEGUARDING and draw(st.booleans()),
    )
    return request, replace(
        facts,
        recipient=replace(facts.recipient, type=kind),
        overrides=tuple(draw(overrides(f"override {n}")) for n in range(draw(st.integers(0, 3)))),
        concerns=tuple(draw(concerns(f"concern {n}")) for n in range(draw(st.integers(0, 3)))),
    )


def permitted(request: DisclosureRequest, facts: Facts) -> frozenset[DataClass]:
    outcome = decide(request, facts, NOON)
    if isinstance(outcome, Refuse):
        assert outcome.reason != "not_decidable"
    return outcome.classes if isinstance(outcome, Permit) else frozenset()


@given(urgent())
@law
def test_permits_and_holds_and_refusals_come_up_and_a_permit_rests_on_a_record_that_may(
    world: World,
) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    event(f"{request.purpose}: {type(outcome).__name__}")
    if not isinstance(outcome, Permit):
        return
    ids = {one.id for one in (*facts.overrides, *facts.concerns)}
    for ground in outcome.grounds:
        (cited,) = ground.cites
        assert cited in ids
    if request.purpose is Purpose.EMERGENCY:
        assert cited.startswith("override")
        used = next(one for one in facts.overrides if one.id == cited)
        assert used.used_at is None
        assert used.actor_role == request.actor_role
        assert used.actor_role in LAW.emergency.roles
        assert (used.subject_id, used.recipient_id) == ("person", "recipient")
        assert used.opened_at <= NOON < used.closes_at == outcome.until
        assert used.closes_at - used.opened_at <= LAW.emergency.minutes * MINUTE
        assert {"alert_privacy_officer", "review_by_someone_else"} <= set(outcome.obligations)
        assert RuleId.R12 in outcome.rules
    else:
        assert cited.startswith("concern")
        raised = next(one for one in facts.concerns if one.id == cited)
        assert raised.subject_id == "person"
        assert raised.raised_at <= NOON < raised.raised_at + LAW.safeguarding.days * DAY
        assert request.recipient_type in LAW.safeguarding_route
        assert RuleId.R13 in outcome.rules


@given(urgent())
@law
def test_by_default_nothing_is_permitted(world: World) -> None:
    request, facts = world
    nobody = replace(facts, overrides=(), concerns=())
    assert isinstance(decide(request, nobody, NOON), Hold | Refuse)
    crossed = (
        replace(facts, overrides=())
        if request.purpose is Purpose.EMERGENCY
        else replace(facts, concerns=())
    )
    assert not permitted(request, crossed)


FORBIDS = ("never_share_with", "conflicts", "deceased", "inactive", "no key", "off the route")


def forbidding(request: DisclosureRequest, facts: Facts, forbid: str) -> World:
    """The world with one thing that forbids."""
    person, recipient = facts.person, facts.recipient
    assert person is not None
    assert recipient is not None
    match forbid:
        case "deceased":
            return request, replace(facts, person=replace(person, deceased=True))
        case "inactive":
            return request, replace(facts, recipient=replace(recipient, active=False))
        case "no key":
            return request, replace(facts, recipient=replace(recipient, key_registered=False))
        case "off the route":
            kind = RecipientType.VOLUNTARY_GROUP
            request = replace(request, recipient_type=kind, safeguarding=True)
            return request, replace(facts, recipient=replace(recipient, type=kind))
        case _:
            ruled_out = {forbid: frozenset({request.recipient_id})}
            return request, replace(facts, person=replace(person, **ruled_out))


@given(urgent(), st.sampled_from(FORBIDS), overrides("added"), concerns("raised"))
@settings(law, max_examples=240)
def test_what_forbids_trumps_every_permit_and_nothing_added_removes_it(
    world: World, forbid: str, added: Any, raised: Any
) -> None:
    request, facts = forbidding(*world, forbid)
    more = replace(
        facts,
        overrides=(*facts.overrides, added),
        concerns=(*facts.concerns, raised),
        consent_events=(
            *facts.consent_events,
            examples.a_consent(id="added", recipients=frozenset({"recipient"})),
        ),
    )
    for known in (facts, more):
        assert not permitted(request, known)


@given(urgent(), st.randoms(use_true_random=False))
@law
def test_order_and_copies_change_nothing(world: World, random: Any) -> None:
    request, facts = world

    def shuffled(of: Sequence[Any]) -> tuple[Any, ...]:
        mixed = [*of, *(replace(one) for one in of if random.random() < 0.5)]
        random.shuffle(mixed)
        return tuple(mixed)

    mixed = replace(facts, overrides=shuffled(facts.overrides), concerns=shuffled(facts.concerns))
    was, now = decide(request, facts, NOON), decide(request, mixed, NOON)
    assert type(was) is type(now)
    assert permitted(request, mixed) == permitted(request, facts)
    if isinstance(was, Permit):
        assert was == now


@given(urgent(), st.data())
@law
def test_removing_a_record_never_turns_a_refusal_into_a_permit(
    world: World, data: st.DataObject
) -> None:
    request, facts = world
    there = [*facts.overrides, *facts.concerns]
    if not there:
        return
    gone = data.draw(st.sampled_from(there))
    fewer = replace(
        facts,
        overrides=tuple(one for one in facts.overrides if one is not gone),
        concerns=tuple(one for one in facts.concerns if one is not gone),
    )
    assert permitted(request, fewer) <= permitted(request, facts)


@given(urgent(), worlds.classes)
@law
def test_a_narrower_request_gets_the_same_answer_for_what_it_still_asks(
    world: World, fewer: frozenset[DataClass]
) -> None:
    request, facts = world
    narrower = replace(request, classes=request.classes & fewer)
    assert permitted(narrower, facts) >= permitted(request, facts) & fewer
    assert permitted(narrower, facts) <= narrower.classes


@given(urgent())
@law
def test_a_permit_stays_within_what_was_asked_and_this_kind_may_be_told_with_its_evidence(
    world: World,
) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    if not isinstance(outcome, Permit):
        return
    minimum = LAW.minimum[request.recipient_type, request.stage]
    assert outcome.classes == request.classes & minimum.classes
    assert outcome.fields == {
        field for data_class in outcome.classes for field in minimum.fields[data_class]
    }
    assert set(outcome.withheld) == request.classes - outcome.classes
    basis = outcome.basis
    needed = [LAW.article6[basis.article6], LAW.confidentiality[basis.confidentiality].evidence]
    if outcome.classes & LAW.special:
        assert basis.article9 is not None
        needed.append(LAW.article9[basis.article9])
    else:
        assert basis.article9 is None
    for one in needed:
        assert all(basis.evidence[code].strip() for code in one.all_of)
        assert not one.any_of or any(code in basis.evidence for code in one.any_of)


@given(urgent(), worlds.events(id="said"), overrides("theirs"), concerns("theirs"))
@law
def test_what_is_about_others_or_of_another_purpose_changes_nothing(
    world: World, said: Any, override: Any, concern: Any
) -> None:
    request, facts = world
    more = replace(
        facts,
        consent_events=(*facts.consent_events, said),
        agreements=(*facts.agreements, examples.an_agreement(id="more")),
        proxies=(*facts.proxies, examples.an_authority(id="unused")),
        overrides=(*facts.overrides, replace(override, subject_id="stranger")),
        concerns=(*facts.concerns, replace(concern, subject_id="stranger")),
    )
    assert decide(request, more, NOON) == decide(request, facts, NOON)


@given(urgent(), st.sampled_from(("Europe/London", "Asia/Kolkata")))
@law
def test_a_decision_is_the_same_again_and_in_another_zone_and_ends_to_the_second(
    world: World, zone: str
) -> None:
    request, facts = world
    outcome = decide(request, facts, NOON)
    assert decide(request, facts, NOON.astimezone(ZoneInfo(zone))) == outcome
    assert outcome.policy_hash == LAW.hash
    if isinstance(outcome, Permit):
        last = decide(request, facts, outcome.until - SECOND)
        assert isinstance(last, Permit)
        assert last.until == outcome.until
        after = decide(request, facts, outcome.until)
        assert not isinstance(after, Permit) or after.until > outcome.until
