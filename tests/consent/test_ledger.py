"""The ledger alone: which grants stand at an instant, for whom and for what."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from consent.codes import DataClass, EventState, Purpose, RefusalReason
from consent.ledger import FOREVER, Grant, Lapse, distinct, fold, grants_in_force
from consent.model import ConsentError, ConsentEvent
from tests.consent.examples import DAY, EVERYTHING, NOON, YEAR, a_consent, an_ending

TWO = frozenset({"time_bank", "council"})
SECOND = timedelta(seconds=1)
ENDINGS = {
    EventState.REFUSED: RefusalReason.CONSENT_REFUSED,
    EventState.WITHDRAWN: RefusalReason.CONSENT_WITHDRAWN,
    EventState.EXPIRED: RefusalReason.CONSENT_EXPIRED,
    EventState.TERMINATED: RefusalReason.CONSENT_TERMINATED,
    EventState.INVALIDATED: RefusalReason.CONSENT_INVALIDATED,
}


def in_force(*events: ConsentEvent) -> dict[tuple[str, str], frozenset[DataClass]]:
    """Return the classes in force at noon by event and recipient."""
    grants = grants_in_force(events, "person", NOON)
    return {key: grant.classes for key, grant in grants.items()}


def stands(event: ConsentEvent, *others: ConsentEvent) -> Grant | Lapse:
    """Return what an event gives the time bank at noon, among others."""
    return fold((event, *others), "person", NOON).stands(event, "time_bank", NOON)


def test_no_events_grant_nothing() -> None:
    assert in_force() == {}


def test_a_yes_stands_for_each_recipient_it_names() -> None:
    assert in_force(a_consent(recipients=TWO)) == {
        ("consent", "time_bank"): EVERYTHING,
        ("consent", "council"): EVERYTHING,
    }


def test_a_grant_says_until_when_and_by_which_event() -> None:
    event = a_consent()
    assert stands(event) == Grant(event, EVERYTHING, NOON + YEAR, ("consent",))
    assert stands(a_consent(valid_until=None)).until == FOREVER


@pytest.mark.parametrize("emptied", ["recipients", "classes"])
def test_a_yes_to_nobody_or_to_nothing_grants_nothing(emptied: str) -> None:
    assert in_force(a_consent(**{emptied: frozenset()})) == {}


@pytest.mark.parametrize("state", EventState)
def test_only_given_and_renewed_grant(state: EventState) -> None:
    granted = in_force(a_consent(state=state))
    assert bool(granted) == (state in {EventState.GIVEN, EventState.RENEWED})


@pytest.mark.parametrize("state", ENDINGS)
def test_each_way_of_ending_ends_a_grant_and_says_which_it_was(state: EventState) -> None:
    ended = stands(a_consent(), an_ending(state))
    assert ended == Lapse(ENDINGS[state], ("consent", "ending"))


def test_a_withdrawal_reaches_only_whom_and_what_it_names() -> None:
    given = a_consent(recipients=TWO)
    from_one = an_ending(recipients=frozenset({"council"}))
    of_one = an_ending(classes=frozenset({DataClass.HEALTH}))
    assert in_force(given, from_one) == {("consent", "time_bank"): EVERYTHING}
    assert in_force(given, of_one) == {
        ("consent", "time_bank"): EVERYTHING - {DataClass.HEALTH},
        ("consent", "council"): EVERYTHING - {DataClass.HEALTH},
    }


def test_withdrawals_of_parts_add_up_and_each_that_took_something_is_cited() -> None:
    rest = EVERYTHING - {DataClass.HEALTH}
    first = an_ending(id="first", classes=frozenset({DataClass.HEALTH}))
    again = replace(first, id="again", recorded_at=NOON - 2 * SECOND)
    last = an_ending(EventState.REFUSED, id="last", classes=rest, recorded_at=NOON - SECOND)
    assert stands(a_consent(), first, again) == Grant(
        a_consent(), rest, NOON + YEAR, ("consent", "first")
    )
    assert stands(a_consent(), last, again, first) == Lapse(
        RefusalReason.CONSENT_REFUSED, ("consent", "first", "last")
    )


def test_a_withdrawal_for_one_purpose_leaves_another_unless_it_names_the_consent() -> None:
    other = an_ending(purpose=Purpose.SAFEGUARDING)
    assert in_force(a_consent(), other)
    assert not in_force(a_consent(), replace(other, supersedes="consent"))


def test_a_withdrawal_ends_what_was_recorded_up_to_that_instant_and_nothing_later() -> None:
    at = NOON - DAY
    assert not in_force(a_consent(recorded_at=at), an_ending(recorded_at=at))
    assert not in_force(a_consent(recorded_at=at), an_ending(recorded_at=at + SECOND))
    assert in_force(a_consent(recorded_at=at), an_ending(recorded_at=at - SECOND))


def test_a_withdrawal_that_names_a_consent_ends_it_whenever_it_was_recorded() -> None:
    early = an_ending(recorded_at=NOON - 3 * DAY, supersedes="consent")
    assert not in_force(a_consent(), early)


def test_a_withdrawal_that_names_a_consent_still_reaches_only_whom_it_names() -> None:
    from_one = an_ending(recipients=frozenset({"council"}), supersedes="consent")
    granted = in_force(a_consent(recipients=TWO), from_one)
    assert set(granted) == {("consent", "time_bank")}


def test_what_replaces_a_grant_ends_it_whole_even_if_it_grants_less() -> None:
    less = a_consent(id="less", classes=frozenset({DataClass.NEED}), supersedes="consent")
    assert in_force(a_consent(), less) == {("less", "time_bank"): {DataClass.NEED}}
    asked_again = a_consent(id="asked", state=EventState.REQUESTED, supersedes="consent")
    assert stands(a_consent(), asked_again) == Lapse(
        RefusalReason.CONSENT_SUPERSEDED, ("consent", "asked")
    )


def test_the_first_to_replace_a_grant_is_cited() -> None:
    early = a_consent(id="z-early", recorded_at=NOON - DAY / 2, supersedes="consent")
    late = a_consent(id="a-late", recorded_at=NOON - DAY / 4, supersedes="consent")
    assert stands(a_consent(), late, early).cites == ("consent", "z-early")


def test_of_several_endings_the_newest_gives_the_reason() -> None:
    """Somebody who withdrew and later said no has said no; and the other way round."""
    earlier, later = NOON - SECOND, NOON
    withdrew = an_ending(EventState.WITHDRAWN, id="withdrew")
    refused = an_ending(EventState.REFUSED, id="refused")
    for first, last in ((withdrew, refused), (refused, withdrew)):
        events = (replace(first, recorded_at=earlier), replace(last, recorded_at=later))
        for order in permutations(events):
            lapse = stands(a_consent(), *order)
            assert lapse == Lapse(ENDINGS[last.state], ("consent", last.id))


def test_superseding_a_withdrawal_does_not_bring_the_grant_back() -> None:
    mistaken = an_ending(recorded_at=NOON - 2 * SECOND)
    corrected = a_consent(
        id="corrected",
        supersedes="ending",
        recorded_at=NOON - SECOND,
        classes=frozenset({DataClass.NEED}),
    )
    assert in_force(a_consent(), mistaken, corrected) == {
        ("corrected", "time_bank"): {DataClass.NEED}
    }


def test_a_request_alone_changes_nothing() -> None:
    asked = a_consent(id="asked", state=EventState.REQUESTED)
    assert in_force(a_consent(), asked) == in_force(a_consent())


def test_dates_are_from_inclusive_until_exclusive() -> None:
    assert in_force(a_consent(valid_from=NOON))
    assert stands(a_consent(valid_from=NOON + SECOND)) == Lapse(
        RefusalReason.CONSENT_NOT_YET_VALID, ("consent",)
    )
    assert in_force(a_consent(valid_until=NOON + SECOND))
    assert stands(a_consent(valid_until=NOON)) == Lapse(RefusalReason.CONSENT_EXPIRED, ("consent",))


def test_an_event_of_another_person_or_of_a_later_time_does_not_exist() -> None:
    assert not in_force(a_consent(subject_id="someone else"))
    assert not in_force(a_consent(recorded_at=NOON + SECOND))
    assert in_force(a_consent(recorded_at=NOON))
    assert in_force(a_consent(), an_ending(subject_id="someone else"))
    assert in_force(a_consent(), an_ending(recorded_at=NOON + SECOND))


def test_a_fold_keeps_every_event_in_its_place() -> None:
    asked = a_consent(id="asked", state=EventState.REQUESTED)
    replacing = a_consent(id="replacing", supersedes="consent")
    ending = an_ending(supersedes="consent")
    ledger = fold((a_consent(), asked, replacing, ending), "person", NOON)
    assert [event.id for event in ledger.granting] == ["consent", "replacing"]
    assert [event.id for event in ledger.requested] == ["asked"]
    assert [event.id for event in ledger.ending] == ["ending"]
    assert [event.id for event in ledger.superseding] == ["replacing"]


def test_every_order_of_the_same_events_gives_the_same_grants() -> None:
    events = (
        a_consent(recipients=TWO),
        an_ending(recipients=frozenset({"council"})),
        an_ending(id="other ending", classes=frozenset({DataClass.RISK})),
        a_consent(id="again", recorded_at=NOON - SECOND, supersedes="consent", recipients=TWO),
    )
    expected = in_force(*events)
    assert expected
    for order in permutations((*events, replace(events[0]))):
        assert in_force(*order) == expected


def test_copies_count_once_and_two_contents_under_one_id_are_a_fault() -> None:
    event = a_consent()
    assert distinct((event, replace(event), event)) == (event,)
    with pytest.raises(ConsentError, match="ConsentEvent"):
        distinct((event, a_consent(taken_by="someone else")))


def test_of_two_endings_that_each_name_all_that_was_given_the_newest_is_the_reason() -> None:
    withdrawn = an_ending(id="b", classes=EVERYTHING)
    refused = an_ending(EventState.REFUSED, id="a", classes=EVERYTHING, recorded_at=NOON)
    for others in permutations((withdrawn, refused)):
        assert stands(a_consent(), *others) == Lapse(
            RefusalReason.CONSENT_REFUSED, ("consent", "a")
        )
