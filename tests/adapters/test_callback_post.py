"""Callbacks over real HTTP and HTTPS: pinned to the address looked at, never redirected."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.contract import Delivery, Endpoint, Sealed
from adapters.transports.callback_post import CallbackPost
from adapters.transports.https_push import Patience
from tests.callbacks import Receiver, receiver

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SIGNED = Sealed("msg-1", b'{"type":"task.offered"}', "application/json", (("webhook-id", "msg-1"),))
HERE = "127.0.0.1"


@pytest.fixture
def partner() -> Iterator[Receiver]:
    with receiver() as started:
        yield started


def post(partner: Receiver, *, here: bool = True, url: str | None = None) -> tuple[str, str]:
    transport = CallbackPost(
        now=lambda: NOW, here=here, patience=Patience(connect=1.0, each=1.0, attempt=2.0)
    )
    try:
        outcome = transport.send(Endpoint("agency", url or partner.url), SIGNED)
        return outcome.delivery.value, outcome.code
    finally:
        transport.close()


def test_a_call_carries_its_signature_headers_and_its_body(partner: Receiver) -> None:
    assert post(partner) == ("delivered", "http_204")
    (call,) = partner.calls
    assert call.headers["webhook-id"] == "msg-1"
    assert call.headers["Content-Type"] == "application/json"
    assert call.headers["Host"] == partner.url.split("/")[2]
    assert call.body == SIGNED.body


@pytest.mark.parametrize(
    ("status", "delivery"),
    [(200, "delivered"), (202, "delivered"), (410, "refused"), (400, "try_again"),
     (401, "try_again"), (404, "try_again"), (422, "try_again"), (500, "try_again"),
     (503, "try_again"), (429, "try_again")],
)  # fmt: skip
def test_only_success_is_success_and_only_410_is_final(
    partner: Receiver, status: int, delivery: str
) -> None:
    partner.answers.append((status, {}))
    assert post(partner) == (delivery, f"http_{status}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_fails_and_is_not_followed(partner: Receiver, status: int) -> None:
    with receiver() as other:
        partner.answers.append((status, {"Location": other.url}))
        assert post(partner) == ("try_again", f"http_{status}")
        assert other.calls == []


def test_what_a_partner_asks_for_is_passed_on(partner: Receiver) -> None:
    partner.answers.append((429, {"Retry-After": "120"}))
    transport = CallbackPost(now=lambda: NOW, here=True)
    outcome = transport.send(Endpoint("agency", partner.url), SIGNED)
    transport.close()
    assert outcome.retry_after == timedelta(seconds=120)


def test_this_machine_is_not_called_without_the_development_setting(partner: Receiver) -> None:
    assert post(partner, here=False) == ("refused", "address_not_allowed")
    secure = partner.url.replace("http:", "https:")
    assert post(partner, here=False, url=secure) == ("refused", "address_not_allowed")
    assert partner.calls == []


class Resolver:
    """Gives one answer after another, the last for ever, and counts."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize(
    "addresses", [[HERE], ["93.184.215.14", HERE], ["10.0.0.1"], ["::ffff:127.0.0.1"]]
)
def test_a_name_that_leads_inside_is_not_called(
    partner: Receiver, addresses: Sequence[str]
) -> None:
    resolver = Resolver(addresses)
    transport = CallbackPost(now=lambda: NOW, resolve=resolver)
    outcome = transport.send(Endpoint("agency", "https://hooks.example.org/hub"), SIGNED)
    transport.close()
    assert (outcome.delivery, outcome.code) == (Delivery.TRY_AGAIN, "address_not_allowed")
    assert partner.calls == []


def test_a_name_is_asked_for_once_and_the_connection_goes_where_was_looked(
    certificate_for: Callable[[str], Path],
) -> None:
    """The second answer would lead elsewhere; the certificate is the name's, not the address's."""
    pem = certificate_for("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    with receiver(tls=context) as partner:
        port = partner.url.split(":")[2].split("/")[0]
        resolver = Resolver([HERE], ["127.0.0.2"])
        trust = ssl.create_default_context(cafile=str(pem))
        transport = CallbackPost(now=lambda: NOW, here=True, trust=trust, resolve=resolver)
        outcome = transport.send(Endpoint("a", f"https://localhost:{port}/hub"), SIGNED)
        transport.close()
    assert outcome.delivery is Delivery.DELIVERED
    assert len(resolver.asked) == 1
    assert partner.calls[0].headers["Host"] == f"localhost:{port}"


def test_a_certificate_of_another_name_ends_the_call(
    certificate_for: Callable[[str], Path],
) -> None:
    pem = certificate_for("elsewhere.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    with receiver(tls=context) as partner:
        port = partner.url.split(":")[2].split("/")[0]
        trust = ssl.create_default_context(cafile=str(pem))
        transport = CallbackPost(now=lambda: NOW, here=True, trust=trust)
        outcome = transport.send(Endpoint("a", f"https://localhost:{port}/hub"), SIGNED)
        transport.close()
    assert (outcome.delivery, outcome.code) == (Delivery.TRY_AGAIN, "no_connection")
    assert partner.calls == []


def test_a_silent_partner_holds_nobody(partner: Receiver) -> None:
    partner.answers.append((0, {}))
    assert post(partner) == ("try_again", "timeout")
