"""Each decision, disclosure and look is explained in words, for every rule, reason and basis."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from consent import grounds
from consent.codes import (
    Article6,
    Article9,
    Clearer,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    GivenBy,
    HoldReason,
    Purpose,
    RefusalReason,
    RuleId,
    Stage,
)
from consent.evidence.entry import Agencies, Entry, EntryType, LawfulBasis
from referral_hub.audit.decisions import Verdict
from referral_hub.domain.codes import ReviewOutcome
from referral_hub.domain.commands import AskEmergencyAccess
from referral_hub.errors import NotFound
from referral_hub.services import replay_decisions
from referral_hub.services.audit_entry import Inclusion, Proof
from referral_hub.services.audit_log import Logged
from referral_hub.services.emergency_access import ask_emergency_access, open_in_emergency
from referral_hub.services.erase_person import erase_person
from referral_hub.services.explain_entry import Explained, explain
from referral_hub.services.release import open_task, view_own
from referral_hub.services.withdraw import withdraw_agreement
from referral_hub.store.audit_log import AuditRow
from referral_hub.web import labels as module
from referral_hub.web.explanation import explanation, happened_key
from referral_hub.web.labels import Labels
from referral_hub.web.officer_words import shown
from tests.leaks import without_ids
from tests.web.mereford import FAMILY_NAME, FIRST_NAME, TASK_NOTE, WHY, Mereford
from tests.web.test_officer import text_of

TABLE = tomllib.loads((Path(module.__file__).parent / "labels.toml").read_text(encoding="utf-8"))
MADE_AGAIN = TABLE["Verdict.one"]
PERSONAL = (FIRST_NAME, FAMILY_NAME, WHY, TASK_NOTE, "07700", "1948")
AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SENDER, RECIPIENT = UUID(int=1), UUID(int=2)
CODED = {
    "RuleId.met": RuleId,
    "RuleId.stopped": RuleId,
    "Article6.explained": Article6,
    "Article9.explained": Article9,
    "ConfidentialityBasis.explained": ConfidentialityBasis,
    "GivenBy.explained": GivenBy,
    "Clearer.explained": Clearer,
    "Stage.explained": Stage,
    "Verdict.one": Verdict,
}


def explained(us: UUID = SENDER, **changes: Any) -> str:
    """The page's words for an entry that is made up; `changes` are the entry's."""
    entry = Entry(
        **{
            "id": str(uuid4()),
            "type": EntryType.DECISION,
            "at": AT,
            "agencies": Agencies(str(SENDER), str(RECIPIENT), None),
            "purpose": "support",
            **changes,
        }
    )
    row = AuditRow(
        UUID(entry.id), 7, b"", entry.type, AT, entry.outcome, SENDER, RECIPIENT, None, None,
        None, None, None, None, None,
    )  # fmt: skip
    refused = entry.type is EntryType.DECISION and entry.outcome != "permit"
    logged = Logged(row, entry, "Surgery", "Library", None, us == SENDER or not refused)
    found = Explained(
        logged, Inclusion(Proof.INCLUDED, 9), us == SENDER, erased=False, agreed=(), again=None
    )
    labels = Labels()
    parts = explanation(found, shown(logged, us, labels), labels)
    assert all(part.heading for part in parts)
    words = " ".join(word for part in parts for word in (*part.sentences, *part.points))
    assert "{" not in words
    assert "None" not in words
    return words


@pytest.mark.parametrize("name", CODED)
def test_every_code_is_explained_and_nothing_else_is(name: str) -> None:
    assert set(TABLE[name]) == {code.value for code in CODED[name]}
    assert len(set(TABLE[name].values())) == len(TABLE[name])


def test_every_way_that_something_is_decided_or_shown_has_its_sentence() -> None:
    outcomes = ("permit", "hold", "refuse")
    purposes = (*(purpose.value for purpose in Purpose), "own_record")
    keys = {"release", "override", "override_review"}
    for outcome, purpose in product(outcomes, purposes):
        entry = Entry(
            id=str(uuid4()), type=EntryType.DECISION, at=AT, agencies=Agencies(str(SENDER)),
            purpose=purpose, outcome=outcome,
        )  # fmt: skip
        keys.add(happened_key(entry))
    keys |= {f"view_{purpose}" for purpose in (*purposes, "subject_access")}
    assert keys == set(TABLE["Explained"])


@pytest.mark.parametrize("rule", RuleId)
def test_each_rule_says_what_it_found_and_what_it_stopped(rule: RuleId) -> None:
    basis = LawfulBasis("e", "h", "explicit_consent")
    yes = explained(outcome="permit", rules=(rule.value,), basis=basis)
    no = explained(outcome="refuse", rules=(rule.value,), details={"reason": "consent_expired"})
    assert TABLE["RuleId.met"][rule.value] in yes
    assert TABLE["RuleId.stopped"][rule.value] in no


@pytest.mark.parametrize("reason", [*RefusalReason, *HoldReason])
def test_each_reason_says_what_is_missing_how_to_put_it_right_and_who_can(reason: Any) -> None:
    outcome = "hold" if isinstance(reason, HoldReason) else "refuse"
    words = explained(outcome=outcome, rules=("R05", "R15"), details={"reason": reason.value})
    assert "Who can do it: " in words
    assert "so nothing went" in words
    theirs = explained(RECIPIENT, outcome=outcome, rules=("R05",), details={"reason": reason.value})
    assert "Who can do it" not in theirs
    assert "R05" not in theirs
    assert TABLE["Explained.ledger"]["theirs"] in theirs


@pytest.mark.parametrize("code", [*Article6, *Article9, *ConfidentialityBasis])
def test_each_basis_is_a_sentence_of_its_own(code: Any) -> None:
    fields = {Article6: "article6", Article9: "article9", ConfidentialityBasis: "confidentiality"}
    basis = LawfulBasis(**{fields[type(code)]: code.value})
    words = explained(type=EntryType.RELEASE, outcome="permit", basis=basis)
    assert TABLE[f"{type(code).__name__}.explained"][code.value] in words
    assert "changes their mind" in words


@pytest.mark.parametrize("cause", EmergencyCause)
def test_an_emergency_says_its_cause_and_that_it_was_used_once(cause: EmergencyCause) -> None:
    words = explained(
        type=EntryType.VIEW, purpose="emergency", outcome="permit",
        details={"emergency": cause.value},
    )  # fmt: skip
    assert Labels().label(cause).lower() in words
    assert "used once" in words


@pytest.mark.parametrize("found", ReviewOutcome)
def test_a_review_of_an_emergency_says_what_was_found(found: ReviewOutcome) -> None:
    words = explained(type=EntryType.OVERRIDE, purpose="emergency", outcome=found.value)
    assert TABLE["LogOutcome"][found.value].lower() in words


@pytest.mark.parametrize("outcome", ["permit", "hold", "refuse"])
def test_a_safeguarding_concern_says_where_it_went(outcome: str) -> None:
    words = explained(purpose="safeguarding", outcome=outcome, rules=("R13",))
    assert "safeguarding concern" in words


def test_whatever_a_permit_can_leave_out_has_a_reason_in_words() -> None:
    source = Path(str(grounds.__file__)).read_text(encoding="utf-8")
    reachable = {RefusalReason[name].value for name in re.findall(r"RefusalReason\.(\w+)", source)}
    reachable |= {"beyond_minimum_set", "agreement_other_classes", "classes_not_covered"}
    assert reachable <= set(TABLE["RefusalReason.withheld"])
    assert set(TABLE["RefusalReason.withheld"]) <= {code.value for code in RefusalReason}


# On a running hub


@pytest.fixture(scope="module")
def mereford(town: Any) -> Mereford:
    return Mereford(town.hub, town.url)


def newest(mereford: Mereford, kind: str, more: str = "true") -> UUID:
    with mereford.hub.database.working() as connection:
        found: UUID = connection.exec_driver_sql(
            f"SELECT id FROM log_entry WHERE type = '{kind}' AND {more} ORDER BY id DESC LIMIT 1"  # noqa: S608 - names from this file
        ).scalar_one()
    return found


def why(town: Any, entry_id: UUID, by: str = "surgery-dpo") -> str:
    answer = town.browser(by).get(f"/log/entries/{entry_id}/why")
    assert answer.status_code == 200
    assert not [fact for fact in PERSONAL if fact in without_ids(answer.text)]
    return text_of(answer.text)


def test_a_disclosure_is_explained_from_the_entry_and_the_ledger(
    town: Any, mereford: Mereford
) -> None:
    mereford.offered()
    entry_id = newest(mereford, "release")
    page = why(town, entry_id)
    for words in (
        "Why was this shown to Mereford Good Neighbours?",
        "Harbour Street Surgery told Mereford Good Neighbours about this person",
        "a task that the law gives to a public body",
        "the person said yes in so many words",
        "after notice support-referral, version 2, in English",
        "naming Mereford Council and Mereford Good Neighbours",
        "They wanted the help. It was in force for this agency at that moment.",
        "Why they were referred: left out. An agency of this kind is never told it",
        "R04: the person was told this agency’s name",
        "It stops when the person changes their mind",
        "As things stood then it was good until the end of",
        "In the log, proved by the newest checkpoint",
        MADE_AGAIN["matches"],
    ):
        assert words in page, words
    assert "Explain this in plain words" in town.browser("surgery-dpo").get(
        f"/log/entries/{entry_id}").text  # fmt: skip


def test_what_changed_afterwards_does_not_change_the_explanation(
    town: Any, mereford: Mereford
) -> None:
    task = mereford.offered()
    entry_id = newest(mereford, "release")
    town.clock.pass_by(timedelta(minutes=20))
    withdraw_agreement(town.hub, mereford.actor("gp"), task.referral_id)
    page = why(town, entry_id)
    assert "It was in force for this agency at that moment" in page
    assert "withdrawn, said by" not in page
    mereford.about_the_person(task, {"never_share_with": [mereford.agencies["neighbours"]]})
    page = why(town, entry_id)
    assert TABLE["Explained.ledger"]["alone"] in page
    assert MADE_AGAIN["matches"] in page


def test_a_refusal_says_what_was_not_named_and_a_look_who_looked(
    town: Any, mereford: Mereford
) -> None:
    mereford.refer(to=("council",), classes=frozenset({DataClass.NEED}))
    page = why(town, newest(mereford, "decision", "outcome = 'refuse'"))
    assert "Why was this decided?" in page
    assert "R04: the person was not told this agency’s name" in page
    assert "It does not name this agency." in page
    assert "Tell the person the name of the agency, ask again" in page
    task = mereford.offered()
    open_task(town.hub, mereford.actor("neighbours"), task.id)
    view = newest(mereford, "view")
    assert "The rules were asked again at that moment" in why(town, view)
    view_own(town.hub, mereford.actor("gp"), task.referral_id)
    page = why(town, newest(mereford, "view"))
    assert "Why was this shown to Dr Amara Osei, referrer?" in page
    assert "Nothing left the agency" in page
    assert not [words for words in MADE_AGAIN.values() if words in page]


def test_an_emergency_is_explained_to_both_officers(town: Any, mereford: Mereford) -> None:
    task = mereford.accepted()
    council = mereford.actor("council")
    asked = AskEmergencyAccess(
        task.id, uuid4(), EmergencyCause.OTHERS_AT_RISK,
        "A neighbour hears water running and nobody answers the door.",
    )  # fmt: skip
    ticket = ask_emergency_access(town.hub, council, asked)
    open_in_emergency(town.hub, council, task.id, ticket)
    for by in ("surgery-dpo", "council-dpo"):
        page = why(town, newest(mereford, "view", "outcome = 'permit'"), by)
        assert (MADE_AGAIN["matches"] in page) is (by == "surgery-dpo")
        assert "opened this record once, in an emergency" in page
        assert "somebody else is at risk of serious harm" in page
    assert "What the person agreed to is kept by the agency that sent it" in page
    assert "Alerts went to the officers" in why(town, newest(mereford, "override"))


def test_after_an_erasure_the_entry_is_explained_without_the_person(
    town: Any, mereford: Mereford
) -> None:
    task = mereford.offered()
    entry_id = newest(mereford, "release")
    with town.hub.database.working() as connection:
        person = connection.exec_driver_sql(
            "SELECT subject_id FROM referral WHERE id = %s", (task.referral_id,)
        ).scalar_one()
    erase_person(town.hub, mereford.actor("surgery-dpo"), person)
    page = why(town, entry_id)
    assert TABLE["Explained.ledger"]["erased"] in page
    assert MADE_AGAIN["erased"] in page


def test_a_decision_that_was_logged_otherwise_says_so_on_its_own_page(
    town: Any, mereford: Mereford, monkeypatch: pytest.MonkeyPatch
) -> None:
    mereford.offered()
    entry_id = newest(mereford, "release")
    otherwise = (Verdict.DIFFERS, "the rules give something else")
    monkeypatch.setattr(replay_decisions, "recompute", lambda *_: otherwise)
    assert MADE_AGAIN["differs"] in why(town, entry_id)
    monkeypatch.setattr(replay_decisions, "known_policies", lambda _: lambda _: None)
    assert MADE_AGAIN["unknown-policy"] in why(town, entry_id)


def test_reading_an_explanation_stands_in_the_log_once(town: Any, mereford: Mereford) -> None:
    mereford.offered()
    entry_id, officer = newest(mereford, "release"), mereford.actor("surgery-dpo")
    before = mereford.entries("access")
    explain(town.hub, officer, entry_id)
    explain(town.hub, officer, entry_id)
    assert mereford.entries("access") == before + 1


def test_what_is_not_ours_or_decides_nothing_is_not_there(town: Any, mereford: Mereford) -> None:
    mereford.offered()
    for by, entry_id in (
        ("hill-dpo", newest(mereford, "release")),
        ("surgery-dpo", newest(mereford, "consent")),
        ("surgery-dpo", uuid4()),
    ):
        with pytest.raises(NotFound):
            explain(town.hub, mereford.actor(by), entry_id)
