"""Rotate the root key by rewrapping: nothing is opened but wrapped keys, and a stopped run goes on
where it was.

Each wrapped row names the root version it needs. The run takes rows below the newest version in
small batches, rewraps them and writes each back only if it is still what was read; when none is
left, everything stands under the new root. What is compared is the version and never an id, so a
run may be stopped at any point and started again, or twice at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.crypto import rotation as wraps
from referral_hub.crypto.records import (
    ImportPartContext,
    MatterWordsContext,
    NoteContext,
    RecordContext,
    ReleaseContext,
)
from referral_hub.services import record
from referral_hub.services.hub import Hub
from referral_hub.store import change, directory, rotation
from referral_hub.store.rotation import Kind, Row

BATCH = 200


@dataclass(frozen=True, slots=True)
class Rotated:
    """The root version that everything stands under, and the rows rewrapped by kind."""

    version: int
    rewrapped: dict[str, int]


def rotate_keys(
    hub: Hub,
    *,
    fresh_root: bool,
    say: Callable[[str, int], None] = lambda _kind, _count: None,
    batch: int = BATCH,
) -> Rotated:
    """Make a new root version if `fresh_root`, then rewrap every row that is below the newest one.

    Raises CryptoError at a row that does not open; what was rewrapped before it stays so.
    """
    version = hub.keys.rotate() if fresh_root else hub.keys.describe().newest_version
    counts = dict.fromkeys((kind.name for kind in rotation.KINDS), 0)
    for kind in rotation.KINDS:
        while done := _one_batch(hub, kind, version=version, most=batch):
            counts[kind.name] += done
            say(kind.name, counts[kind.name])
    _log(hub, version, counts)
    return Rotated(version, counts)


def _one_batch(hub: Hub, kind: Kind, *, version: int, most: int) -> int:
    with hub.database.working() as connection:
        rows = rotation.below(connection, kind, version=version, most=most)
        wrapped = [item for row in rows for item in _wrapped(kind, row)]
        fresh = wraps.rewrap_batch(hub.keys, wrapped)
        rewrapped = [
            (
                row,
                {name: fresh.get(f"{row[kind.key]}/{name}") or row[name] for name in kind.wrapped},
            )
            for row in rows
        ]
        rotation.put_back(connection, kind, rewrapped=rewrapped, version=version)
    return len(rows)


def _wrapped(kind: Kind, row: Row) -> list[wraps.WrappedRow]:
    key = str(row[kind.key])
    name = kind.wrapped[0]
    row_id, data = f"{key}/{name}", row[name]
    match kind.name:
        case "subject":
            owner = str(row["origin_agency_id"])
            return [
                wraps.subject_key_row(row_id=row_id, subject_key_id=key, owner=owner, wrapped=data)
            ]
        case "release":
            agency = str(row["recipient_agency_id"])
            context = _release_context(row)
            return [wraps.release_row(row_id=row_id, agency_id=agency, context=context, blob=data)]
        case "message" | "emergency_note" | "child_decision":
            return _note_rows(kind, row)
        case "log_opening" | "staged_item" | "matter_words" | "import_part":
            return [_agency_row(kind, row)]
        case "draft":
            user = str(row["user_id"])
            return [wraps.draft_row(row_id=row_id, user_id=user, draft_id=key, sealed=data)]
        case "staff_user" | "callback_signer":
            return [wraps.secret_row(row_id=row_id, user_id=key, sealed=data)]
    raise ValueError(f"{kind.name}: no wrapping is known for this table")


def _agency_row(kind: Kind, row: Row) -> wraps.WrappedRow:
    """An envelope under one agency's keys."""
    key, name, agency = str(row[kind.key]), kind.wrapped[0], str(row["agency_id"])
    row_id, sealed = f"{key}/{name}", row[name]
    if kind.name == "staged_item":
        return wraps.staged_row(row_id=row_id, agency_id=agency, item_id=key, sealed=sealed)
    if kind.name == "matter_words":
        words = MatterWordsContext(key, str(row["matter_id"]), agency, row["kind"])
        return wraps.matter_words_row(row_id=row_id, context=words, sealed=sealed)
    if kind.name == "import_part":
        context = ImportPartContext(agency, str(row["import_id"]), row["part"], row["number"])
        return wraps.import_part_row(row_id=row_id, context=context, sealed=sealed)
    return wraps.agency_openings_row(row_id=row_id, agency_id=agency, entry_id=key, sealed=sealed)


def _release_context(row: Row) -> ReleaseContext:
    context = RecordContext(
        schema=record.SCHEMA,
        type="referral",
        id=str(row["referral_id"]),
        version=row["record_version"],
        owner=str(row["origin_agency_id"]),
        subject_key_id=str(row["subject_id"]),
    )
    return ReleaseContext(context, str(row["task_id"]), row["stage"])


def _note_rows(kind: Kind, row: Row) -> list[wraps.WrappedRow]:
    key, reader = str(row[kind.key]), kind.wrapped[1].removeprefix("wrapped_for_")
    origin, other = str(row["origin_agency_id"]), str(row[f"{reader}_agency_id"])
    context = NoteContext(key, str(row["task_id"]), origin, other)
    sides = {"wrapped_for_origin": origin, f"wrapped_for_{reader}": other}
    return [
        wraps.note_row(row_id=f"{key}/{name}", agency_id=agency, context=context, wrapped=row[name])
        for name, agency in sides.items()
        if row[name]  # there is none for a recipient that the referral did not reach
    ]


def _log(hub: Hub, version: int, counts: dict[str, int]) -> None:
    """Every agency's keys stand under the root, so each gets its own entry."""
    at = hub.clock()
    details = {f"rewrapped_{name}": count for name, count in counts.items()}
    with hub.database.working() as connection:
        entries = [
            prepare(
                Event(
                    type=EntryType.KEY,
                    sender=agency_id,
                    actor_agency=agency_id,
                    outcome="rotated",
                    details={"root_version": version, **details},
                ),
                hub.keys,
                at,
            )
            for agency_id in directory.agency_ids(connection)
        ]
        if entries:
            change.write(connection, change.Change(entries))
