"""Referrals of one invented person, made by the services and delivered, for the pages to show."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from consent.model import DataClass, EventState, GivenBy, Method
from consent.notices import current
from referral_hub.domain.codes import ContactMethod, NeedCode, Priority, Role
from referral_hub.domain.commands import (
    AccessDetails,
    Actor,
    AgreementTaken,
    AnswerTask,
    ContactDetails,
    PersonDetails,
    SubmitReferral,
)
from referral_hub.domain.ids import new_id
from referral_hub.domain.nhs_number import NhsNumber, parse_nhs_number
from referral_hub.services.answer_task import answer_task
from referral_hub.services.deliver import drain
from referral_hub.services.demo_town import AGENCIES
from referral_hub.services.hub import Hub
from referral_hub.services.read_referrals import read_referral
from referral_hub.services.submit_referral import submit_referral
from referral_hub.store import messages, registers, tables
from referral_hub.store.referrals import TaskRow

FIRST_NAME = "Zebedee"
FAMILY_NAME = "Quillfeather"
WHY = "Low mood after a bereavement, on sertraline"
TASK_NOTE = "Ring twice, the bell is quiet"
NEEDS = frozenset({NeedCode.SHOPPING_MEALS})
PERSONAL = (FIRST_NAME, FAMILY_NAME, WHY, TASK_NOTE, "Gannet", "07700", "1948", "Shopping")


def personal(text: str, *more: str) -> list[str]:
    """The person's facts that a text gives away; digits inside an identifier or a hash are none."""
    return [
        fact
        for fact in (*PERSONAL, *more)
        if re.search(rf"(?<![\w-]){re.escape(fact)}(?!\w)", text)
    ]


@dataclass
class Mereford:
    """The demonstration town, with referrals on their way to its agencies."""

    hub: Hub
    owner_url: str
    people: Iterator[int] = field(default_factory=itertools.count)

    @cached_property
    def agencies(self) -> dict[str, UUID]:
        """Agency ids by the demonstration's keys."""
        with self.hub.database.working() as connection:
            rows = connection.execute(text("SELECT name, id FROM agency")).all()
        ids = {row.name: row.id for row in rows}
        return {agency.key: ids[agency.name] for agency in AGENCIES}

    def actor(self, username: str) -> Actor:
        with self.hub.database.working() as connection:
            row = connection.execute(
                text("SELECT id, agency_id, role FROM staff_user WHERE username = :name"),
                {"name": username},
            ).one()
        return Actor(row.id, row.agency_id, Role(row.role))

    def refer(
        self,
        *,
        to: tuple[str, ...] = ("neighbours", "council"),
        needs: frozenset[NeedCode] = NEEDS,
        classes: frozenset[DataClass] = frozenset(DataClass),
        deliver: bool = True,
    ) -> UUID:
        """Refer a new Zebedee, who agrees to `to`; delivered unless it says otherwise."""
        named = frozenset(self.agencies[key] for key in to)
        command = referral(
            next(self.people), named, needs=needs, classes=classes, at=self.hub.clock()
        )
        submitted = submit_referral(self.hub, self.actor("gp"), command)
        if deliver:
            drain(self.hub)
        return submitted.referral_id

    def task(self, referral_id: UUID) -> TaskRow:
        """The newest task of a referral's first slot."""
        return read_referral(self.hub, self.actor("gp"), referral_id).slots[0][-1]

    def offered(self, **wanted: Any) -> TaskRow:
        """A task that was just delivered."""
        return self.task(self.refer(**wanted))

    def reread(self, task: TaskRow) -> TaskRow:
        tasks = read_referral(self.hub, self.actor("gp"), task.referral_id).slots[task.slot]
        return next(row for row in tasks if row.id == task.id)

    def entries(self, type_of_entry: str) -> int:
        """How many entries of a type the log has."""
        with self.hub.database.working() as connection:
            found = connection.execute(
                text("SELECT count(*) FROM log_entry WHERE type = :type"), {"type": type_of_entry}
            )
            return int(found.scalar_one())

    def notes(self, task: TaskRow) -> int:
        """How many notes go with a task."""
        with self.hub.database.working() as connection:
            return len(messages.of_tasks(connection, [task.id]))

    def accepted(self) -> TaskRow:
        """A task that Good Neighbours accepted, with the rest delivered."""
        task = self.offered()
        answer_task(self.hub, self.actor("neighbours"), AnswerTask(task.id, True, None, None))
        drain(self.hub)
        return self.reread(task)

    def about_the_person(self, task: TaskRow, columns: dict[str, object]) -> None:
        """Change the flags of the person of a task behind the hub's back."""
        person = select(tables.referral.c.subject_id).where(
            tables.referral.c.id == task.referral_id
        )
        statement = update(tables.subject).where(tables.subject.c.id == person.scalar_subquery())
        with registers.as_owner(self.owner_url) as connection:
            connection.execute(statement.values(columns))

    def as_owner(self, statement: str, **values: object) -> None:
        """Change something behind the hub's back."""
        with registers.as_owner(self.owner_url) as connection:
            connection.execute(text(statement), values)


def say_why(council: Any, referral_id: Any) -> None:
    """Let a council officer say why they look at a case beyond their own."""
    answer = council.post(f"/council/referrals/{referral_id}/why", {"reason": "sample"})
    assert answer.status_code == 302


def nhs_number(person: int) -> NhsNumber:
    """A test number (they begin with 999) with its check digit."""
    for tens in range(person * 10, person * 10 + 10):
        first_nine = f"999{tens:06d}"
        weighed = sum(int(digit) * (10 - at) for at, digit in enumerate(first_nine))
        check = (11 - weighed % 11) % 11
        if check != 10:
            return parse_nhs_number(f"{first_nine}{check}")
    raise AssertionError("ten numbers in a row without a check digit")


def referral(
    person: int,
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
            nhs_number=nhs_number(person),
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
