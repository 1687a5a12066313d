"""A FHIR sender hears 408 in time, and the same message again happens once."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from werkzeug.serving import make_server

from referral_hub.store import patience
from referral_hub.web import in_time
from tests.api.client import Client, register
from tests.api.referring import count, referral, send
from tests.fhir.test_messages import PATH, a_message, cancelling, outcome, post
from tests.statements import counting


@contextmanager
def soon() -> Iterator[None]:
    """Half a second is all that a message may take."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(in_time, "SECONDS", 0.5)
        yield


@pytest.fixture
def surgery(town: Any) -> Client:
    return register(town)


@pytest.mark.parametrize("known", [True, False], ids=["known", "new"])
@pytest.mark.parametrize("table", ["service", "referral"], ids=["the read", "the write"])
def test_a_database_that_is_busy_stores_nothing_and_the_same_message_again_is_taken_on(
    town: Any, surgery: Client, table: str, known: bool
) -> None:
    token = surgery.token()
    assert post(surgery, a_message(town), token=token).status_code == 200
    message, before = a_message(town), count(town, "referral")
    if not known:  # to the connection, which then waits while the statement is read
        town.hub.database.links.close()
    with psycopg.connect(town.hub.settings.database_url) as busy:
        busy.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        began = monotonic()
        with soon():
            (issue,) = outcome(post(surgery, message, token=token), 408)
        assert monotonic() - began < 4.9, "what it would wait for a lock"
        busy.rollback()
    assert issue["code"] == "timeout"
    assert issue["details"]["coding"][0]["code"] == "REC_TIMEOUT"
    assert count(town, "referral") == before
    assert patience.left() is None
    with counting(town.hub.database) as seen:
        assert post(surgery, message, token=token).status_code == 200
    assert len(seen) == 2, seen
    outcome(post(surgery, message, token=token), 409)


def test_a_change_that_has_to_wait_is_stopped_as_well_and_other_doors_wait_on(
    town: Any, surgery: Client
) -> None:
    message, token = a_message(town), surgery.token()
    assert post(surgery, message, token=token).status_code == 200
    with psycopg.connect(town.hub.settings.database_url) as busy:
        busy.execute(b"LOCK TABLE task IN ACCESS EXCLUSIVE MODE")
        with soon():
            outcome(post(surgery, cancelling(message), token=token), 408)
        free = threading.Timer(1.0, busy.rollback)
        free.start()
        assert send(surgery, referral(town), token=token).status_code == 202
        free.join()
    assert post(surgery, cancelling(message), token=token).status_code == 200


@pytest.fixture
def served(town: Any) -> Iterator[tuple[str, int]]:
    """The town over real HTTP."""
    server = make_server("127.0.0.1", 0, town.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def head(town: Any, token: str, length: int) -> bytes:
    host = urlsplit(town.hub.settings.public_url).netloc
    lines = [
        f"POST {PATH} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}",
        "Content-Type: application/fhir+json", f"Content-Length: {length}",
        "X-Request-Id: 1", "X-Correlation-Id: 2", "Connection: close", "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def answered(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the resource of what a server says before it closes."""
    said = b""
    while piece := connection.recv(65536):
        said += piece
    status = int(said.split(b" ", 2)[1])
    resource: dict[str, Any] = json.loads(said.partition(b"\r\n\r\n")[2])
    return status, resource


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "a byte at a time"])
def test_a_body_that_does_not_arrive_is_408(
    town: Any, surgery: Client, served: tuple[str, int], drips: bool
) -> None:
    body, before = json.dumps(a_message(town)).encode(), count(town, "referral")
    start = head(town, surgery.token(), len(body))
    with soon(), socket.create_connection(served, timeout=10) as connection:
        connection.sendall(start + body[:40])
        began = monotonic()
        for place in range(40, 52) if drips else ():
            sleep(0.1)
            try:
                connection.sendall(body[place : place + 1])
            except OSError:
                break
        status, told = answered(connection)
    assert monotonic() - began < 8
    assert (status, told["issue"][0]["code"]) == (408, "timeout")
    assert count(town, "referral") == before
    with socket.create_connection(served, timeout=10) as connection:
        connection.sendall(head(town, surgery.token(), len(body)) + body)
        assert answered(connection)[0] == 200
