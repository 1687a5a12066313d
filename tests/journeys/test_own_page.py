"""Somebody who was referred opens their own page in a real browser, with and without its script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.journeys.other_pages import own_page
from tests.journeys.people import Person
from tests.journeys.walking import Walk

Sign = Callable[..., Person]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_person_looks_says_what_is_wrong_and_changes_their_mind(
    person: Sign, stranger: Callable[..., Person], script: bool
) -> None:
    walk, visitor = Walk(""), stranger(script=script)
    own_page(walk, person("gp"), visitor)
    assert {"/my", "/my/page", "/my/wrong", "/my/left"} <= walk.seen
    leave = visitor.page.get_by_role("button", name="Exit this page").get_attribute("href")
    assert leave == "/my/exit"
