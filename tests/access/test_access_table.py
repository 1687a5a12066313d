"""Every role and permission in every situation has the outcome that the reviewable table says."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from referral_hub.access import Permission, Situation, allowed, permits, require
from referral_hub.access.table import TABLE
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import Forbidden, NotFound

OUTCOMES = Path(__file__).parents[1] / "tables" / "access_outcomes.csv"
ME, US = UUID(int=1), UUID(int=2)
SOMEONE, OTHERS = UUID(int=3), UUID(int=4)
SITUATIONS = {
    "author": Situation(author=ME, origin=OTHERS, owner=OTHERS, recipient=OTHERS),
    "origin": Situation(author=SOMEONE, origin=US, owner=OTHERS, recipient=OTHERS),
    "owner": Situation(author=SOMEONE, origin=OTHERS, owner=US, recipient=OTHERS),
    "recipient": Situation(author=SOMEONE, origin=OTHERS, owner=OTHERS, recipient=US),
    "stranger": Situation(author=SOMEONE, origin=OTHERS, owner=OTHERS, recipient=OTHERS),
    "nothing": Situation(),
}


def _rows() -> Iterator[tuple[Role, Permission, str, str]]:
    with OUTCOMES.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name in SITUATIONS:
                yield Role(row["role"]), Permission(row["permission"]), name, row[name]


def _outcome(role: Role, permission: Permission, situation: Situation | None) -> str:
    try:
        require(Actor(ME, US, role), permission, situation)
    except Forbidden:
        return "refused"
    except NotFound:
        return "not_there"
    return "yes"


@pytest.mark.parametrize(
    ("role", "permission", "situation", "expected"),
    [pytest.param(*row, id="-".join(row[:3])) for row in _rows()],
)
def test_the_outcome_is_the_reviewed_one(
    role: Role, permission: Permission, situation: str, expected: str
) -> None:
    assert _outcome(role, permission, SITUATIONS[situation]) == expected
    assert permits(Actor(ME, US, role), permission, SITUATIONS[situation]) is (expected == "yes")


def test_every_role_and_permission_has_exactly_one_row() -> None:
    with OUTCOMES.open(newline="", encoding="utf-8") as file:
        pairs = [(row["role"], row["permission"]) for row in csv.DictReader(file)]

    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(role, permission) for role in Role for permission in Permission}


def test_every_permission_is_held_by_somebody() -> None:
    assert all(any(allowed(role, wanted) for role in Role) for wanted in Permission)


def test_every_role_has_a_row_in_the_table_of_permissions() -> None:
    assert set(TABLE) == set(Role)


def test_a_forgotten_situation_refuses_what_depends_on_one() -> None:
    assert _outcome(Role.REFERRER, Permission.READ_REFERRAL, None) == "not_there"


def test_the_table_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        TABLE[Role.REFERRER][Permission.OVERSEE] = lambda _actor, _situation: True  # type: ignore[index]  # the point of the test


def test_a_refusal_says_that_the_role_is_the_reason() -> None:
    officer = Actor(ME, US, Role.DATA_PROTECTION_OFFICER)
    with pytest.raises(Forbidden, match=r"^Your role does not include this\.$"):
        require(officer, Permission.REFER)
