"""A change of one value of a table changes one part of the law, and nothing else of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from consent.codes import (
    Article6,
    Article9,
    Clearer,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    EventType,
    HoldReason,
    Purpose,
    RecipientType,
    RefusalReason,
    Stage,
)
from consent.model import ConsentError
from consent.policy import (
    DecidedBy,
    EvidenceNeeded,
    LegalFooting,
    MinimumSet,
    Policy,
    ReasonFault,
    Words,
    current_policy,
    load_policy,
    policy_hash,
    read_tables,
    rule_source,
)
from tests.consent.test_policy import changed

LIBRARY = RecipientType.LIBRARY
COUNCIL = RecipientType.COUNCIL
STATUTE = ConfidentialityBasis.STATUTE
DIRECT_CARE = ConfidentialityBasis.IMPLIED_CONSENT_DIRECT_CARE
NOBODY_S_WORDS = {"missing": "It is missing.", "fix": "Find it.", "clearer": "council_owner"}
AS_CODE = Words("It is missing.", "Find it.", Clearer.COUNCIL_OWNER)


def put(known: Mapping[Any, Any], key: Any, value: Any) -> dict[Any, Any]:
    """A mapping with one value changed."""
    return {**known, key: value}


def emergency(**parts: Any) -> Callable[[Policy], Policy]:
    return lambda law: replace(law, emergency=replace(law.emergency, **parts))


def safeguarding(**parts: Any) -> Callable[[Policy], Policy]:
    return lambda law: replace(law, safeguarding=replace(law.safeguarding, **parts))


def confidence(code: ConfidentialityBasis, **parts: Any) -> Callable[[Policy], Policy]:
    def expected(law: Policy) -> Policy:
        terms = replace(law.confidentiality[code], **parts)
        return replace(law, confidentiality=put(law.confidentiality, code, terms))

    return expected


def told_to_the_library(offer: Any, accepted: Any) -> Callable[[Policy], Policy]:
    """The two sets of a library, each as the field ids of its classes."""

    def expected(law: Policy) -> Policy:
        minimum = dict(law.minimum)
        for stage, fields in ((Stage.OFFER, offer), (Stage.ACCEPTED, accepted)):
            known = {code: frozenset(ids.split()) for code, ids in fields.items()}
            minimum[LIBRARY, stage] = MinimumSet(frozenset(known), known)
        return replace(law, minimum=minimum)

    return expected


def another_field_of_finance(law: Policy) -> Policy:
    """Only a council is told anything of that class, and all of it."""
    ids = law.fields[DataClass.FINANCE] | {"finance.pension"}
    fields = put(law.fields, DataClass.FINANCE, ids)
    minimum = dict(law.minimum)
    for stage in Stage:
        told = put(minimum[COUNCIL, stage].fields, DataClass.FINANCE, ids)
        minimum[COUNCIL, stage] = MinimumSet(frozenset(told), told)
    return replace(law, fields=fields, minimum=minimum)


FINANCE = [*read_tables()["fields"]["finance"]["fields"], "pension"]
OFFER = {DataClass.CONTACT: "contact.area", DataClass.NEED: "need.needs need.help need.task_note"}
ACCEPTED = {**OFFER, DataClass.CONTACT: "contact.area contact.phone"}
ACT = EvidenceNeeded(("statute_reference",), ("crime_record",))
ONE_CASE = LegalFooting(
    Article6.LEGAL_OBLIGATION, Article9.EXPLICIT_CONSENT, ConfidentialityBasis.COURT_ORDER
)
FOOTING = {"article6": "c", "article9": "a", "confidentiality": "court_order"}

CHANGES: list[tuple[str, Any, Callable[[Policy], Policy]]] = [
    (
        "fields.need.name",
        "what helps",
        lambda law: replace(law, class_names=put(law.class_names, DataClass.NEED, "what helps")),
    ),
    (
        "fields.need.special",
        True,
        lambda law: replace(law, special=law.special | {DataClass.NEED}),
    ),
    (
        "fields.need.sensitive",
        True,
        lambda law: replace(law, sensitive=law.sensitive | {DataClass.NEED}),
    ),
    ("fields.finance.fields", FINANCE, another_field_of_finance),
    (
        "recipients.library.insurance",
        True,
        lambda law: replace(law, insured=law.insured | {LIBRARY}),
    ),
    (
        "recipients.library",
        {
            "insurance": False,
            "offer": ["contact.area", "need.*"],
            "accepted": ["contact.phone"],
        },
        told_to_the_library(OFFER, ACCEPTED),
    ),
    (
        "recipients.library",
        {"insurance": False, "offer": [], "accepted": []},
        told_to_the_library({}, {}),
    ),
    (
        "purposes.decided_by.support",
        "nobody",
        lambda law: replace(law, decided_by=put(law.decided_by, Purpose.SUPPORT, DecidedBy.NOBODY)),
    ),
    (
        "purposes.safeguarding_route",
        ["library"],
        lambda law: replace(law, safeguarding_route=frozenset({LIBRARY})),
    ),
    ("purposes.child_until", 15, lambda law: replace(law, child_until=15)),
    (
        "purposes.parental_responsibility_until",
        17,
        lambda law: replace(law, parental_responsibility_until=17),
    ),
    ("purposes.emergency.minutes", 20, emergency(minutes=20)),
    ("purposes.emergency.roles", ["warden"], emergency(roles=frozenset({"warden"}))),
    (
        "purposes.emergency.cause.life_at_risk",
        FOOTING,
        lambda law: emergency(
            causes=put(law.emergency.causes, EmergencyCause.LIFE_AT_RISK, ONE_CASE)
        )(law),
    ),
    (
        "purposes.emergency.evidence",
        {"crime_record": "report"},
        emergency(evidence={"crime_record": "report"}),
    ),
    ("purposes.emergency.reason.shortest", 41, emergency(shortest=41)),
    ("purposes.emergency.reason.words", 8, emergency(words=8)),
    ("purposes.emergency.reason.fillers", ["um"], emergency(fillers=frozenset({"um"}))),
    (
        "purposes.emergency.reason.says.too_short",
        "Write more",
        lambda law: emergency(says=put(law.emergency.says, ReasonFault.TOO_SHORT, "Write more"))(
            law
        ),
    ),
    ("purposes.safeguarding.days", 30, safeguarding(days=30)),
    (
        "purposes.safeguarding",
        {**FOOTING, "days": 365, "evidence": {"crime_record": "report"}},
        safeguarding(footing=ONE_CASE, evidence={"crime_record": "report"}),
    ),
    (
        "bases.article6.c",
        {"all": ["statute_reference"], "any": ["crime_record"]},
        lambda law: replace(law, article6=put(law.article6, Article6.LEGAL_OBLIGATION, ACT)),
    ),
    (
        "bases.article9.a",
        {"all": ["statute_reference"], "any": ["crime_record"]},
        lambda law: replace(law, article9=put(law.article9, Article9.EXPLICIT_CONSENT, ACT)),
    ),
    (
        "bases.confidentiality.statute.event_types",
        ["explicit"],
        confidence(STATUTE, event_types=frozenset({EventType.EXPLICIT})),
    ),
    (
        "bases.confidentiality.statute.recipients",
        ["council"],
        confidence(STATUTE, recipients=frozenset({COUNCIL})),
    ),
    (
        "bases.confidentiality.implied_consent_direct_care.recipients",
        ["council", "*"],
        confidence(DIRECT_CARE, recipients=frozenset(RecipientType)),
    ),
    (
        "bases.confidentiality.statute.service_agreement",
        True,
        confidence(STATUTE, service_agreement=True),
    ),
    (
        "bases.confidentiality.statute.all",
        ["crime_record"],
        confidence(STATUTE, evidence=EvidenceNeeded(("crime_record",), ())),
    ),
    (
        "bases.evidence.crime_record",
        "the report",
        lambda law: replace(
            law, evidence_words=put(law.evidence_words, "crime_record", "the report")
        ),
    ),
    (
        "words.refusal.no_agreement",
        NOBODY_S_WORDS,
        lambda law: replace(
            law, refusal_words=put(law.refusal_words, RefusalReason.NO_AGREEMENT, AS_CODE)
        ),
    ),
    (
        "words.hold.person_has_died",
        NOBODY_S_WORDS,
        lambda law: replace(
            law, hold_words=put(law.hold_words, HoldReason.PERSON_HAS_DIED, AS_CODE)
        ),
    ),
]


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    CHANGES,
    ids=[f"{number}-{place}" for number, (place, _, _) in enumerate(CHANGES)],
)
def test_a_change_of_one_value_changes_just_its_part_of_the_law(
    place: str, value: Any, expected: Callable[[Policy], Policy]
) -> None:
    table, *path = place.split(".")
    tables = changed(table, *path, to=value)
    law = expected(current_policy())
    assert law != current_policy()
    assert load_policy(tables, "rules") == replace(law, hash=policy_hash(tables, "rules"))


EACH_CODE = "each code needs exactly one row; check"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("fields.", {}, f"fields: {EACH_CODE} {', '.join(sorted(DataClass))}"),
        ("recipients.hospital", {}, f"recipients: {EACH_CODE} hospital"),
        ("purposes.decided_by.gossip", "nobody", f"purposes.decided_by: {EACH_CODE} gossip"),
        ("purposes.emergency.cause.rain", {}, f"purposes.emergency.cause: {EACH_CODE} rain"),
        (
            "purposes.emergency.reason.says.rude",
            "No",
            f"purposes.emergency.reason.says: {EACH_CODE} rude",
        ),
        (
            "purposes.emergency.evidence",
            {"b": "", "a": "", "crime_record": ""},
            "purposes: emergency.evidence does not know a, b",
        ),
        (
            "purposes.safeguarding.evidence",
            {"hunch": ""},
            "purposes: safeguarding.evidence does not know hunch",
        ),
        ("bases.article6.b", {}, f"article6: {EACH_CODE} b"),
        ("bases.article9.b", {}, f"article9: {EACH_CODE} b"),
        ("bases.confidentiality.oath", {}, f"confidentiality: {EACH_CODE} oath"),
        ("bases.article6.c", {"all": ["hunch"], "al": []}, "bases: not known here: al, hunch"),
        ("words.refusal.because", {}, f"words.RefusalReason: {EACH_CODE} because"),
        ("words.hold.because", {}, f"words.HoldReason: {EACH_CODE} because"),
        ("recipients.library.offer", ["need.*", "*"], "recipients: no field is called *"),
        ("recipients.library.offer", ["needs.*"], "recipients: no field is called needs.*"),
        ("recipients.library.accepted", ["need."], "recipients: no field is called need."),
    ],
)
def test_what_does_not_fit_is_refused_in_these_words(place: str, value: Any, words: str) -> None:
    table, *path = place.split(".")
    tables = changed(table, *path, to=value) if path != [""] else {**read_tables(), table: value}
    with pytest.raises(ConsentError) as refused:
        load_policy(tables, "rules")
    assert str(refused.value) == f"consent table {words}"


def test_a_class_ends_at_the_first_dot() -> None:
    tables = changed("fields", "need", "fields", to=["needs", "task.note", "help", "task_note"])
    offer = {"insurance": False, "offer": ["need.task.note"], "accepted": []}
    tables["recipients"]["library"] = offer
    told = load_policy(tables, "rules").minimum[LIBRARY, Stage.OFFER]
    assert told.fields == {DataClass.NEED: {"need.task.note"}}
    tables["recipients"]["library"] = {**offer, "offer": ["need.task.*"]}
    with pytest.raises(ConsentError, match=r"no field is called need\.task\.\*$"):
        load_policy(tables, "rules")


def test_the_hash_is_of_canonical_json_in_utf_8_then_nul_then_the_rules() -> None:
    tables = {"words": {"b": "§ 75", "a": [1, True]}}
    # printf '{"words":{"a":[1,true],"b":"\xc2\xa7 75"}}\0rules: \xc3\xb4' | sha256sum
    assert policy_hash(tables, "rules: ô") == (
        "58fec330de6a6d7309a9ab97b863be5d53dc841a84943fdf35817e5321d4598e"
    )


def test_the_law_is_the_same_on_a_machine_of_another_encoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = Path.read_text

    def read_there(path: Path, encoding: str | None = None, errors: str | None = None) -> str:
        return read(path, encoding or "utf-16", errors)

    monkeypatch.setattr(Path, "read_text", read_there)
    assert load_policy(read_tables(), rule_source()) == current_policy()
