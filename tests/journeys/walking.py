"""Going through pages by the map's own rules, and the database behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from referral_hub.embedded.places import socket_directory
from tests.journeys.people import Person
from tests.journeys.started import RunningHub

SIGNPOSTS = {"/", "/referrals/<uuid:referral_id>/copy", "/log/entries/<uuid:entry_id>/agreement"}


class Walk:
    """Goes to pages by the map's own rules, and keeps which were held against axe."""

    def __init__(self, form_rule: str) -> None:
        self.ids: dict[str, UUID | str] = {}
        self.form_rule = form_rule
        self.seen: set[str] = set()
        self.form_pages: set[str] = set()

    def to(self, who: Person, *rules: str) -> None:
        """Open each page and look at it; it must be the page itself, with status 200."""
        for rule in rules:
            answer = who.page.goto(who.address + self._address(rule))
            assert answer is not None
            assert answer.status == 200, f"{rule}: {answer.status}"
            shown = urlsplit(who.page.url).path
            wanted = self._address(rule).partition("?")[0]
            assert shown == wanted or rule in SIGNPOSTS, f"{rule} led to {shown}"
            self.looked(who, rule)

    def looked(self, who: Person, rule: str) -> None:
        """Look at the page that is open, and count it."""
        who.look()
        self.seen.add(rule.partition("?")[0])

    def form(self, who: Person, names: Iterable[str]) -> None:
        """Open pages of the draft by name."""
        for name in names:
            at = f"/refer/{self.ids['draft_id']}/{name}"
            answer = who.page.goto(who.address + at)
            assert who.page.url.endswith(at), f"{name} is not open: {who.page.url}"
            assert answer is not None
            assert answer.status == 200
            self.form_looked(who, name)

    def form_looked(self, who: Person, name: str) -> None:
        """Look at the form's page that is open, and count it."""
        assert f"/{name}" in who.page.url, who.page.url
        self.looked(who, self.form_rule)
        self.form_pages.add(name)

    def _address(self, rule: str) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(self.ids[found[1]]), rule)

    def chosen(self, who: Person, rule: str, *names: str) -> None:
        """Open the page of a rule that offers names, for each of these names."""
        for name in names:
            answer = who.page.goto(who.address + self._address(re.sub(r"<any\(.*?>", name, rule)))
            assert answer is not None
            assert answer.status == 200, f"{rule}: {answer.status}"
            self.looked(who, rule)


class Records:
    """The hub's database, read as its superuser for ids that no page shows."""

    def __init__(self, hub: RunningHub) -> None:
        directory = socket_directory(Path(hub.environ["HUB_DATA"]))
        self._url = f"postgresql://postgres@/hub?host={directory}"
        self.addresses = {
            "DATABASE_URL": f"postgresql://hub@/hub?host={directory}",
            "REDIS_URL": f"unix://{directory}/redis.sock",
        }

    def one(self, query: str, *values: object) -> UUID:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        assert row is not None, query
        return UUID(str(row[0]))

    def expire_sign_ins(self, username: str) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                "UPDATE staff_session SET last_seen_at = last_seen_at - interval '1 day'"
                " WHERE user_id = (SELECT id FROM staff_user WHERE username = %s)",
                [username],
            )
