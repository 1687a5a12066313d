"""What a decision is made from and what it is: frozen values, no behaviour.

Three things are all called consent and are three fields, never one boolean: the data protection
basis (Articles 6 and 9, carried by the sharing agreement), the confidentiality basis (carried by
the person's consent event) and the agreement to receive the service (`service_agreement`).

Ids are plain strings and opaque. Instants are time-zone-aware and are kept in UTC: a London wall
clock time is ambiguous for an hour each autumn, so it is converted on the way in and a time
without a zone is refused. Intervals include their start and exclude their end.

The limit: these values hold ids and references, never the content of a referral, and their `repr`
shows no field, because a log line that prints one must not name a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from consent.codes import (
    Article6,
    Article9,
    Clearer,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    EventState,
    EventType,
    GivenBy,
    HoldReason,
    Method,
    Obligation,
    Purpose,
    RecipientType,
    RefusalReason,
    RuleId,
    Stage,
)

__all__ = [
    "Article6",
    "Article9",
    "Basis",
    "BestInterests",
    "CapacityRecord",
    "ChildRecord",
    "Clearer",
    "Concern",
    "ConfidentialityBasis",
    "ConsentError",
    "ConsentEvent",
    "DataClass",
    "DisclosureRequest",
    "EmergencyCause",
    "EventState",
    "EventType",
    "Facts",
    "GivenBy",
    "Ground",
    "Hold",
    "HoldReason",
    "Method",
    "Obligation",
    "Outcome",
    "Override",
    "Permit",
    "PersonFlags",
    "ProxyAuthority",
    "Purpose",
    "RecipientStanding",
    "RecipientType",
    "RefusalReason",
    "Refuse",
    "RuleId",
    "SharingAgreement",
    "Stage",
]


class ConsentError(ValueError):
    """A value that the consent package cannot accept. The message names the field only."""


class _Redacted:
    """A base whose `repr` shows the type and no field."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} redacted>"


def _in_utc(record: object, *names: str) -> None:
    """Convert the named instants of a frozen record to UTC; refuse one without a zone."""
    for name in names:
        value = getattr(record, name)
        if value is None or value.tzinfo is UTC:
            continue
        if value.utcoffset() is None:
            raise ConsentError(f"{type(record).__name__}.{name} needs a time zone: pass UTC")
        object.__setattr__(record, name, value.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Basis:
    """The lawful footing of a disclosure. `evidence` maps an evidence code to a reference id."""

    article6: Article6
    article9: Article9 | None
    confidentiality: ConfidentialityBasis
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True, repr=False)
class ConsentEvent(_Redacted):
    """One entry of a person's consent ledger: appended, never edited, superseded by a later one.

    `recipients` are agency ids, each named to the person. An event that gives or renews grants
    nothing to an empty list of recipients or classes; an event that ends (refused, withdrawn,
    expired, terminated, invalidated) and names none of them ends all of them for its purpose.
    `evidence` holds what the confidentiality basis needs (evidence code to reference id).
    `own_words` is the SHA-256 of the words that were told, where they are the sender's own: the
    sender keeps their text. Words that came with the hub need none.
    """

    id: str
    subject_id: str
    state: EventState
    event_type: EventType
    purpose: Purpose
    classes: frozenset[DataClass]
    recipients: frozenset[str]
    confidentiality: ConfidentialityBasis
    service_agreement: bool
    notice_id: str
    notice_version: str
    notice_language: str
    method: Method
    given_by: GivenBy
    taken_by: str
    valid_from: datetime
    valid_until: datetime | None
    recorded_at: datetime
    proxy_id: str | None = None
    supersedes: str | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)
    own_words: str = ""

    def __post_init__(self) -> None:
        _in_utc(self, "valid_from", "valid_until", "recorded_at")


@dataclass(frozen=True, slots=True)
class SharingAgreement:
    """Sender and recipient agreed in writing what may go, for what, and on which legal basis."""

    id: str
    sender_id: str
    recipient_id: str
    purposes: frozenset[Purpose]
    classes: frozenset[DataClass]
    article6: Article6
    article9: Article9 | None
    evidence: Mapping[str, str]
    valid_from: datetime
    valid_until: datetime

    def __post_init__(self) -> None:
        _in_utc(self, "valid_from", "valid_until")


@dataclass(frozen=True, slots=True, repr=False)
class ProxyAuthority(_Redacted):
    """Someone who may speak for the person. `evidence_id` is the document that was seen."""

    id: str
    subject_id: str
    kind: GivenBy
    evidence_id: str | None
    purposes: frozenset[Purpose]
    classes: frozenset[DataClass]
    valid_from: datetime
    valid_until: datetime | None
    flagged: bool = False

    def __post_init__(self) -> None:
        _in_utc(self, "valid_from", "valid_until")


@dataclass(frozen=True, slots=True, repr=False)
class BestInterests(_Redacted):
    """Who decided in the person's best interests, when, and where the reasons are written."""

    decided_by: str
    decided_at: datetime
    reasons_id: str

    def __post_init__(self) -> None:
        _in_utc(self, "decided_at")


@dataclass(frozen=True, slots=True, repr=False)
class CapacityRecord(_Redacted):
    """The person's capacity to decide about this sharing (Mental Capacity Act 2005).

    A blank `assessed_by` says that nobody has recorded an assessment yet.
    """

    id: str
    subject_id: str
    lacks_capacity: bool
    assessed_by: str
    assessed_at: datetime
    best_interests: BestInterests | None = None

    def __post_init__(self) -> None:
        _in_utc(self, "assessed_at")


@dataclass(frozen=True, slots=True, repr=False)
class ChildRecord(_Redacted):
    """What is known about deciding for a child. References, and who agrees (None: not asked).

    Where child and parent disagree, `decision_id` is what the council's owner wrote and `share`
    what they decided.
    """

    id: str
    subject_id: str
    gillick_note_id: str | None = None
    parental_responsibility_id: str | None = None
    child_agrees: bool | None = None
    parent_agrees: bool | None = None
    decision_id: str | None = None
    share: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Concern(_Redacted):
    """A safeguarding concern that somebody raised, and where their reasons are written."""

    id: str
    subject_id: str
    reasons_id: str
    raised_at: datetime

    def __post_init__(self) -> None:
        _in_utc(self, "raised_at")


@dataclass(frozen=True, slots=True, repr=False)
class Override(_Redacted):
    """An emergency access: by whom in which role, with reasons of substance, boxed in time."""

    id: str
    subject_id: str
    recipient_id: str
    actor_role: str
    cause: EmergencyCause
    reasons_id: str
    opened_at: datetime
    closes_at: datetime
    used_at: datetime | None = None

    def __post_init__(self) -> None:
        _in_utc(self, "opened_at", "closes_at", "used_at")


@dataclass(frozen=True, slots=True, repr=False)
class PersonFlags(_Redacted):
    """What the person, or their safety, has ruled out. Agencies are ids."""

    subject_id: str
    never_share_with: frozenset[str] = frozenset()
    conflicts: frozenset[str] = frozenset()
    deceased: bool = False
    date_of_birth: date | None = None
    no_contact_by: frozenset[str] = frozenset()
    unsafe_to_contact: bool = False


@dataclass(frozen=True, slots=True)
class RecipientStanding:
    """Whether the recipient may be trusted with anything today, and since when it takes part."""

    agency_id: str
    type: RecipientType
    active: bool
    key_registered: bool
    insured: bool
    joined_at: datetime

    def __post_init__(self) -> None:
        _in_utc(self, "joined_at")


@dataclass(frozen=True, slots=True, repr=False)
class DisclosureRequest(_Redacted):
    """One question: may these classes about this person go from this sender to that recipient?

    `actor_role` is read by rule R12; `channel` is recorded with the decision and read by no rule.
    """

    subject_id: str
    sender_id: str
    recipient_id: str
    recipient_type: RecipientType
    purpose: Purpose
    stage: Stage
    classes: frozenset[DataClass]
    channel: str
    actor_role: str
    safeguarding: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Facts(_Redacted):
    """Everything the rules may look at. A fact that is not here does not exist for them.

    `overrides` are read by rule R12 and `concerns` by rule R13, and by no rule of another purpose.
    """

    consent_events: tuple[ConsentEvent, ...]
    agreements: tuple[SharingAgreement, ...]
    person: PersonFlags | None
    recipient: RecipientStanding | None
    overrides: tuple[Override, ...] = ()
    capacity: CapacityRecord | None = None
    child: ChildRecord | None = None
    proxies: tuple[ProxyAuthority, ...] = ()
    concerns: tuple[Concern, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """One agreement with one consent event, and the classes that this pair carries.

    `cites` are the ids of the agreement, the consent event and the proxy's authority if any.
    """

    classes: frozenset[DataClass]
    basis: Basis
    cites: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Permit:
    """These fields may go until `until` (exclusive), and no others.

    `basis` is that of the first, widest ground; `grounds` lists every one that was needed.
    `withheld` says for each class that was asked for and is not permitted why not.
    """

    classes: frozenset[DataClass]
    fields: frozenset[str]
    basis: Basis
    cites: tuple[str, ...]
    rules: tuple[RuleId, ...]
    obligations: tuple[Obligation, ...]
    until: datetime
    policy_hash: str
    grounds: tuple[Ground, ...]
    withheld: Mapping[DataClass, RefusalReason]


@dataclass(frozen=True, slots=True)
class Hold:
    """It waits for `clearer`. `also` lists what else would still stand in the way."""

    reason: HoldReason
    missing: str
    clearer: Clearer
    rules: tuple[RuleId, ...]
    cites: tuple[str, ...]
    policy_hash: str
    fix: str
    also: tuple[HoldReason, ...] = ()
    obligations: tuple[Obligation, ...] = (Obligation.COUNT_AND_REVIEW,)


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing may go. `missing` and `fix` are plain sentences; `clearer` can put it right."""

    reason: RefusalReason
    missing: str
    fix: str
    clearer: Clearer
    rules: tuple[RuleId, ...]
    cites: tuple[str, ...]
    policy_hash: str
    also: tuple[RefusalReason | HoldReason, ...] = ()
    obligations: tuple[Obligation, ...] = (Obligation.COUNT_AND_REVIEW,)


Outcome = Permit | Hold | Refuse
