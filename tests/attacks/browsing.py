"""A browser without script: forms over real HTTP, and every address and header that it saw."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_TICKED_BY_LABEL = re.compile(
    r'name="(\w+)" type="checkbox" value="([^"]+)".*?<label[^>]*>\s*(.*?)\s*</label>', re.DOTALL
)
_LINK = re.compile(r'href="(/[^"]+)"[^>]*>(.*?)</a>', re.DOTALL)


@dataclass
class Browser:
    """One person's browser; `seen` gathers what history, proxies and servers' logs would."""

    address: str
    client: httpx.Client
    seen: list[str] = field(default_factory=list)
    token: str = ""
    text: str = ""
    path: str = ""

    def get(self, path: str) -> httpx.Response:
        """Follow wherever the hub leads."""
        answer = self._send("GET", path)
        while answer.is_redirect:
            answer = self._send("GET", answer.headers["location"])
        return answer

    def post(self, path: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send a form with the page's own token; where it leads is not followed."""
        return self._send("POST", path, data={"csrf_token": self.token, **(fields or {})})

    def send(self, path: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        """Open a page, send its form, and see it taken."""
        assert self.get(path).status_code == 200, (path, self.text)
        return self.taken(self.post(path, fields))

    def taken(self, answer: httpx.Response) -> httpx.Response:
        """Follow the hub on from a form that it took."""
        assert answer.status_code in {200, 302, 303}, (answer.status_code, self.words())
        return self.get(answer.headers["location"]) if answer.is_redirect else answer

    def sign_in(self, username: str, password: str, code: str | None = None) -> httpx.Response:
        self.get("/sign-in")
        return self.post(
            "/sign-in", {"username": username, "password": password, "code": code or "", "next": ""}
        )

    def hidden(self) -> dict[str, str]:
        """The page's hidden fields, apart from the token."""
        found = {name: html.unescape(value) for name, value in _HIDDEN.findall(self.text)}
        found.pop("csrf_token", None)
        return found

    def boxes(self, name: str) -> dict[str, str]:
        """The page's boxes of one field: label -> value."""
        return {
            html.unescape(label): html.unescape(value)
            for field_name, value, label in _TICKED_BY_LABEL.findall(self.text)
            if field_name == name
        }

    def link(self, containing: str) -> str | None:
        """Where the first link leads whose words contain a text."""
        return next((to for to, words in _LINK.findall(self.text) if containing in words), None)

    def words(self) -> str:
        """The page as somebody reads it, roughly."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.text)).split())

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        origin = {"Origin": self.address} if method == "POST" else {}
        answer = self.client.request(method, self.address + path, headers=origin, **options)
        self.seen += [str(answer.url), repr(answer.headers.raw)]
        token = _TOKEN.search(answer.text)
        self.token = token[1] if token else self.token
        self.text, self.path = answer.text, urlsplit(str(answer.url)).path
        return answer
