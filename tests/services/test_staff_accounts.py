"""Accounts made at the command line: what is wrong is named, and nothing half-made is left."""

from __future__ import annotations

import pytest

from referral_hub.domain.codes import Role
from referral_hub.errors import Conflict, HubError, InvalidInput
from referral_hub.services.demo import demo_code
from referral_hub.services.sign_in import SignedIn, sign_in
from referral_hub.services.staff_accounts import NewMember, add_account
from tests.hub_bench import Bench

SURGERY = "Harbour Street Surgery"
PASSWORD = "four plain words here"


def add(
    bench: Bench,
    username: str,
    *,
    agency: str = SURGERY,
    password: str = PASSWORD,
    role: Role = Role.REFERRER,
) -> None:
    member = NewMember(username, "Somebody New", role)
    add_account(bench.hub, agency, member, password)


def test_a_new_account_signs_in(bench: Bench) -> None:
    add(bench, "Zoë von Ah")
    assert isinstance(sign_in(bench.hub, "Zoë von Ah", PASSWORD, None), SignedIn)


@pytest.mark.parametrize(
    "username",
    ["", " gp2", "gp  2", "gp\n2", "gp\x00", "gp\udcff", "\u202egp", "Zoe\u0308", "x" * 101],
)
def test_a_name_that_the_sign_in_page_would_not_take_is_refused(
    bench: Bench, username: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(bench, username)
    assert set(refused.value.fields) == {"username"}


def test_an_agency_written_otherwise_is_named_as_what_is_wrong(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match="agency: No agency is registered"):
        add(bench, "gp2", agency="Harbour Street")


def test_an_agency_that_is_no_council_has_no_council_officer(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match="role: Only a council"):
        add(bench, "duty", role=Role.COUNCIL_OFFICER)
    add(bench, "duty", agency="Mereford Council", role=Role.COUNCIL_OFFICER)


def test_every_mistake_is_reported_at_once(bench: Bench) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(bench, "", password="short")
    assert set(refused.value.fields) == {"username", "password"}


def test_a_name_that_is_taken_is_a_conflict(bench: Bench) -> None:
    with pytest.raises(Conflict, match="taken"):
        add(bench, "gp")


@pytest.mark.parametrize("username", ["gp", "nobody-of-this-name"])
def test_a_code_for_a_name_without_one_says_where_the_names_are(
    bench: Bench, username: str
) -> None:
    with pytest.raises(HubError, match="make run"):
        demo_code(bench.hub, username)
