"""Both boards in a real browser, on a desk and on a telephone; axe looks at each page at both."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.journeys.people import Person, refer

NEIGHBOURS = "Mereford Good Neighbours"
PHONE = {"width": 390, "height": 844}

Sign = Callable[..., Person]


def _board(who: Person, path: str) -> None:
    who.page.goto(f"{who.address}{path}")
    who.look()
    wider = who.page.locator("html").evaluate("it => it.scrollWidth - it.clientWidth")
    assert wider <= 0


def test_a_provider_answers_in_two_presses_and_the_referrer_sees_what_comes_next(
    person: Sign,
) -> None:
    gp, provider = person("gp"), person("neighbours")
    yes, no = (
        refer(gp, name=name, needs=("Lonely or isolated",), agencies=(NEIGHBOURS,))
        for name in ("Nora Finch", "Owen Marl")
    )
    provider.page.set_viewport_size(PHONE)
    for reference in (yes, no):
        _board(provider, "/tasks?show=new")
        provider.wait_to_see(reference)
        provider.never_see("Nora", "Finch", "Owen", "Marl")
    provider.follow(re.compile(f"^Accept.*{yes}"))
    provider.press("Accept referral")
    _board(provider, "/tasks?show=new")
    provider.follow(re.compile(f"^Decline.*{no}"))
    provider.choose("No room at the moment")
    provider.press("Decline referral")
    _board(provider, "/tasks?show=accepted")
    provider.see(yes, "Record first contact")
    _board(gp, "/referrals?show=helped&whose=mine")
    gp.see(yes, "They contact the patient")
    gp.page.set_viewport_size(PHONE)
    _board(gp, "/referrals")
    gp.never_see("Nora", "Finch", "Owen", "Marl")
    gp.page.goto(f"{gp.address}/referrals?show=helped")
    gp.follow(yes)
    gp.page.get_by_text("Copy into the record").click()
    gp.see("871731000000106")


def test_a_provider_is_full_and_has_room_again(person: Sign) -> None:
    provider = person("neighbours")
    provider.page.set_viewport_size(PHONE)
    _board(provider, "/tasks")
    provider.follow(re.compile("^We are full until.*Tuesday club"))
    provider.press("We are full")
    provider.see("Nobody new is sent to you until then")
    provider.press(re.compile("^We have room again.*Tuesday club"))
    provider.see("You may be sent people again from now")
