"""A change is one statement with its evidence: all of it happens or none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege

from referral_hub.audit.events import EntryType, Event, prepare
from referral_hub.errors import Conflict
from referral_hub.services.hub import Hub
from referral_hub.store import change
from referral_hub.store.change import AlreadyThere, Change, LogRow, TaskMove
from referral_hub.store.tables import metadata
from tests.hub_bench import Bench, Row, only


def _entry(bench: Bench) -> LogRow:
    surgery = bench.agencies["surgery"]
    event = Event(type=EntryType.TASK, sender=surgery, actor_agency=surgery, outcome="x")
    return prepare(event, bench.hub.keys, bench.clock())


def _write(hub: Hub, made: Change, agency: UUID) -> None:
    with hub.database.acting_for(agency) as connection:
        change.write(connection, made)


def _move(task: Row, **changes: object) -> TaskMove:
    moved = TaskMove(task["id"], task["version"], "withdrawn", datetime(2026, 11, 1, tzinfo=UTC))
    return replace(moved, **changes)  # type: ignore[arg-type]  # fields by name


def test_a_change_without_a_log_entry_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs its log entry"):
        Change([])


def test_a_task_that_has_moved_on_stops_the_whole_change(bench: Bench) -> None:
    bench.refer()
    bench.refer()
    stale, fresh = bench.tasks()
    entries = bench.one("SELECT count(*) FROM log_entry")
    moves = [_move(fresh), _move(stale, version=stale["version"] - 1)]
    with pytest.raises(Conflict, match="moved this on"):
        _write(bench.hub, Change([_entry(bench)], {}, moves), bench.agencies["surgery"])
    assert bench.tasks() == [stale, fresh]
    assert bench.one("SELECT count(*) FROM log_entry") == entries


def test_a_task_of_another_agency_cannot_be_moved_whatever_its_version(bench: Bench) -> None:
    bench.refer()
    (task,) = bench.tasks()
    with pytest.raises(Conflict):
        _write(bench.hub, Change([_entry(bench)], {}, [_move(task)]), bench.agencies["library"])
    assert bench.tasks() == [task]


def test_a_move_keeps_reason_and_outcome_unless_it_names_them(bench: Bench) -> None:
    bench.refer()
    surgery = bench.agencies["surgery"]
    for changes in ({"reason": "first", "outcome": "helped"}, {"state": "closed"}):
        task = only(bench.tasks())
        _write(bench.hub, Change([_entry(bench)], {}, [_move(task, **changes)]), surgery)
    task = only(bench.tasks())
    assert (task["reason"], task["outcome"], task["version"]) == ("first", "helped", 3)


def test_a_row_that_is_there_already_names_the_rule_that_says_so(bench: Bench) -> None:
    bench.refer()
    copy = only(bench.table("referral"))["copy"] | {
        "id": str(UUID(int=7)),
        "draft_id": str(UUID(int=8)),
    }
    with pytest.raises(AlreadyThere) as refusal:
        _write(bench.hub, Change([_entry(bench)], {"referral": [copy]}), bench.agencies["surgery"])
    assert refusal.value.constraint == "uq_referral_reference"
    assert "RH-" not in str(refusal.value)


def test_a_change_names_only_tables_it_may_insert_into(bench: Bench) -> None:
    made = Change([_entry(bench)], {"staff_user": [{"id": 1}]})
    with pytest.raises(ValueError, match="staff_user"):
        _write(bench.hub, made, bench.agencies["surgery"])


def test_a_move_is_not_planned_before_its_agency_is_known(bench: Bench) -> None:
    bench.refer()
    made = Change([_entry(bench)], {}, [_move(only(bench.tasks()))])
    with (
        bench.hub.database.direct() as link,
        pytest.raises(ValueError, match="moves need a transaction"),
    ):
        change.write_at_once(link, made, acting_for=bench.agencies["surgery"])


def test_rows_for_another_agency_than_the_acting_one_are_refused(bench: Bench) -> None:
    made = Change([_entry(bench)])
    with (
        bench.hub.database.direct() as link,
        pytest.raises(InsufficientPrivilege, match="row-level security"),
    ):
        change.write_at_once(link, made, acting_for=bench.agencies["hill"])
    assert not bench.rows("SELECT id FROM log_entry WHERE outcome = 'x'")


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        'it\'s "quoted"',
        "back\\slash \\x41",
        "new\nline\ttab",
        "żółć 漢字 🙂",
        "{}[]:,",
        "",
    ],
)
def test_text_bytes_and_instants_come_back_as_they_went(bench: Bench, text: str) -> None:
    bench.refer()
    task = only(bench.tasks())
    entry = _entry(bench)
    at = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
    row = only(bench.table("task_event"))["copy"] | {
        "id": UUID(int=9),
        "reason": text,
        "entry_id": entry.entry["id"],
        "at": at,
    }
    _write(bench.hub, Change([entry], {"task_event": [row]}), bench.agencies["surgery"])
    found = only(bench.rows("SELECT * FROM task_event WHERE id = %s", UUID(int=9)))
    assert (found["reason"], found["at"], found["task_id"]) == (text, at, task["id"])
    stored = only(bench.rows("SELECT entry FROM log_entry WHERE id = %s", entry.entry["id"]))
    assert stored["entry"] == entry.entry["entry"]


def test_every_table_that_a_change_writes_exists() -> None:
    assert set(change._INSERTABLE) <= set(metadata.tables)
