"""One file proves one entry, and everything that is changed in it is refused with its reason."""

from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.pins import Pins
from consent.evidence.proof import TlogProof, parse_proof
from consent.evidence.receipt import build_receipt, is_receipt, verify_receipt
from consent.evidence.verify import main
from tests.consent.evidence.sample_log import Key, SampleLog, witness

LOG = SampleLog(300)
AT = 137
PINS = Pins([LOG.key.verifier])


def receipt(index: int = AT, *cosigners: Key, log: SampleLog = LOG) -> bytes:
    note = log.note(None, *cosigners)
    proof = log.tiles.inclusion_proof(index, len(log.entries))
    return build_receipt(index, log.entries[index], proof, note)


def test_a_receipt_proves_its_entry_and_says_what_it_proves() -> None:
    found = verify_receipt(receipt(), PINS)
    told = "\n".join(found.lines())
    assert (found.index, found.checkpoint.size) == (AT, 300)
    assert f"entry       number {AT}, {found.entry.id}" in told
    assert "proves      exactly this stands at this place" in told
    assert "limit       it says nothing of other entries" in told
    assert is_receipt(receipt())


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
def test_every_place_in_the_tree_can_have_one(index: int) -> None:
    assert verify_receipt(receipt(index), PINS).index == index


def refused(data: bytes, pins: Pins = PINS) -> Failure:
    with pytest.raises(BundleError) as refusal:
        verify_receipt(data, pins)
    return refusal.value.kind


def changed(**parts: object) -> bytes:
    whole = parse_proof(receipt())
    given = {name: getattr(whole, name) for name in TlogProof.__slots__} | parts
    return TlogProof(**given).build()


def test_another_entry_index_proof_or_key_is_refused() -> None:
    whole = parse_proof(receipt())
    assert refused(changed(extra=LOG.entries[AT - 1])) is Failure.NOT_INCLUDED
    assert refused(changed(extra=LOG.entries[AT] + b" ")) is Failure.NOT_INCLUDED
    assert refused(changed(index=AT + 1)) is Failure.NOT_INCLUDED
    assert refused(changed(index=300)) is Failure.NOT_INCLUDED
    assert refused(changed(hashes=whole.hashes[:-1])) is Failure.NOT_INCLUDED
    assert refused(changed(extra=None)) is Failure.ENTRY_MISSING
    assert refused(receipt(log=SampleLog(300, Key("forger")))) is Failure.CHECKPOINT_UNSIGNED
    assert refused(b"c2sp.org/tlog-proof@v1\nnonsense") is Failure.PROOF_MALFORMED


def test_what_is_no_entry_is_refused_though_it_is_in_the_log() -> None:
    log = SampleLog(3)
    log.extend([b"{}"])
    assert refused(receipt(3, log=log)) is Failure.ENTRY_MALFORMED


def test_the_witnesses_that_were_asked_for_must_have_cosigned() -> None:
    one, two = witness("one"), witness("two")
    pins = Pins([LOG.key.verifier], None, [one.verifier, two.verifier], 2)
    assert refused(receipt(AT, one), pins) is Failure.WITNESSES_MISSING
    assert len(verify_receipt(receipt(AT, one, two), pins).signers) == 3


def test_a_checkpoint_of_ones_own_is_compared_where_it_has_the_same_size() -> None:
    same = Pins([LOG.key.verifier], LOG.note())
    assert verify_receipt(receipt(), same).compared
    assert not verify_receipt(receipt(), Pins([LOG.key.verifier], LOG.note(200))).compared
    other = SampleLog(299)
    other.extend([LOG.entries[0]])
    assert refused(receipt(log=other), same) is Failure.INCONSISTENT


def test_the_command_line_takes_a_receipt_as_it_takes_a_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "receipt-137.tlog-proof"
    path.write_bytes(receipt())
    key = ["--log-key", LOG.key.vkey]
    kept = tmp_path / "checkpoint"
    assert main([str(path), *key, "--save", str(kept)]) == 0
    assert capsys.readouterr().out.startswith("VERIFIED\n")
    assert kept.read_bytes() == LOG.note()
    assert main([str(path), *key, "--complete"]) == 2
    path.write_bytes(receipt().replace(b"index 137", b"index 136"))
    assert main([str(path), *key]) == 1
    assert "(not-included)" in capsys.readouterr().out
