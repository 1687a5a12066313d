"""What an officer pins: keys, witnesses and their own last checkpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest

from consent.evidence.bundle import BundleError, Failure
from consent.evidence.checkpoint import CheckpointError, Verifier
from consent.evidence.pins import Pins, verify_checkpoint
from consent.evidence.verify import verify_bundle, verify_pinned
from tests.consent.evidence.sample_log import Key, witness
from tests.consent.evidence.tampering import (
    BODY,
    FOREIGN,
    IMPOSTOR,
    LOG,
    SEEN,
    VKEY,
    Files,
    bundle_files,
    everywhere,
    nothing,
    tampered,
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return bundle_files(tmp_path_factory.mktemp("original"))


QUORUM = "quorum: must be between 0 and the number of witness keys"
ONE, TWO, THREE = witness("one"), witness("two"), witness("three")


def pins(*witnesses: Key, quorum: int = 0, keys: tuple[Key, ...] = (LOG.key,)) -> Pins:
    return Pins([key.verifier for key in keys], None, [key.verifier for key in witnesses], quorum)


@pytest.mark.parametrize(
    ("signed", "known", "quorum", "enough"),
    [
        ((), (ONE,), 0, True),
        ((ONE,), (), 0, True),
        ((ONE,), (ONE,), 1, True),
        ((ONE, TWO), (ONE, TWO, THREE), 2, True),
        ((), (ONE,), 1, False),
        ((ONE,), (ONE, TWO), 2, False),
        ((THREE,), (ONE, TWO), 1, False),
        ((ONE, ONE), (ONE, TWO), 2, False),
    ],
)
def test_enough_known_witnesses_must_have_signed(
    signed: tuple[Key, ...], known: tuple[Key, ...], quorum: int, enough: bool
) -> None:
    note = LOG.note(None, *signed)
    if enough:
        head, signers = verify_checkpoint(note, pins(*known, quorum=quorum))
        assert head == LOG.checkpoint()
        assert len(signers) == 1 + len(set(signed) & set(known))
        return
    with pytest.raises(BundleError) as refused:
        verify_checkpoint(note, pins(*known, quorum=quorum))
    assert refused.value.kind is Failure.WITNESSES_MISSING


def test_one_witness_under_two_names_counts_once() -> None:
    alias = Key("one", "alias.example", ONE.verifier.kind)
    note = LOG.note(None, ONE, alias)
    with pytest.raises(BundleError, match="1 of the 2"):
        verify_checkpoint(note, pins(ONE, alias, TWO, quorum=2))


def test_witnesses_cannot_stand_for_the_log() -> None:
    note = BODY + b"\n" + ONE.line(BODY)
    with pytest.raises(BundleError, match=r"^checkpoint: not signed by the log itself$") as refused:
        verify_checkpoint(note, pins(ONE, quorum=1))
    assert refused.value.kind is Failure.CHECKPOINT_UNSIGNED


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Pins([]), "log keys: at least one is needed, all with the log's own name"),
        (
            lambda: Pins([LOG.key.verifier, FOREIGN.verifier]),
            "log keys: at least one is needed, all with the log's own name",
        ),
        (lambda: Pins([ONE.verifier]), "log keys: a witness's key cannot stand for the log"),
        (lambda: pins(LOG.key), "witness keys: must be of the cosigning type"),
        (lambda: pins(ONE, quorum=-1), QUORUM),
        (lambda: pins(ONE, quorum=2), QUORUM),
        (lambda: pins(quorum=1), QUORUM),
        (lambda: pins(ONE, Key("one", "alias.example", ONE.verifier.kind), quorum=2), QUORUM),
    ],
)
def test_pins_that_grant_nothing_or_too_much_are_refused(
    make: Callable[[], Pins], reason: str
) -> None:
    with pytest.raises(CheckpointError) as refused:
        make()
    assert str(refused.value) == reason


def test_the_origin_is_pinned_by_the_name_of_the_key() -> None:
    assert pins().origin == LOG.key.verifier.name
    assert pins(keys=(LOG.key, IMPOSTOR)).origin == LOG.key.verifier.name


def test_while_a_key_rolls_over_either_key_will_do(tmp_path: Path, original: Files) -> None:
    fresh = Key("fresh")
    note = LOG.note() + fresh.line(BODY)
    path = tampered(tmp_path, original, everywhere(note))
    for keys in ([VKEY], [fresh.vkey], [VKEY, fresh.vkey]):
        assert len(verify_bundle(path, log_keys=keys).signers) == len(keys)
    with pytest.raises(CheckpointError, match="give the older key as well"):
        verify_bundle(path, log_keys=[fresh.vkey], previous=LOG.note(SEEN))
    assert verify_bundle(path, log_keys=[fresh.vkey, VKEY], previous=LOG.note(SEEN))


@pytest.mark.parametrize(
    "previous",
    [
        b"",
        b"x",
        BODY,
        LOG.note(SEEN)[:-1],
        IMPOSTOR.sign(BODY),
        LOG.note().replace(b"40", b"41", 1),
    ],
)
def test_an_officers_own_checkpoint_that_is_not_whole_is_their_problem_not_the_hubs(
    tmp_path: Path, original: Files, previous: bytes
) -> None:
    path = tampered(tmp_path, original, nothing)
    with pytest.raises(CheckpointError, match=r"^your own checkpoint"):
        verify_bundle(path, log_keys=[VKEY], previous=previous)


def test_the_officers_own_checkpoint_needs_no_witnesses(tmp_path: Path, original: Files) -> None:
    path = tampered(tmp_path, original, everywhere(LOG.note(None, ONE)))
    trusted = Pins([LOG.key.verifier], LOG.note(SEEN), [ONE.verifier], 1)
    assert len(verify_pinned(path, trusted).signers) == 2


def test_a_key_that_is_none_is_refused_before_the_bundle_is_opened(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="vkey"):
        verify_bundle(tmp_path / "nowhere", log_keys=["nonsense"])
    with pytest.raises(CheckpointError, match="at least one"):
        verify_bundle(tmp_path / "nowhere", log_keys=[])


def test_a_verifier_of_the_wrong_type_is_no_log_key() -> None:
    with pytest.raises(CheckpointError, match="cannot stand for the log"):
        Pins([Verifier.from_vkey(ONE.vkey)])
