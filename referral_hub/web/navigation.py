"""The service navigation: what each role finds at the top of every page."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from referral_hub import access
from referral_hub.access import Permission
from referral_hub.domain.codes import Role


@dataclass(frozen=True, slots=True)
class Item:
    """A link for every role that includes `permission`."""

    endpoint: str
    text: str
    permission: Permission
    also: tuple[str, ...] = ()

    @property
    def sections(self) -> tuple[str, ...]:
        """The modules whose pages this link leads to."""
        return (self.endpoint.partition(".")[0], *self.also)


ITEMS: tuple[Item, ...] = (
    Item("council.list_open", "Open referrals", Permission.OVERSEE),
    Item("refer.start", "Refer someone", Permission.REFER),
    Item("referrals.list_own", "Referrals you sent", Permission.REFER, also=("changes",)),
    Item("intake.list_all", "Waiting for you", Permission.HANDLE_STAGED),
    Item("imports.list_all", "Import a file", Permission.IMPORT_FILE),
    Item("tasks.list_all", "Referrals to you", Permission.LIST_TASKS, also=("answers", "rooms")),
    Item("figures.show", "Figures", Permission.READ_FIGURES),
    Item("overview.show", "Overview", Permission.READ_AUDIT, also=("refusals",)),
    Item("work_list.show", "Work list", Permission.READ_WORK_LIST),
    Item("officer.list_entries", "The log", Permission.READ_AUDIT, also=("saved_searches",)),
    Item("emergency_reviews.list_all", "Emergency access", Permission.REVIEW_EMERGENCY_ACCESS),
    Item("own_services.list_all", "Your services", Permission.EDIT_SERVICE),
    Item("directory_sources.list_all", "The directory", Permission.KEEP_DIRECTORY),
    Item("clients.list_all", "Partner systems", Permission.MANAGE_CLIENTS),
    Item(
        "matters.list_all",
        "Requests and breaches",
        Permission.HANDLE_MATTERS,
        also=("access_requests", "breaches", "complaints"),
    ),
    Item("deliveries.show", "Deliveries", Permission.OPERATE),
    Item("callbacks.list_all", "Callbacks", Permission.MANAGE_CALLBACKS),
    Item("reached.show", "How referrals reach you", Permission.CHOOSE_REACH),
    Item("take_away.order_form", "Order of fields", Permission.ARRANGE_FIELDS),
    Item("mappings.show", "File columns", Permission.EDIT_MAPPING),
    Item("concern_links.list_all", "Links for concerns", Permission.MANAGE_LINKS),
    Item("registers.show_all", "Registers", Permission.KEEP_REGISTERS, also=("register_forms",)),
    Item("retention.show", "Retention", Permission.APPRAISE),
)


def navigation(role: Role) -> list[dict[str, object]]:
    """Return the links of `role` in the shape that the GOV.UK service navigation takes."""
    here = request.endpoint or ""
    links: list[dict[str, object]] = [
        {
            "text": item.text,
            "href": url_for(item.endpoint),
            "current": here == item.endpoint,
            "active": here.partition(".")[0] in item.sections,
        }
        for item in ITEMS
        if access.allowed(role, item.permission)
    ]
    return [*links, {"text": "Sign out", "href": url_for("sign_in.confirm_sign_out")}]


def home_endpoint(role: Role) -> str:
    """Return where `role` begins its work."""
    return next(
        (item.endpoint for item in ITEMS if access.allowed(role, item.permission)),
        "pages.welcome",
    )
