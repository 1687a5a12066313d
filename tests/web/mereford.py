"""The demonstration town on a real database, with people signed in and referrals on their way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import current
from referral_hub.app import create_app
from referral_hub.clock import system_clock
from referral_hub.domain.codes import ContactMethod, NeedCode, Priority, Role
from referral_hub.domain.commands import (
    AccessDetails,
    Actor,
    AgreementTaken,
    ContactDetails,
    PersonDetails,
    SubmitReferral,
)
from referral_hub.domain.ids import new_id
from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.services.deliver import drain
from referral_hub.services.demo import demo_password, seed_demo
from referral_hub.services.demo_town import AGENCIES
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.submit_referral import submit_referral
from referral_hub.settings import load_settings
from referral_hub.store import registers
from referral_hub.store.referrals import TaskRow
from referral_hub.wiring import build_hub

FIRST_NAME = "Zebedee"
FAMILY_NAME = "Quillfeather"
NHS_NUMBER = "9990000018"
WHY = "Low mood after a bereavement, on sertraline"
TASK_NOTE = "Ring twice, the bell is quiet"
NEEDS = frozenset({NeedCode.SHOPPING_MEALS})
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Clock:
    """Now, moved on by whatever a test wants."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


class Browser:
    """One person's browser: gets pages, and posts forms with the token of the page before."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str) -> TestResponse:
        return self._client.get(path)

    def post(self, path: str, form: dict[str, object] | None = None) -> TestResponse:
        return self._client.post(path, data={"csrf_token": self.token(), **(form or {})})

    def post_without_token(self, path: str, form: dict[str, object]) -> TestResponse:
        return self._client.post(path, data=form)

    def token(self) -> str:
        page = self._client.get("/sign-out")
        if page.status_code != 200:
            page = self._client.get("/sign-in")
        found = _TOKEN.search(page.text)
        assert found
        return found[1]


@dataclass
class Town:
    """A hub with the demonstration town in it."""

    hub: Hub
    clock: Clock
    owner_url: str
    _browsers: dict[str, Browser] = field(default_factory=dict)

    @cached_property
    def app(self) -> Flask:
        app = create_app(self.hub)
        app.testing = False
        return app

    @cached_property
    def agencies(self) -> dict[str, UUID]:
        """Agency ids by the demonstration's keys."""
        with self.hub.database.working() as connection:
            rows = connection.execute(text("SELECT name, id FROM agency")).all()
        ids = {name: agency_id for name, agency_id in rows}
        return {agency.key: ids[agency.name] for agency in AGENCIES}

    def actor(self, username: str) -> Actor:
        with self.hub.database.working() as connection:
            row = connection.execute(
                text("SELECT id, agency_id, role FROM staff_user WHERE username = :name"),
                {"name": username},
            ).one()
        return Actor(row.id, row.agency_id, Role(row.role))

    def browser(self, username: str) -> Browser:
        """A browser in which `username` is signed in; kept for the module."""
        if username not in self._browsers:
            browser = Browser(self.app.test_client())
            password = demo_password(self.hub.settings)
            form: dict[str, object] = {"username": username, "password": password}
            answer = browser.post("/sign-in", form)
            assert answer.status_code == 302, answer.text
            self._browsers[username] = browser
        return self._browsers[username]

    def stranger(self) -> Browser:
        return Browser(self.app.test_client())

    def refer(
        self,
        *,
        to: tuple[str, ...] = ("neighbours", "council"),
        needs: frozenset[NeedCode] = NEEDS,
        classes: frozenset[DataClass] = frozenset(DataClass),
        deliver: bool = True,
    ) -> UUID:
        """Refer Zebedee with agreement to `to`; delivered unless it says otherwise."""
        named = frozenset(self.agencies[key] for key in to)
        command = referral(named, needs=needs, classes=classes, at=self.clock())
        submitted = submit_referral(self.hub, self.actor("gp"), command)
        if deliver:
            drain(self.hub)
        return submitted.referral_id

    def task(self, referral_id: UUID) -> TaskRow:
        """The newest task of a referral's first slot."""
        return read_referral(self.hub, self.actor("gp"), referral_id).slots[0][-1]

    def offered(self, **wanted: object) -> TaskRow:
        """A task that was just delivered."""
        return self.task(self.refer(**wanted))  # type: ignore[arg-type]  # as `refer` takes them

    def reread(self, task: TaskRow) -> TaskRow:
        tasks = read_referral(self.hub, self.actor("gp"), task.referral_id).slots[task.slot]
        return next(row for row in tasks if row.id == task.id)

    def views_logged(self) -> int:
        with self.hub.database.working() as connection:
            found = connection.execute(text("SELECT count(*) FROM log_entry WHERE type = 'view'"))
            return int(found.scalar_one())

    def as_owner(self, statement: str, **values: object) -> None:
        """Change something behind the hub's back."""
        with registers.as_owner(self.owner_url) as connection:
            connection.execute(text(statement), values)


@contextmanager
def town_on(url: str, directory: Path) -> Iterator[Town]:
    """Seed the town into an empty migrated database, without Redis; closed at the end."""
    settings = load_settings({"HUB_DATA": str(directory), "HUB_DEMO": "1"}).reaching(
        database_url=url, redis_url=""
    )
    clock = Clock()
    hub = build_hub(settings, clock=clock)
    try:
        seed_demo(hub)
        yield Town(hub, clock, url)
    finally:
        hub.database.dispose()
        hub.registry.close()


def referral(
    recipients: frozenset[UUID],
    *,
    needs: frozenset[NeedCode],
    classes: frozenset[DataClass],
    at: datetime,
) -> SubmitReferral:
    """A complete referral of Zebedee Quillfeather, who agreed to `recipients` and `classes`."""
    words = current("support-referral", "en", at)
    return SubmitReferral(
        draft_id=new_id(at),
        person=PersonDetails(
            first_name=FIRST_NAME,
            family_name=FAMILY_NAME,
            date_of_birth=date(1948, 3, 27),
            nhs_number=parse_nhs_number(NHS_NUMBER),
            area="MF-HAR",
            address="4 Gannet Row\nHarbour",
            postcode="MF1 2AB",
        ),
        contact=ContactDetails(
            phone="07700 900982",
            email=None,
            preferred=frozenset({ContactMethod.PHONE}),
            never=frozenset({ContactMethod.POST}),
            note="After ten",
        ),
        access=AccessDetails(language="en", interpreter=False, needs=frozenset(), note=None),
        needs=needs,
        why=WHY,
        task_note=TASK_NOTE,
        priority=Priority.ROUTINE,
        agreement=AgreementTaken(
            state=EventState.GIVEN,
            recipients=recipients,
            classes=classes,
            notice_id=words.id,
            notice_version=words.version,
            notice_language=words.language,
            method=Method.IN_PERSON,
            given_by=GivenBy.SELF,
            valid_until=at.date() + timedelta(days=365),
            service_agreement=True,
        ),
    )
