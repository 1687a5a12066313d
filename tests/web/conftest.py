"""A hub over a real database with the demonstration town, a clock to move, and a browser."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from referral_hub.app import create_app
from referral_hub.crypto.tokens import new_token, token_digest
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.embedded import Embedded
from referral_hub.services.demo import demo_code, demo_password, seed_demo
from referral_hub.services.hub import Hub
from referral_hub.settings import load_settings
from referral_hub.store import staff
from referral_hub.wiring import build_hub
from tests.conftest import emptied_redis
from tests.databases import copied_database, make_database, url_of

BEGAN = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_NOTICE = re.compile(r'name="notice" value="([^"]+)"')
_AGENCY = re.compile(r'name="agencies" type="checkbox" value="([^"]+)"')
OFFICERS = {"surgery-dpo", "surgery-admin", "hill-dpo", "council-dpo"}


@dataclass
class MovingClock:
    """Time as the hub sees it; tests move it."""

    now: datetime = BEGAN

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass(frozen=True)
class Seeded:
    """Where the town stands that others are copied from: its database's name, and its keys."""

    database: str
    directory: Path


@dataclass
class Town:
    """A running hub with its application."""

    hub: Hub
    app: Flask
    clock: MovingClock
    url: str

    def browser(self, username: str | None = None) -> Browser:
        """A browser; with a name, in a session that began just now (without the slow password)."""
        browser = Browser(self, self.app.test_client())
        if username:
            with browser.client.session_transaction() as cookie:
                cookie["_user_id"] = self._new_session(username)
            assert browser.get("/sign-out").status_code == 200
        return browser

    def actor(self, username: str) -> Actor:
        """Who a user name stands for, to let somebody act without pages."""
        with self.hub.database.one_statement() as connection:
            account = staff.for_sign_in(connection, username)
        assert account is not None
        return Actor(account.id, account.agency_id, Role(account.role))

    def _new_session(self, username: str) -> str:
        actor = self.actor(username)
        token = new_token()
        with self.hub.database.acting_for(actor.agency_id) as connection:
            staff.begin_session(
                connection,
                token_digest(token),
                user_id=actor.user_id,
                agency_id=actor.agency_id,
                at=self.clock(),
            )
        return token


@dataclass
class Browser:
    """One person's browser: keeps cookies, and takes the form token from the last page."""

    town: Town
    client: FlaskClient
    token: str = ""
    text: str = ""
    pages: list[str] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._seen(self.client.get(path, **options))

    def post(
        self, path: str, form: Mapping[str, Any] | None = None, **options: Any
    ) -> TestResponse:
        data = {"csrf_token": self.token, **(form or {})}
        return self._seen(self.client.post(path, data=data, **options))

    def follow(self, response: TestResponse) -> TestResponse:
        while response.status_code in {301, 302, 303, 307, 308}:
            response = self.get(response.headers["Location"])
        return response

    def sign_in(self, username: str, next_page: str = "", **changed: str) -> TestResponse:
        self.get("/sign-in")
        form = {"username": username, "password": demo_password(self.town.hub.settings)}
        if username in OFFICERS:
            form["code"] = demo_code(self.town.hub, username)
        answer = self.post("/sign-in", {**form, "next": next_page, **changed})
        if answer.status_code == 302:
            self.get("/sign-out")
        return answer

    def hidden(self, what: str) -> str:
        found = {"notice": _NOTICE, "agency": _AGENCY}[what].search(self.text)
        assert found
        return html.unescape(found[1])

    def agencies(self) -> dict[str, str]:
        """Name -> id of the agencies that the page offers to tick."""
        labels = re.findall(
            r'name="agencies" type="checkbox" value="([^"]+)".*?<label[^>]*>\s*(.*?)\s*</label>',
            self.text,
            re.DOTALL,
        )
        return {html.unescape(name): one for one, name in labels}

    def _seen(self, response: TestResponse) -> TestResponse:
        self.text = response.get_data(as_text=True)
        found = _TOKEN.search(self.text)
        if found:
            self.token = found[1]
        return response


PAGES: dict[str, dict[str, Any]] = {
    "danger": {"danger": "no"},
    "person": {
        "first_name": "Edith",
        "family_name": "Quayle",
        "date_of_birth-day": "3",
        "date_of_birth-month": "4",
        "date_of_birth-year": "1942",
        "nhs_number": "",
    },
    "address": {"area": "MF-HAR", "address": "1 Quay Street", "postcode": "mf1 1aa"},
    "contact": {
        "phone": "07700 900123",
        "email": "",
        "preferred": ["phone"],
        "never": ["text"],
        "contact_note": "",
    },
    "access": {"language": "en", "access_note": ""},
    "needs": {"needs": ["lonely"]},
    "recipients": {},
    "agreement": {"agreed": "yes"},
    "sharing": {"classes": ["identity", "contact", "need", "access_needs", "health"]},
    "taken": {"method": "in_person", "given_by": "self"},
    "safeguarding": {},
    "authority": {},
    "capacity": {},
    "child": {},
    "terms": {"service": "yes", "until": "6_months"},
    "why": {"why": "Widowed in spring, eats little", "task_note": "", "priority": "routine"},
}


@dataclass
class Journey:
    """A referral on its way through the pages, in somebody's browser."""

    browser: Browser
    draft: UUID
    agencies: dict[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        return f"/refer/{self.draft}/{name}"

    def fill(self, name: str, form: Mapping[str, Any] | None = None) -> TestResponse:
        """Open a page and send it, filled in as usual apart from `form`."""
        assert self.browser.get(self.path(name)).status_code == 200, name
        filled = {**PAGES[name], **(form or {})}
        if name == "agreement":
            filled["notice"] = self.browser.hidden("notice")
        if name == "sharing" and "agencies" not in filled:
            self.agencies = self.browser.agencies()
            filled["agencies"] = list(self.agencies.values())
        return self.browser.post(self.path(name), filled)

    def fill_until(self, last: str, **changes: Mapping[str, Any]) -> TestResponse:
        """Fill in every page up to and with `last`, following where the hub leads."""
        name = "danger"
        while True:
            answer = self.fill(name, changes.get(name))
            assert answer.status_code == 302, (name, self.browser.text)
            if name == last:
                return answer
            name = answer.headers["Location"].rpartition("/")[2]

    def send(self) -> UUID:
        """Press the button on the check page; returns the referral's id."""
        assert self.browser.get(self.path("check")).status_code == 200
        answer = self.browser.post(self.path("check"))
        assert answer.status_code == 302, self.browser.text
        return UUID(answer.headers["Location"].split("/")[2])


@pytest.fixture(scope="session")
def seeded(
    embedded: Embedded, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Seeded:
    """The demonstration town in a database and a directory that are only copied."""
    name = make_database(embedded, template=template_database)
    directory = tmp_path_factory.mktemp("seeded")
    hub = _hub(url_of(embedded, name), embedded.redis_url, directory, MovingClock())
    seed_demo(hub)
    hub.database.dispose()
    return Seeded(name, directory)


@pytest.fixture(scope="module")
def town(
    embedded: Embedded, seeded: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """The demonstration town, shared by one module's tests, with nobody's calls counted yet."""
    redis = emptied_redis(embedded)
    with _town(embedded, seeded, tmp_path_factory.mktemp("hub"), redis) as opened:
        yield opened


@pytest.fixture
def more_settings() -> dict[str, str]:
    """What a module's own towns are started with besides the usual; to be replaced there."""
    return {}


@pytest.fixture
def own_town(
    embedded: Embedded,
    seeded: Seeded,
    redis_url: str,
    tmp_path: Path,
    more_settings: dict[str, str],
) -> Iterator[Town]:
    """A town for one test alone, and an empty Redis."""
    with _town(embedded, seeded, tmp_path, redis_url, **more_settings) as opened:
        yield opened


@pytest.fixture
def gp(town: Town) -> Browser:
    """The GP of Harbour Street, signed in."""
    return town.browser("gp")


@pytest.fixture(scope="session")
def begin() -> Callable[[Browser], Journey]:
    """A function that starts a referral in a browser."""

    def begin(browser: Browser) -> Journey:
        browser.get("/refer")
        answer = browser.post("/refer")
        return Journey(browser, UUID(answer.headers["Location"].split("/")[2]))

    return begin


@contextmanager
def _town(
    embedded: Embedded, seeded: Seeded, directory: Path, redis_url: str, **more: str
) -> Iterator[Town]:
    with copied_database(embedded, seeded.database) as url:
        shutil.copytree(seeded.directory, directory, dirs_exist_ok=True)
        clock = MovingClock()
        hub = _hub(url, redis_url, directory, clock, **more)
        app = create_app(hub)
        app.testing = False
        try:
            yield Town(hub, app, clock, url)
        finally:
            hub.registry.close()
            hub.database.dispose()


def _hub(url: str, redis_url: str, directory: Path, clock: MovingClock, **more: str) -> Hub:
    settings = load_settings({"HUB_DATA": str(directory), "HUB_DEMO": "1", **more})
    return build_hub(settings.reaching(database_url=url, redis_url=redis_url), clock=clock)
