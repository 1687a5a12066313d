"""Templates: the GOV.UK macros, our words for codes, and London time.

Times are kept in UTC and shown as a clock on the wall in the United Kingdom shows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from flask_login import current_user
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

from consent.codes import Article6, Article9, DataClass
from consent.model import EmergencyCause, GivenBy, Method
from referral_hub.domain.codes import (
    AccessNeed,
    AuthorityScope,
    Capacity,
    Circumstance,
    ClosingOutcome,
    ContactMethod,
    DeclineReason,
    GiveHelp,
    InsuredBy,
    Manner,
    NeedCode,
    Priority,
    ReviewOutcome,
    Span,
    TaskType,
    Training,
    Vetting,
)
from referral_hub.domain.concerns import Noticed, Said
from referral_hub.domain.csv_mapping import DateOrder
from referral_hub.domain.geography import MILE_METRES
from referral_hub.domain.listings import PartOfDay, Weekday
from referral_hub.domain.matters import (
    Authority,
    BreachChannel,
    BreachKind,
    ComplaintAbout,
    IdentityCheck,
    ReceivedBy,
    Requester,
)
from referral_hub.domain.overlooking import LookReason
from referral_hub.domain.registers import ProcessingRole
from referral_hub.domain.routing_model import RouteReason
from referral_hub.domain.staging import StagedRejection
from referral_hub.domain.third_parties import Exemption
from referral_hub.web.forms.deciding import View
from referral_hub.web.forms.referral import SHAREABLE, Answer, Until
from referral_hub.web.forms.take_away import Which
from referral_hub.web.labels import Labels
from referral_hub.web.navigation import navigation

LONDON = ZoneInfo("Europe/London")
PRODUCT = "Referral Hub"
CODES: tuple[type[StrEnum], ...] = (
    LookReason,
    AccessNeed,
    Answer,
    Authority,
    Article6,
    Article9,
    AuthorityScope,
    BreachChannel,
    BreachKind,
    ClosingOutcome,
    GiveHelp,
    ComplaintAbout,
    ContactMethod,
    DateOrder,
    DataClass,
    DeclineReason,
    EmergencyCause,
    Exemption,
    GivenBy,
    IdentityCheck,
    Method,
    NeedCode,
    Noticed,
    Priority,
    ReceivedBy,
    Requester,
    PartOfDay,
    ProcessingRole,
    ReviewOutcome,
    Said,
    StagedRejection,
    Until,
    View,
    Weekday,
    Which,
    Capacity,
    Circumstance,
    InsuredBy,
    Manner,
    Span,
    TaskType,
    Training,
    Vetting,
)


def teach_templates(app: Flask) -> None:
    """Give `app`'s templates their loaders, filters and globals.

    `current_user` is asked only where a template uses it, so that error pages need no database.
    """
    labels = Labels()
    environment = app.jinja_env
    loaders = [PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]
    if environment.loader is not None:
        loaders.insert(0, environment.loader)  # type: ignore[arg-type]  # any loader will do
    environment.loader = ChoiceLoader(loaders)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters |= {
        "label": labels.label,
        "hint": labels.hint,
        "colour": labels.colour,
        "words": labels.words,
        "field_labels": labels.fields,
        "day": day,
        "instant": instant,
        "wait": wait,
        "iso_day": lambda text: day(date.fromisoformat(text)),
        "because": partial(because, labels),
        "and_list": and_list,
    }
    environment.globals |= {
        "product": PRODUCT,
        "current_user": current_user,
        "navigation_for": _navigation,
        "items_of": labels.items,
        "named": _named,
        "miles_away": miles_away,
        "ages": ages,
        "shareable": SHAREABLE,
    }
    environment.globals |= {codes.__name__: codes for codes in CODES}
    app.extensions["labels"] = labels


def because(labels: Labels, reasons: Iterable[RouteReason]) -> str:
    """Return why a service stands where it stands, each reason with the id of its rule."""
    return " · ".join(f"{labels.label(reason)} ({reason.rule})" for reason in reasons)


def words() -> Labels:
    """The words for codes of the application that serves this request."""
    labels: Labels = current_app.extensions["labels"]
    return labels


def day(value: date) -> str:
    """3 March 2026, in London for an instant."""
    if isinstance(value, datetime):
        value = value.astimezone(LONDON).date()
    return f"{value.day} {value:%B %Y}"


def instant(value: datetime) -> str:
    """3 March 2026 at 2:05pm, in London."""
    local = value.astimezone(LONDON)
    hour = local.hour % 12 or 12
    return f"{day(local)} at {hour}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def today(at: datetime) -> date:
    """The day in London at `at`."""
    return at.astimezone(UTC).astimezone(LONDON).date()


def wait(days: int | None) -> str:
    """A wait in plain words."""
    if days is None:
        return "Wait not known"
    if days < 1:
        return "No wait"
    if days < 14:
        return f"About {days} day{'' if days == 1 else 's'}"
    return f"About {round(days / 7)} weeks"


def miles_away(metres: int | None) -> str:
    """A distance in plain words; nothing where it is not known."""
    if metres is None:
        return ""
    miles = metres / MILE_METRES
    if miles < 0.1:
        return "Here"
    return f"{miles:.1f} miles" if miles < 10 else f"{miles:.0f} miles"


def ages(least: float | None, most: float | None) -> str:
    """For whom, in plain words; nothing where it is for everybody."""
    if least and most:
        return f"Ages {least:.0f} to {most:.0f}"
    if least:
        return f"From {least:.0f} years"
    return f"Up to {most:.0f} years" if most else ""


def and_list(words: Iterable[str]) -> str:
    """A, B and C."""
    listed = list(words)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} and {listed[-1]}"


def _named(offered: Mapping[str, str]) -> list[dict[str, str]]:
    """Values and their names, in the shape that GOV.UK selects take."""
    return [{"value": value, "text": text} for value, text in offered.items()]


def _navigation() -> list[dict[str, object]]:
    return navigation(current_user.actor.role) if current_user.is_authenticated else []
