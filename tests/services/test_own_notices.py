"""Words that an agency writes itself: two people, every door, and what was told before stays."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from referral_hub.audit.decisions import Verdict
from referral_hub.domain.registers import ItemState, Register
from referral_hub.errors import Conflict, Forbidden, InvalidInput, NotFound
from referral_hub.services.agreement_records import agreement_record
from referral_hub.services.api_reads import look_up
from referral_hub.services.notice_register import decide_notice, words_in_use
from referral_hub.services.own_notices import Writing, every_text, own_words, propose_words
from referral_hub.services.registers import end_item, read_item, read_register
from referral_hub.services.replay_decisions import replay_decisions
from referral_hub.services.submit_many import accept_many
from tests.hub_bench import Bench

FIRST = "We tell only those whom you name, and only what you agree to."
SECOND = "We tell those whom you name less than before. You may say no at any time."
NOTICE = "support-referral"


def writing(bench: Bench, **changes: Any) -> Writing:
    today = bench.clock().date()
    made = Writing(
        notice_id=NOTICE,
        version="own-1",
        language="en",
        text=FIRST,
        since=today,
        until=None,
        review_on=today + timedelta(days=200),
        document="IG-7",
    )
    return replace(made, **changes)


def put_in_use(bench: Bench, **changes: Any) -> UUID:
    item = propose_words(bench.hub, bench.staff["surgery-dpo"], writing(bench, **changes))
    decide_notice(bench.hub, bench.staff["surgery-admin"], item, approve=True)
    return item


def told(bench: Bench, who: str = "gp") -> list[tuple[str, str, str]]:
    used = words_in_use(bench.hub, bench.staff[who], NOTICE)
    return [(one.version, one.language, one.text) for one in used]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def event_of(bench: Bench, referral_id: UUID) -> dict[str, Any]:
    (row,) = bench.rows("SELECT * FROM consent_event WHERE referral_id = %s", referral_id)
    return row


def test_own_words_are_used_once_two_people_agree_and_old_agreements_keep_theirs(
    bench: Bench,
) -> None:
    officer, admin, gp = (bench.staff[name] for name in ("surgery-dpo", "surgery-admin", "gp"))
    installed = told(bench)
    item = propose_words(bench.hub, officer, writing(bench))
    assert told(bench) == installed
    assert read_item(bench.hub, officer, Register.NOTICES, item).state is ItemState.WAITING
    with pytest.raises(Conflict, match="Somebody else"):
        decide_notice(bench.hub, officer, item, approve=True)
    with pytest.raises(InvalidInput):
        bench.refer(agreement=bench.agreed(("mentors",), notice_version="own-1"))
    decide_notice(bench.hub, admin, item, approve=True)
    assert told(bench) == [("own-1", "en", FIRST)]
    assert len(told(bench, "hill-gp")) == len(installed)

    agreed = bench.agreed(("mentors",), notice_version="own-1")
    sent = bench.refer(agreement=agreed)
    assert bench.states(sent.referral_id) == [("mentors", "routed")]
    bench.deliver()
    assert bench.states(sent.referral_id) == [("mentors", "offered")]
    kept = event_of(bench, sent.referral_id)
    assert kept["notice_hash"] == digest(FIRST)

    newer = put_in_use(bench, version="own-2", text=SECOND)
    assert read_item(bench.hub, officer, Register.NOTICES, newer).row["supersedes"] == item
    assert read_item(bench.hub, officer, Register.NOTICES, item).state is ItemState.SUPERSEDED
    assert told(bench) == [("own-2", "en", SECOND)]
    with pytest.raises(InvalidInput):
        bench.refer(agreement=agreed)
    record = agreement_record(bench.hub, gp, kept["id"])
    assert record.words.text == FIRST
    assert record.receipt["receipt"]["privacy_notice_text"] == FIRST
    assert record.record["processing"]["privacy_notice"]["sha256"] == digest(FIRST)
    assert bench.verify().ok


def test_each_decision_over_own_words_is_made_again_from_the_log(bench: Bench) -> None:
    put_in_use(bench)
    bench.refer(agreement=bench.agreed(("mentors",), notice_version="own-1"))
    bench.deliver()
    assert bench.verify().ok
    outcome = replay_decisions(bench.hub)
    assert outcome.ok
    assert outcome.counts[Verdict.MATCHES] >= 2


def test_every_door_has_the_words_in_use(bench: Bench) -> None:
    put_in_use(bench)
    gp = bench.staff["gp"]
    assert [one.text for one in look_up(bench.hub, gp).notices] == [FIRST]
    commands = [
        bench.command(agreement=bench.agreed(("mentors",), notice_version="own-1")) for _ in "ab"
    ]
    with bench.hub.database.acting_for(gp.agency_id) as connection:
        change, accepted = accept_many(
            bench.hub, gp, connection, commands=commands, at=bench.clock()
        )
    assert change is not None
    assert [one.held for one in accepted] == [False, False]
    old = [bench.command(agreement=bench.agreed(("mentors",), notice_version="2"))]
    with (
        bench.hub.database.acting_for(gp.agency_id) as connection,
        pytest.raises(InvalidInput),
    ):
        accept_many(bench.hub, gp, connection, commands=old, at=bench.clock())


def test_the_log_has_an_entry_for_each_step_that_commits_to_the_hash(bench: Bench) -> None:
    item = put_in_use(bench)
    rows = bench.rows("SELECT entry FROM log_entry WHERE type = 'admin' ORDER BY id DESC LIMIT 2")
    entries = [json.loads(bytes(row["entry"])) for row in rows]
    assert [one["outcome"] for one in entries] == ["register_approved", "register_proposed"]
    assert all(one["details"]["item"] == str(item) for one in entries)
    assert FIRST not in json.dumps(entries)
    assert bench.one("SELECT notice_hash FROM notice_adoption WHERE id = %s", item) == digest(FIRST)


def test_a_translation_is_another_language_of_the_same_version(bench: Bench) -> None:
    put_in_use(bench)
    put_in_use(bench, language="cy", text="Dim ond y rhai yr ydych yn eu henwi, os cytunwch.")
    assert [(version, language) for version, language, _ in told(bench)] == [
        ("own-1", "en"),
        ("own-1", "cy"),
    ]
    ours = own_words(bench.hub, bench.staff["surgery-dpo"])
    assert (ours.versions, ours.next) == (("own-1",), "own-2")
    assert f"{NOTICE}/own-1/cy" in every_text(bench.hub, bench.staff["surgery-dpo"])
    assert f"{NOTICE}/own-1/cy" not in every_text(bench.hub, bench.staff["hill-dpo"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"notice_id": "somebody-elses"}, "notice"),
        ({"version": "own-9"}, "version"),
        ({"version": "2"}, "version"),
        ({"version": "own-01"}, "version"),
        ({}, "language"),
        ({"text": ""}, "text"),
        ({"text": "<h1>Agree</h1> to everything that anybody may want to know of you"}, "text"),
        ({"text": FIRST + "\x00"}, "text"),
        ({"text": FIRST * 200}, "text"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    shared_bench: Bench, changes: dict[str, Any], field: str
) -> None:
    officer = shared_bench.staff["surgery-dpo"]
    if not own_words(shared_bench.hub, officer).texts:
        put_in_use(shared_bench)
    with pytest.raises(InvalidInput) as problem:
        propose_words(shared_bench.hub, officer, writing(shared_bench, **changes))
    assert list(problem.value.fields) == [field]
    assert len(own_words(shared_bench.hub, officer).texts) == 1


def test_two_proposals_do_not_wait_for_one_place_and_a_version_is_never_used_twice(
    bench: Bench,
) -> None:
    officer = bench.staff["surgery-dpo"]
    item = propose_words(bench.hub, officer, writing(bench))
    with pytest.raises(Conflict, match="wait"):
        propose_words(bench.hub, officer, writing(bench, version="own-2", text=SECOND))
    end_item(bench.hub, officer, Register.NOTICES, item)
    with pytest.raises(InvalidInput):
        propose_words(bench.hub, officer, writing(bench, text=SECOND))
    assert propose_words(bench.hub, officer, writing(bench, version="own-2", text=SECOND))


def test_no_other_agency_and_no_other_role_has_anything_of_it(bench: Bench) -> None:
    item = put_in_use(bench)
    with pytest.raises(Forbidden):
        propose_words(bench.hub, bench.staff["gp"], writing(bench, version="own-2"))
    hill = bench.staff["hill-dpo"]
    with pytest.raises(NotFound):
        read_item(bench.hub, hill, Register.NOTICES, item)
    assert read_register(bench.hub, hill, Register.NOTICES) == []
    assert own_words(bench.hub, hill).next == "own-1"
    with pytest.raises(InvalidInput):
        propose_words(bench.hub, hill, writing(bench, version="own-2"))
    agreed = bench.agreed(("mentors",), notice_version="own-1")
    with pytest.raises(InvalidInput):
        bench.refer(agreement=agreed, by="hill-gp")


def test_a_text_cannot_be_changed_and_one_that_was_is_not_offered(bench: Bench) -> None:
    item = put_in_use(bench)
    with pytest.raises(psycopg.errors.CheckViolation):
        bench.rows("UPDATE notice_text SET words = 'We tell everybody everything'")
    bench.rows(
        "UPDATE notice_text SET words = 'We tell everybody', sha256 ="
        " encode(sha256(convert_to('We tell everybody', 'UTF8')), 'hex')"
    )
    assert told(bench) == []
    row = read_item(bench.hub, bench.staff["surgery-dpo"], Register.NOTICES, item).row
    assert row["notice_hash"] == digest(FIRST)
