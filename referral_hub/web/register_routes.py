"""Routes of what an officer keeps: registers, saved searches, and reviews of what was not shared.

A part of the table of routes (`web.routes`), reviewed with it.
"""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.web import notice_pages, refusals, register_forms, registers, saved_searches
from referral_hub.web.guards import Route, staff

_REGISTER = "/registers/<any(agreements,notices,activities):register>"
_ITEM = f"{_REGISTER}/<uuid:item_id>"
_POST = ("POST",)

KEEPING: tuple[Route, ...] = (
    Route("/registers", registers.show_all, staff(May.KEEP_REGISTERS)),
    Route("/registers/files/<path:name>", registers.download, staff(May.KEEP_REGISTERS)),
    Route("/registers/notices", notice_pages.show_all, staff(May.KEEP_REGISTERS)),
    Route("/registers/notices/write", notice_pages.write_form, staff(May.KEEP_REGISTERS)),
    Route("/registers/notices/write", notice_pages.write, staff(May.KEEP_REGISTERS), _POST),
    Route("/registers/details", register_forms.details_form, staff(May.KEEP_REGISTERS)),
    Route("/registers/details", register_forms.details, staff(May.KEEP_REGISTERS), _POST),
    Route(f"{_REGISTER}/add", register_forms.add_form, staff(May.KEEP_REGISTERS)),
    Route(f"{_REGISTER}/add", register_forms.add, staff(May.KEEP_REGISTERS), _POST),
    Route(_ITEM, registers.show, staff(May.KEEP_REGISTERS)),
    Route(f"{_ITEM}/revise", register_forms.revise_form, staff(May.KEEP_REGISTERS)),
    Route(f"{_ITEM}/revise", register_forms.revise, staff(May.KEEP_REGISTERS), _POST),
    Route(f"{_ITEM}/approve", registers.approve, staff(May.KEEP_REGISTERS), _POST),
    Route(f"{_ITEM}/turn-down", registers.turn_down, staff(May.KEEP_REGISTERS), _POST),
    Route(f"{_ITEM}/end", registers.end, staff(May.KEEP_REGISTERS), _POST),
    Route("/log/searches", saved_searches.save_form, staff(May.READ_AUDIT)),
    Route("/log/searches", saved_searches.save, staff(May.READ_AUDIT), _POST),
    Route(
        "/log/searches/<uuid:search_id>/remove",
        saved_searches.remove,
        staff(May.READ_AUDIT),
        _POST,
    ),
    Route("/log/refusals", refusals.list_open, staff(May.READ_AUDIT)),
    Route("/log/refusals", refusals.review, staff(May.READ_AUDIT), _POST),
)
