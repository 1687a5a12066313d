"""Generated cases as rows of the form of `tests/tables/consent_decisions.csv`.

A case is the ordinary one with a few things changed, and stays text until it is read: so a
disagreement is made small by leaving changes out, and what is kept can be reviewed by someone who
reads no code. Everything meets at noon on 1 July 2026, to the second on either side, so that
boundaries come up often. The limit: two agreements, two consents and one event that ends them,
one authority and one override; `tests/consent/worlds.py` generates other worlds.
"""

from collections.abc import Callable, Iterator, Sequence
from random import Random  # noqa: TID251 - a seed repeats a run; nothing here is secret

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    EventState,
    EventType,
    GivenBy,
    Purpose,
    RecipientType,
    Stage,
)
from tests.consent.examples import EVIDENCE

Row = dict[str, str]
Values = Sequence[str] | Callable[[Random], str]

COLUMNS = ("recipient", "purpose", "stage", "asked", "at", "changes")
UNUSED = dict.fromkeys(
    ("id", "situation", "outcome", "reason", "permitted", "rules", "also", "cites"), ""
)
KINDS = ("council", "council", "council", "gp_practice", *RecipientType)
PURPOSES = (
    (Purpose.SUPPORT,) * 34
    + (Purpose.EMERGENCY,) * 4
    + (Purpose.SAFEGUARDING,) * 2
    + tuple(Purpose)
)
AT = ("",) * 12 + (
    "2026-06-30 11:59:59",
    "2026-06-30 12:00:00",
    "2026-07-01 11:00:00",
    "2026-07-01 11:59:59",
    "2026-07-01 12:00:01",
    "2026-07-01 13:00:00",
    "2026-07-01 00:30:00+01:00",
    "2026-10-25 01:30:00",
    "2028-02-29 12:00:00",
    "2026-07-01 12:00:00 no zone",
)
INSTANTS = (
    "2026-06-29 12:00:00",
    "2026-06-30 11:59:59",
    "2026-06-30 12:00:00",
    "2026-06-30 12:00:01",
    "2026-07-01 00:00:00",
    "2026-07-01 10:59:59",
    "2026-07-01 11:00:00",
    "2026-07-01 11:59:59",
    "2026-07-01 12:00:00",
    "2026-07-01 12:00:01",
    "2026-07-01 13:00:00",
    "2026-07-01 13:00:00+01:00",
)
BIRTHDAYS = (
    "1950-01-01",
    "2008-06-30",
    "2008-07-01",
    "2008-07-02",
    "2010-06-30",
    "2010-07-01",
    "2010-07-02",
    "2012-02-29",
    "2016-01-01",
)
YES_NO = ("yes", "no")
PROXIES = ("attorney", "deputy", "parent", "self")
REFERENCES = (
    *EVIDENCE,
    "consent_record",
    "explicit_consent_record",
    "incapacity_record",
    "best_interests_record",
    "court_order_reference",
    "public_interest_assessment",
    "crime_record",
    "public_task_reference:blank",
    "statute_reference:blank",
)


def some(values: Sequence[str], most: int = 9) -> Callable[[Random], str]:
    """Return a maker of lists: a few of the values, or none."""

    def few(random: Random) -> str:
        return " ".join(random.sample(values, random.randint(0, min(most, len(values)))))

    return few


CLASSES = some(tuple(DataClass))
FEW_CLASSES = some(tuple(DataClass), 3)
AGENCIES = some(("time_bank", "council", "gp_practice", "AGENCY", "AGENCY"), 3)
EVENT: dict[str, Values] = {
    "subject_id": ("stranger",),
    "state": tuple(EventState),
    "event_type": tuple(EventType),
    "purpose": tuple(Purpose),
    "classes": CLASSES,
    "recipients": AGENCIES,
    "confidentiality": tuple(ConfidentialityBasis),
    "service_agreement": ("no", "no", "yes"),
    "notice_id": ("blank",),
    "notice_version": ("1", "99", "own-1", "own-0"),
    "notice_language": ("cy", "xx"),
    "own_words": ("5a" * 32, "blank"),
    "valid_from": INSTANTS,
    "valid_until": INSTANTS,
    "recorded_at": INSTANTS,
    "supersedes": ("consent", "second-consent", "ending", "unknown"),
    "given_by": tuple(GivenBy),
    "proxy_id": ("authority", "none"),
    "evidence": some(REFERENCES, 6),
}
AGREEMENT: dict[str, Values] = {
    "sender_id": ("stranger",),
    "recipient_id": ("stranger", "AGENCY"),
    "purposes": some(tuple(Purpose)),
    "classes": CLASSES,
    "article6": tuple(Article6),
    "article9": ("none", *Article9),
    "evidence": some(REFERENCES, 8),
    "valid_from": INSTANTS,
    "valid_until": INSTANTS,
}
THINGS: dict[str, dict[str, Values]] = {
    "consent": EVENT,
    "second consent": EVENT,
    "ending": EVENT,
    "agreement": AGREEMENT,
    "second agreement": AGREEMENT,
    "person": {
        "subject_id": ("stranger",),
        "never_share_with": AGENCIES,
        "conflicts": AGENCIES,
        "deceased": ("yes",),
        "date_of_birth": BIRTHDAYS,
    },
    "recipient": {
        "agency_id": ("stranger",),
        "type": ("council", "time_bank"),
        "active": ("no",),
        "key_registered": ("no",),
        "insured": ("no",),
        "joined_at": INSTANTS,
    },
    "capacity": {
        "subject_id": ("stranger", "person"),
        "lacks_capacity": YES_NO,
        "assessed_by": ("blank",),
        "assessed_at": INSTANTS,
    },
    "child": {
        "subject_id": ("stranger", "person"),
        "gillick_note_id": ("none", "blank", "spaces", "note"),
        "parental_responsibility_id": ("none", "spaces", "certificate"),
        "child_agrees": YES_NO,
        "parent_agrees": YES_NO,
        "decision_id": ("blank", "spaces", "decision"),
        "share": YES_NO,
    },
    "authority": {
        "subject_id": ("stranger",),
        "kind": PROXIES,
        "evidence_id": ("none", "blank", "spaces"),
        "purposes": some(tuple(Purpose)),
        "classes": CLASSES,
        "valid_from": INSTANTS,
        "valid_until": INSTANTS,
        "flagged": ("yes",),
    },
    "override": {
        "subject_id": ("stranger",),
        "recipient_id": ("stranger",),
        "actor_role": ("coordinator", "council_officer", "agency_admin"),
        "cause": tuple(EmergencyCause),
        "reasons_id": ("blank",),
        "opened_at": (*INSTANTS, "2026-07-01 11:50:00", "2026-07-01 11:45:01"),
        "closes_at": (*INSTANTS, "2026-07-01 12:00:02", "2026-07-01 12:10:00"),
        "used_at": ("2026-07-01 11:58:00",),
    },
    "concern": {
        "subject_id": ("stranger",),
        "reasons_id": ("blank",),
        "raised_at": (
            *("2025-07-01 12:00:00", "2025-07-01 12:00:01", "2025-07-01 11:59:59"),
            *INSTANTS,
        ),
    },
    "request": {
        "safeguarding": ("yes",),
        "actor_role": ("coordinator", "council_officer"),
        "subject_id": ("stranger",),
        "recipient_type": ("time_bank", "council"),
    },
}
OFTEN = (
    *("consent", "second consent", "ending", "agreement") * 3,
    *("second agreement", "person", "recipient", "capacity", "child", "authority") * 2,
    "request",
)
ATTORNEY = ("consent.given_by = attorney", "consent.proxy_id = authority")
SEEN = (*ATTORNEY, "authority.kind = attorney")
PARENT = ("consent.given_by = parent", "consent.proxy_id = authority", "authority.kind = parent")
NOBODY = ("consent.given_by = best_interests", "consent.confidentiality = best_interests")
SIXTEEN_TODAY = "person.date_of_birth = 2010-07-01"
DEPUTY = ("consent.given_by = deputy", "consent.proxy_id = authority", "authority.kind = deputy")
GILLICK = ("child.gillick_note_id = note",)
EDGES = (
    "opened_at = 2026-07-01 12:00:00",
    "closes_at = 2026-07-01 12:00:00",
    "closes_at = 2026-07-01 12:10:01",
)
TOGETHER = (
    ATTORNEY,
    (*ATTORNEY, "authority.flagged = yes"),
    (*ATTORNEY, "authority.purposes = emergency safeguarding"),
    (*ATTORNEY, "authority.evidence_id = spaces"),
    (*SEEN, "capacity.lacks_capacity = no"),
    (*SEEN, "person.date_of_birth = 2008-07-01"),
    (*SEEN, "person.date_of_birth = 2008-07-02"),
    (*DEPUTY, "person.date_of_birth = 2010-07-01"),
    (*DEPUTY, "person.date_of_birth = 2010-07-02", *GILLICK),
    (*ATTORNEY, "authority.classes = need finance identity"),
    (*ATTORNEY, "authority.valid_until = 2026-07-01 12:00:00"),
    (*ATTORNEY, "authority.valid_from = 2026-06-30 12:00:01"),
    (*PARENT, "person.date_of_birth = 2008-07-01", "capacity.lacks_capacity = yes"),
    (*PARENT, "person.date_of_birth = 2008-07-02", "capacity.lacks_capacity = yes"),
    ("consent.recipients = ",),
    (*PARENT, "person.date_of_birth = 2010-07-01"),
    (*PARENT, "person.date_of_birth = 2010-07-01", "capacity.lacks_capacity = yes"),
    ("consent.given_by = best_interests",),
    (*NOBODY, "capacity.lacks_capacity = yes"),
    (*NOBODY, "capacity.lacks_capacity = yes", "person.date_of_birth = 2010-07-01"),
    (*NOBODY, "capacity.lacks_capacity = yes", "person.date_of_birth = 2010-07-02", *GILLICK),
    ("capacity.lacks_capacity = yes", "capacity.assessed_by = blank"),
    ("child.child_agrees = no", "child.parent_agrees = yes", "child.decision_id = decision"),
    (
        "child.child_agrees = no",
        "child.parent_agrees = yes",
        "child.decision_id = decision",
        "child.share = yes",
    ),
    ("agreement.article6 = d",),
    ("agreement.article6 = d", "capacity.lacks_capacity = no"),
    ("agreement.evidence = professional_secrecy",),
    ("agreement.article6 = d", "capacity.lacks_capacity = yes"),
    ("agreement.article9 = c", "capacity.lacks_capacity = no"),
    ("agreement.article9 = none",),
    ("agreement.article9 = g", "agreement.evidence = public_task_reference schedule_1_condition"),
    ("agreement.article9 = a", "consent.event_type = expressed"),
    ("consent.confidentiality = best_interests", "capacity.lacks_capacity = yes"),
    ("consent.confidentiality = implied_consent_direct_care", "consent.service_agreement = no"),
    ("consent.valid_from = 2026-07-01 12:00:01",),
    ("consent.supersedes = consent",),
    ("second consent.supersedes = consent", "second consent.classes = need"),
    ("ending.state = withdrawn",),
    ("ending.recipients = AGENCY", "ending.classes = need identity"),
    ("recipient.insured = no",),
    ("recipient.joined_at = 2026-06-30 12:00:01",),
    ("capacity.lacks_capacity = yes", "no best interests"),
    ("capacity.lacks_capacity = yes", "best interests.decided_by = blank"),
    ("child.child_agrees = yes", "child.parent_agrees = no"),
    ("child.child_agrees = no", "child.parent_agrees = no"),
    ("child.child_agrees = no", "child.parent_agrees = no", SIXTEEN_TODAY),
    ("child.child_agrees = no", "child.decision_id = decision", SIXTEEN_TODAY),
    ("agreement.article6 = f", "agreement.evidence = professional_secrecy"),
    ("agreement.article9 = c",),
    ("child.child_agrees = no",),
    ("child.parent_agrees = no", "child.decision_id = decision"),
    ("child.gillick_note_id = none", "person.date_of_birth = 2010-07-02"),
    ("person.deceased = yes",),
    ("person.never_share_with = AGENCY",),
    ("consent.valid_until = 2026-07-01 12:00:00",),
    ("consent.valid_from = 2026-07-01 12:00:00",),
    ("agreement.valid_until = 2026-07-01 12:00:00",),
    ("agreement.valid_from = 2026-07-01 12:00:00",),
    ("authority.valid_from = 2026-06-30 12:00:00", *ATTORNEY),
    ("consent.recorded_at = 2026-07-01 12:00:00",),
    ("ending.state = withdrawn", "ending.recorded_at = 2026-07-01 12:00:00"),
    ("ending.state = refused", "ending.recorded_at = 2026-06-30 12:00:00"),
    ("ending.classes = need identity", "ending.recorded_at = 2026-06-30 12:00:00"),
    (
        "second consent.supersedes = consent",
        "second consent.classes = need",
        "second consent.recorded_at = 2026-07-01 12:00:00",
    ),
    (
        "child.child_agrees = yes",
        "child.parent_agrees = no",
        "person.date_of_birth = 2010-07-01",
    ),
    ("recipient.joined_at = 2026-06-30 12:00:00",),
    ("child.gillick_note_id = none", "person.date_of_birth = 2010-07-01"),
    ("no consent",),
    ("no agreement",),
    ("no person",),
    ("no recipient",),
    ("no consent", "second consent.state = renewed"),
)


def generated(seed: int) -> Iterator[Row]:
    """Yield rows without end; the same seed yields the same rows."""
    random = Random(seed)  # noqa: S311 - repeatable cases, not secrets
    while True:
        yield _row(random)


def _row(random: Random) -> Row:
    agency = random.choice(KINDS)
    purpose = random.choice(PURPOSES)
    changes = [_change(random, random.choice(OFTEN)) for _ in range(_how_many(random))]
    if random.random() < 0.6:
        changes += random.choice(TOGETHER)
    if purpose == Purpose.SAFEGUARDING and random.random() < 0.9:
        agency = random.choice(("council", "council", agency))
        changes += [_change(random, "concern"), "concern.id = concern"]
    if purpose == Purpose.EMERGENCY and random.random() < 0.9:
        changes += _an_override(random)
    changes.sort(key=lambda change: change.startswith("no "))
    asked = "everything" if random.random() < 0.1 else FEW_CLASSES(random)
    return {
        "recipient": str(agency),
        "purpose": purpose.value,
        "stage": random.choice(tuple(Stage)).value,
        "asked": asked or random.choice(tuple(DataClass)).value,
        "at": random.choice(AT),
        "changes": "; ".join(change.replace("AGENCY", agency) for change in changes),
    }


def _how_many(random: Random) -> int:
    return random.choice((0, 0, 0, 1, 1, 1, 2, 2, 3, 4))


def _an_override(random: Random) -> Iterator[str]:
    yield "request.actor_role = coordinator"
    yield "override.cause = " + random.choice(tuple(EmergencyCause))
    if random.random() < 0.2:
        yield "override." + random.choice(EDGES)
    if random.random() < 0.2:
        yield "capacity.lacks_capacity = no"
    if random.random() < 0.4:
        yield _change(random, "override")


def _change(random: Random, thing: str) -> str:
    field = random.choice(tuple(THINGS[thing]))
    values = THINGS[thing][field]
    value = values(random) if callable(values) else random.choice(values)
    return f"{thing}.{field} = {value}"


def smaller(row: Row) -> Iterator[Row]:
    """Yield the row with one thing less: a change left out, a column as in the ordinary case."""
    changes = row["changes"].split("; ") if row["changes"] else []
    for index in range(len(changes)):
        yield {**row, "changes": "; ".join(changes[:index] + changes[index + 1 :])}
    for column in COLUMNS[:-1]:
        if row[column]:
            yield {**row, column: ""}
    asked = row["asked"].split()
    if row["asked"] == "everything":
        asked = list(DataClass)
    for name in asked:
        if len(asked) > 1:
            yield {**row, "asked": name}
