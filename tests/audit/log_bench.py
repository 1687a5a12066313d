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
from referral_hub.domain.ids import new_id
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
        with self.database.working() as connection:
            change.write(connection, Change(rows))
        return rows

    def grow(self, count: int) -> None:
        """Write `count` entries in changes of a few, integrating now and then, and at the end."""
        kinds = [*[EntryType.DECISION] * 4, EntryType.RELEASE, *[EntryType.VIEW] * 2]
        kinds += [EntryType.TASK, EntryType.ACCESS, EntryType.ADMIN]
        while count:
            some = min(count, self.random.randrange(1, 9))
            chosen = [self.random.choice(kinds) for _ in range(some)]
            written = self.write(chosen)
            self._disclose([row for row in written if row.entry["type"] == "release"])
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

    def _disclose(self, rows: Sequence[LogRow]) -> None:
        with self.as_owner() as owner:
            for row in rows:
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
            owner.execute(
                "INSERT INTO task (id, referral_id, slot, position, origin_agency_id,"
                " owner_agency_id, recipient_agency_id, state, decision, created_at, moved_at,"
                " released_at) VALUES (%s, %s, 0, 0, %s, %s, %s, 'offered', '{}', %s, %s, %s)",
                (
                    task,
                    referrals[0],
                    surgery,
                    surgery,
                    time_bank,
                    self.now,
                    self.now,
                    self.now,
                ),
            )
        return Town(surgery, time_bank, nurse, (people[0], people[1]), referrals, task)
