"""Generated worlds: a request and facts about a few people and agencies, times near noon.

A world is a case in order with a few things disturbed, so that permits, holds and refusals all come
up often. It is small on purpose (two people, three agencies, hours from nine to three), so that
facts meet, overlap and contradict each other.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    EventState,
    EventType,
    GivenBy,
    Purpose,
    RecipientType,
    Stage,
)
from consent.model import BestInterests, ConsentEvent, DisclosureRequest, Facts
from tests.consent import examples
from tests.consent.examples import EVIDENCE, NOON

HOUR = timedelta(hours=1)
OPENING = NOON - 3 * HOUR
KINDS = (RecipientType.COUNCIL, RecipientType.COUNCIL, RecipientType.GP_PRACTICE, *RecipientType)
EVENT_IDS = ("first", "second", "third", "fourth", "ending")
DECIDED = BestInterests("social-worker", NOON, "reasons")

Record = TypeVar("Record")

instants = st.integers(-3, 3).map(lambda hours: NOON + hours * HOUR)
classes = st.frozensets(st.sampled_from(DataClass))
purposes = st.frozensets(st.sampled_from(Purpose))
agencies = st.frozensets(st.sampled_from(("recipient", "other", "third agency")), max_size=2)
some_evidence = st.dictionaries(
    st.sampled_from((*EVIDENCE, "consent_record", "best_interests_record")),
    st.sampled_from(("ref", " ")),
)

ABOUT_AN_EVENT = {
    "subject_id": st.just("someone else"),
    "state": st.sampled_from(EventState),
    "event_type": st.sampled_from(EventType),
    "purpose": st.sampled_from(Purpose),
    "classes": classes,
    "recipients": agencies,
    "confidentiality": st.sampled_from(ConfidentialityBasis),
    "service_agreement": st.booleans(),
    "notice_id": st.just(""),
    "given_by": st.sampled_from(GivenBy),
    "proxy_id": st.none(),
    "valid_from": instants,
    "valid_until": instants,
    "supersedes": st.sampled_from(EVENT_IDS),
    "evidence": some_evidence,
}
ABOUT_AN_AGREEMENT = {
    "sender_id": st.just("other"),
    "recipient_id": st.just("other"),
    "purposes": purposes,
    "classes": classes,
    "article6": st.sampled_from(Article6),
    "article9": st.sampled_from((None, *Article9)),
    "evidence": some_evidence,
    "valid_from": instants,
    "valid_until": instants,
}
ABOUT_AN_AUTHORITY = {
    "subject_id": st.just("someone else"),
    "kind": st.sampled_from(GivenBy),
    "evidence_id": st.none(),
    "purposes": purposes,
    "classes": classes,
    "valid_from": instants,
    "valid_until": instants,
    "flagged": st.booleans(),
}
ABOUT_A_PERSON = {
    "never_share_with": agencies,
    "conflicts": agencies,
    "deceased": st.booleans(),
    "date_of_birth": st.sampled_from((date(2016, 1, 1), date(1950, 1, 1))),
}
ABOUT_A_STANDING = {
    "active": st.booleans(),
    "key_registered": st.booleans(),
    "insured": st.booleans(),
    "joined_at": instants,
}
ABOUT_A_REQUEST = {
    "purpose": st.sampled_from(Purpose),
    "classes": classes,
    "safeguarding": st.booleans(),
}

capacities = st.builds(
    examples.an_incapacity,
    lacks_capacity=st.booleans(),
    best_interests=st.sampled_from((DECIDED, DECIDED, None, replace(DECIDED, decided_by=""))),
)
children = st.builds(
    examples.a_child,
    gillick_note_id=st.sampled_from(("note", "note", None)),
    child_agrees=st.sampled_from((None, True, False)),
    parent_agrees=st.sampled_from((None, True, False)),
)


@st.composite
def disturbed(draw: st.DrawFn, record: Record, about: Any, often: int = 1) -> Record:
    """Return the record with some fields changed: none usually, at most three."""
    count = draw(st.sampled_from((0,) * 18 + often * (1, 1, 2, 3)))
    fields = [draw(st.sampled_from(sorted(about))) for _ in range(count)]
    return replace(record, **{field: draw(about[field]) for field in fields})


@st.composite
def events(draw: st.DrawFn, **fixed: Any) -> ConsentEvent:
    """Return one consent event, usually a yes for the recipient."""
    event = examples.a_consent(
        recipients=frozenset({"recipient"}),
        recorded_at=NOON + draw(st.sampled_from((-3, -2, -2, -1, -1, 0, 1))) * HOUR,
        valid_from=OPENING,
        proxy_id="authority",
    )
    return replace(draw(disturbed(event, ABOUT_AN_EVENT, 2)), **fixed)


endings = st.sampled_from(
    (
        EventState.REFUSED,
        EventState.WITHDRAWN,
        EventState.EXPIRED,
        EventState.TERMINATED,
        EventState.INVALIDATED,
    )
).flatmap(lambda state: events(id="ending", state=state))

agreements = disturbed(
    examples.an_agreement(
        recipient_id="recipient", valid_from=OPENING, valid_until=NOON + 3 * HOUR
    ),
    ABOUT_AN_AGREEMENT,
    2,
)
authorities = disturbed(
    examples.an_authority(purposes=frozenset(Purpose), valid_from=OPENING), ABOUT_AN_AUTHORITY, 2
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[DisclosureRequest, Facts]:
    """Return a request to "recipient" and facts that may or may not permit it."""
    kind = draw(st.sampled_from(KINDS))
    request = examples.a_request(
        recipient_id="recipient", recipient_type=kind, stage=draw(st.sampled_from(Stage))
    )
    standing = examples.a_standing(agency_id="recipient", type=kind, joined_at=OPENING)
    how_many_events = draw(st.sampled_from((0, 1, 1, 2, 2, 2, 3, 3, 4)))
    how_many_agreements = draw(st.sampled_from((0, 1, 1, 1, 1, 1, 2, 2)))
    facts = Facts(
        consent_events=tuple(draw(events(id=EVENT_IDS[i])) for i in range(how_many_events)),
        agreements=tuple(
            replace(draw(agreements), id=f"agreement {i}") for i in range(how_many_agreements)
        ),
        person=draw(disturbed(examples.a_person(), ABOUT_A_PERSON)),
        recipient=draw(disturbed(standing, ABOUT_A_STANDING)),
        capacity=draw(sometimes(capacities)),
        child=draw(sometimes(children)),
        proxies=(draw(authorities),) * draw(st.integers(0, 1)),
    )
    return draw(disturbed(request, ABOUT_A_REQUEST)), facts


def sometimes(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for something that is seldom there."""
    return st.sampled_from((False,) * 5 + (True,)).flatmap(
        lambda there: strategy if there else st.none()
    )
