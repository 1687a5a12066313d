"""What is known of whom somebody looks for stands in no representation."""

from __future__ import annotations

from dataclasses import replace

from referral_hub.services.open_referral import Query
from referral_hub.services.search_directory import Search
from tests.domain.town import seeker


def test_nothing_of_whoever_is_looked_for_shows_in_a_repr() -> None:
    about = replace(seeker(), age=91, language="cy")
    asked = (about, Search(place="MF1 1AA", words="lonely"), Query(postcode="MF1 1AA"))
    assert [repr(one) for one in asked] == ["<Seeker>", "<Search>", "<Query>"]
