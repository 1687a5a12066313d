"""Which addresses the hub would call, row by row of the reviewed table; and names that lie."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transports.addresses import (
    AddressRefused,
    check_address,
    check_text,
    pick,
    system_resolve,
)

TABLE = Path(__file__).parents[1] / "tables" / "callback_addresses.csv"
with TABLE.open(newline="", encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
PUBLIC = "93.184.215.14"


def public(_host: str, _port: int) -> list[str]:
    return [PUBLIC]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_an_address_is_called_only_if_the_table_allows_it(row: dict[str, str]) -> None:
    if row["allowed"] == "yes":
        assert check_address(row["url"], resolve=public).url == row["url"]
        return
    with pytest.raises(AddressRefused) as refused:
        check_address(row["url"], resolve=public)
    assert row["url"] == "" or row["url"] not in str(refused.value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_the_development_setting_opens_this_machine_and_nothing_else(row: dict[str, str]) -> None:
    here = ("this machine", "another address of this machine", "this machine by name")
    try:
        check_text(row["url"], here=True)
        allowed = True
    except AddressRefused:
        allowed = False
    loopback = row["case"] in {*here, "this machine in version 6"}
    assert allowed == (row["allowed"] == "yes" or loopback)


@pytest.mark.parametrize(
    "internal",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::a00:1",
     "::ffff:10.0.0.1", "100.64.1.1", "224.0.0.1", "0.0.0.0", "fe80::1%eth0", "nonsense"],  # noqa: S104 - refused
)  # fmt: skip
def test_one_internal_address_among_several_refuses_all(internal: str) -> None:
    for addresses in ([internal], [PUBLIC, internal], [internal, PUBLIC]):
        assert pick(addresses) is None
        with pytest.raises(AddressRefused):
            check_address("https://hooks.example.org/", resolve=lambda _h, _p, a=addresses: a)
    assert pick([PUBLIC]) == PUBLIC
    assert pick([]) is None


def test_a_name_that_nobody_knows_is_refused() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(AddressRefused):
        check_address("https://hooks.example.org/", resolve=unknown)


def test_the_systems_resolver_knows_this_machine() -> None:
    assert set(system_resolve("localhost", 443)) <= {"127.0.0.1", "::1"}


@given(st.ip_addresses())
def test_what_is_picked_is_always_ordinary_and_public(address: object) -> None:
    if pick([str(address)]) is not None:
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast


@given(st.text(max_size=60))
def test_no_text_whatever_does_more_than_refuse(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}/x", f"https://{text}.example/"):
        try:
            check_address(url, resolve=public)
        except AddressRefused:
            continue
