"""One file proves one entry, and everything that is changed in it is refused with its reason."""

from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.entry import Agencies, EntryType, encode
from consent.evidence.merkle import leaf_hash
from consent.evidence.pins import Pins
from consent.evidence.proof import TlogProof, parse_proof
from consent.evidence.receipt import (
    build_receipt,
    is_receipt,
    verify_receipt,
)
from consent.evidence.verify import main
from tests.consent.evidence.sample_log import (
    ORIGIN,
    SURGERY,
    TIME_BANK,
    Key,
    SampleLog,
    make_entry,
    witness,
)

LOG = SampleLog(300)
AT = 137
PINS = Pins([LOG.key.verifier])


def receipt(index: int = AT, *cosigners: Key, log: SampleLog = LOG) -> bytes:
    note = log.note(None, *cosigners)
    proof = log.tiles.inclusion_proof(index, len(log.entries))
    return build_receipt(index, log.entries[index], proof, note)


def extended(entry: bytes) -> SampleLog:
    log = SampleLog(3)
    log.extend([entry])
    return log


def test_a_receipt_proves_its_entry_and_says_what_it_proves() -> None:
    found = verify_receipt(receipt(), PINS)
    assert (found.index, found.checkpoint.size) == (AT, 300)
    assert list(found.lines()) == [
        f"log         {ORIGIN}",
        f"checkpoint  300 entries, root {LOG.checkpoint().root.hex()}",
        f"signed by   {ORIGIN}, key {LOG.key.verifier.key_id.hex()}",
        f"entry       number {AT}, {make_entry(AT).id}",
        "what        withdrawal, permit, at 2026-03-29T01:30:00.123456+00:00",
        f"from        {SURGERY}",
        f"to          {TIME_BANK}",
        "fields      identity.first_name need.needs",
        "rules       R01 R02",
        f"policy      {'a' * 64}",
        "proves      exactly this stands at this place in the log that was signed",
        "limit       it says nothing of other entries, nor of what was never logged",
    ]
    assert is_receipt(receipt())


def test_a_receipt_says_nothing_of_what_its_entry_does_not_have() -> None:
    bare = make_entry(
        3, agencies=Agencies(SURGERY), fields=(), outcome=None, rules=(), policy_hash=None
    )
    log = extended(encode(bare))
    found = verify_receipt(receipt(3, log=log), Pins([LOG.key.verifier], log.note()))
    assert list(found.lines())[3:] == [
        f"entry       number 3, {bare.id}",
        f"what        {bare.type}, no outcome, at 2026-03-29T01:30:00.123456+00:00",
        f"from        {SURGERY}",
        "proves      exactly this stands at this place in the log that was signed",
        "since       your own checkpoint is of this size, and the same",
        "limit       it says nothing of other entries, nor of what was never logged",
    ]


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
def test_every_place_in_the_tree_can_have_one(index: int) -> None:
    assert verify_receipt(receipt(index), PINS).index == index


def refused(data: bytes, pins: Pins = PINS) -> tuple[Failure, str]:
    with pytest.raises(BundleError) as refusal:
        verify_receipt(data, pins)
    return refusal.value.kind, str(refusal.value)


def changed(**parts: object) -> bytes:
    whole = parse_proof(receipt())
    given = {name: getattr(whole, name) for name in TlogProof.__slots__} | parts
    return TlogProof(**given).build()


ELSEWHERE = "not this entry at this place in the log: "
WRONG = f"entry {AT}: {ELSEWHERE}the proof for index {AT} leads to another root"


@pytest.mark.parametrize(
    ("data", "why", "said"),
    [
        (changed(extra=LOG.entries[AT - 1]), Failure.NOT_INCLUDED, WRONG),
        (changed(extra=LOG.entries[AT] + b" "), Failure.NOT_INCLUDED, WRONG),
        (changed(index=AT + 1), Failure.NOT_INCLUDED, WRONG.replace("137", "138")),
        (
            changed(index=300),
            Failure.NOT_INCLUDED,
            f"entry 300: {ELSEWHERE}index 300 is not below the tree's size 300",
        ),
        (
            changed(hashes=parse_proof(receipt()).hashes[:-1]),
            Failure.NOT_INCLUDED,
            f"entry {AT}: {ELSEWHERE}the inclusion proof is too short",
        ),
        (
            changed(extra=None),
            Failure.ENTRY_MISSING,
            f"entry {AT}: the receipt does not carry its entry",
        ),
        (
            receipt(log=SampleLog(300, Key("forger"))),
            Failure.CHECKPOINT_UNSIGNED,
            "checkpoint: note: not signed by any key that was given",
        ),
        (
            b"c2sp.org/tlog-proof@v1\nnonsense",
            Failure.PROOF_MALFORMED,
            "proof: must begin with c2sp.org/tlog-proof@v1 and end with a checkpoint",
        ),
        (
            receipt(3, log=extended(b"{}")),
            Failure.ENTRY_MALFORMED,
            (
                "entry 3: entry: must have exactly the keys agencies at basis ciphertext_hash "
                "classes commitments details fields id outcome policy_hash purpose rules type "
                "version"
            ),
        ),
    ],
)
def test_what_does_not_prove_its_entry_is_refused(data: bytes, why: Failure, said: str) -> None:
    assert refused(data) == (why, said)


def test_the_witnesses_that_were_asked_for_must_have_cosigned() -> None:
    one, two = witness("one"), witness("two")
    pins = Pins([LOG.key.verifier], None, [one.verifier, two.verifier], 2)
    assert refused(receipt(AT, one), pins)[0] is Failure.WITNESSES_MISSING
    assert len(verify_receipt(receipt(AT, one, two), pins).signers) == 3


def test_a_checkpoint_of_ones_own_is_compared_where_it_has_the_same_size() -> None:
    same = Pins([LOG.key.verifier], LOG.note())
    assert verify_receipt(receipt(), same).compared
    assert not verify_receipt(receipt(), Pins([LOG.key.verifier], LOG.note(200))).compared
    other = SampleLog(299)
    other.extend([LOG.entries[0]])
    assert refused(receipt(log=other), same) == (
        Failure.INCONSISTENT,
        "the log you saw at 300 was another one",
    )


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


def test_a_receipt_of_another_size_never_takes_the_place_of_ones_own_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, own = tmp_path / "receipt", tmp_path / "mine"
    forked = SampleLog(199)
    forked.extend(LOG.entries[:101])
    path.write_bytes(receipt(log=forked))
    own.write_bytes(LOG.note(200))
    key = ["--log-key", LOG.key.vkey, "--previous", str(own)]
    assert main([str(path), *key]) == 0
    assert main([str(path), *key, "--save", str(own)]) == 2
    assert "does not show that its checkpoint continues yours" in capsys.readouterr().err
    assert own.read_bytes() == LOG.note(200)


ERASED = {
    "type": EntryType.ERASURE,
    "outcome": "erased",
    "details": {"unsealed": 7, "referrals": 1},
}


def certificate(**changes: object) -> bytes:
    log = SampleLog(3)
    log.extend([encode(make_entry(3, **(ERASED | changes)))])
    words = f"""\
Certificate of erasure

Erased at        2026-03-29T01:30:00.123456+00:00
Log entry        0190b6a0-0000-7000-8000-000000000003
Leaf hash        {leaf_hash(log.entries[3]).hex()}
Place in the log 3
Entries unsealed 7
Referrals        1
Key of the log   x

"""
    return words.encode() + receipt(3, log=log)


def test_a_certificate_of_erasure_is_checked_by_the_receipt_that_it_ends_in() -> None:
    assert is_receipt(certificate())
    found = verify_receipt(certificate(), PINS)
    assert (found.index, found.entry.outcome) == (3, "erased")
    words = certificate().partition(b"\nc2sp.org")[0]
    assert refused(words)[0] is Failure.PROOF_MALFORMED


def test_what_else_a_certificate_says_is_no_matter_whatever_its_bytes() -> None:
    data = certificate().replace(b"Key of the log   x", b"Key of the log   \xff")
    assert verify_receipt(data, PINS).index == 3


def test_a_certificate_ends_in_one_receipt() -> None:
    _, start, receipt_alone = certificate().partition(b"c2sp.org")
    two = certificate() + b"\n" + start + receipt_alone
    assert refused(two)[0] is Failure.CHECKPOINT_FORGED


@pytest.mark.parametrize(
    "data",
    [
        certificate().replace(b"Place in the log 3", b"Place in the log 2"),
        certificate().replace(b"Entries unsealed 7", b"Entries unsealed 0"),
        certificate().replace(b"Referrals        1", b"Referrals        2"),
        certificate().replace(b"Erased at ", b"Erased  at"),
        certificate().replace(b"Leaf hash        ", b"Leaf hash        0"),
        certificate().replace(b"\n\nErased", b"\n\nReferrals        9\nErased"),
        certificate(outcome="refuse"),
        certificate(type=EntryType.VIEW),
    ],
    ids=("place", "number", "referrals", "words", "hash", "another line", "refusal", "kind"),
)
def test_a_certificate_that_says_something_else_is_refused(data: bytes) -> None:
    message = "entry 3: the certificate does not say what its entry says"
    assert refused(data) == (Failure.CERTIFICATE_OF_OTHER_ENTRY, message)
