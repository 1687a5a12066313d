"""A real log: two agencies, staff, people and referrals; entries, openings and disclosures.

Everything is written as the hub writes it: `audit.events.prepare`, `store.change.write` and
`Integrator`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - a seed reproduces a run
from typing import Any
from uuid import UUID

import psycopg

from consent.evidence.entry import LawfulBasis
from referral_hub.audit.events import EntryType, Event, SubjectKey, prepare
from referral_hub.audit.integrate import Integrator
from referral_hub.audit.memory import SignerMemory
from referral_hub.audit.verify import Verification, verify_log
from referral_hub.crypto.keys import FileKeyService
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.crypto.subject import new_subject_key
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.domain.ids import new_id
from referral_hub.services.agreements import consent_log_event
from referral_hub.services.open_commitments import opener
from referral_hub.store import change
from referral_hub.store.change import Change, LogRow
from referral_hub.store.engine import Database, open_database

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORIGIN = "log.test.example/hub"
FIELDS = ("identity.first_name", "contact.area", "need.needs", "access_needs.language")


def dice(seed: int | str) -> Random:
    """Dice that fall the same way for the same seed."""
    return Random(seed)  # noqa: S311 - a test's choice among cases, no secret


@dataclass(frozen=True)
class Town:
    """Ids of a surgery with two people and their referrals, and of a time bank."""

    surgery: UUID
    time_bank: UUID
    nurse: UUID
    people: tuple[SubjectKey, SubjectKey]
    referrals: tuple[UUID, UUID]
    task: UUID
    others: tuple[UUID, ...] = ()


def _of(row: LogRow, kind: str) -> bool:
    return bool(row.entry["type"] == kind)


class LogBench:
    """A database with a log in it, and what signs the log, kept as `wiring` keeps it."""

    def __init__(self, url: str, directory: Path, seed: int = 1) -> None:
        self.url = url
        self.database: Database = open_database(url)
        self.directory = directory
        self.keys = FileKeyService(directory / "keys" / "roots")
        self.signer = LogSigner(directory / "keys" / "log.key", origin=ORIGIN)
        self.memory_path = directory / "keys" / "log-memory.json"
        self.integrator = Integrator(self.database, self.signer, self.memory_path, self.clock)
        self.random = dice(seed)
        self.now = BEGAN
        self.said: dict[UUID, dict[str, Any]] = {}
        self.placed = False
        self.town = self._settle()

    def clock(self) -> datetime:
        return self.now

    def event(self, kind: EntryType) -> Event:
        """An event such as the hub logs: about a person, a transition, or about nobody."""
        town, at = self.town, self.random.randrange(2)
        if kind in {EntryType.ACCESS, EntryType.ADMIN}:
            return Event(
                type=kind,
                sender=town.surgery,
                actor_agency=town.surgery,
                actor_user=town.nurse,
                outcome="signed_in",
                details={"role": "referrer", "attempt": self.random.randrange(9)},
            )
        if kind is EntryType.CONSENT:
            row = self._said(town.people[at].id, town.referrals[at])
            return consent_log_event(row, self.nurse, town.people[at])
        if kind is EntryType.TASK:
            return Event(
                type=kind,
                sender=town.surgery,
                recipient=town.time_bank,
                actor_agency=town.surgery,
                actor_user=town.nurse,
                referral_id=town.referrals[at],
                outcome="accepted",
                details={"event": "accept", "task": str(town.task)},
            )
        return Event(
            type=kind,
            sender=town.surgery,
            recipient=town.time_bank,
            actor_agency=town.surgery if kind is EntryType.DECISION else None,
            actor_user=town.nurse if kind is EntryType.DECISION else None,
            subject=town.people[at],
            referral_id=town.referrals[at],
            purpose="support",
            classes=("access_needs", "contact", "identity", "need"),
            fields=FIELDS,
            basis=LawfulBasis("a", None, "explicit_consent"),
            outcome="permit",
            rules=tuple(f"R{number:02}" for number in range(9)),
            policy_hash="5a" * 32,
            cites=(str(new_id(self.now)),),
            details={"effect": str(new_id(self.now)), "stage": "offer", "task": str(town.task)},
        )

    def prepared(self, kinds: Sequence[EntryType]) -> list[LogRow]:
        """Rows of new events, a second or so apart."""
        rows = []
        for kind in kinds:
            self.now += timedelta(milliseconds=self.random.randrange(1, 1500))
            rows.append(prepare(self.event(kind), self.keys, self.now))
        return rows

    def write(self, kinds: Sequence[EntryType]) -> list[LogRow]:
        """Write events as pending entries, in one change."""
        rows = self.prepared(kinds)
        first = self._place(rows)
        said = [self.said[row.vouches_for] for row in rows if row.vouches_for]
        moved = [self._line(row, "accept", "accepted") for row in rows if _of(row, "task")]
        rest = [row for row in rows if row is not first]
        if not rest:
            return rows
        with self.database.acting_for(self.town.surgery) as connection:
            change.write(connection, Change(rest, {"consent_event": said, "task_event": moved}))
        return rows

    def grow(self, count: int) -> None:
        """Write `count` entries in changes of a few, integrating now and then, and at the end."""
        kinds = [*[EntryType.DECISION] * 4, EntryType.RELEASE, *[EntryType.VIEW] * 2]
        kinds += [EntryType.TASK, EntryType.ACCESS, EntryType.ADMIN, EntryType.CONSENT]
        while count:
            some = min(count, self.random.randrange(1, 9))
            chosen = [self.random.choice(kinds) for _ in range(some)]
            if not self.placed:
                chosen[0] = EntryType.DECISION
            written = self.write(chosen)
            self._disclose([row for row in written if _of(row, "release")])
            count -= some
            if self.random.random() < 0.4:
                self.integrator.run()
        self.integrator.run()

    def verify(
        self, *, previous: bytes | None = None, deep: bool = True, vkey: str | None = None
    ) -> Verification:
        """Verify as `hub verify-log` does."""
        return verify_log(
            self.database,
            vkey=vkey or self.signer.vkey,
            memory=SignerMemory(self.memory_path),
            previous_checkpoint=previous,
            opener=opener(self.keys) if deep else None,
        )

    def as_owner(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the attacker who owns every table; nothing is committed by itself."""
        return psycopg.connect(self.url)

    def close(self) -> None:
        self.database.dispose()

    @property
    def nurse(self) -> Actor:
        """Who writes most of it."""
        return Actor(self.town.nurse, self.town.surgery, Role.REFERRER)

    def _said(self, subject: UUID, referral: UUID) -> dict[str, Any]:
        row = {
            "id": new_id(self.now),
            "origin_agency_id": self.town.surgery,
            "subject_id": subject,
            "referral_id": referral,
            "state": self.random.choice(("given", "refused")),
            "event_type": "explicit",
            "purpose": "support",
            "classes": ["contact", "identity"],
            "recipients": [str(self.town.time_bank)],
            "confidentiality": "explicit_consent",
            "service_agreement": True,
            "notice_id": "support-referral",
            "notice_version": "1",
            "notice_language": "en",
            "notice_hash": "5a" * 32,
            "method": "in_person",
            "given_by": "self",
            "proxy_id": None,
            "evidence": {"consent_record": "seen"},
            "taken_by": self.town.nurse,
            "valid_from": self.now,
            "valid_until": self.now + timedelta(days=90),
            "recorded_at": self.now,
            "supersedes": None,
        }
        self.said[row["id"]] = row
        return row

    def _line(self, row: LogRow, event: str, state: str) -> dict[str, Any]:
        town = self.town
        return {
            "id": new_id(self.now),
            "task_id": town.task,
            "referral_id": row.entry["referral_id"],
            "origin_agency_id": town.surgery,
            "owner_agency_id": town.surgery,
            "recipient_agency_id": town.time_bank,
            "event": event,
            "state": state,
            "entry_id": row.entry["id"],
            "at": row.entry["at"],
        }

    def _place(self, rows: Sequence[LogRow]) -> LogRow | None:
        """The task begins with the first decision, which is written with it and returned."""
        first = next((row for row in rows if _of(row, "decision")), None)
        if self.placed or first is None:
            return None
        town, self.placed = self.town, True
        task = {
            "id": town.task,
            "referral_id": town.referrals[0],
            "slot": 0,
            "position": 0,
            "origin_agency_id": town.surgery,
            "owner_agency_id": town.surgery,
            "recipient_agency_id": town.time_bank,
            "state": "routed",
            "decision": {},
            "created_at": self.now,
            "moved_at": self.now,
            "version": 1,
        }
        made = {"task": [task], "task_event": [self._line(first, "place", "routed")]}
        with self.database.acting_for(town.surgery) as connection:
            change.write(connection, Change([first], made))
        return first

    def _disclose(self, rows: Sequence[LogRow]) -> None:
        with self.as_owner() as owner:
            for row in rows:
                line = self._line(row, "deliver", "offered")
                names = ", ".join(line)
                marks = ", ".join(["%s"] * len(line))
                owner.execute(
                    f"INSERT INTO task_event ({names}) VALUES ({marks})",  # noqa: S608 - our own names
                    tuple(line.values()),
                )
                owner.execute(
                    "UPDATE task SET state = 'offered', released_at = %s WHERE id = %s",
                    (self.now, self.town.task),
                )
                owner.execute(
                    "INSERT INTO release (id, task_id, referral_id, record_version,"
                    " origin_agency_id, recipient_agency_id, stage, field_ids, wrapped_keys,"
                    " key_version, entry_id, effect_id, at) SELECT %s, %s, referral_id, 1,"
                    " sender_agency_id, recipient_agency_id, 'offer', %s, '\\x00', 1, id,"
                    " (convert_from(entry, 'UTF8')::jsonb->'details'->>'effect')::uuid, at"
                    " FROM log_entry WHERE id = %s",
                    (
                        new_id(self.now),
                        self.town.task,
                        ["identity.first_name", "need.needs.0"],
                        row.entry["id"],
                    ),
                )

    def _settle(self) -> Town:
        surgery, time_bank, nurse, task = (new_id(self.now) for _ in range(4))
        referrals = (new_id(self.now), new_id(self.now))
        people: list[SubjectKey] = []
        with self.as_owner() as owner:
            for agency, name, kind in (
                (surgery, "Elm Surgery", "gp_practice"),
                (time_bank, "Hill Time Bank", "time_bank"),
            ):
                owner.execute(
                    "INSERT INTO agency (id, name, kind, joined_at) VALUES (%s, %s, %s, %s)",
                    (agency, name, kind, self.now),
                )
            owner.execute(
                "INSERT INTO staff_user (id, agency_id, username, display_name, password_hash,"
                " role, created_at) VALUES (%s, %s, 'nurse', 'Nora Nurse', 'x', 'referrer', %s)",
                (nurse, surgery, self.now),
            )
            for referral in referrals:
                subject = new_id(self.now)
                wrapped = new_subject_key(
                    self.keys, subject_key_id=str(subject), owner=str(surgery)
                )
                people.append(SubjectKey(subject, surgery, wrapped))
                owner.execute(
                    "INSERT INTO subject (id, origin_agency_id, wrapped_key, key_version,"
                    " created_at) VALUES (%s, %s, %s, 1, %s)",
                    (subject, surgery, wrapped, self.now),
                )
                owner.execute(
                    "INSERT INTO referral (id, reference, origin_agency_id, owner_agency_id,"
                    " subject_id, author_user_id, draft_id, priority, purpose, plan, created_at)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, 'routine', 'support', '[]', %s)",
                    (
                        referral,
                        f"RH-{referral.hex[-8:]}",
                        surgery,
                        surgery,
                        subject,
                        nurse,
                        new_id(self.now),
                        self.now,
                    ),
                )
        return Town(surgery, time_bank, nurse, (people[0], people[1]), referrals, task)
