"""A referral's needs and notes in plain words, for systems that show them to their members.

A notice board of a time bank is read by many. What goes there is `in_words` and the area, never the
person: no name, no address, nothing of health, whatever the permit would allow.
"""

from __future__ import annotations

from adapters.contract import FieldValue, ReferralDocument

WORDS = {
    "lonely": "Company and a chat",
    "cannot_get_out": "Help to get out and about",
    "shopping_meals": "Shopping or meals",
    "garden_home_jobs": "Garden or jobs around the home",
    "lifts": "A lift",
    "been_there": "Somebody who has been there",
    "money_benefits": "Help with money and benefits",
    "caring_too_much": "A break for a carer",
    "home_safety": "Making a home safer",
    "parenting": "Support for parents",
    "drink_drugs": "Support with drink or drugs",
    "learn_work_volunteer": "Learning, work or volunteering",
    "equipment": "Equipment on loan",
    "want_to_help": "Wants to help others",
}


def listed(value: FieldValue) -> list[str]:
    """The texts of a field that holds a list; an empty list for anything else."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def text(document: ReferralDocument, name: str) -> str:
    """The text of a field, or an empty one."""
    value = document.fields.get(name)
    return value if isinstance(value, str) else ""


def in_words(document: ReferralDocument) -> str:
    """The needs, joined: "A lift; Shopping or meals"."""
    codes = listed(document.fields.get("need.needs"))
    return "; ".join(WORDS.get(code, code) for code in codes)


def for_helpers(document: ReferralDocument) -> str:
    """What exactly is needed, and the sender's note, each on lines of its own.

    For the recipient's own people: it tells of care, of checks and of children.
    """
    parts = (text(document, "need.help"), text(document, "need.task_note"))
    return "\n".join(part for part in parts if part)
