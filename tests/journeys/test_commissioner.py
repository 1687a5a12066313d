"""A commissioner reads a year of figures in a real browser, and takes them away as a table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.people import Person

Sign = Callable[..., Person]


@pytest.mark.parametrize("script", [True, False])
def test_a_commissioner_reads_numbers_and_no_names_and_takes_them_away(
    person: Sign, tmp_path: Path, script: bool
) -> None:
    commissioner = person("council-figures", script=script)
    commissioner.see("Referrals by month", "Who referred, and who took it on", "How it ended")
    commissioner.see("Lifts to places", "All other needs: fewer than 15", "At the start")
    commissioner.never_see("RH-", "Open the referral", "Zebedee")
    assert commissioner.page.locator("svg[role=img] path").count() > 5
    commissioner.follow("3 months")
    commissioner.see("Figures")
    with commissioner.page.expect_download() as download:
        commissioner.page.get_by_role("link", name="Take these figures away").click()
    file = tmp_path / "figures.csv"
    download.value.save_as(file)
    with file.open(newline="", encoding="utf-8-sig") as table:
        rows = list(csv.DictReader(table))
    assert {row["Figure"] for row in rows} >= {"Referrals", "How it ended", "From whom to whom"}
    assert all(int(row["Number"]) % 5 == 0 for row in rows if row["Number"].isdigit())
