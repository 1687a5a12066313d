"""Everything that was answered, as lines to check, each with the page that changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from referral_hub.domain.nhs_number import parse_nhs_number
from referral_hub.web.assemble import until
from referral_hub.web.forms import Filled
from referral_hub.web.forms.referral import Answer, Known, ruled_out
from referral_hub.web.labels import Labels
from referral_hub.web.rendering import and_list, day

NOTHING = "Not given"


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """A question, its answer in one or more lines, and the page that changes it."""

    question: str
    answer: tuple[str, ...]
    page: str

    def __repr__(self) -> str:
        return "<Line (redacted)>"


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one heading."""

    heading: str
    lines: tuple[Line, ...]


def summarise(pages: Mapping[str, Filled], known: Known, labels: Labels) -> tuple[Section, ...]:
    """Return the sections of the check page, in the order of the journey."""
    value = {name: page.values for name, page in pages.items()}
    last = (
        (Section("Safeguarding concern", _concern(value, labels)),)
        if "safeguarding" in value
        else (Section("Agreement", _agreement(value, known, labels)), *_asked(value, known, labels))
    )
    return (
        Section("The patient", _patient(value, known)),
        Section("Contact and access", _contact(value["contact"], value["access"], labels)),
        Section("What would help", (*_needs(value, labels), *_wishes(value, known, labels))),
        *last,
    )


def _concern(value: Mapping[str, Any], labels: Labels) -> tuple[Line, ...]:
    raised = value["safeguarding"]
    return (
        Line("Your reasons", tuple(raised["reasons"].split("\n")), "safeguarding"),
        Line("Has the patient been told?", (labels.label(raised["told"]),), "safeguarding"),
    )


def _patient(value: Mapping[str, Any], known: Known) -> tuple[Line, ...]:
    person, home = value["person"], value["address"]
    number = person["nhs_number"]
    where = [*(home["address"] or "").split("\n"), (home["postcode"] or "").upper()]
    return (
        Line("Name", (f"{person['first_name']} {person['family_name']}",), "person"),
        Line("Date of birth", (day(person["date_of_birth"]),), "person"),
        Line("NHS number", (spaced(number) if number else NOTHING,), "person"),
        Line("Area", (known.areas[home["area"]],), "address"),
        Line("Address", tuple(filter(None, where)) or (NOTHING,), "address"),
    )


def _contact(
    contact: Mapping[str, Any], access: Mapping[str, Any], labels: Labels
) -> tuple[Line, ...]:
    language = labels.languages()[access["language"]]
    if Answer.YES in access["interpreter"]:
        language += ", with an interpreter"
    return (
        Line("Phone", (contact["phone"] or NOTHING,), "contact"),
        Line("Email", (contact["email"] or NOTHING,), "contact"),
        Line("Contact by", (_listed(contact["preferred"], labels),), "contact"),
        Line("Never contact by", (_listed(ruled_out(contact), labels),), "contact"),
        Line("Note on contact", (contact["contact_note"] or NOTHING,), "contact"),
        Line("Language", (language,), "access"),
        Line("Access needs", (_listed(access["access"], labels),), "access"),
        Line("Note on access", (access["access_note"] or NOTHING,), "access"),
    )


def _needs(value: Mapping[str, Any], labels: Labels) -> tuple[Line, ...]:
    why = value["why"]
    note = tuple((why["task_note"] or NOTHING).split("\n"))
    return (
        Line("Needs", tuple(labels.label(c) for c in _ordered(value["needs"]["needs"])), "needs"),
        Line("Why", (why["why"],), "why"),
        Line("Note for helpers", note, "why"),
        Line("How soon", (labels.label(why["priority"]),), "why"),
    )


def _wishes(value: Mapping[str, Any], known: Known, labels: Labels) -> tuple[Line, ...]:
    """What was said about who helps and how; what was not said has no line."""
    said = value.get("recipients", {})
    lines = [
        (question, _listed(said[name], labels))
        for question, name in (
            ("Exactly what", "tasks"),
            ("Must not be missed", "essential"),
            ("Is so", "is_so"),
            ("Would like to be with", "company"),
            ("Days that suit", "days"),
        )
        if said.get(name)
    ]
    if said.get("prefers"):
        lines.append(("Would like help", labels.label(said["prefers"])))
    lines += [
        (question, and_list([known.nearby[one] for one in known.nearby if one in said[name]]))
        for question, name in (("Ask first", "first"), ("Never ask", "never"))
        if said.get(name)
    ]
    if said.get("choose"):
        lines.append(("Who chooses", "The council. Nobody is asked before it has chosen"))
    return tuple(Line(question, (answer,), "recipients") for question, answer in lines)


def _agreement(value: Mapping[str, Any], known: Known, labels: Labels) -> tuple[Line, ...]:
    agreed, words = value["agreement"]["agreed"], known.notices[value["agreement"]["notice"]]
    heard = f"After version {words.version} of the words, in {known.languages[words.language]}"
    first = Line("Has the patient agreed?", (labels.label(agreed), heard), "agreement")
    taken = value["taken"]
    told = (
        Line("How they told you", (labels.label(taken["method"]),), "taken"),
        Line("Who decided", (labels.label(taken["given_by"]),), "taken"),
    )
    if agreed is Answer.NO:
        return (first, *told)
    sharing, terms = value["sharing"], value["terms"]
    names = tuple(known.agencies[one] for one in known.agencies if one in sharing["agencies"])
    classes = tuple(labels.label(code) for code in _ordered(sharing["classes"]))
    return (
        first,
        Line("Who may receive it", names, "sharing"),
        Line("What may be shared", classes, "sharing"),
        *told,
        *decided_by_others(value, labels),
        Line("May contact the patient", (labels.label(terms["service"]),), "terms"),
        Line("Until", (day(until(terms, known.today)),), "terms"),
    )


def _asked(value: Mapping[str, Any], known: Known, labels: Labels) -> tuple[Section, ...]:
    """Who is asked for what; a need with nobody the patient agreed to is said before sending."""
    if "sharing" not in value or value["recipients"]["choose"]:
        return ()
    agreed = value["sharing"]["agencies"]
    lines = []
    for needs, order in known.plan:
        names = [known.agencies[one] for one in order if one in agreed]
        nobody = f"Nobody yet: on hold until the patient agrees to {known.agencies[order[0]]}"
        answer = ", then ".join(names) if names else nobody
        lines.append(Line(and_list([labels.label(need) for need in needs]), (answer,), "sharing"))
    return (Section("Who is asked", tuple(lines)),)


def decided_by_others(value: Mapping[str, Any], labels: Labels) -> tuple[Line, ...]:
    """Return what was recorded about deciding for the patient; what was not asked has no line."""
    lines: list[Line] = []
    if authority := value.get("authority"):
        until = authority["authority_until"]
        lines += [
            Line("Document seen", (authority["seen"] or NOTHING,), "authority"),
            Line("It covers", (labels.label(authority["covers"]),), "authority"),
            Line("It ends", (day(until) if until else NOTHING,), "authority"),
            Line("A risk to the patient", (labels.label(authority["risk"]),), "authority"),
        ]
    if capacity := value.get("capacity"):
        lines.append(Line("Capacity assessed", _who_when(capacity, "assessed"), "capacity"))
        if capacity["decided_by"]:
            decided = (*_who_when(capacity, "decided"), *capacity["decided_why"].split("\n"))
            lines.append(Line("Best interests", decided, "capacity"))
    if child := value.get("child"):
        lines += [
            Line("What the child says", (labels.label(child["child_view"]),), "child"),
            Line("What a parent says", (labels.label(child["parent_view"]),), "child"),
            Line("Gillick note", tuple((child["gillick"] or NOTHING).split("\n")), "child"),
            Line("Parental responsibility", (child["parental"] or NOTHING,), "child"),
        ]
    return tuple(lines)


def _who_when(capacity: Mapping[str, Any], what: str) -> tuple[str, ...]:
    who, when = capacity[f"{what}_by"], capacity[f"{what}_on"]
    return (f"{who}, {day(when)}",) if who and when else (NOTHING,)


def spaced(number: str) -> str:
    """Return an NHS number as it is printed: 3, 3 and 4 digits."""
    digits = parse_nhs_number(number)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"


def _listed(codes: Iterable[StrEnum], labels: Labels) -> str:
    return and_list([labels.label(code) for code in _ordered(codes)]) or NOTHING


def _ordered(codes: Iterable[StrEnum]) -> list[StrEnum]:
    """In the order of their enumeration, which is the order of the page."""
    chosen = set(codes)
    return [code for kind in {type(one) for one in chosen} for code in kind if code in chosen]
