"""A real mail server on this machine that keeps what it is given, or answers as it is told."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.ports import free_ports

_LINK = re.compile(r"https?://[^\s/]+(/link/[A-Za-z0-9_-]+)")


@dataclass
class Mailbox:
    """What came, in order; `answers` are said to the next mails' RCPT or end of DATA instead."""

    url: str = ""
    raw: list[bytes] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    rcpt_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=default) for one in self.raw]

    def link(self, number: int = -1) -> str:
        """The path of the link in one of the mails."""
        body = self.mails[number].get_body(("plain",))
        assert body is not None
        found = _LINK.search(body.get_content())
        assert found, body.get_content()
        return found[1]

    async def handle_RCPT(  # noqa: N802 - the library calls it so
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the library calls it so
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        if self.data_answers:
            return self.data_answers.pop(0)
        self.raw.append(bytes(envelope.content))
        self.to.extend(envelope.rcpt_tos)
        self.senders.append(envelope.mail_from)
        return "250 kept"


@contextmanager
def mail_room(*, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Mailbox]:
    """A mail server until the block ends; `options` go to it."""
    mailbox, (port,) = Mailbox(), free_ports(1)
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=int(port), ssl_context=tls, **options
    )
    controller.start()
    mailbox.url = f"{'smtps' if tls else 'smtp'}://127.0.0.1:{port}"
    try:
        yield mailbox
    finally:
        controller.stop()
