"""Routes of the directory: its public API, its public pages, and what keeps it true.

A part of the table of routes (`web.routes`), reviewed with it.
"""

from __future__ import annotations

from referral_hub.web import nearby, open_referral
from referral_hub.web.guards import PUBLIC, Route
from referral_hub.web.open_referral import BASE

_POST = ("POST",)

NEARBY: tuple[Route, ...] = (
    Route("/near-me", nearby.start, PUBLIC),
    Route("/near-me", nearby.find, PUBLIC, _POST),
    Route("/near-me/sheet", nearby.sheet, PUBLIC, _POST),
    Route("/near-me/services/<uuid:entry_id>", nearby.show, PUBLIC),
    Route("/near-me/services/<uuid:entry_id>/opportunity", nearby.opportunity, PUBLIC),
)
OPEN_REFERRAL: tuple[Route, ...] = (
    Route(f"{BASE}/", open_referral.root, PUBLIC),
    Route(f"{BASE}/services", open_referral.services, PUBLIC),
    Route(f"{BASE}/services/<uuid:entry_id>", open_referral.one_service, PUBLIC),
    Route(f"{BASE}/taxonomies", open_referral.taxonomies, PUBLIC),
    Route(f"{BASE}/taxonomies/<uuid:taxonomy_id>", open_referral.one_taxonomy, PUBLIC),
    Route(f"{BASE}/taxonomy_terms", open_referral.terms, PUBLIC),
    Route(f"{BASE}/taxonomy_terms/<uuid:term_id>", open_referral.one_term, PUBLIC),
    Route(f"{BASE}/service_at_locations", open_referral.places, PUBLIC),
    Route(f"{BASE}/service_at_locations/<uuid:place_id>", open_referral.one_place, PUBLIC),
)
