"""Signatures of callbacks, against the published example and with both schemes' own checkers."""

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from referral_hub.crypto.callback_signer import (
    NewSigner,
    Scheme,
    SealedSigner,
    new_signer,
    sign_callback,
)
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.seal import seal_secret
from referral_hub.crypto.unseal import open_secret
from referral_hub.errors import CryptoError

BODY = '{"type":"task.accepted","note":"Zoë"}'.encode()
CONTENT = b"msg-1.1795435200." + BODY
PREFIXES = {"v1": "whsec_", "v1a": "whpk_"}


def made(keys: FileKeyService, name: str, scheme: Scheme) -> tuple[NewSigner, SealedSigner]:
    fresh = new_signer(keys, signer_id=name, scheme=scheme)
    return fresh, SealedSigner(name, scheme, fresh.sealed)


def headers(keys: FileKeyService, *signers: SealedSigner) -> tuple[tuple[str, str], ...]:
    return sign_callback(keys, signers, message_id="msg-1", timestamp=1795435200, body=BODY)


def signature(keys: FileKeyService, *signers: SealedSigner) -> str:
    return dict(headers(keys, *signers))["webhook-signature"]


def shown(fresh: NewSigner) -> bytes:
    return b64decode(fresh.verify_with.partition("_")[2], validate=True)


def test_the_published_example_of_standard_webhooks(keys: FileKeyService) -> None:
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signer = SealedSigner("s-1", "v1", seal_secret(keys, user_id="s-1", secret=secret))
    assert sign_callback(
        keys,
        [signer],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        body=b'{"test": 2432232314}',
    ) == (
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    )


@pytest.mark.parametrize("scheme", PREFIXES)
def test_a_fresh_signer_shows_what_verifies_it_and_seals_the_rest(
    keys: FileKeyService, scheme: Scheme
) -> None:
    fresh, _ = made(keys, "s-1", scheme)
    secret = open_secret(keys, user_id="s-1", sealed=fresh.sealed)
    assert fresh.verify_with.startswith(PREFIXES[scheme])
    assert (len(shown(fresh)), len(secret)) == (32, 32)
    assert (shown(fresh) == secret) == (scheme == "v1")
    assert fresh.verify_with != made(keys, "s-1", scheme)[0].verify_with
    assert (secret in fresh.sealed, shown(fresh) in fresh.sealed) == (False, False)


def test_a_secret_s_size_is_the_hub_s_own_and_not_the_library_s(
    keys: FileKeyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "DEFAULT_ENTROPY", 1)
    assert len(shown(made(keys, "s-1", "v1")[0])) == 32


def test_a_secret_verifies_its_hmac_and_no_other_s(keys: FileKeyService) -> None:
    fresh, signer = made(keys, "s-1", "v1")
    wanted = b64encode(hmac.digest(shown(fresh), CONTENT, hashlib.sha256)).decode()
    assert signature(keys, signer) == f"v1,{wanted}"
    assert signature(keys, made(keys, "s-1", "v1")[1]) != f"v1,{wanted}"


def test_a_public_key_verifies_its_signature_and_no_other_s(keys: FileKeyService) -> None:
    fresh, signer = made(keys, "s-1", "v1a")
    stranger, _ = made(keys, "s-1", "v1a")
    scheme, _, encoded = signature(keys, signer).partition(",")
    assert scheme == "v1a"
    Ed25519PublicKey.from_public_bytes(shown(fresh)).verify(b64decode(encoded), CONTENT)
    for key, content in [(stranger, CONTENT), (fresh, CONTENT + b" "), (fresh, BODY)]:
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(shown(key)).verify(b64decode(encoded), content)


def test_while_a_signer_is_replaced_both_sign_in_their_order(keys: FileKeyService) -> None:
    (_, one), (_, two) = made(keys, "s-1", "v1"), made(keys, "s-2", "v1a")
    assert headers(keys, one, two) == (
        ("webhook-id", "msg-1"),
        ("webhook-timestamp", "1795435200"),
        ("webhook-signature", f"{signature(keys, one)} {signature(keys, two)}"),
    )
    assert signature(keys, two, one) == f"{signature(keys, two)} {signature(keys, one)}"
    assert signature(keys) == ""


@pytest.mark.parametrize(
    ("message_id", "timestamp", "body"),
    [("msg-2", 1795435200, BODY), ("msg-1", 1795435201, BODY), ("msg-1", 1795435200, b"")],
)
def test_another_message_time_or_body_has_another_signature(
    keys: FileKeyService, message_id: str, timestamp: int, body: bytes
) -> None:
    _, signer = made(keys, "s-1", "v1")
    found = dict(
        sign_callback(keys, [signer], message_id=message_id, timestamp=timestamp, body=body)
    )
    assert found["webhook-signature"] != signature(keys, signer)


@pytest.mark.parametrize("scheme", PREFIXES)
def test_a_signer_moved_to_another_row_does_not_sign(keys: FileKeyService, scheme: Scheme) -> None:
    _, signer = made(keys, "s-1", scheme)
    with pytest.raises(CryptoError, match="did not open"):
        signature(keys, SealedSigner("s-2", scheme, signer.sealed))


def test_the_reprs_of_signers_are_silent(keys: FileKeyService) -> None:
    fresh, signer = made(keys, "s-1", "v1")
    assert (repr(fresh), repr(signer)) == ("<NewSigner>", "<SealedSigner v1>")
