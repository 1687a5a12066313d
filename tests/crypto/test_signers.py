"""The hub's and the log's signing keys against published vectors and against other checkers."""

import tomllib
from base64 import b64encode
from pathlib import Path

import pytest

from consent.evidence.checkpoint import (
    Checkpoint,
    ForgedNote,
    UntrustedNote,
    Verifier,
    parse_checkpoint,
    verify_note,
)
from referral_hub.crypto.jwks import HubSigner, signing_keys
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.errors import CryptoError, KeyUnavailable

VECTOR = tomllib.loads((Path(__file__).parent / "vectors.toml").read_text())["ed25519_jwk"]
ORIGIN = "hub.example/log"
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))


def _key_file(path: Path, seed: bytes) -> Path:
    path.parent.mkdir(mode=0o700)
    path.touch(mode=0o600)
    path.write_bytes(seed)
    return path


def test_the_hub_key_has_the_public_key_and_thumbprint_of_rfc_8037(tmp_path: Path) -> None:
    path = _key_file(tmp_path / "keys" / "hub.key", bytes.fromhex(VECTOR["seed"]))
    jwk = HubSigner(path).public_jwk()
    assert (jwk["kty"], jwk["crv"], jwk["x"]) == ("OKP", "Ed25519", VECTOR["x"])
    assert jwk["kid"] == VECTOR["thumbprint"]


def test_the_hub_s_published_keys_are_acceptable_signing_keys(tmp_path: Path) -> None:
    signer = HubSigner(tmp_path / "keys" / "hub.key")
    assert set(signing_keys(signer.public_jwks())) == {signer.kid}


def test_a_signed_checkpoint_verifies_with_the_published_vkey_alone(tmp_path: Path) -> None:
    signer = LogSigner(tmp_path / "keys" / "log.key", origin=ORIGIN)
    note = signer.sign_checkpoint(CHECKPOINT.body())
    verified = verify_note(note, [Verifier.from_vkey(signer.vkey)])
    assert parse_checkpoint(verified.text) == CHECKPOINT
    assert note.startswith(f"{ORIGIN}\n7\n{b64encode(CHECKPOINT.root).decode()}\n\n".encode())
    assert note.count("— ".encode()) == 1


def test_the_log_key_signs_the_published_ed25519_vector_key(tmp_path: Path) -> None:
    path = _key_file(tmp_path / "keys" / "log.key", bytes.fromhex(VECTOR["seed"]))
    public = Verifier.from_vkey(LogSigner(path, origin=ORIGIN).vkey).public_key
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def test_another_log_s_key_is_untrusted_and_an_altered_note_is_forged(tmp_path: Path) -> None:
    signer = LogSigner(tmp_path / "keys" / "log.key", origin=ORIGIN)
    other = LogSigner(tmp_path / "keys" / "other.key", origin=ORIGIN)
    note = signer.sign_checkpoint(CHECKPOINT.body())
    with pytest.raises(UntrustedNote):
        verify_note(note, [Verifier.from_vkey(other.vkey)])
    with pytest.raises(ForgedNote):
        verify_note(note.replace(b"\n7\n", b"\n8\n"), [Verifier.from_vkey(signer.vkey)])


def test_the_log_key_survives_a_restart_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    first = LogSigner(path, origin=ORIGIN)
    assert LogSigner(path, origin=ORIGIN).vkey == first.vkey
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert repr(first) == f"<LogSigner {ORIGIN}>"
    path.chmod(0o644)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        LogSigner(path, origin=ORIGIN)


def test_a_key_directory_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        LogSigner(tmp_path / "keys" / "log.key", origin=ORIGIN)
    assert not list((tmp_path / "keys").iterdir())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello\n",
        CHECKPOINT.body()[:-1],
        CHECKPOINT.body() + b"\n",
        CHECKPOINT.body().replace(b"\n7\n", b"\n07\n"),
        Checkpoint("hub.example/log2", 7, bytes(32)).body(),
        b"cosignature/v1\ntime 1\n" + CHECKPOINT.body(),
    ],
)
def test_only_a_checkpoint_of_its_own_log_is_signed(tmp_path: Path, body: bytes) -> None:
    signer = LogSigner(tmp_path / "keys" / "log.key", origin=ORIGIN)
    with pytest.raises(CryptoError, match="checkpoint"):
        signer.sign_checkpoint(body)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "line\nbreak"])
def test_an_origin_that_could_be_read_as_two_names_is_refused(tmp_path: Path, origin: str) -> None:
    with pytest.raises(CryptoError, match="log origin"):
        LogSigner(tmp_path / "keys" / "log.key", origin=origin)
