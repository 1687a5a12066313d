"""The policy file: who must have cosigned, and what no stretch of it lets through."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from consent.evidence.checkpoint import CheckpointError
from consent.evidence.pins import Pins
from consent.evidence.verify import main
from consent.evidence.witness_policy import (
    MAX_POLICY_BYTES,
    MOST_OF_A_KIND,
    Party,
    PolicyError,
    parse_policy,
)
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
    logs = parse_policy(f"log {VKEY} https://l.example/path\nquorum none\n".encode()).logs
    assert logs == (Party(b"", LOG.key.verifier, "https://l.example/path"),)
    assert parse_policy(f"log {VKEY}\nquorum none\n".encode()).logs[0].url is None


ALIAS = Key("X1", "alias.example", KEYS["X1"].verifier.kind)
UNKNOWN = "names a witness or group that no line above defines"
MEMBERS = "must ask for all, any, or 1 up to the number of its members"
TWICE = "a name can be a member once, in one group"
QUORUM = "must be quorum <name>, once"
TAKEN = "this name is taken"
KIND = "must begin with log, witness, group or quorum"
OTHER_KEY = "vkey: a log's key signs, a witness's key cosigns; this is the other"
KNOWN_KEY = "vkey: this key stands in an earlier line"
WITNESS = "must be witness <name> <vkey> [<url>]"
CUT = "the last line is not ended; is the file whole?"
NO_QUORUM = "the quorum line is missing; it may say none"
CONTROL = "holds a control character; lines end with LF alone"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, CUT),
        ("\n", None, NO_QUORUM),
        (WITNESSES, None, NO_QUORUM),
        (f"{WITNESSES}quorum X1", None, CUT),
        (f"{WITNESSES}quorum X1\nquorum X1\n", 7, QUORUM),
        (f"{WITNESSES}quorum none\nquorum X1\n", 7, QUORUM),
        (f"{WITNESSES}quorum X9\n", 6, UNKNOWN),
        (f"{WITNESSES}quorum\n", 6, QUORUM),
        (f"{WITNESSES}quorum X1 X2\n", 6, QUORUM),
        (f"quorum X1\n{WITNESSES}", 1, UNKNOWN),
        (f"{WITNESSES}quorum X1\r\n", None, CONTROL),
        (f"{WITNESSES}quorum X1\x0b\n", None, CONTROL),
        (f"{WITNESSES}quorum\u00a0X1\n", 6, KIND),
        (f"{WITNESSES}witnesses X1\nquorum X1\n", 6, KIND),
        (f"{WITNESSES}witness X1 {witness('new').vkey}\nquorum X1\n", 6, TAKEN),
        (f"{WITNESSES}witness none {witness('new').vkey}\nquorum none\n", 6, TAKEN),
        (f"{WITNESSES}witness A {ALIAS.vkey}\nquorum A\n", 6, KNOWN_KEY),
        (f"witness A {VKEY}\nquorum A\n", 1, OTHER_KEY),
        (f"log {KEYS['X1'].vkey}\nquorum none\n", 1, OTHER_KEY),
        (f"log {VKEY}\nlog {VKEY}\nquorum none\n", 2, KNOWN_KEY),
        (f"log {VKEY} a b\nquorum none\n", 1, "must be log <vkey> [<url>]"),
        (f"witness A {KEYS['X1'].vkey[:-1]}\nquorum A\n", 1, "vkey: not base64"),
        (f"witness A {KEYS['X1'].vkey} url more\nquorum A\n", 1, WITNESS),
        ("witness A\nquorum A\n", 1, WITNESS),
        (f"{WITNESSES}group g 0 X1\nquorum g\n", 6, MEMBERS),
        (f"{WITNESSES}group g 3 X1 X2\nquorum g\n", 6, MEMBERS),
        (f"{WITNESSES}group g 01 X1\nquorum g\n", 6, MEMBERS),
        (f"{WITNESSES}group g -1 X1\nquorum g\n", 6, MEMBERS),
        (f"{WITNESSES}group g most X1\nquorum g\n", 6, MEMBERS),
        (f"{WITNESSES}group g all\nquorum g\n", 6, "must be group <name> all|any|<k> <name>..."),
        (f"{WITNESSES}group g 2 X1 X1\nquorum g\n", 6, TWICE),
        (f"{WITNESSES}group g all g\nquorum g\n", 6, UNKNOWN),
        (f"{WITNESSES}group g all none\nquorum g\n", 6, UNKNOWN),
        (f"{WITNESSES}group g all X1\ngroup h all X1\nquorum h\n", 7, TWICE),
        (f"{WITNESSES}group X1 all X2\nquorum X1\n", 6, TAKEN),
        (f"{WITNESSES}group g all h\ngroup h all X1\nquorum g\n", 6, UNKNOWN),
        (
            f"{WITNESSES}{'quorum none' + chr(10) + '#' * MAX_POLICY_BYTES}\n",
            None,
            f"longer than {MAX_POLICY_BYTES} bytes",
        ),
        (
            "".join(f"witness w{n} {witness(str(n)).vkey}\n" for n in range(65)) + "quorum w0\n",
            65,
            "more than 64 lines of this kind",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_whole(text: str, line: int | None, said: str) -> None:
    with pytest.raises(PolicyError) as refused:
        parse_policy(text.encode())
    where = "policy" if line is None else f"policy, line {line}"
    assert str(refused.value) == f"{where}: {said}"


def test_octets_that_are_no_text_may_stand_in_names_and_not_in_keys_or_addresses() -> None:
    line = b"witness \xff " + KEYS["X1"].vkey.encode() + b"\nquorum \xff\n"
    assert parse_policy(line).quorum == b"\xff"
    for data, said in (
        (line.replace(b" witness.example", b" \xfewitness.example"), "vkey: not UTF-8"),
        (line.replace(b"\n", b" https://\xfe\n", 1), "url: not UTF-8"),
    ):
        with pytest.raises(PolicyError) as refused:
            parse_policy(data)
        assert str(refused.value) == f"policy, line 1: {said}"


def test_the_longest_file_and_as_many_lines_of_a_kind_as_may_be_are_read() -> None:
    keys = [witness(str(number)) for number in range(MOST_OF_A_KIND)]
    text = "".join(f"witness w{at} {key.vkey}\n" for at, key in enumerate(keys)) + "quorum w63\n"
    found = parse_policy(text.encode().ljust(MAX_POLICY_BYTES - 1, b"#") + b"\n")
    assert [party.verifier for party in found.witnesses] == [key.verifier for key in keys]


GIVEN = "than the log keys that were given"


def test_a_policy_agrees_with_the_log_that_is_pinned() -> None:
    log = LOG.key.verifier
    other = Key("other", "other.example")
    assert Pins([log], policy=parse_policy(NESTED.encode())).origin == log.name
    foreign = parse_policy(f"log {other.vkey}\nquorum none\n".encode())
    with pytest.raises(CheckpointError, match=f"^policy: names other logs {GIVEN}$"):
        Pins([log], policy=foreign)
    with pytest.raises(
        CheckpointError, match=r"^witnesses: name them in the policy or beside it, not in both$"
    ):
        Pins([log], None, [KEYS["X1"].verifier], policy=parse_policy(NESTED.encode()))
    itself = Key("log", "w.example", KEYS["X1"].verifier.kind)
    with pytest.raises(
        CheckpointError, match=r"^policy: the log's own key cannot witness the log$"
    ):
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


NOT_REACHED = """\
checkpoint: the witnesses that signed it are not the quorum of your policy
              (witnesses-missing)"""


def test_the_verifier_wants_the_quorum_of_the_policy(verify: Verify) -> None:
    x1, x2, x3, y1, _ = KEYS.values()
    assert verify(LOG.note(None, x1, x2, y1))[0] == 0
    for cosigners in ((), (x1, y1), (x1, x2, x3), (x1, x1, y1)):
        status, said = verify(LOG.note(None, *cosigners))
        assert (status, said.split("  ", 1)[1].strip()) == (1, NOT_REACHED)


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
