"""Signed notes and checkpoints: published ones verify, and there is one spelling of each."""

import tomllib
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.evidence.checkpoint import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    MAX_SIZE,
    Checkpoint,
    CheckpointError,
    ForgedNote,
    SignatureType,
    UntrustedNote,
    Verifier,
    cosigned_message,
    key_id,
    parse_checkpoint,
    parse_note,
    signature_line,
    strict_base64,
    verify_note,
    vkey,
)
from consent.evidence.merkle import EMPTY_ROOT
from tests.consent.evidence.sample_log import ORIGIN, Key, witness

VECTORS = tomllib.loads(
    (Path(__file__).parents[2] / "vectors" / "evidence.toml").read_text(encoding="utf-8")
)
C2SP = VECTORS["note"][0]
ROOT = bytes(range(32))
HEAD = Checkpoint(ORIGIN, 20_852_163, ROOT)
TEXT = HEAD.body()
LOG, WITNESS = Key("log"), witness("one")


def note_of(vector: dict[str, Any]) -> bytes:
    lines = "".join(f"{line}\n" for line in vector["signatures"])
    return f"{vector['text']}\n{lines}".encode()


@pytest.mark.parametrize("vector", VECTORS["note"], ids=lambda vector: vector["id"])
def test_a_published_note_verifies_with_its_published_key(vector: dict[str, Any]) -> None:
    verifier = Verifier.from_vkey(vector["vkey"])
    verified = verify_note(note_of(vector), [verifier])
    assert verified.text == vector["text"].encode()
    assert [signer.verifier for signer in verified.signers] == [verifier]
    assert verified.signers[0].time is None
    assert verifier.vkey() == vector["vkey"]


@pytest.mark.parametrize("vector", VECTORS["note"], ids=lambda vector: vector["id"])
def test_a_published_note_with_one_letter_changed_is_forged(vector: dict[str, Any]) -> None:
    note = note_of(vector).replace(b"a", b"e", 1)
    with pytest.raises(ForgedNote, match=r"^a signature in the name of .* does not verify$"):
        verify_note(note, [Verifier.from_vkey(vector["vkey"])])


def test_a_verifier_key_has_the_published_spelling() -> None:
    verifier = Verifier.from_vkey(C2SP["vkey"])
    assert verifier.name == "example.com/foo"
    assert verifier.key_id.hex() == "530d903a"
    assert verifier.kind is SignatureType.ED25519
    assert vkey(verifier.name, verifier.public_key) == C2SP["vkey"]
    assert key_id(verifier.name, verifier.public_key).hex() == "530d903a"
    cosigner = vkey(verifier.name, verifier.public_key, kind=SignatureType.COSIGNATURE_V1)
    assert cosigner != C2SP["vkey"]
    assert Verifier.from_vkey(cosigner).kind is SignatureType.COSIGNATURE_V1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "vkey: must be <name>+<8 hex digits>+<base64>"),
        ("example.com/foo", "vkey: must be <name>+<8 hex digits>+<base64>"),
        ("example.com/foo+530d903a", "vkey: must be <name>+<8 hex digits>+<base64>"),
        (
            "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "key name: must be one word without spaces, + or control characters",
        ),
        (
            "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: must be <name>+<8 hex digits>+<base64>",
        ),
        (
            "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: must be <name>+<8 hex digits>+<base64>",
        ),
        (
            "example.com/foo+530d903ab+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: must be <name>+<8 hex digits>+<base64>",
        ),
        (
            "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: the key id does not belong to this name and key",
        ),
        (
            "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: the key id does not belong to this name and key",
        ),
        (
            "example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: the key id does not belong to this name and key",
        ),
        (
            "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: only Ed25519 keys (types 1 and 4) are read here",
        ),
        (
            "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "vkey: only Ed25519 keys (types 1 and 4) are read here",
        ),
        ("example.com/foo+530d903a+", "vkey: only Ed25519 keys (types 1 and 4) are read here"),
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
            "vkey: not base64",
        ),
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
            "vkey: not base64",
        ),
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv",
            "public key: must be 32 bytes",
        ),
        (
            "example com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "key name: must be one word without spaces, + or control characters",
        ),
    ],
)
def test_a_verifier_key_that_is_not_one_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        Verifier.from_vkey(text)
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a+b",
        "a\nb",
        "a\tb",
        "a\u00a0b",
        "a\u2028b",
        "a\u3000b",
        "a\x00b",
        "a\u0085b",
    ],
)
def test_a_name_that_could_be_read_as_two_is_refused_everywhere(name: str) -> None:
    key = LOG.verifier.public_key
    for use in (
        lambda: Checkpoint(name, 1, ROOT),
        lambda: Verifier(name, key),
        lambda: vkey(name, key),
        lambda: signature_line(name, b"1234", b"signature"),
    ):
        with pytest.raises(
            CheckpointError,
            match=r"^(origin|key name): must be one word without spaces, \+ or control characters$",
        ):
            use()


def test_names_beyond_ascii_are_names() -> None:
    key = Key("x", "λόγος.example/α")
    assert Verifier.from_vkey(key.vkey) == key.verifier
    head = Checkpoint("λόγος.example/α", 1, ROOT)
    assert verify_note(key.sign(head.body()), [key.verifier]).text == head.body()


def test_a_checkpoint_has_the_published_body() -> None:
    head = parse_checkpoint(
        b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert head.root.hex().startswith("0ac5186a91863e8e1d90c808")
    assert head.extensions == ()
    assert head.body().splitlines()[1] == b"20852163"


@given(
    st.integers(1, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(st.text(st.characters(min_codepoint=32, codec="utf-8"), min_size=1), max_size=3),
)
def test_every_checkpoint_reads_back(size: int, root: bytes, extensions: list[str]) -> None:
    head = Checkpoint(ORIGIN, size, root, tuple(extensions))
    assert parse_checkpoint(head.body()) == head
    assert verify_note(LOG.sign(head.body()), [LOG.verifier]).text == head.body()


def test_an_empty_log_has_a_checkpoint_and_only_one() -> None:
    assert parse_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT).body()).size == 0
    with pytest.raises(
        CheckpointError, match=r"^root: an empty tree has the root SHA-256 of nothing$"
    ):
        Checkpoint(ORIGIN, 0, ROOT)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"size": -1}, "tree size: must be between 0 and 2^63 - 1"),
        ({"size": MAX_SIZE + 1}, "tree size: must be between 0 and 2^63 - 1"),
        ({"root": b""}, "root: must be 32 bytes"),
        ({"root": ROOT[:-1]}, "root: must be 32 bytes"),
        ({"root": ROOT + b"\0"}, "root: must be 32 bytes"),
        ({"extensions": ("",)}, "extension lines must be lines, and not empty"),
        ({"extensions": ("a\nb",)}, "extension lines must be lines, and not empty"),
        ({"extensions": ("a\tb",)}, "extension lines must be lines, and not empty"),
    ],
)
def test_a_checkpoint_that_cannot_be_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        Checkpoint(**({"origin": ORIGIN, "size": 1, "root": ROOT} | fields))
    assert str(refused.value) == reason


ROOT64 = b64encode(ROOT).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "checkpoint: must be origin, size and root, a line each"),
        (f"{ORIGIN}\n1\n", "checkpoint: must be origin, size and root, a line each"),
        (f"{ORIGIN}\n1\n{ROOT64}", "checkpoint: must be origin, size and root, a line each"),
        (f"{ORIGIN}\n01\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n+1\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n-1\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n1 \n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n1_0\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n１\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n\n{ROOT64}\n", "tree size: must be decimal, without leading zeros"),
        (f"{ORIGIN}\n9223372036854775808\n{ROOT64}\n", "tree size: must be between 0 and 2^63 - 1"),
        (
            f"{ORIGIN}\n10000000000000000000\n{ROOT64}\n",
            "tree size: must be decimal, without leading zeros",
        ),
        (f"{ORIGIN}\n1\n{ROOT64} \n", "root: not base64"),
        (f"{ORIGIN}\n1\n{ROOT64[:-1]}\n", "root: not base64"),
        (f"{ORIGIN}\n1\n{ROOT64[:-2]}9=\n", "root: not base64 in its canonical form"),
        (f"{ORIGIN}\n1\n{ROOT64[:-4]}\n", "root: must be 32 bytes"),
        (f"{ORIGIN}\n1\n\n", "root: must be 32 bytes"),
        (f"{ORIGIN}\n1\n{ROOT64}\n\n", "extension lines must be lines, and not empty"),
        (f"{ORIGIN}\n1\n{ROOT64}\r\n", "root: not base64"),
        (
            f"go.sum database tree\n1\n{ROOT64}\n",
            "origin: must be one word without spaces, + or control characters",
        ),
        (f"\n1\n{ROOT64}\n", "origin: must be one word without spaces, + or control characters"),
        (f"{ORIGIN}\n0\n{ROOT64}\n", "root: an empty tree has the root SHA-256 of nothing"),
    ],
)
def test_a_text_that_is_no_checkpoint_to_the_byte_is_refused(text: str, reason: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        parse_checkpoint(text.encode())
    assert str(refused.value) == reason


def test_the_largest_size_is_a_size() -> None:
    assert parse_checkpoint(Checkpoint(ORIGIN, MAX_SIZE, ROOT).body()).size == MAX_SIZE


def test_a_checkpoint_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"^checkpoint: not UTF-8$"):
        parse_checkpoint(b"\xff\n1\n\n")


GOOD = LOG.line(TEXT)


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (b"", "note: must be a text, a blank line and signature lines"),
        (TEXT, "note: must be a text, a blank line and signature lines"),
        (TEXT + GOOD, "note: must be a text, a blank line and signature lines"),
        (TEXT + b"\n", "note: must be a text, a blank line and signature lines"),
        (b"\n" + GOOD, "note: must be a text, a blank line and signature lines"),
        (b"\n\n" + GOOD, "note: must be a text, a blank line and signature lines"),
        (TEXT + b"\n" + GOOD[:-1], "note: must be a text, a blank line and signature lines"),
        (TEXT + b"\n" + GOOD + b"\n", "note: must be a text, a blank line and signature lines"),
        (TEXT + b"\n" + GOOD + b"\n" + GOOD[3:], "signature line: must be — <name> <base64>"),
        (
            TEXT + b"\n" + GOOD.replace("—".encode(), b"-"),
            "signature line: must be — <name> <base64>",
        ),
        (
            TEXT + b"\n" + GOOD.replace("— ".encode(), "—".encode()),
            "signature line: must be — <name> <base64>",
        ),
        (TEXT + b"\n" + "— \n".encode(), "signature line: must be — <name> <base64>"),
        (
            TEXT + b"\n" + "—  AAAAAAAA\n".encode(),
            "key name: must be one word without spaces, + or control characters",
        ),
        (
            TEXT + b"\n" + "— a+b AAAAAAAA\n".encode(),
            "key name: must be one word without spaces, + or control characters",
        ),
        (TEXT + b"\n" + "— name AAAAAAA\n".encode(), "signature line: not base64"),
        (TEXT + b"\n" + "— name AAAAAAAA \n".encode(), "signature line: not base64"),
        (TEXT + b"\n" + "— name AAAA_AAA\n".encode(), "signature line: not base64"),
        (
            TEXT + b"\n" + "— name AAAAAAB=\n".encode(),
            "signature line: not base64 in its canonical form",
        ),
        (
            TEXT + b"\n" + "— name AAAAAA==\n".encode(),
            "signature line: too short for a key id and a signature",
        ),
        (TEXT + b"\n" + "— name\n".encode(), "signature line: must be — <name> <base64>"),
        (
            TEXT.replace(b"\n", b"\r\n") + b"\n" + GOOD,
            "note: holds a control character other than a newline",
        ),
        (
            TEXT.replace(b"log", b"l\tg") + b"\n" + GOOD,
            "note: holds a control character other than a newline",
        ),
        (
            TEXT.replace(b"log", b"l\0g") + b"\n" + GOOD,
            "note: holds a control character other than a newline",
        ),
        (
            TEXT.replace(b"log", b"l\x1fg") + b"\n" + GOOD,
            "note: holds a control character other than a newline",
        ),
        (TEXT.replace(b"log", b"l\xffg") + b"\n" + GOOD, "note: not UTF-8"),
        (
            b"a" * (MAX_NOTE_BYTES - len(GOOD) - 1) + b"\n\n" + GOOD,
            "note: longer than 524288 bytes",
        ),
        (TEXT + b"\n" + GOOD * (MAX_SIGNATURES + 1), "note: more than 64 signatures"),
    ],
)
def test_a_note_that_is_none_to_the_byte_is_refused(note: bytes, reason: str) -> None:
    with pytest.raises(CheckpointError) as refused:
        verify_note(note, [LOG.verifier])
    assert str(refused.value) == reason


def test_a_note_of_the_greatest_length_is_read() -> None:
    text = b"a" * (MAX_NOTE_BYTES - len(GOOD) - 2) + b"\n"
    note = LOG.sign(text)
    assert len(note) == MAX_NOTE_BYTES
    assert verify_note(note, [LOG.verifier]).text == text


def test_the_text_ends_at_the_last_blank_line() -> None:
    text = b"one\n\ntwo\n"
    note = parse_note(LOG.sign(text))
    assert note.unverified_text == text
    assert [line.name for line in note.signatures] == [ORIGIN]
    assert note.signatures[0].key_id == LOG.verifier.key_id
    assert len(note.signatures[0].signature) == 64


def test_the_shortest_signature_is_read_and_means_nothing() -> None:
    note = parse_note(TEXT + b"\n" + "— name AAAAAAA=\n".encode())
    assert note.signatures[0].signature == b"\0"


def test_sixteen_signatures_and_more_are_accepted() -> None:
    keys = [witness(f"w{number}") for number in range(MAX_SIGNATURES)]
    note = TEXT + b"\n" + b"".join(key.line(TEXT) for key in keys)
    verified = verify_note(note, [key.verifier for key in keys])
    assert [signer.verifier for signer in verified.signers] == [key.verifier for key in keys]


def test_a_key_that_signs_twice_counts_once() -> None:
    assert len(verify_note(TEXT + b"\n" + GOOD + GOOD, [LOG.verifier]).signers) == 1


def test_signatures_of_unknown_keys_are_ignored_even_when_broken() -> None:
    broken = signature_line("stranger.example", b"\1\2\3\4", b"nonsense")
    same_name = signature_line(ORIGIN, b"\1\2\3\4", b"nonsense")
    same_id = signature_line("stranger.example", LOG.verifier.key_id, b"nonsense")
    note = TEXT + b"\n" + broken + same_name + same_id + GOOD
    assert len(verify_note(note, [LOG.verifier]).signers) == 1


@pytest.mark.parametrize("place", ["before", "after"])
def test_one_bad_signature_of_a_known_key_condemns_the_note(place: str) -> None:
    bad = signature_line(ORIGIN, LOG.verifier.key_id, bytes(64))
    lines = bad + GOOD if place == "before" else GOOD + bad
    with pytest.raises(ForgedNote):
        verify_note(TEXT + b"\n" + lines, [LOG.verifier])
    other = Key("other")
    both = TEXT + b"\n" + other.line(TEXT) + bad
    with pytest.raises(ForgedNote):
        verify_note(both, [LOG.verifier, other.verifier])


@pytest.mark.parametrize("verifiers", [[], [Key("other").verifier], [witness("one").verifier]])
def test_a_note_that_nobody_known_signed_is_not_trusted(verifiers: list[Verifier]) -> None:
    with pytest.raises(UntrustedNote, match=r"^note: not signed by any key that was given$"):
        verify_note(LOG.sign(TEXT), verifiers)


def test_another_key_of_the_same_name_is_another_key() -> None:
    impostor = Key("impostor")
    assert impostor.verifier.name == LOG.verifier.name
    with pytest.raises(UntrustedNote):
        verify_note(impostor.sign(TEXT), [LOG.verifier])
    claimed = signature_line(ORIGIN, LOG.verifier.key_id, impostor._private.sign(TEXT))
    with pytest.raises(ForgedNote):
        verify_note(TEXT + b"\n" + claimed, [LOG.verifier])


def test_two_keys_of_one_name_verify_while_a_key_rolls_over() -> None:
    fresh = Key("fresh")
    note = TEXT + b"\n" + LOG.line(TEXT) + fresh.line(TEXT)
    for known in ([LOG.verifier], [fresh.verifier], [LOG.verifier, fresh.verifier]):
        assert [s.verifier for s in verify_note(note, known).signers] == known


def test_a_cosignature_is_over_the_published_message_and_gives_its_time() -> None:
    body = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosigned_message(body, time=1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\n" + body
    )
    note = LOG.sign(TEXT) + WITNESS.line(TEXT, time=1_679_315_147)
    verified = verify_note(note, [LOG.verifier, WITNESS.verifier])
    assert [signer.time for signer in verified.signers] == [None, 1_679_315_147]


@pytest.mark.parametrize("time", [0, 1, MAX_SIZE])
def test_a_cosignature_at_any_time_verifies(time: int) -> None:
    note = TEXT + b"\n" + WITNESS.line(TEXT, time=time)
    assert verify_note(note, [WITNESS.verifier]).signers[0].time == time


def cosigned(blob: bytes) -> bytes:
    return TEXT + b"\n" + signature_line(WITNESS.verifier.name, WITNESS.verifier.key_id, blob)


def test_a_cosignature_that_is_not_one_is_forged() -> None:
    at = (1_679_315_147).to_bytes(8, "big")
    plain = WITNESS._private.sign(TEXT)
    right = WITNESS._private.sign(cosigned_message(TEXT, time=1_679_315_147))
    late = WITNESS._private.sign(cosigned_message(TEXT, time=MAX_SIZE + 1))
    assert verify_note(cosigned(at + right), [WITNESS.verifier])
    for blob in (
        at + plain,
        plain,
        right,
        at,
        at[:4],
        at + right[:-1],
        at + right + b"\0",
        (1_679_315_148).to_bytes(8, "big") + right,
        (MAX_SIZE + 1).to_bytes(8, "big") + late,
        at + WITNESS._private.sign(b""),
        bytes(8) + WITNESS._private.sign(b""),
        (MAX_SIZE + 1).to_bytes(8, "big") + WITNESS._private.sign(b""),
    ):
        with pytest.raises(ForgedNote):
            verify_note(cosigned(blob), [WITNESS.verifier])


def test_a_log_signature_does_not_pass_for_a_cosignature_of_the_same_key() -> None:
    shared = Key("shared")
    as_witness = Verifier(ORIGIN, shared.verifier.public_key, SignatureType.COSIGNATURE_V1)
    assert as_witness.key_id != shared.verifier.key_id
    with pytest.raises(UntrustedNote):
        verify_note(shared.sign(TEXT), [as_witness])


@given(st.data())
def test_a_note_with_one_bit_changed_never_verifies_as_another_text(data: st.DataObject) -> None:
    note = LOG.sign(TEXT)
    at = data.draw(st.integers(0, 8 * len(note) - 1))
    changed = bytearray(note)
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises((CheckpointError, ForgedNote, UntrustedNote)):
        verify_note(bytes(changed), [LOG.verifier])


def test_a_cosignature_dated_beyond_time_is_said_to_be() -> None:
    late = WITNESS._private.sign(cosigned_message(TEXT, time=MAX_SIZE + 1))
    with pytest.raises(ForgedNote, match=r"^a cosignature of .* is dated beyond 2\^63 - 1$"):
        verify_note(cosigned((MAX_SIZE + 1).to_bytes(8, "big") + late), [WITNESS.verifier])


@pytest.mark.parametrize(("key", "signature"), [(b"123", b"x"), (b"12345", b"x"), (b"1234", b"")])
def test_a_signature_line_needs_a_key_id_and_a_signature(key: bytes, signature: bytes) -> None:
    with pytest.raises(
        CheckpointError, match=r"^signature line: a key id of 4 bytes and a signature are needed$"
    ):
        signature_line(ORIGIN, key, signature)


def test_a_signature_line_is_written_as_published() -> None:
    assert signature_line("a.example", b"\0\0\0\1", b"\2") == "— a.example AAAAAQI=\n".encode()


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33)])
def test_a_public_key_has_32_bytes(key: bytes) -> None:
    with pytest.raises(CheckpointError, match=r"^public key: must be 32 bytes$"):
        Verifier("a.example", key)


def test_a_key_that_is_no_point_verifies_nothing() -> None:
    verifier = Verifier("a.example", b"\xff" * 32)
    note = TEXT + b"\n" + signature_line("a.example", verifier.key_id, bytes(64))
    with pytest.raises(ForgedNote):
        verify_note(note, [verifier])


@pytest.mark.parametrize(
    "text", ["A", "AA", "AAA", "AA=", "AB==", "AAB=", "A A=", "AA==\n", "é", "AA==AA=="]
)
def test_base64_has_one_spelling(text: str) -> None:
    with pytest.raises(CheckpointError, match=r"^field: not base64( in its canonical form)?$"):
        strict_base64("field", text)


@given(st.binary(max_size=80))
def test_base64_reads_back(data: bytes) -> None:
    assert strict_base64("field", b64encode(data).decode()) == data
