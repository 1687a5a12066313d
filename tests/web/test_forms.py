"""Fields: what is accepted, what is refused, and in which words."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import Notice, installed_notices
from referral_hub.domain.codes import AuthorityScope, ContactMethod, NeedCode
from referral_hub.domain.commands import Assessment, AuthorityTaken
from referral_hub.domain.months import months_later
from referral_hub.web import journey
from referral_hub.web.assemble import (
    Unfinished,
    agreement,
    check_pages,
    command,
    seeker,
)
from referral_hub.web.forms import Filled, fill
from referral_hub.web.forms.deciding import AgreementPage
from referral_hub.web.forms.referral import (
    AddressPage,
    ContactPage,
    Known,
    PersonPage,
    SharingPage,
    TermsPage,
    WhyPage,
)

TODAY = date(2026, 6, 1)
AGENCY = "0190a000-0000-7000-8000-000000000001"
DRAFT = UUID("0190a000-0000-7000-8000-000000000002")
NOTICE = next(n for n in installed_notices() if n.language == "en" and n.version == "2")
NOTICES: dict[str, Notice] = {f"{NOTICE.id}/{NOTICE.version}/{NOTICE.language}": NOTICE}
KNOWN = Known(TODAY, {"MF-HAR": "Harbour"}, {"en": "English"}, {AGENCY: "Council"}, NOTICES)
Answers = dict[str, dict[str, Any]]
PERSON = {
    "first_name": "Edith",
    "family_name": "Quayle",
    "date_of_birth-day": "3",
    "date_of_birth-month": "4",
    "date_of_birth-year": "1942",
}
ANSWERS: Answers = {
    "danger": {"danger": "no"},
    "person": {**PERSON, "nhs_number": "999 000 0018"},
    "address": {"area": "MF-HAR", "address": "1 Quay\r\nMereford", "postcode": "mf1 1aa"},
    "contact": {"phone": "07700 900123", "preferred": ["phone"], "never": ["text"]},
    "access": {"language": "en", "interpreter": ["yes"], "access": ["bsl"]},
    "needs": {"needs": ["lonely", "lifts"]},
    "recipients": {},
    "agreement": {"agreed": "yes", "notice": next(iter(NOTICES))},
    "sharing": {"agencies": [AGENCY], "classes": ["identity", "need"]},
    "taken": {"method": "phone", "given_by": "attorney", "assessed": ["yes"]},
    "authority": {"seen": "LPA 700123", "covers": "welfare", "risk": "no"},
    "capacity": {
        "assessed_by": "Dr Vane",
        "assessed_on-day": "30",
        "assessed_on-month": "5",
        "assessed_on-year": "2026",
    },
    "terms": {
        "service": "yes",
        "until": "date",
        "until_date-day": "1",
        "until_date-month": "9",
        "until_date-year": "2026",
    },
    "why": {"why": "Widowed", "task_note": "Two bags", "priority": "urgent"},
}
OF_A_CHILD: Answers = {
    **ANSWERS,
    "person": {**PERSON, "date_of_birth-year": "2013"},
    "taken": {"method": "phone", "given_by": "self"},
    "child": {"child_view": "agrees", "parent_view": "not_asked", "gillick": "Understands it"},
}
OF_FEAR: Answers = {
    **ANSWERS,
    "danger": {"danger": "no", "concern": ["yes"]},
    "safeguarding": {"reasons": "Bruises that nobody explains", "told": "no"},
}
EVERY_PAGE = [
    (answers, name)
    for answers in (ANSWERS, OF_A_CHILD, OF_FEAR)
    for name in journey.NAMES
    if journey.step(name).applies(answers, TODAY)
]


@pytest.mark.parametrize(
    ("day", "month", "year", "message"),
    [
        ("", "", "", "Enter the patient’s date of birth"),
        ("3", "", "1942", "Date of birth must include a month"),
        ("", "", "1942", "Date of birth must include a day and month"),
        ("31", "2", "1942", "Date of birth must be a real date, like 27 3 1948"),
        ("29", "2", "1900", "Date of birth must be a real date, like 27 3 1948"),
        ("3", "4", "42", "Date of birth must be a real date, like 27 3 1948"),
        ("٣", "4", "1942", "Date of birth must be a real date, like 27 3 1948"),
        ("3", "Ma", "1942", "Date of birth must be a real date, like 27 3 1948"),
        ("3", "Brumaire", "1942", "Date of birth must be a real date, like 27 3 1948"),
        ("April", "3", "1942", "Date of birth must be a real date, like 27 3 1948"),
        ("31", "12", "9999", "Date of birth must be in a year between 1850 and 2199"),
        ("1", "1", "0001", "Date of birth must be in a year between 1850 and 2199"),
        ("2", "6", "2026", "Date of birth must be in the past"),
        ("1", "1", "1890", "Date of birth must be less than 125 years ago"),
    ],
)
def test_a_wrong_date_says_what_is_wrong_with_it(
    day: str, month: str, year: str, message: str
) -> None:
    parts = {"date_of_birth-day": day, "date_of_birth-month": month, "date_of_birth-year": year}
    filled = fill(PersonPage(KNOWN), {**PERSON, **parts})
    assert filled.errors == {"date_of_birth": message}
    assert filled.summary() == [{"text": message, "href": "#date_of_birth-day"}]


@pytest.mark.parametrize("month", ["4", "04", "April", "apr", "APR."])
def test_a_month_may_be_its_number_or_its_name(month: str) -> None:
    parts = {"date_of_birth-day": "3", "date_of_birth-month": month, "date_of_birth-year": "1942"}
    filled = fill(PersonPage(KNOWN), {**PERSON, **parts})
    assert filled.values["date_of_birth"] == date(1942, 4, 3)


@pytest.mark.parametrize("number", ["9990000019", "999000001", "١٢٣٤٥٦٧٨٩٠", "0000000000", "x"])
def test_a_wrong_nhs_number_is_refused_without_repeating_it(number: str) -> None:
    filled = fill(PersonPage(KNOWN), {**PERSON, "nhs_number": number})
    assert list(filled.errors) == ["nhs_number"]
    assert number not in filled.errors["nhs_number"]


def test_an_nhs_number_is_optional_and_may_be_written_in_groups() -> None:
    assert fill(PersonPage(KNOWN), PERSON).ok
    assert fill(PersonPage(KNOWN), {**PERSON, "nhs_number": " 999-000-0018 "}).ok


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"preferred": ["phone"]}, "phone"),
        ({"preferred": ["text"], "email": "a@b.example"}, "phone"),
        ({"preferred": ["email"], "phone": "07700 900123"}, "email"),
        ({"preferred": ["post"], "never": ["post"]}, "never"),
        ({"phone": "ring me"}, "phone"),
        ({"phone": "07700 900123 or 07700 900124"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"preferred": ["pigeon"]}, "preferred"),
    ],
)
def test_contact_that_contradicts_itself_is_pointed_out(form: dict[str, Any], wrong: str) -> None:
    assert list(fill(ContactPage(KNOWN), form).errors) == [wrong]


def test_nothing_about_contact_is_compulsory() -> None:
    assert fill(ContactPage(KNOWN), {}).ok


@pytest.mark.parametrize("postcode", ["LA1 1AA", "la11aa", "M1 1AE", "EC1A 1BB"])
def test_a_postcode_may_be_written_either_way(postcode: str) -> None:
    assert fill(AddressPage(KNOWN), {"area": "MF-HAR", "postcode": postcode}).ok


@pytest.mark.parametrize("postcode", ["LA1", "1AA", "ＬＡ1 1AA", "LA1 1AA x", "LA1-1AA"])
def test_half_a_postcode_is_refused(postcode: str) -> None:
    filled = fill(AddressPage(KNOWN), {"area": "MF-HAR", "postcode": postcode})
    assert list(filled.errors) == ["postcode"]


def test_an_area_or_agency_that_was_not_offered_is_refused() -> None:
    assert "area" in fill(AddressPage(KNOWN), {"area": "MF-NOR"}).errors
    other = {"agencies": [AGENCY, str(DRAFT)], "classes": ["need"]}
    assert list(fill(SharingPage(KNOWN), other).errors) == ["agencies"]


def test_what_is_missing_from_an_agreement_is_listed_as_the_page_asks_for_it() -> None:
    asked = ["agencies", "classes", "method", "given_by", "service", "until"]
    found = fill(AgreementPage(KNOWN), {"notice": next(iter(NOTICES))})
    assert list(found.errors) == asked


@pytest.mark.parametrize("text", ["\u200b", "\u200e\u200f", "\U000e0041 \ufeff"])
def test_a_name_that_nobody_can_see_is_refused(text: str) -> None:
    found = fill(PersonPage(KNOWN), {**PERSON, "first_name": text})
    assert found.errors == {"first_name": "First name has nothing that can be read; type it again"}


@pytest.mark.parametrize("unasked", ["risk", "sensitive", "finance", "context"])
def test_a_class_that_the_page_does_not_offer_is_refused(unasked: str) -> None:
    form = {"agencies": [AGENCY], "classes": ["need", unasked]}
    assert list(fill(SharingPage(KNOWN), form).errors) == ["classes"]


def test_an_agreement_must_end_after_today() -> None:
    ends = {"until_date-day": "1", "until_date-month": "6", "until_date-year": "2026"}
    form = {"service": "yes", "until": "date"}
    assert list(fill(TermsPage(KNOWN), form).errors) == ["until_date"]
    assert list(fill(TermsPage(KNOWN), {**form, **ends}).errors) == ["until_date"]
    assert fill(TermsPage(KNOWN), {**form, **ends, "until_date-day": "2"}).ok


@given(text=st.text(max_size=400))
def test_text_is_kept_as_typed_or_refused_and_never_changed_unseen(text: str) -> None:
    filled = fill(WhyPage(KNOWN), {"why": text, "priority": "routine"})
    assert filled.raw["why"] == text
    if filled.ok:
        kept = filled.values["why"]
        assert kept == " ".join(unicodedata.normalize("NFC", text).split())
        assert all(unicodedata.category(one) not in {"Cc", "Cs", "Cn"} for one in kept)
        assert 0 < len(kept) <= 300
    else:
        assert set(filled.errors) == {"why"}


@given(text=st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=600))
def test_a_note_keeps_its_lines(text: str) -> None:
    filled = fill(WhyPage(KNOWN), {"why": "x", "task_note": text, "priority": "routine"})
    if filled.ok and filled.values["task_note"]:
        assert filled.values["task_note"].count("\n") <= text.count("\n")


def test_a_filled_page_shows_no_field_in_its_repr() -> None:
    assert "Quayle" not in repr(Filled(PERSON))


def test_all_pages_become_one_command() -> None:
    pages = check_pages(ANSWERS, KNOWN)
    assert not isinstance(pages, Unfinished)

    made = command(DRAFT, pages, today=TODAY)

    assert made.draft_id == DRAFT
    assert made.person.first_name == "Edith"
    assert made.person.nhs_number == "9990000018"
    assert made.person.address == "1 Quay\nMereford"
    assert made.person.postcode == "MF1 1AA"
    assert made.contact.never == {ContactMethod.TEXT}
    assert made.access.interpreter
    assert made.needs == {NeedCode.LONELY, NeedCode.LIFTS}
    said = made.agreement
    assert said is not None
    assert said.state is EventState.GIVEN
    assert said.recipients == {UUID(AGENCY)}
    assert said.classes == {DataClass.IDENTITY, DataClass.NEED}
    assert (said.notice_id, said.notice_version, said.notice_language) == (
        NOTICE.id,
        NOTICE.version,
        NOTICE.language,
    )
    assert (said.method, said.given_by) == (Method.PHONE, GivenBy.ATTORNEY)
    assert said.authority == AuthorityTaken("LPA 700123", AuthorityScope.WELFARE, None, False)
    assert said.assessment == Assessment("Dr Vane", date(2026, 5, 30))
    assert said.best_interests is None
    assert said.child is None
    assert made.concern is None
    assert said.valid_until == date(2026, 9, 1)
    assert said.service_agreement


def test_a_no_names_nobody_even_if_agencies_were_ticked_before() -> None:
    changed = {**ANSWERS, "agreement": {**ANSWERS["agreement"], "agreed": "no"}}
    pages = check_pages(changed, KNOWN)
    assert not isinstance(pages, Unfinished)

    said = agreement(pages, today=TODAY)

    assert said.state is EventState.REFUSED
    assert not said.recipients
    assert not said.classes
    assert not said.service_agreement


@pytest.mark.parametrize(("answers", "name"), EVERY_PAGE)
def test_a_missing_page_is_named(answers: Answers, name: str) -> None:
    draft = {page: answer for page, answer in answers.items() if page != name}
    assert check_pages(draft, KNOWN) == Unfinished(name)
    assert journey.missing(draft, TODAY) == name


def test_every_page_belongs_to_somebodys_journey() -> None:
    assert {name for _, name in EVERY_PAGE} == set(journey.NAMES)


def test_danger_ends_the_journey_whatever_else_was_answered() -> None:
    draft = {**ANSWERS, "danger": {"danger": "yes"}}
    assert check_pages(draft, KNOWN) == Unfinished(journey.ADVICE)
    assert [name for name in journey.NAMES if journey.reachable(name, draft, TODAY)] == ["danger"]


def test_routing_learns_no_name_number_or_date() -> None:
    pages = check_pages(ANSWERS, KNOWN)
    assert not isinstance(pages, Unfinished)
    known = repr(seeker(pages, TODAY))
    assert all(secret not in known for secret in ("Edith", "Quayle", "9990000018", "1942"))


@pytest.mark.parametrize(("answers", "name"), EVERY_PAGE)
def test_back_and_next_are_each_others_opposite(answers: Answers, name: str) -> None:
    following = journey.after(name, answers, TODAY, changing=False)
    assert journey.before(following, answers, TODAY) == name


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 10, 31), 3, date(2027, 1, 31)),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(
    day: date, months: int, expected: date
) -> None:
    assert months_later(day, months) == expected
