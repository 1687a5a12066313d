"""Each kind of notification is told, chased and shown as the reviewed table says."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from referral_hub.domain.codes import NotificationKind, NotificationState
from referral_hub.domain.notifications import load_rules, rule_of, rules

TABLE = Path(__file__).parents[1] / "tables" / "notifications.csv"
WAITING, CHASED = NotificationState.WAITING, NotificationState.CHASED
Row = dict[str, str]


def _rows() -> list[Row]:
    with TABLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _table() -> dict[str, dict[str, Any]]:
    text = files("referral_hub.domain").joinpath("notifications.toml").read_text("utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize("row", _rows(), ids=lambda row: str(row["kind"]))
def test_a_kind_is_as_reviewed(row: Row) -> None:
    rule = rule_of(NotificationKind(row["kind"]))
    assert rule.answer_within.days == int(row["answer days"])
    assert rule.chase_within.days == int(row["chase days"])
    assert rule.stops == (row["sharing stops"] == "yes")
    assert rule.ahead.days == int(row["days ahead"])
    assert {kind.value for kind in rule.supersedes} == set(row["lets rest"].split())


@pytest.mark.parametrize("row", _rows(), ids=lambda row: str(row["kind"]))
def test_silence_leads_where_the_review_says_and_ends(row: Row) -> None:
    rule = rule_of(NotificationKind(row["kind"]))
    end = (
        NotificationState.UNANSWERED
        if row["shown to people"] == "yes"
        else NotificationState.SUPERSEDED
    )
    first = rule.when_silent(WAITING)
    assert first == (CHASED if row["chased after silence"] == "yes" else end)
    assert rule.when_silent(CHASED) == end


def test_every_kind_has_one_row() -> None:
    assert sorted(row["kind"] for row in _rows()) == sorted(kind.value for kind in NotificationKind)
    assert set(rules()) == set(NotificationKind)


def test_what_stops_sharing_is_never_superseded_but_by_what_stops_more() -> None:
    for rule in rules().values():
        for kind in rule.supersedes:
            assert not rules()[kind].stops or rule.kind is NotificationKind.WITHDRAWN


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"expired": None}, "kinds"),
        ({"forgotten": {}}, "kinds"),
        ({"expired": {"answer_days": 0}}, "expired: answer_days"),
        ({"expired": {"answer_days": True}}, "expired: days"),
        ({"expired": {"chase_days": -1}}, "expired: days"),
        ({"expired": {"answer_days": 1.5}}, "expired: days"),
        ({"expired": {"loud": True}}, "expired: columns"),
        ({"expired": {"supersedes": ["forgotten"]}}, "forgotten"),
    ],
)
def test_a_table_that_is_not_whole_is_refused_naming_the_place(
    change: dict[str, Any], named: str
) -> None:
    table = _table()
    for kind, columns in change.items():
        if columns is None:
            del table[kind]
        else:
            table[kind] = {**table.get(kind, {}), **columns}
    with pytest.raises(ValueError, match=named):
        load_rules(table)
