"""Documents in other systems' formats: what they need, what they must never be told, and units."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.contract import DocumentKind, Format, FormatError, ReferralDocument, Sender
from adapters.formats.charitylog import CharitylogReferral
from adapters.formats.komunitin import KomunitinNeed, transfer
from adapters.formats.message_back import MessageBack, Service, as_json, as_sections, as_text
from adapters.formats.opportunity import VolunteeringOpportunity
from adapters.formats.timeoverflow import TimeOverflowMember
from adapters.formats.units import minutes_of_scaled_hours, scaled_hours, seconds

TASK = "0197a1d2-4f3c-7b6e-9c51-2f6f6a4e8d10"
CATEGORY, AUTHOR = "048e7d8e-f3a8-4c0b-88b1-984e7050378c", "9683ec5d-29d3-419a-8753-a5d092f1bb3d"
FIELDS = {
    "identity.first_name": "Zebedee",
    "identity.family_name": "Marker",
    "identity.date_of_birth": "1941-05-06",
    "identity.nhs_number": "9990000018",
    "contact.area": "Riverside",
    "contact.address": "1 Low Lane",
    "contact.phone": "+44 7700 900982",
    "contact.email": "zebedee@example.org",
    "need.needs": ["lifts", "garden_home_jobs"],
    "need.task_note": "The hedge, about two hours",
    "need.help": "Personal care\nHelper’s check: enhanced, with the children's barred list",
    "health.why": "Cannot bend since an operation",
}
OFFER = ReferralDocument(
    kind=DocumentKind.OFFER,
    task_id=TASK,
    reference="RH-4KT2",
    sender=Sender("agency-1", "High Street Surgery"),
    recipient_id="agency-2",
    issued_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    log_entry="entry-1",
    respond_by=datetime(2026, 3, 15, 9, 30, tzinfo=UTC),
    fields=FIELDS,
    addressing={
        "category": CATEGORY, "author": AUTHOR, "member_number": "17", "project": "Befriending",
        "organisation": "Town Time Bank", "url": "https://time.example/ask",
    },
)  # fmt: skip
ACCEPTANCE = replace(OFFER, kind=DocumentKind.ACCEPTANCE)
PERSONAL = (
    "Zebedee",
    "Marker",
    "1941",
    "9990000018",
    "Low Lane",
    "7700",
    "example.org",
    "operation",
    "hedge",
    "care",
    "check",
    "children",
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def valid_for_komunitin(body: Any, kind: str) -> None:
    """What Komunitin's validators ask of a created resource, read from their source."""
    data = body["data"]
    assert data["type"] == kind
    assert not {"id", "type"} & data["attributes"].keys()
    UUID(data["id"])
    for related in data["relationships"].values():
        UUID(related["data"]["id"])
        assert isinstance(related["data"]["type"], str)


def test_a_need_is_what_komunitin_validates_and_carries_the_tasks_own_id() -> None:
    body = json.loads(KomunitinNeed().write(OFFER))

    valid_for_komunitin(body, "needs")
    assert body["data"]["id"] == TASK
    assert body["data"]["attributes"] == {
        "content": "A lift; Garden or jobs around the home\nArea: Riverside",
        "images": [],
        "access": "group",
        "expires": "2026-03-15T09:30:00.000Z",
    }
    assert body["data"]["relationships"] == {
        "category": {"data": {"type": "categories", "id": CATEGORY}},
        "author": {"data": {"type": "members", "id": AUTHOR}},
    }


def test_time_given_is_a_transfer_that_komunitin_validates() -> None:
    body = json.loads(
        transfer(transfer_id=TASK, minutes=20, scale=2, payer=CATEGORY, payee=AUTHOR, meta="Hedge")
    )
    valid_for_komunitin(body, "transfers")
    assert body["data"]["attributes"] == {"amount": 33, "meta": "Hedge", "state": "new"}
    assert body["data"]["relationships"]["payer"]["data"]["type"] == "accounts"


@pytest.mark.parametrize("minutes", [0, 1])
def test_time_too_short_for_the_scale_is_refused_and_not_rounded_to_nothing(minutes: int) -> None:
    with pytest.raises(FormatError, match="minutes"):
        transfer(transfer_id=TASK, minutes=minutes, scale=1, payer=CATEGORY, payee=AUTHOR, meta="x")


@pytest.mark.parametrize(
    "format_", [KomunitinNeed(), VolunteeringOpportunity()], ids=["need", "opportunity"]
)
def test_what_many_people_read_says_nothing_of_the_person(format_: Format) -> None:
    written = format_.write(OFFER).decode()
    assert not [word for word in PERSONAL if word in written]


def test_an_opportunity_is_a_posting_for_volunteers_in_the_area() -> None:
    body = json.loads(VolunteeringOpportunity().write(OFFER))
    assert (body["@type"], body["employmentType"]) == ("JobPosting", "VOLUNTEER")
    assert body["jobLocation"]["address"]["addressLocality"] == "Riverside"
    assert body["hiringOrganization"]["name"] == "Town Time Bank"


def test_a_staged_referral_holds_what_was_permitted_and_no_empty_member() -> None:
    narrow = replace(
        OFFER,
        fields={"identity.first_name": "Zebedee", "need.needs": ["lifts"], "contact.phone": ""},
    )
    body = json.loads(CharitylogReferral().write(narrow))
    assert body == {
        "external_reference": "RH-4KT2",
        "external_id": TASK,
        "stage": "offer",
        "referred_on": "2026-03-01",
        "referred_by": {"name": "High Street Surgery", "id": "agency-1"},
        "priority": "routine",
        "client": {"forename": "Zebedee"},
        "needs": ["lifts"],
        "reason": "A lift",
        "organisation": "Town Time Bank",
        "project": "Befriending",
    }


def test_a_member_stands_in_the_columns_that_timeoverflow_reads() -> None:
    (row,) = csv.reader(io.StringIO(TimeOverflowMember().write(ACCEPTANCE).decode(), newline=""))
    assert row == [
        "17", "2026-03-01", "Zebedee", "Marker", "", "4", "1941-05-06", "+44 7700 900982", "",
        "zebedee@example.org",
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["=1+1", "@SUM(A1)", "-2", "+cmd|' /C calc'!A0", "\tx", "＝1"])
def test_a_name_that_a_spreadsheet_would_run_is_written_as_text(first: str) -> None:
    odd = replace(ACCEPTANCE, fields=FIELDS | {"identity.first_name": first})
    (row,) = csv.reader(io.StringIO(TimeOverflowMember().write(odd).decode(), newline=""))
    assert row[2] == f"'{first}"


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "a need after the offer": (lambda: KomunitinNeed().write(ACCEPTANCE), "kind"),
    "a need without a category": (
        lambda: KomunitinNeed().write(replace(OFFER, addressing={"author": AUTHOR})),
        "addressing.category",
    ),
    "a need of nothing": (
        lambda: KomunitinNeed().write(replace(OFFER, fields={"contact.area": "Riverside"})),
        "fields",
    ),
    "a task that is no uuid": (
        lambda: KomunitinNeed().write(replace(OFFER, task_id="task-1")), "task",
    ),
    "a member before the acceptance": (lambda: TimeOverflowMember().write(OFFER), "kind"),
    "a member without a number": (
        lambda: TimeOverflowMember().write(replace(ACCEPTANCE, addressing={"member_number": "0"})),
        "addressing.member_number",
    ),
    "a member without a name": (
        lambda: TimeOverflowMember().write(
            replace(ACCEPTANCE, fields={"contact.area": "Riverside"})
        ),
        "fields",
    ),
    "an opportunity after the offer": (lambda: VolunteeringOpportunity().write(ACCEPTANCE), "kind"),
    "an opportunity of nothing": (
        lambda: VolunteeringOpportunity().write(replace(OFFER, fields={"contact.area": "R"})),
        "fields",
    ),
    "a staged withdrawal": (
        lambda: CharitylogReferral().write(
            replace(OFFER, kind=DocumentKind.WITHDRAWAL, fields={})
        ),
        "kind",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("write", "member"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_written_names_the_member(write: Callable[[], bytes], member: str) -> None:
    with pytest.raises(FormatError) as caught:
        write()
    assert str(caught.value).startswith(f"{member}:")


def test_twenty_minutes_are_thirty_three_hundredths_of_an_hour() -> None:
    assert scaled_hours(20, 2) == 33
    assert minutes_of_scaled_hours(33, 2) == 20
    assert seconds(20) == 1200


@given(st.integers(0, 10**6), st.integers(2, 9))
def test_rounding_loses_less_than_half_a_unit_and_minutes_come_back(
    minutes: int, scale: int
) -> None:
    amount = scaled_hours(minutes, scale)
    assert abs(amount * 60 - minutes * 10**scale) <= 30
    assert minutes_of_scaled_hours(amount, scale) == minutes


@pytest.mark.parametrize("minutes", [-1, True, 1.5])
def test_minutes_are_whole(minutes: Any) -> None:
    with pytest.raises(ValueError, match="minutes"):
        seconds(minutes)


MESSAGE = MessageBack(
    reference="RH-4KT2",
    sent_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    written_at=NOON,
    referrer="High Street Surgery",
    owner="Mereford Council",
    services=(
        Service("Good Neighbours", "Company and a chat", "Closed", NOON, first_contact=NOON,
                outcome="Helped", person_told=True, next_step="Weekly visits go on"),
        Service("Town Time Bank", "A lift", "Declined", NOON, reason="No capacity"),
    ),
    snomed=("871731000000106", "Referral to social prescribing service"),
    distribution=("High Street Surgery",),
)  # fmt: skip


def test_a_message_back_has_the_standards_headings_in_order() -> None:
    assert [heading for heading, _ in as_sections(MESSAGE)] == [
        "Referral details", "Plan and requested actions", "Outcomes",
        "Information and advice given", "Person completing record", "Distribution list",
    ]  # fmt: skip


def test_a_message_back_leaves_out_what_nobody_has_said() -> None:
    nothing_yet = replace(
        MESSAGE, services=(Service("Good Neighbours", "A lift", "Offered", NOON),), distribution=()
    )
    headings = [one["heading"] for one in json.loads(as_json(nothing_yet))["sections"]]
    assert headings == [
        "Referral details",
        "Plan and requested actions",
        "Person completing record",
    ]


def test_a_message_back_reads_as_a_letter() -> None:
    text = as_text(MESSAGE)
    assert "Code to file: 871731000000106 | Referral to social prescribing service |" in text
    assert "Outcome: Helped\nNext step: Weekly visits go on" in text
    assert "Status: Declined, since 2 March 2026\nReason: No capacity" in text
