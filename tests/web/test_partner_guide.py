"""What the partner guide shows is what works: its example, its codes and its answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from adapters.contract import DocumentKind
from referral_hub.clock import system_clock
from referral_hub.crypto.partner import TokenExpectation, verify_partner_token
from referral_hub.domain.codes import ClosingOutcome, DeclineReason
from tests.crypto.jose import ed25519_jwk
from tests.web.mereford import Mereford
from tests.web.partner_calls import LIFTS, address, partner_of

GUIDE = (Path(__file__).parents[2] / "docs" / "partner-endpoint.md").read_text(encoding="utf-8")
AGENCY = "01890000-0000-7000-8000-000000000002"
BODY = b'{"note": "We will ring on Tuesday"}'


def shown(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_example_signs_a_token_that_the_hub_verifies() -> None:
    example: dict[str, Any] = {}
    exec(compile(shown("python")[0], "partner-endpoint.md", "exec"), example)  # noqa: S102 - our own
    private = Ed25519PrivateKey.generate()
    url = "https://hub.example/partner/v1/tasks/1/accept"
    token = example["signed_token"](OKPKey.import_key(private), "sig-1", AGENCY, url, BODY)
    expected = TokenExpectation(issuer=AGENCY, audience=url, body=BODY, at=system_clock())
    claims = verify_partner_token(
        token, jwks={"keys": [ed25519_jwk(private, "sig-1")]}, expected=expected
    )
    assert claims.kid == "sig-1"


@pytest.mark.parametrize("codes", [DeclineReason, ClosingOutcome, DocumentKind])
def test_every_code_stands_in_the_guide(codes: Any) -> None:
    assert not [code.value for code in codes if f"`{code.value}`" not in GUIDE]


def test_the_answers_are_as_shown(town: Any) -> None:
    mereford = Mereford(town.hub, town.url)
    partner = partner_of(mereford, "time_bank", town.app.test_client())
    task = mereford.offered(to=("time_bank", "council"), needs=LIFTS)
    accepted, problem = (json.loads(text) for text in shown("json"))
    closing = b'{"outcome": "helped", "person_told": "yes", "next_step": "Nothing more"}'
    assert partner.send(address(task.id, "close"), closing).get_json() == problem
    answer = partner.send(address(task.id, "accept"), BODY).get_json()
    assert answer == {**accepted, "task": str(task.id)}
