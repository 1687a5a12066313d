"""An officer is warned on every page while a witness remembers another past of the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from consent.evidence.witness_policy import WitnessPolicy, parse_policy
from referral_hub.app import create_app
from referral_hub.store import cosignatures
from witness.cosigner import Cosigner


def witnessed(cosigner: Cosigner) -> WitnessPolicy:
    text = f"witness a {cosigner.verifier.vkey()}\nquorum a\n"
    return parse_policy(text.encode())


@contextmanager
def in_doubt(town: Any, cosigner: Cosigner) -> Iterator[None]:
    key_id = cosigner.verifier.key_id
    with town.hub.database.working() as connection:
        cosignatures.answered(connection, key_id, "other_past", at=town.hub.clock())
    yield
    with town.hub.database.working() as connection:
        cosignatures.answered(connection, key_id, "cosigned", at=town.hub.clock())


def test_officers_are_warned_until_the_witness_cosigns_again(town: Any, tmp_path: Any) -> None:
    cosigner = Cosigner(tmp_path / "witness.key", "witness.example/a")
    there = replace(town, hub=replace(town.hub, witness_policy=witnessed(cosigner)))
    there.app = create_app(there.hub)
    officer, referrer = there.browser("surgery-dpo"), there.browser("gp")
    warning = "The log is in doubt"
    assert warning not in officer.client.get("/log").text
    with in_doubt(there, cosigner):
        for page in ("/log", "/overview", "/log/verify"):
            assert warning in officer.client.get(page).text, page
        assert "Believe no evidence of this hub" in officer.client.get("/log/verify").text
        assert warning not in referrer.client.get("/referrals").text
    assert warning not in officer.client.get("/log").text
