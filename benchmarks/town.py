"""A private hub for the benchmarks: real PostgreSQL and Redis, the demonstration town, one
referrer.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import current
from referral_hub import embedded
from referral_hub.commands.opening import with_servers
from referral_hub.domain.codes import ContactMethod, NeedCode, Priority
from referral_hub.domain.commands import (
    AccessDetails,
    Actor,
    AgreementTaken,
    ContactDetails,
    PersonDetails,
    SubmitReferral,
)
from referral_hub.domain.ids import new_id
from referral_hub.outbox.doorbell import SilentDoorbell
from referral_hub.services import demo
from referral_hub.services.hub import Hub
from referral_hub.services.sign_in import SignedIn, sign_in
from referral_hub.settings import Settings, load_settings
from referral_hub.store.migrate import upgrade
from referral_hub.wiring import build_hub

WHY = "Lives alone since the autumn, breathless on the stairs, would like company and a hand."


@dataclass(frozen=True)
class Town:
    """The hub with its settings, a signed-in referrer, and the agencies by name."""

    settings: Settings
    hub: Hub
    actor: Actor
    token: str
    agencies: dict[str, UUID]

    def quiet(self) -> Town:
        """The same town without a doorbell, so that nothing else works while something is timed."""
        return replace(self, hub=replace(self.hub, doorbell=SilentDoorbell()))


@contextmanager
def private_town() -> Iterator[Town]:
    """Start servers in a temporary directory, seed, sign in; stop and remove all at the end."""
    directory = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    servers = embedded.start(directory)
    try:
        settings = load_settings({"HUB_DATA": str(directory), "HUB_DEMO": "1"})
        settings = with_servers(settings, servers)
        upgrade(str(settings.migrate_database_url))
        hub = build_hub(settings)
        demo.seed_demo(hub)
        signed_in = sign_in(hub, "gp", demo.demo_password(settings), None)
        if not isinstance(signed_in, SignedIn):
            raise TypeError("the referrer of the benchmark could not sign in")
        actor = signed_in.principal.actor
        with hub.database.acting_for(actor.agency_id) as connection:
            rows = connection.execute(text("SELECT name, id FROM agency"))
            agencies = {row.name: row.id for row in rows}
        yield Town(settings, hub, actor, signed_in.token, agencies)
        hub.registry.close()
        hub.database.dispose()
    finally:
        servers.stop()
        shutil.rmtree(directory, ignore_errors=True)


def referral(town: Town, recipients: tuple[str, ...], needs: frozenset[NeedCode]) -> SubmitReferral:
    """Return a referral of usual size to `recipients`, about somebody new."""
    at = datetime.now(UTC)  # noqa: TID251 - a benchmark has a clock of its own
    words = current("support-referral", "en", at)
    return SubmitReferral(
        draft_id=new_id(at),
        person=PersonDetails(
            first_name="Margaret",
            family_name="Ellison-Hughes",
            date_of_birth=date(1941, 3, 17),
            nhs_number=None,
            area="MF-HAR",
            address="14 Quayside Terrace, Mereford",
            postcode="MF1 2AB",
        ),
        contact=ContactDetails(
            phone="07700 900123",
            email=None,
            preferred=frozenset({ContactMethod.PHONE}),
            never=frozenset({ContactMethod.POST}),
            note="after ten, please",
        ),
        access=AccessDetails(language="en", interpreter=False, needs=frozenset(), note=None),
        needs=needs,
        why=WHY,
        task_note="the weekly shop, and somebody to talk to",
        priority=Priority.ROUTINE,
        agreement=AgreementTaken(
            state=EventState.GIVEN,
            recipients=frozenset(town.agencies[name] for name in recipients),
            classes=frozenset(
                {
                    DataClass.IDENTITY,
                    DataClass.CONTACT,
                    DataClass.NEED,
                    DataClass.ACCESS_NEEDS,
                    DataClass.HEALTH,
                }
            ),
            notice_id=words.id,
            notice_version=words.version,
            notice_language=words.language,
            method=Method.IN_PERSON,
            given_by=GivenBy.SELF,
            valid_until=(at + timedelta(days=365)).date(),
            service_agreement=True,
        ),
    )


def two_recipients(town: Town) -> SubmitReferral:
    """Return a referral that goes to two inboxes: the benchmark's usual case."""
    return referral(
        town,
        ("Common Ground Peer Mentors", "Mereford Good Neighbours"),
        frozenset({NeedCode.LONELY, NeedCode.SHOPPING_MEALS}),
    )
