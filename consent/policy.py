"""The tables of the law, loaded once into one frozen value that a decision takes as an argument.

The tables (`consent/tables/*.toml`) are what an officer edits; the rules (`consent/rules.py` and
its neighbours) are what a programmer edits. `Policy.hash` covers both, so a decision in the log
names exactly the law that made it, and an altered or rolled-back table shows as another hash.

Loading checks the tables against the closed lists of `consent.codes`: a code without a row, a row
without a code, an unknown field or evidence name is a `ConsentError` that says where. The limit:
the tables' dates and versions are for people; only the hash identifies a policy.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from importlib.resources import files
from typing import Any, TypeVar

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
from consent.notices import load_notices

TABLES = ("fields", "recipients", "purposes", "bases", "words", "notices")
RULE_SOURCES = (
    "codes",
    "decide",
    "emergency",
    "footing",
    "grounds",
    "ledger",
    "model",
    "notices",
    "outcome",
    "policy",
    "proxies",
    "rules",
    "safeguarding",
    "worksheet",
)

Tables = Mapping[str, Mapping[str, Any]]
Code = TypeVar("Code", bound=StrEnum)


class DecidedBy(StrEnum):
    """Who decides about a purpose: the rules from consent, from an emergency override or from a
    safeguarding concern, a human, or nobody (no field goes).
    """

    CONSENT = "consent"
    OVERRIDE = "override"
    CONCERN = "concern"
    PERSON = "person"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class EvidenceNeeded:
    """`all_of`: each is needed. `any_of`: at least one is needed, unless it is empty."""

    all_of: tuple[str, ...]
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfidentialityTerms:
    """When a confidentiality basis may be relied on."""

    event_types: frozenset[EventType]
    recipients: frozenset[RecipientType]
    service_agreement: bool
    evidence: EvidenceNeeded


class ReasonFault(StrEnum):
    """What keeps a written reason from being one of substance."""

    TOO_SHORT = "too_short"
    TOO_FEW_WORDS = "too_few_words"


@dataclass(frozen=True, slots=True)
class LegalFooting:
    """What sharing without consent rests on under the data protection law and the duty of
    confidentiality.
    """

    article6: Article6
    article9: Article9
    confidentiality: ConfidentialityBasis


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """Who may open a record in an emergency, for how long, on what footing, and with which words.

    `evidence` holds references that stand for the whole organisation. A reason has at least
    `shortest` characters and `words` different words that are not among `fillers`.
    """

    minutes: int
    roles: frozenset[str]
    causes: Mapping[EmergencyCause, LegalFooting]
    evidence: Mapping[str, str]
    shortest: int
    words: int
    fillers: frozenset[str]
    says: Mapping[ReasonFault, str]


@dataclass(frozen=True, slots=True)
class SafeguardingTerms:
    """On what footing a safeguarding concern is shared, and for how many days one raised counts.

    `evidence` holds references that stand for the whole organisation.
    """

    footing: LegalFooting
    days: int
    evidence: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MinimumSet:
    """The most that a kind of recipient is told at a stage: field ids, also by class."""

    classes: frozenset[DataClass]
    fields: Mapping[DataClass, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What is missing, how to put it right, and who can."""

    missing: str
    fix: str
    clearer: Clearer


@dataclass(frozen=True, slots=True)
class Policy:
    """The law that a decision is made under. `notices`: id, version and language of known words."""

    hash: str
    fields: Mapping[DataClass, frozenset[str]]
    class_names: Mapping[DataClass, str]
    special: frozenset[DataClass]
    sensitive: frozenset[DataClass]
    minimum: Mapping[tuple[RecipientType, Stage], MinimumSet]
    insured: frozenset[RecipientType]
    decided_by: Mapping[Purpose, DecidedBy]
    safeguarding_route: frozenset[RecipientType]
    emergency: EmergencyTerms
    safeguarding: SafeguardingTerms
    child_until: int
    parental_responsibility_until: int
    article6: Mapping[Article6, EvidenceNeeded]
    article9: Mapping[Article9, EvidenceNeeded]
    confidentiality: Mapping[ConfidentialityBasis, ConfidentialityTerms]
    evidence_words: Mapping[str, str]
    refusal_words: Mapping[RefusalReason, Words]
    hold_words: Mapping[HoldReason, Words]
    notices: frozenset[tuple[str, str, str]]


@cache
def current_policy() -> Policy:
    """Return the policy of the tables and rules installed with this package, loaded once."""
    return load_policy(read_tables(), rule_source())


def read_tables() -> Tables:
    """Return the decision tables by name, as TOML parses them."""
    folder = files("consent") / "tables"
    return {name: tomllib.loads((folder / f"{name}.toml").read_text("utf-8")) for name in TABLES}


def rule_source() -> str:
    """Return the source text of the rules and of everything they stand on."""
    return "\n".join((files("consent") / f"{name}.py").read_text("utf-8") for name in RULE_SOURCES)


def policy_hash(tables: Tables, source: str) -> str:
    """Return SHA-256, in hex, of the tables as canonical JSON, a NUL byte, and the source."""
    canonical = json.dumps(tables, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode() + b"\x00" + source.encode()).hexdigest()


def load_policy(tables: Tables, source: str) -> Policy:
    """Return the policy that the tables describe; raise `ConsentError` where they do not fit."""
    fields, recipients, purposes, bases, words, notices = (tables[name] for name in TABLES)
    catalogue = _catalogue(fields)
    needed = partial(_needed, frozenset(bases["evidence"]))
    return Policy(
        hash=policy_hash(tables, source),
        fields=catalogue,
        class_names={code: fields[code]["name"] for code in DataClass},
        special=frozenset(code for code in DataClass if fields[code]["special"]),
        sensitive=frozenset(code for code in DataClass if fields[code]["sensitive"]),
        minimum=_minimum_sets(recipients, catalogue),
        insured=frozenset(code for code in RecipientType if recipients[code]["insurance"]),
        decided_by={
            code: DecidedBy(row)
            for code, row in _rows(Purpose, purposes["decided_by"], "purposes.decided_by")
        },
        safeguarding_route=frozenset(map(RecipientType, purposes["safeguarding_route"])),
        emergency=_emergency(purposes["emergency"], frozenset(bases["evidence"])),
        safeguarding=_safeguarding(purposes["safeguarding"], frozenset(bases["evidence"])),
        child_until=purposes["child_until"],
        parental_responsibility_until=purposes["parental_responsibility_until"],
        article6={k: needed(row) for k, row in _rows(Article6, bases["article6"], "article6")},
        article9={k: needed(row) for k, row in _rows(Article9, bases["article9"], "article9")},
        confidentiality={
            code: ConfidentialityTerms(
                event_types=frozenset(map(EventType, row["event_types"])),
                recipients=_recipient_types(row["recipients"]),
                service_agreement=row["service_agreement"],
                evidence=needed(row),
            )
            for code, row in _rows(
                ConfidentialityBasis, bases["confidentiality"], "confidentiality"
            )
        },
        evidence_words=bases["evidence"],
        refusal_words=_words(RefusalReason, words["refusal"]),
        hold_words=_words(HoldReason, words["hold"]),
        notices=frozenset(
            (known.id, known.version, known.language) for known in load_notices(notices["notice"])
        ),
    )


def _rows(codes: type[Code], table: Mapping[str, Any], where: str) -> Iterable[tuple[Code, Any]]:
    """Yield each code with its row; raise unless codes and rows match one to one."""
    expected = {code.value for code in codes}
    present = {key for key in table if key != "version"}
    if expected != present:
        odd = ", ".join(sorted(expected ^ present))
        raise ConsentError(f"consent table {where}: each code needs exactly one row; check {odd}")
    return ((code, table[code]) for code in codes)


def _catalogue(table: Mapping[str, Any]) -> Mapping[DataClass, frozenset[str]]:
    return {
        code: frozenset(f"{code}.{name}" for name in row["fields"])
        for code, row in _rows(DataClass, table, "fields")
    }


def _minimum_sets(
    table: Mapping[str, Any], catalogue: Mapping[DataClass, frozenset[str]]
) -> Mapping[tuple[RecipientType, Stage], MinimumSet]:
    sets = {}
    for kind, row in _rows(RecipientType, table, "recipients"):
        offer = _expand(row["offer"], catalogue)
        sets[kind, Stage.OFFER] = _by_class(offer, catalogue)
        sets[kind, Stage.ACCEPTED] = _by_class(
            offer | _expand(row["accepted"], catalogue), catalogue
        )
    return sets


def _expand(
    patterns: Iterable[str], catalogue: Mapping[DataClass, frozenset[str]]
) -> frozenset[str]:
    """Return the field ids that the patterns ("class.field" or "class.*") stand for."""
    expanded: set[str] = set()
    for pattern in patterns:
        data_class, _, name = pattern.partition(".")
        chosen = {
            field
            for known in catalogue.values()
            for field in known
            if field == pattern or (name == "*" and field.startswith(f"{data_class}."))
        }
        if not chosen:
            raise ConsentError(f"consent table recipients: no field is called {pattern}")
        expanded |= chosen
    return frozenset(expanded)


def _by_class(
    field_ids: frozenset[str], catalogue: Mapping[DataClass, frozenset[str]]
) -> MinimumSet:
    fields = {code: field_ids & known for code, known in catalogue.items() if field_ids & known}
    return MinimumSet(classes=frozenset(fields), fields=fields)


def _needed(known: frozenset[str], row: Mapping[str, Any]) -> EvidenceNeeded:
    """Read `all` and `any` of a row; refuse another key and evidence that is not in the list."""
    odd = set(row) - {"all", "any", "event_types", "recipients", "service_agreement"}
    needed = EvidenceNeeded(tuple(row.get("all", ())), tuple(row.get("any", ())))
    odd |= {*needed.all_of, *needed.any_of} - known
    if odd:
        raise ConsentError(f"consent table bases: not known here: {', '.join(sorted(odd))}")
    return needed


def _emergency(table: Mapping[str, Any], known: frozenset[str]) -> EmergencyTerms:
    reason = table["reason"]
    return EmergencyTerms(
        minutes=table["minutes"],
        roles=frozenset(table["roles"]),
        causes={
            code: _footing(row)
            for code, row in _rows(EmergencyCause, table["cause"], "purposes.emergency.cause")
        },
        evidence=_standing_evidence(table["evidence"], known, "emergency"),
        shortest=reason["shortest"],
        words=reason["words"],
        fillers=frozenset(reason["fillers"]),
        says=dict(_rows(ReasonFault, reason["says"], "purposes.emergency.reason.says")),
    )


def _safeguarding(table: Mapping[str, Any], known: frozenset[str]) -> SafeguardingTerms:
    evidence = _standing_evidence(table["evidence"], known, "safeguarding")
    return SafeguardingTerms(_footing(table), table["days"], evidence)


def _footing(row: Mapping[str, Any]) -> LegalFooting:
    return LegalFooting(
        Article6(row["article6"]),
        Article9(row["article9"]),
        ConfidentialityBasis(row["confidentiality"]),
    )


def _standing_evidence(
    table: Mapping[str, str], known: frozenset[str], where: str
) -> Mapping[str, str]:
    if odd := set(table) - known:
        names = ", ".join(sorted(odd))
        raise ConsentError(f"consent table purposes: {where}.evidence does not know {names}")
    return table


def _recipient_types(values: Iterable[str]) -> frozenset[RecipientType]:
    return frozenset(RecipientType) if "*" in values else frozenset(map(RecipientType, values))


def _words(codes: type[Code], table: Mapping[str, Any]) -> Mapping[Code, Words]:
    return {
        code: Words(row["missing"], row["fix"], Clearer(row["clearer"]))
        for code, row in _rows(codes, table, f"words.{codes.__name__}")
    }
