"""The part of the table of routes for what comes in by file or from a doorstep, and what waits.

`web.routes` joins it with the rest; what is said there holds here.
"""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.web import concern, concern_links, imports, intake, mappings
from referral_hub.web.guards import BY_LINK, Route, staff, streaming

_STAGED = "/intake/<uuid:item_id>"
_IMPORT = "/imports/<uuid:import_id>"
_DOOR = "/concern-links/<uuid:link_id>"
_POST = ("POST",)

STAGED: tuple[Route, ...] = (
    Route("/intake", intake.list_all, staff(May.HANDLE_STAGED)),
    Route(_STAGED, intake.show, staff(May.HANDLE_STAGED)),
    Route(f"{_STAGED}/open", intake.open_item, staff(May.HANDLE_STAGED), _POST),
    Route(f"{_STAGED}/complete", intake.complete, staff(May.HANDLE_STAGED), _POST),
    Route(f"{_STAGED}/reject", intake.reject, staff(May.HANDLE_STAGED), _POST),
)

IMPORTING: tuple[Route, ...] = (
    Route("/imports", imports.list_all, staff(May.IMPORT_FILE)),
    Route("/imports", imports.receive, streaming(May.IMPORT_FILE), _POST),
    Route("/imports/columns", mappings.show, staff(May.EDIT_MAPPING)),
    Route("/imports/columns", mappings.save, staff(May.EDIT_MAPPING), _POST),
    Route(_IMPORT, imports.show, staff(May.IMPORT_FILE)),
    Route(f"{_IMPORT}/confirm", imports.confirm, staff(May.IMPORT_FILE), _POST),
    Route(f"{_IMPORT}/discard", imports.discard, staff(May.IMPORT_FILE), _POST),
    Route(f"{_IMPORT}/returned", imports.returned, staff(May.IMPORT_FILE), _POST),
)

DOORSTEP: tuple[Route, ...] = (
    Route("/concern/<secret>", concern.begin, BY_LINK),
    Route("/concern/<secret>", concern.answer, BY_LINK, _POST),
    Route("/concern/<secret>/sent", concern.sent, BY_LINK),
    Route("/concern-links", concern_links.list_all, staff(May.MANAGE_LINKS)),
    Route("/concern-links", concern_links.make, staff(May.MANAGE_LINKS), _POST),
    Route(f"{_DOOR}/sheet", concern_links.sheet, staff(May.MANAGE_LINKS)),
    Route(f"{_DOOR}/replace", concern_links.replace, staff(May.MANAGE_LINKS), _POST),
    Route(f"{_DOOR}/stop", concern_links.stop, staff(May.MANAGE_LINKS), _POST),
)
