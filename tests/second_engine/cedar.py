"""The second engine: the consent rules as Cedar policies, and a case put to them as questions.

The policies in `policies/` were written from the rules' text, not from `consent`; where the two
first disagreed, and which was wrong, stands in `tests/tables/second_engine_cases.csv`.

Cedar cannot say "for some" or "for all", so a case becomes many small questions: each class, on
each agreement with each consent, and whether each consent stands in spite of each other event. A
class may go if one agreement with one consent lets it and no other event ends that consent. The
translation only copies values (blank references are left out, instants become numbers); every rule
is a policy.

The limit: both engines read the same code lists (`consent.codes`) and the same catalogue of fields.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from pathlib import Path

import cedarpy

from consent.codes import DataClass, Purpose, RecipientType, Stage
from consent.model import DisclosureRequest, Facts
from consent.policy import read_tables
from tests.second_engine.translation import Json, entity, ref, the_question, the_records

POLICIES = Path(__file__).parent / "policies"
NOT_TRANSLATABLE = "R00 refuse, the records cannot be put into one question"
KINDS = {
    "agreement": "Agreement",
    "consent": "Consent",
    "other": "Consent",
    "override": "Override",
    "concern": "Concern",
}
LIKEWISE = {"in part:": "R06", "neither given nor renewed": "R03"}
NOTHING_ASKED = "R06 refuse, nothing was asked for"


@dataclass(frozen=True)
class Verdict:
    """What Cedar says: the classes that may go, and the forbidding policies by class.

    `alone` are the policies without any one of which a class more would have gone or waited.
    `seconds` is what Cedar took to answer, without the translation.
    """

    permitted: frozenset[DataClass]
    waiting: frozenset[DataClass]
    fired: Mapping[DataClass, frozenset[str]]
    general: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """Return permit, hold or refuse: one class that may go is a permit."""
        return "permit" if self.permitted else "hold" if self.waiting else "refuse"

    @property
    def rules(self) -> frozenset[str]:
        """Return the numbers of the rules that forbade anything.

        What another rule takes away in part is narrowed to the rest, so R06 is at work as well; an
        event that says no, or nothing yet, is no basis, so R03 is.
        """
        named = self.general.union(*self.fired.values())
        likewise = {rule for policy in named for words, rule in LIKEWISE.items() if words in policy}
        return frozenset(policy[:3] for policy in named) | likewise


def policy_text() -> str:
    """Return all policies as one text."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(POLICIES.glob("*.cedar")))


def schema_text() -> str:
    """Return the schema that the policies are checked against."""
    return (POLICIES / "schema.cedarschema").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Questions:
    """A translated case: the entities, and the questions about them in one batch."""

    entities: str
    requests: list[Json]
    tells: Sequence[tuple[DataClass, str | None]]
    relies: Sequence[tuple[DataClass, str]]


class SecondEngine:
    """Cedar with a text of policies; the minimum sets are decided once, by Cedar as well."""

    def __init__(self, policies: str | None = None) -> None:
        self._policies = cedarpy.PolicySet.from_str(policies or policy_text())
        self._catalogue = read_tables()["fields"]
        classes = [
            entity("DataClass", name, special=self._catalogue[name]["special"])
            for name in DataClass
        ]
        group = [{"type": "Action", "id": "tell"}]
        actions = [{**entity("Action", purpose), "parents": group} for purpose in Purpose]
        self._base = cedarpy.Entities.from_json_str(json.dumps([*classes, *actions]))
        self.minimum = {
            (kind, stage): self._fields(kind, stage)
            for kind, stage in product(RecipientType, Stage)
        }

    def decide(self, request: DisclosureRequest, facts: Facts, at: datetime) -> Verdict:
        """Return what the policies say; a case that cannot be put to them is refused."""
        if not request.classes:
            return Verdict(frozenset(), frozenset(), {}, frozenset({NOTHING_ASKED}))
        try:
            return self.answer(self.translate(request, facts, at))
        except ValueError:
            return Verdict(frozenset(), frozenset(), {}, frozenset({NOT_TRANSLATABLE}))

    def translate(self, request: DisclosureRequest, facts: Facts, at: datetime) -> Questions:
        """Return the case as entities and questions. Raises ValueError if it cannot be put."""
        if at.utcoffset() is None:
            raise ValueError("the instant has no time zone")
        fields = self.minimum[request.recipient_type, request.stage]
        minimum = {field.partition(".")[0] for field in fields}
        entities = [*the_question(request, facts, at, minimum), *the_records(facts)]
        unique = dict.fromkeys(json.dumps(one) for one in entities)
        consents = list(dict.fromkeys(event.id for event in facts.consent_events))
        asked = [name for name in DataClass if name in request.classes]
        tells = list(product(asked, _footings(request.purpose, facts, consents)))
        relies = [
            (name, consent, other)
            for name, consent, other in product(asked, consents, consents)
            if consent != other and request.purpose == Purpose.SUPPORT
        ]
        return Questions(
            f"[{','.join(unique)}]",
            [
                *(_ask(request, request.purpose, name, **footing) for name, footing in tells),
                *(_ask(request, "rely", name, consent=c, other=o) for name, c, o in relies),
            ],
            [(name, footing.get("consent")) for name, footing in tells],
            [(name, consent) for name, consent, _ in relies],
        )

    def answer(self, questions: Questions) -> Verdict:
        """Put the questions to Cedar and gather the answers by class."""
        known = self._base.with_added_json_str(questions.entities)
        began = time.perf_counter()
        results = cedarpy.is_authorized_batch(questions.requests, self._policies, known)
        seconds = time.perf_counter() - began
        ended: dict[tuple[DataClass, str | None], frozenset[str]] = {}
        for key, result in zip(questions.relies, results[len(questions.tells) :], strict=True):
            ended[key] = ended.get(key, frozenset()) | _forbidding(result)
        answers = [
            (key[0], _forbidding(result) | ended.get(key, frozenset()))
            for key, result in zip(questions.tells, results, strict=False)
        ]
        return replace(_gather(answers), seconds=seconds)

    def _fields(self, kind: RecipientType, stage: Stage) -> frozenset[str]:
        fields = [
            (name, f"{name}.{field}")
            for name in DataClass
            for field in self._catalogue[name]["fields"]
        ]
        parents = [
            {**entity("Field", field), "parents": [{"type": "DataClass", "id": name}]}
            for name, field in fields
        ]
        requests = [
            {
                "principal": {"type": "Kind", "id": kind},
                "action": f'Action::"{stage}"',
                "resource": {"type": "Field", "id": field},
            }
            for _, field in fields
        ]
        known = self._base.with_added_json_str(json.dumps(parents))
        results = cedarpy.is_authorized_batch(requests, self._policies, known)
        return frozenset(
            field for (_, field), result in zip(fields, results, strict=True) if result.allowed
        )


def _gather(answers: Sequence[tuple[DataClass, frozenset[str]]]) -> Verdict:
    permitted: set[DataClass] = set()
    waiting: set[DataClass] = set()
    fired: dict[DataClass, frozenset[str]] = {}
    for name, forbidding in answers:
        fired[name] = fired.get(name, frozenset()) | forbidding
        if not forbidding:
            permitted.add(name)
        elif all(policy[4:8] == "hold" for policy in forbidding):
            waiting.add(name)
    lonely = [next(iter(one)) for name, one in answers if len(one) == 1 and name not in permitted]
    return Verdict(frozenset(permitted), frozenset(waiting), fired, alone=frozenset(lonely))


def _forbidding(result: cedarpy.AuthzResult) -> frozenset[str]:
    """Return the ids of the policies that forbid; an error or no policy at all forbids too."""
    if errors := result.diagnostics.errors:
        raise AssertionError(f"a policy could not be worked out: {errors[0]}")
    if result.allowed:
        return frozenset()
    named = result.diagnostics.id_annotations_by_reason.values()
    return frozenset(named) or frozenset({"R00 refuse, nothing permits it"})


def _footings(purpose: Purpose, facts: Facts, consents: list[str]) -> list[dict[str, str | None]]:
    """Return what one question may stand on: an agreement with a consent, or one record."""
    match purpose:
        case Purpose.SUPPORT:
            agreements = dict.fromkeys(agreement.id for agreement in facts.agreements)
            return [
                {"agreement": agreement, "consent": consent}
                for agreement, consent in product(agreements or [None], consents or [None])
            ]
        case Purpose.EMERGENCY:
            overrides = dict.fromkeys(override.id for override in facts.overrides)
            return [{"override": override} for override in overrides or [None]]
        case Purpose.SAFEGUARDING:
            concerns = dict.fromkeys(concern.id for concern in facts.concerns)
            return [{"concern": concern} for concern in concerns or [None]]
        case Purpose.OVERSIGHT:
            return [{}]


def _ask(request: DisclosureRequest, action: str, name: DataClass, **footing: str | None) -> Json:
    known = {key: ref(KINDS[key], value) for key, value in footing.items() if value is not None}
    return {
        "principal": {"type": "Agency", "id": request.recipient_id},
        "action": f'Action::"{action}"',
        "resource": {"type": "DataClass", "id": name},
        "context": {"question": ref("Question", "question"), **known},
    }
