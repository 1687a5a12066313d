"""A mail that says that something waits, and nothing about whom. Pure.

Plain text and the same in a little HTML, without pictures, tracking or style sheets. The Message-ID
comes from the effect id and is the same at every attempt. Lines hold at most 998 bytes (RFC 5322
section 2.1.1); the content transfer encoding takes care of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from adapters.contract import FormatError


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """Whom it goes to, its words, and one link between the two groups of paragraphs.

    `effect_id` and `domain` make the Message-ID; `at` is aware. Nothing in it is about a person.
    """

    to: str
    sender_name: str
    sender: str
    subject: str
    before: Sequence[str]
    link: str
    after: Sequence[str]
    effect_id: str
    domain: str
    at: datetime

    def __repr__(self) -> str:
        return f"<Letter {self.effect_id}>"


def write_letter(letter: Letter) -> bytes:
    """Return the message as it goes over the wire. Raises FormatError for a bad address."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(letter.sender_name, addr_spec=letter.sender)
        message["To"] = Address(addr_spec=letter.to)
    except (ValueError, IndexError):
        raise FormatError("to: not a mail address") from None
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.effect_id}@{letter.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "en-GB"
    message.set_content(_plain(letter))
    message.add_alternative(_html(letter), subtype="html")
    return message.as_bytes()


def _plain(letter: Letter) -> str:
    return "\n\n".join((*letter.before, letter.link, *letter.after)) + "\n"


def _html(letter: Letter) -> str:
    def paragraphs(texts: Sequence[str]) -> str:
        return "".join(f"<p>{escape(text)}</p>\n" for text in texts)

    link = escape(letter.link, quote=True)
    return (
        f'<!DOCTYPE html>\n<html lang="en-GB">\n<head><meta charset="utf-8">'
        f"<title>{escape(letter.subject)}</title></head>\n<body>\n{paragraphs(letter.before)}"
        f'<p><a href="{link}">{link}</a></p>\n{paragraphs(letter.after)}</body>\n</html>\n'
    )
