"""The tables are the law: they must be complete, and every change of them must show."""

import copy
from typing import Any

import pytest

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    HoldReason,
    Purpose,
    RefusalReason,
)
from consent.decide import decide
from consent.grounds import OWN_RECORDS
from consent.ledger import ENDING
from consent.model import ConsentError, Permit
from consent.policy import (
    RULE_SOURCES,
    TABLES,
    current_policy,
    load_policy,
    policy_hash,
    read_tables,
    rule_source,
)
from tests.consent import examples
from tests.consent.examples import NOON
from tests.consent.test_purity import sources


def changed(table: str, *path: str, to: Any = None) -> dict[str, Any]:
    """Return the tables with one value changed, or taken away if `to` is not given."""
    tables = copy.deepcopy(dict(read_tables()))
    place: Any = tables[table]
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return tables


def test_the_policy_is_loaded_once_and_hashed_over_its_tables_and_rules() -> None:
    policy = current_policy()
    assert current_policy() is policy
    assert policy.hash == policy_hash(read_tables(), rule_source())
    assert len(policy.hash) == 64


def test_any_change_of_a_table_or_of_a_rule_gives_another_hash() -> None:
    tables, source = read_tables(), rule_source()
    hashes = {
        policy_hash(tables, source),
        policy_hash(tables, source + " "),
        policy_hash(tables, ""),
        policy_hash(changed("purposes", "child_until", to=15), source),
        policy_hash(changed("words", "hold", "person_has_died", "fix", to="Nothing."), source),
    }
    assert len(hashes) == 5


def test_the_hash_does_not_depend_on_the_order_of_a_table() -> None:
    tables = read_tables()
    backwards = {name: dict(reversed(table.items())) for name, table in reversed(tables.items())}
    assert policy_hash(backwards, "rules") == policy_hash(tables, "rules")


def test_every_table_and_every_source_of_a_rule_is_in_the_hash() -> None:
    files = {path.stem for path in (sources() / "tables").glob("*.toml")}
    assert files == set(TABLES)
    modules = {path.stem for path in sources().glob("*.py")}
    assert modules - set(RULE_SOURCES) == {"__init__", "inputs", "linked", "receipt"}
    texts = [(sources() / f"{name}.py").read_text("utf-8") for name in RULE_SOURCES]
    assert rule_source() == "\n".join(texts)


def test_words_that_somebody_adds_are_another_policy_and_what_is_not_in_it_was_never_told() -> None:
    tables = copy.deepcopy(dict(read_tables()))
    rows: list[dict[str, Any]] = tables["notices"]["notice"]
    added = {**rows[0], "version": "99"}
    more, fewer = [*rows, added], [row for row in rows if row["version"] != "2"]
    for notices, version, permitted in (
        (more, "99", True),
        (rows, "99", False),
        (fewer, "2", False),
    ):
        policy = load_policy({**tables, "notices": {"notice": notices}}, rule_source())
        assert (policy.hash == current_policy().hash) is (notices is rows)
        event = examples.a_consent(notice_version=version)
        facts = examples.the_facts(consent_events=(event,))
        outcome = decide(examples.a_request(), facts, NOON, policy=policy)
        assert isinstance(outcome, Permit) is permitted
    with pytest.raises(ConsentError, match="words were changed"):
        load_policy({**tables, "notices": {"notice": [{**added, "text": "Agree."}]}}, rule_source())


def test_every_code_has_its_row() -> None:
    policy = current_policy()
    assert set(policy.article6) == set(Article6)
    assert set(policy.article9) == set(Article9)
    assert set(policy.confidentiality) == set(ConfidentialityBasis)
    assert set(policy.fields) == set(policy.class_names) == set(DataClass)
    assert set(policy.decided_by) == set(Purpose)
    assert set(policy.refusal_words) == set(RefusalReason)
    assert set(policy.hold_words) == set(HoldReason)
    assert set(ENDING.values()) <= set(RefusalReason)


def test_every_article_needs_some_evidence_and_every_evidence_is_needed_by_something() -> None:
    policy = current_policy()
    articles = [*policy.article6.values(), *policy.article9.values()]
    assert all(needed.all_of or needed.any_of for needed in articles)
    confidentiality = [terms.evidence for terms in policy.confidentiality.values()]
    used = {code for needed in articles + confidentiality for code in needed.all_of + needed.any_of}
    assert used == set(policy.evidence_words)
    assert set(OWN_RECORDS) <= used


def test_health_sensitive_and_access_needs_are_special_category_data() -> None:
    special = {DataClass.HEALTH, DataClass.SENSITIVE, DataClass.ACCESS_NEEDS}
    assert current_policy().special == special
    assert special < current_policy().sensitive


def test_the_words_speak_to_people() -> None:
    policy = current_policy()
    for words in (*policy.refusal_words.values(), *policy.hold_words.values()):
        for sentence in (words.missing, words.fix):
            assert sentence.endswith(".")
            assert len(sentence) <= 160
            assert "_" not in sentence
        assert "{" not in words.fix
    missing = [words.missing for words in policy.refusal_words.values()]
    assert len(set(missing)) == len(missing)


@pytest.mark.parametrize(
    ("tables", "where"),
    [
        (changed("bases", "article6", "ea"), "article6"),
        (changed("bases", "article9", "z", to={"all": ["court_order_reference"]}), "article9"),
        (changed("bases", "article6", "e", "all", to=["a hunch"]), "a hunch"),
        (changed("bases", "article6", "e", "al", to=["stated_request"]), "al"),
        (changed("bases", "article9", "h", "any", to=["a hunch"]), "a hunch"),
        (changed("bases", "confidentiality", "statute"), "confidentiality: .*statute"),
        (changed("fields", "risk"), "fields: .*risk"),
        (changed("recipients", "council"), "recipients: .*council"),
        (changed("recipients", "library", "offer", to=["identity.shoe_size"]), "shoe_size"),
        (changed("recipients", "library", "offer", to=["need.needs", "needs"]), "needs"),
        (changed("purposes", "decided_by", "support"), "decided_by: .*support"),
        (changed("words", "refusal", "no_agreement"), "RefusalReason: .*no_agreement"),
        (changed("words", "hold", "because", to={}), "HoldReason: .*because"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tables_that_do_not_fit_are_refused_with_the_place(tables: Any, where: str) -> None:
    with pytest.raises(ConsentError, match=where):
        load_policy(tables, rule_source())
