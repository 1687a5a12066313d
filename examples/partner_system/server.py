"""`POST /referrals` for the hub, and a plain page for the coordinator, on this machine only.

The page is guarded by a code that is printed at the start and kept in a private file. Cookies do
not tell one port of a machine from another, so forms are also checked for coming from this very
address.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from partner_system.casebook import Casebook
from partner_system.envelope import Partnership, Refused
from partner_system.page import ACTIONS, STYLE, sign_in_page, tasks_page

LARGEST_BODY = 131_072
ACTION_PATH = re.compile(r"/tasks/([A-Za-z0-9-]{1,64})/(accept|decline|contact|close)")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class PartnerServer(ThreadingHTTPServer):
    """Everything a request needs. `answer` is the test mode: answer every offer by itself."""

    daemon_threads = True

    def __init__(
        self, port: int, *, partnership: Partnership, casebook: Casebook, code: str, answer: str
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.partnership, self.casebook, self.code, self.answer = (
            partnership,
            casebook,
            code,
            answer,
        )
        self.session = secrets.token_urlsafe(32)
        self.hosts = {f"{name}:{self.server_address[1]}" for name in ("127.0.0.1", "localhost")}


class Handler(BaseHTTPRequestHandler):
    """One connection, dropped after ten seconds of silence."""

    server: PartnerServer
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        """The coordinator's page, or the form to sign in."""
        if self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body that nobody reads would be the next request
        if self.headers.get("Host") not in self.server.hosts:
            self._send(404, "Not found", "text/plain")
        elif self.path == "/style.css":
            self._send(200, STYLE, "text/css")
        elif self.path != "/":
            self._send(404, "Not found", "text/plain")
        else:
            self._send(200, self._tasks_page() if self._signed_in() else sign_in_page())

    def do_POST(self) -> None:
        """A message of the hub, or a form of the page."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= LARGEST_BODY):
            self.close_connection = True
            return self._json(413 if length else 411, {"error": "length: at most 128 KiB, stated"})
        body = self.rfile.read(int(length))
        action = ACTION_PATH.fullmatch(self.path)
        if self.path == "/referrals":
            return self._receive(body)
        form = {name: said[0] for name, said in parse_qs(body.decode("utf-8", "replace")).items()}
        if self.headers.get("Origin") not in {f"http://{host}" for host in self.server.hosts}:
            return self._send(403, "Open the page again", "text/plain")
        if self.path == "/sign-in":
            return self._sign_in(form.get("code", "").strip())
        if action and self._signed_in():
            return self._act(action[1], action[2], form)
        return self._send(404, "Not found", "text/plain")

    def _receive(self, body: bytes) -> None:
        if self.headers.get("Content-Type") != "application/jose":
            return self._json(415, {"error": "content type: application/jose is expected"})
        key = self.headers.get("Idempotency-Key")
        try:
            effect_id, document = self.server.partnership.receive(body, key)
            receipt, new = self.server.casebook.keep(effect_id, document, body)
        except Refused as problem:
            return self._json(400, {"error": str(problem)})
        except (ValueError, KeyError, TypeError):
            return self._json(400, {"error": "document: not as agreed"})
        self._json(201 if new else 200, {"receipt": receipt})
        if document["kind"] not in {"offer", "acceptance"}:
            self.server.casebook.remind(effect_id)
        if document["kind"] == "offer" and new and self.server.answer != "ask-me":
            said = {"reason": "no_capacity"} if self.server.answer == "decline" else {}
            self.server.casebook.want(document["task"], self.server.answer, said)
        return None

    def _sign_in(self, code: str) -> None:
        if not hmac.compare_digest(code.encode(), self.server.code.encode()):
            return self._send(403, sign_in_page("That is not the code."))
        cookie = f"partner_session={self.server.session}; HttpOnly; SameSite=Strict; Path=/"
        return self._send(303, "", more={"Location": "/", "Set-Cookie": cookie})

    def _act(self, task_id: str, action: str, form: dict[str, str]) -> None:
        codes, code = ACTIONS[action][1], form.get("code", "")
        if codes and code not in codes:
            return self._send(422, "Choose one of the reasons", "text/plain")
        said: dict[str, Any] = {"reason": code} if action == "decline" else {}
        if action == "close":
            told, next_step = form.get("person_told") == "yes", form.get("next_step", "")
            said = {"outcome": code, "person_told": told, "next_step": next_step}
        self.server.casebook.want(task_id, action, said)
        return self._send(303, "", more={"Location": "/"})

    def _signed_in(self) -> bool:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("partner_session")
        given = cookie.value if cookie else ""
        return hmac.compare_digest(given.encode(), self.server.session.encode())

    def _tasks_page(self) -> str:
        casebook = self.server.casebook
        shown = []
        for task in casebook.tasks():
            resting = casebook.resting(task["task_id"])
            told = [] if resting else casebook.told(task["task_id"])
            shown.append(({**task, "state": resting or task["state"]}, told))
        return tasks_page(shown)

    def _json(self, status: int, content: dict[str, str]) -> None:
        self._send(status, json.dumps(content), "application/json")

    def _send(
        self, status: int, text: str, kind: str = "text/html", *, more: dict[str, str] | None = None
    ) -> None:
        data = text.encode()
        about = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(data))}
        self.send_response(status)
        for name, value in {**HEADERS, **about, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing: a path names a task, and tasks are about people."""
