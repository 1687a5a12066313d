"""What somebody does to the rows beside the log: agreements, disclosures, histories, erasures.

One function for each row of `tests/tables/log_tampering.csv`, as in `tests.audit.attacks`.
"""

from __future__ import annotations

from uuid import UUID

from tests.audit.attacks import ATTACKS, Attack, Hand, a_release, attack, entry_id_at

__all__ = ["ATTACKS", "Hand"]


def _ledger(assignment: str, condition: str = "true") -> Attack:
    def change(hand: Hand) -> int:
        record, at = _recorded(hand, condition)
        hand.run(f"UPDATE consent_event SET {assignment} WHERE id = %s", record)  # noqa: S608 - our own names
        return at

    return change


def _recorded(hand: Hand, condition: str = "true") -> tuple[UUID, int]:
    found = hand.db.execute(
        "SELECT c.id, e.seq FROM consent_event c JOIN log_entry e ON e.id = c.entry_id"  # noqa: S608 - our own names
        f" WHERE {condition} ORDER BY e.seq"
    ).fetchall()
    record, at = hand.dice.choice(found)
    return record, int(at)


ATTACKS |= {
    "ledger_state": _ledger("state = 'given'", "c.state = 'refused'"),
    "ledger_recipients": _ledger("recipients = array_append(recipients, gen_random_uuid())"),
    "ledger_validity": _ledger("valid_until = valid_until + interval '1 second'"),
    "ledger_notice": _ledger("notice_hash = repeat('0', 64)"),
    "ledger_person": _ledger(
        "subject_id = (SELECT id FROM subject s WHERE s.id <> consent_event.subject_id LIMIT 1)"
    ),
}


@attack
def ledger_deleted(hand: Hand) -> int:
    record, at = _recorded(hand)
    hand.run("DELETE FROM consent_event WHERE id = %s", record)
    return at


@attack
def ledger_added(hand: Hand) -> None:
    record, _ = _recorded(hand)
    hand.run(
        "INSERT INTO consent_event SELECT (json_populate_record(c, json_build_object('id',"
        " gen_random_uuid(), 'entry_id', NULL, 'state', 'given'))).* FROM consent_event c"
        " WHERE id = %s", record,
    )  # fmt: skip


@attack
def release_deleted(hand: Hand) -> int:
    release, at = a_release(hand)
    hand.run("DELETE FROM release WHERE id = %s", release)
    return at


@attack
def release_and_line_deleted(hand: Hand) -> None:
    hand.run("DELETE FROM release")
    hand.run("DELETE FROM task_event WHERE event = 'deliver'")


@attack
def history_delivery_deleted(hand: Hand) -> int:
    at = int(hand.value("SELECT min(seq) FROM log_entry WHERE type = 'release'"))
    hand.run("DELETE FROM task_event WHERE event = 'deliver'")
    return at


def _line(hand: Hand, condition: str) -> tuple[UUID, int]:
    found = hand.db.execute(
        "SELECT t.id, e.seq FROM task_event t JOIN log_entry e ON e.id = t.entry_id"  # noqa: S608 - our own names
        f" WHERE {condition} ORDER BY e.seq"
    ).fetchall()
    line, at = hand.dice.choice(found)
    return line, int(at)


@attack
def history_state(hand: Hand) -> int:
    line, at = _line(hand, "t.event = 'accept'")
    column = hand.dice.choice(("event", "state", "reason"))
    hand.run(f"UPDATE task_event SET {column} = 'decline' WHERE id = %s", line)  # noqa: S608 - our own names
    return at


@attack
def history_deleted(hand: Hand) -> int:
    line, at = _line(hand, "t.event = 'accept'")
    hand.run("DELETE FROM task_event WHERE id = %s", line)
    return at


@attack
def history_start_deleted(hand: Hand) -> None:
    hand.run("DELETE FROM task_event WHERE event = 'place'")


@attack
def history_other_agency(hand: Hand) -> int:
    line, at = _line(hand, "true")
    hand.run("UPDATE task_event SET recipient_agency_id = gen_random_uuid() WHERE id = %s", line)
    return at


@attack
def erased_openings(hand: Hand) -> int:
    at = hand.any("subject_id IS NOT NULL")
    hand.run(
        "UPDATE log_opening SET sealed_openings = '' WHERE entry_id = %s", entry_id_at(hand, at)
    )
    return at
