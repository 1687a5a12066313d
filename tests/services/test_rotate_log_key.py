"""The log's key rolls over: two keys sign for a while, either verifies, and witnesses go on."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError
from consent.evidence.checkpoint import Verifier, parse_note
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.verify import verify_bundle
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import verify_log
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import Conflict
from referral_hub.services.audit_entry import Proof, entry
from referral_hub.services.audit_filters import Filters
from referral_hub.services.evidence_bundle import write_bundle
from referral_hub.services.hub import Hub
from referral_hub.services.log_files import read_checkpoint
from referral_hub.services.rotate_log_key import add_log_key, retire_log_key
from referral_hub.services.witnesses import Asked, ask_witnesses
from referral_hub.wiring import open_log_signer
from tests.hub_bench import Bench
from tests.services.witnessing import policy, with_policy, witnessing
from witness.record import Record
from witness.witness import Witness

OFFICER = "surgery-dpo"


def grown(bench: Bench) -> bytes:
    """Let something happen; return the newest checkpoint."""
    bench.refer()
    bench.deliver()
    return read_checkpoint(bench.hub, bench.staff[OFFICER]).note


def believed(note: bytes, *vkeys: str) -> bool:
    try:
        verify_checkpoint(note, Pins([Verifier.from_vkey(key) for key in vkeys]))
    except BundleError:
        return False
    return True


def restarted(bench: Bench) -> Hub:
    signer = open_log_signer(bench.hub.settings)
    return replace(bench.hub, log_vkey=signer.vkey, log_vkeys=(*signer.vkeys, *signer.retired))


def whole_log(bench: Bench, *vkeys: str) -> bool:
    return verify_log(
        bench.hub.database, vkey=vkeys, memory=SignerMemory(bench.hub.signer_memory)
    ).ok


def test_during_the_window_either_key_verifies_and_afterwards_the_new_one(bench: Bench) -> None:
    old = bench.hub.log_vkey
    before = grown(bench)
    signer = open_log_signer(bench.hub.settings)
    new = add_log_key(bench.hub, signer)
    during = grown(bench)
    assert len(parse_note(before).signatures) == 1
    assert len(parse_note(during).signatures) == 2
    assert believed(during, old)
    assert believed(during, new)
    assert not believed(before, new)
    assert retire_log_key(bench.hub, signer) == old
    after = grown(bench)
    assert len(parse_note(after).signatures) == 1
    assert believed(after, new)
    assert not believed(after, old)
    assert whole_log(bench, new, old)
    assert not whole_log(bench, new)
    hub = restarted(bench)
    assert (hub.log_vkey, hub.log_vkeys) == (new, (new, old))
    row = bench.one("SELECT min(id::text)::uuid FROM log_entry WHERE type = 'decision'")
    assert entry(hub, bench.staff[OFFICER], row)[1].proof is Proof.INCLUDED


def test_each_agency_s_log_says_which_key_came_and_which_went(bench: Bench) -> None:
    old, signer = bench.hub.log_vkey, open_log_signer(bench.hub.settings)
    new = add_log_key(bench.hub, signer)
    retire_log_key(bench.hub, signer)
    rows = bench.rows(
        "SELECT outcome, convert_from(entry, 'UTF8')::jsonb->'details'->>'log_key' AS key, count(*)"
        " FROM log_entry WHERE type = 'key' AND outcome LIKE 'log_key%%' GROUP BY 1, 2 ORDER BY 1"
    )
    agencies = len(bench.agencies)
    assert [tuple(row.values()) for row in rows] == [
        ("log_key_added", new, agencies),
        ("log_key_retired", old, agencies),
    ]


def test_one_key_rolls_over_at_a_time_and_the_only_key_is_never_retired(bench: Bench) -> None:
    signer = open_log_signer(bench.hub.settings)
    with pytest.raises(Conflict, match="one key"):
        retire_log_key(bench.hub, signer)
    keys = {signer.vkey}
    for _ in range(3):
        keys.add(add_log_key(bench.hub, signer))
        with pytest.raises(Conflict, match="rolls over already"):
            add_log_key(bench.hub, signer)
        retire_log_key(bench.hub, signer)
        assert len(parse_note(grown(bench)).signatures) == 1
    assert len(keys) == 4
    assert {*signer.vkeys, *signer.retired} == keys
    assert {*open_log_signer(bench.hub.settings).retired} == keys - {signer.vkey}
    assert whole_log(bench, *keys)


def test_a_retired_secret_is_gone_and_no_new_first_key_takes_its_place(bench: Bench) -> None:
    signer = open_log_signer(bench.hub.settings)
    add_log_key(bench.hub, signer)
    retire_log_key(bench.hub, signer)
    directory = bench.hub.settings.key_directory
    assert not (directory / "log.key").exists()
    again = LogSigner(directory / "log.key", origin=signer.origin)
    assert again.vkeys == signer.vkeys
    assert not (directory / "log.key").exists()


def test_an_officer_goes_on_with_the_old_key_s_checkpoint_by_giving_both_keys(
    bench: Bench, tmp_path: Path
) -> None:
    old, own = bench.hub.log_vkey, grown(bench)
    signer = open_log_signer(bench.hub.settings)
    new = add_log_key(bench.hub, signer)
    retire_log_key(bench.hub, signer)
    file = io.BytesIO()
    size = int(own.split(b"\n")[1])
    write_bundle(bench.hub, bench.staff[OFFICER], Filters(), file, since=size)
    path = tmp_path / "bundle.zip"
    path.write_bytes(file.getvalue())
    assert verify_bundle(path, log_keys=[new, old], previous=own).previous is not None
    with pytest.raises(BundleError):
        verify_bundle(path, log_keys=[old])


def test_a_witness_goes_on_cosigning_across_the_rollover(bench: Bench, tmp_path: Path) -> None:
    old, signer = bench.hub.log_vkey, open_log_signer(bench.hub.settings)
    with witnessing(bench.hub, tmp_path / "one", "one") as one:
        hub = with_policy(bench.hub, policy(bench.hub, {"a": (one.cosigner, one.url)}, "1"))
        grown(bench)
        assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
        new = add_log_key(bench.hub, signer)
        grown(bench)
        assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
        retire_log_key(bench.hub, signer)
        grown(bench)
        assert ask_witnesses(hub) == {b"a": Asked.REFUSED}
        keys = [Verifier.from_vkey(key) for key in (old, new)]
        record = Record(one.directory / "witness.sqlite3")
        told = Witness(one.cosigner, record, keys, clock=lambda: 1_780_000_001)
        one.witness.__dict__.update(told.__dict__)  # its people add the key and start it again
        assert ask_witnesses(hub) == {b"a": Asked.COSIGNED}
