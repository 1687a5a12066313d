"""A hub without the demonstration is set up at the command line: agencies, areas, staff."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from referral_hub.domain.codes import AgencyKind, NeedCode, Role
from referral_hub.errors import Conflict, InvalidInput
from referral_hub.services.agencies import (
    all_agencies,
    register_agency,
    register_area,
    set_open,
)
from referral_hub.services.sign_in import Refused, SignedIn, resume, sign_in
from referral_hub.services.staff_accounts import NewMember, add_account
from referral_hub.store import change
from tests.hub_bench import Bench

PASSWORD = "four plain words here"
MENTORS = "Common Ground Peer Mentors"


def test_what_is_registered_can_be_used_at_once(bench: Bench) -> None:
    council = register_agency(bench.hub, "Aldmoor Council", AgencyKind.COUNCIL)
    surgery = register_agency(
        bench.hub, "Aldmoor Surgery", AgencyKind.GP_PRACTICE, insured_until=date(2027, 3, 31)
    )
    register_area(bench.hub, "AM-1", "Aldmoor", council="Aldmoor Council")
    register_area(bench.hub, "AM-1", "Aldmoor Town", council="Aldmoor Council")
    member = NewMember("aldmoor-gp", "Dr Ann Moor", Role.REFERRER)
    add_account(bench.hub, "Aldmoor Surgery", member, PASSWORD)
    signed = sign_in(bench.hub, "aldmoor-gp", PASSWORD, None)
    assert isinstance(signed, SignedIn)
    assert signed.principal.actor.agency_id == surgery
    assert bench.rows("SELECT name, owner_agency_id FROM area WHERE code = 'AM-1'") == [
        {"name": "Aldmoor Town", "owner_agency_id": council}
    ]
    assert bench.one("SELECT insured_until::text FROM agency WHERE id = %s", surgery) == (
        "2027-03-31 23:00:00+00"
    )
    outcomes = Counter(row["outcome"] for row in bench.rows("SELECT outcome FROM log_entry"))
    assert (outcomes["agency_registered"], outcomes["area_registered"]) == (2, 2)
    assert bench.verify().ok


def test_no_step_stands_without_its_entry(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise Conflict("no log")

    monkeypatch.setattr(change, "write", fails)
    with pytest.raises(Conflict):
        register_agency(bench.hub, "Aldmoor Surgery", AgencyKind.GP_PRACTICE)
    with pytest.raises(Conflict):
        set_open(bench.hub, MENTORS, active=False)
    with pytest.raises(Conflict):
        register_area(bench.hub, "AM-1", "Aldmoor", council="Mereford Council")
    lines = {line.name: line.active for line in all_agencies(bench.hub)}
    assert "Aldmoor Surgery" not in lines
    assert lines[MENTORS]
    assert bench.rows("SELECT 1 FROM area WHERE code = 'AM-1'") == []


@pytest.mark.parametrize("name", ["", " x", "a  b", "x\n", "\u202ex", "x" * 101])
def test_a_name_that_no_page_could_show_is_refused(bench: Bench, name: str) -> None:
    with pytest.raises(InvalidInput):
        register_agency(bench.hub, name, AgencyKind.LIBRARY)
    with pytest.raises(InvalidInput):
        register_area(bench.hub, "AM-1", name, council="Mereford Council")


def test_a_name_is_registered_once_and_an_area_is_a_councils(bench: Bench) -> None:
    with pytest.raises(Conflict):
        register_agency(bench.hub, MENTORS, AgencyKind.PEER_MENTORING)
    for council in (MENTORS, "Nobody"):
        with pytest.raises(InvalidInput) as refused:
            register_area(bench.hub, "AM-1", "Aldmoor", council=council)
        assert set(refused.value.fields) == {"council"}
    assert bench.rows("SELECT 1 FROM area WHERE code = 'AM-1'") == []


def test_a_closed_agency_is_offered_nothing_and_its_staff_are_out(bench: Bench) -> None:
    add_account(bench.hub, MENTORS, NewMember("lee", "Lee", Role.COORDINATOR), PASSWORD)
    signed = sign_in(bench.hub, "lee", PASSWORD, None)
    assert isinstance(signed, SignedIn)
    set_open(bench.hub, MENTORS, active=False)
    assert resume(bench.hub, signed.token) is None
    assert isinstance(sign_in(bench.hub, "lee", PASSWORD, None), Refused)
    referral = bench.refer((NeedCode.BEEN_THERE,))
    assert [row["to"] for row in bench.tasks(referral.referral_id)] == ["council"]
    set_open(bench.hub, MENTORS, active=True)
    assert isinstance(sign_in(bench.hub, "lee", PASSWORD, None), SignedIn)
    assert {line.name: line.active for line in all_agencies(bench.hub)}[MENTORS]


def test_an_empty_hub_is_set_up_by_commands_alone(tmp_path: Path, empty_database_url: str) -> None:
    environ = {**os.environ, "HUB_DATA": str(tmp_path), "DATABASE_URL": empty_database_url}

    def hub(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "referral_hub.cli", *words],
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert not done.returncode, done.stderr
        return done.stdout

    hub("migrate")
    hub("agencies", "add", "Aldmoor Council", "--kind", "council")
    hub("areas", "add", "AM-1", "Aldmoor", "--council", "Aldmoor Council")
    role = ("--agency", "Aldmoor Council", "--role", "data_protection_officer")
    told = hub("users", "add", "officer", *role, "--name", "Olive Officer", "--password", PASSWORD)
    secret = re.search(r"shown only now: ([A-Z2-7]{32})", told)
    assert secret
    assert f"otpauth://totp/Referral%20Hub:officer?secret={secret[1]}" in told
    assert hub("agencies", "nation", "Aldmoor Council", "scotland").endswith("scotland.\n")
    listed = hub("agencies", "list")
    assert "council          open    scotland          Aldmoor Council" in listed
