"""The routes of the person themselves, and of the code that a sender gives them."""

from __future__ import annotations

from referral_hub.access import Permission as May
from referral_hub.web import my, person_codes, work_list
from referral_hub.web.guards import PUBLIC, Route, staff
from referral_hub.web.my import PERSON

_CODE = "/referrals/<uuid:referral_id>/code"
_POST = ("POST",)

OF_THE_PERSON: tuple[Route, ...] = (
    Route(_CODE, person_codes.show, staff(May.GIVE_CODE)),
    Route(_CODE, person_codes.make, staff(May.GIVE_CODE), _POST),
    Route(f"{_CODE}/end", person_codes.end, staff(May.GIVE_CODE), _POST),
    Route(
        "/people-to-tell/<uuid:message_id>/told",
        work_list.told,
        staff(May.SETTLE_NOTIFICATION),
        _POST,
    ),
    Route("/my", my.start, PUBLIC),
    Route("/my", my.enter, PUBLIC, _POST),
    Route("/my/page", my.show, PERSON),
    Route("/my/withdraw", my.withdraw, PERSON, _POST),
    Route("/my/copy", my.copy, PERSON, _POST),
    Route("/my/wrong", my.wrong_form, PERSON),
    Route("/my/wrong", my.wrong, PERSON, _POST),
    Route("/my/help", my.help_others, PERSON, _POST),
    Route("/my/close", my.close, PERSON, _POST),
    Route("/my/left", my.left, PUBLIC),
    Route("/my/exit", my.leave_quickly, PUBLIC),
)
