"""One message handed to our own mail server (RFC 5321), which then owns its further way.

"Delivered" here means accepted by that server. A 5yz answer is about this message or its address
and is final; a 4yz answer, a server that is away and a log-in that is refused are ours to put right
and are tried again. Once the message's last line has gone out, silence is `UNKNOWN`: it is sent
again under the same Message-ID, by which mail systems and people know a repetition.

The whole attempt has a total time: a server that sends one byte every few seconds is cut off.
STARTTLS is required, except on this machine; certificates are verified.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self
from urllib.parse import unquote, urlsplit

from adapters.contract import (
    AdapterError,
    AddressRefused,
    Delivery,
    DeliveryOutcome,
    Endpoint,
    Sealed,
)

SCHEMES = ("smtp", "smtps")
MESSAGE = "message/rfc822"
_PORTS = {"smtp": 587, "smtps": 465}
_OK = range(200, 300)


class MailServerAddressError(AdapterError):
    """The mail server's address cannot be used. Says which part, and repeats nothing of it."""


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    """Our own mail server; `implicit_tls` is port 465's way, otherwise STARTTLS.

    `sender` is the envelope's and the message's sender.
    """

    host: str
    port: int
    sender: str
    implicit_tls: bool
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"<MailServer {self.host}:{self.port}>"

    @property
    def here(self) -> bool:
        """Whether it is on this machine, where no line can be tapped."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class MailPatience:
    """Seconds: for each answer of the server, and for the attempt as a whole."""

    each: float = 10.0
    attempt: float = 20.0


def mail_server(url: str, sender: str) -> MailServer:
    """Read `smtp://user:password@host:port` or `smtps://…`. Raises MailServerAddressError."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query:
        raise MailServerAddressError("must be smtp:// or smtps:// and a host, without a path")
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise MailServerAddressError("has a port that is none") from None
    return MailServer(
        host=parts.hostname,
        port=port,
        sender=sender,
        implicit_tls=parts.scheme == "smtps",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class Smtp:
    """Hands complete messages over, one connection for each; safe to share between threads."""

    about = None

    def __init__(
        self,
        server: MailServer | None,
        *,
        patience: MailPatience | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Without a `server` every attempt ends as "no_mail_server", to be tried again."""
        self._server = server
        self._patience = patience or MailPatience()
        self._trust = trust or ssl.create_default_context()

    def check(self, address: str, *, here: bool = False) -> tuple[str, ...]:  # noqa: ARG002 - the contract's
        """Nobody chooses this wire: it carries the hub's own letters."""
        raise AddressRefused("Choose another way.")

    def close(self) -> None:
        """Nothing is kept open."""

    def send(self, endpoint: Endpoint, sealed: Sealed) -> DeliveryOutcome:
        """Hand over once. `endpoint.url` is `mailto:` and one address; the body is RFC 5322."""
        address = endpoint.url.removeprefix("mailto:")
        if sealed.content_type != MESSAGE or address == endpoint.url or not address.isascii():
            return DeliveryOutcome(Delivery.REFUSED, "address_not_mail")
        if self._server is None:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "no_mail_server")
        return self._attempt(self._server, address, sealed.body)

    def _attempt(self, server: MailServer, address: str, body: bytes) -> DeliveryOutcome:
        with _CutOff(self._patience.attempt) as cut_off:
            try:
                client = self._connect(server, cut_off)
            except ssl.SSLError:
                return DeliveryOutcome(Delivery.TRY_AGAIN, "no_tls")
            except TimeoutError:
                return DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")
            except smtplib.SMTPResponseException as error:
                return DeliveryOutcome(Delivery.TRY_AGAIN, _code(error.smtp_code))
            except (OSError, smtplib.SMTPException):
                return DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")
            try:
                return self._hand_over(client, server, address, body)
            finally:
                client.close()

    def _connect(self, server: MailServer, cut_off: _CutOff) -> smtplib.SMTP:
        each = self._patience.each
        if server.implicit_tls:
            return _TlsLine(cut_off, server, timeout=each, context=self._trust)
        return _Line(cut_off, server, timeout=each)

    def _hand_over(
        self, client: smtplib.SMTP, server: MailServer, address: str, body: bytes
    ) -> DeliveryOutcome:
        failed = self._begin(client, server)
        if failed is not None:
            return failed
        try:
            status, _ = client.mail(server.sender)
            if status in _OK:
                status, _ = client.rcpt(address)
            if status not in _OK:
                return _refusal(status)
        except TimeoutError:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")
        except (OSError, smtplib.SMTPException):
            return DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")
        return _data(client, body)

    def _begin(self, client: smtplib.SMTP, server: MailServer) -> DeliveryOutcome | None:
        try:
            client.ehlo()
            if not server.implicit_tls and not server.here:
                client.starttls(context=self._trust)
                client.ehlo()
            if server.username is not None:
                client.login(server.username, server.password or "")
        except (ssl.SSLError, smtplib.SMTPNotSupportedError):
            return DeliveryOutcome(Delivery.TRY_AGAIN, "no_tls")
        except smtplib.SMTPAuthenticationError:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "mail_login_refused")
        except TimeoutError:
            return DeliveryOutcome(Delivery.TRY_AGAIN, "timeout")
        except (OSError, smtplib.SMTPException):
            return DeliveryOutcome(Delivery.TRY_AGAIN, "no_connection")
        return None


def _data(client: smtplib.SMTP, body: bytes) -> DeliveryOutcome:
    try:
        status, _ = client.data(body)
    except smtplib.SMTPDataError as error:
        return _refusal(error.smtp_code)
    except (OSError, smtplib.SMTPException):
        return DeliveryOutcome(Delivery.UNKNOWN, "no_answer")
    if status not in _OK:
        return _refusal(status)
    with suppress(OSError, smtplib.SMTPException):
        client.quit()
    return DeliveryOutcome(Delivery.DELIVERED, f"smtp_{status}")


def _refusal(status: int) -> DeliveryOutcome:
    """RFC 5321 section 4.2.1: 5yz is permanent, 4yz transient; -1 is a broken line."""
    final = 500 <= status < 600
    return DeliveryOutcome(Delivery.REFUSED if final else Delivery.TRY_AGAIN, _code(status))


def _code(status: int) -> str:
    """A number below 400 where a refusal should be is no answer that can be believed."""
    return f"smtp_{status}" if 400 <= status < 600 else "no_connection"


class _CutOff:
    """Shuts a line when the attempt's time is over; whoever is reading then gets an error."""

    def __init__(self, seconds: float) -> None:
        self.line: socket.socket | None = None
        self.client: smtplib.SMTP | None = None
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _shut(self) -> None:
        for line in (self.client.sock if self.client else None, self.line):
            if line is not None:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)


class _Line(smtplib.SMTP):
    """A connection that can be cut off from its first byte on."""

    def __init__(self, cut_off: _CutOff, server: MailServer, *, timeout: float) -> None:
        self._cut_off = cut_off
        cut_off.client = self
        self.sock = None
        super().__init__(server.host, server.port, timeout=timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._cut_off.line = socket.create_connection((host, port), timeout)
        return self._cut_off.line


class _TlsLine(smtplib.SMTP_SSL):
    """The same with TLS from the first byte on."""

    def __init__(
        self, cut_off: _CutOff, server: MailServer, *, timeout: float, context: ssl.SSLContext
    ) -> None:
        self._cut_off = cut_off
        cut_off.client = self
        self.sock = None
        super().__init__(server.host, server.port, timeout=timeout, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._cut_off.line = socket.create_connection((host, port), timeout)
        return self.context.wrap_socket(self._cut_off.line, server_hostname=host)
