"""Reading a feed over real HTTP: bounded, never redirected, never to an address inside."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from adapters.transports.feed import FeedFailed, FeedPatience, FeedReader
from tests.adapters.recipients import Habit, answering, read_request, recipient_with

QUICK = FeedPatience(attempt=1.0, each=0.5, largest=100_000)


def code_of(habit: Habit) -> str:
    with recipient_with(habit) as feed:
        reader = FeedReader(here=True, patience=QUICK)
        try:
            return reader.get(feed.url).decode()
        except FeedFailed as failed:
            return failed.code
        finally:
            reader.close()


def _endless(connection: socket.socket, _: int) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")


def _silent(connection: socket.socket, _: int) -> None:
    read_request(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[")
    connection.recv(1)


@pytest.mark.parametrize(
    ("habit", "told"),
    [
        pytest.param(answering("200 OK", b"[]"), "[]", id="good"),
        pytest.param(answering("302 Found\r\nLocation: http://127.0.0.1/"), "moved", id="moved"),
        pytest.param(answering("404 Not Found"), "not_there", id="not-there"),
        pytest.param(answering("500 Oh"), "status", id="error"),
        pytest.param(_endless, "too_large", id="endless-body"),
        pytest.param(_silent, "unreachable", id="slow"),
        pytest.param(answering("nonsense"), "unreachable", id="no-http"),
    ],
)
def test_an_answer_is_a_body_or_a_code(habit: Habit, told: str) -> None:
    assert code_of(habit) == told


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("http://feed.example/", ["93.184.216.34"]),
        ("https://feed.example/", ["10.0.0.1"]),
        ("https://feed.example/", ["93.184.216.34", "169.254.169.254"]),
        ("https://127.0.0.1/", ["127.0.0.1"]),
        ("https://[::1]/", ["::1"]),
        ("file:///etc/passwd", []),
    ],
)
def test_an_address_inside_is_never_called(url: str, addresses: Sequence[str]) -> None:
    reader = FeedReader(patience=QUICK, resolve=lambda *_: addresses)
    with pytest.raises(FeedFailed, match="address_refused"):
        reader.get(url)
    reader.close()
