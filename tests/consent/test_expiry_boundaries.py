"""A permission begins and ends at an exact second, whatever the clocks on the wall do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consent.decide import decide
from consent.model import ConsentError, Hold, Permit, RefusalReason, Refuse
from tests.consent import examples

LONDON = ZoneInfo("Europe/London")
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

ENDS = {
    "an ordinary noon": datetime(2026, 7, 1, 12, tzinfo=UTC),
    "midnight in London, in summer": datetime(2026, 7, 2, tzinfo=LONDON),
    "midnight in London, in winter": datetime(2026, 12, 2, tzinfo=LONDON),
    "midnight UTC, in summer": datetime(2026, 7, 2, tzinfo=UTC),
    "just after the clocks go forward": datetime(2026, 3, 29, 2, tzinfo=LONDON),
    "the hour that does not exist": datetime(2026, 3, 29, 1, 30, tzinfo=LONDON),
    "the first half past one when they go back": datetime(2026, 10, 25, 1, 30, tzinfo=LONDON),
    "the second half past one": datetime(2026, 10, 25, 1, 30, tzinfo=LONDON, fold=1),
    "the end of a leap day": datetime(2028, 3, 1, tzinfo=UTC),
    "the start of a leap day": datetime(2028, 2, 29, tzinfo=UTC),
    "the end of a year": datetime(2027, 1, 1, tzinfo=UTC),
}


def decided(at: datetime, **dates: datetime | None) -> RefusalReason | None:
    """Return why a consent with these dates refuses at an instant, or None where it permits."""
    long_ago = datetime(2025, 1, 1, tzinfo=UTC)
    far_off = datetime(2035, 1, 1, tzinfo=UTC)
    event = examples.a_consent(
        **{"recorded_at": long_ago, "valid_from": long_ago, "valid_until": None} | dates
    )
    facts = examples.the_facts(
        consent_events=(event,),
        agreements=(examples.an_agreement(valid_from=long_ago, valid_until=far_off),),
        recipient=examples.a_standing(joined_at=long_ago),
    )
    outcome = decide(examples.a_request(), facts, at)
    return outcome.reason if isinstance(outcome, Refuse) else None


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("zone", [UTC, LONDON], ids=["asked in UTC", "asked in London"])
def test_a_consent_permits_until_its_last_second_and_not_from_its_end(
    end: datetime, zone: ZoneInfo
) -> None:
    instant = end.astimezone(UTC)
    assert decided((instant - SECOND).astimezone(zone), valid_until=end) is None
    assert decided(instant.astimezone(zone), valid_until=end) == "consent_expired"
    assert decided((instant + SECOND).astimezone(zone), valid_until=end) == "consent_expired"


@pytest.mark.parametrize("start", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("zone", [UTC, LONDON], ids=["asked in UTC", "asked in London"])
def test_a_consent_permits_from_its_first_second_and_not_before(
    start: datetime, zone: ZoneInfo
) -> None:
    instant = start.astimezone(UTC)
    assert decided((instant - SECOND).astimezone(zone), valid_from=start) == "consent_not_yet_valid"
    assert decided(instant.astimezone(zone), valid_from=start) is None
    assert decided((instant + SECOND).astimezone(zone), valid_from=start) is None


def test_the_two_half_past_ones_of_autumn_are_an_hour_apart() -> None:
    first = datetime(2026, 10, 25, 1, 30, tzinfo=LONDON)
    second = first.replace(fold=1)
    assert decided(first, valid_until=second) is None
    assert decided(second, valid_until=second) == "consent_expired"
    assert decided(second, valid_until=first) == "consent_expired"


def test_a_permit_ends_with_whatever_ends_first() -> None:
    end = examples.NOON + timedelta(hours=5)
    later = examples.NOON + timedelta(hours=6)
    by_attorney = {"given_by": examples.GivenBy.ATTORNEY, "proxy_id": "authority"}
    for facts in (
        examples.the_facts(consent_events=(examples.a_consent(valid_until=end),)),
        examples.the_facts(agreements=(examples.an_agreement(valid_until=end),)),
        examples.the_facts(
            consent_events=(examples.a_consent(valid_until=later, **by_attorney),),
            proxies=(examples.an_authority(valid_until=end),),
        ),
        examples.the_facts(
            consent_events=(examples.a_consent(valid_until=end, **by_attorney),),
            proxies=(examples.an_authority(valid_until=later),),
        ),
    ):
        permit = decide(examples.a_request(), facts, examples.NOON)
        assert isinstance(permit, Permit)
        assert permit.until == end


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (examples.a_consent, "valid_from"),
        (examples.a_consent, "valid_until"),
        (examples.a_consent, "recorded_at"),
        (examples.an_agreement, "valid_from"),
        (examples.an_agreement, "valid_until"),
        (examples.an_authority, "valid_from"),
        (examples.an_authority, "valid_until"),
        (examples.a_standing, "joined_at"),
        (examples.an_incapacity, "assessed_at"),
    ],
)
def test_a_fact_without_a_time_zone_cannot_be_made_and_others_are_kept_in_utc(
    make: object, field: str
) -> None:
    with pytest.raises(ConsentError, match=field):
        make(**{field: datetime(2026, 7, 1, 12)})  # noqa: DTZ001  the fault under test
    record = make(**{field: datetime(2026, 7, 1, 12, tzinfo=LONDON)})
    assert getattr(record, field).isoformat() == "2026-07-01T11:00:00+00:00"


@pytest.mark.usefixtures("far_from_greenwich")
def test_a_child_grows_up_on_the_same_day_wherever_the_machine_stands() -> None:
    """At two in the morning of the birthday, UTC, New York is still in the day before."""
    birthday = datetime(2026, 7, 1, 2, tzinfo=UTC)
    person = examples.a_person(date_of_birth=date(2010, 7, 1))
    facts = examples.the_facts(person=person)
    assert isinstance(decide(examples.a_request(), facts, birthday), Permit)
    assert isinstance(decide(examples.a_request(), facts, birthday - 3 * HOUR), Hold)
