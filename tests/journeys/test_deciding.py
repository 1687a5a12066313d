"""A patient who cannot decide, and a child: held, put right, and on by itself in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from referral_hub.clock import system_clock
from tests.journeys.people import SEND, Person

Sign = Callable[..., Person]
COUNCIL = "Mereford Council"
NOBODY = "Nobody could: the patient lacks capacity, and it is in their best interests"


def begin(gp: Person, *, family: str, born: str) -> None:
    """Fill in the pages up to who decided; only the council is named."""
    page = gp.page
    gp.follow("Refer someone")
    page.get_by_role("button", name="Start now").click()
    gp.choose("No")
    gp.go_on()
    page.fill("#first_name", "Ida")
    page.fill("#family_name", family)
    for part, value in (("day", "3"), ("month", "4"), ("year", born)):
        page.fill(f"#date_of_birth-{part}", value)
    gp.go_on()
    page.select_option("#area", label="Harbour")
    for _ in range(3):
        gp.go_on()
    gp.choose("Lonely or isolated")
    gp.go_on()
    gp.go_on()
    gp.choose("Yes")
    gp.go_on()
    page.get_by_label(COUNCIL).first.check()
    for box in page.locator("input[name=classes]").all():
        box.check()
    gp.go_on()


def send(gp: Person) -> str:
    """Answer the last pages and send; returns the reference."""
    gp.choose("Yes", "6 months")
    gp.go_on()
    gp.page.fill("#why", "Low since the move")
    gp.choose("Routine")
    gp.go_on()
    gp.press(SEND)
    found = re.search(r"RH-[0-9A-Z]{4}-[0-9A-Z]{4}", gp.page.inner_text("main"))
    assert found, gp.page.inner_text("main")
    return found.group()


def write_date(gp: Person, name: str, day: date) -> None:
    """Fill in a date's three boxes."""
    for part, value in (("day", day.day), ("month", day.month), ("year", day.year)):
        gp.page.fill(f"#{name}-{part}", str(value))


def test_a_patient_who_cannot_decide_is_held_until_the_decision_is_recorded(
    person: Sign,
) -> None:
    gp, council = person("gp"), person("council")
    yesterday = system_clock().date() - timedelta(days=1)
    begin(gp, family="Varley", born="1939")
    gp.choose(
        "Face to face",
        "Nobody could: the patient lacks capacity, and it is in their best interests",
    )
    gp.go_on()
    gp.page.fill("#assessed_by", "Dr Ottoline Vane")
    write_date(gp, "assessed_on", yesterday)
    gp.go_on()
    reference = send(gp)
    gp.see("On hold, and shared with nobody:")
    gp.follow("See this referral")
    gp.see("What is missing.", "You can put this right.")
    gp.follow("Record the patient’s agreement")
    gp.page.get_by_label(COUNCIL).first.check()
    for box in gp.page.locator("input[name=classes]").all():
        box.check()
    gp.choose(
        "Face to face",
        "Nobody could: the patient lacks capacity, and it is in their best interests",
    )
    for name, words in (("assessed_by", "Dr Vane"), ("decided_by", "The practice, her daughter")):
        gp.page.fill(f"#{name}", words)
    write_date(gp, "assessed_on", yesterday)
    write_date(gp, "decided_on", yesterday)
    gp.page.fill("#decided_why", "Left alone she would not eat")
    gp.choose("6 months")
    gp.page.locator("input[name=service][value=yes]").check()
    gp.press("Record agreement")
    council.follow("Referrals to you")
    council.wait_to_see(reference)


def test_a_child_and_a_parent_who_disagree_wait_for_the_council(person: Sign) -> None:
    gp, council = person("gp"), person("council")
    begin(gp, family="Wrensley", born=str(system_clock().year - 13))
    gp.choose("Face to face", "The patient")
    gp.go_on()
    gp.page.locator("input[name=child_view][value=agrees]").check()
    gp.page.locator("input[name=parent_view][value=disagrees]").check()
    gp.page.fill("#gillick", "Understands what is shared and why")
    gp.go_on()
    reference = send(gp)
    council.page.reload()
    council.wait_for_link(reference)
    council.follow("Decide where child and parent disagree")
    council.never_see("Ida", "Wrensley")
    council.choose("Yes")
    council.page.fill("#reasons", "Spoke with both of them at home")
    council.press("Record the decision")
    council.follow("Referrals to you")
    council.wait_to_see(reference)
