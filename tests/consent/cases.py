"""Read `tests/tables/consent_decisions.csv`: each row is a case, told as what differs.

Every row starts from the ordinary case of `tests.consent.examples` (at noon UTC on 1 July 2026 a
surgery asks to tell a time bank everything, at the offer, for support; all is in order) with the
recipient, purpose, stage and classes of its columns. `changes` lists what else differs, as
"thing.field = value" separated by ";", where a thing is one of those in `THINGS`, or "no thing".
Lists are separated by spaces. A blank column means: as in the ordinary case.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from consent.codes import (
    Article6,
    Article9,
    ConfidentialityBasis,
    DataClass,
    EmergencyCause,
    EventState,
    EventType,
    GivenBy,
    Method,
    Purpose,
    RecipientType,
    Stage,
)
from consent.model import BestInterests, DisclosureRequest, Facts
from consent.policy import DecidedBy, Policy, current_policy
from tests.consent import examples

TABLE = Path(__file__).parents[1] / "tables" / "consent_decisions.csv"

THINGS = {
    "request",
    "recipient",
    "agreement",
    "second agreement",
    "consent",
    "second consent",
    "ending",
    "person",
    "capacity",
    "best interests",
    "override",
    "child",
    "concern",
    "authority",
    "policy",
}


@dataclass(frozen=True)
class Case:
    """One row: what is asked, what is known, and what must come of it."""

    id: str
    situation: str
    request: DisclosureRequest
    facts: Facts
    at: datetime
    policy: Policy
    outcome: str
    reason: str
    permitted: frozenset[DataClass]
    rules: frozenset[str]
    also: tuple[str, ...]
    cites: tuple[str, ...]


def read_cases() -> list[Case]:
    """Return the cases of the table, in its order."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [read_case(row) for row in csv.DictReader(file)]


def read_case(row: Mapping[str, str]) -> Case:
    """Return the case that one row tells."""
    agency = row["recipient"] or "time_bank"
    changes = _changes(row["changes"])
    policy = current_policy()
    if decider := changes.get("policy", {}).get("support_decided_by"):
        policy = replace(policy, decided_by={**policy.decided_by, Purpose.SUPPORT: decider})
    return Case(
        id=row["id"],
        situation=row["situation"],
        request=_request(row, agency, changes),
        facts=_facts(agency, changes),
        at=_instant(row["at"]) if row["at"] else examples.NOON,
        policy=policy,
        outcome=row["outcome"],
        reason=row["reason"],
        permitted=_classes(row["permitted"]),
        rules=frozenset(row["rules"].split()),
        also=tuple(row["also"].split()),
        cites=tuple(row["cites"].split()),
    )


def _request(row: Mapping[str, str], agency: str, changes: Any) -> DisclosureRequest:
    return examples.a_request(
        **{
            "recipient_id": agency,
            "recipient_type": RecipientType(agency),
            "purpose": Purpose(row["purpose"] or "support"),
            "stage": Stage(row["stage"] or "offer"),
            "classes": _classes(row["asked"] or "everything"),
            **changes.get("request", {}),
        }
    )


def _facts(agency: str, changes: Any) -> Facts:
    standing = {"agency_id": agency, "type": RecipientType(agency)}
    capacity = changes.get("capacity")
    if capacity is not None and "best interests" in changes:
        capacity = {**capacity, "best_interests": _best_interests(changes["best interests"])}
    return Facts(
        consent_events=tuple(_events(agency, changes)),
        agreements=tuple(_agreements(agency, changes)),
        person=_unless_no(examples.a_person, changes.get("person", {})),
        recipient=_unless_no(
            lambda **fields: examples.a_standing(**standing | fields),
            changes.get("recipient", {}),
        ),
        capacity=None if capacity is None else examples.an_incapacity(**capacity),
        child=examples.a_child(**changes["child"]) if "child" in changes else None,
        proxies=(examples.an_authority(**changes["authority"]),) if "authority" in changes else (),
        overrides=(examples.an_override(**{"recipient_id": agency} | changes["override"]),)
        if "override" in changes
        else (),
        concerns=(examples.a_concern(**changes["concern"]),) if "concern" in changes else (),
    )


def _unless_no(make: Any, fields: Any) -> Any:
    return None if fields == "no" else make(**fields)


def _best_interests(fields: Any) -> BestInterests | None:
    ordinary = examples.an_incapacity().best_interests
    assert ordinary is not None
    return None if fields == "no" else replace(ordinary, **fields)


def _events(agency: str, changes: Any) -> Any:
    ordinary = {"recipients": frozenset({agency})}
    if changes.get("consent") != "no":
        yield examples.a_consent(**ordinary | changes.get("consent", {}))
    if "second consent" in changes:
        second = {"id": "second-consent", "recorded_at": examples.NOON - examples.DAY / 2}
        yield examples.a_consent(**ordinary | second | changes["second consent"])
    if "ending" in changes:
        yield examples.an_ending(**changes["ending"])


def _agreements(agency: str, changes: Any) -> Any:
    ordinary = {"recipient_id": agency}
    if changes.get("agreement") != "no":
        yield examples.an_agreement(**ordinary | changes.get("agreement", {}))
    if "second agreement" in changes:
        second = {"id": "second-agreement"}
        yield examples.an_agreement(**ordinary | second | changes["second agreement"])


def _changes(text: str) -> dict[str, Any]:
    """Return the changed fields by thing; a thing that is taken away is the word "no"."""
    changes: dict[str, Any] = {}
    for clause in filter(None, (part.strip() for part in text.split(";"))):
        if clause.startswith("no "):
            thing = clause.removeprefix("no ")
            changes[thing] = "no"
        else:
            left, _, value = clause.partition("=")
            thing, _, field = left.strip().partition(".")
            changes.setdefault(thing, {})[field] = _value(field, value.strip())
        assert thing in THINGS, f"{clause!r}: not a thing that can be changed"
    return changes


def _value(field: str, text: str) -> Any:
    return NOTHING[text] if text in NOTHING else READERS.get(field, _plain)(text)


def _plain(text: str) -> str | bool:
    return {"yes": True, "no": False}.get(text, text)


def _classes(text: str) -> frozenset[DataClass]:
    if text == "everything":
        return frozenset(DataClass)
    return frozenset(map(DataClass, text.split()))


def _instant(text: str) -> datetime:
    """Return an instant; one without an offset is UTC, and one marked "no zone" has none."""
    bare = text.removesuffix(" no zone")
    at = datetime.fromisoformat(bare)
    if bare != text or at.tzinfo is not None:
        return at
    return at.replace(tzinfo=UTC)


def _reference(text: str) -> tuple[str, str]:
    """Return an evidence code with a reference; "code:blank" has a blank one."""
    code, _, blank = text.partition(":")
    return code, " " if blank else f"ref-{code}"


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


NOTHING = {"none": None, "blank": "", "spaces": " \t "}

READERS: dict[str, Callable[[str], Any]] = {
    "article6": Article6,
    "article9": Article9,
    "assessed_at": _instant,
    "cause": EmergencyCause,
    "classes": _classes,
    "closes_at": _instant,
    "confidentiality": ConfidentialityBasis,
    "conflicts": _names,
    "date_of_birth": date.fromisoformat,
    "event_type": EventType,
    "evidence": lambda text: dict(map(_reference, text.split())),
    "given_by": GivenBy,
    "joined_at": _instant,
    "kind": GivenBy,
    "method": Method,
    "never_share_with": _names,
    "no_contact_by": _names,
    "opened_at": _instant,
    "purpose": Purpose,
    "purposes": lambda text: frozenset(map(Purpose, text.split())),
    "raised_at": _instant,
    "recipient_type": RecipientType,
    "recipients": _names,
    "recorded_at": _instant,
    "state": EventState,
    "support_decided_by": DecidedBy,
    "used_at": _instant,
    "valid_from": _instant,
    "valid_until": _instant,
}
