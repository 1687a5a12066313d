"""A record's words, schedules and costs as what a search asks."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from referral_hub.domain.codes import AccessNeed, NeedCode
from referral_hub.domain.listings import (
    DAY_MINUTES,
    hours_of,
    listing_of,
    meant,
    minute_of_week,
    words_table,
)

TODAY = date(2026, 3, 2)
ROWS = [
    pytest.param(kind, code, words, id=f"{kind}-{code}")
    for kind, table in words_table().items()
    for code, words in table.items()
]


@pytest.mark.parametrize(("kind", "code", "words"), ROWS)
def test_every_row_of_words_finds_its_code(kind: str, code: str, words: tuple[str, ...]) -> None:
    for phrase in words:
        assert code in meant(kind, f"Our {phrase.upper()}, and more")
    assert code not in meant(kind, "xyz" + words[0] + "xyz")


def test_every_need_has_words_and_every_access_code_is_one_of_ours() -> None:
    assert set(words_table()["need"]) == set(NeedCode)
    assert set(words_table()["access"]) <= set(AccessNeed)


@pytest.mark.parametrize(
    ("schedule", "slots"),
    [
        ({"byday": "MO,we", "opens_at": "09:00:00", "closes_at": "17:30:00"},
         ((540, 1050), (2 * DAY_MINUTES + 540, 2 * DAY_MINUTES + 1050))),
        ({"byday": "1SU", "opens_at": "22:00:00", "closes_at": "02:00:00"},
         ((6 * DAY_MINUTES + 1320, 7 * DAY_MINUTES),)),
        ({"byday": "TU", "opens_at": "10:00:00"}, ((DAY_MINUTES + 600, 2 * DAY_MINUTES),)),
        ({"byday": "MO", "opens_at": "09:00:00", "valid_to": "2026-03-01"}, None),
        ({"byday": "MO"}, None),
        ({"opens_at": "09:00:00"}, None),
        ({"byday": "every day", "opens_at": "09:00:00"}, None),
    ],
)  # fmt: skip
def test_a_schedule_is_minutes_of_the_week(schedule: dict[str, Any], slots: Any) -> None:
    assert hours_of([schedule], TODAY) == slots


def test_the_week_begins_on_monday_midnight() -> None:
    assert minute_of_week("MO", time(0)) == 0
    assert minute_of_week("SU", time(23, 59)) == 7 * DAY_MINUTES - 1


@pytest.mark.parametrize(
    ("parts", "free"),
    [
        ({}, None),
        ({"fees": "Free of charge"}, True),
        ({"fees": "Freedom pass"}, None),
        ({"cost_options": [{"amount": 0}]}, True),
        ({"cost_options": [{"amount": 0}, {"amount": 3.5}]}, False),
        ({"cost_options": [{"option": "free for members"}]}, True),
    ],
)
def test_whether_it_is_free_is_yes_no_or_not_known(parts: dict[str, Any], free: bool) -> None:
    record = {"id": str(minimal["id"]), "name": "x", "status": "active"} | parts
    assert listing_of(record, TODAY).free is free


minimal = {"id": "ac148810-d857-441c-9679-408f346de14b"}
