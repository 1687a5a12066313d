"""A mutant that survives is argued by what it changes, or the run fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.__main__ import SUBJECTS
from tests.mutation.argued import Argued, read_argued, settle, survivor

SHOWN = """# consent.rules.x_r10_child__mutmut_3: survived
--- consent/rules.py
+++ consent/rules.py
@@ -1,3 +1,3 @@
 def r10_child(sheet):
-    return age(born) < 16
+    return age(born) <= 16
"""
CHANGE = ("- return age(born) < 16", "+ return age(born) <= 16")
ONE = survivor("consent.rules.x_r10_child__mutmut_3", "survived", SHOWN)
WHY = "nobody is ever of that age"


def test_a_survivor_is_known_by_its_function_and_its_lines() -> None:
    assert (ONE.where, ONE.change) == ("consent.rules.r10_child", CHANGE)
    method = survivor("consent.ledger.xǁLedgerǁstands__mutmut_12", "survived", SHOWN)
    assert method.where == "consent.ledger.Ledger.stands"
    box = survivor("referral_hub.crypto.incoming.xǁHubBoxǁopen__mutmut_1", "survived", SHOWN)
    assert box.where == "referral_hub.crypto.incoming.HubBox.open"


def test_what_is_argued_passes_and_what_is_not_or_no_longer_is_does_not() -> None:
    argued = Argued(ONE.where, ONE.change, WHY)
    stale = Argued("consent.rules.r09_best_interests", CHANGE, WHY)
    elsewhere = Argued("referral_hub.access.table.allowed", CHANGE, WHY)
    settled = settle([ONE], [argued, stale, elsewhere], sources=SUBJECTS["consent"].sources)
    assert (settled.argued, settled.open, settled.stale) == ([ONE], [], [stale])
    assert settle([ONE], [], sources=SUBJECTS["consent"].sources).open == [ONE]


def test_the_arguments_are_whole_and_about_code_that_is_mutated() -> None:
    modules = [
        source.removesuffix(".py").replace("/", ".")
        for subject in SUBJECTS.values()
        for source in subject.sources
    ]
    for one in read_argued():
        assert any(one.where.startswith(f"{module}.") for module in modules), one.where


@pytest.mark.parametrize(
    "table",
    [
        '[[survivor]]\nwhere = "a.b"\nchange = ["- x"]\nwhy = "equivalent"\n',
        '[[survivor]]\nwhere = "a.b"\nchange = []\nwhy = "no one can tell them apart"\n',
        2 * '[[survivor]]\nwhere = "a.b"\nchange = ["- x"]\nwhy = "no one can tell them apart"\n',
    ],
    ids=["no reason", "no change", "twice"],
)
def test_an_argument_that_is_none_is_refused(tmp_path: Path, table: str) -> None:
    path = tmp_path / "argued.toml"
    path.write_text(table)
    with pytest.raises(ValueError, match=r"^argued\.toml: "):
        read_argued(path)
