"""One attempt against recipients that answer, misbehave, or are not there."""

import socket
import ssl
import struct
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import Delivery, DeliveryOutcome, Endpoint, Sealed
from adapters.transports.https_push import HttpsPush, Patience
from tests.adapters.recipients import Habit, Recipient, answering, read_request

ANSWERS = tomllib.loads((Path(__file__).parent / "answers.toml").read_text())["answer"]
NOW = datetime(2026, 3, 29, 1, 0, 0, tzinfo=UTC)
SEALED = Sealed("01890000-0000-7000-8000-00000000000c", b"a.b.c.d.e")
HASTY = Patience(connect=0.3, each=0.3, attempt=0.8)
SOON = 5.0
Start = Callable[[Habit], Recipient]


@pytest.fixture(scope="module")
def push() -> Iterator[HttpsPush]:
    made = HttpsPush(now=lambda: NOW, here=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def hasty() -> Iterator[HttpsPush]:
    """Gives up early, so that tests of giving up are short."""
    made = HttpsPush(now=lambda: NOW, here=True, patience=HASTY)
    yield made
    made.close()


def sent(push: HttpsPush, url: str, sealed: Sealed = SEALED) -> DeliveryOutcome:
    return push.send(Endpoint("agency-1", url), sealed)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer["head"].replace("\r\n", " "))
def test_each_answer_ends_the_attempt_as_the_table_says(
    answer: dict[str, Any], push: HttpsPush, recipient: Start
) -> None:
    outcome = sent(push, recipient(answering(answer["head"])).url)
    seconds = answer.get("retry_after")
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert outcome == DeliveryOutcome(Delivery(answer["delivery"]), answer["code"], wait)


def test_the_request_carries_the_sealed_bytes_and_the_effect_id_and_no_more(
    push: HttpsPush, recipient: Start
) -> None:
    seen: list[tuple[str, dict[str, str], bytes]] = []

    def habit(connection: socket.socket, _: int) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    started = recipient(habit)
    sent(push, started.url)
    [(line, headers, body)] = seen
    assert line == "POST /referrals HTTP/1.1"
    assert body == SEALED.body
    assert headers == {
        "host": started.url.split("/")[2],
        "content-type": "application/jose",
        "content-length": "9",
        "idempotency-key": SEALED.effect_id,
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "referral-hub",
    }


@pytest.mark.parametrize(
    ("body", "receipt"),
    [
        (b'{"receipt":"R-2026.1:a_b"}', "R-2026.1:a_b"),
        (b'{"receipt":"' + b"x" * 128 + b'"}', "x" * 128),
        (b'{"receipt":"' + b"x" * 129 + b'"}', None),
        (b'{"receipt":"Ann Smith"}', None),
        (b'{"receipt":"a\\nb"}', None),
        (b'{"receipt":7}', None),
        (b'{"other":"x"}', None),
        (b'["receipt"]', None),
        (b"<html>", None),
        (b"\xff\xfe", None),
        (b"[" * 60_000, None),
        (b"", None),
    ],
)
def test_a_receipt_is_kept_only_if_it_is_a_plain_id(
    body: bytes, receipt: str | None, push: HttpsPush, recipient: Start
) -> None:
    outcome = sent(push, recipient(answering("201 Created", body)).url)
    assert outcome == DeliveryOutcome(Delivery.DELIVERED, "http_201", receipt=receipt)


def test_redirects_are_not_followed(push: HttpsPush, recipient: Start) -> None:
    elsewhere = recipient(answering("200 OK"))
    started = recipient(answering(f"307 Moved\r\nLocation: {elsewhere.url}"))
    assert sent(push, started.url).delivery is Delivery.REFUSED
    assert elsewhere.connections == 0


def test_a_batch_to_one_recipient_shares_a_connection(push: HttpsPush, recipient: Start) -> None:
    started = recipient(answering("200 OK", b'{"receipt":"r"}', close=False))
    outcomes = {sent(push, started.url).delivery for _ in range(20)}
    assert outcomes == {Delivery.DELIVERED}
    assert started.connections == 1


def test_a_registration_that_leads_elsewhere_keeps_no_connection_of_the_one_before(
    recipient: Start,
) -> None:
    started = recipient(answering("200 OK", close=False))
    push = HttpsPush(now=lambda: NOW, here=True, resolve=lambda *_: ["127.0.0.1"])
    by_name = started.url.replace("127.0.0.1", "localhost")
    before = push.send(Endpoint("agency-1", by_name, ("127.0.0.1",)), SEALED)
    after = push.send(Endpoint("agency-1", by_name, ("93.184.215.14",)), SEALED)
    push.close()
    assert before.delivery is Delivery.DELIVERED
    assert after == DeliveryOutcome(Delivery.TRY_AGAIN, "address_changed")


def test_a_recipient_that_accepts_and_never_answers_is_tried_again(
    hasty: HttpsPush, recipient: Start
) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.recv(1)

    assert _timed(hasty, recipient(habit).url) == DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")


def test_an_answer_that_trickles_is_cut_at_the_attempt_s_end(
    hasty: HttpsPush, recipient: Start
) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
            connection.send(bytes([byte]))
            time.sleep(0.1)

    assert _timed(hasty, recipient(habit).url) == DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")


def test_an_endless_answer_after_acceptance_is_delivered_and_cut(
    hasty: HttpsPush, recipient: Start
) -> None:
    written = []

    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _turn in range(10_000):
            connection.sendall(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            written.append(0x4000)

    outcome = _timed(hasty, recipient(habit).url)
    assert outcome == DeliveryOutcome(Delivery.DELIVERED, "http_200")
    assert sum(written) < 50 * 2**20


def test_a_slow_answer_after_acceptance_is_delivered_and_cut(
    hasty: HttpsPush, recipient: Start
) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        while True:
            time.sleep(0.1)
            connection.send(b" ")

    outcome = _timed(hasty, recipient(habit).url)
    assert outcome == DeliveryOutcome(Delivery.DELIVERED, "http_200")


def test_endless_headers_do_not_fill_memory(hasty: HttpsPush, recipient: Start) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-Filler: " + b"x" * 8000 + b"\r\n")

    assert _timed(hasty, recipient(habit).url).delivery is not Delivery.DELIVERED


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConten",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"\x16\x03",
    ],
)
def test_an_answer_that_is_not_one_leaves_the_outcome_unknown(
    answer: bytes, push: HttpsPush, recipient: Start
) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.sendall(answer)

    outcome = sent(push, recipient(habit).url)
    assert outcome == DeliveryOutcome(Delivery.UNKNOWN, "no_answer")


def test_a_reset_after_the_request_leaves_the_outcome_unknown(
    push: HttpsPush, recipient: Start
) -> None:
    def habit(connection: socket.socket, _: int) -> None:
        read_request(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    outcome = sent(push, recipient(habit).url)
    assert outcome == DeliveryOutcome(Delivery.UNKNOWN, "no_answer")


def test_a_recipient_that_does_not_read_is_tried_again(hasty: HttpsPush, recipient: Start) -> None:
    def habit(_connection: socket.socket, _: int) -> None:
        time.sleep(SOON)

    large = replace(SEALED, body=b"x" * 50_000_000)
    started = time.monotonic()
    outcome = sent(hasty, recipient(habit).url, large)
    assert outcome == DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")
    assert time.monotonic() - started < SOON


def test_nobody_listening_is_tried_again(push: HttpsPush) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    outcome = sent(push, f"http://127.0.0.1:{port}/")
    assert outcome == DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")


def test_a_black_hole_is_given_up_in_time(hasty: HttpsPush) -> None:
    """A listener whose queue is full drops connection attempts, as a firewall does."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        outcome = _timed(hasty, f"http://127.0.0.1:{hole.getsockname()[1]}/")
        for filler in fillers:
            filler.close()
    assert outcome == DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")


def test_a_name_that_does_not_resolve_is_tried_again(push: HttpsPush) -> None:
    outcome = sent(push, "https://no-such-host.invalid/")
    assert outcome == DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/referrals",
        "http://10.0.0.1/referrals",
        "http://127.0.0.1.attacker.example/",
        "http://localhost.attacker.example/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "//partner.example/",
        "https:///nothing",
        "https:partner.example",
        "https://user:secret@partner.example/",
        "https://partner.example:99999/",
        "https://partner.example:port/",
        "https://pärtner.example/",
        "https://[::1/",
        "referrals",
        "",
    ],
)
def test_an_address_that_is_not_https_is_refused_without_a_connection(
    url: str, push: HttpsPush
) -> None:
    assert sent(push, url) == DeliveryOutcome(Delivery.REFUSED, "address_not_allowed")


def test_a_certificate_nobody_vouches_for_is_not_talked_to(
    push: HttpsPush, recipient: Start, certificate: Path
) -> None:
    seen: list[bytes] = []
    outcome = sent(push, recipient(_over_tls(certificate, seen)).url.replace("http:", "https:"))
    assert outcome == DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")
    assert not seen


def test_a_certificate_that_is_vouched_for_is_talked_to(
    recipient: Start, certificate: Path
) -> None:
    seen: list[bytes] = []
    trust = ssl.create_default_context(cafile=str(certificate))
    push = HttpsPush(now=lambda: NOW, here=True, trust=trust)
    outcome = sent(push, recipient(_over_tls(certificate, seen)).url.replace("http:", "https:"))
    push.close()
    assert outcome.delivery is Delivery.DELIVERED
    assert seen == [SEALED.body]


def test_the_environment_s_proxy_is_ignored(
    push: HttpsPush, recipient: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, started = recipient(answering("502 Bad Gateway")), recipient(answering("200 OK"))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("http_proxy", proxy.url)
    assert sent(push, started.url).delivery is Delivery.DELIVERED
    assert proxy.connections == 0


def test_threads_share_one_transport(push: HttpsPush, recipient: Start) -> None:
    started = recipient(answering("200 OK", close=False))
    outcomes: list[Delivery] = []

    def work() -> None:
        outcomes.extend(sent(push, started.url).delivery for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == [Delivery.DELIVERED] * 80


def test_every_way_an_attempt_can_end_is_in_these_tests() -> None:
    in_table = {Delivery(answer["delivery"]) for answer in ANSWERS}
    assert in_table | {Delivery.UNKNOWN} == set(Delivery)


def _timed(push: HttpsPush, url: str) -> DeliveryOutcome:
    started = time.monotonic()
    outcome = sent(push, url)
    assert time.monotonic() - started < SOON
    return outcome


def _over_tls(certificate: Path, seen: list[bytes]) -> Habit:
    def habit(connection: socket.socket, _: int) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with context.wrap_socket(connection, server_side=True) as secured:
            seen.append(read_request(secured)[2])
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    return habit
