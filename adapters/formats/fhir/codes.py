"""The systems and codes that are exchanged, each with who publishes it.

What NHS England, HL7 and SNOMED publish is used where it says what the hub means. The hub's own
systems stand only where no published code list has the distinction: what a person needs, the kinds
of data they agree to, and how they never wish to be contacted.
"""

from __future__ import annotations

# The official JSON Schema lists versions up to 4.0.0; 4.0.1 corrected words and changed no shape.
FHIR_VERSION = "4.0.0"
CONTENT_TYPE = "application/fhir+json"

EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
CATEGORIES = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
HTTP_ERRORS = "https://fhir.nhs.uk/Codesystem/http-error-codes"
MESSAGE_DEFINITION = "https://fhir.nhs.uk/MessageDefinition/bars-message-"
REQUEST, RESPONSE = "servicerequest-request", "servicerequest-response"
NEW, UPDATE, DELETE = "new", "update", "delete"

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODES = (
    "https://fhir.nhs.uk/Id/ods-organization-code",
    "https://fhir.nhs.uk/id/ods-organization-code",
)
SNOMED = "http://snomed.info/sct"
SOCIAL_PRESCRIBING = ("871731000000106", "Referral to social prescribing service")
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CONSENT_CATEGORY = "http://terminology.hl7.org/CodeSystem/consentcategorycodes"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
VERIFICATION = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
)
VERIFICATION_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
LANGUAGES = "urn:ietf:bcp:47"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"

_HUB = "https://referral-hub.example/fhir"
HUB_AGENCY = f"{_HUB}/Id/agency"
HUB_REFERENCE = f"{_HUB}/Id/referral-reference"
HUB_TASK = f"{_HUB}/Id/task"
HUB_AREA = f"{_HUB}/CodeSystem/area"
HUB_NEED = f"{_HUB}/CodeSystem/need"
HUB_DATA_CLASS = f"{_HUB}/CodeSystem/data-class"
HUB_CONTACT = f"{_HUB}/CodeSystem/contact-method"
HUB_ACCESS = f"{_HUB}/CodeSystem/access-need"
HUB_METHOD = f"{_HUB}/CodeSystem/consent-method"
HUB_DECLINE = f"{_HUB}/CodeSystem/decline-reason"
HUB_OUTCOME = f"{_HUB}/CodeSystem/closing-outcome"
HUB_STATE = f"{_HUB}/CodeSystem/task-state"
HUB_TASK_TYPE = f"{_HUB}/CodeSystem/task-type"
HUB_NOTICE = f"{_HUB}/notice"
AREA = f"{_HUB}/StructureDefinition/area"
CONTACT_PREFERRED = f"{_HUB}/StructureDefinition/contact-preferred"
CONTACT_NEVER = f"{_HUB}/StructureDefinition/contact-never"
ACCESS_NEED = f"{_HUB}/StructureDefinition/access-need"
CONSENT_HOW = f"{_HUB}/StructureDefinition/consent-method"
SERVICE_AGREED = f"{_HUB}/StructureDefinition/agrees-to-service"
PERSON_TOLD = f"{_HUB}/StructureDefinition/person-told"
LOG_ENTRY = f"{_HUB}/StructureDefinition/log-entry"
PREFERRED_MANNER = f"{_HUB}/StructureDefinition/preferred-manner"
PREFERRED_COMPANY = f"{_HUB}/StructureDefinition/preferred-company"
NEVER_THIS_ONE = f"{_HUB}/StructureDefinition/never-this-one"
ESSENTIAL_NEED = f"{_HUB}/StructureDefinition/essential-need"
IS_SO = f"{_HUB}/StructureDefinition/is-so"
IS_NOT = f"{_HUB}/StructureDefinition/is-not"
COUNCIL_CHOOSES = f"{_HUB}/StructureDefinition/council-chooses"
WISHES = (
    PREFERRED_MANNER, PREFERRED_COMPANY, NEVER_THIS_ONE, ESSENTIAL_NEED, IS_SO, IS_NOT,
    COUNCIL_CHOOSES,
)  # fmt: skip
