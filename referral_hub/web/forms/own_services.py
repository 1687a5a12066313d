"""What a provider states of a service: what it is, its room, its rules, and its cover for a task.

Everything here becomes public, except rules about circumstances, cover, and a confidential place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from referral_hub.domain.codes import (
    AccessNeed,
    Circumstance,
    InsuredBy,
    Manner,
    NeedCode,
    Span,
    TaskType,
    Training,
    Vetting,
)
from referral_hub.domain.geography import is_postcode, place_key
from referral_hub.domain.listings import Weekday
from referral_hub.web.forms import FormPage
from referral_hub.web.forms.fields import Code, DateParts, Line, Many, OneOf, Paragraph, Whole
from referral_hub.web.forms.tasks import MINUTES_OF_A_WEEK

YES = {"yes": "Yes"}
SLOTS = ("", "2")
_TIME = re.compile(r"([0-9]{1,2})(?:[:.]?([0-9]{2}))?\s*(am|pm)?", re.IGNORECASE | re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,}", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>\"']{4,480}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ServiceKnown:
    """What the pages offer: areas and languages by code, other services of the agency by id."""

    today: date
    areas: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    backups: Mapping[str, str] = field(default_factory=dict)
    yes: Mapping[str, str] = field(default_factory=lambda: YES)


class Clock(fields.Field[str]):
    """A time of day, as people write it."""

    def _deserialize(self, value: Any, *_context: Any, **_options: Any) -> str:
        found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is not None:
            hour, minute = int(found[1]), int(found[2] or 0)
            half = (found[3] or "").lower()
            if half and 1 <= hour <= 12:
                hour = hour % 12 + (12 if half == "pm" else 0)
            if hour < 24 and minute < 60:
                return f"{hour:02}:{minute:02}:00"
        raise ValidationError("Enter a time, like 9:30am or 14:00")


class _Known(FormPage):
    def __init__(self, known: ServiceKnown) -> None:
        self.known = known
        super().__init__()


def _needed(name: str, message: str, *, longest: int) -> Line:
    return Line(name, longest=longest, required=True, error_messages={"required": message})


class AboutPage(_Known):
    """What the service is, for whom, where, when and at what cost."""

    name = _needed("The name", "Enter the name of the service", longest=120)
    description = Paragraph(
        "The description",
        longest=2_000,
        required=True,
        error_messages={"required": "Say what the service does"},
    )
    needs = Many(NeedCode, "Select what it helps with", required=True)
    areas = Many("areas", "Select the areas that it serves", required=True)
    minimum_age = Whole("The lowest age", least=0, most=120, load_default=None)
    maximum_age = Whole("The highest age", least=0, most=120, load_default=None)
    days = Many(Weekday, "Select days from the list", load_default=frozenset())
    opens = Clock(load_default=None)
    closes = Clock(load_default=None)
    days2 = Many(Weekday, "Select days from the list", load_default=frozenset())
    opens2 = Clock(load_default=None)
    closes2 = Clock(load_default=None)
    access = Many(AccessNeed, "Select from the list", load_default=frozenset())
    languages = Many("languages", "Select languages from the list", load_default=frozenset())
    fees = Line("The cost", longest=200, load_default=None)
    url = Line("The website", longest=500, load_default=None)
    email = Line("The e-mail address", longest=254, load_default=None)
    venue = Line("The name of the place", longest=120, load_default=None)
    address = Line("The address", longest=200, load_default=None)
    town = Line("The town", longest=80, load_default=None)
    postcode = Line("The postcode", longest=10, load_default=None)
    confidential = Many("yes", "Tick the box or leave it", load_default=frozenset())
    alert = Line("The notice", longest=300, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _fits(self, data: Mapping[str, Any], **_options: Any) -> None:
        least, most = data["minimum_age"], data["maximum_age"]
        if least is not None and most is not None and least > most:
            raise ValidationError("The highest age must not be below the lowest", "maximum_age")
        if data["postcode"] and not is_postcode(place_key(data["postcode"])):
            raise ValidationError("Enter a full postcode, like MF1 2LB", "postcode")
        if data["email"] and not _EMAIL.fullmatch(data["email"]):
            raise ValidationError("Enter an e-mail address, like name@group.example", "email")
        if data["url"] and not _LINK.fullmatch(data["url"]):
            raise ValidationError("The website must begin with https:// or http://", "url")
        for end in SLOTS:
            if bool(data[f"days{end}"]) != bool(data[f"opens{end}"]):
                raise ValidationError("Enter both the days and when it opens", f"opens{end}")


class RoomPage(_Known):
    """How long people wait, and what protects those who help. Whether there is room is said on a
    page of its own (`web.rooms`), because it changes most often.
    """

    capacity_note = Line("The note", longest=200, load_default=None)
    wait_days = Whole("The wait", least=0, most=730, load_default=None)
    open_people_limit = Whole("The number of people", least=1, most=10_000, load_default=None)
    rest_days = Whole("The days of rest", least=0, most=365, load_default=None)
    minutes_limit = Whole("The minutes", least=1, most=600_000, load_default=None)
    minutes_per = Code(Span, "Select a week or a month", load_default=None)
    usual_minutes = Whole("The minutes", least=1, most=MINUTES_OF_A_WEEK, load_default=None)
    hard_cases_limit = Whole("The number of hard cases", least=1, most=10_000, load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _minutes(self, data: Mapping[str, Any], **_options: Any) -> None:
        if bool(data["minutes_limit"]) != bool(data["minutes_per"]):
            raise ValidationError(
                "Enter both the minutes and whether they are for a week or a month", "minutes_limit"
            )


class RulesPage(_Known):
    """Who can come, what is done, and who steps in."""

    tasks = Many(TaskType, "Select what is done", load_default=frozenset())
    manners = Many(Manner, "Select how it helps", load_default=frozenset())
    eligibility = Many(Circumstance, "Select from the list", load_default=frozenset())
    exclusions = Many(Circumstance, "Select from the list", load_default=frozenset())
    backup = OneOf("backups", "Select a service from the list", load_default=None)
    alarm = Many("yes", "Tick the box or leave it", load_default=frozenset())

    @validates_schema(skip_on_field_errors=True)
    def _no_contradiction(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["eligibility"] & data["exclusions"]:
            raise ValidationError(
                "The same circumstance cannot be both required and ruled out", "exclusions"
            )


class CoverPage(_Known):
    """Check, insurance and training for one task."""

    task = Code(TaskType, "Select the task", required=True)
    vetting = Code(Vetting, "Select the check from the list", load_default=None)
    vetting_until = DateParts("The last day of the check", load_default=None)
    insurance = Code(InsuredBy, "Select whose insurance it is", load_default=None)
    insured_until = DateParts("The last day of the insurance", load_default=None)
    training = Many(Training, "Select training from the list", load_default=frozenset())


def about_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that a filled first page stands for."""
    opening = [
        {
            "byday": ",".join(day.value for day in Weekday if day in values[f"days{end}"]),
            "opens_at": values[f"opens{end}"],
            **({"closes_at": values[f"closes{end}"]} if values[f"closes{end}"] else {}),
        }
        for end in SLOTS
        if values[f"days{end}"]
    ]
    plain = ("name", "description", "minimum_age", "maximum_age", "fees", "url", "email", "alert")
    place = ("venue", "address", "town", "postcode")
    return {name: values[name] for name in (*plain, *place)} | {
        "needs": sorted(values["needs"]),
        "areas": sorted(values["areas"]),
        "access": sorted(values["access"]),
        "languages": sorted(values["languages"]),
        "opening": opening,
        "location_confidential": bool(values["confidential"]),
    }


def about_typed(row: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return a service as its first page shows it."""
    raw: dict[str, str | list[str]] = {
        name: str(row[name])
        for name in (
            *("name", "description", "minimum_age", "maximum_age", "fees", "url", "email"),
            *("alert", "venue", "address", "town", "postcode"),
        )
        if row[name] is not None
    }
    for name in ("needs", "areas", "access", "languages"):
        raw[name] = list(row[name])
    if row["location_confidential"]:
        raw["confidential"] = ["yes"]
    for end, slot in zip(SLOTS, row["opening"], strict=False):
        raw[f"days{end}"] = [day.strip() for day in slot.get("byday", "").split(",")]
        raw[f"opens{end}"] = slot.get("opens_at", "")[:5]
        raw[f"closes{end}"] = slot.get("closes_at", "")[:5]
    return raw


def day_parts(name: str, value: date | None) -> dict[str, str]:
    """Return a date as its three boxes show it."""
    if value is None:
        return {}
    return {f"{name}-{part}": str(getattr(value, part)) for part in ("day", "month", "year")}
