"""A staged referral, as charity case systems in the manner of Charitylog take it.

`PUT /v2/external_referral` with the hub's id for the referral: putting it twice is once. It waits
there until somebody matches it to a client and imports or rejects it. Only what the permit allows
is written; members without a value are left out, because an empty text would overwrite.

The shape follows what is published about such systems; it was not tried against one.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from adapters.contract import (
    DocumentKind,
    FieldValue,
    FormatAbout,
    FormatError,
    Option,
    ReferralDocument,
)
from adapters.formats import needs

_CLIENT = {
    "identity.first_name": "forename",
    "identity.family_name": "surname",
    "identity.date_of_birth": "date_of_birth",
    "identity.nhs_number": "nhs_number",
    "contact.area": "area",
    "contact.address": "address",
    "contact.phone": "telephone",
    "contact.email": "email",
    "contact.preferences": "contact_preferences",
    "access_needs.language": "language",
    "access_needs.access": "access_needs",
}


class CharitylogReferral:
    """`addressing` may hold `organisation`, `project` and `branch`, as that system calls them."""

    content_type = "application/json"
    about = FormatAbout(
        "Staged referral, as Charitylog takes it",
        kinds=frozenset({DocumentKind.OFFER, DocumentKind.ACCEPTANCE}),
        options=(
            Option("organisation", "Organisation", ".{1,100}", "As that system calls it"),
            Option("project", "Project", ".{1,100}", "As that system calls it"),
            Option("branch", "Branch", ".{1,100}", "As that system calls it"),
        ),
        plain=True,
        method="PUT",
        already=frozenset({409}),
        known_by="task",
    )

    def write(self, document: ReferralDocument) -> bytes:
        """The staged referral. Raises FormatError for what discloses nothing."""
        if not document.kind.discloses:
            raise FormatError("kind: only what discloses something is staged")
        members: dict[str, Any] = {
            "external_reference": document.reference,
            "external_id": document.task_id,
            "stage": document.kind.value,
            "referred_on": document.issued_at.astimezone(UTC).date().isoformat(),
            "referred_by": {"name": document.sender.name, "id": document.sender.id},
            "priority": document.priority,
            "client": self._client(document),
            "needs": needs.listed(document.fields.get("need.needs")),
            "reason": needs.in_words(document) or None,
            "notes": needs.for_helpers(document) or None,
            "health": needs.text(document, "health.why") or None,
            **{
                name: document.addressing[name]
                for name in ("organisation", "project", "branch")
                if name in document.addressing
            },
        }
        written = {name: value for name, value in members.items() if value not in (None, [], {})}
        return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()

    @staticmethod
    def _client(document: ReferralDocument) -> dict[str, FieldValue]:
        return {
            theirs: document.fields[ours]
            for ours, theirs in _CLIENT.items()
            if document.fields.get(ours) not in (None, "", [], {})
        }
