"""What somebody with the owner's password does to the log: one function for each row of the table.

Each changes the database and returns the index that verification must name: the entry's own, or
where the table says `from` the last signed size before it. `tests/tables/log_tampering.csv` says
what each is called.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random  # noqa: TID251 - a seed reproduces a run
from typing import Any
from uuid import UUID

import psycopg

from consent.evidence.checkpoint import Checkpoint
from consent.evidence.merkle import leaf_hash
from consent.evidence.tiles import Tiles
from referral_hub.audit.events import EntryType
from referral_hub.crypto.log_signer import LogSigner
from referral_hub.domain.ids import new_id
from referral_hub.errors import LogUnavailable
from referral_hub.store.change import LogRow
from tests.audit.log_bench import ORIGIN, LogBench

EVIDENCE = ("consent_event", "task_event", "release", "log_opening")
Attack = Callable[["Hand"], int | None]
ATTACKS: dict[str, Attack] = {}
_ENTRY = ("id", "entry", "leaf_hash", "type", "at", "sender_agency_id", "recipient_agency_id",
          "actor_agency_id", "actor_user_id", "subject_id", "referral_id", "outcome")  # fmt: skip


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


@dataclass
class Hand:
    """The attacker's connection, the dice, and what the log was before."""

    bench: LogBench
    db: psycopg.Connection[Any]
    dice: Random

    @property
    def size(self) -> int:
        return int(self.value("SELECT max(seq) + 1 FROM log_entry"))

    def value(self, query: str, *given: object) -> Any:
        row = self.db.execute(query, given).fetchone()
        assert row is not None, query
        return row[0]

    def run(self, statement: str, *given: object) -> None:
        done = self.db.execute(statement, given)
        assert done.rowcount, statement

    def any(self, condition: str = "true") -> int:
        """The number of some entry of the log."""
        found = self.db.execute(
            f"SELECT seq FROM log_entry WHERE seq >= 0 AND {condition} ORDER BY seq"  # noqa: S608 - our own names
        ).fetchall()
        return int(self.dice.choice(found)[0])

    def signed_before(self, index: int) -> int:
        """The last signed size that covers nothing from `index` on."""
        return int(
            self.value("SELECT coalesce(max(size), 0) FROM log_checkpoint WHERE size <= %s", index)
        )

    def older_size(self) -> int:
        """A signed size that is not the newest."""
        sizes = self.db.execute("SELECT size FROM log_checkpoint ORDER BY size").fetchall()
        return int(self.dice.choice(sizes[:-1])[0])

    def edited(self, index: int, old: bytes, new: bytes) -> bytes:
        entry = bytes(self.value("SELECT entry FROM log_entry WHERE seq = %s", index))
        assert old in entry
        return entry.replace(old, new, 1)

    def forged(self, kind: EntryType = EntryType.DECISION) -> LogRow:
        return self.bench.prepared([kind])[0]

    def put(self, row: LogRow, seq: int | None) -> None:
        """Insert a forged entry with its openings, as the hub would."""
        values = [row.entry[name] for name in _ENTRY]
        marks = ", ".join(["%s"] * (len(_ENTRY) + 1))
        self.run(f"INSERT INTO log_entry (seq, {', '.join(_ENTRY)}) VALUES ({marks})", seq, *values)  # noqa: S608 - our own names
        if row.opening is not None:
            names = tuple(row.opening)
            marks = ", ".join(["%s"] * len(names))
            given = [row.opening[name] for name in names]
            self.run(f"INSERT INTO log_opening ({', '.join(names)}) VALUES ({marks})", *given)  # noqa: S608 - our own names

    def rewrite_tree(self, size: int) -> bytes:
        """Store the tiles of the first `size` leaf hashes and return their root."""
        found = self.db.execute(
            "SELECT leaf_hash FROM log_entry WHERE seq >= 0 AND seq < %s ORDER BY seq", (size,)
        )
        grown = Tiles(lambda _level, _index: b"").append([bytes(row[0]) for row in found], 0)
        self.db.execute("DELETE FROM log_tile")
        for (level, idx), hashes in grown.tiles.items():
            self.run("INSERT INTO log_tile VALUES (%s, %s, %s)", level, idx, hashes)
        return grown.root

    def roll_back(self, size: int) -> None:
        """Put the whole log back to what it was at a signed size."""
        for table in EVIDENCE:
            self.db.execute(
                f"DELETE FROM {table} WHERE entry_id IN"  # noqa: S608 - our own names
                " (SELECT id FROM log_entry WHERE seq >= %s)", (size,)
            )  # fmt: skip
        self.run("DELETE FROM log_entry WHERE seq >= %s", size)
        self.run("DELETE FROM log_checkpoint WHERE size > %s", size)
        self.rewrite_tree(size)

    def flip(self, data: bytes) -> bytes:
        at, bit = self.dice.randrange(len(data)), 1 << self.dice.randrange(8)
        return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


@attack
def edit(hand: Hand) -> int:
    at = hand.any("outcome = 'permit'")
    entry = hand.edited(at, b'"permit"', b'"refuse"')
    hand.run("UPDATE log_entry SET entry = %s WHERE seq = %s", entry, at)
    return at


@attack
def edit_bit(hand: Hand) -> int:
    at = hand.any()
    entry = hand.flip(hand.value("SELECT entry FROM log_entry WHERE seq = %s", at))
    hand.run("UPDATE log_entry SET entry = %s WHERE seq = %s", entry, at)
    return at


@attack
def edit_and_hash(hand: Hand) -> int:
    at = hand.any("outcome = 'permit'")
    entry = hand.edited(at, b'"identity.first_name"', b'"identity.nhs_number"')
    _replace(hand, at, entry)
    return at


@attack
def edit_hash_and_tile(hand: Hand) -> int:
    at = edit_and_hash(hand)
    before = hand.signed_before(at)
    hand.rewrite_tree(hand.size)
    return before


@attack
def backdate(hand: Hand) -> int:
    at = hand.any()
    entry = hand.edited(at, b'"at":"2026-', b'"at":"2025-')
    _replace(hand, at, entry)
    hand.run("UPDATE log_entry SET at = at - interval '1 year' WHERE seq = %s", at)
    return at


def _replace(hand: Hand, at: int, entry: bytes) -> None:
    hand.run(
        "UPDATE log_entry SET entry = %s, leaf_hash = %s WHERE seq = %s",
        entry,
        leaf_hash(entry),
        at,
    )


@attack
def leaf_hash_changed(hand: Hand) -> int:
    at = hand.any()
    changed = hand.flip(hand.value("SELECT leaf_hash FROM log_entry WHERE seq = %s", at))
    hand.run("UPDATE log_entry SET leaf_hash = %s WHERE seq = %s", changed, at)
    return at


@attack
def delete(hand: Hand) -> int:
    at = hand.any()
    hand.run("DELETE FROM log_entry WHERE seq = %s", at)
    return at


@attack
def delete_and_close_up(hand: Hand) -> int:
    at = hand.any(f"seq < {hand.size - 1}")
    hand.run("DELETE FROM log_entry WHERE seq = %s", at)
    hand.run("UPDATE log_entry SET seq = seq - 1 WHERE seq > %s", at)
    return at


@attack
def truncate(hand: Hand) -> int:
    at = hand.any()
    hand.run("DELETE FROM log_entry WHERE seq >= %s", at)
    return at


@attack
def truncate_all(hand: Hand) -> int:
    for table in (*EVIDENCE, "log_entry", "log_tile", "log_checkpoint"):
        hand.run(f"DELETE FROM {table}")  # noqa: S608 - our own names
    return 0


@attack
def roll_back(hand: Hand) -> int:
    at = hand.older_size()
    hand.roll_back(at)
    return at


@attack
def roll_back_and_grow(hand: Hand) -> int:
    at = hand.older_size()
    hand.roll_back(at)
    hand.db.commit()
    hand.bench.write([EntryType.ACCESS] * 3)
    with suppress(LogUnavailable):
        hand.bench.integrator.run()
        raise AssertionError("the integrator signed over a log that was rolled back")
    return at


@attack
def resign(hand: Hand) -> int:
    size, at = hand.size, hand.older_size()
    hand.roll_back(at)
    for seq in range(at, size):
        hand.put(hand.forged(), seq)
    body = Checkpoint(ORIGIN, size, hand.rewrite_tree(size)).body()
    hand.run(
        "INSERT INTO log_checkpoint (size, root, note, at) VALUES (%s, %s, %s, now())",
        size, hand.rewrite_tree(size), hand.bench.signer.sign_checkpoint(body),
    )  # fmt: skip
    return 0


@attack
def unnumber(hand: Hand) -> int:
    at = hand.any()
    hand.run("UPDATE log_entry SET seq = NULL WHERE seq = %s", at)
    return at


@attack
def swap(hand: Hand) -> int:
    one, two = sorted(hand.dice.sample(range(hand.size), 2))
    hand.run(
        "UPDATE log_entry SET seq = CASE seq WHEN %s THEN %s ELSE %s END WHERE seq IN (%s, %s)",
        one, two, one, one, two,
    )  # fmt: skip
    return one


@attack
def move_to_end(hand: Hand) -> int:
    size = hand.size
    at = hand.any(f"seq < {size - 1}")
    hand.run("UPDATE log_entry SET seq = %s WHERE seq = %s", size, at)
    return at


@attack
def move_below_zero(hand: Hand) -> int:
    at = hand.any()
    hand.run("UPDATE log_entry SET seq = %s WHERE seq = %s", -1 - at, at)
    return at


@attack
def repeat(hand: Hand) -> int:
    at = hand.any()
    hand.put(hand.forged(), at)
    return at


@attack
def insert(hand: Hand) -> int:
    at = hand.any()
    hand.run("UPDATE log_entry SET seq = seq + 1 WHERE seq >= %s", at)
    hand.put(hand.forged(), at)
    return at


@attack
def append(hand: Hand) -> int:
    size = hand.size
    hand.put(hand.forged(), size)
    return size


@attack
def garbage(hand: Hand) -> int:
    size = hand.size
    row = hand.forged()
    hand.put(LogRow({**row.entry, **_garbage(hand)}, row.opening), size)
    return size


def _garbage(hand: Hand) -> dict[str, bytes]:
    data = hand.dice.choice([b"", b"{}", b"\xff\xfe", b'{"version":1}', b"null", b"\x00" * 40])
    return {"entry": data, "leaf_hash": leaf_hash(data)}


@attack
def tile(hand: Hand) -> int:
    at = hand.any()
    _change_tile(hand, level=0, position=at)
    return at


@attack
def tile_above(hand: Hand) -> int:
    at = hand.dice.randrange(hand.size // 256)
    _change_tile(hand, level=1, position=at)
    return at * 256


def _change_tile(hand: Hand, *, level: int, position: int) -> None:
    idx, place = divmod(position, 256)
    hashes = bytes(
        hand.value("SELECT hashes FROM log_tile WHERE level = %s AND idx = %s", level, idx)
    )
    start = place * 32
    changed = hashes[:start] + hand.flip(hashes[start : start + 32]) + hashes[start + 32 :]
    _set_tile(hand, level, idx, changed)


def _set_tile(hand: Hand, level: int, idx: int, hashes: bytes) -> None:
    hand.run("UPDATE log_tile SET hashes = %s WHERE level = %s AND idx = %s", hashes, level, idx)


@attack
def tile_delete(hand: Hand) -> int:
    idx = hand.dice.randrange((hand.size + 255) // 256)
    hand.run("DELETE FROM log_tile WHERE level = 0 AND idx = %s", idx)
    return idx * 256


@attack
def tile_longer(hand: Hand) -> int:
    size = hand.size
    idx = (size - 1) // 256
    hashes = bytes(hand.value("SELECT hashes FROM log_tile WHERE level = 0 AND idx = %s", idx))
    _set_tile(hand, 0, idx, hashes + hand.dice.randbytes(32))
    return size - 1


@attack
def tile_more(hand: Hand) -> int:
    level, idx = hand.dice.choice([(0, 7), (1, 1), (2, 0), (5, 3)])
    hand.run("INSERT INTO log_tile VALUES (%s, %s, %s)", level, idx, hand.dice.randbytes(64))
    return hand.size


@attack
def checkpoint_newest_deleted(hand: Hand) -> int:
    hand.run("DELETE FROM log_checkpoint WHERE size = %s", hand.size)
    return int(hand.value("SELECT max(size) FROM log_checkpoint"))


@attack
def checkpoints_deleted(hand: Hand) -> int:
    hand.run("DELETE FROM log_checkpoint")
    return 0


def _checkpoint(hand: Hand) -> int:
    return int(hand.dice.choice(hand.db.execute("SELECT size FROM log_checkpoint").fetchall())[0])


@attack
def checkpoint_note(hand: Hand) -> int:
    size = _checkpoint(hand)
    note = bytes(hand.value("SELECT note FROM log_checkpoint WHERE size = %s", size))
    body, mark, signature = note.rpartition(b" ")
    at = hand.dice.randrange(10, 80)
    other = b"A" if signature[at : at + 1] != b"A" else b"B"
    changed = body + mark + signature[:at] + other + signature[at + 1 :]
    hand.run("UPDATE log_checkpoint SET note = %s WHERE size = %s", changed, size)
    return _unless_newest(hand, size)


@attack
def checkpoint_root(hand: Hand) -> int:
    size = _checkpoint(hand)
    hand.run("UPDATE log_checkpoint SET root = %s WHERE size = %s", hand.dice.randbytes(32), size)
    return _unless_newest(hand, size)


@attack
def checkpoint_size(hand: Hand) -> int:
    size = _checkpoint(hand)
    newest = size == hand.size
    hand.run("UPDATE log_checkpoint SET size = size + 100000 WHERE size = %s", size)
    return hand.signed_before(size) if newest else size


@attack
def checkpoint_key(hand: Hand) -> int:
    size = _checkpoint(hand)
    root = bytes(hand.value("SELECT root FROM log_checkpoint WHERE size = %s", size))
    thief = LogSigner(hand.bench.memory_path.with_name(f"{new_id(hand.bench.now)}"), origin=ORIGIN)
    note = thief.sign_checkpoint(Checkpoint(ORIGIN, size, root).body())
    hand.run("UPDATE log_checkpoint SET note = %s WHERE size = %s", note, size)
    return _unless_newest(hand, size)


@attack
def checkpoint_exchanged(hand: Hand) -> int:
    one, two = sorted((hand.older_size(), hand.size))
    hand.run(
        "UPDATE log_checkpoint SET note = (SELECT note FROM log_checkpoint WHERE size = %s)"
        " WHERE size = %s", two, one,
    )  # fmt: skip
    return one


def _unless_newest(hand: Hand, size: int) -> int:
    """Without its newest checkpoint the log is unsigned from the one before on."""
    return hand.signed_before(size - 1) if size == hand.size else size


def _column(name: str, expression: str, condition: str = "true") -> Attack:
    def change(hand: Hand) -> int:
        at = hand.any(condition)
        hand.run(f"UPDATE log_entry SET {name} = {expression} WHERE seq = %s", at)  # noqa: S608 - our own names
        return at

    return change


ATTACKS["leaf_hash"] = ATTACKS.pop("leaf_hash_changed")
ATTACKS |= {
    "column_type": _column("type", "CASE type WHEN 'view' THEN 'task' ELSE 'view' END"),
    "column_at": _column("at", "at + interval '1 microsecond'"),
    "column_sender": _column("sender_agency_id", "gen_random_uuid()"),
    "column_recipient": _column("recipient_agency_id", "gen_random_uuid()"),
    "column_actor": _column("actor_agency_id", "gen_random_uuid()"),
    "column_outcome": _column("outcome", "'refuse'"),
    "column_id": _column("id", "gen_random_uuid()"),
    "column_user": _column("actor_user_id", "gen_random_uuid()", "actor_user_id IS NOT NULL"),
    "column_user_gone": _column("actor_user_id", "NULL", "actor_user_id IS NOT NULL"),
    "column_subject": _column("subject_id", "gen_random_uuid()", "subject_id IS NOT NULL"),
    "column_referral": _column("referral_id", "gen_random_uuid()", "referral_id IS NOT NULL"),
}


@attack
def opening_deleted(hand: Hand) -> int:
    at = hand.any("actor_user_id IS NOT NULL OR subject_id IS NOT NULL")
    hand.run("DELETE FROM log_opening WHERE entry_id = %s", entry_id_at(hand, at))
    return at


@attack
def opening_altered(hand: Hand) -> int:
    at = hand.any("actor_user_id IS NOT NULL OR subject_id IS NOT NULL")
    sealed = hand.value(
        "SELECT sealed_openings FROM log_opening WHERE entry_id = %s", entry_id_at(hand, at)
    )
    hand.run(
        "UPDATE log_opening SET sealed_openings = %s WHERE entry_id = %s",
        hand.flip(bytes(sealed)), entry_id_at(hand, at),
    )  # fmt: skip
    return at


@attack
def opening_exchanged(hand: Hand) -> int:
    found = hand.db.execute(
        "SELECT e.seq, e.id FROM log_entry e JOIN log_opening o ON o.entry_id = e.id ORDER BY e.seq"
    ).fetchall()
    one, two = sorted(hand.dice.sample(found, 2))
    hand.run(
        "UPDATE log_opening o SET sealed_openings = p.sealed_openings, agency_id = p.agency_id,"
        " subject_id = p.subject_id FROM log_opening p WHERE o.entry_id IN (%s, %s)"
        " AND p.entry_id IN (%s, %s) AND p.entry_id <> o.entry_id", *(one[1], two[1]) * 2,
    )  # fmt: skip
    return int(one[0])


def entry_id_at(hand: Hand, at: int) -> UUID:
    found: UUID = hand.value("SELECT id FROM log_entry WHERE seq = %s", at)
    return found


def a_release(hand: Hand) -> tuple[UUID, int]:
    found = hand.db.execute(
        "SELECT r.id, e.seq FROM release r JOIN log_entry e ON e.id = r.entry_id ORDER BY e.seq"
    ).fetchall()
    release, at = hand.dice.choice(found)
    return release, int(at)


@attack
def release_fields(hand: Hand) -> int:
    release, at = a_release(hand)
    field = hand.dice.choice(["health.why", "identity.nhs_number", "need", "need.task_note"])
    hand.run(
        "UPDATE release SET field_ids = array_append(field_ids, %s) WHERE id = %s", field, release
    )
    return at


@attack
def release_recipient(hand: Hand) -> int:
    release, at = a_release(hand)
    hand.run("UPDATE release SET recipient_agency_id = origin_agency_id WHERE id = %s", release)
    return at


@attack
def release_other_entry(hand: Hand) -> int:
    release, own = a_release(hand)
    at = hand.any("type <> 'release'")
    hand.run("UPDATE release SET entry_id = %s WHERE id = %s", entry_id_at(hand, at), release)
    return min(own, at)


def _handed_out(hand: Hand, entry_id: UUID) -> None:
    town = hand.bench.town
    hand.run(
        "INSERT INTO release (id, task_id, referral_id, record_version, origin_agency_id,"
        " recipient_agency_id, stage, field_ids, wrapped_keys, key_version, entry_id, effect_id,"
        " at) VALUES (gen_random_uuid(), %s, %s, 1, %s, %s, 'offer', %s, '\\x00', 1, %s,"
        " gen_random_uuid(), now())",
        town.task, town.referrals[0], town.surgery, town.time_bank, ["contact.area"], entry_id,
    )  # fmt: skip


@attack
def release_without_entry(hand: Hand) -> None:
    _handed_out(hand, new_id(hand.bench.now))


@attack
def release_pending(hand: Hand) -> None:
    row = hand.forged(EntryType.RELEASE)
    hand.put(row, None)
    _handed_out(hand, row.entry["id"])


@attack
def pending_edit(hand: Hand) -> None:
    row = hand.forged()
    entry = row.entry["entry"].replace(b'"permit"', b'"refuse"')
    hand.put(LogRow({**row.entry, "entry": entry, "outcome": "refuse"}, row.opening), None)


@attack
def pending_garbage(hand: Hand) -> None:
    row = hand.forged()
    hand.put(LogRow({**row.entry, **_garbage(hand)}, row.opening), None)
