"""A person's own page: reference and code open it for ten minutes, and every look is in the log.

Whoever opens it acts for the agency that sent the referral, for this referral and no other, through
the same use cases as its staff. Nothing sealed is opened: the page says who asked, who was told
which kinds of things and where each part stands, and repeats nobody's words. A reference that never
was and a code that is wrong, ended or somebody else's by now take the same work and get the same
answer. The limit: the code does not prove who types it, only that they were given it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from consent.codes import GivenBy
from consent.model import DataClass
from referral_hub import access
from referral_hub.access import Permission, Situation
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.crypto.tokens import new_token, token_digest
from referral_hub.domain.channels import looked_by
from referral_hub.domain.codes import GiveHelp, NotificationKind, Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import tidy_reference
from referral_hub.domain.person_codes import still_theirs
from referral_hub.domain.transitions import DISCLOSED, OPEN, TaskState
from referral_hub.errors import NotFound
from referral_hub.services import record
from referral_hub.services.hub import Hub
from referral_hub.services.person_codes import facts_of, is_code
from referral_hub.services.read_referrals import newest_turns
from referral_hub.store import change, own_page, person_codes, referrals, withdrawals
from referral_hub.store.engine import Connection
from referral_hub.store.own_page import AskedRow
from referral_hub.store.person_codes import CodeRow

IDLE = timedelta(minutes=10)
LONGEST = timedelta(hours=1)
_NOBODYS = UUID(int=0)
_NO_DIGEST = bytes(32)
_KEEPS = DISCLOSED | {TaskState.CLOSED}


@dataclass(frozen=True, slots=True, repr=False)
class PersonVisit:
    """Somebody at their own page: who acts, and for which referral."""

    actor: Actor
    row: CodeRow

    @property
    def given_to(self) -> GivenBy:
        """Who was given the code: whoever gave the agreement."""
        return GivenBy(self.row.given_to or GivenBy.SELF)

    def __repr__(self) -> str:
        return "<PersonVisit>"


@dataclass(frozen=True, slots=True)
class OwnPart:
    """Where a part stands: with whom, since when, how to reach them, and how it ended."""

    agency: str
    service: str | None
    state: str
    since: datetime
    contact: str | None
    outcome: str | None
    open: bool


@dataclass(frozen=True, slots=True)
class OwnTold:
    """Which kinds of things an agency was told and when, and whether it may keep them."""

    agency: str
    classes: tuple[DataClass, ...]
    at: datetime
    keeps: bool


@dataclass(frozen=True, slots=True)
class OwnPage:
    """Everything that the page shows."""

    reference: str
    asked_by: str
    asked_at: datetime
    sender_contact: str | None
    owner: str
    until: datetime | None
    withdrawn_at: datetime | None
    restricted: bool
    parts: tuple[OwnPart, ...]
    told: tuple[OwnTold, ...]
    asked: tuple[AskedRow, ...]
    would_help: bool


def open_page(hub: Hub, reference: str, code: str) -> str | None:
    """Return the token of a visit, for the cookie alone; None for whatever is not right."""
    with hub.database.one_worker_statement() as connection:
        row = person_codes.by_reference(connection, tidy_reference(reference))
    code_id = row.code_id if row and row.code_id else _NOBODYS
    digest = row.code_digest if row and row.code_digest else _NO_DIGEST
    right = is_code(hub, code_id, code, digest)
    if row is None or row.code_id is None or not right or not _opens(hub, row):
        return None
    token, at = new_token(), hub.clock()
    with hub.database.acting_for(row.origin_agency_id) as connection:
        person_codes.begin_visit(connection, row.code_id, token_digest(token), at=at)
        visit = PersonVisit(_actor(row), row)
        _note(hub, connection, visit, EntryType.ACCESS, outcome="own_page_opened")
        _go_on(connection, visit, at)
    return token


def visit_of(hub: Hub, token: str | None) -> PersonVisit:
    """Return the visit that this browser began, while it lasts. Raises NotFound."""
    at = hub.clock()
    with hub.database.one_worker_statement() as connection:
        row = person_codes.by_visit(connection, token_digest(token), at) if token else None
    if row is None or not _opens(hub, row):
        raise NotFound
    return PersonVisit(_actor(row), row)


def read_page(hub: Hub, visit: PersonVisit) -> OwnPage:
    """Return the page; the look is in the log before anything is shown."""
    at, row = hub.clock(), visit.row
    with hub.database.acting_for(visit.actor.agency_id) as connection:
        _require(visit, Permission.READ_OWN_PAGE)
        referral = referrals.one(connection, row.referral_id)
        tasks = referrals.tasks_of(connection, [row.referral_id])
        told = referrals.disclosures_of(connection, row.referral_id)
        agencies = {task.recipient_agency_id for task in tasks} | {row.origin_agency_id}
        contacts = own_page.contacts(connection, agencies)
        asked = own_page.asked(connection, row.referral_id)
        until = own_page.agreed_until(connection, row.referral_id)
        said = withdrawals.last_said(connection, row.subject_id)
        _note(hub, connection, visit, EntryType.VIEW, outcome="permit")
        _go_on(connection, visit, at)
    newest = newest_turns(referral, tasks)
    keeps = {task.id for task in tasks if task.state in _KEEPS}
    return OwnPage(
        reference=referral.reference,
        asked_by=tasks[0].origin_name,
        asked_at=referral.created_at,
        sender_contact=contacts.get(row.origin_agency_id),
        owner=tasks[0].owner_name,
        until=until,
        withdrawn_at=referral.withdrawn_at,
        restricted=said is not None and said[2].get("said") == NotificationKind.RESTRICTED,
        parts=tuple(_part(task, contacts.get(task.recipient_agency_id)) for task in newest),
        told=tuple(
            OwnTold(one.recipient_name, _classes(one.field_ids), one.at, one.task_id in keeps)
            for one in told
        ),
        asked=tuple(asked),
        would_help=any(task.give_help == GiveHelp.WOULD_LIKE_TO for task in tasks),
    )


def leave(hub: Hub, token: str | None) -> None:
    """End the visit in this browser, where there is one; the code goes on working."""
    try:
        visit = visit_of(hub, token)
    except NotFound:
        return
    with hub.database.acting_for(visit.actor.agency_id) as connection:
        if visit.row.code_id is not None:
            person_codes.leave(connection, visit.row.code_id)


def offer_help(hub: Hub, visit: PersonVisit) -> None:
    """Note that the person could help others, as an outcome that the sender sees."""
    _require(visit, Permission.ASK_AS_PERSON)
    with hub.database.acting_for(visit.actor.agency_id) as connection:
        tasks = referrals.tasks_of(connection, [visit.row.referral_id])
        reached = [task for task in tasks if task.state in _KEEPS]
        last = max(reached or tasks, key=lambda task: task.moved_at)
        own_page.would_help(connection, last.id)
        _note(hub, connection, visit, EntryType.ACCESS, outcome="help_offered")
        _go_on(connection, visit, hub.clock())


def _opens(hub: Hub, row: CodeRow) -> bool:
    given_to = row.given_to
    return given_to is not None and still_theirs(facts_of(row, hub.clock()), GivenBy(given_to))


def _actor(row: CodeRow) -> Actor:
    """Nobody is named: the id is the code's."""
    return Actor(row.code_id or _NOBODYS, row.origin_agency_id, Role.PERSON)


def _require(visit: PersonVisit, permission: Permission) -> None:
    access.require(visit.actor, permission, Situation(origin=visit.row.origin_agency_id))


def _go_on(connection: Connection, visit: PersonVisit, at: datetime) -> None:
    person_codes.go_on(
        connection, visit.actor.user_id, idle_until=at + IDLE, longest=LONGEST.total_seconds()
    )


def _note(
    hub: Hub, connection: Connection, visit: PersonVisit, kind: EntryType, *, outcome: str
) -> None:
    """Log what the person does here."""
    row = visit.row
    event = Event(
        type=kind,
        sender=row.origin_agency_id,
        recipient=row.origin_agency_id if kind is EntryType.VIEW else None,
        actor_agency=row.origin_agency_id,
        actor_user=visit.actor.user_id,
        subject=SubjectKey(row.subject_id, row.origin_agency_id, row.wrapped_key or b""),
        referral_id=row.referral_id,
        purpose="own_page",
        outcome=outcome,
        details={"code": str(row.code_id)}
        | (looked_by(Role.PERSON) if kind is EntryType.VIEW else {}),
    )
    change.write(connection, change.Change([prepare(event, hub.keys, hub.clock())]))


def _part(task: referrals.TaskRow, contact: str | None) -> OwnPart:
    return OwnPart(
        agency=task.recipient_name,
        service=task.service_name,
        state=task.state,
        since=task.moved_at,
        contact=contact,
        outcome=task.outcome,
        open=task.state in OPEN,
    )


def _classes(field_ids: object) -> tuple[DataClass, ...]:
    told = record.classes_of(field_ids if isinstance(field_ids, list) else [])
    return tuple(one for one in DataClass if one in told)
