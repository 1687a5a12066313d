"""Another agency's officer sees nothing of it, and cannot tell a foreign entry from none."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import UUID

import pytest

from consent.evidence.bundle import open_bundle
from referral_hub.domain.codes import Role
from referral_hub.domain.commands import Actor
from referral_hub.errors import Forbidden, NotFound
from referral_hub.services.audit_entry import entry, open_entry
from referral_hub.services.audit_filters import Filters
from referral_hub.services.audit_log import log_state, search, verify_log
from referral_hub.services.evidence_bundle import write_bundle
from referral_hub.services.open_commitments import openable
from referral_hub.services.release import Withheld, open_task
from tests.web.mereford import Mereford

PER_REQUEST = {"X-Request-Id", "Date"}
NEVER = UUID("0190a000-0000-7000-8000-000000000000")
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    made = Mereford(town.hub, town.url)
    made.accepted()
    return made


def officer_of(mereford: Mereford, agency: str) -> Actor:
    """An officer of an agency that has none of its own in the demonstration."""
    user = mereford.actor(agency).user_id
    return Actor(user, mereford.agencies[agency], Role.DATA_PROTECTION_OFFICER)


def newest(mereford: Mereford, agency: str, **filters: Any) -> list[Any]:
    return list(search(mereford.hub, officer_of(mereford, agency), Filters(**filters)).rows)


def all_of(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [pair for pair in answer.headers if pair[0] not in PER_REQUEST]
    return answer.status_code, answer.get_data(), headers


def all_ids(mereford: Mereford) -> list[UUID]:
    with mereford.hub.database.working() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id FROM log_entry WHERE referral_id IS NOT NULL ORDER BY id"
        )
        return list(rows.scalars())


def test_an_officer_of_an_agency_that_is_no_party_finds_none_of_it(
    town: Any, mereford: Mereford
) -> None:
    hill = town.browser("hill-dpo")
    page = hill.get("/log").text
    table = page.partition("<table")[2]
    assert "Hill View" in table
    assert "Harbour Street" not in table
    assert "Good Neighbours" not in table
    for entry_id in all_ids(mereford):
        assert str(entry_id) not in page


@pytest.mark.parametrize(("method", "rest"), [("GET", ""), ("GET", "/why"), ("POST", "/opened")])
def test_a_foreign_entry_is_not_there(
    town: Any, mereford: Mereford, method: str, rest: str
) -> None:
    hill = town.browser("hill-dpo")
    answers = []
    for entry_id in (*all_ids(mereford)[:3], NEVER):
        path = f"/log/entries/{entry_id}{rest}"
        answers.append(all_of(hill.get(path) if method == "GET" else hill.post(path)))
    assert answers[0][0] == 404
    assert all(answer == answers[0] for answer in answers)
    with mereford.hub.database.working() as connection:
        logged = connection.exec_driver_sql(
            "SELECT convert_from(entry, 'UTF8') FROM log_entry WHERE type = 'access'"
            " AND outcome = 'refused' AND actor_agency_id = %s ORDER BY id DESC LIMIT 4",
            (mereford.agencies["hill"],),
        ).scalars()
        attempts = [json.loads(entry)["details"] for entry in logged]
    asked_for = [str(one) for one in (*all_ids(mereford)[:3], NEVER)]
    assert [attempt["reason"] for attempt in attempts] == ["not_found"] * 4
    assert sorted(attempt["entry"] for attempt in attempts) == sorted(asked_for)


def test_a_foreign_reference_finds_what_an_unknown_one_finds(town: Any, mereford: Mereford) -> None:
    task = mereford.offered()
    hill = town.browser("hill-dpo")
    known = hill.get(f"/log?reference={task.reference}").text.replace(
        task.reference, "RH-2222-2222"
    )
    assert known == hill.get("/log?reference=RH-2222-2222").text


def test_a_bundle_holds_nothing_of_another_agency(mereford: Mereford, tmp_path: Any) -> None:
    target = tmp_path / "evidence.zip"
    mereford.hub.integrator.run()  # type: ignore[union-attr]  # development holds the key
    user = mereford.actor("library").user_id
    for agency in ("neighbours", "library", "hill"):
        officer = Actor(user, mereford.agencies[agency], Role.DATA_PROTECTION_OFFICER)
        with target.open("w+b") as file:
            written = write_bundle(mereford.hub, officer, Filters(), file)
        assert written.entries
        with open_bundle(target) as bundle:
            for index in bundle.all_indexes():
                assert str(officer.agency_id).encode() in bundle.read("entries", index)


# What a mere recipient does not learn


def test_a_recipient_that_was_refused_does_not_learn_of_it(mereford: Mereford) -> None:
    def about_referrals() -> set[UUID]:
        return {r.row.id for r in newest(mereford, "neighbours") if r.row.referral_id is not None}

    seen = about_referrals()
    referral = mereford.refer(to=("council",))
    task = mereford.task(referral)
    assert about_referrals() == seen
    assert newest(mereford, "neighbours", reference=task.reference) == []
    hidden = [one for one in all_ids(mereford) if one not in seen]
    for entry_id in hidden[-4:]:
        with pytest.raises(NotFound):
            entry(mereford.hub, officer_of(mereford, "neighbours"), entry_id)


def test_a_recipient_learns_of_a_referral_only_once_it_was_sent(mereford: Mereford) -> None:
    referral = mereford.refer(deliver=False)
    assert not [r for r in newest(mereford, "neighbours") if r.row.referral_id == referral]
    sent = mereford.offered().referral_id
    rows = [r for r in newest(mereford, "neighbours") if r.row.referral_id == sent]
    assert {row.row.type for row in rows} == {"decision", "release"}


def test_a_refused_look_is_told_without_its_reason(mereford: Mereford) -> None:
    task = mereford.accepted()
    mereford.about_the_person(task, {"never_share_with": [mereford.agencies["neighbours"]]})
    with pytest.raises(Withheld):
        open_task(mereford.hub, mereford.actor("neighbours"), task.id)
    theirs = newest(mereford, "neighbours")[0]
    assert (theirs.row.type, theirs.row.outcome) == ("decision", "refuse")
    assert not theirs.whole
    page = search(mereford.hub, mereford.actor("surgery-dpo"), Filters())
    ours = next(row for row in page.rows if row.row.id == theirs.row.id)
    assert ours.whole
    assert ours.entry is not None
    assert ours.entry.details["reason"] == "person_said_never"


def test_a_refused_look_is_in_no_bundle_of_the_recipient(mereford: Mereford, tmp_path: Any) -> None:
    test_a_refused_look_is_told_without_its_reason(mereford)
    target = tmp_path / "evidence.zip"
    mereford.hub.integrator.run()  # type: ignore[union-attr]  # development holds the key
    with target.open("w+b") as file:
        write_bundle(mereford.hub, officer_of(mereford, "neighbours"), Filters(), file)
    with open_bundle(target) as bundle:
        held = b"".join(bundle.read("entries", index) for index in bundle.all_indexes())
    assert b"person_said_never" not in held
    assert b"R07" in held  # permits list every rule that was looked at
    assert b'"outcome":"refuse"' not in held


# Who may open what, and who may do any of this


@pytest.mark.parametrize(
    ("officer", "sender", "actor", "fields"),
    [
        (A, A, A, {"actor", "subject", "facts", "inputs", "record"}),
        (A, A, None, {"actor", "subject", "facts", "inputs", "record"}),
        (A, A, B, {"subject", "facts", "inputs", "record"}),
        (B, A, B, {"actor", "record"}),
        (B, A, None, {"record"}),
        (B, A, A, {"record"}),
    ],
)
def test_an_officer_opens_their_own_agency_s_side_only(
    officer: UUID, sender: UUID, actor: UUID | None, fields: set[str]
) -> None:
    assert openable(officer, sender=sender, actor=actor) == fields


def test_the_person_s_number_is_never_shown_to_a_recipient(mereford: Mereford) -> None:
    task = mereford.accepted()
    with mereford.hub.database.working() as connection:
        person = connection.exec_driver_sql(
            "SELECT subject_id FROM referral WHERE id = %s", (task.referral_id,)
        ).scalar_one()
    rows = newest(mereford, "neighbours", type="release")
    opened = open_entry(mereford.hub, officer_of(mereford, "neighbours"), rows[0].row.id)
    assert opened.values == {"record": str(task.referral_id)}
    assert opened.withheld == ("facts", "inputs", "subject")
    assert str(person) not in repr(opened.values)


@pytest.mark.parametrize(
    "role", [role for role in Role if role is not Role.DATA_PROTECTION_OFFICER]
)
def test_no_other_role_reads_the_log(mereford: Mereford, role: Role) -> None:
    gp = mereford.actor("gp")
    actor = Actor(gp.user_id, gp.agency_id, role)
    hub = mereford.hub
    asked = (
        lambda: search(hub, actor, Filters()),
        lambda: entry(hub, actor, NEVER),
        lambda: open_entry(hub, actor, NEVER),
        lambda: log_state(hub, actor),
        lambda: verify_log(hub, actor),
        lambda: write_bundle(hub, actor, Filters(), io.BytesIO()),
    )
    for ask in asked:
        with pytest.raises(Forbidden):
            ask()
