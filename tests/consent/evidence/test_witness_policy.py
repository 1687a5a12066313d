"""The policy file: who must have cosigned, and what no stretch of it lets through."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from consent.evidence.checkpoint import CheckpointError
from consent.evidence.pins import Pins
from consent.evidence.verify import main
from consent.evidence.witness_policy import MAX_POLICY_BYTES, PolicyError, parse_policy
from tests.consent.evidence.sample_log import Key, SampleLog, witness
from tests.consent.evidence.tampering import (
    BODY,
    LOG,
    SEEN,
    VKEY,
    bundle_files,
    everywhere,
    tampered,
)

NAMES = ("X1", "X2", "X3", "Y1", "Y2")
KEYS = {name: witness(name) for name in NAMES}
WITNESSES = "".join(f"witness {name} {key.vkey}\n" for name, key in KEYS.items())
NESTED = (
    f"# who must have seen it\n\nlog {VKEY}\n{WITNESSES}"
    "group X-witnesses 2 X1 X2 X3\n \t group Y-witnesses \t any Y1 Y2 \n"
    "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
)
Verify = Callable[..., tuple[int, str]]


def reached(text: str, *names: str) -> bool:
    return parse_policy(text.encode()).reached({KEYS[name].verifier for name in names})


def test_the_example_of_the_specification_counts_as_it_says() -> None:
    for count in range(len(NAMES) + 1):
        for signed in combinations(NAMES, count):
            exes = sum(name.startswith("X") for name in signed)
            wise = sum(name.startswith("Y") for name in signed)
            assert reached(NESTED, *signed) is (exes >= 2 and wise >= 1)


@pytest.mark.parametrize(
    ("quorum", "signed", "enough"),
    [
        ("quorum none", (), True),
        ("quorum X1", ("X1",), True),
        ("quorum X1", ("X2", "X3", "Y1", "Y2"), False),
        ("group g all X1 X2\nquorum g", ("X1",), False),
        ("group g all X1 X2\nquorum g", ("X1", "X2"), True),
        ("group g any X1 X2\nquorum g", ("X2",), True),
        ("group g 1 X1\nquorum g", (), False),
    ],
)
def test_each_form_of_quorum(quorum: str, signed: tuple[str, ...], enough: bool) -> None:
    assert reached(f"{WITNESSES}{quorum}\n", *signed) is enough


def test_addresses_are_kept_and_names_may_be_anything() -> None:
    name = "Kelvin-\u212a"
    found = parse_policy(
        f"witness {name} {KEYS['X1'].vkey} https://w.example/path\nquorum {name}\n".encode()
    )
    assert found.witnesses[0].url == "https://w.example/path"
    assert found.witnesses[0].name == name.encode()


ALIAS = Key("X1", "alias.example", KEYS["X1"].verifier.kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        WITNESSES,
        f"{WITNESSES}quorum X1",
        f"{WITNESSES}quorum X1\nquorum X1\n",
        f"{WITNESSES}quorum none\nquorum X1\n",
        f"{WITNESSES}quorum X9\n",
        f"{WITNESSES}quorum\n",
        f"{WITNESSES}quorum X1 X2\n",
        f"quorum X1\n{WITNESSES}",
        f"{WITNESSES}quorum X1\r\n",
        f"{WITNESSES}quorum X1\x0b\n",
        f"{WITNESSES}quorum\u00a0X1\n",
        f"{WITNESSES}witnesses X1\nquorum X1\n",
        f"{WITNESSES}witness X1 {witness('new').vkey}\nquorum X1\n",
        f"{WITNESSES}witness none {witness('new').vkey}\nquorum none\n",
        f"{WITNESSES}witness A {ALIAS.vkey}\nquorum A\n",
        f"witness A {VKEY}\nquorum A\n",
        f"log {KEYS['X1'].vkey}\nquorum none\n",
        f"log {VKEY}\nlog {VKEY}\nquorum none\n",
        f"log {VKEY} a b\nquorum none\n",
        f"witness A {KEYS['X1'].vkey[:-1]}\nquorum A\n",
        f"witness A {KEYS['X1'].vkey} url more\nquorum A\n",
        "witness A\nquorum A\n",
        f"{WITNESSES}group g 0 X1\nquorum g\n",
        f"{WITNESSES}group g 3 X1 X2\nquorum g\n",
        f"{WITNESSES}group g 01 X1\nquorum g\n",
        f"{WITNESSES}group g -1 X1\nquorum g\n",
        f"{WITNESSES}group g most X1\nquorum g\n",
        f"{WITNESSES}group g all\nquorum g\n",
        f"{WITNESSES}group g 2 X1 X1\nquorum g\n",
        f"{WITNESSES}group g all g\nquorum g\n",
        f"{WITNESSES}group g all none\nquorum g\n",
        f"{WITNESSES}group g all X1\ngroup h all X1\nquorum h\n",
        f"{WITNESSES}group X1 all X2\nquorum X1\n",
        f"{WITNESSES}group g all h\ngroup h all X1\nquorum g\n",
        f"{WITNESSES}{'quorum none' + chr(10) + '#' * MAX_POLICY_BYTES}\n",
        "".join(f"witness w{n} {witness(str(n)).vkey}\n" for n in range(65)) + "quorum w0\n",
    ],
)
def test_a_file_that_is_none_is_refused_whole(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text.encode())


def test_octets_that_are_no_text_may_stand_in_names_and_not_in_keys() -> None:
    line = b"witness \xff " + KEYS["X1"].vkey.encode() + b"\nquorum \xff\n"
    assert parse_policy(line).quorum == b"\xff"
    with pytest.raises(PolicyError):
        parse_policy(line.replace(b" witness.example", b" \xfewitness.example"))


def test_a_policy_agrees_with_the_log_that_is_pinned() -> None:
    log = LOG.key.verifier
    other = Key("other", "other.example")
    assert Pins([log], policy=parse_policy(NESTED.encode())).origin == log.name
    foreign = parse_policy(f"log {other.vkey}\nquorum none\n".encode())
    with pytest.raises(CheckpointError, match="other logs"):
        Pins([log], policy=foreign)
    with pytest.raises(CheckpointError, match="not in both"):
        Pins([log], None, [KEYS["X1"].verifier], policy=parse_policy(NESTED.encode()))
    itself = Key("log", "w.example", KEYS["X1"].verifier.kind)
    with pytest.raises(CheckpointError, match="cannot witness"):
        Pins([log], policy=parse_policy(f"witness A {itself.vkey}\nquorum A\n".encode()))


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Run the command on a bundle whose checkpoint is replaced everywhere by `note`."""
    files = bundle_files(tmp_path)
    policy = tmp_path / "policy"

    def run(note: bytes, text: str = NESTED) -> tuple[int, str]:
        policy.write_text(text)
        bundle = tampered(tmp_path, files, everywhere(note))
        status = main([str(bundle), "--log-key", VKEY, "--witness-policy", str(policy)])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_the_verifier_wants_the_quorum_of_the_policy(verify: Verify) -> None:
    x1, x2, x3, y1, _ = KEYS.values()
    assert verify(LOG.note(None, x1, x2, y1))[0] == 0
    for cosigners in ((), (x1, y1), (x1, x2, x3), (x1, x1, y1)):
        status, said = verify(LOG.note(None, *cosigners))
        assert (status, "witnesses-missing" in said) == (1, True)


def test_an_unknown_witness_counts_for_nothing(verify: Verify) -> None:
    x1, x2, *_ = KEYS.values()
    stranger = witness("stranger")
    under_a_known_name = Key("thief", KEYS["Y1"].verifier.name, stranger.verifier.kind)
    for last in (stranger, under_a_known_name):
        status, said = verify(LOG.note(None, x1, x2, last))
        assert (status, "witnesses-missing" in said) == (1, True)


def test_a_cosignature_of_another_checkpoint_condemns_this_one(verify: Verify) -> None:
    x1, x2, _, y1, _ = KEYS.values()
    earlier = LOG.checkpoint(SEEN).body()
    elsewhere = SampleLog(40, Key("log", "other.example")).checkpoint().body()
    for replayed in (y1.line(earlier), y1.line(elsewhere)):
        status, said = verify(LOG.note(None, x1, x2) + replayed)
        assert (status, "checkpoint-forged" in said) == (1, True)


def test_the_time_of_a_cosignature_is_signed_too(verify: Verify) -> None:
    x1, x2, _, y1, _ = KEYS.values()
    line = y1.line(BODY, time=1000)
    moved = y1.line(BODY, time=1001)
    assert verify(LOG.note(None, x1, x2) + line)[0] == 0
    assert verify(LOG.note(None, x1, x2) + moved)[0] == 0
    head, _, blob = line.rstrip(b"\n").rpartition(b" ")
    swapped = blob[:14] + moved.rstrip(b"\n").rpartition(b" ")[2][14:18] + blob[18:]
    assert verify(LOG.note(None, x1, x2) + head + b" " + swapped + b"\n")[0] == 1


@pytest.mark.parametrize("text", ["quorum X1\n", "", f"witness A {VKEY}\nquorum A\n"])
def test_a_policy_that_is_none_is_a_wrong_question(verify: Verify, text: str) -> None:
    status, said = verify(LOG.note(), text)
    assert status == 2
    assert "cannot verify: policy" in said


def test_a_quorum_of_none_still_wants_the_log_s_own_signature(verify: Verify) -> None:
    x1 = KEYS["X1"]
    assert verify(LOG.note(), "quorum none\n")[0] == 0
    status, said = verify(BODY + b"\n" + x1.line(BODY), f"{WITNESSES}quorum X1\n")
    assert (status, "checkpoint-unsigned" in said) == (1, True)
