"""Listen for mails on one port of this machine and show them on another."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import threading
from collections import deque
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = "127.0.0.1"
MOST_MAILS = 200
LARGEST_MAIL = 30_000_000
LONGEST_LINE = 65_536
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
STYLE = """
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto }
article { border: 1px solid #595959; padding: 0 1rem; margin: 1rem 0; overflow-wrap: anywhere }
dt { font-weight: bold } dd { margin: 0 0 .5rem }
"""


class PostRoom:
    """The newest mails, newest first."""

    def __init__(self) -> None:
        self._mails: deque[EmailMessage] = deque(maxlen=MOST_MAILS)
        self._lock = threading.Lock()

    def keep(self, data: bytes) -> None:
        """Keep one mail as it came."""
        mail = message_from_bytes(data, policy=default)
        with self._lock:
            self._mails.appendleft(mail)

    def mails(self) -> list[EmailMessage]:
        """The mails, newest first."""
        with self._lock:
            return list(self._mails)


async def converse(
    room: PostRoom, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Take mails from one client (RFC 5321, as much of it as a client of ours says)."""

    async def say(line: str) -> None:
        writer.write(f"{line}\r\n".encode("ascii"))
        await writer.drain()

    await say("220 post-room")
    try:
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                await say("354 go on")
                room.keep(await message(reader))
                await say("250 kept")
            elif verb == b"QUIT":
                await say("221 bye")
                break
            else:
                known = verb in {b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"}
                await say("250 ok" if known else "502 not here")
    except (OSError, ValueError):
        return
    finally:
        writer.close()


async def message(reader: asyncio.StreamReader) -> bytes:
    """The lines up to the single full stop, with stuffed dots undone."""
    data = b""
    while (line := await reader.readline()) not in {b".\r\n", b""}:
        data += line.removeprefix(b".")
        if len(data) > LARGEST_MAIL:
            raise ValueError("too large")
    return data


def shown(mail: EmailMessage) -> str:
    """One mail as HTML: its head, its plain text with links, and the names of attachments."""
    head = "".join(
        f"<dt>{name}</dt><dd>{escape(str(mail.get(name, '')))}</dd>"
        for name in ("To", "From", "Date")
    )
    body = mail.get_body(("plain",))
    text = body.get_content().replace("\r\n", "\n") if body is not None else ""
    lines = "".join(f"<p>{linked(part)}</p>" for part in text.split("\n\n") if part.strip())
    names = [part.get_filename() or part.get_content_type() for part in mail.iter_attachments()]
    files = "".join(f"<p>Attached: {escape(name)}</p>" for name in names)
    subject = escape(str(mail.get("Subject", "")))
    return f"<article><h2>{subject}</h2><dl>{head}</dl>{lines}{files}</article>"


def linked(text: str) -> str:
    """Text with its web address, if it is one, as a link."""
    plain = escape(text.strip())
    if plain.startswith(("http://", "https://")) and not set(plain) & {" ", '"'}:
        return f'<a href="{plain}">{plain}</a>'
    return plain


def page(room: PostRoom) -> bytes:
    """Every mail on one page."""
    mails = "".join(map(shown, room.mails())) or "<p>No mail has come yet.</p>"
    return (
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>Mails</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body><main><h1>Mails of the demonstration</h1>"
        f"<p>They stay on this machine. Load the page again to see new ones.</p>{mails}</main>"
        "</body></html>"
    ).encode()


def page_server(room: PostRoom, port: int) -> ThreadingHTTPServer:
    """The server of the page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page(room)
            self.send_response(200)
            for name, value in (
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("Content-Security-Policy", CSP),
                ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-store"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer((HERE, port), Handler)


async def serve(room: PostRoom, mail_port: int, page_port: int) -> None:
    """Serve both until the program ends."""
    pages = page_server(room, page_port)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    server = await asyncio.start_server(
        lambda reader, writer: converse(room, reader, writer), HERE, mail_port, limit=LONGEST_LINE
    )
    print(f"Mails: http://{HERE}:{page_port}/ (server on port {mail_port})", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    """Read the ports and serve."""
    parser = argparse.ArgumentParser(prog="post_room", description=__doc__)
    parser.add_argument("--mail-port", type=int, required=True)
    parser.add_argument("--page-port", type=int, required=True)
    options = parser.parse_args()
    for kind in (signal.SIGTERM, signal.SIGINT):
        signal.signal(kind, lambda *_: sys.exit(0))
    asyncio.run(serve(PostRoom(), options.mail_port, options.page_port))


if __name__ == "__main__":
    main()
