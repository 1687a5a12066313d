"""Words for fields and codes on a sheet: those of the hub's own pages, as a test compares."""

from __future__ import annotations

from adapters.contract import DocumentKind

FIELDS = {
    "identity.first_name": "First name",
    "identity.family_name": "Last name",
    "identity.date_of_birth": "Date of birth",
    "identity.nhs_number": "NHS number",
    "contact.area": "Area",
    "contact.address": "Address",
    "contact.phone": "Phone",
    "contact.email": "Email",
    "contact.preferences": "How to make contact",
    "need.needs": "What would help",
    "need.help": "What exactly",
    "need.task_note": "Note for helpers",
    "access_needs.access": "Access needs",
    "access_needs.language": "Language",
    "context.note": "Household and carers",
    "health.why": "Why",
    "risk.note": "For visitors’ safety",
    "sensitive.note": "Especially sensitive",
    "finance.note": "Money",
}
NEEDS = {
    "lonely": "Lonely or isolated",
    "cannot_get_out": "Cannot get out of the house",
    "shopping_meals": "Shopping or meals",
    "garden_home_jobs": "Garden or jobs in the home",
    "lifts": "Lifts to places",
    "been_there": "Someone who has been there",
    "money_benefits": "Money or benefits",
    "caring_too_much": "Caring for someone and finding it hard",
    "home_safety": "Home safety, fire or falls",
    "parenting": "Parenting",
    "drink_drugs": "Drink or drugs",
    "learn_work_volunteer": "Learning, work or volunteering",
    "equipment": "Equipment for daily life",
    "want_to_help": "Would like to help others",
}
CONTACT = {
    "phone": "Phone call",
    "text": "Text message",
    "email": "Email",
    "post": "Letter",
    "home_visit": "Home visit",
}
ACCESS = {
    "wheelchair": "Uses a wheelchair",
    "hearing": "Hard of hearing or deaf",
    "sight": "Blind or sees poorly",
    "bsl": "British Sign Language",
    "easy_read": "Easy Read information",
    "step_free": "No steps or stairs",
    "key_safe": "Key safe at the door",
}
PRIORITIES = {
    "routine": "Routine",
    "urgent": "Urgent: within days",
}
KINDS = {
    DocumentKind.OFFER: "Referral",
    DocumentKind.ACCEPTANCE: "Referral that you accepted",
    DocumentKind.WITHDRAWAL: "Withdrawn: stop, and delete every copy",
    DocumentKind.REFUSAL: "The person has said no: stop, and delete every copy",
    DocumentKind.RENEWAL: "The person has agreed again: go on",
    DocumentKind.EXPIRING: "The agreement ends soon",
    DocumentKind.EXPIRY: "The agreement has ended: stop using what you were told",
    DocumentKind.CORRECTION: "Something was wrong: the right values follow",
    DocumentKind.RESTRICTION: "Nothing may be used for now",
    DocumentKind.OBJECTION: "The person objects: stop",
}
