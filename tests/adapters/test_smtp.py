"""Mails over real SMTP: who is told what, and how each way of failing ends."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult

from adapters.contract import Delivery, Endpoint, FormatError, Sealed
from adapters.formats.letter import Letter, write_letter
from adapters.transports.smtp import (
    MESSAGE,
    MailPatience,
    MailServer,
    MailServerAddressError,
    Smtp,
    mail_server,
)
from tests.mail import mail_room

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
SENDER = "no-reply@hub.example"
TO = Endpoint("agency-1", "mailto:duty@group.example")
QUICK = MailPatience(each=1.0, attempt=2.0)


def letter(**changes: str) -> bytes:
    values = {
        "to": "duty@group.example",
        "sender_name": "Referral Hub",
        "sender": SENDER,
        "subject": "A referral is waiting for you",
        "link": "https://hub.example/link/abc",
        "effect_id": "0190a000-0000-7000-8000-000000000001",
        "domain": "hub.example",
    }
    return write_letter(Letter(before=("One <b>.",), after=("Two.",), at=AT, **(values | changes)))


SEALED = Sealed("0190a000-0000-7000-8000-000000000001", letter(), MESSAGE)


def server(url: str) -> MailServer:
    return mail_server(url, SENDER)


def test_a_mail_arrives_whole_with_its_stable_message_id() -> None:
    with mail_room() as mailbox:
        outcome = Smtp(server(mailbox.url)).send(TO, SEALED)
    assert (outcome.delivery, outcome.code) == (Delivery.DELIVERED, "smtp_250")
    (mail,) = mailbox.mails
    assert mail["Message-ID"] == "<0190a000-0000-7000-8000-000000000001@hub.example>"
    assert mail["To"] == "duty@group.example"
    assert mailbox.senders == [SENDER]
    assert mail["Auto-Submitted"] == "auto-generated"
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert plain.get_content().split() == ["One", "<b>.", "https://hub.example/link/abc", "Two."]
    assert "One &lt;b&gt;." in rich.get_content()
    assert 'href="https://hub.example/link/abc"' in rich.get_content()
    assert "<img" not in rich.get_content()


def test_a_line_that_begins_with_a_full_stop_arrives_as_it_was() -> None:
    with mail_room() as mailbox:
        body = b"Subject: x\r\n\r\n.\r\n..two\r\n"
        Smtp(server(mailbox.url)).send(TO, Sealed("1", body, MESSAGE))
    assert mailbox.raw[0].endswith(b"\r\n\r\n.\r\n..two\r\n")


@pytest.mark.parametrize(
    ("answer", "delivery", "code"),
    [
        ("550 no such user", Delivery.REFUSED, "smtp_550"),
        ("553 not allowed", Delivery.REFUSED, "smtp_553"),
        ("451 try later", Delivery.TRY_AGAIN, "smtp_451"),
        ("421 closing", Delivery.TRY_AGAIN, "smtp_421"),
        ("452 full", Delivery.TRY_AGAIN, "smtp_452"),
    ],
)
@pytest.mark.parametrize("where", ["rcpt_answers", "data_answers"])
def test_a_permanent_answer_is_final_and_a_transient_one_is_not(
    where: str, answer: str, delivery: Delivery, code: str
) -> None:
    with mail_room() as mailbox:
        getattr(mailbox, where).append(answer)
        outcome = Smtp(server(mailbox.url)).send(TO, SEALED)
    assert (outcome.delivery, outcome.code) == (delivery, code)
    assert mailbox.raw == []


def test_the_hub_logs_in_where_it_has_a_name() -> None:
    seen: list[bytes] = []

    def authenticate(*arguments: object) -> AuthResult:
        data = arguments[-1]
        seen.append(data.password)
        right = data.password == b"p@ss/word"
        return AuthResult(success=right, handled=False)

    with mail_room(authenticator=authenticate, auth_require_tls=False) as mailbox:
        host = mailbox.url.removeprefix("smtp://")
        right = Smtp(server(f"smtp://hub:p%40ss%2Fword@{host}")).send(TO, SEALED)
        wrong = Smtp(server(f"smtp://hub:nonsense@{host}")).send(TO, SEALED)
    assert right.delivery is Delivery.DELIVERED
    assert (wrong.delivery, wrong.code) == (Delivery.TRY_AGAIN, "mail_login_refused")
    assert seen[0] == b"p@ss/word"


def test_tls_from_the_first_byte_needs_a_certificate_that_is_trusted(
    certificate: Path,
) -> None:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate))
    with mail_room(tls=ours) as mailbox:
        trusted = Smtp(server(mailbox.url), trust=trust).send(TO, SEALED)
        stranger = Smtp(server(mailbox.url)).send(TO, SEALED)
    assert trusted.delivery is Delivery.DELIVERED
    assert (stranger.delivery, stranger.code) == (Delivery.TRY_AGAIN, "no_tls")
    assert len(mailbox.raw) == 1


def test_a_server_elsewhere_without_starttls_is_told_nothing() -> None:
    """0.0.0.0 leads here and is no loopback address."""
    with mail_room() as mailbox:
        elsewhere = mailbox.url.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - a client's address
        outcome = Smtp(server(elsewhere)).send(TO, SEALED)
    assert (outcome.delivery, outcome.code) == (Delivery.TRY_AGAIN, "no_tls")
    assert mailbox.raw == []


@contextmanager
def rude(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does as it likes with one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listener.accept()
        with line:
            line.settimeout(20)
            try:
                behave(line)
            except OSError:
                return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()
        thread.join(20)


def silent(line: socket.socket) -> None:
    line.recv(1)


def dribbling(line: socket.socket) -> None:
    while True:
        line.sendall(b"2")
        time.sleep(0.2)


def hangs_up_after_the_message(line: socket.socket) -> None:
    line.sendall(b"220 here\r\n")
    data = b""
    while not data.endswith(b"\r\n.\r\n"):
        got = line.recv(65_536)
        data += got
        if data.endswith(b"\r\n.\r\n"):
            return
        line.sendall(b"354 go on\r\n" if got.upper().startswith(b"DATA") else b"250 ok\r\n")


def endless(line: socket.socket) -> None:
    while True:
        line.sendall(b"220-" + b"x" * 200 + b"\r\n")


@pytest.mark.parametrize(
    ("behave", "delivery", "codes"),
    [
        (silent, Delivery.TRY_AGAIN, {"timeout", "no_connection"}),
        (dribbling, Delivery.TRY_AGAIN, {"timeout", "no_connection"}),
        (endless, Delivery.TRY_AGAIN, {"timeout", "no_connection"}),
        (hangs_up_after_the_message, Delivery.UNKNOWN, {"no_answer"}),
    ],
)
def test_a_rude_server_holds_nobody_for_long(
    behave: Callable[[socket.socket], None], delivery: Delivery, codes: set[str]
) -> None:
    with rude(behave) as url:
        began = time.monotonic()
        outcome = Smtp(server(url), patience=QUICK).send(TO, SEALED)
        assert time.monotonic() - began < 5
    assert outcome.delivery is delivery
    assert outcome.code in codes


def test_a_server_that_is_away_is_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = Smtp(server(f"smtp://127.0.0.1:{port}")).send(TO, SEALED)
    assert (outcome.delivery, outcome.code) == (Delivery.TRY_AGAIN, "no_connection")


def test_without_a_mail_server_mails_wait() -> None:
    outcome = Smtp(None).send(TO, SEALED)
    assert (outcome.delivery, outcome.code) == (Delivery.TRY_AGAIN, "no_mail_server")


@pytest.mark.parametrize("url", ["https://x.example", "duty@x.example", "mailto:dütÿ@x.example"])
def test_what_is_no_mail_address_is_refused(url: str) -> None:
    outcome = Smtp(None).send(Endpoint("a", url), SEALED)
    assert outcome.delivery is Delivery.REFUSED


@pytest.mark.parametrize(
    "url", ["http://x", "smtp://", "smtp://h/path", "smtp://h:99999", "smtp://h?x=1", "h:25"]
)
def test_an_address_of_a_mail_server_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(MailServerAddressError):
        mail_server(url, SENDER)


def test_a_password_is_in_no_representation() -> None:
    assert "secret" not in repr(mail_server("smtp://hub:secret@mail.example", SENDER))


@pytest.mark.parametrize("to", ["a@b\r\nBcc: c@d", "", "no address", "a@b, c@d"])
def test_an_address_cannot_add_a_header_or_a_recipient(to: str) -> None:
    with pytest.raises(FormatError):
        letter(to=to)
