"""What counts as evidence that is the person's own record, and what does not."""

import pytest

from consent.codes import EventType
from consent.grounds import AtHand, complete_best_interests
from consent.model import BestInterests, CapacityRecord, ConsentEvent
from consent.policy import current_policy
from tests.consent.examples import NOON, a_consent, an_incapacity

CAPABLE = an_incapacity(lacks_capacity=False)
UNDECIDED = an_incapacity(best_interests=None)


@pytest.mark.parametrize(
    ("code", "event", "capacity", "found"),
    [
        ("consent_record", a_consent(), None, "consent"),
        ("consent_record", a_consent(event_type=EventType.EXPRESSED), None, "consent"),
        ("consent_record", a_consent(event_type=EventType.IMPLIED), None, ""),
        ("consent_record", a_consent(notice_id=""), None, ""),
        ("consent_record", a_consent(notice_version=""), None, ""),
        ("consent_record", a_consent(notice_language=""), None, ""),
        ("explicit_consent_record", a_consent(), None, "consent"),
        ("explicit_consent_record", a_consent(event_type=EventType.EXPRESSED), None, ""),
        ("explicit_consent_record", a_consent(notice_id=""), None, ""),
        ("incapacity_record", a_consent(), an_incapacity(), "capacity"),
        ("incapacity_record", a_consent(), CAPABLE, ""),
        ("incapacity_record", a_consent(), None, ""),
        ("best_interests_record", a_consent(), an_incapacity(), "capacity"),
        ("best_interests_record", a_consent(), UNDECIDED, "capacity"),
        ("best_interests_record", a_consent(), CAPABLE, ""),
        ("best_interests_record", a_consent(), None, ""),
    ],
)
def test_a_record_of_the_person_is_evidence_only_where_it_says_so(
    code: str, event: ConsentEvent, capacity: CapacityRecord | None, found: str
) -> None:
    assert AtHand(event, capacity, {code: "a reference"}, current_policy()).find(code) == found


@pytest.mark.parametrize(
    ("decision", "complete"),
    [
        (BestInterests("social-worker", NOON, "reasons"), True),
        (BestInterests(" ", NOON, "reasons"), False),
        (BestInterests("social-worker", NOON, " "), False),
        (None, False),
    ],
)
def test_a_best_interests_decision_says_who_and_why(
    decision: BestInterests | None, complete: bool
) -> None:
    assert complete_best_interests(an_incapacity(best_interests=decision)) is complete
