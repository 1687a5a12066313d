"""The answer to an access request, written down: JSON for a program, HTML and PDF to read.

All three hold the same: what is given, what is withheld and under which exemption, and who saw
what, when and why. The JSON has each line's proof. The PDF shows a "?" for letters that its font
does not have, with the exact words beside it; the HTML has every letter. Each is written into a
file while the items and the access report are read, however long they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, BinaryIO
from uuid import UUID

from flask import stream_template

from referral_hub.domain.codes import Role
from referral_hub.domain.third_parties import Handling
from referral_hub.services.access_review import Looked, given_value
from referral_hub.services.pdf_pages import PdfPages
from referral_hub.services.subject_export import Access, Accesses, SubjectExport
from referral_hub.web.held_words import Areas, item_label, item_lines
from referral_hub.web.labels import Labels
from referral_hub.web.officer_words import shown
from referral_hub.web.rendering import and_list, instant

FORMAT = "referral-hub/subject-access/v1"
HEADING = -1
WITHHELD_WORDS = "Words in it are withheld:"


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """An item in words; `partly` says why words were taken out of it."""

    label: str
    lines: Sequence[str]
    partly: str | None

    def __repr__(self) -> str:
        return "<Told>"


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """The items of one referral, or of the person; gone through once, before the next section."""

    heading: str
    items: Iterator[Told]

    def __repr__(self) -> str:
        return "<Section>"


@dataclass(frozen=True, slots=True, repr=False)
class Sections:
    """What is given in words, made anew each time somebody goes through it."""

    export: SubjectExport
    telling: Telling

    def __repr__(self) -> str:
        return "<Sections>"

    def __iter__(self) -> Iterator[Section]:
        headings = {part: f"Referral {name}" for part, name in self.export.references.items()}
        headings[self.export.request.id] = "What was begun about you and not finished"
        for part, given in groupby(self.export.given, lambda one: one.item.part):
            heading = headings.get(part, "About you and what you agreed to")
            yield Section(heading, (_told(one, self.telling) for one in given))


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the access report."""

    at: str
    who: str
    what: str
    about: str
    why: str
    place: str


@dataclass(frozen=True, slots=True, repr=False)
class SeenLines:
    """The access report in words, made anew each time somebody goes through it."""

    accesses: Accesses
    telling: Telling

    def __repr__(self) -> str:
        return "<SeenLines>"

    def __iter__(self) -> Iterator[Seen]:
        return (_seen(one, self.telling) for one in self.accesses)

    def count(self) -> int:
        """Return how many lines there are."""
        return self.accesses.count()


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Everything that is handed over, in words."""

    agency: str
    reference: str
    sections: Sections
    withheld: Sequence[tuple[str, str]]
    seen: SeenLines
    checkpoint: str
    log_key: str

    def __repr__(self) -> str:
        return "<Answer>"


@dataclass(frozen=True, slots=True)
class Telling:
    """How it is told: the agency's name and id, words, areas, and whether staff are named."""

    agency: str
    us: UUID
    labels: Labels
    areas: Areas
    named: bool


def answer(export: SubjectExport, telling: Telling) -> Answer:
    """Return what is handed over, in words."""
    labels = telling.labels
    return Answer(
        agency=telling.agency,
        reference=export.request.reference,
        sections=Sections(export, telling),
        withheld=[
            *(_withheld(one, export, labels) for one in export.withheld),
            *((name, why) for name, why in _always(telling)),
        ],
        seen=SeenLines(export.accesses, telling),
        checkpoint=export.checkpoint,
        log_key=export.log_key,
    )


def as_json(export: SubjectExport, telling: Telling, file: BinaryIO) -> None:
    """Write the answer for a program: codes, the same in words, and the log's exact entries."""
    told = answer(export, telling)
    head = {"format": FORMAT, "request": told.reference, "agency": told.agency}
    tail = {
        "withheld": [{"what": what, "why": why} for what, why in told.withheld],
        "checkpoint": told.checkpoint,
        "log_key": told.log_key,
    }
    file.write(_json(head).removesuffix("\n}").encode())
    _write_list(file, "given", (_given(one, export, telling) for one in export.given))
    file.write(b"," + _json(tail).removeprefix("{").removesuffix("\n}").encode())
    _write_list(file, "access_report", (_access(one, telling) for one in export.accesses))
    file.write(b"\n}\n")


def as_html(export: SubjectExport, telling: Telling, file: BinaryIO) -> None:
    """Write the answer as a page that needs no other file."""
    file.writelines(
        part.encode()
        for part in stream_template("officer/matters/answer.html", answer=answer(export, telling))
    )


def as_pdf(export: SubjectExport, telling: Telling, file: BinaryIO) -> None:
    """Write the answer to print."""
    told = answer(export, telling)
    title = f"What {told.agency} holds about you"
    pages = PdfPages(file, title)
    for text, indent in _printed(title, told):
        pages.line(text, indent=max(indent, 0), strong=indent == HEADING)
    pages.close()


def _write_list(file: BinaryIO, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write a member of an object that has others before it, one line after the other."""
    file.write(f',\n "{name}": ['.encode())
    for place, line in enumerate(lines):
        file.write(b",\n" if place else b"\n")
        file.write(_json(line).encode())
    file.write(b"\n ]")


def _given(one: Looked, export: SubjectExport, telling: Telling) -> Mapping[str, Any]:
    return {
        "referral": export.references.get(one.item.part),
        "what": one.item.what,
        "label": item_label(one.item, telling.labels),
        "earlier": one.item.earlier,
        "value": given_value(one),
        "withheld_in_part": one.stands.exemption,
    }


def _access(one: Access, telling: Telling) -> Mapping[str, Any]:
    seen = _seen(one, telling)
    return {**_line(seen), **one.proved, "user": seen.who}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, default=str)


def _printed(title: str, told: Answer) -> Iterator[tuple[str, int]]:
    """Each line with its indent, or `HEADING`."""
    yield from ((title, 0), (f"Request {told.reference}", 0))
    for section in told.sections:
        yield from (("", 0), (section.heading, HEADING))
        for item in section.items:
            yield from (("", 0), (item.label, 0))
            yield from ((line, 4) for line in item.lines)
            if item.partly:
                yield f"{WITHHELD_WORDS} {item.partly}", 4
    yield from (("", 0), ("What is withheld", HEADING), ("", 0))
    yield from ((f"{what}: {why}", 2) for what, why in told.withheld)
    yield from (("", 0), ("Who saw what, when and why", HEADING))
    for line in told.seen:
        yield from (("", 0), (f"{line.at}: {line.who}. {line.what}", 0))
        yield from ((text, 4) for text in (line.about, line.why, line.place) if text)
    yield from (("", 0), ("The log’s checkpoint", HEADING), (f"Key of the log: {told.log_key}", 2))
    yield from ((line, 2) for line in told.checkpoint.splitlines())


def _told(one: Looked, telling: Telling) -> Told:
    partly = one.stands.handling is Handling.PART and one.stands.exemption
    return Told(
        label=item_label(one.item, telling.labels),
        lines=item_lines(one.item, given_value(one), telling.labels, telling.areas),
        partly=telling.labels.label(one.stands.exemption)
        if partly and one.stands.exemption
        else None,
    )


def _withheld(one: Looked, export: SubjectExport, labels: Labels) -> tuple[str, str]:
    reference = export.references.get(one.item.part)
    label = item_label(one.item, labels)
    why = one.stands.exemption
    return f"{label} ({reference})" if reference else label, labels.label(why) if why else ""


def _always(telling: Telling) -> Iterator[tuple[str, str]]:
    yield (
        telling.labels.words("staff_outside", "AlwaysWithheld"),
        telling.labels.words("staff_outside", "Exemption"),
    )
    if not telling.named:
        yield (
            telling.labels.words("staff_own", "AlwaysWithheld"),
            telling.labels.words("other_person", "Exemption"),
        )


def _seen(access: Access, telling: Telling) -> Seen:
    one = shown(access.logged, telling.us, telling.labels)
    row = access.logged.row
    who = one.who
    if not telling.named and row.user_name is not None and row.user_role is not None:
        role = telling.labels.label(Role(row.user_role)).lower()
        who = f"Staff of {telling.agency}, {role}"
    why = [one.purpose, *one.basis]
    return Seen(
        at=instant(one.at),
        who=who,
        what=f"{one.kind}: {one.sender} to {one.recipient}" if one.recipient else one.kind,
        about=and_list(one.fields or one.classes),
        why=". ".join(part for part in why if part),
        place=f"Entry {row.seq} of the log" if row.seq is not None else "",
    )


def _line(seen: Seen) -> Mapping[str, str]:
    return {"when": seen.at, "who": seen.who, "about": seen.about, "why": seen.why}
