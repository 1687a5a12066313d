"""The service navigation: what each role finds at the top of every page, and what stands on the
page behind "More".

A telephone shows each link on a line of its own and a desk has one row, so the top has at most six
beside the way out; a role with more has four, and the rest on one page, each with what it is for.
The order of `ITEMS` decides which stay at the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request, url_for

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Role

MOST, KEPT = 6, 4
MORE = "menu.show"


@dataclass(frozen=True, slots=True)
class Item:
    """A link for every role that includes `permission`; `about` says what it is for."""

    endpoint: str
    text: str
    permission: Permission
    about: str
    also: tuple[str, ...] = ()

    @property
    def sections(self) -> tuple[str, ...]:
        """The modules whose pages this link leads to."""
        return (self.endpoint.partition(".")[0], *self.also)


_P = Permission
ITEMS: tuple[Item, ...] = (
    Item("council.list_open", "Open referrals", _P.OVERSEE, "Everything that waits in your area"),
    Item("refer.start", "Refer someone", _P.REFER, "Start a referral, or go on with one"),
    Item(
        "referrals.list_own",
        "Referrals you sent",
        _P.REFER,
        "What became of them, and what to do next",
        also=("changes", "daily_mail"),
    ),
    Item(
        "tasks.list_all",
        "Referrals to you",
        _P.LIST_TASKS,
        "People whom your agency was asked to help",
        also=("answers", "rooms"),
    ),
    Item(
        "intake.list_all",
        "Waiting for you",
        _P.HANDLE_STAGED,
        "What your systems and files sent and could not finish",
    ),
    Item("figures.show", "Figures", _P.READ_FIGURES, "Volumes, waits, gaps and outcomes"),
    Item(
        "overview.show",
        "Overview",
        _P.READ_AUDIT,
        "How your agency shares, and what stands out",
        also=("refusals",),
    ),
    Item("work_list.show", "Work list", _P.READ_WORK_LIST, "What waits for a person"),
    Item("imports.list_all", "Import a file", _P.IMPORT_FILE, "Visits from a table, row by row"),
    Item(
        "officer.list_entries",
        "The log",
        _P.READ_AUDIT,
        "Every decision and every disclosure",
        also=("saved_searches",),
    ),
    Item(
        "matters.list_all",
        "Requests and breaches",
        _P.HANDLE_MATTERS,
        "Requests for records, breaches and complaints, with their dates",
        also=("access_requests", "breaches", "complaints"),
    ),
    Item(
        "emergency_reviews.list_all",
        "Emergency access",
        _P.REVIEW_EMERGENCY_ACCESS,
        "Records that were opened in an emergency",
    ),
    Item(
        "own_services.list_all",
        "Your services",
        _P.EDIT_SERVICE,
        "What your agency offers, and whether there is room",
    ),
    Item(
        "reached.show",
        "How referrals reach you",
        _P.CHOOSE_REACH,
        "The inbox, mails that something waits, or your own system",
    ),
    Item(
        "clients.list_all",
        "Partner systems",
        _P.MANAGE_CLIENTS,
        "Programs that may send and answer for your agency",
    ),
    Item("deliveries.show", "Deliveries", _P.OPERATE, "What is on its way, and what is stuck"),
    Item(
        "directory_sources.list_all",
        "The directory",
        _P.KEEP_DIRECTORY,
        "Feeds and files that other services come from",
    ),
    Item(
        "callbacks.list_all",
        "Callbacks",
        _P.MANAGE_CALLBACKS,
        "Signed messages that tell your system when something moves",
    ),
    Item(
        "take_away.order_form",
        "Order of fields",
        _P.ARRANGE_FIELDS,
        "In which order sheets and tables show a referral",
    ),
    Item(
        "mappings.show",
        "File columns",
        _P.EDIT_MAPPING,
        "What the columns of your files mean, and what “agreed” stands for",
    ),
    Item(
        "concern_links.list_all",
        "Links for concerns",
        _P.MANAGE_LINKS,
        "Links by which people at the door say that they worry about somebody",
    ),
    Item(
        "registers.show_all",
        "Registers",
        _P.KEEP_REGISTERS,
        "Sharing agreements, words to say, and records of processing",
        also=("register_forms", "notice_pages"),
    ),
    Item(
        "retention.show",
        "Retention",
        _P.APPRAISE,
        "What is due to be destroyed, and what is held",
    ),
)


def navigation(role: Role) -> list[dict[str, object]]:
    """Return the links of `role` in the shape that the GOV.UK service navigation takes."""
    here = request.endpoint or ""
    section = here.partition(".")[0]
    top, rest = _split(role)
    links: list[dict[str, object]] = [
        {
            "text": item.text,
            "href": url_for(item.endpoint),
            "current": here == item.endpoint,
            "active": section in item.sections,
        }
        for item in top
    ]
    if rest:
        below = any(section in item.sections for item in rest)
        links.append(
            {"text": "More", "href": url_for(MORE), "current": here == MORE, "active": below}
        )
    return [*links, {"text": "Sign out", "href": url_for("sign_in.confirm_sign_out")}]


def menu(role: Role) -> Sequence[Item]:
    """Return what stands on the page behind "More"; all of a role's links where nothing does."""
    top, rest = _split(role)
    return rest or top


def home_endpoint(role: Role) -> str:
    """Return where `role` begins its work."""
    top, _ = _split(role)
    return top[0].endpoint if top else "pages.welcome"


def _split(role: Role) -> tuple[Sequence[Item], Sequence[Item]]:
    """The links at the top, and those behind "More"."""
    items = [item for item in ITEMS if access.allowed(role, item.permission)]
    return (items, []) if len(items) <= MOST else (items[:KEPT], items[KEPT:])
