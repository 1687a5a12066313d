"""Routes of the directory: its public API, its public pages, and what keeps it true.

A part of the table of routes (`web.routes`), reviewed with it.
"""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.web import directory_sources, nearby, open_referral, own_services
from referral_hub.web.guards import PUBLIC_COUNTED, Route, staff
from referral_hub.web.open_referral import BASE

_POST = ("POST",)

NEARBY: tuple[Route, ...] = (
    Route("/near-me", nearby.start, PUBLIC_COUNTED),
    Route("/near-me", nearby.find, PUBLIC_COUNTED, _POST),
    Route("/near-me/sheet", nearby.sheet, PUBLIC_COUNTED, _POST),
    Route("/near-me/services/<uuid:entry_id>", nearby.show, PUBLIC_COUNTED),
    Route("/near-me/services/<uuid:entry_id>/opportunity", nearby.opportunity, PUBLIC_COUNTED),
)
_SOURCE = "/directory/sources/<uuid:source_id>"
SOURCES: tuple[Route, ...] = (
    Route("/directory/sources", directory_sources.list_all, staff(May.KEEP_DIRECTORY)),
    Route("/directory/sources", directory_sources.add, staff(May.KEEP_DIRECTORY), _POST),
    Route(_SOURCE, directory_sources.show, staff(May.KEEP_DIRECTORY)),
    Route(f"{_SOURCE}/read", directory_sources.read_now, staff(May.KEEP_DIRECTORY), _POST),
    Route(f"{_SOURCE}/stop", directory_sources.stop, staff(May.KEEP_DIRECTORY), _POST),
)
_OWN = "/directory/services/<uuid:service_id>"
_PART = f"{_OWN}/<any({','.join(own_services.PARTS)}):part>"
OWN_SERVICES: tuple[Route, ...] = (
    Route("/directory/services", own_services.list_all, staff(May.EDIT_SERVICE)),
    Route("/directory/services/new", own_services.new_form, staff(May.EDIT_SERVICE)),
    Route("/directory/services/new", own_services.add, staff(May.EDIT_SERVICE), _POST),
    Route(_OWN, own_services.show, staff(May.EDIT_SERVICE)),
    Route(_PART, own_services.edit_form, staff(May.EDIT_SERVICE)),
    Route(_PART, own_services.edit, staff(May.EDIT_SERVICE), _POST),
    Route(f"{_OWN}/pause", own_services.pause, staff(May.EDIT_SERVICE), _POST),
    Route(f"{_OWN}/resume", own_services.resume, staff(May.EDIT_SERVICE), _POST),
    Route(f"{_OWN}/check", own_services.check, staff(May.EDIT_SERVICE), _POST),
)
OPEN_REFERRAL: tuple[Route, ...] = (
    Route(f"{BASE}/", open_referral.root, PUBLIC_COUNTED),
    Route(f"{BASE}/services", open_referral.services, PUBLIC_COUNTED),
    Route(f"{BASE}/services/<uuid:entry_id>", open_referral.one_service, PUBLIC_COUNTED),
    Route(f"{BASE}/taxonomies", open_referral.taxonomies, PUBLIC_COUNTED),
    Route(f"{BASE}/taxonomies/<uuid:taxonomy_id>", open_referral.one_taxonomy, PUBLIC_COUNTED),
    Route(f"{BASE}/taxonomy_terms", open_referral.terms, PUBLIC_COUNTED),
    Route(f"{BASE}/taxonomy_terms/<uuid:term_id>", open_referral.one_term, PUBLIC_COUNTED),
    Route(f"{BASE}/service_at_locations", open_referral.places, PUBLIC_COUNTED),
    Route(f"{BASE}/service_at_locations/<uuid:place_id>", open_referral.one_place, PUBLIC_COUNTED),
)
DIRECTORY: tuple[Route, ...] = (*NEARBY, *OWN_SERVICES, *SOURCES, *OPEN_REFERRAL)
