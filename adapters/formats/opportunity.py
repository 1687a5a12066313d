"""A volunteering opportunity as JSON-LD: schema.org `JobPosting` with employment type VOLUNTEER.

That is what search engines and volunteering sites read. It says what is to be done, about where and
for whom to ask; the person who needs it does not appear, whatever the permit allows. The place is
the area and never an address.

An opportunity of the public directory is written in the same way, from its record.

Source: schema.org JobPosting, employmentType.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from adapters.contract import DocumentKind, FormatAbout, FormatError, Option, ReferralDocument
from adapters.formats import needs


class VolunteeringOpportunity:
    """`addressing` may hold `organisation` and `url`, where to ask."""

    content_type = "application/ld+json"
    about = FormatAbout(
        "Volunteering opportunity (JSON-LD)",
        kinds=frozenset({DocumentKind.OFFER}),
        options=(
            Option("organisation", "Who is looking for volunteers", ".{1,100}"),
            Option("url", "Web page where to ask", r"https://[!-~]{1,300}"),
        ),
        plain=True,
    )

    def write(self, document: ReferralDocument) -> bytes:
        """The opportunity. Raises FormatError for what is not an offer of something to do."""
        if document.kind is not DocumentKind.OFFER:
            raise FormatError("kind: only an offer is an opportunity")
        what = needs.in_words(document)
        if not what:
            raise FormatError("fields: there is nothing to do")
        members: dict[str, Any] = {
            "@context": "https://schema.org",
            "@type": "JobPosting",
            "identifier": {"@type": "PropertyValue", "value": document.task_id},
            "title": what,
            "description": f"Volunteers wanted: {what}.",
            "employmentType": "VOLUNTEER",
            "datePosted": document.issued_at.astimezone(UTC).date().isoformat(),
            "directApply": False,
        }
        if document.respond_by is not None:
            members["validThrough"] = document.respond_by.astimezone(UTC).isoformat()
        if area := needs.text(document, "contact.area"):
            members["jobLocation"] = {
                "@type": "Place",
                "address": {
                    "@type": "PostalAddress",
                    "addressLocality": area,
                    "addressCountry": "GB",
                },
            }
        if organisation := document.addressing.get("organisation"):
            members["hiringOrganization"] = {"@type": "Organization", "name": organisation}
        if url := document.addressing.get("url"):
            members["url"] = url
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def posting(record: Mapping[str, Any], *, url: str) -> bytes:
    """Return an opportunity of the directory, from its Open Referral UK record. `url`: who asks."""
    members: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "identifier": {"@type": "PropertyValue", "value": record["id"]},
        "title": record["name"],
        "description": record.get("description") or record["name"],
        "employmentType": "VOLUNTEER",
        "directApply": False,
        "url": url,
    }
    if modified := record.get("last_modified"):
        members["datePosted"] = modified[:10]
    if organization := record.get("organization"):
        named = {"@type": "Organization", "name": organization["name"]}
        members["hiringOrganization"] = named
    cities = [
        address["city"]
        for at in record.get("service_at_locations", ())
        for address in at.get("location", {}).get("addresses", ())
    ]
    if cities:
        address = {"@type": "PostalAddress", "addressLocality": cities[0], "addressCountry": "GB"}
        members["jobLocation"] = {"@type": "Place", "address": address}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
