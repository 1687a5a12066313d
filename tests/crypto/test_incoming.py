"""Sealed documents from partners: the good one, and every bad one of the table."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jwe
from joserfc.jwk import ECKey, OKPKey

from referral_hub.crypto.incoming import (
    DocumentExpectation,
    HubBox,
    SealedRefused,
    UnverifiedDocument,
    Vouched,
    open_sealed,
    verify_document,
)
from referral_hub.errors import KeyUnavailable
from tests.crypto.jose import (
    ODD,
    decode,
    ec_jwk,
    ed25519_jwk,
    encode,
    laid_over,
    segment,
)
from tests.crypto.samples import MENTORS, TIME_BANK

TABLE = tomllib.loads((Path(__file__).parent / "sealed_attacks.toml").read_text())
WORDS = TABLE["words"]
NOW = datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
CLIENT = Ed25519PrivateKey.generate()
STRANGER = Ed25519PrivateKey.generate()
URL = "https://hub.example/api/v1/referrals"
EXPECTED = DocumentExpectation(
    issuer=TIME_BANK, audience=URL, jwks={"keys": [ed25519_jwk(CLIENT, "sig-1")]}, at=NOW
)
DOCUMENT = b'{"first_name":"Winifred"}'
OUTER = {
    "alg": "ECDH-ES+A256KW",
    "enc": "A256GCM",
    "typ": "referral-hub+jwe",
    "cty": "referral-hub+jws",
}
INNER: dict[str, object] = {
    "alg": "EdDSA",
    "kid": "sig-1",
    "typ": "referral-hub+jws",
    "cty": "application/json",
    "iss": TIME_BANK,
    "aud": URL,
    "jti": "0123456789abcdef",
    "iat": SECONDS,
}
SEED, SCALAR = bytes(range(32)), (1_234_567).to_bytes(32, "big")
X25519_KID = "SwTa_gK4BSILk_fgKKpcPSklidTgpy9H_0dqYEo8mQA"
P256_KID = "8Q6zNFU-lfxatP8SSURXfSgOsD675AfNWhWQINgCFx8"
PUBLISHED = [
    {
        "kty": "OKP",
        "crv": "X25519",
        "x": "j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8",
        "kid": X25519_KID,
        "use": "enc",
        "alg": "ECDH-ES+A256KW",
    },
    {
        "kty": "EC",
        "crv": "P-256",
        "x": "Zd4V_st-w837Vw-oercc4fGOidWXawcFfNu_9f-Ft2A",
        "y": "Z9hQmLaQO62CvrDJiPefHylenBKFxYCxmYNhIO0bv34",
        "kid": P256_KID,
        "use": "enc",
        "alg": "ECDH-ES+A256KW",
    },
]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> HubBox:
    directory = tmp_path_factory.mktemp("hub") / "keys"
    directory.mkdir(mode=0o700)
    for name, content in (("hub-box.key", SEED), ("hub-box-p256.key", SCALAR)):
        (directory / name).touch(mode=0o600)
        (directory / name).write_bytes(content)
    return HubBox(directory)


def seal(content: bytes, *, to: Mapping[str, str] = PUBLISHED[0], **changes: object) -> bytes:
    """Seal to a key of the hub, and then lay `changes` over what the header says."""
    key = ECKey.import_key(dict(to)) if to["kty"] == "EC" else OKPKey.import_key(dict(to))
    algorithms = ["ECDH-ES+A256KW", "A256GCM"]
    sealed = jwe.encrypt_compact({**OUTER, "kid": to["kid"]}, content, key, algorithms=algorithms)
    head, _, rest = sealed.partition(".")
    if changes:
        head = segment(laid_over(json.loads(decode(head)), changes))
    return f"{head}.{rest}".encode()


def sign(payload: bytes = DOCUMENT, key: Ed25519PrivateKey | None = CLIENT, **inner: object) -> str:
    message = f"{segment(laid_over(INNER, inner))}.{encode(payload)}"
    return f"{message}.{encode(key.sign(message.encode())) if key else ''}"


def attempt(attack: dict[str, Any]) -> bytes:
    key = {"client": CLIENT, "stranger": STRANGER, "nobody": None}[attack.get("sign", "client")]
    inner = {"iat": SECONDS + attack.get("iat", 0), **attack.get("inner", {})}
    return seal(sign(key=key, **inner).encode(), **attack.get("outer", {}))


def opened(box: HubBox, signed: str) -> UnverifiedDocument:
    return open_sealed(box, seal(signed.encode()))


def words_of(box: HubBox, body: bytes, **expected: Any) -> tuple[str, str]:
    """Return the step that refuses, and the words."""
    try:
        document = open_sealed(box, body)
    except SealedRefused as refused:
        return "open", str(refused)
    with pytest.raises(SealedRefused) as unverified:
        verify_document(document, replace(EXPECTED, **expected))
    return "verify", str(unverified.value)


@pytest.mark.parametrize("to", PUBLISHED, ids=["X25519", "P-256"])
def test_a_good_document_opens_and_its_signature_says_which_and_until_when(
    box: HubBox, to: Mapping[str, str]
) -> None:
    signed = sign()
    document = open_sealed(box, seal(signed.encode(), to=to))
    assert document == UnverifiedDocument(DOCUMENT, INNER, signed)
    until = NOW + timedelta(hours=1, seconds=30)
    assert verify_document(document, EXPECTED) == Vouched("0123456789abcdef", until)


@pytest.mark.parametrize("attack", TABLE["attack"], ids=lambda attack: attack["id"])
def test_an_attack_is_refused_in_its_words(box: HubBox, attack: dict[str, Any]) -> None:
    assert words_of(box, attempt(attack)) == (attack["step"], WORDS[attack["words"]])


def test_the_table_has_a_row_for_all_words_but_those_about_form() -> None:
    assert {attack["words"] for attack in TABLE["attack"]} == set(WORDS) - {"form"}


def test_what_is_inside_must_be_a_signature_of_three_parts(box: HubBox) -> None:
    head, payload, signature = sign().split(".")
    for inside in (
        "",
        "x",
        f"{head}.{payload}",
        f"{head}.{payload}.{signature}.x",
        f"{head}.%.{signature}",
        f"{segment([])}.{payload}.{signature}",
        f".{payload}.{signature}",
        f"é.{payload}.{signature}",
        f"{head}.é.{signature}",
    ):
        assert words_of(box, seal(inside.encode())) == ("open", WORDS["form"])


@pytest.mark.parametrize("body", [b"", b"a.b.c.d.e", b"....", b"\xff", "é.é.é.é.é".encode()])
def test_what_is_no_envelope_is_told_so(box: HubBox, body: bytes) -> None:
    assert words_of(box, body) == ("open", WORDS["form"])


def test_an_envelope_that_was_changed_does_not_open(box: HubBox) -> None:
    parts = seal(sign().encode()).decode().split(".")
    for at in (1, 2, 3, 4):
        changed = "B" if parts[at].startswith("A") else "A"
        tampered = [*parts[:at], changed + parts[at][1:], *parts[at + 1 :]]
        assert words_of(box, ".".join(tampered).encode()) == ("open", WORDS["closed"])
    assert words_of(box, ".".join(parts[:4]).encode()) == ("open", WORDS["closed"])


def test_a_body_and_its_document_have_a_largest_size(box: HubBox) -> None:
    assert words_of(box, b"x" * 65_536) == ("open", WORDS["form"])
    assert words_of(box, b"x" * 65_537) == ("open", "send at most 65536 bytes")
    assert len(opened(box, sign(b"x" * 32_768)).payload) == 32_768
    too_large = seal(sign(b"x" * 32_769).encode())
    assert words_of(box, too_large) == ("open", "the document may have at most 32768 bytes")


def test_an_empty_envelope_holds_nothing(box: HubBox) -> None:
    assert box.open(seal(b"").decode()) == b""


@pytest.mark.parametrize("iat", [-3600, -3599, 0, 29, 30])
def test_a_document_is_good_for_an_hour_from_its_signature(box: HubBox, iat: int) -> None:
    vouched = verify_document(opened(box, sign(iat=SECONDS + iat)), EXPECTED)
    assert vouched.expires_at == NOW + timedelta(seconds=iat + 3630)


@pytest.mark.parametrize("length", [16, 128])
def test_the_shortest_and_the_longest_id_are_accepted(box: HubBox, length: int) -> None:
    document = opened(box, sign(jti="x" * length))
    assert verify_document(document, EXPECTED).message_id == "x" * length


def test_the_newer_name_of_the_same_algorithm_is_accepted(box: HubBox) -> None:
    assert verify_document(opened(box, sign(alg="Ed25519")), EXPECTED)


@pytest.mark.parametrize(
    ("curve", "algorithm", "digest"),
    [(ec.SECP256R1(), "ES256", hashes.SHA256()), (ec.SECP384R1(), "ES384", hashes.SHA384())],
    ids=["P-256", "P-384"],
)
def test_elliptic_curve_keys_sign_with_their_own_algorithm(
    box: HubBox, curve: ec.EllipticCurve, algorithm: str, digest: hashes.HashAlgorithm
) -> None:
    key = ec.generate_private_key(curve)
    jwks = {"keys": [ed25519_jwk(CLIENT, "sig-1"), ec_jwk(key, "ec-1")]}
    foreign = seal(sign(kid="ec-1").encode())
    assert words_of(box, foreign, jwks=jwks) == ("verify", f"alg: this key signs with {algorithm}")
    head = {"alg": algorithm, "kid": "ec-1"}
    message = f"{segment({**INNER, **head})}.{encode(DOCUMENT)}"
    numbers = decode_dss_signature(key.sign(message.encode(), ec.ECDSA(digest)))
    raw = b"".join(number.to_bytes(key.key_size // 8, "big") for number in numbers)
    vouched = verify_document(opened(box, f"{message}.{encode(raw)}"), replace(EXPECTED, jwks=jwks))
    assert vouched.message_id == "0123456789abcdef"


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AA"}]}], ids=str)
def test_keys_that_are_no_good_know_nobody(box: HubBox, jwks: dict[str, object]) -> None:
    assert words_of(box, seal(sign().encode()), jwks=jwks) == ("verify", WORDS["kid"])


def test_a_document_for_one_request_does_not_pass_for_another(box: HubBox) -> None:
    body = seal(sign().encode())
    assert words_of(box, body, issuer=MENTORS) == ("verify", WORDS["iss"])
    assert words_of(box, body, audience=f"{URL}?x=1") == ("verify", WORDS["aud"])
    later = NOW + timedelta(seconds=3601)
    assert words_of(box, body, at=later) == ("verify", WORDS["iat"])


def test_the_signature_is_of_this_document(box: HubBox) -> None:
    document = opened(box, sign())
    head, _, signature = document.signed.split(".")
    other = replace(document, signed=f"{head}.{encode(b'{}')}.{signature}")
    with pytest.raises(SealedRefused, match=r"^signature: "):
        verify_document(other, EXPECTED)


def test_the_published_keys_are_those_of_the_two_files(box: HubBox) -> None:
    assert box.public_jwks() == PUBLISHED
    assert repr(box) == f"<HubBox {X25519_KID}, {P256_KID}>"


def test_another_hubs_box_opens_nothing(box: HubBox, tmp_path: Path) -> None:
    other = HubBox(tmp_path / "keys")
    assert words_of(other, seal(sign().encode())) == ("open", WORDS["outer_kid"])
    foreign = {**other.public_jwks()[0], "kid": X25519_KID}
    assert words_of(box, seal(sign().encode(), to=foreign)) == ("open", WORDS["closed"])


def test_the_keys_are_made_once_and_are_each_hubs_own(tmp_path: Path) -> None:
    first = HubBox(tmp_path / "keys")
    assert HubBox(tmp_path / "keys").public_jwks() == first.public_jwks()
    for name in ("hub-box.key", "hub-box-p256.key"):
        assert len((tmp_path / "keys" / name).read_bytes()) == 32
    kids = {key["kid"] for hub in (first, HubBox(tmp_path / "b")) for key in hub.public_jwks()}
    assert len(kids) == 4
    for to in first.public_jwks():
        assert open_sealed(first, seal(sign().encode(), to=to)).payload == DOCUMENT
    (tmp_path / "keys" / "hub-box-p256.key").chmod(0o644)
    with pytest.raises(KeyUnavailable, match="open to other users"):
        HubBox(tmp_path / "keys")


def test_an_unverified_document_shows_nothing_of_itself(box: HubBox) -> None:
    assert repr(opened(box, sign())) == "<UnverifiedDocument>"


@pytest.mark.parametrize("member", INNER)
def test_no_odd_value_in_the_signature_breaks_the_door(box: HubBox, member: str) -> None:
    for odd in ODD:
        assert words_of(box, seal(sign(**{member: odd}).encode()))[1] in WORDS.values()


@pytest.mark.parametrize("member", [*OUTER, "kid", "epk"])
def test_no_odd_value_in_the_envelope_breaks_the_door(box: HubBox, member: str) -> None:
    for odd in ODD:
        step, _ = words_of(box, seal(sign().encode(), **{member: odd}))
        assert step == "open"


@pytest.mark.parametrize("to", PUBLISHED, ids=["X25519", "P-256"])
@pytest.mark.parametrize("member", ["kty", "crv", "x", "y"])
def test_no_odd_value_in_the_ephemeral_key_breaks_the_door(
    box: HubBox, to: Mapping[str, str], member: str
) -> None:
    inside = sign().encode()
    for odd in ODD:
        for kind in PUBLISHED:
            point = {name: kind[name] for name in ("kty", "crv", "x", "y") if name in kind}
            body = seal(inside, to=to, epk={**point, member: odd})
            assert words_of(box, body) == ("open", WORDS["closed"])
