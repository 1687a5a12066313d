"""Which members a record of Open Referral UK 3.0 has, and what each may hold.

One table for each object of the profile. A kind ends with `!` where the profile requires the
member. What a table does not name is left out when a feed is read, so what is written again has the
members of the profile and no others; `language` alone keeps the name and code of HSDS 3.0 that the
profile drops, because a language without a name tells nobody anything.
"""

from __future__ import annotations

from collections.abc import Mapping

STATUSES = ("active", "inactive", "defunct", "temporarily closed")
_WHERE = "one of physical postal virtual"

Members = Mapping[str, str]

SERVICE: Members = {
    "id": "uuid!",
    "name": "line!",
    "description": "text",
    "url": "uri",
    "email": "email",
    "status": "one of active inactive defunct temporarily_closed!",
    "fees": "text",
    "accreditations": "text",
    "minimum_age": "age",
    "maximum_age": "age",
    "assured_date": "date",
    "assurer_email": "email",
    "alert": "text",
    "last_modified": "instant",
    "schedules": "list of schedule",
    "service_areas": "list of service_area",
    "service_at_locations": "list of service_at_location",
    "languages": "list of language",
    "organization": "organization",
    "funding": "list of funding",
    "cost_options": "list of cost_option",
    "contacts": "list of contact",
    "attributes": "list of attribute",
}
OBJECTS: Mapping[str, Members] = {
    "organization": {
        "id": "uuid!",
        "name": "line!",
        "description": "text!",
        "email": "email",
        "website": "uri",
        "logo": "uri",
        "uri": "uri",
        "parent_organization_id": "uuid",
        "organization_identifiers": "list of organization_identifier",
    },
    "organization_identifier": {
        "id": "uuid!",
        "identifier_scheme": "line",
        "identifier_type": "line!",
        "identifier": "line!",
    },
    "schedule": {
        "id": "uuid!",
        "valid_from": "date",
        "valid_to": "date",
        "dtstart": "date",
        "freq": "one of WEEKLY MONTHLY",
        "interval": "number",
        "byday": "line",
        "bymonthday": "line",
        "description": "text",
        "opens_at": "time",
        "closes_at": "time",
        "schedule_link": "uri",
        "attending_type": "text",
        "notes": "text",
    },
    "service_area": {
        "id": "uuid!",
        "name": "text",
        "extent": "text",
        "extent_type": "line",
        "uri": "uri",
        "service_area": "text",
    },
    "service_at_location": {"id": "uuid!", "location": "location"},
    "location": {
        "id": "uuid!",
        "location_type": f"{_WHERE}!",
        "name": "line",
        "description": "text",
        "latitude": "latitude",
        "longitude": "longitude",
        "external_identifier": "line",
        "external_identifier_type": "line",
        "addresses": "list of address",
        "accessibility": "list of accessibility",
    },
    "address": {
        "id": "uuid!",
        "attention": "line",
        "address_1": "line!",
        "city": "line!",
        "region": "line",
        "state_province": "line!",
        "postal_code": "line!",
        "country": "line!",
        "address_type": f"{_WHERE}!",
    },
    "accessibility": {
        "id": "uuid!",
        "description": "text",
        "details": "text",
        "url": "uri",
        "accessibility": "text",
    },
    "language": {"id": "uuid!", "name": "line", "code": "line"},
    "funding": {"id": "uuid!", "source": "text"},
    "cost_option": {
        "id": "uuid!",
        "valid_from": "date",
        "valid_to": "date",
        "option": "text",
        "amount": "number",
        "amount_description": "text",
    },
    "contact": {"id": "uuid!", "name": "line", "title": "line"},
    "attribute": {"id": "uuid!", "link_type": "line", "taxonomy_term": "taxonomy_term"},
    "taxonomy_term": {
        "id": "uuid!",
        "name": "line!",
        "description": "text!",
        "parent_id": "uuid",
        "taxonomy": "line",
        "taxonomy_id": "uuid",
        "term_uri": "uri",
        "term": "line",
    },
}
ONE_TO_ONE = tuple(
    name for name, kind in SERVICE.items() if not kind.startswith("list") and kind != "organization"
)
