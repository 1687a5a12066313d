"""The body of a referral as a partner's system sends it.

The same facts as on the referrer's pages, under names from FHIR and UK GDPR, and the same limits.
`agreement` is what the person said and `concern` a safeguarding concern instead of it; with neither
the referral is accepted and held until somebody records what the person agreed to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from marshmallow import ValidationError, post_load, validates, validates_schema

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import is_known, is_own
from referral_hub.domain.codes import (
    AccessNeed,
    AuthorityScope,
    ContactMethod,
    NeedCode,
    Priority,
)
from referral_hub.domain.commands import (
    NO_WISHES,
    AgreementTaken,
    Assessment,
    AuthorityTaken,
    BestInterestsDecision,
    ChildViews,
    ConcernRaised,
)
from referral_hub.domain.nhs_number import InvalidNhsNumber, parse_nhs_number
from referral_hub.domain.routing import age_on
from referral_hub.services.assemble_referral import PlainReferral
from referral_hub.web.forms.api_fields import (
    ApiBody,
    Codes,
    Day,
    Ids,
    LongText,
    OneCode,
    Text,
    Truth,
    part,
)
from referral_hub.web.forms.api_wishes import WishesBody, check_wishes
from referral_hub.web.forms.deciding import PROXIES
from referral_hub.web.forms.referral import EMAIL, OLDEST, PHONE, POSTCODE, SHAREABLE
from referral_hub.web.labels import Labels

_LANGUAGES = tuple(Labels().languages())


class PersonBody(ApiBody):
    """Who the referral is about; `area` is a code of the hub's areas."""

    first_name = Text("It", longest=100, required=True)
    family_name = Text("It", longest=100, required=True)
    date_of_birth = Day(required=True)
    nhs_number = Text("It", longest=30, load_default=None)
    area = Text("It", longest=20, required=True)
    address = LongText("It", longest=300, load_default=None)
    postcode = Text("It", longest=10, load_default=None)

    @validates("nhs_number")
    def _digits_belong_together(self, value: str | None, **_options: Any) -> None:
        try:
            if value is not None:
                parse_nhs_number(value)
        except InvalidNhsNumber as problem:
            raise ValidationError(str(problem)) from None

    @validates("postcode")
    def _is_one(self, value: str | None, **_options: Any) -> None:
        if value is not None and not POSTCODE.fullmatch(value.upper()):
            raise ValidationError("Send a full UK postcode, or leave it out.")


class ContactBody(ApiBody):
    """How the person may be reached, and how never."""

    phone = Text("It", longest=20, load_default=None)
    email = Text("It", longest=254, load_default=None)
    preferred = Codes(ContactMethod, load_default=frozenset())
    never = Codes(ContactMethod, load_default=frozenset())
    note = Text("It", longest=200, load_default=None)

    @validates("phone")
    def _can_be_rung(self, value: str | None, **_options: Any) -> None:
        if value is not None and not PHONE.fullmatch(value):
            raise ValidationError("Send a phone number, like 07700 900982.")

    @validates("email")
    def _can_be_written_to(self, value: str | None, **_options: Any) -> None:
        if value is not None and not EMAIL.fullmatch(value):
            raise ValidationError("Send an email address, like name@example.org.")

    @validates_schema
    def _agree(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["preferred"] & data["never"]:
            raise ValidationError("A way cannot be both preferred and ruled out.", "never")
        if data["preferred"] & {ContactMethod.PHONE, ContactMethod.TEXT} and not data["phone"]:
            raise ValidationError("Send a phone number, or prefer another way.", "phone")
        if ContactMethod.EMAIL in data["preferred"] and not data["email"]:
            raise ValidationError("Send an email address, or prefer another way.", "email")


class AccessBody(ApiBody):
    """Language (a tag of the hub's list) and what a helper must provide for."""

    language = Text("It", longest=20, load_default="en", metadata={"enum": list(_LANGUAGES)})
    interpreter = Truth(load_default=False)
    needs = Codes(AccessNeed, load_default=frozenset())
    note = Text("It", longest=200, load_default=None)

    @validates("language")
    def _is_known(self, value: str, **_options: Any) -> None:
        if value not in _LANGUAGES:
            raise ValidationError(f"Send one of {', '.join(_LANGUAGES)}.")


class NoticeBody(ApiBody):
    """The words that the person was told; the directory lists those in use."""

    id = Text("It", longest=60, required=True)
    version = Text("It", longest=20, required=True)
    language = Text("It", longest=20, required=True)

    @validates_schema
    def _is_kept(self, data: Mapping[str, Any], **_options: Any) -> None:
        known = is_known(data["id"], data["version"], data["language"])
        if not known and not is_own(data["version"]):
            raise ValidationError("The hub has no such words; the directory lists them.")


class AuthorityBody(ApiBody):
    """What lets somebody speak for the person. Without a document the referral is held."""

    seen = Text("It", longest=200, load_default=None)
    covers = OneCode(AuthorityScope, required=True)
    until = Day(load_default=None)
    risk = Truth(required=True)


class AssessmentBody(ApiBody):
    """Who assessed whether the person can decide about this, and when."""

    by = Text("It", longest=100, required=True)
    on = Day(required=True)


class BestInterestsBody(ApiBody):
    """Who decided in the person's best interests, when, and why."""

    by = Text("It", longest=200, required=True)
    on = Day(required=True)
    why = LongText("It", longest=1000, required=True)


class ChildBody(ApiBody):
    """What a child and a parent say (left out: not asked), and what allows deciding."""

    child_agrees = Truth(load_default=None)
    parent_agrees = Truth(load_default=None)
    gillick = LongText("It", longest=1000, load_default=None)
    parental_responsibility = Text("It", longest=200, load_default=None)


class AgreementBody(ApiBody):
    """What the person said: yes with its terms, or no, which names nobody."""

    given = Truth(required=True)
    notice = part(NoticeBody, required=True)
    method = OneCode(Method, required=True)
    given_by = OneCode(GivenBy, required=True)
    recipients = Ids(load_default=frozenset())
    classes = Codes(DataClass, least=1, load_default=frozenset())
    valid_until = Day(load_default=None)
    service_agreement = Truth(load_default=False)
    authority = part(AuthorityBody, load_default=None)
    assessment = part(AssessmentBody, load_default=None)
    best_interests = part(BestInterestsBody, load_default=None)
    child = part(ChildBody, load_default=None)

    @validates("classes")
    def _offered(self, value: frozenset[DataClass], **_options: Any) -> None:
        if not value <= set(SHAREABLE):
            raise ValidationError(f"A person can agree to {', '.join(SHAREABLE)}.")

    @validates_schema
    def _complete(self, data: Mapping[str, Any], **_options: Any) -> None:
        terms = ("recipients", "classes", "valid_until")
        if data["given"]:
            wrong = {name: ["A yes needs this."] for name in terms if not data[name]}
        else:
            wrong = {name: ["A no has no terms."] for name in terms if data[name]}
        if data["given_by"] in PROXIES and data["authority"] is None and data["given"]:
            wrong["authority"] = ["Say what lets them speak for the person."]
        if data["given_by"] not in PROXIES and data["authority"] is not None:
            wrong["authority"] = ["Only a parent, an attorney or a deputy has one."]
        if wrong:
            raise ValidationError(wrong)

    @post_load
    def _taken(self, data: Mapping[str, Any], **_options: Any) -> Any:
        return self.taken(data)

    @staticmethod
    def taken(data: Mapping[str, Any]) -> AgreementTaken:
        """Return what was said as the command takes it."""
        notice = data["notice"]
        kinds = {
            "authority": AuthorityTaken,
            "assessment": Assessment,
            "best_interests": BestInterestsDecision,
            "child": ChildViews,
        }
        beside = {n: kind(**data[n]) if data[n] else None for n, kind in kinds.items()}
        return AgreementTaken(
            state=EventState.GIVEN if data["given"] else EventState.REFUSED,
            recipients=data["recipients"],
            classes=data["classes"],
            notice_id=notice["id"],
            notice_version=notice["version"],
            notice_language=notice["language"],
            method=data["method"],
            given_by=data["given_by"],
            valid_until=data["valid_until"],
            service_agreement=data["service_agreement"],
            **beside,
        )


class ConcernBody(ApiBody):
    """A safeguarding concern, which goes to the council and rests on no agreement."""

    reasons = LongText("It", longest=2000, required=True)
    person_told = Truth(required=True)


class ReferralBody(ApiBody):
    """A whole referral."""

    person = part(PersonBody, required=True)
    contact = part(ContactBody, load_default=None)
    access = part(AccessBody, load_default=None)
    needs = Codes(NeedCode, least=1, required=True)
    why = Text("It", longest=300, required=True)
    task_note = LongText("It", longest=500, load_default=None)
    priority = OneCode(Priority, load_default=Priority.ROUTINE)
    agreement = part(AgreementBody, load_default=None)
    concern = part(ConcernBody, load_default=None)
    wishes = part(WishesBody, load_default=None)

    def __init__(self, today: date) -> None:
        self.today = today
        super().__init__()

    @validates_schema
    def _one_ground(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["agreement"] is not None and data["concern"] is not None:
            raise ValidationError("Send an agreement or a concern, not both.", "concern")

    @validates_schema
    def _can_be_meant(self, data: Mapping[str, Any], **_options: Any) -> None:
        if data["wishes"] is not None:
            check_wishes(data["wishes"], data["needs"])

    @validates_schema
    def _days(self, data: Mapping[str, Any], **_options: Any) -> None:
        born, agreed = data["person"]["date_of_birth"], data["agreement"]
        if born > self.today or age_on(born, self.today) > OLDEST:
            words = f"Send a day in the past, less than {OLDEST} years ago."
            raise ValidationError({"person": {"date_of_birth": [words]}})
        if agreed is not None:
            check_days(agreed, self.today, "agreement")

    @post_load
    def _plain(self, data: Mapping[str, Any], **_options: Any) -> PlainReferral:
        contact = data["contact"] or {}
        access = data["access"] or {}
        concern = data["concern"]
        return PlainReferral(
            **data["person"],
            phone=contact.get("phone"),
            email=contact.get("email"),
            preferred=contact.get("preferred", frozenset()),
            never=contact.get("never", frozenset()),
            contact_note=contact.get("note"),
            language=access.get("language", "en"),
            interpreter=access.get("interpreter", False),
            access=access.get("needs", frozenset()),
            access_note=access.get("note"),
            needs=data["needs"],
            why=data["why"],
            task_note=data["task_note"],
            priority=data["priority"],
            agreement=data["agreement"],
            concern=ConcernRaised(**concern) if concern else None,
            wishes=data["wishes"] or NO_WISHES,
        )


@lru_cache(maxsize=2)
def referral_body(today: date) -> ReferralBody:
    """Return the schema of a day. Making one costs more than reading a body by it."""
    return ReferralBody(today)


def check_days(agreed: AgreementTaken, today: date, under: str | None) -> None:
    """Refuse an agreement that has ended, and what has not happened yet. Raises ValidationError."""
    wrong: dict[str, Any] = {}
    if agreed.valid_until is not None and agreed.valid_until <= today:
        wrong["valid_until"] = ["Send a day in the future."]
    for name, said in (
        ("assessment", agreed.assessment),
        ("best_interests", agreed.best_interests),
    ):
        if said is not None and said.on > today:
            wrong[name] = {"on": ["Send today or a day in the past."]}
    if wrong:
        raise ValidationError({under: wrong} if under else wrong)
