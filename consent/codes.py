"""The vocabulary of a decision, as closed lists.

Each list is an enumeration so that a spelling mistake cannot become a new kind of consent. The
members are stored, logged and shown by their value; a value is never reused for another meaning.
What the codes *require* (evidence, wording, minimum sets) is not here but in `consent/tables`,
where an officer can change it without reading Python.

Sources: UK GDPR Articles 6 and 9 (with the recognised legitimate interest of the Data (Use and
Access) Act 2025), the common law duty of confidentiality, ISO/IEC TS 27560:2023.
"""

from enum import StrEnum


class DataClass(StrEnum):
    """What kind of thing is told. Each class is sealed, asked for and permitted separately."""

    IDENTITY = "identity"
    CONTACT = "contact"
    NEED = "need"
    ACCESS_NEEDS = "access_needs"
    CONTEXT = "context"
    HEALTH = "health"
    RISK = "risk"
    SENSITIVE = "sensitive"
    FINANCE = "finance"


class Purpose(StrEnum):
    """Why it is told. `oversight` shows metadata only, so it never discloses a field."""

    SUPPORT = "support"
    SAFEGUARDING = "safeguarding"
    EMERGENCY = "emergency"
    OVERSIGHT = "oversight"


class EmergencyCause(StrEnum):
    """Why somebody opens a record in an emergency: decides the lawful footing it stands on."""

    LIFE_AT_RISK = "life_at_risk"
    OTHERS_AT_RISK = "others_at_risk"
    CANNOT_BE_FOUND = "cannot_be_found"
    CIVIL_EMERGENCY = "civil_emergency"


class RecipientType(StrEnum):
    """What kind of agency would receive it: decides the most that it can ever be told."""

    TIME_BANK = "time_bank"
    PEER_MENTORING = "peer_mentoring"
    COUNCIL = "council"
    LIBRARY = "library"
    FIRE_SERVICE = "fire_service"
    VOLUNTARY_GROUP = "voluntary_group"
    GP_PRACTICE = "gp_practice"


class Stage(StrEnum):
    """`offer`: enough to say yes or no. `accepted`: enough to begin helping."""

    OFFER = "offer"
    ACCEPTED = "accepted"


class Article6(StrEnum):
    """UK GDPR Article 6(1) lawful basis; `ea` is the recognised legitimate interest."""

    CONSENT = "a"
    LEGAL_OBLIGATION = "c"
    VITAL_INTERESTS = "d"
    PUBLIC_TASK = "e"
    RECOGNISED_INTEREST = "ea"
    LEGITIMATE_INTERESTS = "f"


class Article9(StrEnum):
    """UK GDPR Article 9(2) condition, needed on top of Article 6 for special categories."""

    EXPLICIT_CONSENT = "a"
    VITAL_INTERESTS = "c"
    SUBSTANTIAL_PUBLIC_INTEREST = "g"
    HEALTH_OR_SOCIAL_CARE = "h"


class ConfidentialityBasis(StrEnum):
    """Why the common law duty of confidentiality allows it: not the same as Article 6."""

    EXPLICIT_CONSENT = "explicit_consent"
    IMPLIED_CONSENT_DIRECT_CARE = "implied_consent_direct_care"
    STATUTE = "statute"
    COURT_ORDER = "court_order"
    PUBLIC_INTEREST = "public_interest"
    BEST_INTERESTS = "best_interests"


class EventState(StrEnum):
    """ISO/IEC TS 27560 event_state. Only `given` and `renewed` permit."""

    REQUESTED = "requested"
    GIVEN = "given"
    RENEWED = "renewed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    INVALIDATED = "invalidated"


class EventType(StrEnum):
    """ISO/IEC TS 27560 event_type: how plainly the person said it."""

    EXPLICIT = "explicit"
    EXPRESSED = "expressed"
    IMPLIED = "implied"


class Method(StrEnum):
    """How it was given."""

    IN_PERSON = "in_person"
    PHONE = "phone"
    WRITTEN = "written"
    DIGITAL = "digital"


class GivenBy(StrEnum):
    """Who said it. Parent, attorney and deputy need a recorded authority (rule R08).

    `best_interests`: nobody could; it was decided in the person's best interests (rule R09).
    """

    SELF = "self"
    PARENT = "parent"
    ATTORNEY = "attorney"
    DEPUTY = "deputy"
    BEST_INTERESTS = "best_interests"


class RuleId(StrEnum):
    """The rules by number. R00 is the default: what cannot be established is refused."""

    R00 = "R00"
    R01 = "R01"
    R02 = "R02"
    R03 = "R03"
    R04 = "R04"
    R05 = "R05"
    R06 = "R06"
    R07 = "R07"
    R08 = "R08"
    R09 = "R09"
    R10 = "R10"
    R11 = "R11"
    R12 = "R12"
    R13 = "R13"
    R14 = "R14"
    R15 = "R15"


class RefusalReason(StrEnum):
    """Why nothing may go. `consent/tables/words.toml` says each one in plain words."""

    PERSON_NOT_KNOWN = "person_not_known"
    RECIPIENT_NOT_KNOWN = "recipient_not_known"
    FACTS_DISAGREE = "facts_disagree"
    NOT_DECIDABLE = "not_decidable"
    NOT_PERMITTED = "not_permitted"
    RECIPIENT_INACTIVE = "recipient_inactive"
    RECIPIENT_KEY_MISSING = "recipient_key_missing"
    RECIPIENT_UNINSURED = "recipient_uninsured"
    NO_AGREEMENT = "no_agreement"
    AGREEMENT_OUT_OF_DATE = "agreement_out_of_date"
    AGREEMENT_OTHER_PURPOSE = "agreement_other_purpose"
    AGREEMENT_OTHER_CLASSES = "agreement_other_classes"
    ARTICLE_9_MISSING = "article_9_missing"
    EVIDENCE_MISSING = "evidence_missing"
    NO_CONFIDENTIALITY_BASIS = "no_confidentiality_basis"
    BASIS_UNSUITABLE = "basis_unsuitable"
    BASIS_EVIDENCE_MISSING = "basis_evidence_missing"
    NO_SERVICE_AGREEMENT = "no_service_agreement"
    RECIPIENT_NOT_NAMED = "recipient_not_named"
    RECIPIENT_JOINED_LATER = "recipient_joined_later"
    CONSENT_ONLY_REQUESTED = "consent_only_requested"
    CONSENT_NOT_YET_VALID = "consent_not_yet_valid"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_SUPERSEDED = "consent_superseded"
    CONSENT_TERMINATED = "consent_terminated"
    CONSENT_INVALIDATED = "consent_invalidated"
    NOTHING_ASKED = "nothing_asked"
    PURPOSE_DISCLOSES_NOTHING = "purpose_discloses_nothing"
    BEYOND_MINIMUM_SET = "beyond_minimum_set"
    PURPOSE_NOT_COVERED = "purpose_not_covered"
    CLASSES_NOT_COVERED = "classes_not_covered"
    PERSON_SAID_NEVER = "person_said_never"
    NAMED_CONFLICT = "named_conflict"
    PROXY_WITHOUT_AUTHORITY = "proxy_without_authority"
    PROXY_OUT_OF_SCOPE = "proxy_out_of_scope"
    PROXY_EXPIRED = "proxy_expired"
    PROXY_FLAGGED = "proxy_flagged"
    CHILD_DECIDED_AGAINST = "child_decided_against"
    ABLE_TO_CONSENT = "able_to_consent"
    SAFEGUARDING_ROUTE = "safeguarding_route"
    EMERGENCY_ROLE = "emergency_role"
    EMERGENCY_REASONS_MISSING = "emergency_reasons_missing"
    EMERGENCY_USED = "emergency_used"
    EMERGENCY_OUT_OF_TIME = "emergency_out_of_time"


class HoldReason(StrEnum):
    """Why it waits for a named kind of person. Nothing goes while it waits."""

    ASSESSMENT_MISSING = "assessment_missing"
    BEST_INTERESTS_MISSING = "best_interests_missing"
    CHILD_AUTHORITY_MISSING = "child_authority_missing"
    CHILD_AND_PARENT_DISAGREE = "child_and_parent_disagree"
    EMERGENCY_NEEDS_A_PERSON = "emergency_needs_a_person"
    SAFEGUARDING_NEEDS_A_PERSON = "safeguarding_needs_a_person"
    PERSON_HAS_DIED = "person_has_died"


class Clearer(StrEnum):
    """Who can clear a hold, or put a refusal right."""

    SENDER_AGENCY = "sender_agency"
    RECIPIENT_AGENCY = "recipient_agency"
    COUNCIL_OWNER = "council_owner"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    PRIVACY_OFFICER = "privacy_officer"


class Obligation(StrEnum):
    """What must be done because of the decision."""

    COUNT_AND_REVIEW = "count_and_review"
    NO_ONWARD_SHARING = "no_onward_sharing"
    DELETE_IF_DECLINED = "delete_if_declined"
    HONOUR_CONTACT_LIMITS = "honour_contact_limits"
    CONTACT_THROUGH_SENDER = "contact_through_sender"
    SHOW_WHAT_WAS_WITHHELD = "show_what_was_withheld"
    ALERT_PRIVACY_OFFICER = "alert_privacy_officer"
    REVIEW_BY_SOMEONE_ELSE = "review_by_someone_else"
