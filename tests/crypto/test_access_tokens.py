"""Access tokens and fingerprints: known by the hub's own secret, and by nothing else."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple
from hashlib import sha256
from uuid import UUID

import pytest

from referral_hub.crypto.access_tokens import (
    ENTROPY,
    TOKEN_LENGTH,
    IssuedToken,
    new_access_token,
    recognise,
)
from referral_hub.crypto.fingerprints import request_fingerprint
from tests.crypto.samples import MENTORS, SURGERY, TIME_BANK

SECRET, ANOTHER = "the hub's own secret", "another hub's secret"
AGENCY, CLIENT = UUID(SURGERY), UUID(TIME_BANK)
LABEL = b"referral-hub/access-token/v1"


def made(body: bytes, *, label: bytes = LABEL, secret: str = SECRET) -> str:
    """A token as the module's description has it, over any body."""
    tag = hmac.digest(sha256(label + secret.encode()).digest(), body, "sha256")[:16]
    return urlsafe_b64encode(body + tag).decode()


BODY = AGENCY.bytes + CLIENT.bytes + bytes(24)
GOOD = made(BODY)


def test_a_token_is_recognised_as_what_it_was_issued_for() -> None:
    token, issued = new_access_token(SECRET, agency_id=AGENCY, client_id=CLIENT)
    assert issued == IssuedToken(AGENCY, CLIENT, sha256(token.encode()).digest())
    assert recognise(SECRET, token) == issued


def test_a_token_is_96_characters_of_which_24_bytes_are_random() -> None:
    made_now = [new_access_token(SECRET, agency_id=AGENCY, client_id=CLIENT)[0] for _ in range(200)]
    whole = [urlsafe_b64decode(token) for token in made_now]
    assert {len(token) for token in made_now} == {TOKEN_LENGTH} == {96}
    assert {one[:32] for one in whole} == {AGENCY.bytes + CLIENT.bytes}
    assert len({one[32:56] for one in whole}) == 200
    assert {len(one) for one in whole} == {32 + ENTROPY + 16} == {72}
    assert [made(one[:56]) for one in whole] == made_now


def test_the_form_of_a_token_is_the_one_that_is_out_there() -> None:
    assert recognise(SECRET, GOOD) == IssuedToken(AGENCY, CLIENT, sha256(GOOD.encode()).digest())


FOREIGN = {
    "nothing": "",
    "a character too few": GOOD[:-1],
    "a character too many": GOOD + "A",
    "padding behind it": GOOD + "====",
    "a space before it": " " + GOOD,
    "a tag with a hole for a character that is none": GOOD[:-1] + "!",
    "characters that are none, at the end": GOOD[:-4] + "!!!!",
    "padding at the end": GOOD[:-1] + "=",
    "the same length, not ASCII": GOOD[:-1] + "é",
    "only zeros": "A" * 96,
    "the ordinary alphabet": made(b"\xff" * 56).replace("_", "/").replace("-", "+"),
    "three bytes more under the hub's own tag": made(BODY + bytes(3)),
    "three bytes less under the hub's own tag": made(BODY[:-3]),
    "another hub's secret": made(BODY, secret=ANOTHER),
    "another label": made(BODY, label=b"referral-hub/request-fingerprint/v1"),
    "another agency": made(UUID(MENTORS).bytes + BODY[16:])[:64] + GOOD[64:],
    "a tag of another body": made(bytes(56))[:75] + GOOD[75:],
    "the last character changed": GOOD[:-1] + ("A" if GOOD[-1] != "A" else "B"),
    "the first character changed": "B" + GOOD[1:],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_this_hub_did_not_issue_is_not_recognised(name: str) -> None:
    assert FOREIGN[name] != GOOD
    assert recognise(SECRET, FOREIGN[name]) is None


def test_no_character_of_a_token_can_be_changed() -> None:
    for at, character in enumerate(GOOD):
        other = "A" if character != "A" else "B"
        assert recognise(SECRET, GOOD[:at] + other + GOOD[at + 1 :]) is None


def test_a_secret_may_have_any_characters() -> None:
    token, issued = new_access_token("gehéim", agency_id=AGENCY, client_id=CLIENT)
    assert recognise("gehéim", token) == issued
    assert recognise(SECRET, token) is None


def test_an_issued_token_shows_only_whose_it_is() -> None:
    token, issued = new_access_token(SECRET, agency_id=AGENCY, client_id=CLIENT)
    assert repr(issued) == f"<IssuedToken of {TIME_BANK}>"
    assert token not in map(str, astuple(issued))


PARTS = (b"POST", b"/api/v1/referrals", b'{"first_name":"Winifred"}')


def test_a_fingerprint_is_the_same_for_the_same_parts() -> None:
    key = sha256(b"referral-hub/request-fingerprint/v1" + SECRET.encode()).digest()
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in PARTS)
    wanted = hmac.digest(key, framed, "sha256")
    assert request_fingerprint(SECRET, *PARTS) == wanted
    assert len(wanted) == 32


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (b"",),
        PARTS[:2],
        (*PARTS, b""),
        (b"", *PARTS),
        (b"".join(PARTS),),
        (PARTS[0] + PARTS[1], b"", PARTS[2]),
        (PARTS[1], PARTS[0], PARTS[2]),
        (PARTS[0].lower(), *PARTS[1:]),
    ],
    ids=range(9),
)
def test_other_parts_and_other_divisions_have_another(parts: tuple[bytes, ...]) -> None:
    assert request_fingerprint(SECRET, *parts) != request_fingerprint(SECRET, *PARTS)


def test_nobody_can_compute_it_without_the_secret() -> None:
    found = request_fingerprint(SECRET, *PARTS)
    assert found != request_fingerprint(ANOTHER, *PARTS)
    assert found not in {sha256(b"".join(PARTS)).digest(), sha256(PARTS[2]).digest()}
