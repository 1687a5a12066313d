"""The closed lists of the referral's journey.

Codes are stored and exchanged; the words people read stand in the page templates' label tables.
Need codes are the seed set of the product; each is a plain tile on the referrer's form.
"""

from __future__ import annotations

from enum import StrEnum


class NeedCode(StrEnum):
    """What the person needs, as tiles; several may be chosen."""

    LONELY = "lonely"
    CANNOT_GET_OUT = "cannot_get_out"
    SHOPPING_MEALS = "shopping_meals"
    GARDEN_HOME_JOBS = "garden_home_jobs"
    LIFTS = "lifts"
    BEEN_THERE = "been_there"
    MONEY_BENEFITS = "money_benefits"
    CARING_TOO_MUCH = "caring_too_much"
    HOME_SAFETY = "home_safety"
    PARENTING = "parenting"
    DRINK_DRUGS = "drink_drugs"
    LEARN_WORK_VOLUNTEER = "learn_work_volunteer"
    EQUIPMENT = "equipment"
    WANT_TO_HELP = "want_to_help"


class ContactMethod(StrEnum):
    """How a person may be contacted, or never contacted."""

    PHONE = "phone"
    TEXT = "text"
    EMAIL = "email"
    POST = "post"
    HOME_VISIT = "home_visit"


class AccessNeed(StrEnum):
    """What a helper must provide for, so that the person can take part."""

    WHEELCHAIR = "wheelchair"
    HEARING = "hearing"
    SIGHT = "sight"
    BSL = "bsl"
    EASY_READ = "easy_read"
    STEP_FREE = "step_free"
    KEY_SAFE = "key_safe"


class Priority(StrEnum):
    """FHIR request-priority, less `stat`: the hub is not an emergency service."""

    ROUTINE = "routine"
    URGENT = "urgent"


class Capacity(StrEnum):
    """A service's own statement of its room; a stale one means unknown, never zero."""

    CAPACITY = "capacity"
    NO_CAPACITY = "no-capacity"
    WAITLIST = "waitlist"
    ADDITIONAL_ASSESSMENT_REQUIRED = "additional-assessment-required"


class ServiceStatus(StrEnum):
    """Where a directory's entry stands, in the words of Open Referral UK."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEFUNCT = "defunct"
    TEMPORARILY_CLOSED = "temporarily closed"


class Manner(StrEnum):
    """How a service helps: somebody may rather have one than another."""

    ONE_TO_ONE = "one_to_one"
    GROUP = "group"
    PEER = "peer"
    HOUSEHOLD = "household"


class TaskType(StrEnum):
    """What is done for somebody, as far as the law of checks and insurance tell tasks apart."""

    COMPANY = "company"
    GROUP_ACTIVITY = "group_activity"
    SHOPPING_WITH_MONEY = "shopping_with_money"
    SHOPPING_DELIVERED = "shopping_delivered"
    MEALS = "meals"
    BILLS = "bills"
    PERSONAL_CARE = "personal_care"
    LIFT_TO_CARE = "lift_to_care"
    LIFT_ELSEWHERE = "lift_elsewhere"
    HOME_JOBS = "home_jobs"
    HOME_CHECK = "home_check"
    ADVICE = "advice"
    AFFAIRS = "affairs"
    MENTORING = "mentoring"
    CHILD_MENTORING = "child_mentoring"
    FAMILY_SUPPORT = "family_support"
    LENDING = "lending"
    LEARNING = "learning"
    VOLUNTEERING = "volunteering"


class Span(StrEnum):
    """What a cap of minutes is for."""

    WEEK = "week"
    MONTH = "month"


class Vetting(StrEnum):
    """A check of the Disclosure and Barring Service; an enhanced one with which barred lists."""

    NONE = "none"
    BASIC = "basic"
    STANDARD = "standard"
    ENHANCED = "enhanced"
    ENHANCED_ADULTS = "enhanced_adults"
    ENHANCED_CHILDREN = "enhanced_children"
    ENHANCED_BOTH = "enhanced_both"


class InsuredBy(StrEnum):
    """Whose policy covers a task: the provider's own, or the council's umbrella."""

    OWN = "own"
    COUNCIL_UMBRELLA = "council_umbrella"


class Training(StrEnum):
    """What those who help have been trained in."""

    SAFEGUARDING = "safeguarding"
    FOOD_HYGIENE = "food_hygiene"
    MOVING_AND_HANDLING = "moving_and_handling"
    HANDLING_MONEY = "handling_money"
    MENTORING = "mentoring"
    FIRST_AID = "first_aid"
    DEMENTIA = "dementia"


class Circumstance(StrEnum):
    """What a provider may require or rule out: a fact of the person's life or home.

    The last four are about protected characteristics. Nothing is recorded of them but what a
    service says and what the person wishes; they never rank a service otherwise.
    """

    LIVES_ALONE = "lives_alone"
    HOUSEBOUND = "housebound"
    UNPAID_CARER = "unpaid_carer"
    PARENT_OF_YOUNG_CHILD = "parent_of_young_child"
    EXPECTING = "expecting"
    BEREAVED = "bereaved"
    OUT_OF_WORK = "out_of_work"
    VETERAN = "veteran"
    CARE_LEAVER = "care_leaver"
    IN_RECOVERY = "in_recovery"
    USING_NOW = "using_now"
    DEMENTIA = "dementia"
    NEEDS_PERSONAL_CARE = "needs_personal_care"
    NEEDS_TWO_HELPERS = "needs_two_helpers"
    DOG_AT_HOME = "dog_at_home"
    SMOKER_AT_HOME = "smoker_at_home"
    RISK_TO_VISITORS = "risk_to_visitors"
    WOMEN = "women"
    MEN = "men"
    FAITH_OR_CULTURE = "faith_or_culture"
    LGBT = "lgbt"


class DeclineReason(StrEnum):
    """Why a recipient said no."""

    NO_CAPACITY = "no_capacity"
    OUT_OF_AREA = "out_of_area"
    NOT_ELIGIBLE = "not_eligible"
    NOT_SUITABLE = "not_suitable"
    CANNOT_CONTACT = "cannot_contact"
    CONFLICT = "conflict"
    NEEDS_MORE_INFORMATION = "needs_more_information"
    OTHER = "other"


class ClosingOutcome(StrEnum):
    """How a task ended."""

    HELPED = "helped"
    PARTLY_HELPED = "partly_helped"
    DECLINED_BY_PERSON = "declined_by_person"
    COULD_NOT_CONTACT = "could_not_contact"
    NOT_SUITABLE = "not_suitable"
    NO_CAPACITY = "no_capacity"
    MOVED = "moved"
    DIED = "died"
    PASSED_TO_STATUTORY = "passed_to_statutory"
    DUPLICATE = "duplicate"


class GiveHelp(StrEnum):
    """Whether somebody who was helped would like to help others: most had never been asked."""

    WOULD_LIKE_TO = "would_like_to"
    NOT_NOW = "not_now"
    NOT_ASKED = "not_asked"


class ReviewOutcome(StrEnum):
    """What an officer found about an emergency access."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"
    NEEDS_ACTION = "needs_action"


class AuthorityScope(StrEnum):
    """What somebody's authority to speak for a person covers."""

    WELFARE = "welfare"
    PROPERTY = "property"
    BOTH = "both"


class StatementKind(StrEnum):
    """What a sealed statement about deciding for a person says."""

    AUTHORITY = "authority"
    ASSESSMENT = "assessment"
    BEST_INTERESTS = "best_interests"
    GILLICK = "gillick"
    PARENTAL_RESPONSIBILITY = "parental_responsibility"
    CHILD_DECISION = "child_decision"


class AgencyKind(StrEnum):
    """What kind of agency this is; the same codes as `consent.model.RecipientType`, and employers,
    whose staff raise concerns and who receive nothing.
    """

    GP_PRACTICE = "gp_practice"
    COUNCIL = "council"
    LIBRARY = "library"
    FIRE_SERVICE = "fire_service"
    VOLUNTARY_GROUP = "voluntary_group"
    TIME_BANK = "time_bank"
    PEER_MENTORING = "peer_mentoring"
    EMPLOYER = "employer"


class OutboxKind(StrEnum):
    """What an outbox row asks the worker to do."""

    OFFER = "offer"
    ACCEPTANCE = "acceptance"
    CORRECTION = "correction"
    NOTIFICATION = "notification"
    INVITATION = "invitation"
    CALLBACK = "callback"
    REMINDER = "reminder"
    ALERT = "alert"
    ADVANCE = "advance"
    MESSAGE_BACK = "message_back"
    PERSON = "person"


class OutboxState(StrEnum):
    """Where an outbox row stands. `dead` waits for a person; nothing expires quietly."""

    DUE = "due"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DEAD = "dead"
    CANCELLED = "cancelled"


class NotificationKind(StrEnum):
    """What became of an agreement or a fact after it was given (UK GDPR Articles 7, 16, 18-21)."""

    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    RENEWED = "renewed"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    OBJECTED = "objected"


class NotificationState(StrEnum):
    """Whether whoever was told has said that they acted on it."""

    WAITING = "waiting"
    CHASED = "chased"
    UNANSWERED = "unanswered"
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"
    SUPERSEDED = "superseded"


class Scope(StrEnum):
    """What a partner's client may be allowed to do, as OAuth scopes (RFC 6749 section 3.3)."""

    REFERRAL_SUBMIT = "referral.submit"
    REFERRAL_READ = "referral.read"
    CONSENT_WRITE = "consent.write"
    TASK_ANSWER = "task.answer"
    TASK_OPEN = "task.open"
    EVENTS_READ = "events.read"
    RECEIPTS_READ = "receipts.read"
    FHIR = "fhir"


class Transport(StrEnum):
    """How documents reach an agency, besides what installed packages add by their own names.

    The inbox may be accompanied by mails without content.
    """

    INBOX = "inbox"
    HTTPS_PUSH = "https_push"
    SEALED_MAIL = "sealed_mail"


class MessagesBack(StrEnum):
    """How much a sender's own system is told of what became of its referrals."""

    NONE = "none"
    ENDS = "ends"
    STEPS = "steps"


class Role(StrEnum):
    """What a signed-in member of staff, a partner system, the holder of a link or the person
    themselves is there for.
    """

    REFERRER = "referrer"
    COORDINATOR = "coordinator"
    COUNCIL_OFFICER = "council_officer"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    AGENCY_ADMIN = "agency_admin"
    COMMISSIONER = "commissioner"
    PARTNER_SYSTEM = "partner_system"
    LINK_HOLDER = "link_holder"
    PERSON = "person"
