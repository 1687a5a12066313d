"""What people ask the hub to do, after every field has been checked and before anything is stored.

Commands are frozen and carry typed values only; the web and the partner endpoints build them. Their
`repr` shows no field, because a command that reaches a traceback would put the person's facts in a
log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from consent.model import DataClass, EmergencyCause, EventState, GivenBy, Method
from referral_hub.domain.codes import (
    AccessNeed,
    AuthorityScope,
    Circumstance,
    ClosingOutcome,
    ContactMethod,
    DeclineReason,
    GiveHelp,
    Manner,
    NeedCode,
    Priority,
    ReviewOutcome,
    Role,
    TaskType,
)
from referral_hub.domain.nhs_number import NhsNumber


class _Redacted:
    """Mixin: a representation without any field."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} (redacted)>"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in member of staff, or a partner system, for one agency."""

    user_id: UUID
    agency_id: UUID
    role: Role


@dataclass(frozen=True, slots=True, repr=False)
class PersonDetails(_Redacted):
    """Who the referral is about."""

    first_name: str
    family_name: str
    date_of_birth: date
    nhs_number: NhsNumber | None
    area: str
    address: str | None
    postcode: str | None


@dataclass(frozen=True, slots=True, repr=False)
class ContactDetails(_Redacted):
    """How the person wishes to be contacted, and how never."""

    phone: str | None
    email: str | None
    preferred: frozenset[ContactMethod]
    never: frozenset[ContactMethod]
    note: str | None

    @property
    def unsafe(self) -> bool:
        """Whether every way was ruled out: whoever helps goes through the sender."""
        return self.never >= frozenset(ContactMethod)


@dataclass(frozen=True, slots=True, repr=False)
class AccessDetails(_Redacted):
    """Language (BCP 47 tag) and access needs."""

    language: str
    interpreter: bool
    needs: frozenset[AccessNeed]
    note: str | None


@dataclass(frozen=True, slots=True, repr=False)
class AuthorityTaken(_Redacted):
    """The authority of whoever spoke for the person.

    `seen` says which document was seen; None: none was. `until` is the last day of the authority.
    `risk` says that they may be a risk to the person.
    """

    seen: str | None
    covers: AuthorityScope
    until: date | None
    risk: bool


@dataclass(frozen=True, slots=True, repr=False)
class Assessment(_Redacted):
    """Who assessed whether the person can decide about this, and on which day."""

    by: str
    on: date


@dataclass(frozen=True, slots=True, repr=False)
class BestInterestsDecision(_Redacted):
    """Who decided in the person's best interests, on which day, and why."""

    by: str
    on: date
    why: str


@dataclass(frozen=True, slots=True, repr=False)
class ChildViews(_Redacted):
    """What a child and a parent say (None: not asked), and what allows deciding for the child."""

    child_agrees: bool | None
    parent_agrees: bool | None
    gillick: str | None
    parental_responsibility: str | None


@dataclass(frozen=True, slots=True, repr=False)
class AgreementTaken(_Redacted):
    """What the person said to sharing: to what, for whom, after which words, how, until when.

    `state` is GIVEN or REFUSED. `recipients` are the agencies named to the person. An assessment
    found the person able if they gave the answer themselves, and unable if anybody else did.
    """

    state: EventState
    recipients: frozenset[UUID]
    classes: frozenset[DataClass]
    notice_id: str
    notice_version: str
    notice_language: str
    method: Method
    given_by: GivenBy
    valid_until: date | None
    service_agreement: bool
    authority: AuthorityTaken | None = None
    assessment: Assessment | None = None
    best_interests: BestInterestsDecision | None = None
    child: ChildViews | None = None

    @property
    def told(self) -> tuple[str, str, str]:
        """Which words were told: notice, version and language."""
        return self.notice_id, self.notice_version, self.notice_language


@dataclass(frozen=True, slots=True, repr=False)
class ConcernRaised(_Redacted):
    """A safeguarding concern: why, and whether the person knows of the referral."""

    reasons: str
    person_told: bool


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Wishes(_Redacted):
    """How the person would like to be helped, and what a helper must know to be the right one.

    `first` and `never` are agencies. `tasks` say what exactly is needed, where somebody said it;
    `essential` are needs for which a missed visit would do harm. `is_so` and `is_not` are what was
    asked about the person's life, `company` with whom they would rather be. `person_chooses`: the
    council chooses who helps, and until then nobody is asked.
    """

    first: frozenset[UUID] = frozenset()
    never: frozenset[UUID] = frozenset()
    prefers: Manner | None = None
    company: frozenset[Circumstance] = frozenset()
    tasks: frozenset[TaskType] = frozenset()
    essential: frozenset[NeedCode] = frozenset()
    is_so: frozenset[Circumstance] = frozenset()
    is_not: frozenset[Circumstance] = frozenset()
    days: frozenset[str] = frozenset()
    person_chooses: bool = False


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, repr=False)
class SubmitReferral(_Redacted):
    """One referral, ready to be accepted. `draft_id` makes a second submission harmless.

    It rests on an agreement or, where one is raised, on a safeguarding concern: never on both. With
    neither, nobody has said what the person agreed to, and it is held until somebody does.

    `kept` is what the sender's system said beside it, as text that the hub returns and never reads.
    """

    draft_id: UUID
    person: PersonDetails
    contact: ContactDetails
    access: AccessDetails
    needs: frozenset[NeedCode]
    why: str
    task_note: str | None
    priority: Priority
    agreement: AgreementTaken | None
    concern: ConcernRaised | None = None
    wishes: Wishes = NO_WISHES
    kept: str | None = None

    def __post_init__(self) -> None:
        if self.agreement is not None and self.concern is not None:
            raise ValueError("a referral rests on an agreement or on a safeguarding concern")


@dataclass(frozen=True, slots=True, repr=False)
class DecideForChild(_Redacted):
    """What the accountable council decides where a child and a parent disagree, and why."""

    referral_id: UUID
    share: bool
    reasons: str


@dataclass(frozen=True, slots=True, repr=False)
class AnswerTask(_Redacted):
    """A recipient's accept or decline. `reason` is required for a decline.

    `helper_agreed`: a household that helps another was asked and said yes. `minutes_a_week` and
    `hard_case` are what the recipient expects, so that its helpers are not asked for too much.
    `version`: the task as its page showed it, where the answer must not outrun a colleague's; None
    where nobody looked.
    """

    task_id: UUID
    accept: bool
    reason: DeclineReason | None
    note: str | None
    helper_agreed: bool = False
    minutes_a_week: int | None = None
    hard_case: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class CloseTask(_Redacted):
    """The end of a task: its outcome, whether the person was told, and the next step."""

    task_id: UUID
    outcome: ClosingOutcome
    person_told: bool
    next_step: str
    give_help: GiveHelp = GiveHelp.NOT_ASKED


@dataclass(frozen=True, slots=True, repr=False)
class AskEmergencyAccess(_Redacted):
    """Somebody says that a record must be opened in an emergency, and why.

    `ticket_id` was on the page, so that sending it twice asks once.
    """

    task_id: UUID
    ticket_id: UUID
    cause: EmergencyCause
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class ReviewEmergencyAccess(_Redacted):
    """An officer's finding about an emergency access, in a code and in words."""

    alert_id: UUID
    outcome: ReviewOutcome
    words: str
